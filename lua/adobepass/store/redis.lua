--- A store in Redis, which all machines of a gateway share.
--
--   store.redis { host = "10.0.0.5", port = 6379, password = "..." }
--   store.redis { socket = "/run/redis/redis.sock", database = 2 }
--   store.redis { sentinels = { "10.0.0.5:26379" }, master = "tv",
--     wait_replicas = 1 }
--   store.redis { nodes = { "10.0.0.5:6379" }, username = "adobepass",
--     password = "...", tls = { ca_file = "/etc/redis/ca.pem" } }
--
-- In OpenResty, and nginx with lua-nginx-module, it uses nginx's sockets
-- (adobepass.store.redis_connector): calls do not block the worker, and connections
-- are reused. Elsewhere, give `connect`: a function that returns a client with the
-- methods of lua-resty-redis (get, set, del, eval; close or set_keepalive), or
-- nil and a message.
--
-- Only masters are used. In a Cluster all records of a device are in one slot. With
-- `wait_replicas`, new credentials count as stored when this number of replicas
-- has confirmed them.
-- `maxmemory-policy` must be `noeviction` (the default) or one of the `volatile`
-- policies: with the others, which may evict credentials, every call fails. The policy
-- is not checked with `connect`, or if the ACL user may not run INFO.
--
-- @module adobepass.store.redis

local clients = require "adobepass.store.redis_clients"
local cluster = require "adobepass.store.redis_cluster"
local connector = require "adobepass.store.redis_connector"
local interface = require "adobepass.store.interface"
local options = require "adobepass.util.options"
local redis_options = require "adobepass.store.redis_options"

local failed = interface.failed

local OPTIONS = { prefix = "string?", connect = "function?",
  connector = "table?" }
for name, wanted in pairs(redis_options.FIELDS) do OPTIONS[name] = wanted end

-- Redis runs a script atomically.
local DELETE_IF = [[
if redis.call("get", KEYS[1]) == ARGV[1] then
  return redis.call("del", KEYS[1])
end
return 0
]]

-- ARGV: the expected value, the new value, and its lifetime in ms or "".
local REPLACE = [[
if redis.call("get", KEYS[1]) ~= ARGV[1] then return 0 end
if ARGV[3] == "" then
  redis.call("set", KEYS[1], ARGV[2])
else
  redis.call("set", KEYS[1], ARGV[2], "PX", ARGV[3])
end
return 1
]]

-- Returns a key's name in Redis.
local function full(self, key)
  key = self.prefix .. key
  return self.redis.is_cluster and cluster.tag(key) or key
end

local function ask(self, name, key, ...)
  return self.redis:command(key, name, key, ...)
end

local function run_script(self, send, script, key, ...)
  return self.redis[send](self.redis, key, "eval", script, 1, key, ...)
end

-- Losing credentials logs a device's viewers out; losing another record does not.
local function sender(key)
  return key:find("^credentials:") and "durable" or "command"
end

local function milliseconds(seconds)
  return ("%.0f"):format(math.ceil(seconds * 1000))
end

local redis = {}

-- Writes a value of this store again, unless it has changed. Its replicas have not
-- confirmed it, so a failover could lose the value after it was used. Returns true;
-- nil and a message.
local function confirm(self, key, value)
  local done, message = run_script(self, "durable", REPLACE, full(self, key),
    value, value, "")
  if done == nil then return nil, message end
  self.unconfirmed[key] = nil
  return true
end

function redis.get(self, key)
  local value, message = ask(self, "get", full(self, key))
  if value == nil then return failed(message) end
  if value and self.unconfirmed[key] then
    local done, why = confirm(self, key, value)
    if not done then return failed(why) end
    return redis.get(self, key)
  end
  return value or nil
end

function redis.set(self, key, value, seconds)
  local done, message
  if seconds then
    done, message = ask(self, "set", full(self, key), value, "PX",
      milliseconds(seconds))
  else
    done, message = ask(self, "set", full(self, key), value)
  end
  if not done then return failed(message) end
  return true
end

function redis.add(self, key, value, seconds)
  local done, message = ask(self, "set", full(self, key), value, "NX", "PX",
    milliseconds(seconds))
  if done == nil then return failed(message) end
  return done ~= false
end

-- SET NX writes only if there is no value.
local function create(self, send, key, value, life)
  local client = self.redis
  if life == "" then return client[send](client, key, "set", key, value, "NX") end
  return client[send](client, key, "set", key, value, "NX", "PX", life)
end

function redis.replace(self, key, value, expected, seconds)
  local life = seconds and milliseconds(seconds) or ""
  local send, place = sender(key), full(self, key)
  local done, message
  if expected == nil then
    done, message = create(self, send, place, value, life)
  else
    done, message = run_script(self, send, REPLACE, place, expected, value, life)
  end
  if send == "durable" and self.redis.wait_replicas then
    self.unconfirmed[key] = done == nil or nil
  end
  if done == nil then return failed(message) end
  return done ~= false and done ~= 0
end

function redis.delete(self, key, value)
  local done, message
  if value then
    done, message = run_script(self, "command", DELETE_IF, full(self, key), value)
  else
    done, message = ask(self, "del", full(self, key))
  end
  if done == nil then return failed(message) end
  return true
end

local make = interface.class(redis)

local function connector_of(given)
  local settings = {}
  for name in pairs(redis_options.FIELDS) do settings[name] = given[name] end
  return connector.new(settings, "store.redis")
end

-- Refuses options that would have no effect: the connections are the application's.
local function check_alone(given, name)
  for other in pairs(given) do
    if other ~= name and other ~= "prefix" then
      error(("store.redis: the option '%s' has no effect with '%s'; remove it"):format(
        other, name))
    end
  end
end

local function redis_of(given)
  if given.connector then
    check_alone(given, "connector")
    return given.connector
  elseif given.connect then
    check_alone(given, "connect")
    return clients(given.connect)
  end
  return connector_of(given)
end

--- Creates a store in Redis. Raises for wrong options.
-- @function redis
-- @tparam[opt] table options `prefix` of all keys ("adobepass:"); the options of
-- adobepass.store.redis_connector, or `connector`: one that was made with them, or
-- `connect`: a function that returns a client. With `connector` or `connect`, only
-- `prefix` is allowed besides.
return function(given)
  given = options.check("store.redis", given or {}, OPTIONS)
  return make { prefix = given.prefix or "adobepass:",
    redis = options.at_caller(redis_of, given), unconfirmed = {} }
end
