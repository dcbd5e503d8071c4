--- Locales for specs that change the decimal point. Only the numeric category is
-- compiled: a whole locale takes two seconds.

local folder = require "spec.support.folder"
local shell = require "adobepass.util.shell"

local locale = {}

local SOURCE = 'LC_NUMERIC\ncopy "%s"\nEND LC_NUMERIC\n'

--- Writes a locale such as "de_DE" to `path`/de_DE.utf8. Returns whether the system has
-- its source. localedef returns 1 for the missing categories, and 4 for an error.
function locale.make(name, path)
  folder.write(path .. "/source", SOURCE:format(name))
  local _, status = shell.read(shell.line("localedef", "-c", "-i", path .. "/source",
    "-f", "UTF-8", ("%s/%s.utf8"):format(path, name)))
  return status < 4
end

return locale
