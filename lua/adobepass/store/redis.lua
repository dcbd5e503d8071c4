--- A store in Redis: for all machines of a gateway.
--
--   store.redis { host = "10.0.0.5", port = 6379, password = "..." }
--   store.redis { socket = "/run/redis/redis.sock", database = 2 }
--
-- Inside OpenResty and nginx with Lua, over lua-resty-redis (Debian's
-- lua-nginx-redis): calls wait without blocking the worker, and connections
-- are kept and used again. Elsewhere, give `connect`: a function that answers
-- a client with resty.redis's methods (get, set, del, eval, scan; close or
-- set_keepalive), or nil and why not.
--
-- One Redis, or one master with replicas: locks need one place where `add` is
-- decided. Its `maxmemory-policy` has to be `noeviction` (the default), or one
-- of the `volatile` ones: others would throw credentials away.
--
-- What Redis itself says of a refused command is cut to its first word (OOM,
-- NOAUTH, READONLY, ...): the rest may quote the arguments.
--
-- @module adobepass.store.redis

-- luacheck: globals ngx

local core = require "adobepass.core"
local interface = require "adobepass.store.interface"
local options = require "adobepass.util.options"

local failed = interface.failed

local OPTIONS = { host = "string?", port = "number?", socket = "string?",
  password = "string?", database = options.number(0, 1e6, true),
  prefix = "string?",
  timeout = "number?", connect = "function?" }

local unpack = table.unpack or unpack -- luacheck: std max

local IDLE_MS, POOL_SIZE = 60000, 64
local BATCH = 500

-- A single step for Redis, and so for everybody: SET with a time of its own.
local DELETE_IF = [[
if redis.call("get", KEYS[1]) == ARGV[1] then
  return redis.call("del", KEYS[1])
end
return 0
]]

local function load_client()
  if not ngx then
    error("store.redis: give 'connect', or use it inside nginx", 4)
  end
  for _, name in ipairs { "resty.redis", "nginx.redis" } do
    local found, client = pcall(require, name)
    if found then return client end
  end
  error("store.redis: install lua-resty-redis (Debian: lua-nginx-redis), or "
    .. "give 'connect'", 4)
end

-- Redis is told who we are and which database we mean once a connection; so
-- connections that differ in this are not shared. The name holds no secret.
local function pool_name(given)
  local digest = core.digest.sha256(given.password or "")
  return table.concat({ "adobepass", given.socket or given.host,
    given.port, given.database, core.digest.hex(digest):sub(1, 16) }, ":")
end

local function reason_of(reply)
  return tostring(reply):match("^%u+") or "an error"
end

-- nil is a lost connection, false a refusal.
local function explain(command, reply, reason)
  if reply == false then
    return ("Redis refused %s: %s."):format(command, reason_of(reason))
  end
  return ("Redis did not answer %s: %s."):format(command, tostring(reason))
end

local function introduce(client, given)
  if client:get_reused_times() ~= 0 then return true end
  if given.password then
    local done, reason = client:auth(given.password)
    if not done then return nil, explain("AUTH", done, reason) end
  end
  if given.database ~= 0 then
    local done, reason = client:select(given.database)
    if not done then return nil, explain("SELECT", done, reason) end
  end
  return true
end

local function dial(client, given, pool)
  if given.socket then
    return client:connect("unix:" .. given.socket, { pool = pool })
  end
  return client:connect(given.host, given.port, { pool = pool })
end

local function connector(given)
  local module, pool = load_client(), pool_name(given)
  return function()
    local client = module:new()
    client:set_timeout(given.timeout * 1000)
    local done, reason = dial(client, given, pool)
    if not done then
      return nil, ("Redis cannot be reached: %s."):format(tostring(reason))
    end
    local known, message = introduce(client, given)
    if known then return client end
    client:close()
    return nil, message
  end
end

local function give_back(client, usable)
  if usable and client.set_keepalive then
    client:set_keepalive(IDLE_MS, POOL_SIZE)
  elseif client.close then
    client:close()
  end
end

-- One command on a client: its reply, or nil and a sentence. A reply of "no
-- such key" is a null or nothing at all, and comes back as false.
local function run(client, command, ...)
  local reply, reason = client[command](client, ...)
  if reply == false or (reply == nil and reason) then
    return nil, explain(command:upper(), reply, reason)
  end
  if reply == nil or type(reply) == "userdata" then return false end
  return reply
end

-- One command on a connection of its own.
local function ask(self, ...)
  local client, message = self.connect()
  if not client then
    return nil, message or "Redis cannot be reached."
  end
  local reply, reason = run(client, ...)
  give_back(client, reply ~= nil)
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

-- SCAN answers { next cursor, keys }, and a key that is there all the time at
-- least once: https://redis.io/commands/scan
local function clear_all(client, pattern)
  local cursor = "0"
  repeat
    local reply, message = run(client, "scan", cursor, "MATCH", pattern,
      "COUNT", BATCH)
    if not reply then return nil, message end
    local keys = reply[2]
    cursor = reply[1]
    if #keys > 0 then
      reply, message = run(client, "del", unpack(keys))
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
  give_back(client, done ~= nil)
  if not done then return failed(reason) end
  return true
end

local make = interface.class(redis)

local function with_defaults(given)
  return {
    socket = given.socket, password = given.password,
    host = given.host or "127.0.0.1", port = given.port or 6379,
    database = given.database or 0, timeout = given.timeout or 5,
  }
end

local function check(given)
  if given.socket and (given.host or given.port) then
    error("store.redis: socket, or host and port: not both", 3)
  end
  local timeout = given.timeout or 1
  if timeout ~= timeout or timeout < 0.001 then
    error("store.redis: timeout should be seconds above 0", 3)
  end
end

--- A store in Redis.
-- @function redis
-- @tparam[opt] table options `host` (127.0.0.1) and `port` (6379), or
-- `socket`: the path of a Unix socket; `password`; `database` (0); `prefix` of
-- all keys ("adobepass:"); `timeout`: seconds for each connecting, sending and
-- receiving (5); `connect`: a function that answers a client, instead of all
-- the others but `prefix`
return function(given)
  given = options.check("store.redis", given or {}, OPTIONS)
  check(given)
  return make { prefix = given.prefix or "adobepass:",
    connect = given.connect or connector(with_defaults(given)) }
end
