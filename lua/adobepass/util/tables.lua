--- Functions of plain tables.
-- @module adobepass.util.tables

local tables = {}

--- Adds the fields of a table to another one, which is returned.
function tables.add(target, more)
  for name, value in pairs(more) do target[name] = value end
  return target
end

--- Returns a list of the keys of a table, sorted.
function tables.sorted_keys(map)
  local keys = {}
  for key in pairs(map) do keys[#keys + 1] = key end
  table.sort(keys)
  return keys
end

return tables
