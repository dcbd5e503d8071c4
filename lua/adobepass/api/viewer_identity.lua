--- Values of a device's identity that change: those of functions, and tokens of the
-- SSO Service, which expire and are renewed. Constant values are in the device's
-- record.
-- @module adobepass.api.viewer_identity

local call = require "adobepass.api.call"
local core = require "adobepass.core"
local device_headers = require "adobepass.device.headers"
local errors = require "adobepass.api.errors"
local field = require "adobepass.device.field"
local identity = require "adobepass.util.identity"
local json = require "adobepass.util.json"
local running_function = require "adobepass.util.running_function"

local viewer_identity = {}

local Identity = {}
Identity.__index = Identity

-- Seconds before its end at which a token of the SSO Service is renewed: this, or a
-- tenth of its life if that is less.
local RENEW_BEFORE = 60

-- Seconds between two attempts to renew a token that is still valid.
local RENEW_AGAIN = 5

-- Seconds between two checks of a value that another coroutine requests.
local POLL = 0.02

-- The `iss` of the SSO Service's tokens.
local ISSUER = "ssoservicetoken"

local IS_FIELD = {}
for _, name in ipairs(identity.NAMES) do IS_FIELD[name] = true end

-- Returns the claims of a token with an expiry time that the SSO Service issued; nil
-- for any other value.
local function claims_of(token)
  local payload = type(token) == "string" and core.jws.peek(token)
  local claims = payload and json.decode(payload)
  if type(claims) == "table" and claims.iss == ISSUER and json.number(claims.exp)
  then
    return claims
  end
end

--- Splits a device's options into those of its record, and the fields of its
-- identity that change.
-- @tparam table fields of client:device
-- @tparam ?table defaults the option `identity` of adobepass.new
-- @treturn table for adobepass.device.record
-- @treturn ?table from name to function or token; nil if nothing changes
function viewer_identity.split(fields, defaults)
  for name in pairs(fields) do
    if IS_FIELD[name] then
      error(("device.%s should be in device.identity"):format(name))
    end
  end
  if not (defaults or fields.identity) then return fields end
  identity.check("device.identity", fields.identity)
  local constant, changing = {}, nil
  for name, value in pairs(fields) do constant[name] = value end
  constant.identity = nil
  for name, value in pairs(identity.merge(defaults, fields.identity)) do
    if type(value) == "function" or name == "service_token" and claims_of(value) then
      changing = changing or {}
      changing[name] = value
    else
      constant[name] = value
    end
  end
  return constant, changing
end

--- Creates the changing part of a device's identity.
-- @param context of the device
-- @tparam table changing from `split`
function viewer_identity.new(context, changing)
  local self = setmetatable({ context = context, entries = {} }, Identity)
  for name, source in pairs(changing) do
    local entry = { name = name }
    if type(source) == "function" then
      entry.source = source
    else
      viewer_identity.set(entry, source)
    end
    self.entries[name] = entry
  end
  return self
end

-- Returns the end and the time of renewal of a token, in ms.
local function times_of(claims, expires_at)
  local ends = expires_at or json.number(claims.exp) * 1000
  local starts = json.number(claims.nbf) or json.number(claims.iat)
  local life = starts and ends - starts * 1000 or math.huge
  return ends, ends - math.min(RENEW_BEFORE * 1000, life / 10)
end

--- Sets the value of an entry.
-- @tparam table entry
-- @param value
-- @tparam[opt] number expires_at ms since 1970
function viewer_identity.set(entry, value, expires_at)
  local claims = entry.name == "service_token" and claims_of(value)
  entry.value, entry.expires_at, entry.renew_at = value, expires_at, nil
  entry.is_known = true
  if claims then
    entry.expires_at, entry.renew_at = times_of(claims, expires_at)
  end
end

local function is_unexpired(self, entry)
  return entry.is_known and entry.expires_at ~= nil
    and self.context:now_ms() < entry.expires_at
end

local function is_usable(self, entry)
  return is_unexpired(self, entry)
    and (not entry.renew_at or self.context:now_ms() < entry.renew_at)
end

local function timeout_of(name)
  return errors.new { code = "timeout", operation = "identity",
    message = ("The value of identity.%s was not available before the "
      .. "timeout."):format(name) }
end

-- Requests a new token for one of the SSO Service. Returns true, or nil and an
-- error.
local function renew(self, entry, deadline)
  local response, err = self.context:call(
    call.operation "refresh_service_token", { token = entry.value }, deadline)
  if not response then return nil, err end
  viewer_identity.set(entry, response.serviceToken, json.number(response.notAfter))
  return true
