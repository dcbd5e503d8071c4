--- The context of one device, the first argument of every flow: the API, the
-- time, the device's part of the store, and events. A flow uses no client
-- object.
--
-- Fields: `api` (see adobepass.api.methods), `connection`, `record`, `key`,
-- `identity` (see adobepass.api.viewer_identity; nil if nothing in it changes), and,
-- created at first use, `headers`, `credentials` and `management` (access tokens),
-- `store`, `permits`, `platform` (see platform_key), `generation` (a count of logins
-- and logouts), `logouts` (see note_logout), and `code_life`, `sessions` and
-- `code_number` (of adobepass.flow.code_life).
-- @module adobepass.api.flow_context

local access_token = require "adobepass.auth.access_token"
local cache = require "adobepass.policy.cache"
local call = require "adobepass.api.call"
local core = require "adobepass.core"
local custom_request = require "adobepass.api.custom_request"
local device_headers = require "adobepass.device.headers"
local device_store = require "adobepass.store.device_store"
local environment = require "adobepass.api.environment"
local errors = require "adobepass.api.errors"
local identity = require "adobepass.util.identity"
local info_schema = require "adobepass.device.info_schema"
local json = require "adobepass.util.json"
local methods = require "adobepass.api.methods"
local options_of = require "adobepass.util.options"
local request = require "adobepass.api.request"
local retry = require "adobepass.policy.retry"
local secrets = require "adobepass.api.secrets"
local viewer_identity = require "adobepass.api.viewer_identity"

local flow_context = {}

local Context = {}
Context.__index = Context

-- Adobe: subscriptions rarely change while an application runs.
local MAX_PERMITS, PERMIT_SECONDS = 1000, 24 * 3600

-- A configuration may take 140 KiB, and devices choose the platform types that are its
-- keys.
local MAX_CONFIGURATIONS = 64

-- --- time ----------------------------------------------------------

--- Returns the server's time in ms since 1970; before the first response, this
-- device's time.
function Context:now_ms() return self.connection.clock:now_ms() end

--- Returns whether a response has set the server's time. This device's clock
-- may be years off.
function Context:knows_time() return self.connection.clock:known() end

--- Returns the driver's clock: seconds that never go backwards.
function Context:monotonic() return self.connection.driver.now() end

--- Waits for some seconds with the driver.
function Context:sleep(seconds) self.connection.driver.sleep(seconds) end

--- Returns the client's option `timeout`, in seconds.
function Context:timeout() return self.connection.timeout end

--- Returns the client's default of an option of login and logout: `redirect_url`,
-- `domain_name` or `activation_url`.
function Context:default(name) return self.connection.defaults[name] end

--- Returns a copy of a call's options, with the client's defaults of those that it
-- leaves out.
-- @tparam table options
-- @tparam[opt] {string,...} names those that have a default (all: see `default`)
function Context:with_defaults(options, names)
  local result = {}
  for name, value in pairs(options) do result[name] = value end
  for _, name in ipairs(names or { "redirect_url", "domain_name", "activation_url" }) do
    result[name] = options[name] or self:default(name)
  end
  return result
end

--- Returns the deadline of a call that starts now, by the driver's clock.
-- @tparam[opt] number seconds the client's timeout
function Context:deadline(seconds)
  return self:monotonic() + (seconds or self.connection.timeout)
end

--- Returns whether the cause of an error may end by itself; see
-- adobepass.policy.retry.
function Context.is_temporary(_, err) return retry.is_temporary(err) end

--- Returns the seconds to wait before requesting again an item that failed in a
-- successful response; nil to give up.
-- @param err of the item
-- @int attempt from 1
-- @number chance from 0 to 1
-- @number deadline by the driver's clock
function Context:item_delay(err, attempt, chance, deadline)
  return retry.ITEMS:delay(err, attempt, { safe = true, chance = chance,
    remaining = deadline - self:monotonic() })
end

--- Returns a random number from 0 to 1.
function Context:chance() return self.connection.chance() end

--- Returns the text of an error for the viewer.
function Context:viewer_text(err) return self.connection:viewer_text(err) end

--- Calls the application's `on_event`.
function Context:emit(event) self.connection:emit(event, self.key) end

-- --- calls ---------------------------------------------------------

