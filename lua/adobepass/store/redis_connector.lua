--- Redis as operators run it: one server, a master found by Sentinel, or a Cluster;
-- for store.redis and for other data in the same Redis, such as a gateway's rate
-- limit.
--
--   local redis = connector.new { sentinels = { "10.0.0.1:26379" }, master = "tv",
--     username = "adobepass", password = "..." }
--   local reply, message = redis:command("key", "get", "key")
--
-- Works in OpenResty, and nginx with lua-nginx-module: calls do not block the worker,
-- and connections are reused. Create one connector for each nginx worker.
--
-- A command is sent again only if Redis has certainly not executed it: the server
-- refused it (MOVED, ASK, READONLY, LOADING), the connection could not be opened, or
-- a pooled connection was already closed; or if executing it twice changes nothing.
--
-- Messages contain only the first word of an error of Redis (OOM, NOAUTH, READONLY,
-- ...): the rest may quote the arguments.
--
-- @module adobepass.store.redis_connector

-- luacheck: globals ngx

local cluster = require "adobepass.store.redis_cluster"
local connection = require "adobepass.store.redis_connection"
local core = require "adobepass.core"
local options = require "adobepass.util.options"
local redis_options = require "adobepass.store.redis_options"
local sentinel = require "adobepass.store.redis_sentinel"

local connector = {}

local Connector = {}
Connector.__index = Connector

-- --- connections -------------------------------------------------------------

-- A connection stays authenticated and keeps its database, so each user, password
-- and database has another pool. The name contains a part of the password's digest,
-- not the password. Connections in the pools of an older generation are not used any
-- more, and are closed when they have been idle for long enough.
local function pool_name(self, given, address)
  local tls = given.tls or {}
  local secret = core.digest.hex(core.digest.sha256(table.concat({
    given.username or "", given.password or "", tls.ca_file or "",
    tls.server_name or "" }, "\0"))):sub(1, 16)
  return table.concat({ "adobepass", address.name, given.database, secret,
    self.generations[address.name] or 0 }, ":")
end

local function open(self, given, address)
  return connection.open(given, address, pool_name(self, given, address))
end

local function warn(message)
  ngx.log(ngx.WARN, "adobepass: ", message)
end

-- Returns the text of INFO; false if this ACL user may not read it.
local function read_info(self, conn, address)
  local info, failure = conn:run { "info" }
  if info then return info end
  if failure.word ~= "NOPERM" then return nil, failure end
  if not self.checked[address.name] then
    warn("maxmemory-policy was not checked: this user of Redis may not run INFO. "
      .. "Grant it +info.")
  end
  self.checked[address.name] = true
  return false
end

-- Returns what is wrong with the policy of a server; nil when the policy never evicts
-- credentials.
local function policy_fault(info)
  local policy = info:match "maxmemory_policy:(%S+)"
  if not policy or not policy:find "^allkeys" then return nil end
  return ("Redis may evict credentials: its maxmemory-policy is %s; set it to "
    .. "noeviction."):format(policy)
end

local function not_master()
  return { word = "READONLY", message = "Sentinel named a server that is not the "
    .. "master. A failover may be running; retry." }
end

local function verify(self, address, info)
  local fault, role = policy_fault(info), info:match "role:(%S+)"
  if fault then
    return nil, { message = fault }
  elseif role ~= "master" and self.topology.wants_master then
    return nil, not_master()
  end
  self.checked[address.name] = true
  return true
end

-- A master that was restarted says that it is one until Sentinel has made it a replica
-- of the new master. Without a response of a Sentinel, the remembered one is used.
local function is_replaced(self, target)
  if target.is_new then return false end
  local address = self.topology:find()
  return address ~= nil and address.name ~= target.address.name
end

-- Checks each server once, and each new connection to a master that Sentinel named:
-- https://redis.io/docs/reference/sentinel-clients
local function check(self, conn, target)
  local address = target.address
  if not self.topology.wants_master or conn.is_reused then
    if self.checked[address.name] then return true end
  elseif is_replaced(self, target) then
    return nil, not_master()
  end
  local info, failure = read_info(self, conn, address)
  if info == false then return true end
  if not info then return nil, failure end
  return verify(self, address, info)
