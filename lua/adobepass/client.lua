--- The client of one device: one method for each task of an application, and
-- `client.api` with one method for each operation of the service.
--
-- Each method returns its result, or nil and an error of adobepass.api.errors; wrong
-- arguments raise a usage error. The field `context` is internal.
-- @module adobepass.client

local authorize = require "adobepass.flow.authorize"
local connection = require "adobepass.api.connection"
local custom_request = require "adobepass.api.custom_request"
local device_record = require "adobepass.device.record"
local errors = require "adobepass.api.errors"
local flow_context = require "adobepass.api.flow_context"
local info_schema = require "adobepass.device.info_schema"
local login = require "adobepass.flow.login"
local login_poll = require "adobepass.flow.login_poll"
local logout = require "adobepass.flow.logout"
local options_of = require "adobepass.util.options"
local partner = require "adobepass.flow.partner"
local preauthorize = require "adobepass.flow.preauthorize"
local profile = require "adobepass.flow.profile"
local providers = require "adobepass.flow.providers"
local second_screen = require "adobepass.flow.second_screen"
local service_token = require "adobepass.flow.service_token"
local temporary_access = require "adobepass.flow.temporary_access"
local viewer_identity = require "adobepass.api.viewer_identity"

local client = {}

local Client = {}
Client.__index = Client

local CALLED_WITH_DOT = "client.%s was called with '.': write client:%s { ... }"

-- Raises when a method was called with a dot. Methods call this and context_of
-- directly, so that level 3 is the application's line.
local function check_self(self, name)
  if getmetatable(self) == Client then return end
  error(CALLED_WITH_DOT:format(name, name), 3)
end

-- The same for methods that need a device; returns the context for the flow.
local function context_of(self, name)
  if getmetatable(self) ~= Client then
    error(CALLED_WITH_DOT:format(name, name), 3)
  elseif not self.context.record then
    error(("client:%s: the client has no device; give one to adobepass.new, or "
      .. "use client:device { id = ... }"):format(name), 3)
  end
  return self.context
end

-- Methods make no tail calls: the level of a usage error counts the frame of the
-- method.

--- Requests the profiles of this device: a list, the one valid longest first;
-- see adobepass.flow.profile.
function Client:profiles(options)
  local context = context_of(self, "profiles")
  local result, err = profile.profiles(context, options)
  return result, err
end

--- Returns the profile kept by the last login while it is valid, without a
-- request; nil when there is none; nil and an error when the store is broken.
function Client:remembered_profile()
  local context = context_of(self, "remembered_profile")
  local result, err = profile.remembered_profile(context)
  return result, err
end

--- Returns the providers to choose from; see adobepass.flow.providers.
function Client:providers(options)
  local context = context_of(self, "providers")
  local result, err = providers.providers(context, options)
  return result, err
end

--- Keeps the viewer's choice of provider in the store.
function Client:remember_provider(item)
  local context = context_of(self, "remember_provider")
  local result, err = providers.remember_provider(context, item)
  return result, err
end

--- Returns the viewer's last choice of provider; nil when there is none.
function Client:remembered_provider()
  local context = context_of(self, "remembered_provider")
  local result, err = providers.remembered_provider(context)
  return result, err
end

--- Logs a viewer in, from the first request to the profile; see
-- adobepass.flow.login for the options of this and the next methods.
function Client:login(options)
  local context = context_of(self, "login")
  local result, err = login.login(context, options)
  return result, err
end

--- Begins a login. Returns plain data for `poll_login`.
function Client:start_login(options)
  local context = context_of(self, "start_login")
  local result, err = login.start_login(context, options)
  return result, err
end

--- Requests the profile of a login once: the profile; or nil and a state or an
-- error.
function Client:poll_login(flow, options)
  local context = context_of(self, "poll_login")
  local result, err = login_poll.poll_login(context, flow, options)
  return result, err
end

--- Returns the session of a code that a viewer typed on a second screen.
function Client:check_code(code, options)
  local context = context_of(self, "check_code")
  local result, err = second_screen.check_code(context, code, options)
  return result, err
end

--- Sends the parameters that the TV left out; returns the URL for the browser.
function Client:resume_login(options)
  local context = context_of(self, "resume_login")
  local result, err = second_screen.resume_login(context, options)
  return result, err
end

--- Requests the profile again.
function Client:refresh_profile(options)
  local context = context_of(self, "refresh_profile")
  local result, err = profile.refresh_profile(context, options)
  return result, err
end

--- Returns which resources the viewer may watch, for a catalog; see
-- adobepass.flow.preauthorize.
function Client:preauthorize(resources, options)
  local context = context_of(self, "preauthorize")
  local result, err = preauthorize.preauthorize(context, resources, options)
  return result, err
end

--- Requests the decision for one playback; see adobepass.flow.authorize.
function Client:authorize(resource, options)
  local context = context_of(self, "authorize")
  local result, err = authorize.authorize(context, resource, options)
  return result, err
end

--- Signs the viewer out; see adobepass.flow.logout.
function Client:logout(options)
  local context = context_of(self, "logout")
  local result, err = logout.logout(context, options)
  return result, err
end

--- Returns a pass: access without a login; see
-- adobepass.flow.temporary_access.
function Client:temporary_access(options)
  local context = context_of(self, "temporary_access")
  local result, err = temporary_access.temporary_access(context, options)
  return result, err
end

--- Resets a TempPass of a device, of a user, or of everyone.
function Client:reset_temp_pass(options)
  local context = context_of(self, "reset_temp_pass")
  local result, err = temporary_access.reset_temp_pass(context, options)
  return result, err
end

