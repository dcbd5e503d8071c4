--- Adobe Pass Authentication (TV Everywhere) for Lua.
-- @module adobepass

require "adobepass.util.core_check" -- before the core is required
local circuit_breaker = require "adobepass.policy.circuit_breaker"
local client = require "adobepass.client"
local core = require "adobepass.core"
local device = require "adobepass.device"
local environment = require "adobepass.api.environment"
local errors = require "adobepass.api.errors"
local field = require "adobepass.device.field"
local identity = require "adobepass.util.identity"
local options = require "adobepass.util.options"
local platform = require "adobepass.device.platform"
local rate_limiter = require "adobepass.policy.rate_limiter"
local retry = require "adobepass.policy.retry"
local server_clock = require "adobepass.policy.server_clock"

local adobepass = { version = core.version }

-- Loads a module at its first use, because some work only in a host such as nginx.
local function on_demand(kind, names)
  local prefix = "adobepass." .. kind .. "."
  return setmetatable({}, { __index = function(self, name)
    if not names[name] then
      error(("adobepass.%s: there is no %s '%s'%s"):format(kind, kind, tostring(name),
        options.suggest(name, names)), 2)
    end
    local made = require(prefix .. name)
    rawset(self, name, made)
    return made
  end })
end

--- The stores: `memory`, `file`, `shdict`, `redis`. Any table with the same
-- methods is a store, too.
adobepass.store = on_demand("store", { memory = true, file = true, shdict = true,
  redis = true })

--- Reads and checks the X-Device-Info of a device: see adobepass.device.
adobepass.device = device

--- The drivers: `block`, `tick`, `ngx`, `luv`, `cqueues`.
adobepass.driver = on_demand("driver", { block = true, tick = true, ngx = true,
  luv = true, cqueues = true })

local FIELDS = {
  service_provider = "string", software_statement = "string?",
  redirect_uri = "string?", redirect_url = "string?", domain_name = "string?",
  activation_url = "string?", management = "table?", environment = "string or table",
  device = "table?", identity = "table?", store = "table?", driver = "table?",
  on_event = "function?", on_request = "function?",
  timeout = options.number(0.001, 3600), http = "table?",
  transport = "table or userdata?", rate_limit = "table or boolean?",
  forward_ip_on_registration = "boolean?",
  retry = "table?", circuit_breaker = "table or boolean?",
  token_margin = options.number(0, 86400), token_jitter = options.number(0, 86400),
  random = "function?", language = "string?", messages = "table?",
  record = "string?",
}

local DEVICE_ID = "device_id"

local METHODS = {
  store = { "get", "set", "add", "replace", "delete" },
  driver = { "wait", "sleep", "now" },
  rate_limit = { "reserve", "cancel", "penalize", "barred_for" } }

local function check_methods(where, name, value)
  for _, method in ipairs(METHODS[name]) do
    if type(value[method]) ~= "function" then
      error(("%s: %s has no method '%s'"):format(where, name, method))
    end
  end
  return value
end

local function check_statement(statement, name)
  if not statement or core.jws.peek(statement) then return statement end
  error("adobepass.new: " .. name .. " is not a JWT; copy the whole text "
    .. "from the TVE Dashboard")
end

local function check_management(given)
  if not given then return nil end
  options.check("adobepass.new: management", given,
    { software_statement = "string" })
  return { statement = check_statement(given.software_statement,
    "management.software_statement") }
end

local function check_identity(given)
  identity.check("adobepass.new: identity", given)
  for name, value in pairs(given or {}) do
    if value and type(value) ~= "function" then field.encode(name, value) end
  end
  return given
end

local function check_redirect(uri)
  if not uri or uri:find "^%a[%w+.-]*:[^%s%c]+$" then return uri end
  error(("adobepass.new: redirect_uri should be a URI such as "
    .. "adobepass://com.programmer, not '%s'"):format(options.shown(uri)))
end

local function check_provider(id)
  if id:find "^[^%c/]+$" and id:find "[^.]" and #id <= 128 then return id end
  error(("adobepass.new: service_provider should be an id from the TVE "
    .. "Dashboard such as REF30, not '%s'"):format(options.shown(id)))
