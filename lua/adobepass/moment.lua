--- When something was written down, so that another process, or this one
-- after a restart, knows how much of its time is left.
--
-- While the machine runs, its monotonic clock tells exactly, whatever happens
-- to the time of day; after a restart, or on another machine, only the time
-- of day is there, and a day that runs backwards counts as no time left.
-- @module adobepass.moment

local core = require "adobepass.core"

local moment = {}

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

local function age(record)
  local same_run = record.boot and record.boot == boot_id()
    and type(record.monotonic) == "number"
  if same_run then return core.clock.monotonic() - record.monotonic end
  if type(record.wall) ~= "number" then return math.huge end
  return core.clock.wall() - record.wall
end

--- Seconds left of `expires_in`; 0 or less when it is over.
function moment.left(record)
  local passed = age(record)
  if type(record.expires_in) ~= "number" or passed < 0 then return 0 end
  return record.expires_in - passed
end

return moment
