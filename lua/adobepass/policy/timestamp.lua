--- When something was written down, so that another process, or this one
-- after a restart, knows how much time has passed.
--
-- While the machine runs, its monotonic clock tells exactly, whatever happens
-- to the time of day; after a restart, or on another machine, only the time
-- of day is there, and nobody can tell with one that runs backwards.
-- @module adobepass.policy.timestamp

local core = require "adobepass.core"

local moment = {}

local huge = math.huge

local function read_boot()
  local file = io.open("/proc/sys/kernel/random/boot_id")
  local id = file and file:read("*l")
  if file then file:close() end
  return id or false
end

local boot

local function boot_id()
  if boot == nil then boot = read_boot() end
  return boot
end

--- Adds to a record when it was written.
function moment.stamp(record)
  record.wall, record.monotonic = core.clock.wall(), core.clock.monotonic()
  record.boot = boot_id()
  return record
end

-- Two machines never agree entirely; a token has a margin that is wider.
local SKEW = 60

--- Seconds since a record was stamped; huge where nobody can tell.
function moment.age(record)
  local passed
  if record.boot and record.boot == boot_id() then
    passed = core.clock.monotonic() - (tonumber(record.monotonic) or huge)
  else
    passed = core.clock.wall() - (tonumber(record.wall) or huge)
  end
  return passed > -SKEW and math.max(0, passed) or huge
end

return moment
