--- The life cycle of one call, from its parameters to its value or error.
--
-- A call is in one of these states; each is one function below, which does the
-- state's work and returns the next state:
--
--   acquire_token -> wait_for_rate_limit -> send -> receive -> classify
--
--   classify -> done            the response is a success
--            -> refresh_token   the access token was refused (once a call)
--            -> register_again  the credentials were refused (once a call)
--            -> renew_service_token  the identity's service token was refused (once)
--            -> retry           any other error
--   refresh_token, register_again, renew_service_token, retry -> acquire_token
--
-- The end states are done and failed. The deadline is an instant of the
-- driver's clock, fixed when the call is created.
-- @module adobepass.api.call

local added_headers = require "adobepass.api.added_headers"
local circuit_breaker = require "adobepass.policy.circuit_breaker"
local custom_request = require "adobepass.api.custom_request"
local event_name = require("adobepass.api.connection").event_name
local errors = require "adobepass.api.errors"
local operations = require "adobepass.api.operations"
local request = require "adobepass.api.request"
local response_of = require "adobepass.api.response"
local secrets = require "adobepass.api.secrets"

local call = {}

local Call = {}
Call.__index = Call

-- Adobe counts requests by the device's address, which a gateway forwards for
-- each device. Operations that do not send it count for the gateway's address.
local BY_NAME, IS_LIMITED, ADDRESS_LETTER = {}, {}, {}
for _, operation in ipairs(operations) do
  local path, headers = operation.path, operation.headers or ""
  BY_NAME[operation.name] = operation
  IS_LIMITED[operation] = path:find "^/api/v2/" or path:find "^/o/client/"
  ADDRESS_LETTER[operation] = headers:match "[Ff]"
end

local THROTTLED, UNAUTHORIZED, FORBIDDEN = 429, 401, 403

-- A retry with less time than this, in seconds, would fail.
local MIN_TIME = 0.05

local function limit_key(self)
  local letter = ADDRESS_LETTER[self.operation]
  local is_sent = letter == "F"
    or letter == "f" and self.connection.forward_ip_on_registration
  return is_sent and self.device.record.ip or "own"
end

local function timeout(self, message, retry_after)
  return errors.new { operation = self.operation.name, code = "timeout",
    message = message, retry_after = retry_after }
end

-- The error of a request for which the rate limit, or a 429, allows no time.
local function rate_limited(self, seconds, barred)
  return timeout(self, barred > 0 and "The server returned the status 429, and allows "
    .. "no request before the timeout: wait for retry_after." or "The rate limit "
    .. "allows no request before the timeout: send fewer requests at once, or raise "
    .. "the option rate_limit or timeout.", seconds)
end

local function emit(self, event)
  event.operation, event.mvpd = self.operation.name, self.params.mvpd
  self.connection:emit(event, self.device.key)
end

-- Ends the call: no state follows.
local function fail(self, err)
  self.err = err
  return "failed"
end

-- Ends an attempt with an error; `classify` decides what follows.
local function failed_attempt(self, err)
  self.err = err
  return "classify"
end

-- The error of a request that is not sent because its operation fails repeatedly.
local function circuit_open(self, seconds)
  return errors.new { code = "circuit_open", operation = self.operation.name,
    retry_after = seconds, message = ("The operation failed repeatedly; the next "
      .. "request is sent in %.1f seconds."):format(seconds) }
end

local states = {}

-- Stores the token that this call sends. If the server refuses it, the refusal must
-- name this token, even when another coroutine has replaced it meanwhile.
function states.acquire_token(self)
  local connection = self.connection
  local left = connection.circuit_breaker:reserve(self.operation.name,
    connection.driver.now())
  if left > 0 then return fail(self, circuit_open(self, left)) end
  if self.operation.bearer == false then return "wait_for_rate_limit" end
  local held, err = self.tokens:get(self.deadline, self.refusal, self.device.record)
  if not held then return fail(self, err) end
  self.held = held
  return "wait_for_rate_limit"
end

