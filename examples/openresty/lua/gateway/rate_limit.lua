--- The rate limit of each viewer's address, kept in Redis for all workers and nodes.
-- Has the methods of adobepass.policy.rate_limiter.
--
-- Adobe allows one request per second after a burst of ten. A bucket is stored as one
-- number, the time at which it is full again. That time is by the clock of Redis,
-- because the nodes' clocks may differ. If Redis is down, each worker counts alone.
--
-- Registration and token requests count against the gateway's own address, which
-- Adobe can exempt.
-- @module gateway.rate_limit

local local_limiter = require "adobepass.policy.rate_limiter"
local redis_connector = require "adobepass.store.redis_connector"

local rate_limiter = {}

local RateLimiter = {}
RateLimiter.__index = RateLimiter

local INTERVAL, BURST = 1000, 10 -- ms, requests
local SLACK = (BURST - 1) * INTERVAL

-- KEYS[1] is the bucket. ARGV, in ms: the amount to add to its time, the minimum of
-- its time relative to now, and SLACK. Returns the ms to wait.
local MOVE = [[
local time = redis.call("time")
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local full = tonumber(redis.call("get", KEYS[1])) or now
full = math.max(full, now + tonumber(ARGV[2]))
local wait = math.max(0, full - tonumber(ARGV[3]) - now)
full = math.max(now, full + tonumber(ARGV[1]))
redis.call("set", KEYS[1], string.format("%.0f", full), "px",
  string.format("%.0f", full - now + 1))
return wait
]]

-- The key of adobepass for the host's own address.
local OWN = "own"

--- @func connect see adobepass.store.redis_connector
-- @bool is_listed the gateway's own address is on Adobe's list
function rate_limiter.new(connect, is_listed)
  return setmetatable({ connect = connect, is_listed = is_listed,
    alone = local_limiter.new() }, RateLimiter)
end

local function move(self, key, by, from)
  local client = self.connect()
  if not client then return nil end
  local wait = redis_connector.run(client, "eval", MOVE, 1,
    "gateway:rate_limit:" .. key, by, from, SLACK)
  redis_connector.give_back(client, wait ~= nil)
  return wait and wait / 1000
end

--- Reserves the next request of an address; returns the seconds to wait.
function RateLimiter:reserve(key, now)
  if key == OWN and self.is_listed then return 0 end
  return move(self, key, INTERVAL, 0) or self.alone:reserve(key, now)
end

--- Cancels a reservation that was not used.
function RateLimiter:cancel(key)
  if not move(self, key, -INTERVAL, 0) then self.alone:cancel(key) end
end

--- After a 429: blocks the address on all nodes for `seconds`.
function RateLimiter:penalize(key, now, seconds)
  if not move(self, key, 0, seconds * 1000 + SLACK) then
    self.alone:penalize(key, now, seconds)
  end
end

--- Returns the seconds for which this worker's own limiter blocks a key: 0 while Redis
-- works. A request reserved before a 429 is then sent; later ones wait in `reserve`.
function RateLimiter:barred_for(key, now) return self.alone:barred_for(key, now) end

return rate_limiter
