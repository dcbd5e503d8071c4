--- One connection to one Redis server, from a pool of nginx: TLS, authentication,
-- timeouts, commands.
--
-- A failure is a table:
--
--   message      a sentence, without a secret
--   word         the first word of an error of Redis: OOM, MOVED, ...; or nil
--   text         that whole error, which may quote arguments: never shown
--   is_unknown   the command was sent, and no reply was received
--   is_stale     the connection was from the pool, and it was already closed
--
-- @module adobepass.store.redis_connection

-- luacheck: globals ngx

local protocol = require "adobepass.store.redis_protocol"

local connection = {}

local Connection = {}
Connection.__index = Connection

-- --- addresses ---------------------------------------------------------------

--- Returns the address of a host and a port.
function connection.address(host, port)
  port = tonumber(port)
  return { host = host, port = port, name = ("%s:%d"):format(host, port) }
end

--- Parses `host:port` or `[host]:port`, where `host` may be an IPv6 address; nil
-- for anything else.
function connection.parse(text)
  local host, port = tostring(text):match "^(.+):(%d+)$"
  port = tonumber(port)
  if not host or port < 1 or port > 65535 then return nil end
  return connection.address(host:match "^%[(.*)%]$" or host, port)
end

-- --- failures ----------------------------------------------------------------

-- Before Redis 7, an error within a script starts with ERR and contains the error's
-- own word after a minus.
local function word_of(text)
  local word = text:match "^%u+"
  if word ~= "ERR" then return word end
  return text:match "^ERR Error running script.-%-(%u+) " or word
end

local MEANING = {
  READONLY = "This server is a replica.", LOADING = "It is loading its data.",
  OOM = "It has reached its maxmemory.",
  NOREPLICAS = "It has fewer replicas than its min-replicas-to-write.",
  CLUSTERDOWN = "A part of the Cluster has no master.",
  MASTERDOWN = "This replica has no master.",
  NOPERM = "The ACL user has no right to this command or key.",
  NOAUTH = "Set the option password.",
  WRONGPASS = "Check the options username and password.",
}

local function refused(command, text)
  local word = word_of(text)
  local message = ("Redis refused %s: %s."):format(command:upper(),
    word or "an error")
  if MEANING[word] then message = message .. " " .. MEANING[word] end
  return { word = word, text = text, message = message }
end

local function lost(command, reason)
  return { is_unknown = true, message = ("Redis did not respond to %s: %s.")
    :format(command:upper(), tostring(reason)) }
end

-- --- opening -----------------------------------------------------------------

local function connect(socket, given, address, pool)
  local options = { pool = pool, pool_size = given.pool_size,
    backlog = given.backlog }
  local done, reason
  if address.socket then
    done, reason = socket:connect("unix:" .. address.socket, options)
  else
    local host = address.host
    if host:find(":", 1, true) then host = "[" .. host .. "]" end
    done, reason = socket:connect(host, address.port, options)
  end
  if done then return true end
  return nil, { message = ("Redis cannot be reached: %s."):format(
    tostring(reason)) }
end

local NOT_ACCEPTED = "the certificate was not accepted"

-- If the certificate is refused within the first call, lua-nginx-module closes the
-- connection, but returns true: https://github.com/openresty/lua-nginx-module/pull/2506
local function handshake(socket, name)
  local done, reason = socket:sslhandshake(false, name, true)
  if not done then return nil, tostring(reason) end
  if socket:getreusedtimes() then return true end
  return nil, NOT_ACCEPTED
end

-- Debian's nginx has trusted authorities only in its configuration: a cosocket has no
-- option for them.
local ADVICE = " nginx's lua_ssl_trusted_certificate must be tls.ca_file, and "
  .. "tls.server_name a name in the certificate."

local function encrypt(socket, tls, address)
  local name = tls.server_name or address.host
  local done, reason = handshake(socket, name)
  if done then return true end
  return nil, { message = ("TLS with Redis failed for the name %s: %s.%s"):format(
    name, reason, reason:find "certificate" and ADVICE or "") }