end

local function check_language(name)
  if not name or errors.is_language(name) then return name or "en" end
  error(("adobepass.new: language should be en or es, not '%s'"):format(
    options.shown(name)))
end

-- Adobe may add codes, so any name is accepted.
local function check_messages(given)
  for code, text in pairs(given or {}) do
    if type(code) ~= "string" or type(text) ~= "string" or text == "" then
      error("adobepass.new: messages should be a table from an error's code to "
        .. "a text")
    end
  end
  return given or {}
end

-- The options of core.http.new, for suggestions.
local HTTP = {}
for name in ([[allow_http ca_file ca_path client_cert client_key client_key_password
  compression connect_timeout dns_cache http2 max_body max_connections max_headers
  max_host_connections min_tls pinned_public_key proxy resolve timeout
  user_agent]]):gmatch "%S+" do HTTP[name] = true end

local function check_http_names(given)
  for name in pairs(given) do
    if not HTTP[name] then
      error(("adobepass.new: http: unknown option '%s'%s"):format(tostring(name),
        options.suggest(name, HTTP)))
    end
  end
end

-- Creates a transport and closes it, so that wrong options raise here and not at the
-- first request.
local function check_http(http)
  check_http_names(http)
  local good, transport = pcall(core.http.new, http)
  if not good then
    error("adobepass.new: http: "
      .. tostring(transport):gsub("^bad argument #1 to '.-' %((.*)%)$", "%1"))
  end
  if transport then transport:close() end
  return http
end

-- Jitter protects no secret, so math.random is enough where the system has no
-- source of randomness.
local function usual_chance()
  local bytes = core.random.bytes(2)
  if not bytes then return math.random() end
  local high, low = bytes:byte(1, 2)
  return (high * 256 + low) / 65536
end

local function http_of(given)
  local http = {}
  for name, value in pairs(given or {}) do http[name] = value end
  http.user_agent = http.user_agent or "adobepass-lua/" .. core.version
  return http
end

-- The workers of a gateway may share one rate limiter, for example in Redis.
local function rate_limit_of(given)
  if type(given) == "table" and given.reserve then
    return check_methods("adobepass.new", "rate_limit", given)
  end
  if given == true then given = nil end
  return rate_limiter.new(given)
end

local function create_recording(path)
  local recording = require "adobepass.util.recording"
  local made, message = recording.create(path)
  if made then made, message = recording.open(path) end
  if not made then error("adobepass.new: record: " .. message) end
  return made
end

local function share(given)
  local driver = check_methods("adobepass.new", "driver",
    given.driver or adobepass.driver.block())
  return {
    service_provider = check_provider(given.service_provider),
    statement = check_statement(given.software_statement,
      "software_statement"),
    management = check_management(given.management),
    redirect_uri = check_redirect(given.redirect_uri),
    defaults = { redirect_url = given.redirect_url,
      domain_name = given.domain_name, activation_url = given.activation_url },
    identity = check_identity(given.identity),
    origins = environment.resolve(given.environment),
    store = check_methods("adobepass.new", "store",
      given.store or adobepass.store.memory()),
    driver = driver, on_event = given.on_event, on_request = given.on_request,
    timeout = given.timeout or 30,
    http = check_http(http_of(given.http)),
    transport = given.transport,
    rate_limit = rate_limit_of(given.rate_limit),
    forward_ip_on_registration = given.forward_ip_on_registration,
    retry = retry.new(given.retry), chance = given.random or usual_chance,
    circuit_breaker = circuit_breaker.new(given.circuit_breaker),
    language = check_language(given.language),
    messages = check_messages(given.messages),
    token_margin = given.token_margin,
    token_jitter = given.token_jitter,
    clock = server_clock.new { monotonic = driver.now,
      wall = (driver.clock or core.clock).wall },
  }
end

local function new(given)
  options.check("adobepass.new", given, FIELDS)
  local made = client.new(share(given))
  if given.device then made = made:device(given.device) end
  -- Last: it replaces an older recording, so no other option may raise after it.
  if given.record then
    made.context.connection:record(create_recording(given.record))
  end
  return made
end

