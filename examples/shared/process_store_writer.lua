-- The process of process_store.lua: makes the changes in order; ends at the end of the
-- pipe.

local disk = require "adobepass.store.file" (arg[1])

for line in io.lines() do
  local method, key, value, seconds = line:match "^(%l+) (%d+) (%d+) (%S*)$"
  key, value = io.read(tonumber(key)) or "", io.read(tonumber(value)) or ""
  if method ~= "set" then value = nil end
  assert(disk[method](disk, key, value, tonumber(seconds)))
end
