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
local sentinel = require "adobepass.store.redis_sentinel"

local unpack = table.unpack or unpack -- luacheck: std max

local connector = {}

local Connector = {}
Connector.__index = Connector

local SECONDS = options.number(0.001, 3600)
local LIST = options.one_or_more("string", true)

--- The options of `connector.new`, for options.check.
connector.FIELDS = { host = "string?", port = "number?", socket = "string?",
  sentinels = LIST, master = "string?", nodes = LIST,
  username = "string?", password = "string?",
  sentinel_username = "string?", sentinel_password = "string?",
  database = options.number(0, 1e6, true), tls = "table?",
  timeout = SECONDS, connect_timeout = SECONDS, send_timeout = SECONDS,
  read_timeout = SECONDS, idle = SECONDS,
  pool_size = options.number(1, 1e5, true),
  backlog = options.number(0, 1e6, true),
  wait_replicas = options.number(1, 100, true) }

local TLS = { ca_file = "string", server_name = "string?" }

-- --- options -----------------------------------------------------------------

local function check_place(given)
  local places = 0
  for _, is_given in ipairs { given.host or given.port or false,
    given.socket or false, given.sentinels or false, given.nodes or false } do
    places = places + (is_given and 1 or 0)
  end
  if places > 1 then
    error("give either socket, or host and port, or sentinels, or nodes")
  elseif not given.sentinels ~= not given.master then
    error("give sentinels and master together")
  elseif given.nodes and (given.database or 0) ~= 0 then
    error("a Cluster has only the database 0")
  end
end

local function check_names(given)
  if given.username and not given.password then
    error("username needs a password")
  elseif given.sentinel_username and not given.sentinel_password then
    error("sentinel_username needs a sentinel_password")
  end
end

local function check_tls(given)
  local tls = given.tls
  if not tls then return end
  options.check("tls", tls, TLS)
  local file, message = io.open(tls.ca_file, "rb")
  if not file then error("tls.ca_file: " .. message) end
  local text = file:read "*a"
  file:close()
  if not (text or ""):find("BEGIN CERTIFICATE", 1, true) then
    error("tls.ca_file: no certificate is in " .. tls.ca_file)
  elseif given.socket and not tls.server_name then
    error("tls.server_name is needed with a socket")
  end
end

local function addresses(name, list)
  local found = {}
  for index, text in ipairs(options.list(list)) do
    found[index] = connection.parse(text)
    if not found[index] then
      error(("%s: expected \"host:port\", got %q"):format(name, text))
    end
  end
  return found
end

local function with_defaults(given)
  local timeout = given.timeout or 5
  return {
    username = given.username, password = given.password,
    database = given.database or 0, tls = given.tls, master = given.master,
    sentinels = given.sentinels and addresses("sentinels", given.sentinels),
    nodes = given.nodes and addresses("nodes", given.nodes),
    connect_timeout = given.connect_timeout or timeout,
    send_timeout = given.send_timeout or timeout,
    read_timeout = given.read_timeout or timeout,
    idle = given.idle or 60, pool_size = given.pool_size or 64,
    backlog = given.backlog, wait_replicas = given.wait_replicas,
  }
end

local function prepare(given, where)
  options.check(where, given, connector.FIELDS)
  local good, message = pcall(function()
    check_place(given)
    check_names(given)
    check_tls(given)
    return with_defaults(given)
  end)
  if not good then
    error(where .. ": " .. tostring(message):gsub("^[^:]+:%d+: ", ""))
  end
  if not ngx then
    error(where .. ": give the option 'connect', or call it inside nginx")
  end
  return message
end

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
    warn("maxmemory-policy was not checked: this user of Redis may not run INFO.")
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

local function verify(self, address, info)
  local fault, role = policy_fault(info), info:match "role:(%S+)"
  if fault then
    return nil, { message = fault }
  elseif role ~= "master" and self.topology.wants_master then
    return nil, { word = "READONLY",
      message = "Sentinel named a server that is not the master." }
  end
  self.checked[address.name] = true
  return true
end

-- Checks each server once, and each new connection to a master that Sentinel named:
-- https://redis.io/docs/reference/sentinel-clients
local function check(self, conn, address)
  local is_known = self.checked[address.name]
  if is_known and (conn.is_reused or not self.topology.wants_master) then
    return true
  end
  local info, failure = read_info(self, conn, address)
  if info == false then return true end
  if not info then return nil, failure end
  return verify(self, address, info)
end

local function open_checked(self, address)
  local conn, failure = open(self, self.given, address)
  if not conn then return nil, failure end
  local done
  done, failure = check(self, conn, address)
  if done then return conn end
  failure.is_stale = conn.is_broken and conn.is_reused
  failure.is_unknown = false
  conn:close()
  return nil, failure
