--- Limits the request rate of each device with token buckets.
--
-- Adobe counts by device address: one request a second after a burst of ten
-- (page throttling-mechanism). A bucket is one number, the time at which it
-- is full again (the generic cell rate algorithm, ITU-T I.371).
-- @module adobepass.policy.rate_limiter

local options = require "adobepass.util.options"

local rate_limiter = {}
local RateLimiter = {}
RateLimiter.__index = RateLimiter

local DEFAULTS = { rate = 1, burst = 10, max_keys = 10000 }

local FIELDS = {
  rate = options.number(0.001, 1e6),
  burst = options.number(1, 1e6),
  max_keys = options.number(1, 1e7),
}

--- Creates a rate limiter.
-- @param[opt] given `rate` (1) requests per second, `burst` (10) requests at
-- once, `max_keys` (10,000) buckets at most; false disables the limit
-- @treturn table
function rate_limiter.new(given)
  local self = { off = given == false, full_at = {}, barred = {}, keys = 0 }
  given = options.check("rate_limiter.new", given or {}, FIELDS)
  for name, value in pairs(DEFAULTS) do self[name] = given[name] or value end
  self.interval = 1 / self.rate
  -- Seconds. A request may start if its bucket would be full again within this
  -- time.
  self.slack = (self.burst - 1) * self.interval
  return setmetatable(self, RateLimiter)
end

local function forget(self, key)
  self.full_at[key], self.barred[key] = nil, nil
  self.keys = self.keys - 1
end

-- Removes all full buckets, which hold no information, but at least the fullest
-- tenth of all buckets, so that the next key does not sort them again.
local function make_room(self, now)
  local keys, full_at = {}, self.full_at
  for key in pairs(full_at) do keys[#keys + 1] = key end
  table.sort(keys, function(a, b) return full_at[a] < full_at[b] end)
  local least = math.ceil(self.max_keys / 10)
  for i, key in ipairs(keys) do
    if i > least and full_at[key] > now then break end
    forget(self, key)
  end
end

local function filled_at(self, key, now)
  local time_full = self.full_at[key]
  if not time_full then
    if self.keys >= self.max_keys then make_room(self, now) end
    self.keys = self.keys + 1
  end
  return math.max(time_full or now, now)
end

--- Reserves the next request of a key.
-- @string key the device's address
-- @number now seconds of the monotonic clock
-- @treturn number seconds to wait before sending; 0 to send now
function RateLimiter:reserve(key, now)
  if self.off then return 0 end
  local time_full = filled_at(self, key, now)
  self.full_at[key] = time_full + self.interval
  return math.max(0, time_full - self.slack - now)
end

--- Cancels an unused reservation of a key. Later reservations keep their
-- times, so cancelling another one than the last lets two requests start
-- together.
-- @string key
function RateLimiter:cancel(key)
  local time_full = self.full_at[key]
  if not time_full then return end
  local barred = self.barred[key]
  time_full = time_full - self.interval
  if barred then time_full = math.max(time_full, barred + self.slack) end
  self.full_at[key] = time_full
end

--- Blocks a key after a 429. Afterwards its bucket is empty, as it is at the
-- server, so requests start one at a time.
-- @string key
-- @number now seconds of the monotonic clock
-- @number seconds how long to block
function RateLimiter:penalize(key, now, seconds)
  if self.off then return end
  local barred = math.max(self.barred[key] or now, now + seconds)
  self.full_at[key] =
    math.max(filled_at(self, key, now), barred + self.slack)
  self.barred[key] = barred
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

--- Returns the number of buckets.
-- @treturn integer
function RateLimiter:size()
  return self.keys
end

return rate_limiter