end

-- Sends AUTH and SELECT, if the options need them.
local function authenticate(self, given)
  local done, failure = true, nil
  if given.username then
    done, failure = self:run { "auth", given.username, given.password }
  elseif given.password then
    done, failure = self:run { "auth", given.password }
  end
  if done and given.database ~= 0 then
    done, failure = self:run { "select", given.database }
  end
  return done, failure
end

local function prepare(self, given, address)
  if given.tls then
    local done, failure = encrypt(self.socket, given.tls, address)
    if not done then return nil, failure end
  end
  return authenticate(self, given)
end

--- Opens a connection, or takes one from the pool.
-- @tparam table given the options of adobepass.store.redis_connector
-- @tparam table address `host` and `port`, or `socket`
-- @string pool its name
-- @return[1] the connection; `is_reused` if it is from the pool
-- @return[2] nil and a failure
function connection.open(given, address, pool)
  local socket = ngx.socket.tcp()
  socket:settimeouts(given.connect_timeout * 1000, given.send_timeout * 1000,
    given.read_timeout * 1000)
  local done, failure = connect(socket, given, address, pool)
  if not done then return nil, failure end
  local self = setmetatable({ socket = socket, given = given,
    is_reused = socket:getreusedtimes() > 0 }, Connection)
  if self.is_reused then return self end
  done, failure = prepare(self, given, address)
  if done then return self end
  self:close()
  failure.is_unknown = false -- of AUTH or SELECT; the caller's command was not sent
  return nil, failure
end

-- --- commands ----------------------------------------------------------------

--- Sends one command.
-- @tparam table words the command and its arguments
-- @return[1] its reply; false for null
-- @return[2] nil and a failure
function Connection:run(words)
  local sent, reason = self.socket:send(protocol.encode(words))
  if not sent then
    self.is_broken = true
    return nil, lost(words[1], reason)
  end
  local reply, why, is_refused = protocol.read(self.socket)
  if reply ~= nil then return reply end
  if is_refused then return nil, refused(words[1], why) end
  self.is_broken = true
  return nil, lost(words[1], why)
end

-- These have the same effect when they run twice.
local REPEATABLE = { get = true, del = true, info = true, sentinel = true,
  cluster = true }

--- Sends one command. If the connection is from the pool, first checks that it is
-- still open: a firewall or proxy may have dropped it without a notice, and then
-- the caller cannot know whether the command was executed.
-- @tparam table words
-- @return as for `run`
function Connection:request(words)
  if self.is_reused and not REPEATABLE[words[1]] then
    local reply, failure = self:run { "ping" }
    if not reply then
      failure.is_stale, failure.is_unknown = self.is_broken, false
      return nil, failure
    end
  end
  local reply, failure = self:run(words)
  if reply == nil and self.is_broken and self.is_reused
      and REPEATABLE[words[1]] then
    failure.is_stale, failure.is_unknown = true, false
  end
  return reply, failure
end

-- Redis must respond before the socket's own timeout.
local WAIT_PART = 0.5

--- Waits until replicas have the writes of this connection.
-- @number replicas how many
-- @return[1] true
-- @return[2] nil and a failure
function Connection:await_replicas(replicas)
  local ms = math.floor(self.given.read_timeout * WAIT_PART * 1000)
  local count, failure = self:run { "wait", replicas, math.max(1, ms) }
  if not count then return nil, failure end
  if count >= replicas then return true end
  return nil, { is_unknown = true, message = ("Redis: only %d of %d replicas "
    .. "confirmed a write in time; a failover may lose it."):format(count, replicas) }
end

--- Returns the connection to its pool, or closes it if it is broken.
function Connection:give_back()
  if self.is_broken then return self:close() end
  self.socket:setkeepalive(self.given.idle * 1000, self.given.pool_size)
end

function Connection:close() self.socket:close() end

return connection
