-- The process of process_store.lua: makes the changes in order. Ends at the end of the
-- pipe, or after a failed change, so that the program's next write fails.

local disk = require "adobepass.store.file" (arg[1])
local queued_store = require "examples.shared.queued_store"

for line in io.lines() do
  local method, key, value, seconds = line:match "^(%l+) (%d+) (%d+) (%S*)$"
  key, value = io.read(tonumber(key)) or "", io.read(tonumber(value)) or ""
  if method ~= "set" then value = nil end
  local done, message = queued_store.write(disk, tonumber(arg[2]), method, key, value,
    tonumber(seconds))
  if not done then
    io.stderr:write("process_store_writer: ", message, "\n")
    os.exit(1)
  end
end
