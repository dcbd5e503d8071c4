--- Credentials and access token of one device.
--
-- Adobe: credentials never expire and losing them loses every login, so they
-- are registered once and kept for ever; a token is reused until just before
-- its end. One refresh at a time, whoever asks: the store's `add` is the lock
-- that coroutines, workers, processes and machines share.
-- @module adobepass.auth.credentials

local call = require "adobepass.api.call"
local core = require "adobepass.core"
local errors = require "adobepass.api.errors"
local timestamp = require "adobepass.policy.timestamp"
local device_store = require "adobepass.store.device_store"

local device_credentials = {}

local Credentials = {}
Credentials.__index = Credentials

-- No refresh takes longer: who holds the lock longer has died. And it is less
-- than a call may take, so that the next one has time left.
local LONGEST_LOCK = 45
local FIRST_PAUSE, LONGEST_PAUSE = 0.02, 0.25
local FIRST_GRUDGE, LONGEST_GRUDGE = 1, 30
-- A statement that was revoked must not register in a loop.
local REGISTER_AGAIN_SECONDS = 600

--- Creates the credentials of one device.
-- @param connection see adobepass.api.connection
-- @tparam table device its `record`, and its `key` in the store
function device_credentials.new(connection, device)
  return setmetatable({ connection = connection, device = device,
    store = device_store.new(connection.store, device.key) }, Credentials)
end

local function now_of(self) return self.connection.driver.now() end

local function id_of(secret)
  return core.digest.hex(core.digest.sha256(secret)):sub(1, 16)
end

local function emit(self, event) self.connection:emit(event, self.device.key) end

local function warn(self, err)
  emit(self, { type = "warning", code = err.code, message = err.message })
end

-- --- credentials ---------------------------------------------------------

local function is_usable(credentials)
  return type(credentials.client_id) == "string"
    and type(credentials.client_secret) == "string"
end

-- What could not be saved outlives this object: a gateway makes views anew.
local function keep_credentials(self, credentials)
  local unsaved, key = self.connection.unsaved, self.device.key
  unsaved[key] = credentials
  local good, err = self.store:write("credentials", credentials)
  if not good then return nil, err end
  unsaved[key] = nil
  return credentials
end

local function register(self, deadline)
  local connection = self.connection
  if not connection.statement then
    return nil, errors.new { code = "software_statement_missing",
      action = "configuration", operation = "register",
      message = "This device has no credentials yet, and there is no "
        .. "software statement to register with." }
  end
  emit(self, { type = "registration" })
  local answer, err = call.perform(self.connection, self.device, "register", {
    software_statement = connection.statement,
    redirect_uri = connection.redirect_uri }, deadline)
  if not answer then return nil, err end
  return keep_credentials(self, { client_id = answer.client_id,
    client_secret = answer.client_secret })
end

-- Called by who holds the lock. What could not be saved before is saved now,
-- and not registered anew.
local function credentials_of(self, deadline)
  local unsaved = self.connection.unsaved[self.device.key]
  if unsaved then return keep_credentials(self, unsaved) end
  local kept, err = self.store:read("credentials")
  if err then return nil, err end
  if not kept then return register(self, deadline) end
  if is_usable(kept) then return kept end
  return nil, errors.new { code = "store_failed", action = "none",
    message = "What the store holds of credentials is damaged." }
end

-- Replaces credentials that the server no longer knows, once in a while. The
-- old ones stay until there are new ones: the server may have been wrong.
local function register_again(self, reason, deadline)
  if not self.connection.statement then return nil, reason end
  local won, err = self.store:claim("registered_again", "1",
    REGISTER_AGAIN_SECONDS)
  if not won then return nil, err or reason end
  emit(self, { type = "warning", code = "registered_again",
    message = "The server does not know this device's credentials any more: "
      .. "it registers again, and its viewers have to log in again." })
  local credentials, why = register(self, deadline)
  if not credentials then self.store:release("registered_again") end
  return credentials, why
end

-- --- the token ------------------------------------------------------------

-- Counted from when it was issued: one that is found in the store when it is
-- due would seem fresh otherwise.
local function adopt(self, record)
  local connection = self.connection
  local token = core.token({ access_token = record.access_token,
    expires_in = record.expires_in }, {
    now = now_of(self) - timestamp.age(record),
    margin = connection.token_margin,
    jitter = connection.token_jitter, chance = connection.chance() })
  if not token then return nil end
  self.held = { token = token, id = id_of(record.access_token),
    client_id = record.client_id, forced = record.forced }
  return self.held
end

local function fetch(self, credentials, deadline)
  return call.perform(self.connection, self.device, "token", {
    client_id = credentials.client_id,
    client_secret = credentials.client_secret,
    grant_type = "client_credentials" }, deadline)
end

-- Another process may use the token too; a store that fails here costs no
-- more than one more request.
local function keep_token(self, answer, client_id, forced)
  local record = timestamp.stamp { access_token = answer.access_token,
    expires_in = tonumber(answer.expires_in) or 0, forced = forced,
    client_id = client_id }
  local held = adopt(self, record)
  if not held then
    return nil, errors.malformed("token", "its token cannot be used")
  end
  local good, err = self.store:write("token", record,
    math.max(1, record.expires_in))
  if not good then warn(self, err) end
  emit(self, { type = "token", forced = forced,
    expires_in = record.expires_in })
  return held
