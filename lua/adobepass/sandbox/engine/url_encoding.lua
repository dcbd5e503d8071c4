--- Percent encoding, forms and media types.
-- @module adobepass.sandbox.engine.url_encoding

local url_encoding = {}

--- Decodes percent escapes. Returns nil if an escape is malformed.
function url_encoding.unescape(text)
  local bad = false
  local plain = text:gsub("%%(.?.?)", function(hex)
    local value = hex:match "^%x%x$" and tonumber(hex, 16)
    if not value then bad = true end
    return value and string.char(value)
  end)
  if bad then return nil end
  return plain
end

function url_encoding.escape(text)
  return (text:gsub("[^%w%-%._~]", function(char)
    return string.format("%%%02X", char:byte())
  end))
end

--- Parses a query or a form. The first value of a repeated name wins; repeated
-- names are reported, because DCR forbids them.
-- @return name -> value, name -> true for each repeated name; nil if malformed
function url_encoding.form(text)
  local values, repeated = {}, {}
  for pair in (text or ""):gmatch "[^&]+" do
    local name, value = pair:match "^([^=]*)=?(.*)$"
    name = url_encoding.unescape((name:gsub("+", " ")))
    value = url_encoding.unescape((value:gsub("+", " ")))
    if not name or not value then return nil end
    if values[name] then repeated[name] = true end
    values[name] = values[name] or value
  end
  return values, repeated
end

-- Schemes that execute script.
local SCRIPTS = { javascript = true, data = true, vbscript = true }

--- Returns whether a URL is absolute, has at most 2048 bytes, has no spaces,
-- quotes, angle brackets or backslashes, and has no scheme that executes script.
function url_encoding.safe_url(url)
  if type(url) ~= "string" or #url > 2048 then return false end
  local scheme, rest = url:match "^(%a[%w+.-]*):(.+)$"
  if not scheme or SCRIPTS[scheme:lower()] then return false end
  if url:find "[%c%s\"'<>\\]" then return false end
  return rest:find "^//[^/?#]" ~= nil
end

--- Returns the media type of a Content-Type value in lower case, without
-- parameters.
function url_encoding.media_type(value)
  return ((value or ""):match "^%s*([^;%s]*)" or ""):lower()
end

return url_encoding
