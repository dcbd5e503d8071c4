-- The process of store.lua: makes the changes in order; ends at the end of the pipe.

local here, folder = arg[1], arg[2]
dofile(here .. "/paths.lua")(here)

local disk = require "adobepass.store.file" (folder)

for line in io.lines() do
  local method, key, value, seconds = line:match "^(%l+) (%d+) (%d+) (%S*)$"
  key, value = io.read(tonumber(key)) or "", io.read(tonumber(value)) or ""
  if method ~= "set" then value = nil end
  assert(disk[method](disk, key, value, tonumber(seconds)))
end
