--- The settings of a gateway: a JSON file and environment variables, read when nginx
-- starts and reloads.
--
-- A variable is GATEWAY_ and the name of a setting in upper case, or GATEWAY_REDIS_ and
-- the name of a field of `redis`. It replaces the setting of the file. Lists and
-- objects are JSON. A secret is in a file that a setting names, or in a variable. It is
-- not in the settings file, nor in an argument, which other users of the host can read.
-- @module gateway.config

local core = require "adobepass.core"
local environment = require "adobepass.api.environment"
local json = require "adobepass.util.json"
local login_poll = require "adobepass.flow.login_poll"
local options = require "adobepass.util.options"
local redis_options = require "adobepass.store.redis_options"
local shared_addresses = require "gateway.shared_addresses"
local shell = require "adobepass.util.shell"

local config = {}

local FIELDS = { service_provider = "string",
  environment = "string or table", ca_file = "string?",
  statement_file = "string?", media_key_file = "string?", redis = "table",
  device_keys = "table", ticket_keys = "table", ticket_seconds = "number?",
  cdn = "table?",
  domain_name = "string", redirect_url = "string", activation_url = "string?",
  channels = "table", passes = "string or table?", timeout = "number?",
  interval = "number?",
  rate_limit = "boolean or table?", shared_addresses = "table?",
  allow_listed = "boolean?",
  forward_ip_on_registration = "boolean?", forward_traceparent = "boolean?",
  language = "string?", messages = "table?",
  secure_cookies = "boolean?", log_file = "string?" }

-- The options of the Redis connector, which checks their values; with files in place of
-- the passwords.
local REDIS = { password_file = "string?", sentinel_password_file = "string?",
  sentinels = "table?", nodes = "table?" }
for name, kind in pairs(redis_options.FIELDS) do
  if not name:find "password$" then
    REDIS[name] = REDIS[name] or type(kind) == "string" and kind or "number?"
  end
end

-- Values that are more than a type. adobepass.new checks those of its options.
local VALUES = { ticket_seconds = options.number(1, 86400, true),
  interval = options.number(login_poll.LEAST_INTERVAL, 600),
  passes = options.one_or_more("string", true) }

local LEAST_KEY = 32 -- bytes, the length of an HMAC-SHA-256

-- An id is a part of paths, cookies and tickets, and unique in its list.
local function check_id(name, id, known)
  if not id:find "^[%w_-]+$" then
    error(("%s: invalid id '%s': expected letters, digits, - and _"):format(name, id))
  elseif known[id] then
    error(("%s: duplicate id '%s': expected a different id for each"):format(name, id))
  end
end

-- Returns the text of the file that a setting names.
local function read(name, path)
  local text, message = shell.read_file(path)
  if not text then error(("%s: cannot read the file: %s"):format(name, message)) end
  return (text:gsub("%s+$", ""))
end

-- Returns the text of an environment variable in the type of a setting.
local function parse(variable, text, kind)
  local value = text
  if kind:find "boolean" and not text:find "^%s*{" then
    value = ({ ["true"] = true, ["false"] = false })[text]
  elseif kind:find "number" then
    value = tonumber(text)
  elseif kind:find "table" and (kind == "table" or kind == "table?"
      or text:find "^%s*[%[{]") then
    value = json.decode(text)
    if type(value) ~= "table" then value = nil end
  end
  if value ~= nil then return value end
  error(("%s: expected a %s"):format(variable, kind:gsub("%?$", "")
    :gsub("table", "list or object in JSON")))
end

-- Returns the settings with those of the environment.
local function with_environment(given, prefix, fields, getenv)
  local result = {}
  for name, value in pairs(given) do result[name] = value end
  for name, kind in pairs(fields) do
    local variable = prefix .. name:upper()
    local text = getenv(variable)
    if text and text ~= "" then result[name] = parse(variable, text, kind) end
  end
  return result
end

-- Returns a secret of a variable, or of the file that the setting `<name>_file` names.
local function secret(where, name, given, getenv)
  local variable = "GATEWAY_" .. (where .. name):upper()
  local text, path = getenv(variable), given[name .. "_file"]
  if text and text ~= "" then return text, variable end
  if path then
    local setting = (where .. name):gsub("^redis_", "redis.") .. "_file"
    return read(setting, path), setting
  end
end

-- The first key signs, all keys verify, so that keys can be rotated while tickets
-- are valid. Keep a device key for as long as a device cookie is valid.
local function read_keys(name, list, getenv)
  local keys, known = {}, {}
  for index, item in ipairs(list) do
    options.check(name, item, { id = "string", file = "string?",
      variable = "string?" })
    local text = item.variable and getenv(item.variable) or ""
    if item.file then text = read(name, item.file) end
    check_id(name, item.id, known)
    known[item.id] = true
    if #text < LEAST_KEY then
      error(("%s: the key '%s' is shorter than %d bytes: create one with "
        .. "'openssl rand -hex 32'"):format(name, item.id, LEAST_KEY))
    end
    keys[index] = { id = item.id, secret = text }
  end
  if #keys == 0 then error(name .. ": the list is empty: add a key") end
  return keys
