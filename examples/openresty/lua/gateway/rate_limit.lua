--- The rate limit of each viewer's address, kept in Redis for all workers and nodes.
-- Has the methods of adobepass.policy.rate_limiter.
--
-- Adobe allows one request per second, and a burst of ten once. Redis keeps, for each
-- address, when its next request is within the rate and what is left of its burst.
-- The time is by the clock of Redis, because the nodes' clocks may differ. If Redis is
-- down, each worker counts alone.
--
-- Registration and token requests count against the gateway's own address, which
-- Adobe can exempt, unless `forward_ip_on_registration` is set.
-- @module gateway.rate_limit

local local_limiter = require "adobepass.policy.rate_limiter"

local rate_limiter = {}

local RateLimiter = {}
RateLimiter.__index = RateLimiter

-- An address without requests for a day has its burst again.
local INTERVAL, BURST, KEPT = 1000, 10, 86400000 -- ms, requests, ms

-- KEYS[1] is the address. ARGV: "reserve", "cancel" or "penalize", and for the
-- latter the ms to block; then INTERVAL, BURST, KEPT. Returns the ms to wait.
local MOVE = [[
local time, interval = redis.call("time"), tonumber(ARGV[3])
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local next, left = string.match(redis.call("get", KEYS[1]) or "", "^(%d+) (%d+)$")
next, left = tonumber(next) or now, tonumber(left) or ARGV[4] - 1
local wait = 0
if ARGV[1] == "cancel" then
  next = next - interval
elseif ARGV[1] == "penalize" then
  next, left = math.max(next, now + tonumber(ARGV[2])), 0
elseif now >= next then
  next = now + interval
elseif left >= 1 then
  left = left - 1
else
  wait, next = next - now, next + interval
end
redis.call("set", KEYS[1], string.format("%.0f %d", next, left), "px", ARGV[5])
return wait
]]

-- The key of adobepass for the host's own address.
local OWN = "own"

--- @param redis see adobepass.store.redis_connector
-- @bool is_listed the gateway's own address is on Adobe's list
function rate_limiter.new(redis, is_listed)
  return setmetatable({ redis = redis, is_listed = is_listed,
    alone = local_limiter.new() }, RateLimiter)
end

local function move(self, key, what, milliseconds)
  local place = "gateway:rate_limit:" .. key
  local wait = self.redis:command(place, "eval", MOVE, 1, place, what,
    milliseconds or 0, INTERVAL, BURST, KEPT)
  return wait and wait / 1000
end

--- Reserves the next request of an address; returns the seconds to wait.
function RateLimiter:reserve(key, now)
  if key == OWN and self.is_listed then return 0 end
  return move(self, key, "reserve") or self.alone:reserve(key, now)
end

--- Cancels a reservation that was not used.
function RateLimiter:cancel(key)
  if not move(self, key, "cancel") then self.alone:cancel(key) end
end

--- After a 429: blocks the address on all nodes for `seconds`.
function RateLimiter:penalize(key, now, seconds)
  if not move(self, key, "penalize", seconds * 1000) then
    self.alone:penalize(key, now, seconds)
  end
end

--- Returns the seconds for which this worker's own limiter blocks a key: 0 while Redis
-- works. A request reserved before a 429 is then sent; later ones wait in `reserve`.
function RateLimiter:barred_for(key, now) return self.alone:barred_for(key, now) end

return rate_limiter
