--- A store in Redis, which all machines of a gateway share.
--
--   store.redis { host = "10.0.0.5", port = 6379, password = "..." }
--   store.redis { socket = "/run/redis/redis.sock", database = 2 }
--
-- In OpenResty, and nginx with lua-nginx-module, it uses lua-resty-redis (Debian's
-- lua-nginx-redis): calls do not block the worker, and connections are reused.
-- Elsewhere, give `connect`: a function that returns a client with the methods of
-- resty.redis (get, set, del, eval, scan; close or set_keepalive), or nil and a
-- message.
--
-- Use one Redis, or one master with replicas: `add` is atomic only on one server.
-- Its `maxmemory-policy` must be `noeviction` (the default) or one of the
-- `volatile` policies: the others may evict credentials.
--
-- @module adobepass.store.redis

local interface = require "adobepass.store.interface"
local connector = require "adobepass.store.redis_connector"
local options = require "adobepass.util.options"

local failed = interface.failed

local OPTIONS = { prefix = "string?", connect = "function?" }
for name, wanted in pairs(connector.FIELDS) do OPTIONS[name] = wanted end

local unpack = table.unpack or unpack -- luacheck: std max

local BATCH = 500

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

-- Takes a connection, sends one command and returns the connection.
local function ask(self, ...)
  local client, message = self.connect()
  if not client then
    return nil, message or "Redis cannot be reached."
  end
  local reply, reason = connector.run(client, ...)
  connector.give_back(client, reply ~= nil)
  return reply, reason
end

local function milliseconds(seconds)
  return ("%.0f"):format(math.ceil(seconds * 1000))
end

local redis = {}

function redis.get(self, key)
  local value, message = ask(self, "get", self.prefix .. key)
  if value == nil then return failed(message) end
  return value or nil
end

function redis.set(self, key, value, seconds)
  local done, message
  if seconds then
    done, message = ask(self, "set", self.prefix .. key, value, "PX",
      milliseconds(seconds))
  else
    done, message = ask(self, "set", self.prefix .. key, value)
  end
  if not done then return failed(message) end
  return true
end

function redis.add(self, key, value, seconds)
  local done, message = ask(self, "set", self.prefix .. key, value, "NX", "PX",
    milliseconds(seconds))
  if done == nil then return failed(message) end
  return done ~= false
end

-- SET NX writes only if there is no value.
local function create(self, key, value, life)
  if life == "" then return ask(self, "set", key, value, "NX") end
  return ask(self, "set", key, value, "NX", "PX", life)
end

function redis.replace(self, key, value, expected, seconds)
  local life = seconds and milliseconds(seconds) or ""
  local done, message
  key = self.prefix .. key
  if expected == nil then
    done, message = create(self, key, value, life)
  else
    done, message = ask(self, "eval", REPLACE, 1, key, expected, value, life)
  end
  if done == nil then return failed(message) end
  return done ~= false and done ~= 0
end

function redis.delete(self, key, value)
  local done, message
  if value then
    done, message = ask(self, "eval", DELETE_IF, 1, self.prefix .. key, value)
  else
    done, message = ask(self, "del", self.prefix .. key)
  end
  if done == nil then return failed(message) end
  return true
end

local function pattern_of(prefix)
  return prefix:gsub("[%*%?%[%]\\^-]", "\\%0") .. "*"
end

-- SCAN returns { next cursor, keys }. It returns a key that exists during the whole
-- iteration at least once: https://redis.io/commands/scan
local function clear_all(client, pattern)
  local cursor = "0"
  repeat
    local reply, message = connector.run(client, "scan", cursor, "MATCH", pattern,
      "COUNT", BATCH)
    if not reply then return nil, message end
    local keys = reply[2]
    cursor = reply[1]
    if #keys > 0 then
      reply, message = connector.run(client, "del", unpack(keys))
      if reply == nil then return nil, message end
    end
  until cursor == "0"
  return true
end

function redis.clear(self, prefix)
  local client, message = self.connect()
  if not client then
    return failed(message or "Redis cannot be reached.")
  end
  local done, reason = clear_all(client,
    pattern_of(self.prefix .. (prefix or "")))
  connector.give_back(client, done ~= nil)
  if not done then return failed(reason) end
  return true
end

local make = interface.class(redis)

local function connector_of(given)
  local settings = {}
  for name in pairs(connector.FIELDS) do settings[name] = given[name] end
  return connector.new(settings, "store.redis")
end

--- Creates a store in Redis. Raises for wrong options.
-- @function redis
-- @tparam[opt] table options `host` (127.0.0.1) and `port` (6379), or
-- `socket`: the path of a Unix socket; `password`; `database` (0); `prefix` of
-- all keys ("adobepass:"); `timeout`: seconds for each connect, send and receive
-- (5); `connect`: a function that returns a client, which replaces all options
-- except `prefix`
return function(given)
  given = options.check("store.redis", given or {}, OPTIONS)
  local connect = given.connect or options.at_caller(connector_of, given)
  return make { prefix = given.prefix or "adobepass:", connect = connect }
end