-- Returns the device's key in the store. A purpose, which no origin can equal, comes
-- first, and the id, which may contain a newline, comes last: so no two keys are equal.
local function key_of(connection, record, purpose)
  local text = table.concat({ connection.origins.api,
    connection.service_provider, record.id }, "\n")
  if purpose then text = purpose .. "\n" .. text end
  return core.digest.hex(core.digest.sha256(text)):sub(1, 40)
end

-- Returns the access token of a key, which all contexts with that key share. Each
-- context keeps a reference, because the connection's table is weak.
local function shared_tokens(self, key, application)
  local shared = self.connection.credentials
  local found = shared[key]
  if not found then
    found = access_token.new(self.connection, self, application, key)
    shared[key] = found
  end
  return found
end

local function viewer_tokens(self)
  local found = self.credentials
  if not found then
    found = shared_tokens(self, self.key, self.connection)
    self.credentials = found
  end
  return found
end

local function management_tokens(self)
  local found = self.management
  if not found then
    found = shared_tokens(self, key_of(self.connection, self.record,
      "management"), self.connection.management)
    self.management = found
  end
  return found
end

-- Returns the access token of the application that an operation is for; nil for
-- an operation without a bearer.
local function tokens_for(self, operation)
  if operation.bearer == false then return nil end
  if operation.base == "mgmt" and self.connection.management then
    return management_tokens(self)
  end
  return viewer_tokens(self)
end

local function new_call(self, operation, params, deadline)
  if self.identity then
    local complete, err = self.identity:complete(operation.headers or "", params,
      deadline)
    if not complete then return nil, err end
    params = complete
  end
  local tokens = self.credentials
  if not tokens or operation.base == "mgmt" then
    tokens = tokens_for(self, operation)
  end
  return call.new(self.connection, self, operation, params, deadline, tokens)
end

--- Deletes the stored failure that delays the next token request. Returns true;
-- nil and an error of the store.
function Context:forget_failure()
  local done, err = viewer_tokens(self):forget_failure()
  if done and self.connection.management then
    return management_tokens(self):forget_failure()
  end
  return done, err
end

--- Carries out an operation.
-- @param operation of adobepass.api.operations
-- @tparam table params checked by adobepass.api.request
-- @number deadline by the driver's clock
-- @return its value; or nil and an error
function Context:call(operation, params, deadline)
  local made, err = new_call(self, operation, params, deadline)
  if not made then return nil, err end
  if operation.url_only then return made.request.url end
  return made:run()
end

--- Sends a request of client:request.
-- @tparam table given checked by adobepass.api.custom_request
-- @return its value; or nil and an error
function Context:request(given)
  local operation, err = custom_request.operation(given, self.connection.origins)
  if not operation then return nil, err end
  return self:call(operation, { once = given.once }, self:deadline(given.timeout))
end

-- Closes the transfers of calls whose coroutine will not read them.
local function close_transfers(calls)
  for _, made in ipairs(calls) do
    if made and made.transfer then made.transfer:close() end
  end
end

--- Carries out an operation once for each item of a list of parameters. The
-- requests run concurrently, as far as the rate limit allows.
-- @treturn table a list of { value =, err = }
function Context:call_all(name, list, deadline)
  local operation, calls, outcomes = call.operation(name), {}, {}
  for index, params in ipairs(list) do
    options_of.at_caller(request.check, operation, params)
    local made, err = new_call(self, operation, params, deadline)
    calls[index], outcomes[index] = made or false, { err = err }
  end
  local task = self.connection:add_cleanup(calls, function() close_transfers(calls) end)
  local first = calls[1]
  for _, made in ipairs(calls) do
    if made then made:prefetch(calls) end
    -- If its token was refused, the next requests are sent with a new one.
    if first then first:read_early() end
  end
  for index, made in ipairs(calls) do
    if made then
      local value, err = made:run()
      outcomes[index] = { value = value, err = err }
    end
  end
  self.connection:remove_cleanup(task, calls)
  return outcomes
end

--- Returns the options of a flow, completed with the changing values of the identity
-- that an operation sends; nil and an error. For a flow that must know the viewer
-- before it sends a request.
-- @string name of the operation
-- @tparam table options
-- @number deadline by the driver's clock
function Context:identify(name, options, deadline)
  if not self.identity then return options end
  return self.identity:complete(call.operation(name).headers, options, deadline)
end

