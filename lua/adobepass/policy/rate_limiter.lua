--- Limits the request rate of each device.
--
-- Adobe counts by device address: one request a second, and beyond that a burst of
-- ten, once, on the first interaction of the device (page throttling-mechanism). A
-- request at or after `next_at` of its address is within the rate. An earlier one
-- uses the burst, and waits when the burst is used up.
-- @module adobepass.policy.rate_limiter

local options = require "adobepass.util.options"

local rate_limiter = {}
local RateLimiter = {}
RateLimiter.__index = RateLimiter

local DEFAULTS = { rate = 1, burst = 10, max_keys = 10000 }

local FIELDS = {
  rate = options.number(0.001, 1e6),
  burst = options.number(1, 1e6),
  refill = "boolean?", allow_listed = "table?",
  max_keys = options.number(1, 1e7),
}

local function set_of(addresses)
  local set = {}
  for _, address in ipairs(addresses or {}) do
    if type(address) ~= "string" then
      error("adobepass.new: rate_limit: allow_listed should be a list of addresses", 3)
    end
    set[address] = true
  end
  return set
end

--- Creates a rate limiter.
-- @param[opt] given `rate` (1) requests per second, `burst` (10) requests at
-- once, `refill` (false): true refills the burst at the rate while a device sends
-- nothing, `allow_listed` (none): a list of addresses that Adobe does not limit,
-- where "own" is this host's, `max_keys` (10,000) addresses at most; false
-- disables the limit: `off` is true, and the caller makes no reservations
-- @treturn table
function rate_limiter.new(given)
  local self = { off = given == false, next_at = {}, burst_left = {},
    barred = {}, keys = 0 }
  given = options.check("adobepass.new: rate_limit", given or {}, FIELDS)
  for name, value in pairs(DEFAULTS) do self[name] = given[name] or value end
  self.refill = given.refill or false
  self.allow_listed = set_of(given.allow_listed)
  self.interval = 1 / self.rate
  return setmetatable(self, RateLimiter)
end

local function forget(self, key)
  self.next_at[key], self.burst_left[key], self.barred[key] = nil, nil, nil
  self.keys = self.keys - 1
end

-- Forgets the tenth of all addresses with the earliest `next_at`. Forgetting many at
-- once avoids a sort for each new address. A forgotten address has its burst again.
local function make_room(self)
  local keys, next_at = {}, self.next_at
  for key in pairs(next_at) do keys[#keys + 1] = key end
  table.sort(keys, function(a, b) return next_at[a] < next_at[b] end)
  for i = 1, math.ceil(self.max_keys / 10) do forget(self, keys[i]) end
end

-- Returns the time from which the next request of a key is within the rate.
local function next_of(self, key, now)
  local next_at = self.next_at[key]
  if next_at then return next_at end
  if self.keys >= self.max_keys then make_room(self) end
  self.keys = self.keys + 1
  self.next_at[key], self.burst_left[key] = now, self.burst - 1
  return now
end

-- The burst after a pause of `seconds`.
local function refilled(self, key, seconds)
  return math.min(self.burst - 1, self.burst_left[key] + seconds * self.rate)
end

--- Reserves the next request of a key.
-- @string key the device's address
-- @number now seconds of the monotonic clock
-- @treturn number seconds to wait before sending; 0 to send now
function RateLimiter:reserve(key, now)
  if self.allow_listed[key] then return self:barred_for(key, now) end
  local next_at = next_of(self, key, now)
  if now >= next_at then
    if self.refill then
      self.burst_left[key] = refilled(self, key, now - next_at)
    end
    self.next_at[key] = now + self.interval
    return 0
  end
  local left = self.burst_left[key]
  if left >= 1 then
    self.burst_left[key] = left - 1
    return 0
  end
  self.next_at[key] = next_at + self.interval
  return next_at - now
end

--- Cancels an unused reservation of a key. Later reservations keep their
-- times, so cancelling another one than the last lets two requests start
-- together.
-- @string key
function RateLimiter:cancel(key)
  local next_at = self.next_at[key]
  if not next_at then return end
  self.next_at[key] = math.max(next_at - self.interval,
    self.barred[key] or -math.huge)
end

--- Blocks a key after a 429. Afterwards its burst is used up, as it is at the
-- server, so requests start one at a time.
-- @string key
-- @number now seconds of the monotonic clock
-- @number seconds how long to block
function RateLimiter:penalize(key, now, seconds)
  if self.off then return end
  local barred = math.max(self.barred[key] or now, now + seconds)
  self.next_at[key] = math.max(next_of(self, key, now), barred)
  self.burst_left[key], self.barred[key] = 0, barred
end

--- Returns how long a key is still blocked. A request that was already
-- reserved when a 429 came checks this after its wait; while the key is
-- blocked, it cancels the reservation and makes a new one.
-- @string key
-- @number now seconds of the monotonic clock
-- @treturn number seconds; 0 when requests may start
function RateLimiter:barred_for(key, now)
  return math.max(0, (self.barred[key] or now) - now)
end

return rate_limiter