end

local function read_channels(list)
  local channels = { list = list, by_id = {} }
  for _, item in ipairs(list) do
    options.check("channels", item,
      { id = "string", resource = "string", title = "string" })
    check_id("channels", item.id, channels.by_id)
    channels.by_id[item.id] = item
  end
  return channels
end

local function read_statement(given, getenv)
  local statement, where = secret("", "statement", given, getenv)
  if not statement then
    error("statement_file: missing setting: set it to the path of the software "
      .. "statement, or set the variable GATEWAY_STATEMENT to the statement")
  elseif core.jws.peek(statement) then
    return statement
  end
  error(where .. ": expected a software statement, as the TVE Dashboard provides it")
end

-- Returns options of the connector.
local function read_redis(given, getenv)
  given = with_environment(given, "GATEWAY_REDIS_", REDIS, getenv)
  options.check("redis", given, REDIS)
  local settings = {}
  for name in pairs(redis_options.FIELDS) do settings[name] = given[name] end
  settings.password = secret("redis_", "password", given, getenv)
  settings.sentinel_password = secret("redis_", "sentinel_password", given, getenv)
  settings.timeout = given.timeout or 1
  return settings
end

local function read_cdn(given, getenv)
  options.check("cdn", given, { url = "string", issuer = "string", keys = "table" })
  if not given.url:find "^https?://[^/?#]+$" then
    error("cdn: invalid url: expected a scheme and a host only, got " .. given.url)
  end
  return { url = given.url, issuer = given.issuer,
    keys = read_keys("cdn.keys", given.keys, getenv) }
end

-- Numbers for adobepass.policy.rate_limiter.
local LIMIT = { rate = options.number(0.001, 1e6),
  burst = options.number(1, 1e6, true) }
local SHARED = { networks = "table", rate = LIMIT.rate, burst = LIMIT.burst }

-- Returns the options of gateway.rate_limit; false if requests are not limited.
local function read_rate_limit(given, shared, is_listed)
  if given == false then return false end
  given = options.check("rate_limit", type(given) == "table" and given or {}, LIMIT)
  return { rate = given.rate, burst = given.burst, shared = shared,
    is_listed = is_listed }
end

local function read_shared(given)
  given = options.check("shared_addresses", given or { networks = {} }, SHARED)
  return { rate = given.rate, burst = given.burst,
    contains = shared_addresses.new(given.networks) }
end

local function check_values(given)
  local chosen = {}
  for name in pairs(VALUES) do chosen[name] = given[name] end
  options.check("settings", chosen, VALUES)
  if given.ca_file
      and not read("ca_file", given.ca_file):find("-----BEGIN ", 1, true) then
    error("ca_file: expected certificates in PEM in " .. given.ca_file)
  end
end

local function settings_of(path, getenv)
  local given = path == "" and {} or json.decode(read("settings", path))
  if type(given) ~= "table" then
    error("settings: expected a JSON object in " .. path)
  end
  given = with_environment(given, "GATEWAY_", FIELDS, getenv)
  given.redis = given.redis or {}
  return options.check(path == "" and "settings" or path, given, FIELDS)
end

local function set_of(list)
  local set = {}
  for _, item in ipairs(list or {}) do set[item] = true end
  return set
end

--- Reads and checks the settings. Raises an error for an invalid one: nginx then
-- does not start, or keeps its settings on a reload.
-- @string path of the file; "" for environment variables alone
-- @tparam[opt=os.getenv] function getenv
function config.load(path, getenv)
  getenv = getenv or os.getenv
  local given = settings_of(path, getenv)
  environment.resolve(given.environment) -- raises for an invalid environment
  check_values(given)
  local shared = read_shared(given.shared_addresses)
  local passes = given.passes and options.list(given.passes)
  return {
    service_provider = given.service_provider,
    environment = given.environment, ca_file = given.ca_file,
    statement = read_statement(given, getenv),
    media_key = given.media_key_file
      and assert(core.public_key(read("media_key_file",
        given.media_key_file))),
    redis = read_redis(given.redis, getenv),
    device_keys = read_keys("device_keys", given.device_keys, getenv),
    ticket_keys = read_keys("ticket_keys", given.ticket_keys, getenv),
    ticket_seconds = given.ticket_seconds or 300,
    cdn = given.cdn and read_cdn(given.cdn, getenv),
    domain_name = given.domain_name, redirect_url = given.redirect_url,
    activation_url = given.activation_url,
    channels = read_channels(given.channels),
    passes = passes, is_pass = set_of(passes),
    timeout = given.timeout or 8, interval = given.interval or 5,
    rate_limit = read_rate_limit(given.rate_limit, shared, given.allow_listed),
    is_shared = shared.contains,
    forward_ip_on_registration = given.forward_ip_on_registration,
    forward_traceparent = given.forward_traceparent == true,
    language = given.language or "en", messages = given.messages,
    cookie_ending = given.secure_cookies == false
      and "; HttpOnly; SameSite=Strict"
      or "; HttpOnly; SameSite=Strict; Secure",
    log_file = given.log_file,
  }
end

return config