end

-- --- commands ----------------------------------------------------------------

local function attempt(self, target, words, is_durable)
  local conn, failure = open_checked(self, target.address)
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
  conn:give_back()
  return reply, failure
end

local function forget_pool(self, address)
  self.generations[address.name] = (self.generations[address.name] or 0) + 1
end

-- Returns where to send a command again; nil if it must not be.
local function next_target(self, failure, target, key)
  if failure.is_stale then
    forget_pool(self, target.address)
    return target
  end
  local address, is_asking = self.topology:after(failure, target.address, key)
  if failure.is_unknown or not address then return nil end
  return { address = address, is_asking = is_asking }
end

local ATTEMPTS = 5

local function perform(self, key, words, is_durable)
  local address, failure = self.topology:address_of(key)
  if not address then return nil, failure.message end
  local target = { address = address }
  for _ = 1, ATTEMPTS do
    local reply
    reply, failure = attempt(self, target, words, is_durable)
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
    reply, failure = attempt(self, { address = address }, words)
    if reply ~= nil then return reply end
    if not failure.is_stale then break end
    forget_pool(self, address)
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

local function ask(self, given, address, words)
  local conn, failure = open(self, given, address)
  if not conn then return nil, failure end
  local reply
  reply, failure = conn:request(words)
  conn:give_back()
  return reply, failure
end

-- Returns a function that asks some addresses, one after the other, until one replies
-- with a list. The next call does not start with one that failed. The total time is
-- bounded: when many do not respond, later calls ask the others.
local function asker(self, given)
  local turn = 0
  return function(list, words)
    local first, last = turn, nil
    local ends = core.clock.monotonic() + given.connect_timeout + given.read_timeout
    for offset = 0, #list - 1 do
      local address = list[(first + offset) % #list + 1]
      local reply, failure = ask(self, given, address, words)
      if type(reply) == "table" and reply[1] then return reply, address end
      last, turn = failure or last, turn + 1
      if core.clock.monotonic() >= ends then break end
    end
    return nil, last
  end
end

local function for_sentinels(given, settings)
  local copy = {}
  for name, value in pairs(settings) do copy[name] = value end
  copy.username, copy.password = given.sentinel_username, given.sentinel_password
  copy.database = 0
  return copy
end

local function topology_of(self, given)
  local settings = self.given
  if settings.sentinels then
    return sentinel.new(settings, asker(self, for_sentinels(given, settings)))
  elseif settings.nodes then
    return cluster.new(settings, asker(self, settings))
  elseif given.socket then
    return single { socket = given.socket, name = given.socket }
  end
  return single(connection.address(given.host or "127.0.0.1",
    given.port or 6379))
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
  local settings = options.at_caller(prepare, given,
    where or "redis_connector.new")
  local self = setmetatable({ given = settings, checked = {},
    generations = {} }, Connector)
  self.topology = topology_of(self, given)
  self.is_cluster = self.topology.is_cluster
  self.wait_replicas = settings.wait_replicas
  return self
end

-- --- clients of the application ------------------------------------------------

-- `reply` is nil for a lost connection and false for an error of Redis.
local function explain(name, reply, reason)
  if reply == false then
    return ("Redis refused %s: %s."):format(name:upper(),
      tostring(reason):match "^%u+" or "an error")
  end
  return ("Redis did not respond to %s: %s."):format(name:upper(),
    tostring(reason))
end

local function run_client(client, name, ...)
  local reply, reason = client[name](client, ...)
  if reply == false or (reply == nil and reason) then
    return nil, explain(name, reply, reason)
  end
  if reply == nil or type(reply) == "userdata" then return false end
  return reply
end

local function with_client(connect, work)
  local client, message = connect()
  if not client then return nil, message or "Redis cannot be reached." end
  local reply, reason = work(function(...) return run_client(client, ...) end)
  if reply ~= nil and client.set_keepalive then
    client:set_keepalive(60000, 64)
  elseif client.close then
    client:close()
  end
  return reply, reason
end

--- Creates a connector from clients of the application, with the methods of
-- lua-resty-redis.
-- @func connect returns a client, or nil and a sentence
function connector.of_clients(connect)
  local self = {}
  function self.command(_, _, ...)
    local words, count = { ... }, select("#", ...)
    return with_client(connect, function(run)
      return run(unpack(words, 1, count))
    end)
  end
  self.durable = self.command
  function self.each_master(_, work) return with_client(connect, work) end
  return self
end

return connector