-- The time that a wait for the rate limit leaves for the request: this share of the
-- time that is left, and this many seconds at most. With less, the requests of an
-- overloaded client would be sent and time out.
local RESERVED_SHARE, MOST_RESERVED = 0.25, 1

-- Returns the limit of a wait for the rate limit, in seconds.
local function longest_wait(self, now)
  local left = (self.guard and self.guard.latest or self.deadline) - now
  return left - math.min(MOST_RESERVED, left * RESERVED_SHARE)
end

-- Waits for some seconds, and receives responses of the calls that are sent together
-- with this one: a transport makes progress only while a driver waits for a transfer.
local function pause(self, seconds)
  local connection, left = self.connection, seconds
  local driver = connection.driver
  if self.together then
    local wake = driver.now() + seconds
    for _, other in ipairs(self.together) do
      local transfer = other and other.transfer
      if transfer and driver.wait(connection.transport, transfer, wake) then
        other.state = states.receive(other)
      end
    end
    left = wake - driver.now()
  end
  if left > 0 then driver.sleep(left) end
end

-- Waits for a reserved request. A task that is cancelled meanwhile gives it back;
-- otherwise the calls that a viewer left would delay the next one.
local function await_turn(self, key, seconds)
  local connection = self.connection
  local task = connection:add_cleanup(self, function()
    connection.rate_limit:cancel(key)
  end)
  emit(self, { type = "wait", reason = "rate_limit", seconds = seconds })
  pause(self, seconds)
  connection:remove_cleanup(task, self)
end

-- A 429 for the same address during the wait voids the reservation; then a new
-- one is made.
function states.wait_for_rate_limit(self)
  local limit, driver = self.connection.rate_limit, self.connection.driver
  local is_limited = IS_LIMITED[self.operation] or self.operation.is_custom
  if limit.off or not is_limited then return "send" end
  local key, now = limit_key(self), driver.now()
  local seconds = limit:reserve(key, now)
  if seconds <= 0 then return "send" end
  if seconds >= longest_wait(self, now) then
    limit:cancel(key)
    return fail(self, rate_limited(self, seconds, limit:barred_for(key, now)))
  end
  if self.guard then self.deadline = self.guard:extend(seconds) end
  await_turn(self, key, seconds)
  if limit:barred_for(key, driver.now()) <= 0 then return "send" end
  limit:cancel(key)
  return "wait_for_rate_limit"
end

-- Returns the request with the headers of `on_request`, which is called for each
-- attempt. Keeps it for `error_of`.
local function with_added_headers(self, built)
  local connection = self.connection
  if not connection.on_request then return built end
  local details = { operation = self.operation.name, method = built.method,
    mvpd = self.params.mvpd, attempt = self.attempt, headers = {},
    device = event_name(self.device.key) }
  connection.on_request(details)
  self.sent = added_headers.apply("on_request", built, details.headers)
  return self.sent
end

function states.send(self)
  local connection, built = self.connection, self.request
  local transport, err = connection.transport, nil
  if not transport then transport, err = connection:open_transport() end
  if not transport then return failed_attempt(self, err) end
  if self.guard then
    local good, why = self.guard:before_send()
    if not good then return fail(self, why) end
  end
  local now = connection.driver.now()
  if now >= self.deadline then
    return fail(self, timeout(self, "The timeout passed before the request "
      .. "was sent."))
  end
  self.started = now
  built.bearer, built.timeout = self.held and self.held.token,
    self.deadline - now
  local transfer, message, code = transport:submit(with_added_headers(self, built))
  if not transfer then
    return failed_attempt(self,
      errors.from_transport(self.operation.name, message, code))
  end
  self.transfer = transfer
  return "receive"
end

local function report(self, response, code)
  local connection = self.connection
  if not connection.on_event then return end
  emit(self, { type = "request", attempt = self.attempt,
    status = response and response.status, error = code,
    seconds = connection.driver.now() - self.started,
    reused = response and response.reused,
    http_version = response and response.http_version })
end