--- Returns the device's service token; nil when it has none; nil and an error.
function Context:service_token(deadline)
  if self.identity then
    local token, err = self.identity:get("service_token", deadline)
    if token or err then return token or nil, err end
  end
  return self.record.values.service_token
end

--- Returns whether the device's identity has a field.
function Context:has_identity(name)
  return self.record.values[name] ~= nil
    or self.identity ~= nil and self.identity:has(name)
end

--- Returns the texts of a call that must not appear in an error.
function Context:secrets(params)
  local sent = request.overrides(params)
  if self.identity then self.identity:add_known(sent) end
  return secrets.list(self.record, device_headers.build(self.record, "DIFSPTV",
    sent), params, self.credentials and self.credentials.held)
end

--- Returns the absolute form of a response's `url`.
--
-- With actionType `direct` the next request sends the access token to it, so it
-- must be on the configured API host. An `interactive` URL is for a browser.
-- @string url
-- @string action_type `direct` or `interactive`
-- @treturn[1] string
-- @treturn[2] nil
-- @return[2] an error with the code `foreign_url`
function Context:absolute_url(url, action_type)
  local api, origin = self.connection.origins.api, nil
  if type(url) == "string" and not url:find "[%c%s]" then
    if url:find("^/[^/\\]") then return api .. url end
    origin = environment.origin(url)
  end
  if origin == api or action_type == "interactive" and origin
      and origin:find("^https://") then
    return url
  end
  return nil, errors.new { code = "foreign_url", action = "none",
    message = "The response's URL is not on the configured API host, so it is "
      .. "not followed." }
end

--- Signs a JWS with a private key of the core.
function Context.sign_jws(_, algorithm, key, payload, header)
  return core.jws.sign(algorithm, key, payload, header)
end

-- --- the store -----------------------------------------------------

local function store_of(self)
  self.store = self.store or device_store.new(self.connection.store, self.key)
  return self.store
end

--- Writes a table to the device's part of the store.
-- @string name
-- @tparam table value
-- @tparam[opt] number seconds after which the store drops it
function Context:remember(name, value, seconds)
  return store_of(self):write(name, value, seconds)
end

--- Reads a table of the device's part of the store: the table, nil and its text;
-- nil when there is none; nil and an error when the store fails.
function Context:recall(name) return store_of(self):read(name) end

--- Writes a table as `remember` does, if the stored text is `text` (nil: none). Returns
-- true; false when it is another one; nil and an error when the store fails.
function Context:replace(name, value, text, seconds)
  return store_of(self):replace_record(name, value, text, seconds)
end

--- Deletes a table of the device's part of the store; with its `text`, only if no
-- other process has replaced it.
function Context:forget(name, text) return store_of(self):release(name, text) end

-- --- caches in memory ----------------------------------------------

local function permits_of(self)
  self.permits = self.permits or cache.new(MAX_PERMITS)
  return self.permits
end

local function permit_key(scope, resource) return scope .. "\n" .. resource end

--- Returns the scope in which permits are cached: the provider and the identity
-- in a call's options, since another identity is another viewer. An identity
-- that cannot be encoded as JSON is refused later, by the request.
function Context.permit_scope(_, mvpd, options)
  local who = identity.pick(options, identity.VIEWER)
  local good, text = pcall(json.encode, who)
  return good and next(who) ~= nil and mvpd .. "\n" .. text or mvpd
end

--- Returns a cached permit of a preauthorization; nil when there is none.
-- @string scope see permit_scope
-- @string resource
function Context:permit(scope, resource)
  local found = permits_of(self):get(permit_key(scope, resource),
    self:monotonic())
  if found then
    self:emit { type = "cache_hit", what = "permit", mvpd = found.mvpd }
  end
  return found
end

-- Seconds for which a permit may be cached. While the server's time is unknown,
-- notAfter cannot be compared with it.
local function permit_life(self, decision)
  local ends, starts = decision.not_after, decision.not_before
  if ends and self:knows_time() then starts = self:now_ms() end
  if not (ends and starts) then return PERMIT_SECONDS end
  return math.min(PERMIT_SECONDS, (ends - starts) / 1000)
end

