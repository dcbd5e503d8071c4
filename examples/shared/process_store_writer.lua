-- The process of process_store.lua: makes the changes in order, also after a failed
-- one; ends at the end of the pipe.

local disk = require "adobepass.store.file" (arg[1])

for line in io.lines() do
  local method, key, value, seconds = line:match "^(%l+) (%d+) (%d+) (%S*)$"
  key, value = io.read(tonumber(key)) or "", io.read(tonumber(value)) or ""
  if method ~= "set" then value = nil end
  local done, message = disk[method](disk, key, value, tonumber(seconds))
  if done == nil then io.stderr:write("process_store_writer: ", message, "\n") end
end