--- Logs in through a partner's framework; see adobepass.flow.partner.
function Client:partner_login(options)
  local context = context_of(self, "partner_login")
  local result, err = partner.partner_login(context, options)
  return result, err
end

--- Requests the SSO Service's token of a viewer.
function Client:get_service_token(options)
  local context = context_of(self, "get_service_token")
  local result, err = service_token.get_service_token(context, options)
  return result, err
end

--- Requests a new token for one that expires.
function Client:renew_service_token(token)
  local context = context_of(self, "renew_service_token")
  local result, err = service_token.renew_service_token(context, token)
  return result, err
end

--- Requests a code with which another device joins this device's group; see
-- adobepass.flow.service_token for this and the next methods.
function Client:link_device(token)
  local context = context_of(self, "link_device")
  local result, err = service_token.link_device(context, token)
  return result, err
end

--- Removes devices from the group.
function Client:unlink_devices(token, devices)
  local context = context_of(self, "unlink_devices")
  local result, err = service_token.unlink_devices(context, token, devices)
  return result, err
end

--- Requests the devices of the group.
function Client:linked_devices(token)
  local context = context_of(self, "linked_devices")
  local result, err = service_token.linked_devices(context, token)
  return result, err
end

--- Returns the value of AP-Partner-Framework-Status for what a partner's framework
-- reported. Needs no device.
function Client:partner_status(status)
  check_self(self, "partner_status")
  local result, err = partner.partner_status(self.context, status)
  return result, err
end

--- Signs a service token with your own key; see adobepass.flow.service_token.
-- Needs no device.
function Client:sign_service_token(options)
  check_self(self, "sign_service_token")
  local result, err = service_token.sign_service_token(self.context, options)
  return result, err
end

--- Sends a request to another Adobe API, such as ESM or Degradation, with the managed
-- access token, and with the deadline, retries and rate limit of every call. Only a
-- request of an idempotent method is retried.
-- @tparam table given `base` ("api" or "mgmt"; mgmt uses the credentials of the option
-- `management`), `path` (starts with "/"; may have a query), `method` ("GET"), `query`
-- (name to value, or to a list), `headers` (not Authorization), `body` (a string, or a
-- table that is sent as JSON), `timeout`, `once`
-- @treturn[1] table `status`, `headers`, `body` and, if the response is JSON, `json`
-- @treturn[2] nil
-- @return[2] an error; `foreign_url` for a path that names an origin
function Client:request(given)
  local context = context_of(self, "request")
  options_of.at_caller(custom_request.check, given)
  local result, err = context:request(given)
  return result, err
end

-- --- this device -------------------------------------------------------------

--- Returns the client_id with which this device is registered; nil when it is
-- not registered yet; nil and an error when the store is broken.
function Client:client_id()
  local credentials, err = context_of(self, "client_id"):recall("credentials")
  return credentials and credentials.client_id, err
end

--- Returns the name of this device in events: part of a digest, from which the
-- device's id cannot be computed.
function Client:event_name()
  return connection.event_name(context_of(self, "event_name").key)
end

--- Deletes the stored failure of the last token request, which delays the next
-- one. Meant for a command that a person runs again after fixing the cause.
function Client:forget_failure()
  return context_of(self, "forget_failure"):forget_failure()
end

--- Returns the text of an error for the viewer: of the option `messages`, else the
-- provider's text, else a sentence in the option `language`. Needs no device.
function Client:viewer_text(err)
  check_self(self, "viewer_text")
  if not errors.is(err) then
    error("client:viewer_text: the argument should be an error of adobepass", 2)
  end
  return self.context:viewer_text(err)
end

--- Returns the server's time in ms since 1970; before the first response, this
-- device's time. Needs no device.
function Client:now_ms()
  check_self(self, "now_ms")
  return self.context:now_ms()
end

-- --- the client --------------------------------------------------------------

local function new_client(shared, record, changing)
  local context = flow_context.new(shared, record, changing)
  return setmetatable({ context = context, api = context.api }, Client)
end

local function device_of(fields, defaults)
  if type(fields) ~= "table" then
    error("client:device: options should be a table, not " .. type(fields))
  end
  local constant, changing = viewer_identity.split(fields, defaults)
  return device_record.new(constant), changing
end

--- Returns the client of another device, which shares this client's
-- connections, store and rate limit. It is small enough for a gateway to keep
-- thousands.
-- @tparam table fields `id`, `info`, `ip`, `port`, `user_agent`, `user`, and
-- `identity`: see adobepass.device.record and adobepass.util.identity; it replaces
-- fields of the option of adobepass.new
function Client:device(fields)
  check_self(self, "device")
  local shared = self.context.connection
  local record, changing = options_of.at_caller(device_of, fields, shared.identity)
  local made = new_client(shared, record, changing)
  local message = fields.info and info_schema.summary(fields.info)
  if message then
    made.context:emit { type = "warning", code = "device_info",
      message = message }
  end
  return made
end

--- Steps all transfers and resumes coroutines, with a driver that has `update`
-- (tick): call it once in each frame. Returns the number of coroutines that
-- are still running.
function Client:update()
  check_self(self, "update")
  local shared = self.context.connection
  if not shared.driver.update then
    error("client:update needs a driver with update, such as driver.tick", 2)
  end
  return shared.driver.update(shared.transport)
end

--- Closes the connections. Requests in flight end with the code `closed`.
function Client:close()
  check_self(self, "close")
  self.context.connection:close()
end

--- Creates the client of an application, without a device.
-- @tparam table shared the checked options, see adobepass.new
function client.new(shared)
  return new_client(connection.new(shared), nil)
end

return client
