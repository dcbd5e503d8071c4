--- The server's time, computed from its Date headers and the monotonic clock.
--
-- A TV's wall clock may be years off, and jumps when it is set.
-- @module adobepass.policy.server_clock

local http_date = require "adobepass.util.http_date"
local json = require "adobepass.util.json"
local options = require "adobepass.util.options"

local clock = {}
local Clock = {}
Clock.__index = Clock

-- Seconds. A Date has whole seconds and arrives after part of the round trip:
-- offsets that differ by less may describe the same clock.
local NOISE = 2

local FIELDS = { monotonic = "function", wall = "function" }

--- Creates a clock.
-- @tparam table given `monotonic` and `wall`: functions that return seconds
-- @treturn table
function clock.new(given)
  options.check("server_clock.new", given, FIELDS)
  return setmetatable({ monotonic = given.monotonic, wall = given.wall },
    Clock)
end

-- Returns whether a new estimate replaces the current one. The estimate with
-- the shortest round trip stays until the server's clock is set.
local function is_better(self, offset, round_trip)
  if not self.offset or round_trip < self.round_trip then return true end
  return math.abs(offset - self.offset) >= NOISE + round_trip / 2
end

--- Updates the clock from a response.
-- @param date the Date header; a value that is not a date is ignored
-- @number arrival when the response arrived, by the monotonic clock
-- @number round_trip seconds from request to response
-- @treturn boolean whether the value is a date
function Clock:learn(date, arrival, round_trip)
  local seconds = http_date.parse(date)
  if not seconds then return false end
  -- The best estimate: the middle of the second that the header names, at the
  -- middle of the round trip.
  local offset = seconds + 0.5 - (arrival - round_trip / 2)
  if is_better(self, offset, round_trip) then
    self.offset, self.round_trip = offset, round_trip
  end
  return true
end

--- Returns whether a response has set the clock.
-- @treturn boolean
function Clock:known()
  return self.offset ~= nil
end

local function offset_of(self)
  return self.offset or self.wall() - self.monotonic()
end

--- Returns the server's time; this device's wall clock until a response has
-- set the clock.
-- @treturn integer milliseconds since 1970
function Clock:now_ms()
  return json.integer((self.monotonic() + offset_of(self)) * 1000 + 0.5)
end

return clock
