--- What scripts for wrk are made of.

local wrk = {}

--- A value of requests as wrk's Lua reads it: texts, numbers, tables of them.
function wrk.literal(value)
  if type(value) ~= "table" then return ("%q"):format(value) end
  local parts = {}
  for key, item in pairs(value) do
    parts[#parts + 1] = type(key) == "number" and wrk.literal(item)
      or ("[%q] = %s"):format(key, wrk.literal(item))
  end
  return "{ " .. table.concat(parts, ", ") .. " }"
end

return wrk