end

local function open_checked(self, target)
  local conn, failure = open(self, self.given, target.address)
  if not conn then return nil, failure end
  local done
  done, failure = check(self, conn, target)
  if done then return conn end
  failure.is_stale = conn.is_broken and conn.is_reused
  failure.is_unknown = false
  conn:close()
  return nil, failure
end

-- --- commands ----------------------------------------------------------------

-- Closes a connection whose server is not a master, or not yet ready: its address may
-- lead to another server now. A pooled connection counts as stale, because the server
-- has not executed the command.
local function leave(conn, failure)
  if not failure or not sentinel.NOT_MASTER[failure.word] then return end
  conn.is_broken, failure.is_stale = true, conn.is_reused
end

local function send(self, target, words, is_durable)
  local conn, failure = open_checked(self, target)
  if not conn then return nil, failure end
  local reply
  if target.is_asking then -- holds for the next command only
    reply, failure = conn:request { "asking" }
    if reply then reply, failure = conn:run(words) end
  else
    reply, failure = conn:request(words)
  end
  -- A reply of false or 0 has written nothing.
  if is_durable and self.wait_replicas and reply and reply ~= 0 then
    local done
    done, failure = conn:await_replicas(self.wait_replicas)
    if not done then reply = nil end
  end
  leave(conn, failure)
  conn:give_back()
  return reply, failure
end

-- Calls `work(self, target, ...)`, which sends once. After a stale connection its pool
-- is not used any more: a new one begins, unless another coroutine has begun one.
local function attempt(work, self, target, ...)
  local name, generations = target.address.name, self.generations
  local generation = generations[name] or 0
  local reply, failure = work(self, target, ...)
  if failure and failure.is_stale and generation == (generations[name] or 0) then
    generations[name] = generation + 1
  end
  return reply, failure
end

-- Returns where to send a command again; nil if it must not be. `is_new`: the address
-- was not remembered from earlier commands.
local function next_target(self, failure, target, key)
  if failure.is_stale then return target end
  local address, is_asking = self.topology:after(failure, target.address, key)
  if failure.is_unknown or not address then return nil end
  return { address = address, is_asking = is_asking, is_new = true }
end

local ATTEMPTS = 5

local function perform(self, key, words, is_durable)
  local address, failure = self.topology:address_of(key)
  if not address then return nil, failure.message end
  local target = { address = address }
  for _ = 1, ATTEMPTS do
    local reply
    reply, failure = attempt(send, self, target, words, is_durable)
    if reply ~= nil then return reply end
    target = next_target(self, failure, target, key)
    if not target then break end
  end
  return nil, failure.message
end

--- Sends one command to the master of a key. A missing key, which Redis reports as
-- null, is false.
-- @string key
-- @string name the command in lower case, such as "get"
-- @param ... its arguments
-- @return its reply; or nil and a sentence
function Connector:command(key, name, ...)
  return perform(self, key, { name, ... })
end

--- Sends one command that writes. With the option `wait_replicas`, waits until that
-- many replicas have the write. If they do not confirm it in time, returns nil and a
-- sentence, although the master has the write.
-- @string key
-- @string name
-- @param ...
function Connector:durable(key, name, ...)
  return perform(self, key, { name, ... }, true)
end

-- Sends one command to a server. Returns its reply; nil and a sentence.
local function run_at(self, address, words)
  local reply, failure
  for _ = 1, ATTEMPTS do
    reply, failure = attempt(send, self, { address = address }, words)
    if reply ~= nil then return reply end
    if not failure.is_stale then break end
  end
  return nil, failure.message
end

--- Calls `work(run)` for each master; `run(name, ...)` returns a reply, or nil and a
-- sentence. Ends at the first error.
-- @func work returns true; or nil and a sentence
function Connector:each_master(work)
  local masters, failure = self.topology:masters()
  if not masters then return nil, failure.message end
  for _, address in ipairs(masters) do
    local done, message = work(function(...)
      return run_at(self, address, { ... })
    end)
    if not done then return nil, message end
  end
  return true
