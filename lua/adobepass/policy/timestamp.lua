--- Timestamps of stored records, from which another process, or this one after
-- a restart, computes a record's age.
--
-- Within one boot of a machine the monotonic clock gives the age exactly, even
-- when the wall clock is set. After a restart, or on another machine, the wall
-- clock gives it; when the wall clock runs backwards the age is unknown.
--
-- The functions take the machine's clocks, `monotonic` and `wall`; default: those of
-- the core. A driver on a virtual clock, for tests, has them in its field `clock`.
-- @module adobepass.policy.timestamp

local core = require "adobepass.core"

local timestamp = {}

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

--- Adds the current time to a record.
function timestamp.stamp(record, clock)
  clock = clock or core.clock
  record.wall, record.monotonic = clock.wall(), clock.monotonic()
  record.boot = boot_id()
  return record
end

-- Seconds by which the clocks of two machines may differ. The margin of an
-- access token is wider.
local SKEW = 60

--- Returns the seconds since a record was stamped, by the monotonic clock; nil
-- when it was stamped in another boot, or by another machine.
function timestamp.monotonic_age(record, clock)
  local stamped = tonumber(record.monotonic)
  if not stamped or not record.boot or record.boot ~= boot_id() then
    return nil
  end
  local passed = (clock or core.clock).monotonic() - stamped
  if passed < -SKEW then return nil end
  return math.max(0, passed)
end

--- Returns the seconds since a record was stamped; huge when unknown.
function timestamp.age(record, clock)
  clock = clock or core.clock
  local passed
  if record.boot and record.boot == boot_id() then
    passed = clock.monotonic() - (tonumber(record.monotonic) or huge)
  else
    passed = clock.wall() - (tonumber(record.wall) or huge)
  end
  return passed > -SKEW and math.max(0, passed) or huge
end

return timestamp
