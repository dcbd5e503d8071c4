--- The registered credentials of one device: client_id and client_secret.
--
-- A device that registers again loses every authenticated profile. Therefore
-- stored credentials are replaced only if the service refused exactly these, and a
-- write succeeds only if the store still holds what was read
-- (docs/credentials.md).
-- @module adobepass.auth.credentials

local call = require "adobepass.api.call"
local errors = require "adobepass.api.errors"
local timestamp = require "adobepass.policy.timestamp"

local credentials = {}

local Credentials = {}
Credentials.__index = Credentials

local RECORD = "credentials"
-- Credentials that replaced others are not replaced again within this time;
-- otherwise a device whose new credentials are refused, too, would register in a
-- loop.
local REPLACE_AGAIN_SECONDS = 600

--- Creates the credentials of one device.
-- @param connection see adobepass.api.connection
-- @tparam table device `record` and `key`, for the registration
-- @tparam table application `statement` and `redirect_uri`
-- @param store see adobepass.store.device_store
function credentials.new(connection, device, application, store)
  return setmetatable({ connection = connection, device = device,
    application = application, store = store }, Credentials)
end

local function failed(message)
  return nil, errors.new { code = "store_failed", action = "none",
    message = message }
end

-- --- credentials that could not be stored ------------------------------------

-- The connection keeps these credentials, because a gateway creates a device's
-- client for each request.
local function keep_unsaved(self, record, expected)
  self.connection.unsaved[self.store.key] =
    { record = record, expected = expected }
end

local function forget_unsaved(self)
  self.connection.unsaved[self.store.key] = nil
end

-- Returns the unsaved credentials if they were to replace what is stored now;
-- otherwise drops them and returns nil.
local function unsaved_for(self, text)
  local unsaved = self.connection.unsaved[self.store.key]
  if not unsaved then return nil end
  if unsaved.expected == text then return unsaved.record end
  forget_unsaved(self)
end

-- Returns true; false when another process has stored credentials; nil and an
-- error.
local function save(self, record, expected, holding)
  keep_unsaved(self, record, expected)
  local good, err = holding:check()
  if not good then return nil, err end
  local done
  done, err = self.store:replace_record(RECORD, record, expected)
  if done ~= nil then forget_unsaved(self) end
  return done, err
end

-- --- registration ------------------------------------------------------------

local function missing_statement()
  return errors.new { code = "software_statement_missing",
    action = "configuration", operation = "register",
    message = "This device has no credentials yet, and there is no "
      .. "software statement to register with." }
end

local function warn_replaced(self)
  local is_viewers = self.application == self.connection
  self.connection:emit({ type = "warning", code = "registered_again",
    message = is_viewers and "The server does not know this device's credentials any "
      .. "more: the client registers again, and the device's viewers have to log in "
      .. "again." or "The server refused the management credentials: the client "
      .. "registers again. No viewer has to log in again." }, self.device.key)
end

-- Returns the service's error if refused credentials must not be replaced; nil if
-- they may be.
local function reason_to_keep(self, refused, reason)
  if not self.application.statement then return reason end
  if type(refused.replaced) == "table"
      and timestamp.age(refused.replaced, self.connection.driver.clock)
        < REPLACE_AGAIN_SECONDS then
    return reason
  end
end

-- Returns a record of new credentials; nil and an error.
local function register(self, refused, reason, holding)
  local kept = refused and reason_to_keep(self, refused, reason)
  if kept then return nil, kept end
  if not self.application.statement then return nil, missing_statement() end
  if refused then warn_replaced(self) end
  self.connection:emit({ type = "registration" }, self.device.key)
  local response, err = call.perform(self.connection, self.device, "register", {
    software_statement = self.application.statement,
    redirect_uri = self.application.redirect_uri }, holding.deadline, holding)
  if not response then return nil, err end
  return { client_id = response.client_id,
    client_secret = response.client_secret,
    replaced = refused and timestamp.stamp({}, self.connection.driver.clock)
      or nil }
end

--- Returns the credentials to use: the stored ones; or new ones if none are stored
-- or the service refused the stored ones. Only the lock's owner may call this.
-- @tparam table refused maps each refused client_id to the service's error
-- @param holding see adobepass.auth.refresh_lock
-- @treturn[1] table `client_id` and `client_secret`
-- @treturn[2] nil
-- @return[2] an error, or refresh_lock.LOST
function Credentials:find(refused, holding)
  local is_registered = false
  while true do
    local stored, text, err = self.store:read_record(RECORD)
    if err then return nil, err end
    local record = unsaved_for(self, text)
    if not record then
      local reason = stored and refused[stored.client_id]
      if stored and not reason then return stored end
      if is_registered then
        return failed "The store did not keep new credentials."
      end
      record, err = register(self, stored, reason, holding)
      if not record then return nil, err end
      is_registered = true
    end
    local done, why = save(self, record, text, holding)
    if done == nil then return nil, why end
    if done then return record end
  end
end

return credentials