function states.receive(self)
  local connection, transfer = self.connection, self.transfer
  self.transfer = nil
  connection.driver.wait(connection.transport, transfer, self.deadline)
  local response, message, code = transfer:result()
  transfer:close()
  if code == "pending" then
    message, code = "The server did not respond in time.", "timeout"
  end
  report(self, response, code)
  if not response then
    return failed_attempt(self,
      errors.from_transport(self.operation.name, message, code))
  end
  connection:learn_time(response, self.started)
  self.response = response
  return "classify"
end

-- Returns the error of an unsuccessful response. A 429 delays all requests that
-- count for the same address.
local function error_of(self, response)
  local connection, sent = self.connection, self.sent or self.request
  local err = errors.from_response(self.operation.name, response,
    (response_of.decode(response)), connection.clock:now_ms() / 1000,
    secrets.list(self.device.record, sent.headers, self.params, self.held,
      self.operation.is_custom and sent))
  if err.http_status == THROTTLED then
    connection.rate_limit:penalize(limit_key(self), connection.driver.now(),
      math.max(1, err.retry_after or 0))
  end
  return err
end

local function read(self, response)
  if self.operation.is_custom then
    if custom_request.is_success(response) then
      return custom_request.read(response)
    end
  elseif response_of.is_success(self.operation, response) then
    return response_of.read(self.operation, response)
  end
  return nil, error_of(self, response)
end

-- A refused management call, or call of another API, does not mean that the viewer's
-- credentials are invalid.
local function may_register_again(self)
  if self.operation.base == "mgmt" then
    return self.connection.management ~= nil
  end
  return not self.operation.is_custom
end

-- Returns whether the server refused the credentials. Adobe's page on the reset of a
-- TempPass: a 403 requires new ones, unless it names another action. In other APIs it
-- may mean a missing permission.
local function are_credentials_refused(self, err)
  return err.action == "application-registration" or err.http_status == FORBIDDEN
    and err.action == "none" and self.operation.base == "mgmt"
    and not self.operation.is_custom
end

-- The SSO Service's actions for a missing or refused service token, which a new
-- access token does not correct.
local OF_SERVICE_TOKEN = { get_new_token = true, check_headers = true,
  check_request_body = true }

local RENEWAL = BY_NAME.refresh_service_token

-- Returns the service token that the call sent, if the device's identity can replace
-- it.
local function replaceable_token(self)
  local identity, params = self.device.identity, self.params
  local token = params.token or params.service_token
  if identity and self.operation ~= RENEWAL and not self.is_token_renewed
      and identity:owns(token) then
    return token
  end
end

-- Counts the attempt for the circuit of its operation. An error of this machine, such
-- as a closed transport, is neither a failure nor a success.
local function count(self, err)
  local breaker, name = self.connection.circuit_breaker, self.operation.name
  if err and circuit_breaker.is_failure(err) then
    local seconds = breaker:fail(name, self.connection.driver.now(),
      circuit_breaker.is_of_connection(err) and self.started)
    if seconds then
      emit(self, { type = "circuit_open", error = err.code, seconds = seconds })
    end
  elseif not err or err.http_status then
    breaker:succeed(name)
  end
end

function states.classify(self)
  local err = self.err
  if self.response then
    self.value, err = read(self, self.response)
    self.response = nil
  end
  count(self, err)
  if not err then return "done" end
  self.err = err
  if err.action == "get_new_token" and replaceable_token(self) then
    return "renew_service_token"
  elseif self.held and err.http_status == UNAUTHORIZED and not self.refusal
      and not OF_SERVICE_TOKEN[err.action] then
    return "refresh_token"
  elseif self.held and are_credentials_refused(self, err)
      and not self.is_registered_again and may_register_again(self) then
    return "register_again"
  end
  return "retry"
end

-- Reference, "Registration": a refused token is replaced once and the request
-- repeated. `refusal` identifies the token that was sent.
function states.refresh_token(self)
  self.refusal = { id = self.held.id }
  self.err = nil
  return "acquire_token"
end

function states.register_again(self)
  self.is_registered_again = true
  self.refusal = { id = self.held.id, client_id = self.held.client_id,
    reason = self.err }
  self.err = nil
  return "acquire_token"
end

