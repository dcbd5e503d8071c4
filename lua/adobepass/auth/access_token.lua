--- The access token of one device, renewed by one owner of the device's lock at a
-- time (docs/credentials.md).
-- @module adobepass.auth.access_token

local call = require "adobepass.api.call"
local core = require "adobepass.core"
local credentials = require "adobepass.auth.credentials"
local device_store = require "adobepass.store.device_store"
local errors = require "adobepass.api.errors"
local refresh_lock = require "adobepass.auth.refresh_lock"

local access_token = {}

local AccessToken = {}
AccessToken.__index = AccessToken

local FIRST_POLL, LONGEST_POLL = 0.02, 0.25
local FIRST_PAUSE, LONGEST_PAUSE = 1, 30

--- Creates the access token of one device.
-- @param connection see adobepass.api.connection
-- @tparam table device its `record`, and its `key` in the store and in events
-- @tparam table application `statement` and `redirect_uri`
-- @string[opt] key in the store (default: `device.key`)
function access_token.new(connection, device, application, key)
  return setmetatable({ connection = connection, device = device,
    application = application, key = key or device.key, held = nil, lock = nil },
    AccessToken)
end

-- Creates the lock at its first use. Once `renew` has a token, it drops the lock to
-- save memory, because a gateway keeps thousands of devices.
local function lock_of(self)
  self.lock = self.lock or refresh_lock.new(self.connection,
    device_store.new(self.connection.store, self.key))
  return self.lock
end

local function now_of(self) return self.connection.driver.now() end

local function id_of(secret)
  return core.digest.hex(core.digest.sha256(secret)):sub(1, 16)
end

local function emit(self, event) self.connection:emit(event, self.device.key) end

local function warn(self, err)
  emit(self, { type = "warning", code = err.code, message = err.message })
end

-- --- tokens ------------------------------------------------------------------

-- Creates the token in memory from a record. Its lifetime begins at the request
-- that returned it; if it began now, an old token from the store would seem fresh.
local function adopt(self, record)
  local connection = self.connection
  local token = core.token({ access_token = record.access_token,
    expires_in = record.expires_in }, {
    now = now_of(self) - lock_of(self):age(record),
    margin = connection.token_margin,
    jitter = connection.token_jitter, chance = connection.chance() })
  if not token then return nil end
  self.held = { token = token, id = id_of(record.access_token),
    client_id = record.client_id, forced = record.forced }
  return self.held
end

-- Returns whether a token must not be used after a refusal. Any token of an
-- ordinary refresh is refused, because that refresh may have begun before the
-- refusal; so is a forced one if it, or its client_id, is the refused one.
local function is_refused(held, refusal)
  if not refusal then return false end
  return not held.forced or held.id == refusal.id
    or refusal.client_id ~= nil and held.client_id == refusal.client_id
end

-- Returns the token in memory and whether it is fresh; nil unless the token is valid
-- and was not refused.
local function held_token(self, refusal)
  local held = self.held
  if not held or is_refused(held, refusal) then return nil end
  local state = held.token:state(now_of(self))
  if state == "fresh" then return held, true end
  if state == "due" then return held, false end
end

local function is_valid(lock, record)
  return record ~= nil and lock:age(record) < record.expires_in
end

-- Adopts the stored token, if it is valid and not the one in memory.
local function adopt_stored(self, record)
  if not is_valid(lock_of(self), record) then return end
  local id = id_of(record.access_token)
  if not self.held or self.held.id ~= id then adopt(self, record) end
end

-- --- failures ----------------------------------------------------------------

local function remembered_failure(self, failure)
  if not failure or failure.code == "" then return nil end
  local left = math.max(failure.pause or 0, failure.retry_after or 0)
    - lock_of(self):age(failure)
  if left <= 0 then return nil end
  emit(self, { type = "cache_hit", what = "refresh_failed" })
  return errors.new { code = failure.code, action = failure.action,
    message = failure.message, http_status = failure.http_status,
    operation = failure.operation, retry_after = left }
end

-- Returns the record of a failure, which other coroutines and processes return
-- without a request of their own until its pause, and the server's Retry-After, have
-- passed. The pause doubles with each failure. Returns nil for failures that do not
-- load the server: a failure of the store, and a timeout or an open circuit before any
-- request was sent.
local function failure_record(err, last, holding)
  if err.code == "store_failed" or not holding.sent
      and (err.code == "timeout" or err.code == "circuit_open") then
    return nil
  end
  local pause = FIRST_PAUSE
  if last and holding.lock:age(last) < refresh_lock.FAILURE_SECONDS then
    pause = math.min(LONGEST_PAUSE, (last.pause or 0) * 2)
  end
  return holding.lock:stamp { pause = math.max(FIRST_PAUSE, pause),
    code = err.code, action = err.action, message = err.message,
    http_status = err.http_status, operation = err.operation,
    retry_after = err.http_status and err.retry_after }
end

-- --- a refresh ---------------------------------------------------------------

