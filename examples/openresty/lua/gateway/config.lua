--- The settings of a gateway: a JSON file, read when nginx starts and reloads.
--
-- It contains no secrets, only the names of files that contain them.
-- @module gateway.config

local core = require "adobepass.core"
local environment = require "adobepass.api.environment"
local json = require "adobepass.util.json"
local options = require "adobepass.util.options"
local shell = require "adobepass.util.shell"

local config = {}

local FIELDS = { service_provider = "string",
  environment = "string or table", ca_file = "string?",
  statement_file = "string", media_key_file = "string?", redis = "table",
  device_keys = "table", ticket_keys = "table", ticket_seconds = "number?",
  domain_name = "string", redirect_url = "string", activation_url = "string?",
  channels = "table", passes = "table?", timeout = "number?", interval = "number?",
  rate_limit = "boolean?", allow_listed = "boolean?",
  forward_ip_on_registration = "boolean?", forward_traceparent = "boolean?",
  language = "string?", messages = "table?",
  secure_cookies = "boolean?", log_file = "string?" }

local REDIS = { socket = "string?", host = "string?", port = "number?",
  password_file = "string?", database = "number?", timeout = "number?" }

local LEAST_KEY = 32 -- bytes, the length of an HMAC-SHA-256

local function read(path)
  local text = assert(shell.read_file(path))
  return (text:gsub("%s+$", ""))
end

-- The first key signs, all keys verify, so that keys can be rotated while tickets
-- are valid. Keep a device key for as long as a device cookie is valid.
local function read_keys(name, list)
  local keys = {}
  for index, item in ipairs(list) do
    options.check(name, item, { id = "string", file = "string" })
    local secret = read(item.file)
    if #secret < LEAST_KEY or not item.id:find "^[%w_-]+$" then
      error(("%s: '%s' needs an id of letters and digits, and %d bytes or "
        .. "more"):format(name, item.id, LEAST_KEY))
    end
    keys[index] = { id = item.id, secret = secret }
  end
  if #keys == 0 then error(name .. ": at least one key is needed") end
  return keys
end

-- An id is a part of paths and tickets.
local function read_channels(list)
  local channels = { list = list, by_id = {} }
  for _, item in ipairs(list) do
    options.check("channels", item,
      { id = "string", resource = "string", title = "string" })
    if not item.id:find "^[%w_-]+$" then
      error("channels: an id is letters, digits, - and _: " .. item.id)
    end
    channels.by_id[item.id] = item
  end
  return channels
end

local function read_statement(path)
  local statement = read(path)
  if core.jws.peek(statement) then return statement end
  error("statement_file: no software statement is in " .. path)
end

local function read_redis(given)
  options.check("redis", given, REDIS)
  return { socket = given.socket, host = given.host, port = given.port,
    database = given.database,
    password = given.password_file and read(given.password_file),
    timeout = given.timeout or 1 }
end

--- Reads and checks the settings. Raises an error for an invalid one: nginx then
-- does not start, or keeps its settings on a reload.
-- @string path
function config.load(path)
  local given = json.decode(read(path))
  options.check(path, given, FIELDS)
  environment.resolve(given.environment) -- raises what is wrong with it
  return {
    service_provider = given.service_provider,
    environment = given.environment, ca_file = given.ca_file,
    statement = read_statement(given.statement_file),
    media_key = given.media_key_file
      and assert(core.public_key(read(given.media_key_file))),
    redis = read_redis(given.redis),
    device_keys = read_keys("device_keys", given.device_keys),
    ticket_keys = read_keys("ticket_keys", given.ticket_keys),
    ticket_seconds = given.ticket_seconds or 300,
    domain_name = given.domain_name, redirect_url = given.redirect_url,
    activation_url = given.activation_url,
    channels = read_channels(given.channels), passes = given.passes,
    timeout = given.timeout or 8, interval = given.interval or 5,
    rate_limit = given.rate_limit ~= false, allow_listed = given.allow_listed == true,
    forward_ip_on_registration = given.forward_ip_on_registration,
    forward_traceparent = given.forward_traceparent == true,
    language = given.language or "en", messages = given.messages,
    cookie_ending = given.secure_cookies == false
      and "; HttpOnly; SameSite=Strict"
      or "; HttpOnly; SameSite=Strict; Secure",
    log_file = given.log_file or "/dev/stderr",
  }
end

return config
