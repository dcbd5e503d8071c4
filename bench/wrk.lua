--- Writes Lua values into scripts for wrk.

local wrk = {}

--- Returns the Lua source of a string, a number or a table of these.
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
