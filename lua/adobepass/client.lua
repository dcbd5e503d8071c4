--- The client: one method for each documented operation, with tokens,
-- retries, pacing and deadlines kept for the caller.
-- @module adobepass.client

local answer = require "adobepass.api.response"
local core = require "adobepass.core"
local device = require "adobepass.device.headers"
local environment = require "adobepass.api.environment"
local errors = require "adobepass.api.errors"
local operations = require "adobepass.api.operations"
local options = require "adobepass.util.options"
local request = require "adobepass.api.request"
local services = require "adobepass.api.flow_context"
local tokens = require "adobepass.auth.credentials"

local client = {}

local BY_NAME = {}
for _, operation in ipairs(operations) do
  BY_NAME[operation.name] = operation
end

-- --- what all devices of a client share ------------------------------------

local Shared = {}
Shared.__index = Shared

--- Tells the caller's `on_event`. Events hold no secret: names, codes, times.
-- A device goes by a part of its key, which nobody can turn into its id.
function Shared:emit(event, key)
  if not self.on_event then return end
  event.device = key and key:sub(1, 12)
  self.on_event(event)
end

-- Made when first needed: never before nginx has forked its workers.
function Shared:open_session()
  if self.transport then return self.transport end
  local transport, message, code = core.http.new(self.http)
  if not transport then
    return nil, errors.from_transport(nil, message, code)
  end
  self.transport = transport
  return transport
end

-- Adobe counts by the device's address; a server's devices have one each. But
-- registration and token do not tell it: these count for the server's own.
local IS_PACED, TELLS_ADDRESS = {}, {}
for _, operation in ipairs(operations) do
  local path, headers = operation.path, operation.headers or ""
  IS_PACED[operation] = path:find "^/api/v2/" or path:find "^/o/client/"
  TELLS_ADDRESS[operation] = headers:find "F"
end

local function pace_key(call)
  return TELLS_ADDRESS[call.operation] and call.view.record.ip or "own"
end

local function late(operation, message)
  return errors.from_transport(operation.name, message, "timeout")
end

-- One place in the queue: the seconds that we waited until it had come.
local function queue_up(self, call, key)
  local now = self.driver.now()
  local wait = self.rate_limit:reserve(key, now)
  call.is_late = wait > 0 and now + wait >= call.deadline
  if wait <= 0 then return 0 end
  if call.is_late then
    self.rate_limit:cancel(key)
    return nil, late(call.operation,
      "There was no turn for the request in time: the device asks too much.")
  end
  self:emit({ type = "wait", reason = "rate_limit", seconds = wait,
    operation = call.operation.name }, call.view.key)
  self.driver.sleep(wait)
  return wait
end

-- A 429 may come to somebody else while we wait: then our place is no more.
local function wait_for_turn(self, call)
  if self.rate_limit.off or not IS_PACED[call.operation] then return true end
  local key = pace_key(call)
  while true do
    local waited, err = queue_up(self, call, key)
    if not waited then return nil, err end
    if waited == 0 or self.rate_limit:barred_for(key, self.driver.now()) <= 0 then
      return true
    end
    self.rate_limit:cancel(key)
  end
end

-- An answer's headers are laid out when somebody asks: not for each one.
local LEARN_EVERY = 60

local function learn_time(self, response, started)
  local arrived = self.driver.now()
  if self.learned_at and arrived - self.learned_at < LEARN_EVERY then
    return
  end
  self.learned_at = arrived
  self.clock:learn(response.headers["date"], arrived, arrived - started)
end

-- What was left of the time went with the request.
local function sent_at(call) return call.deadline - call.request.timeout end

local function report(self, call, response, code)
  if not self.on_event then return end
  self:emit({ type = "request", operation = call.operation.name,
    attempt = call.attempt, status = response and response.status,
    error = code, seconds = self.driver.now() - sent_at(call),
    reused = response and response.reused,
    http_version = response and response.http_version }, call.view.key)