--- Creates a client. Raises, at the caller's line, for an option that is
-- unknown or wrong.
--
-- @tparam table given
--
-- * `service_provider`, `environment` (a name, or `{ api = url, mgmt = url }`)
-- * `software_statement`: needed once, to register; `redirect_uri` with it
-- * `management`: `{ software_statement = ... }` of another application, whose
--   credentials management calls use (`reset_temp_pass`); default: this one's
-- * `redirect_url`, `domain_name`, `activation_url`: defaults for login and logout,
--   see adobepass.flow.login; a logout needs `redirect_url`, here or in the call
-- * `device`: `{ id =, info =, ip =, port =, user_agent = ... }`, see
--   adobepass.device.record; a gateway leaves it out and uses `client:device`.
--   `info` must have model, version, osName, osVersion and connectionType
-- * `identity`: the viewer's identifiers for single sign-on, values or functions:
--   see adobepass.util.identity
-- * `store` (memory), `driver` (block)
-- * `on_event`: called with a table for every request, retry, wait, token,
--   registration, cache hit and warning, with `mvpd` where it concerns a provider
--   or a TempPass; an event never holds a secret
-- * `on_request`: called before each request, retries and token requests too, with a
--   table `{ operation =, method =, attempt =, mvpd =, device =, headers = {} }`
--   without secrets; the function may add headers to `headers`, for example the
--   `traceparent` of a trace. It cannot set Authorization, nor replace a header of the
--   request; it must not wait
-- * `timeout` (30): seconds that bound each call of `client.api`, with its
--   waits, token requests and retries, and the retries of a flow; a flow that
--   sends several requests, in batches or to several providers, may take that
--   long for each
-- * `http`: options of core.http.new, such as `ca_file` and `proxy`
-- * `rate_limit`: `{ rate = 1, burst = 10, refill = false, allow_listed = {} }`,
--   see adobepass.policy.rate_limiter; false for none; or a table with the methods
--   of that module, such as one that several machines share
-- * `forward_ip_on_registration`: true for a server: registration and token
--   requests send the device's `ip` as X-Forwarded-For, and count for it in the
--   rate limit. Adobe's throttling page requires the header; the pages of these two
--   operations do not list it, so the default is false
-- * `retry`: `{ attempts = 3, base = 0.5, cap = 8 }`
-- * `circuit_breaker`: `{ failures = 10, base = 1, cap = 3 }`: after 10 failures in
--   a row (status 5xx, or no response) an operation's calls fail with `circuit_open`
--   for a second, without a request; then one request is sent, and a failure doubles
--   the time, up to 3 s; false for none
-- * `language` ("en"): of the sentences for viewers, "en" or "es"; used by
--   `reason` of a denial and by `client:viewer_text`
-- * `messages`: texts of your own for viewers, `{ [code] = "..." }`, which replace
--   the provider's text and the sentence of that error code
-- * `token_margin`, `token_jitter`: see core.token
-- * `record`: a file for the redacted exchanges of this client, see
--   adobepass.util.recording; adobepass.sandbox.replay responds from it. Only one
--   process may write a file
-- * `transport`, `random`: replacements for tests
function adobepass.new(given)
  local made = options.at_caller(new, given)
  return made
end

--- Returns the identifier of this device. The first call creates it and saves
-- it without an expiry time; a device that loses it loses its logins.
-- @param store
-- @treturn[1] string
-- @treturn[2] nil
-- @treturn[2] string message
-- @treturn[2] string code, `store_failed` or `no_randomness`
function adobepass.device_id(store)
  options.check("adobepass.device_id", { store = store }, { store = "table" })
  options.at_caller(check_methods, "adobepass.device_id", "store", store)
  local id, message, code = store:get(DEVICE_ID)
  if id or code then return id, message, code end
  local fresh, why, how = device.generate_id()
  if not fresh then return nil, why, how end
  local won
  won, why, how = store:replace(DEVICE_ID, fresh, nil)
  if won == nil then return nil, why, how end
  if not won then return store:get(DEVICE_ID) end
  return fresh
end

--- Returns what this machine reports about itself, for `device.info`: see
-- adobepass.device.platform.
adobepass.platform = platform.get

return adobepass
