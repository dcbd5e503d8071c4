--- Option tables: every unknown name and every wrong type raises, at the
-- caller's line, with the field's name.
-- @module adobepass.util.options

local options = {}

local function complain(where, message, level)
  error(("%s: %s"):format(where, message), level + 1)
end

--- What a value should be, in words: "string", "string?" (may be missing),
-- "string or table?".
local function fits(value, wanted)
  if value == nil then return wanted:sub(-1) == "?" end
  for kind in wanted:gsub("%?$", ""):gmatch("[%a]+") do
    if type(value) == kind then return true end
  end
  return false
end

--- Checks a table against the fields it may have.
-- @tparam string where the function's name, for the message
-- @tparam table given
-- @tparam table fields name -> "type", "type?" or "type or type?"
-- @tparam[opt=2] number level whose line to name, as for error()
function options.check(where, given, fields, level)
  level = (level or 2) + 1
  if type(given) ~= "table" then
    complain(where, "a table of options expected", level)
  end
  for name in pairs(given) do
    if not fields[name] then
      complain(where, "unknown option '" .. tostring(name) .. "'", level)
    end
  end
  for name, wanted in pairs(fields) do
    if not fits(given[name], wanted) then
      complain(where, ("%s should be %s %s, not %s"):format(name,
        wanted:find("^[aeiou]") and "an" or "a", wanted:gsub("%?$", ""),
        type(given[name])), level)
    end
  end
  return given
end

--- Calls f; what it raises is raised again where the caller of the caller
-- stands, however deep it was found.
function options.at_caller(f, ...)
  local good, result = pcall(f, ...)
  if good then return result end
  error((tostring(result):gsub("^.-:%d+: ", "", 1)), 3)
end

return options