end

local function request_token(self, refusal, deadline)
  local credentials, err = credentials_of(self, deadline)
  if credentials and refusal
      and credentials.client_id == refusal.client_id then
    credentials, err = register_again(self, refusal.reason, deadline)
  end
  if not credentials then return nil, err end
  local answer, why = fetch(self, credentials, deadline)
  if not answer and why.code == "invalid_client" then
    credentials, err = register_again(self, why, deadline)
    if not credentials then return nil, err end
    answer, why = fetch(self, credentials, deadline)
  end
  if not answer then return nil, why end
  return keep_token(self, answer, credentials.client_id, refusal ~= nil)
end

-- A failure is shared with the coroutines that wait, and remembered for a time
-- that grows with each failure.
-- The store's own are not: they cost the server nothing.
local function remember_failure(self, err)
  if err.code == "store_failed" then return end
  local last = self.store:read("refresh_failed")
  local pause = last and tonumber(last.pause)
  pause = pause and math.min(LONGEST_GRUDGE, pause * 2) or FIRST_GRUDGE
  self.store:write("refresh_failed", timestamp.stamp { pause = pause,
    code = err.code, action = err.action, message = err.message,
    http_status = err.http_status, operation = err.operation },
    2 * LONGEST_GRUDGE)
end

local function remembered_failure(self)
  local record = self.store:read("refresh_failed")
  if not record or type(record.code) ~= "string"
      or timestamp.age(record) >= (tonumber(record.pause) or 0) then
    return nil
  end
  emit(self, { type = "cache_hit", what = "refresh_failed" })
  return errors.new { code = record.code, action = record.action,
    message = record.message, http_status = record.http_status,
    operation = record.operation }
end

-- After a refusal only what a forced refresh brought will do: an ordinary one
-- may have been under way before. `refusal`: what the server refused, the id
-- of a token or of a whole client.
local function is_refused(held, refusal)
  if not refusal then return false end
  return not held.forced or held.id == refusal.id
    or refusal.client_id ~= nil and held.client_id == refusal.client_id
end

-- What another one brought.
local function stored(self, refusal)
  local record, err = self.store:read("token")
  if not record then return nil, err end
  if type(record.access_token) ~= "string"
      or type(record.expires_in) ~= "number"
      or timestamp.age(record) >= record.expires_in then
    return nil
  end
  record.id = id_of(record.access_token)
  if is_refused(record, refusal) then return nil end
  local held = adopt(self, record)
  return held and held.token:state(now_of(self)) == "fresh" and held or nil
end

local function renew_alone(self, refusal, deadline)
  local held, err = stored(self, refusal)
  if held or err then return held, err end
  held, err = request_token(self, refusal, deadline)
  if held then self.store:release("refresh_failed")
  else remember_failure(self, err) end
  return held, err
end

local function late()
  return errors.from_transport("token",
    "The access token did not come in time.", "timeout")
end

local function lock_seconds(self)
  return math.min(LONGEST_LOCK, self.connection.timeout * 2 / 3)
end

-- Waits for the lock, or for what its holder brings; nil alone where somebody
-- holds it and there is no need to wait.
local function renew(self, refusal, deadline, is_urgent)
  local driver, pause = self.connection.driver, FIRST_PAUSE
  local owner, message, code = core.random.uuid()
  if not owner then
    return nil, errors.from_transport("token", message, code)
  end
  local seconds = lock_seconds(self)
  while true do
    local failure = remembered_failure(self)
    if failure then return nil, failure end
    local won, err = self.store:claim("refresh", owner, seconds)
    if won == nil then return nil, err end
    if won then
      local held, why = renew_alone(self, refusal,
        math.min(deadline, driver.now() + seconds * 0.9))
      self.store:release("refresh", owner)
      return held, why
    end
    local held, broken = stored(self, refusal)
    if held or broken then return held, broken end
    if not is_urgent then return nil end
    if driver.now() + pause >= deadline then return nil, late() end
    driver.sleep(pause)
    pause = math.min(LONGEST_PAUSE, pause * 2)
  end
end

-- One that still works is worth half of the time, and no waiting for others.
local function renew_due(self, held, refusal, deadline)
  local now = now_of(self)
  local renewed, err = renew(self, refusal, now + (deadline - now) / 2)
  if err then warn(self, err) end
  return renewed or held
end

--- What to send: a table with `token`, and what Credentials:get takes as a
-- refusal (`id`, `client_id`); or nil and an error.
-- @param deadline by the driver's clock
-- @tparam[opt] table refusal what the server just refused: `id` of a token;
-- `client_id` and `reason`, its error, where it was the whole application
function Credentials:get(deadline, refusal)
  local held = self.held
  if not held or is_refused(held, refusal) then
    return renew(self, refusal, deadline, true)
  end
  local state = held.token:state(now_of(self))
  if state == "fresh" then return held end
  if state == "due" then return renew_due(self, held, refusal, deadline) end
  return renew(self, refusal, deadline, true)
end

return device_credentials
