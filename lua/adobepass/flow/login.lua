--- Logs a viewer in, with a second screen or with a browser on this device.
-- @module adobepass.flow.login

local errors = require "adobepass.api.errors"
local login_poll = require "adobepass.flow.login_poll"
local login_start = require "adobepass.flow.login_start"
local options_of = require "adobepass.util.options"

local login = {}

--- Raises a usage error for wrong options of a login. Called by the function that a
-- method of the client calls.
-- @string where for the message
-- @tparam table options
function login.check(where, options)
  options_of.check(where, options, login_poll.FIELDS, 4)
  if options.interval and options.interval < login_poll.LEAST_INTERVAL then
    error(("%s: interval should be %d seconds or more, not %g"):format(where,
      login_poll.LEAST_INTERVAL, options.interval), 4)
  end
end

-- Returns a copy of the options, with all defaults.
local function complete(context, options)
  local result = context:with_defaults(options)
  result.interval = options.interval or login_poll.USUAL_INTERVAL
  return result
end

--- Begins a login, with the options of `login`. Returns plain data that can be
-- stored, sent to another worker, and given to `poll_login`: `state` ("pending"
-- or "done"), `code`, `url`, `qr` (text for a QR code), `expires_at` (ms),
-- `interval` (s), `mvpd`, `session_id` (opaque, for tracking; nil when no session was
-- needed); and `profile` when no login was needed.
function login.start_login(context, options)
  login.check("client:start_login", options)
  return login_start.begin(context, complete(context, options))
end

local function cancelled()
  return nil, errors.new { code = "cancelled", action = "none",
    operation = "login", message = "The login was cancelled." }
end

local MESSAGES = { expired = "The code expired before the viewer signed in.",
  superseded = "The device has begun a newer login, or has logged out.",
  denied = "The provider refused the login." }

-- The provider's text of the error that denied the login is for the viewer.
local function ended(state, cause)
  cause = cause or {}
  return nil, errors.new { code = "login_" .. state,
    action = state == "denied" and "authentication" or "none",
    operation = "login", message = cause.message or MESSAGES[state],
    details = cause.details, status = cause.status, http_status = cause.http_status,
    trace = cause.trace }
end

-- Without on_code and on_poll the application cannot show the code, and the login would
-- poll until the code expires.
local function show_code(options, flow)
  if options.on_code then return options.on_code(flow) end
  if not options.on_poll then
    options_of.raise("client:login: a viewer has to sign in: give on_code, which "
      .. "shows the code or opens the URL")
  end
end

--- Logs a viewer in, from the first request to the profile.
--
-- Returns the profile that is kept, else one that the service has, else authenticates
-- the viewer. After a denial with the action `authentication` it does not return that
-- provider's profile; before the viewer authenticates, a logout with `redirect_url` or
-- `activation_url` ends the device's own one. If that logout fails, the service may
-- require no authentication: then the profile is returned, and an event of the type
-- `warning` names the cause.
--
-- Returns the profile; nil and an error, whose code is `login_expired`,
-- `login_superseded`, `login_denied` or `cancelled` when the login ended so.
-- @param context
-- @tparam table options
--
-- * `mvpd`, `domain_name`, `redirect_url`: the parameters known so far; the
--   second screen adds the others
-- * `activation_url`: your page where a viewer types the code; the defaults of
--   these three (not `mvpd`) are the options of adobepass.new
-- * `on_code(flow)`: show `flow.code`, `flow.url`, and `flow.qr` as a QR code; without
--   this and `on_poll`, the login raises a usage error if the viewer has to sign in
-- * `on_poll(flow)`: called after each poll that returned no profile
-- * `cancel()`: true ends the login; `interval`: seconds between two polls
--   (5, at least 3)
-- * `browser_returned()`: for a login in this device's own browser: polling
--   starts when it returns true
-- * `choose(profiles)`: returns the profile to use, of several; default: the one
--   valid longest. `fresh`: true requests the profiles even when one is kept
-- * `metadata_key`, a private key of the core or a list of them: decrypts encrypted
--   attributes; `metadata_padding`: as in key:decrypt
-- * the fields of adobepass.util.identity: they replace those of the device
function login.login(context, options)
  login.check("client:login", options)
  local flow, err = login_start.begin(context, complete(context, options))
  if not flow then return nil, err end
  if flow.state == "done" then return flow.profile end
  show_code(options, flow)
  local found, state, cause = login_poll.until_done(context, flow, options)
  if found then return found end
  if state == "cancelled" then return cancelled() end
  if type(state) == "string" then return ended(state, cause) end
  return nil, state
end

return login
