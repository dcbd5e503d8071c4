--- Functions of plain text. Their time is linear: `^%s*(.-)%s*$` takes quadratic time
-- for a text with a long run of white space inside.
-- @module adobepass.util.text

local text = {}

--- Returns a text without white space at its start and end.
function text.trim(value)
  local first = value:find "%S"
  return first and value:match("^.*%S", first) or ""
end

local REPLACEMENT = "\239\191\189" -- U+FFFD

-- First byte -> smallest and largest second byte, where not 128 and 191
-- (Unicode 16, table 3-7).
local SECOND = { [224] = { 160, 191 }, [237] = { 128, 159 }, [240] = { 144, 191 },
  [244] = { 128, 143 } }

-- @param bytes a byte above 127 with the continuation bytes that follow it
local function repair(bytes)
  local first, second = bytes:byte(1, 2)
  local size = first < 224 and 2 or first < 240 and 3 or 4
  local range = SECOND[first] or { 128, 191 }
  if first < 194 or first > 244 or #bytes < size or second < range[1]
      or second > range[2] then
    return REPLACEMENT
  end
  return #bytes == size and bytes or bytes:sub(1, size) .. REPLACEMENT
end

--- Returns a text in which U+FFFD replaces each sequence of bytes that is not UTF-8.
function text.to_utf8(value)
  return (value:gsub("[\128-\255][\128-\191]*", repair))
end

--- Returns whether a text is UTF-8.
function text.is_utf8(value)
  return text.to_utf8(value) == value
end

return text