--- Caches a permit until its notAfter, for a day at most.
-- @string scope see permit_scope
-- @string resource
-- @tparam table decision
-- @tparam[opt] table since of viewer_mark: a permit requested before a login or
-- logout is not cached
-- @number[opt] ends of a TempPass, in ms of the server's time: its permits end with it
function Context:keep_permit(scope, resource, decision, since, ends)
  if since and not self:is_current(since) then return end
  local seconds = permit_life(self, decision)
  if ends then
    seconds = self:knows_time() and math.min(seconds, (ends - self:now_ms()) / 1000)
      or 0
  end
  if seconds <= 0 then return end
  permits_of(self):set(permit_key(scope, resource), decision,
    self:monotonic() + seconds)
end

--- Drops all cached permits. Called by each login and logout.
function Context:clear_permits()
  self.permits, self.generation = nil, (self.generation or 0) + 1
end

local NO_LOGOUT, ALL = { count = 0, last = {} }, {}

--- Returns a mark of the present viewer. A response to a request that is sent
-- after the mark concerns this viewer, unless a login or logout came between (see
-- is_current and has_logged_out). `time` is nil before the first response: then this
-- device's clock cannot be compared with a profile.
function Context:viewer_mark()
  return { generation = self.generation, logouts = (self.logouts or NO_LOGOUT).count,
    time = self:knows_time() and self:now_ms() or nil }
end

--- Records that a logout has begun or ended: of `mvpd`, or else of all providers.
-- @tparam ?string mvpd
function Context:note_logout(mvpd)
  local logouts = self.logouts or { count = 0, last = {} }
  self.logouts, logouts.count = logouts, logouts.count + 1
  logouts.last[mvpd or ALL] = logouts.count
  self:clear_permits()
end

--- Returns whether this device has logged out of a provider since a mark.
function Context:has_logged_out(since, mvpd)
  local last = (self.logouts or NO_LOGOUT).last
  return math.max(last[mvpd] or 0, last[ALL] or 0) > since.logouts
end

--- Returns whether this device has neither logged in nor out since a mark.
function Context:is_current(since) return since.generation == self.generation end

-- Each estimate of the server's time is exact to half a second, so two estimates
-- may differ by a second.
local CLOCK_NOISE = 1000 -- ms

--- Returns whether a profile began after a time in ms of the server.
function Context.is_after(_, profile, time)
  return (profile.not_before or 0) > time + CLOCK_NOISE
end

--- Returns whether a kept profile may belong to the viewer of a mark: not when
-- this device logged in or out since, or another process kept a newer login.
function Context:is_of_mark(since, profile)
  return self:is_current(since)
    and not (since.time and self:is_after(profile, since.time))
end

--- Returns how many resources a provider accepts in one request; nil when not
-- known yet.
function Context:batch_limit(mvpd)
  local limits = self.connection.batch_limits
  return limits and limits[mvpd]
end

--- Records how many resources a provider accepts in one request.
function Context:learn_batch_limit(mvpd, limit)
  local connection = self.connection
  connection.batch_limits = connection.batch_limits or {}
  connection.batch_limits[mvpd] = limit
end

--- Records the providers of a configuration. They outlive its cache, because a
-- viewer may take longer to log in.
function Context:learn_providers(list) self.connection.providers = list end

--- Returns `id`, `display_name` and `logo_url` of a provider of the last
-- configuration; nil when it had none with this id.
function Context:known_provider(id)
  for _, item in ipairs(self.connection.providers or {}) do
    if item.id == id then
      return { id = id, display_name = item.display_name,
        logo_url = item.logo_url }
    end
  end
end

--- Returns a cache for data that is the same for all viewers.
function Context:shared_cache()
  local connection = self.connection
  connection.cache = connection.cache or cache.new(MAX_CONFIGURATIONS)
  return connection.cache
end

--- Returns the key of the device's platform type, on which the service provider's
-- configuration depends.
function Context:platform_key()
  self.platform = self.platform or info_schema.platform_key(
    device_headers.build(self.record, "I")["X-Device-Info"])
  return self.platform
end

-- --- creation ------------------------------------------------------

--- Creates the context of a device.
-- @param connection see adobepass.api.connection
-- @param record see adobepass.device.record; nil for a client without a device
-- @tparam ?table changing fields of the identity, of viewer_identity.split
function flow_context.new(connection, record, changing)
  local self = setmetatable({ connection = connection, record = record,
    key = record and key_of(connection, record), api = nil }, Context)
  if changing then self.identity = viewer_identity.new(self, changing) end
  self.api = methods.new(self)
  return self
end

return flow_context
