--- Credentials and access token of one device.
--
-- Adobe: credentials never expire and losing them loses every login, so they
-- are registered once and kept for ever; a token is reused until just before
-- its end. One refresh at a time, whoever asks: the store's `add` is the lock
-- that coroutines, workers, processes and machines share.
-- @module adobepass.tokens

local core = require "adobepass.core"
local errors = require "adobepass.errors"
local moment = require "adobepass.moment"
local vault = require "adobepass.vault"

local tokens = {}

local Tokens = {}
Tokens.__index = Tokens

-- Who holds the lock longer than a refresh may take has died.
local LOCK_SECONDS, HOLD_SECONDS = 45, 40
local FIRST_PAUSE, LONGEST_PAUSE = 0.02, 0.25
local FIRST_GRUDGE, LONGEST_GRUDGE = 1, 30
-- A statement that was revoked must not register in a loop.
local REGISTER_AGAIN_SECONDS = 600

--- @param shared what all devices of a client share
-- @param view whose they are: its record, and its key in the store
function tokens.new(shared, view)
  return setmetatable({ shared = shared, view = view,
    vault = vault.new(shared.store, view.key), grudge = 0 }, Tokens)
end

local function now_of(self) return self.shared.driver.now() end

local function id_of(secret)
  return core.digest.hex(core.digest.sha256(secret)):sub(1, 16)
end

local function emit(self, event) self.shared:emit(event, self.view.key) end

-- --- credentials ---------------------------------------------------------

local function is_usable(credentials)
  return type(credentials.client_id) == "string"
    and type(credentials.client_secret) == "string"
end

local function keep_credentials(self, credentials)
  self.unsaved = credentials
  local good, err = self.vault:write("credentials", credentials)
  if not good then return nil, err end
  self.unsaved = nil
  return credentials
end

local function register(self, deadline)
  local shared = self.shared
  if not shared.statement then
    return nil, errors.new { code = "software_statement_missing",
      action = "configuration", operation = "register",
      message = "This device has no credentials yet, and there is no "
        .. "software statement to register with." }
  end
  emit(self, { type = "registration" })
  local answer, err = shared:perform(self.view, "register", {
    software_statement = shared.statement,
    redirect_uri = shared.redirect_uri }, deadline)
  if not answer then return nil, err end
  return keep_credentials(self, { client_id = answer.client_id,
    client_secret = answer.client_secret })
end

-- Called by who holds the lock. What could not be saved before is saved now,
-- and not registered anew.
local function credentials_of(self, deadline)
  if self.unsaved then return keep_credentials(self, self.unsaved) end
  local kept, err = self.vault:read("credentials")
  if err then return nil, err end
  if not kept then return register(self, deadline) end
  if is_usable(kept) then return kept end
  return nil, errors.new { code = "store_failed", action = "none",
    message = "What the store holds of credentials is damaged." }
end

-- Forgets credentials that the server no longer knows, once in a while.
local function may_register_again(self, credentials)
  local kept, err = self.vault:read("credentials")
  if err then return nil, err end
  if kept and kept.client_id ~= credentials.client_id then return true end
  local won, why = self.vault:claim("registered_again", "1",
    REGISTER_AGAIN_SECONDS)
  if not won then return nil, why end
  emit(self, { type = "warning", code = "registered_again",
    message = "The server does not know this device's credentials any more: "
      .. "it registers again, and its viewers have to log in again." })
  return self.vault:release("credentials")
end

-- --- the token ------------------------------------------------------------

local function adopt(self, record)
  local shared = self.shared
  local token = core.token({ access_token = record.access_token,
    expires_in = record.expires_in }, { now = now_of(self),
    margin = shared.token_margin, jitter = shared.token_jitter,
    chance = shared.chance() })
  if not token then return nil end
  self.token, self.id = token, id_of(record.access_token)
  self.forced = record.forced or false
  return token
end

local function fetch(self, credentials, deadline)
  return self.shared:perform(self.view, "token", {
    client_id = credentials.client_id,
    client_secret = credentials.client_secret,
    grant_type = "client_credentials" }, deadline)
end