end

-- Puts one request on the wire.
local function launch(self, call, token)
  local transport, err = self.transport, nil
  if not transport then transport, err = self:open_session() end
  if not transport then return nil, err end
  local built, left = call.request, call.deadline - self.driver.now()
  if left <= 0 then
    return nil, late(call.operation, "There was no time left to send it in.")
  end
  built.bearer, built.timeout = token, left
  local transfer, message, code = transport:submit(built)
  if not transfer then
    return nil, errors.from_transport(call.operation.name, message, code)
  end
  call.transfer = transfer
  return true
end

-- Waits for what was launched: its response, or nil and an error.
local function land(self, call)
  local transfer = call.transfer
  call.transfer = nil
  self.driver.wait(self.transport, transfer, call.deadline)
  local response, why, how = transfer:result()
  transfer:close()
  if how == "pending" then
    why, how = "The server did not answer in time.", "timeout"
  end
  report(self, call, response, how)
  if not response then
    return nil, errors.from_transport(call.operation.name, why, how)
  end
  learn_time(self, response, sent_at(call))
  return response
end

local function send(self, call, token)
  local turn, err = wait_for_turn(self, call)
  if not turn then return nil, err end
  return launch(self, call, token)
end

-- Who the device and its viewer are went out with the request; a server that
-- repeats it must not put it into an error, which ends in a log. What is
-- short would strike words that mean something else.
local LEAST_SECRET = 8
local SECRET_PARAMS = { "client_secret", "software_statement",
  "saml_response", "device", "key" }
local HARMLESS = { Accept = true, ["Content-Type"] = true }

