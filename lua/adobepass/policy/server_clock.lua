--- The server's time, told by the monotonic clock.
--
-- The wall clock of a TV may be years off, and jump when it is set. What the
-- server says in its Date headers is laid over the monotonic clock instead.
-- @module adobepass.policy.server_clock

local http_date = require "adobepass.util.http_date"
local json = require "adobepass.util.json"
local options = require "adobepass.util.options"

local huge = math.huge

local clock = {}
local Clock = {}
Clock.__index = Clock

-- A Date is cut to whole seconds and takes part of the round trip to come:
-- two of them that are closer than this may mean the same clock.
local NOISE = 2

local FIELDS = { monotonic = "function", wall = "function" }

--- A clock.
-- @tparam table given `monotonic` and `wall`: functions that give seconds
-- @treturn table
function clock.new(given)
  options.check("server_clock.new", given, FIELDS)
  return setmetatable({ monotonic = given.monotonic, wall = given.wall },
    Clock)
end

local function round_trip_of(seconds)
  local is_usable = type(seconds) == "number" and seconds >= 0
    and seconds < huge
  return is_usable and seconds or nil
end

-- Does the new estimate replace the one we have? The closest one stays, until
-- the server's clock was really set anew.
local function is_better(self, offset, round_trip)
  if not self.offset or round_trip < self.round_trip then return true end
  local doubt = round_trip < huge and round_trip / 2 or 0
  return math.abs(offset - self.offset) >= NOISE + doubt
end

--- Learn from an answer.
-- @param date the Date header; what is not a date is ignored
-- @number[opt] arrival the monotonic clock when the answer came; now
-- @number[opt] round_trip seconds from question to answer, if known
function Clock:learn(date, arrival, round_trip)
  local seconds = http_date.parse(date)
  if not seconds then return end
  round_trip = round_trip_of(round_trip)
  -- The likeliest moment: the middle of the second that the header names, in
  -- the middle of the round trip.
  local offset = seconds + 0.5
    - ((arrival or self.monotonic()) - (round_trip or 0) / 2)
  if is_better(self, offset, round_trip or huge) then
    self.offset, self.round_trip = offset, round_trip or huge
  end
end

--- Has the server told its time yet?
-- @treturn boolean
function Clock:known()
  return self.offset ~= nil
end

local function offset_of(self)
  return self.offset or self.wall() - self.monotonic()
end

--- The server's time; this device's own until the server has told it.
-- @treturn integer milliseconds since 1970
function Clock:now_ms()
  return json.integer((self.monotonic() + offset_of(self)) * 1000 + 0.5)
end

--- When an instant of the server comes by the monotonic clock.
-- @int server_ms milliseconds since 1970
-- @treturn number seconds of the monotonic clock
function Clock:monotonic_of(server_ms)
  return server_ms / 1000 - offset_of(self)
end

return clock
