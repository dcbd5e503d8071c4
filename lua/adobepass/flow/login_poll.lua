--- Polls for the profile of a login, once or until the login ends.
-- @module adobepass.flow.login_poll

local code_life = require "adobepass.flow.code_life"
local denials = require "adobepass.flow.denials"
local identity = require "adobepass.util.identity"
local options_of = require "adobepass.util.options"
local profiles = require "adobepass.flow.profile"
local tables = require "adobepass.util.tables"

local login_poll = {}

local add, pick = tables.add, identity.pick

-- Adobe's checklist: seconds between two polls, at least and by default.
login_poll.LEAST_INTERVAL, login_poll.USUAL_INTERVAL = 3, 5

-- The options of a login.
login_poll.FIELDS = identity.fields { mvpd = "string?", domain_name = "string?",
  redirect_url = "string?", activation_url = "string?", on_code = "function?",
  on_poll = "function?", cancel = "function?", choose = "function?",
  browser_returned = "function?", interval = "number?",
  metadata_key = options_of.one_or_more("userdata", true), metadata_padding = "string?",
  fresh = "boolean?" }

-- Seconds between two calls of `cancel` or `browser_returned`.
local CALLBACK_INTERVAL = 0.25

-- The service's errors for a code that is no longer valid.
local INVALID_CODE = { invalid_parameter_code = true,
  invalid_authentication_session = true }

local function state_after(context, flow, err)
  flow.last_error = err.code
  if context:is_temporary(err) then return nil, "pending" end
  if INVALID_CODE[err.code] then
    return nil, code_life.is_over(context, flow) and "expired" or "superseded"
  end
  -- A 403 without one of Adobe's codes comes from a server in between.
  if err.http_status == 403 and err.code ~= "http_403" then
    return nil, "denied", err
  end
  return nil, err
end

local function check_flow(flow)
  if type(flow) == "table" and (flow.state == "done"
      or type(flow.code) == "string" and type(flow.expires_at) == "number")
  then
    return
  end
  error("client:poll_login: the first argument should be the table that "
    .. "client:start_login returned", 4)
end

local function finish(context, flow, found, since)
  if context:has_logged_out(since, found.mvpd) then return nil, "superseded" end
  context:forget("login")
  denials.remove(context, found.mvpd)
  flow.state, flow.profile, flow.mvpd = "done", found, found.mvpd
  return profiles.log_in(context, found, since)
end

local function poll(context, flow, options)
  if flow.state == "done" then return flow.profile end
  local left = code_life.seconds_left(context, flow)
  if left <= 0 then return nil, "expired" end
  if code_life.is_replaced(context, flow) then return nil, "superseded" end
  local since = context:viewer_mark()
  -- Once: a repeat would be faster than Adobe allows.
  local response, err = context.api:profile_for_code(
    add({ code = flow.code, once = true }, pick(options)),
    context:deadline(math.min(left, context:timeout())))
  if not response then return state_after(context, flow, err) end
  flow.last_error = nil
  -- Of any provider: the viewer may have chosen another one on the second screen.
  local found = profiles.pick(profiles.list(context, response, options),
    options.choose)
  if not found then return nil, "pending" end
  return finish(context, flow, found, since)
end

--- Requests the profile of a login once, with options as in `login` (`choose`,
-- `metadata_key`, `metadata_padding`, `visitor_id`). Returns the profile; nil and
-- "pending", "expired", "superseded" (by a newer login or a logout of this device; by a
-- logout of one provider only if it overtakes the response with its profile) or
-- "denied"; or nil and an error. Other options of a login are ignored. Sets
-- `flow.last_error` to the code of the poll's error; nil after a response without one.
function login_poll.poll_login(context, flow, options)
  check_flow(flow)
  options = options_of.check("client:poll_login", options or {}, login_poll.FIELDS, 3)
  return poll(context, flow, options)
end

-- Waits until an instant of the driver's clock; returns true when `cancel` ends
-- the wait.
local function wait_until(context, instant, options)
  while true do
    if options.cancel and options.cancel() then return true end
    local left = instant - context:monotonic()
    if left <= 0 then return false end
    context:sleep(options.cancel and math.min(left, CALLBACK_INTERVAL) or left)
  end
end

-- Waits until a browser on this device has reached the redirect URL; no profile can
-- exist before. Returns true; nil and "cancelled" or "expired".
local function await_browser(context, flow, options)
  if not options.browser_returned then return true end
  while not options.browser_returned() do
    if options.cancel and options.cancel() then return nil, "cancelled" end
    if code_life.seconds_left(context, flow) <= 0 then return nil, "expired" end
    context:sleep(CALLBACK_INTERVAL)
  end
  return true
end

-- Seconds until the next poll: an interval, or less for a last poll just before
-- the code expires. nil when a poll would be faster than Adobe allows, or after
-- the end.
local function next_wait(context, flow)
  local left = code_life.seconds_left(context, flow) - 1 -- leaves time for the response
  if left > flow.interval then return flow.interval end
  return left >= login_poll.LEAST_INTERVAL and left or nil
end

--- Polls until the login ends. Returns the profile; nil and a state as of `poll_login`,
-- or "cancelled"; or nil and an error. With "denied" the third result is its error.
function login_poll.until_done(context, flow, options)
  local back, why = await_browser(context, flow, options)
  if not back then return nil, why end
  local at_once = options.browser_returned ~= nil
  while true do
    local wait = at_once and 0 or next_wait(context, flow)
    at_once = false
    local pause = wait or code_life.seconds_left(context, flow)
    if wait_until(context, context:monotonic() + pause, options) then
      return nil, "cancelled"
    end
    if not wait then return nil, "expired" end
    local found, state, cause = poll(context, flow, options)
    if state ~= "pending" then return found, state, cause end
    if options.on_poll then options.on_poll(flow) end
  end
end

return login_poll
