--- The part of XML that media tokens, MRSS resources and SAML messages need, and the
-- escapes of HTML.
-- @module adobepass.util.xml

local xml = {}

local ESCAPES = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;",
  ["'"] = "&#39;" }

--- Escapes text for XML and HTML, also for attributes in quotes.
function xml.escape(text)
  return (tostring(text):gsub("[&<>\"']", ESCAPES))
end

local ENTITIES = { amp = "&", lt = "<", gt = ">", quot = '"', apos = "'" }

local function character(number)
  local code = tonumber(number) or tonumber(number:sub(2), 16)
  return code and code > 0 and code < 128 and string.char(code) or nil
end

--- Replaces entities in one pass, so that "&amp;lt;" becomes "&lt;" and not "<".
-- Unknown entities, and characters outside ASCII, are left as they are.
function xml.unescape(text)
  return (text:gsub("&(#?)(%w+);", function(sharp, name)
    if sharp == "#" then return character(name) end
    return ENTITIES[name]
  end))
end

-- Returns the positions of `<` and `>` of the first opening tag, or nil.
local function find_tag(text, name)
  local first, last = text:find("<" .. name .. "[%s>]")
  last = first and text:find(">", last, true)
  if last then return first, last end
end

--- Returns the first opening tag of a name; nil if there is none.
function xml.tag(text, name)
  local first, last = find_tag(text, name)
  return first and text:sub(first, last)
end

--- Returns the content of the first element of a name; nil if there is none. The tags
-- are found one after the other: one pattern for all of them takes cubic time where
-- the closing tag is missing.
function xml.content(text, name)
  local _, open = find_tag(text, name)
  local close = open and text:find("</" .. name .. ">", open, true)
  return close and text:sub(open + 1, close - 1)
end

return xml