local function fetch(self, found, holding)
  return call.perform(self.connection, holding.device, "token", {
    client_id = found.client_id, client_secret = found.client_secret,
    grant_type = "client_credentials" }, holding.deadline, holding)
end

-- Returns a response with a token, and the client_id; nil and an error.
local function request_token(self, refusal, holding)
  local refused, registered = {}, credentials.new(self.connection, holding.device,
    self.application, holding.lock.store)
  if refusal and refusal.client_id then
    refused[refusal.client_id] = refusal.reason
  end
  while true do
    local found, err = registered:find(refused, holding)
    if not found then return nil, err end
    local response, why = fetch(self, found, holding)
    if response then return response, found.client_id end
    if why.code ~= "invalid_client" or refused[found.client_id] then
      return nil, why
    end
    refused[found.client_id] = why
  end
end

local function token_record(response, client_id, forced, holding)
  return { access_token = response.access_token, client_id = client_id,
    expires_in = tonumber(response.expires_in) or 0, forced = forced or nil,
    wall = holding.sent.wall, monotonic = holding.sent.monotonic,
    boot = holding.sent.boot }
end

-- Keeps a token in memory and in the store. If the store fails, the token is still
-- used, and other processes request their own.
local function keep_token(self, record, holding)
  local held = adopt(self, record)
  if not held then
    return nil, errors.malformed("token", "its token cannot be used")
  end
  local done, err = holding:finish(record, nil)
  if done == nil then warn(self, err) end
  emit(self, { type = "token", forced = record.forced or false,
    expires_in = record.expires_in })
  return held
end

-- Releases the lock with a failure; an owner that lost its lock starts again.
local function keep_failure(self, err, holding)
  if err ~= refresh_lock.LOST then
    local record = holding.record
    local token = is_valid(holding.lock, record.token) and record.token or nil
    adopt_stored(self, token) -- valid only now, if the wall clock was set
    local done = holding:finish(token,
      failure_record(err, record.failure, holding))
    if done ~= false then return nil, err end
  else
    holding:finish()
  end
  return nil, refresh_lock.LOST
end

local function refresh(self, refusal, holding)
  local held, err
  local response, client_id = request_token(self, refusal, holding)
  if response then
    held, err = keep_token(self, token_record(response, client_id,
      refusal ~= nil, holding), holding)
  else
    err = client_id
  end
  if held then return held end
  return keep_failure(self, err, holding)
end

-- --- getting a token ---------------------------------------------------------

local function late()
  return errors.from_transport("token",
    "The access token did not come in time.", "timeout")
end

-- Makes one attempt. Returns the token; or nil and an error. The error LOST means
-- to try again, after a pause if the third result is true. While the token in
-- memory is valid, it is returned instead of waiting for another owner, and a
-- refresh by this owner may take half of the time until the deadline.
local function attempt(self, refusal, deadline, device)
  local lock = lock_of(self)
  if lock:is_held_here() then
    return held_token(self, refusal), refresh_lock.LOST, true
  end
  local record, text, err = lock:read()
  if err then return nil, err end
  adopt_stored(self, record.token)
  local held, is_fresh = held_token(self, refusal)
  if is_fresh then return held end
  if lock:is_held(record, text) then
    return held, refresh_lock.LOST, true
  end
  local failure = remembered_failure(self, record.failure)
  if failure then return nil, failure end
  local now = now_of(self)
  return lock:run(record, text, held and now + (deadline - now) / 2 or deadline,
    function(holding)
      holding.device = device
      local value, why = refresh(self, refusal, holding)
      return value, why
    end)
end

local function renew(self, refusal, deadline, device)
  local poll = FIRST_POLL
  while true do
    local held, err, must_wait = attempt(self, refusal, deadline, device)
    if held then
      self.lock = nil
      return held
    end
    if err ~= refresh_lock.LOST then
      held = held_token(self, refusal)
      if not held then return nil, err end
      warn(self, err)
      return held
    end
    local pause = must_wait and poll or 0
    if now_of(self) + pause >= deadline then return nil, late() end
    if must_wait then
      self.connection.driver.sleep(pause)
      poll = math.min(LONGEST_POLL, poll * 2)
    end
  end
end

--- Returns a table with `token`, the token to send, and its `id` and `client_id`,
-- which a later call passes in `refusal` if the server refuses it; or nil and an
-- error.
-- @number deadline by the driver's clock
-- @tparam[opt] table refusal what the server refused: `id`: a token; `client_id`
-- and `reason` (the server's error): credentials
-- @param[opt] record of the device that calls: registrations and token requests send
-- its address (default: that of `new`)
function AccessToken:get(deadline, refusal, record)
  local held = self.held
  if held and not refusal
      and held.token:state(self.connection.driver.now()) == "fresh" then
    return held
  end
  return renew(self, refusal, deadline,
    { record = record or self.device.record, key = self.device.key })
end

--- Deletes the stored failure that delays the next token request. Returns true;
-- nil and an error of the store.
function AccessToken:forget_failure()
  return lock_of(self):forget_failure()
end

return access_token
