--- The options of adobepass.store.redis_connector: checks and defaults.
-- @module adobepass.store.redis_options

local connection = require "adobepass.store.redis_connection"
local options = require "adobepass.util.options"

local redis_options = {}

local SECONDS = options.number(0.001, 3600)
local LIST = options.one_or_more("string", true)

--- The options, for options.check.
redis_options.FIELDS = { host = "string?", port = "number?", socket = "string?",
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

-- Each of these functions returns what is wrong with some options; nil for nothing.

local function place_fault(given)
  local places = 0
  for _, is_given in ipairs { given.host or given.port or false,
    given.socket or false, given.sentinels or false, given.nodes or false } do
    places = places + (is_given and 1 or 0)
  end
  if places > 1 then
    return "use only one of these: socket; host and port; sentinels; nodes"
  elseif given.sentinels and not given.master then
    return "the option 'sentinels' needs 'master', the name that the Sentinels "
      .. "have for it"
  elseif given.master and not given.sentinels then
    return "the option 'master' needs 'sentinels', the addresses of the Sentinels"
  elseif given.nodes and (given.database or 0) ~= 0 then
    return "a Cluster has database 0 only; remove the option 'database'"
  end
end

local function address_fault(given)
  if given.host and given.host:find("@", 1, true) then
    return ("host: expected a name or an address, got %q"):format(
      options.without_user(given.host))
  end
  for _, name in ipairs { "sentinels", "nodes" } do
    for _, text in ipairs(options.list(given[name])) do
      if text:find("@", 1, true) or not connection.parse(text) then
        return ("%s: expected \"host:port\", got %q"):format(name,
          options.without_user(text))
      end
    end
  end
end

local function password_fault(given)
  for _, prefix in ipairs { "", "sentinel_" } do
    local user, password = prefix .. "username", prefix .. "password"
    if given[user] and not given[password] then
      return ("the option '%s' needs '%s'"):format(user, password)
    end
  end
end

local function tls_fault(given)
  local tls = given.tls
  if not tls then return nil end
  local file, message = io.open(tls.ca_file, "rb")
  if not file then return "tls.ca_file: " .. message end
  local text = file:read "*a"
  file:close()
  if not (text or ""):find("BEGIN CERTIFICATE", 1, true) then
    return ("tls.ca_file: %s contains no certificate in PEM"):format(tls.ca_file)
  elseif given.socket and not tls.server_name then
    return "tls.server_name is missing: a socket has no host name to compare with "
      .. "the certificate"
  end
end

local function addresses(list)
  local found = {}
  for index, text in ipairs(options.list(list)) do
    found[index] = connection.parse(text)
  end
  return found
end

local function with_defaults(given)
  local settings, timeout = {}, given.timeout or 5
  for name, value in pairs(given) do settings[name] = value end
  settings.host = given.host or "127.0.0.1"
  settings.port = given.port or 6379
  settings.sentinels = given.sentinels and addresses(given.sentinels)
  settings.nodes = given.nodes and addresses(given.nodes)
  settings.database = given.database or 0
  settings.connect_timeout = given.connect_timeout or timeout
  settings.send_timeout = given.send_timeout or timeout
  settings.read_timeout = given.read_timeout or timeout
  settings.idle = given.idle or 60
  settings.pool_size = given.pool_size or 64
  return settings
end

--- Returns the options with defaults; `sentinels` and `nodes` are lists of
-- addresses. Raises for wrong options.
-- @tparam table given
-- @string where the function's name in messages
function redis_options.read(given, where)
  options.check(where, given, redis_options.FIELDS)
  if given.tls then options.check(where .. ": tls", given.tls, TLS) end
  local fault = place_fault(given) or address_fault(given)
    or password_fault(given) or tls_fault(given)
  if fault then error(where .. ": " .. fault) end
  return with_defaults(given)
end

return redis_options