end

--- Checks each master again. Returns true; nil and a sentence if one does not respond,
-- or if its `maxmemory-policy` may evict credentials.
function Connector:check()
  return self:each_master(function(run)
    local info, message = run "info"
    if not info then return nil, message end
    message = policy_fault(info)
    return not message or nil, message
  end)
end

-- --- creation ----------------------------------------------------------------

local function single(address)
  local topology = {}
  function topology.address_of() return address end
  function topology.after() return nil end
  function topology.masters() return { address } end
  return topology
end

local function send_query(self, target, words)
  local conn, failure = open(self, target.given, target.address)
  if not conn then return nil, failure end
  local reply
  reply, failure = conn:request(words)
  conn:give_back()
  return reply, failure
end

local function ask(self, target, words)
  local reply, failure = attempt(send_query, self, target, words)
  if failure and failure.is_stale then return send_query(self, target, words) end
  return reply, failure
end

-- Returns a function that asks some addresses, one after the other, until one replies
-- with a list that `is_good(list, address)` accepts. The next call starts with it, not
-- with one that has old knowledge or does not respond. The total time is bounded.
local function asker(self, given)
  local turn = 0
  return function(list, words, is_good)
    local first, last = turn, nil
    local ends = core.clock.monotonic() + given.connect_timeout + given.read_timeout
    for offset = 0, #list - 1 do
      local address = list[(first + offset) % #list + 1]
      local reply, failure = ask(self, { given = given, address = address }, words)
      if type(reply) == "table" and reply[1] and is_good(reply, address) then
        return reply, address
      end
      last, turn = failure or last, turn + 1
      if core.clock.monotonic() >= ends then break end
    end
    return nil, last
  end
end

local function for_sentinels(settings)
  local copy = {}
  for name, value in pairs(settings) do copy[name] = value end
  copy.username, copy.password = settings.sentinel_username, settings.sentinel_password
  copy.database = 0
  return copy
end

local function topology_of(self, settings)
  if settings.sentinels then
    return sentinel.new(settings, asker(self, for_sentinels(settings)))
  elseif settings.nodes then
    return cluster.new(settings, asker(self, settings))
  elseif settings.socket then
    return single { socket = settings.socket, name = settings.socket }
  end
  return single(connection.address(settings.host, settings.port))
end

--- Creates a connector. Raises, at the caller's line, for wrong options.
-- @tparam table given
-- `host` (127.0.0.1) and `port` (6379), or `socket`: the path of a Unix socket, or
-- `sentinels`: a list of "host:port", and `master`: the master's name, or
-- `nodes`: "host:port" of some nodes of a Cluster;
-- `username`, `password`; `sentinel_username`, `sentinel_password`; `database` (0);
-- `tls`: `ca_file`, which nginx's `lua_ssl_trusted_certificate` must be, too, and
-- `server_name`: the name in the servers' certificate (default: the host);
-- `timeout` (5): seconds for each connect, send and receive, or separately
-- `connect_timeout`, `send_timeout` and `read_timeout`;
-- `pool_size` (64) and `idle` (60): connections to keep for each server and worker,
-- and for how many seconds; `backlog`: calls that may wait for a connection when
-- `pool_size` are open (without it, more are opened);
-- `wait_replicas`: see `Connector:durable`
-- @string[opt] where the function's name in messages
function connector.new(given, where)
  where = where or "redis_connector.new"
  local settings = options.at_caller(redis_options.read, given, where)
  if not ngx then
    error(where .. ": works inside nginx only; elsewhere use the option 'connect' of "
      .. "store.redis", 2)
  end
  local self = setmetatable({ given = settings, checked = {}, generations = {},
    wait_replicas = settings.wait_replicas }, Connector)
  self.topology = topology_of(self, settings)
  self.is_cluster = self.topology.is_cluster
  return self
end

return connector
