--- Connections to Redis, for store.redis and for other data in the same Redis,
-- such as a gateway's rate limit.
--
--   local connect = connector.new { host = "10.0.0.5", password = "..." }
--   local client, message = connect()
--   local reply, why = connector.run(client, "get", "key")
--   connector.give_back(client, reply ~= nil)
--
-- Works in OpenResty, and nginx with lua-nginx-module, with lua-resty-redis
-- (Debian's lua-nginx-redis). Connections are reused.
--
-- Messages contain only the first word of an error of Redis (OOM, NOAUTH, READONLY,
-- ...): the rest may quote the arguments.
--
-- @module adobepass.store.redis_connector

-- luacheck: globals ngx

local core = require "adobepass.core"
local options = require "adobepass.util.options"

local connector = {}

local IDLE_MS, POOL_SIZE = 60000, 64

--- The options of `connector.new`, for options.check.
connector.FIELDS = { host = "string?", port = "number?", socket = "string?",
  password = "string?", database = options.number(0, 1e6, true),
  timeout = "number?" }

local function load_client(where)
  if not ngx then
    error(where .. ": give the option 'connect', or call it inside nginx")
  end
  for _, name in ipairs { "resty.redis", "nginx.redis" } do
    local found, client = pcall(require, name)
    if found then return client end
  end
  error(where .. ": install lua-resty-redis (Debian: lua-nginx-redis), or "
    .. "give 'connect'")
end

-- Returns the name of the connection pool. A connection stays authenticated and
-- keeps its database, so each password and database has another pool. The name
-- contains a part of the password's digest, not the password.
local function pool_name(given)
  local digest = core.digest.sha256(given.password or "")
  return table.concat({ "adobepass", given.socket or given.host,
    given.port, given.database, core.digest.hex(digest):sub(1, 16) }, ":")
end

local function reason_of(reply)
  return tostring(reply):match("^%u+") or "an error"
end

-- `reply` is nil for a lost connection and false for an error of Redis.
local function explain(command, reply, reason)
  if reply == false then
    return ("Redis refused %s: %s."):format(command, reason_of(reason))
  end
  return ("Redis did not respond to %s: %s."):format(command, tostring(reason))
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

local function with_defaults(given)
  return {
    socket = given.socket, password = given.password,
    host = given.host or "127.0.0.1", port = given.port or 6379,
    database = given.database or 0, timeout = given.timeout or 5,
  }
end

local function check(given, where)
  options.check(where, given, connector.FIELDS)
  if given.socket and (given.host or given.port) then
    error(where .. ": give either socket, or host and port")
  end
  local timeout = given.timeout or 1
  if timeout ~= timeout or timeout < 0.001 then
    error(where .. ": timeout should be seconds above 0")
  end
end

local function prepare(given, where)
  check(given, where)
  return load_client(where), with_defaults(given)
end

local function open(module, given, pool)
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

--- Returns a function that returns a connected client of lua-resty-redis; or
-- nil and a sentence. Raises, at the caller's line, for wrong options.
-- @tparam table given `host` (127.0.0.1) and `port` (6379), or `socket`: the
-- path of a Unix socket; `password`; `database` (0); `timeout`: seconds for
-- each connect, send and receive (5)
-- @string[opt] where the function's name in messages
function connector.new(given, where)
  local module, settings
  options.at_caller(function()
    module, settings = prepare(given, where or "redis_connector.new")
  end)
  local pool = pool_name(settings)
  return function() return open(module, settings, pool) end
end

--- Returns a client to its pool, or closes it.
-- @param client
-- @bool is_usable false after a failed command
function connector.give_back(client, is_usable)
  if is_usable and client.set_keepalive then
    client:set_keepalive(IDLE_MS, POOL_SIZE)
  elseif client.close then
    client:close()
  end
end

--- Sends one command. A missing key, which Redis reports as null, is false.
-- @param client
-- @string command such as "get"
-- @param ... its arguments
-- @return its reply; or nil and a sentence
function connector.run(client, command, ...)
  local reply, reason = client[command](client, ...)
  if reply == false or (reply == nil and reason) then
    return nil, explain(command:upper(), reply, reason)
  end
  if reply == nil or type(reply) == "userdata" then return false end
  return reply
end

return connector
