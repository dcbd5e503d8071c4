--- Functions of plain text. Their time is linear: `^%s*(.-)%s*$` takes quadratic time
-- for a text with a long run of white space inside.
-- @module adobepass.util.text

local text = {}

--- Returns a text without white space at its start and end.
function text.trim(value)
  local first = value:find "%S"
  return first and value:match("^.*%S", first) or ""
end

return text
