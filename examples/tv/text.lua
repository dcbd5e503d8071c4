--- The app's own texts. The English text is the key; `spanish.lua` has the Spanish
-- one.
--
--   local text = require "text"
--   text "Choose a channel"
--   text("%d minutes free", 10)

local settings = require "settings"

local translations = settings.language == "es" and require "spanish" or {}

return function(english, ...)
  local translated = translations[english] or english
  if select("#", ...) == 0 then return translated end
  return translated:format(...)
end
