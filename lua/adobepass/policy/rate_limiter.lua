--- Token buckets: how fast each device may ask.
--
-- Adobe counts by device address: a request each second after a burst of ten
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

--- A rate limiter.
-- @param[opt] given `rate` (1) requests per second, `burst` (10) at once,
-- `max_keys` (10,000) buckets at most; or false: never wait
-- @treturn table
function rate_limiter.new(given)
  local self = { off = given == false, full_at = {}, barred = {}, keys = 0 }
  given = options.check("rate_limiter.new", given or {}, FIELDS)
  for name, value in pairs(DEFAULTS) do self[name] = given[name] or value end
  self.interval = 1 / self.rate
  -- How far ahead the filling of a bucket may lie while one may still go.
  self.slack = (self.burst - 1) * self.interval
  return setmetatable(self, RateLimiter)
end

local function forget(self, key)
  self.full_at[key], self.barred[key] = nil, nil
  self.keys = self.keys - 1
end

-- Those that are full say nothing. If all are in use, the fullest tenth goes,
-- so that this is not done again for the next key.
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

--- Take the next place in the queue of a key.
-- @string key the device's address
-- @number now seconds of the monotonic clock
-- @treturn number seconds to wait; 0: go
function RateLimiter:reserve(key, now)
  if self.off then return 0 end
  local time_full = filled_at(self, key, now)
  self.full_at[key] = time_full + self.interval
  return math.max(0, time_full - self.slack - now)
end

--- Give a place back that was not used: the last one that was taken, or any;
-- then two of those behind it may go at once.
-- @string key
function RateLimiter:cancel(key)
  local time_full = self.full_at[key]
  if not time_full then return end
  local barred = self.barred[key]
  time_full = time_full - self.interval
  if barred then time_full = math.max(time_full, barred + self.slack) end
  self.full_at[key] = time_full
end

--- After a 429: nobody of the key goes for a while, and then one by one,
-- since the server has just said that the bucket is empty.
-- @string key
-- @number now
-- @number seconds
function RateLimiter:penalize(key, now, seconds)
  if self.off then return end
  local barred = math.max(self.barred[key] or now, now + seconds)
  self.full_at[key] =
    math.max(filled_at(self, key, now), barred + self.slack)
  self.barred[key] = barred
end

--- Is a key still barred? Who had a place already when the 429 came asks this
-- after the wait; if so, it gives the place back and takes a new one.
-- @string key
-- @number now
-- @treturn number seconds; 0 when it may go
function RateLimiter:barred_for(key, now)
  return math.max(0, (self.barred[key] or now) - now)
end

--- How many keys are remembered.
-- @treturn integer
function RateLimiter:size()
  return self.keys
end

return rate_limiter