end

-- Calls the application's function. Returns true, or nil and its error.
local function call_source(self, entry)
  local value, second = entry.source(self.context.record.id)
  if value == nil and errors.is(second) then return nil, second end
  if second ~= nil and type(second) ~= "number" then
    error(("identity.%s: the second result should be a time in ms since 1970, "
      .. "not %s"):format(entry.name, type(second)))
  end
  if value then field.encode(entry.name, value) end
  viewer_identity.set(entry, value, second)
  return true
end

-- Gets a new value: from the SSO Service if it renews the present one, else from
-- the function.
local function update(self, entry, deadline)
  local err
  if entry.renew_at then
    local is_renewed
    is_renewed, err = renew(self, entry, deadline)
    if is_renewed then return true end
    if is_unexpired(self, entry) then
      entry.renew_at = self.context:now_ms() + RENEW_AGAIN * 1000
      return true
    end
  end
  if entry.source then return call_source(self, entry) end
  return nil, err
end

-- A coroutine that was dropped without a task, or in which the application's function
-- raised an error, leaves its update in the entry.
local function is_busy(self, entry)
  return entry.update ~= nil and self.context:monotonic() < entry.update_ends
    and entry.update:is_running()
end

-- Runs `work(self, entry, deadline)` in one coroutine at a time, unless `is_done`
-- returns that another one has done it.
local function run_exclusively(self, entry, deadline, is_done, work)
  local context = self.context
  while is_busy(self, entry) do
    if entry.update:is_own() then
      error(("identity.%s: its function called an operation that sends this value, "
        .. "which waits for itself"):format(entry.name))
    end
    if context:monotonic() + POLL >= deadline then
      return nil, timeout_of(entry.name)
    end
    context:sleep(POLL)
  end
  if is_done(self, entry) then return true end
  local function body() -- without a tail call: see running_function
    local done, err = work(self, entry, deadline)
    return done, err
  end
  entry.update, entry.update_ends = running_function.new(body), deadline
  local connection = context.connection
  local task = connection:add_cleanup(entry, function() entry.update = nil end)
  local done, err = body()
  connection:remove_cleanup(task, entry)
  entry.update = nil
  return done, err
end

--- Returns whether the identity has a field that changes, except when its last value
-- was nil.
function Identity:has(name)
  local entry = self.entries[name]
  return entry ~= nil and (entry.value or not entry.is_known) and true or false
end

--- Returns a value; nil when there is none; nil and an error.
-- @string name
-- @number deadline by the driver's clock
function Identity:get(name, deadline)
  local entry = self.entries[name]
  if not entry then return nil end
  if not is_usable(self, entry) then
    local done, err = run_exclusively(self, entry, deadline, is_usable, update)
    if not done then return nil, err end
  end
  return entry.value
end

--- Returns the parameters of a call with the values that its operation sends and
-- the call does not give; nil and an error.
-- @string letters of the operation's headers
-- @tparam table params
-- @number deadline by the driver's clock
function Identity:complete(letters, params, deadline)
  local result = params
  for _, name in ipairs(device_headers.fields(letters)) do
    if self.entries[name] and not device_headers.is_given(params, name) then
      local value, err = self:get(name, deadline)
      if err then return nil, err end
      if value ~= nil then
        if result == params then
          result = {}
          for key, given in pairs(params) do result[key] = given end
        end
        result[name] = value
      end
    end
  end
  return result
end

--- Adds the present values to the fields of a call that do not give them, without
-- requesting new ones.
function Identity:add_known(fields)
  for name, entry in pairs(self.entries) do
    if entry.value and not device_headers.is_given(fields, name) then
      fields[name] = entry.value
    end
  end
end

--- Returns whether a service token is this identity's, so that it can be renewed.
function Identity:owns(token)
  local entry = self.entries.service_token
  return token ~= nil and entry ~= nil and entry.value == token
end

--- Replaces a service token that the service refused. Returns the new one; nil and
-- an error.
function Identity:replace(token, deadline)
  local entry = self.entries.service_token
  local function is_replaced() return entry.value ~= token end
  local done, err = run_exclusively(self, entry, deadline, is_replaced, function()
    entry.expires_at = nil
    return update(self, entry, deadline)
  end)
  if done then return entry.value end
  return nil, err
end

return viewer_identity