-- Another process may use the token too; a store that fails here costs no
-- more than one more request.
local function keep_token(self, answer, forced)
  local record = moment.stamp { access_token = answer.access_token,
    expires_in = tonumber(answer.expires_in) or 0, forced = forced }
  local token = adopt(self, record)
  if not token then
    return nil, errors.malformed("token", "its token cannot be used")
  end
  local good, err = self.vault:write("token", record,
    math.max(1, record.expires_in))
  if not good then emit(self, { type = "warning", code = err.code,
    message = err.message }) end
  emit(self, { type = "token", forced = forced,
    expires_in = record.expires_in })
  return token
end

local function request_token(self, forced, deadline)
  local credentials, err = credentials_of(self, deadline)
  if not credentials then return nil, err end
  local answer, why = fetch(self, credentials, deadline)
  if not answer and why.code == "invalid_client" then
    local again, broken = may_register_again(self, credentials)
    if not again then return nil, broken or why end
    credentials, err = credentials_of(self, deadline)
    if not credentials then return nil, err end
    answer, why = fetch(self, credentials, deadline)
  end
  if not answer then return nil, why end
  return keep_token(self, answer, forced)
end

-- A failure is shared with who waits, and remembered for a while that grows.
local function remember_failure(self, err)
  self.grudge = math.min(LONGEST_GRUDGE,
    math.max(FIRST_GRUDGE, self.grudge * 2))
  self.vault:write("refresh_failed", { code = err.code, action = err.action,
    message = err.message, http_status = err.http_status,
    operation = err.operation }, self.grudge)
end

local function remembered_failure(self)
  local record = self.vault:read("refresh_failed")
  if record and type(record.code) == "string" then
    emit(self, { type = "cache_hit", what = "refresh_failed" })
    return errors.new { code = record.code, action = record.action,
      message = record.message, http_status = record.http_status,
      operation = record.operation }
  end
end

-- A token that is not the one that was refused. After a refusal only one that
-- a forced refresh brought will do: an ordinary refresh may have been under
-- way before.
local function stored(self, refused)
  local record, err = self.vault:read("token")
  if not record then return nil, err end
  if type(record.access_token) ~= "string" then return nil end
  record.expires_in = moment.left(record)
  if record.expires_in <= 0 then return nil end
  if refused and (id_of(record.access_token) == refused
      or not record.forced) then
    return nil
  end
  local token = adopt(self, record)
  return token and token:state(now_of(self)) == "fresh" and token or nil
end

local function renew_alone(self, refused, deadline)
  local token, err = stored(self, refused)
  if token or err then return token, err end
  deadline = math.min(deadline, now_of(self) + HOLD_SECONDS)
  token, err = request_token(self, refused ~= nil, deadline)
  if token then self.grudge = 0 else remember_failure(self, err) end
  return token, err
end

local function late()
  return errors.from_transport("token",
    "The access token did not come in time.", "timeout")
end

-- Waits for the lock, or for what its holder brings.
local function renew(self, refused, deadline)
  local driver, pause = self.shared.driver, FIRST_PAUSE
  local owner = core.random.uuid()
  while true do
    local failure = remembered_failure(self)
    if failure then return nil, failure end
    local won, err = self.vault:claim("refresh", owner, LOCK_SECONDS)
    if won == nil then return nil, err end
    if won then
      local token, why = renew_alone(self, refused, deadline)
      self.vault:release("refresh", owner)
      return token, why
    end
    local token, broken = stored(self, refused)
    if token or broken then return token, broken end
    if driver.now() + pause >= deadline then return nil, late() end
    driver.sleep(pause)
    pause = math.min(LONGEST_PAUSE, pause * 2)
  end
end

--- A token to send, or nil and an error.
-- @param deadline by the driver's clock
-- @param refused the id of a token that the server just refused
function Tokens:get(deadline, refused)
  local state = self.token and self.token:state(now_of(self))
  if refused and not (self.id ~= refused and self.forced) then
    return renew(self, refused, deadline)
  end
  if state == "fresh" then return self.token end
  local old = state == "due" and self.token
  local token, err = renew(self, refused, deadline)
  if token then return token end
  if not old then return nil, err end
  emit(self, { type = "warning", code = err.code, message = err.message })
  return old
end

--- The server says that this application is unknown: register again, once in
-- a while. True, or nil and an error where there is more to say.
function Tokens:register_again()
  local credentials, err = self.vault:read("credentials")
  if err then return nil, err end
  local again, why = may_register_again(self, credentials or {})
  if not again then return nil, why end
  self.token, self.id = nil, nil
  return self.vault:release("token")
end

return tokens