local function secrets_of(call)
  local secrets = {}
  local function keep(text)
    secrets[#secrets + 1] = text
    secrets[#secrets + 1] = request.escape(text)
  end
  for name, value in pairs(request.header_table(call.request)) do
    value = value:gsub("^fingerprint ", "")
    if not HARMLESS[name] and #value >= LEAST_SECRET then keep(value) end
  end
  local id = call.view.record.id
  if #id >= LEAST_SECRET then keep(id) end
  if call.held then keep((call.held.token:reveal())) end
  for _, name in ipairs(SECRET_PARAMS) do
    if call.params[name] then keep(call.params[name]) end
  end
  return secrets
end

local THROTTLED = 429

-- The error of an answer that is no success; what it says of rate_limit is obeyed.
local function refused(self, call, response)
  local err = errors.from_answer(call.operation.name, response,
    (answer.decode(response)), self.clock:now_ms() / 1000, secrets_of(call))
  if err.http_status == THROTTLED then
    self.rate_limit:penalize(pace_key(call), self.driver.now(),
      math.max(1, err.retry_after or 0))
  end
  return nil, err
end

local function try(self, call, token)
  local sent, err = call.transfer ~= nil, nil
  if not sent then sent, err = send(self, call, token) end
  if not sent then return nil, err end
  local response, why = land(self, call)
  if not response then return nil, why end
  if not answer.is_success(call.operation, response) then
    return refused(self, call, response)
  end
  return answer.read(call.operation, response)
end

-- A refused token is renewed once for each request, and the request repeated:
-- reference, "Registration". Refused was what went with the request, whatever
-- others have brought since.
local function renew_token(call, err)
  if err.http_status ~= 401 or call.refusal or not call.held then
    return false
  end
  call.refusal = { id = call.held.id }
  return true
end

local function register_again(call, err)
  if err.action ~= "application-registration" or call.registered
      or not call.held then
    return false
  end
  call.registered = true
  call.refusal = { id = call.held.id, client_id = call.held.client_id,
    reason = err }
  return true
end

-- With less time than this left, a repeat could only end late.
local LEAST_TIME = 0.05

local function pause(self, call, err)
  if call.params.once or call.is_late then return false end
  local delay = self.retry:delay(err, call.attempt, {
    safe = call.operation.safe ~= false, chance = self.chance(),
    remaining = call.deadline - self.driver.now() - LEAST_TIME })
  if not delay then return false end
  self:emit({ type = "retry", operation = call.operation.name,
    attempt = call.attempt, error = err.code, seconds = delay },
    call.view.key)
  if delay > 0 then self.driver.sleep(delay) end
  call.attempt = call.attempt + 1
  return true
end

-- Which token is sent is remembered: by the time it is refused, somebody else
-- may have brought another.
local function carry_out(self, call)
  while true do
    local token, err
    if call.operation.bearer ~= false and not call.transfer then
      call.held, err = call.view.tokens:get(call.deadline, call.refusal)
      if not call.held then return nil, err end
      token = call.held.token
    end
    local value, why = try(self, call, token)
    if not why then return value end
    if not (renew_token(call, why) or register_again(call, why)
        or pause(self, call, why)) then
      return nil, why
    end
  end
end

-- `view`: the device's record, its key in the store, and headers that were
-- made of the record. What is nil here has room for what it becomes.
local function new_call(self, view, operation, params, deadline)
  view.headers = view.headers or {}
  local built, err = request.build(operation, params, self, view)
  if not built then return nil, err end
  return { operation = operation, view = view, request = built,
    params = params, attempt = 1, deadline = deadline,
    held = nil, transfer = nil }
end

--- Carries out an operation without a bearer: registration and token.
function Shared:perform(view, name, params, deadline)
  local call, err = new_call(self, view, BY_NAME[name], params, deadline)
  if not call then return nil, err end
  return carry_out(self, call)
end

local function device_key(self, record)
  local text = table.concat({ self.origins.api, self.service_provider,
    record.id }, "\n")
  return core.digest.hex(core.digest.sha256(text)):sub(1, 40)
end

-- Two views of one device share its token; nobody else's is ever near it.
local function tokens_of(self, view)
  local found = self.tokens[view.key]
  if not found then
    found = tokens.new(self, { record = view.record, key = view.key })
    self.tokens[view.key] = found
  end
  return found
end

-- --- the client of one device -----------------------------------------------

local Client = {}

-- Loaded when first called: an application that only plays need not carry
-- what logs in by a partner.
local FLOWS = {
  login = "login", start_login = "login", poll_login = "login",
  check_code = "login", resume_login = "login", refresh_profile = "login",
  providers = "providers", remember_provider = "providers",
  remembered_provider = "providers", preauthorize = "preauthorize",
  authorize = "authorize", logout = "logout",
  temporary_access = "temporary_access",
  reset_temp_pass = "temporary_access", partner_status = "partner",
  partner_login = "partner", sign_service_token = "service_token",
  get_service_token = "service_token", renew_service_token = "service_token",
  link_device = "service_token", unlink_devices = "service_token",
  linked_devices = "service_token",
}

local function flow_method(name)
  local flow = FLOWS[name]
  return flow and require("adobepass.flow." .. flow)[name]
end

local Api = {}
Api.__index = Api

function Client.__index(self, name)
  if name == "api" then
    local api = setmetatable({ client = self }, Api)
    rawset(self, "api", api)
    return api
  end
  return Client[name] or services[name] or flow_method(name)
end

-- Raises where the programmer is wrong.
local function check(self, operation, params)
  if not self.record then
    error(("client.api:%s: the client has no device; give one to "
      .. "adobepass.new, or use client:device { id = ... }"):format(
      operation.name))
  end
  request.check(operation, params)
end

local function prepare(self, operation, params)
  local shared = self.shared
  local deadline = shared.driver.now() + (params.timeout or shared.timeout)
  local call, err = new_call(shared, self, operation, params, deadline)
  if not call then return nil, err end
  if operation.bearer ~= false then
    -- Held here, since the table that all views share is a weak one.
    self.tokens = self.tokens or tokens_of(shared, self)
  end
  return call
end

--- Carries out an operation of adobepass.api.operations, with parameters that
-- are right.
function Client:call(operation, params)
  local call, err = prepare(self, operation, params)
  if not call then return nil, err end
  if operation.url_only then return call.request.url end
  return carry_out(self.shared, call)
end

-- Who says nothing where nothing needs to be said cannot be wrong.
local NO_PARAMS = {}

for _, operation in ipairs(operations) do
  local may_be_bare = not operation.params
  Api[operation.name] = function(self, params)
    local of = self.client
    if params ~= nil or not may_be_bare or not of.record then
      params = params or {}
      options.at_caller(check, of, operation, params)
    end
    return Client.call(of, operation, params or NO_PARAMS)
  end
end

-- What does not get off the ground here is carried out as any other call.
local function take_off(shared, call)
  local held = call.view.tokens:get(call.deadline)
  call.held = held
  return held and send(shared, call, held.token)
end

--- Texts of a call that must stand in no error.
function Client:secrets(params)
  return secrets_of { view = self, params = params,
    held = self.tokens and self.tokens.held, request = { headers =
      device.headers(self.record, "DFSPTV", request.overrides(params)) } }
end

--- The same operation many times, the requests in flight together, within the
-- rate_limit. Answers a list of { value =, err = }.
function Client:call_all(name, list)
  local operation, calls, outcomes = BY_NAME[name], {}, {}
  for index, params in ipairs(list) do
    options.at_caller(check, self, operation, params)
    local call, err = prepare(self, operation, params)
    calls[index], outcomes[index] = call or false, { err = err }
  end
  for _, call in ipairs(calls) do
    if call then take_off(self.shared, call) end
  end
  for index, call in ipairs(calls) do
    if call then
      local value, err = carry_out(self.shared, call)
      outcomes[index] = { value = value, err = err }
    end
  end
  return outcomes
end

--- What configuration answers are the same for: device info and provider.
function Client:platform_key()
  return device.headers(self.record, "I")["X-Device-Info"] or ""
end

--- The absolute form of an answer's `url`.
--
-- With actionType `direct` the next request goes there, with the token: only
-- the configured API may get that. An `interactive` one is for a browser.
-- @string url
-- @string action_type `direct` or `interactive`
-- @treturn[1] string
-- @treturn[2] nil
-- @return[2] an error with the code `foreign_url`
function Client:absolute_url(url, action_type)
  local api, origin = self.shared.origins.api, nil
  if type(url) == "string" and not url:find "[%c%s]" then
    if url:find("^/[^/\\]") then return api .. url end
    origin = environment.origin(url)
  end
  if origin == api or action_type == "interactive" and origin
      and origin:find("^https://") then
    return url
  end
  return nil, errors.new { code = "foreign_url", action = "none",
    message = "The service's answer points to another place, which must not "
      .. "be followed." }
end

--- A light view of the same client for another device.
-- @tparam table fields `id`, `info`, `ip`, and what adobepass.device.headers
-- takes
function Client:device(fields)
  local shared = self.shared
  local record = options.at_caller(device.new, fields)
  local key = device_key(shared, record)
  for _, message in ipairs(fields.info and device.check(fields.info) or {}) do
    shared:emit({ type = "warning", code = "device_info",
      message = message }, key)
  end
  return setmetatable({ shared = shared, record = record, key = key },
    Client)
end

--- Moves everything on; for the tick driver, once in each frame.
function Client:update()
  local driver = self.shared.driver
  if not driver.update then
    error("client:update is for a driver that has update, like tick", 2)
  end
  return driver.update(self.shared.transport)
end

--- Closes the connections. Requests under way end with the code `closed`.
function Client:close()
  if self.shared.transport then self.shared.transport:close() end
end

--- @param shared see adobepass.new
function client.new(shared)
  shared.tokens = setmetatable({}, { __mode = "v" })
  shared.unsaved, shared.addresses = {}, {}
  return setmetatable({ shared = setmetatable(shared, Shared) }, Client)
end

return client
