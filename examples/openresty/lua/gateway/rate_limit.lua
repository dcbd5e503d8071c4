--- How fast each viewer's address may ask Adobe, counted in Redis: one rate_limit
-- for all workers of all nodes. Has the methods of
-- adobepass.policy.rate_limiter.
--
-- Adobe: one request a second after a burst of ten. A bucket is one number,
-- the moment at which it is full again, by the clock of Redis, so that the
-- nodes' clocks do not matter. Without Redis each worker counts for itself.
--
-- Registration and token count for the gateway's own address, which Adobe can
-- put on its list of those that are not held back.
-- @module gateway.rate_limit

local local_limiter = require "adobepass.policy.rate_limiter"
local redis_connector = require "adobepass.store.redis_connector"

local rate_limiter = {}

local RateLimiter = {}
RateLimiter.__index = RateLimiter

local INTERVAL, BURST = 1000, 10 -- ms, requests
local SLACK = (BURST - 1) * INTERVAL

-- KEYS[1]: the bucket. ARGV: how far its moment moves, from where at least
-- (ms from now), the slack. Answers the ms to wait.
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

-- What adobepass calls the host's own address.
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

--- Takes the next place of an address: seconds to wait.
function RateLimiter:reserve(key, now)
  if key == OWN and self.is_listed then return 0 end
  return move(self, key, INTERVAL, 0) or self.alone:reserve(key, now)
end

--- Gives a place back that was not used.
function RateLimiter:cancel(key)
  if not move(self, key, -INTERVAL, 0) then self.alone:cancel(key) end
end

--- After a 429: nobody's turn comes for so long, on any node.
function RateLimiter:penalize(key, now, seconds)
  if not move(self, key, 0, seconds * 1000 + SLACK) then
    self.alone:penalize(key, now, seconds)
  end
end

--- Who had a place when the 429 came goes; the next ones wait.
function RateLimiter:barred_for(key, now) return self.alone:barred_for(key, now) end

return rate_limiter
