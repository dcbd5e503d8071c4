--- The rate limit of each viewer's address, kept in Redis for all workers and nodes.
-- Has the methods of adobepass.policy.rate_limiter.
--
-- Adobe allows one request per second, and a burst of ten once; it may allow more for
-- addresses that many homes share. Redis keeps, for each address, when its next request
-- is within the rate and what is left of its burst. The time is by the clock of Redis,
-- because the nodes' clocks may differ. If Redis is down, each worker counts alone.
--
-- Registration and token requests count against the gateway's own address, which
-- Adobe can exempt, unless `forward_ip_on_registration` is set.
-- @module gateway.rate_limit

local local_limiter = require "adobepass.policy.rate_limiter"

local rate_limiter = {}

local RateLimiter = {}
RateLimiter.__index = RateLimiter

-- An address that has used its burst gets a new one after this time without requests,
-- in ms. Adobe counts each address that is forwarded, so each has a key here. An IPv6
-- host chooses among 2^64 addresses, whose keys could fill Redis within a day.
local KEPT, KEPT_IPV6 = 86400000, 600000

-- KEYS[1] is the address. ARGV: "reserve", "cancel" or "penalize", and for the
-- latter the ms to block; then the ms between two requests, the burst, KEPT. Returns
-- the ms to wait. A key with an unused burst is not needed after the time of its next
-- request.
local MOVE = [[
local time, interval = redis.call("time"), tonumber(ARGV[3])
local now = time[1] * 1000 + time[2] / 1000
local next, left = string.match(redis.call("get", KEYS[1]) or "", "^([%d.]+) (%d+)$")
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
  wait, next = math.ceil(next - now), next + interval
end
local kept = left < ARGV[4] - 1 and ARGV[5] or 0
redis.call("set", KEYS[1], string.format("%.3f %d", next, left), "px",
  math.max(1, math.ceil(next - now + kept)))
return wait
]]

-- The key of adobepass for the host's own address.
local OWN = "own"

local function never() return false end

--- @param redis see adobepass.store.redis_connector
-- @tparam[opt] table given `rate` (1) requests per second and `burst` (10) of each
-- address; `shared`: the same for those of which `shared.contains(address)` is true;
-- `is_listed`: the gateway's own address is on Adobe's list
function rate_limiter.new(redis, given)
  given = given or {}
  local shared = given.shared or {}
  local rate, burst = given.rate, given.burst
  return setmetatable({ redis = redis, is_listed = given.is_listed,
    is_shared = shared.contains or never,
    single = local_limiter.new { rate = rate, burst = burst },
    shared = local_limiter.new { rate = shared.rate or rate,
      burst = shared.burst or burst } }, RateLimiter)
end

-- Returns this worker's own limiter, which has the rate and the burst of a key.
local function worker_limiter(self, key)
  return self.is_shared(key) and self.shared or self.single
end

local function move(self, key, what, milliseconds)
  local place, limit = "gateway:rate_limit:" .. key, worker_limiter(self, key)
  local wait = self.redis:command(place, "eval", MOVE, 1, place, what,
    milliseconds or 0, limit.interval * 1000, limit.burst,
    key:find(":", 1, true) and KEPT_IPV6 or KEPT)
  return wait and wait / 1000
end

--- Reserves the next request of an address; returns the seconds to wait.
function RateLimiter:reserve(key, now)
  if key == OWN and self.is_listed then return 0 end
  return move(self, key, "reserve") or worker_limiter(self, key):reserve(key, now)
end

--- Cancels a reservation that was not used.
function RateLimiter:cancel(key)
  if not move(self, key, "cancel") then worker_limiter(self, key):cancel(key) end
end

--- After a 429: blocks the address on all nodes for `seconds`.
function RateLimiter:penalize(key, now, seconds)
  if not move(self, key, "penalize", seconds * 1000) then
    worker_limiter(self, key):penalize(key, now, seconds)
  end
end

--- Returns the seconds for which this worker's own limiter blocks a key: 0 while Redis
-- works. A request reserved before a 429 is then sent; later ones wait in `reserve`.
function RateLimiter:barred_for(key, now)
  return worker_limiter(self, key):barred_for(key, now)
end

return rate_limiter