function states.renew_service_token(self)
  local token, params = replaceable_token(self), {}
  self.is_token_renewed = true
  local fresh, err = self.device.identity:replace(token, self.deadline)
  if not fresh then return fail(self, err or self.err) end
  for name, value in pairs(self.params) do
    params[name] = value == token and fresh or value
  end
  self.params = params
  self.request, err = request.build(self.operation, params, self.connection,
    self.device)
  if not self.request then return fail(self, err) end
  self.err = nil
  return "acquire_token"
end

function states.retry(self)
  local connection, err = self.connection, self.err
  local is_open = connection.circuit_breaker:open_for(self.operation.name,
    connection.driver.now()) > 0
  local delay = not self.params.once and not is_open and connection.retry:delay(err,
    self.attempt, { safe = self.operation.safe ~= false,
      chance = connection.chance(),
      remaining = self.deadline - connection.driver.now() - MIN_TIME })
  if not delay then return "failed" end
  emit(self, { type = "retry", attempt = self.attempt, error = err.code,
    seconds = delay })
  pause(self, delay)
  self.attempt, self.err = self.attempt + 1, nil
  return "acquire_token"
end

local IS_END = { done = true, failed = true }
local LEADS_TO_SEND = { acquire_token = true, wait_for_rate_limit = true, send = true,
  refresh_token = true, register_again = true, renew_service_token = true }

local function send_request(self)
  while LEADS_TO_SEND[self.state] do
    self.state = states[self.state](self)
  end
end

--- Sends the request of a new call and does not wait for its response, so that
-- several can be in flight. `run` continues from there.
-- @tparam {Call|false,...} together all calls that are in flight together
function Call:prefetch(together)
  self.together = together
  send_request(self)
end

--- Reads the response of a prefetched call if it has arrived. If the service refused
-- the token, requests another one and sends the request again.
function Call:read_early()
  if self.transfer and self.transfer:ended() then
    self.state = states.receive(self)
  end
  if self.state ~= "classify" then return end
  self.state = states.classify(self)
  send_request(self)
end

--- Carries a call to its end: the value, or nil and an error.
function Call:run()
  while not IS_END[self.state] do
    self.state = states[self.state](self)
  end
  if self.state == "done" then return self.value end
  return nil, self.err
end

--- Creates a call; nil and an error when a value cannot be sent.
-- @param connection see adobepass.api.connection
-- @tparam table device `record`, `key` in the store, `headers` (of
-- the record), `identity` (see adobepass.api.viewer_identity; or nil)
-- @param operation of adobepass.api.operations
-- @tparam table params checked by adobepass.api.request
-- @number deadline by the driver's clock
-- @param tokens see adobepass.auth.access_token; nil for an operation without a
-- bearer
-- @param guard of a registration or a token request: see perform
function call.new(connection, device, operation, params, deadline, tokens,
                  guard)
  device.headers = device.headers or {}
  local built, err = operation.request, nil
  if not built then
    built, err = request.build(operation, params, connection, device)
  end
  if not built then return nil, err end
  -- The nil fields reserve room, so that the table does not grow unless the server
  -- refuses a token.
  return setmetatable({ state = "acquire_token", connection = connection,
    device = device, operation = operation, request = built, params = params,
    deadline = deadline, tokens = tokens, guard = guard, attempt = 1,
    started = nil, held = nil, transfer = nil, response = nil, value = nil,
    err = nil }, Call)
end

--- Carries out an operation without a bearer by its name; adobepass.auth
-- registers and requests tokens with it.
-- @param guard the owner of the lock: `before_send()`, called before each
-- request, returns true, or nil and the error of the call; `extend(seconds)`
-- adds the time of a wait for the rate limit and returns the new deadline, which
-- is never after `latest`
function call.perform(connection, device, name, params, deadline, guard)
  local made, err = call.new(connection, device, BY_NAME[name], params,
    deadline, nil, guard)
  if not made then return nil, err end
  return made:run()
end

--- Returns an operation of adobepass.api.operations by its name.
function call.operation(name) return BY_NAME[name] end

return call
