--- Logs a viewer in, with a second screen or with a browser on this device.
-- @module adobepass.flow.login

local errors = require "adobepass.api.errors"
local identity = require "adobepass.util.identity"
local json = require "adobepass.util.json"
local options_of = require "adobepass.util.options"
local profiles = require "adobepass.flow.profile"

local login = {}

-- Adobe's checklist: every 3 to 5 seconds.
local LEAST_INTERVAL, USUAL_INTERVAL = 3, 5
-- Seconds between two calls of `cancel` or `browser_returned`.
local CALLBACK_INTERVAL = 0.25

local FIELDS = identity.fields({ mvpd = "string?", domain_name = "string?",
  redirect_url = "string?", activation_url = "string?", on_code = "function?",
  on_poll = "function?", cancel = "function?", choose = "function?",
  browser_returned = "function?", interval = "number?",
  metadata_key = options_of.one_or_more("userdata", true), metadata_padding = "string?",
  fresh = "boolean?" })

local pick = identity.pick

local function with(params, more)
  for name, value in pairs(more) do params[name] = value end
  return params
end

local function check(where, options)
  options_of.check(where, options, FIELDS, 4)
  if (options.interval or USUAL_INTERVAL) < LEAST_INTERVAL then
    error(("%s: interval should be %d seconds or more, not %g"):format(where,
      LEAST_INTERVAL, options.interval), 4)
  end
end

-- Returns a copy of the options, with the client's defaults.
local function complete(context, options)
  local result = with({}, options)
  for _, name in ipairs { "redirect_url", "domain_name", "activation_url" } do
    result[name] = options[name] or context:default(name)
  end
  return result
end

-- --- existing logins --------------------------------------

-- Returns the provider of a returning viewer, whose profile is requested alone. With
-- `choose` the viewer selects one of all profiles.
local function returning_to(context, options)
  local last, err = context:recall("provider")
  if not last or options.choose or options.mvpd and options.mvpd ~= last.id then
    return nil, err
  end
  return last.id
end

-- Requests one profile, or without `mvpd` all. Returns the one to use; nil when there
-- is none; nil and an error.
local function request_profiles(context, mvpd, options)
  local params = pick(options)
  local response, err
  if mvpd then
    response, err = context.api:profile(with(params, { mvpd = mvpd }))
  else
    response, err = context.api:profiles(params)
  end
  if response then
    return profiles.choose(profiles.list(context, response, options), options)
  end
  if mvpd and profiles.GONE[err.code] then return nil end
  return nil, err
end

-- Another provider may have logged this viewer in, by single sign-on, or before the
-- viewer picked the last one.
local function find_profile(context, options)
  local mvpd, err = returning_to(context, options)
  if err then return nil, err end
  local found, why = request_profiles(context, mvpd, options)
  if found or why or not mvpd or options.mvpd then return found, why end
  return request_profiles(context, nil, options)
end

local function existing(context, options)
  if not options.fresh then
    local kept, err = profiles.recall(context, options)
    if kept or err then return kept, err end
  end
  local found, err = find_profile(context, options)
  if not found then return nil, err end
  context:clear_permits()
  return profiles.remember(context, found)
end

-- --- a session ----------------------------------------

local WIRE_NAMES = { mvpd = "mvpd", domain = "domain_name",
  domainName = "domain_name", redirectUrl = "redirect_url" }

-- Returns the parameters that the service still needs, by their names here.
local function missing_of(response)
  local given, list = response.missingParameters, {}
  for index, name in ipairs(type(given) == "table" and given or {}) do
    list[index] = WIRE_NAMES[name] or tostring(name)
  end
  return list
end

local PARAMETERS = { mvpd = true, domain_name = true, redirect_url = true }

-- Returns the parameters of a resume: those that the service needs and the
-- caller gave; false when there are none.
local function resume_params(response, options)
  local params, any = { code = response.code }, false
  for _, name in ipairs(missing_of(response)) do
    if PARAMETERS[name] and options[name] then
      params[name], any = options[name], true
    end
  end
  return any and with(params, pick(options))
end

local function open_session(context, options)
  local params = pick(options, { "mvpd", "domain_name", "redirect_url" })
  local response, err = context.api:create_session(
    with(params, pick(options)))
  if not response or response.actionName ~= "resume"
      or type(response.code) ~= "string" then
    return response, err
  end
  local more = resume_params(response, options)
  if not more then return response end
  return context.api:resume_session(more)
end

--- Returns the profile when the service requires no login (authenticated,
-- temporary, degraded or single sign-on). Without a profile the result has
-- only the provider and the type of access.
function login.let_in(context, response, options)
  local mvpd = json.text(response.mvpd) or options.mvpd
  if not mvpd then
    return nil, errors.malformed("create_session", "its mvpd is missing")
  end
  local found, err = context.api:profile(
    with({ mvpd = mvpd }, pick(options)))
  if not found then return nil, err end
  context:clear_permits()
  local chosen = profiles.choose(profiles.list(context, found, options),
    with(pick(options, { "choose" }), { mvpd = mvpd }))
  if chosen then return profiles.remember(context, chosen) end
  return { mvpd = mvpd, type = response.reasonType, attributes = {} }
end

local function browser_url(context, response, options)
  if response.actionName ~= "authenticate" then return options.activation_url end
  if not response.url or response.url == json.null then
    return context.api:authenticate_url { code = response.code }
  end
  return context:absolute_url(response.url, response.actionType)
end

-- Adobe: a code is valid for about half an hour. An implausible `notAfter` is
-- ignored.
local USUAL_LIFE, LONGEST_LIFE = 30 * 60 * 1000, 24 * 3600 * 1000

local function end_of(context, response)
  local now, ends = context:now_ms(), json.number(response.notAfter)
  if ends and ends > now and ends <= now + LONGEST_LIFE then return ends end
  return now + USUAL_LIFE
end

-- Seconds by which a poll may outlast the code's lifetime.
local LIFE_MARGIN = 60

-- Records when a code ends by the monotonic clock. The server's Date may not
-- advance, and a flow that was read from a store has no time of this clock.
local function limit_life(context, code, milliseconds)
  context.code_life = { code = code,
    ends = context:monotonic() + milliseconds / 1000 }
end

-- The lifetime of a session's code, in ms.
local function lifetime_of(context, response, expires_at)
  local starts = json.number(response.notBefore)
  local ends = json.number(response.notAfter)
  local life = starts and ends and ends - starts or 0
  if life > 0 and life <= LONGEST_LIFE then return life end
  return expires_at - context:now_ms()
end

-- Returns the seconds until the code ends by the monotonic clock. For a code that
-- this context has not seen before, they are those until `expires_at`, or the usual
-- lifetime while the server's time is unknown.
local function life_left(context, flow)
  local life = context.code_life
  if not life or life.code ~= flow.code then
    local left = flow.expires_at - context:now_ms()
    limit_life(context, flow.code, context:knows_time()
      and math.min(left, LONGEST_LIFE) or USUAL_LIFE)
    life = context.code_life
  end
  return life.ends - context:monotonic()
end

local function qr_text(response, options, url)
  local page = options.activation_url
  if not page then return url end
  return page .. (page:find("?", 1, true) and "&" or "?") .. "code="
    .. response.code
end

local function code_flow(context, response, options)
  local url, err = browser_url(context, response, options)
  if err then return nil, err end
  local flow = { state = "pending", code = response.code, url = url,
    qr = qr_text(response, options, url),
    mvpd = json.text(response.mvpd) or options.mvpd,
    interval = options.interval or USUAL_INTERVAL,
    expires_at = end_of(context, response) }
  limit_life(context, flow.code, lifetime_of(context, response, flow.expires_at))
  -- A poll with an older code of this device finds this record.
  local good, why = context:remember("login", { code = flow.code },
    (flow.expires_at - context:now_ms()) / 1000)
  if not good then return nil, why end
  return flow
end

local function unknown(response)
  local missing = missing_of(response)
  return nil, errors.new { code = "unknown_action", action = "none",
    operation = "create_session",
    message = #missing > 0
      and ("The service requires more parameters: %s."):format(
        table.concat(missing, ", "))
      or ("The service returned the action '%s', which is not supported.")
        :format(tostring(response.actionName)) }
end

-- Continues by `actionName`. A session with an unknown action and a code can
-- still be polled.
local function continue_session(context, response, options)
  if response.actionName == "authorize" then
    local found, err = login.let_in(context, response, options)
    if not found then return nil, err end
    return { state = "done", profile = found, mvpd = found.mvpd }
  end
  if type(response.code) == "string" then
    return code_flow(context, response, options)
  end
  return unknown(response)
end

local function begin(context, options)
  local ended, why_not = profiles.end_denied(context, options)
  if not ended then return nil, why_not end
  local found, err = existing(context, options)
  if err then return nil, err end
  if found then
    return { state = "done", profile = found, mvpd = found.mvpd }
  end
  local response, why = open_session(context, options)
  if not response then return nil, why end
  return continue_session(context, response, options)
end

--- Begins a login, with the options of `login`. Returns plain data that can be
-- stored, sent to another worker, and given to `poll_login`: `state` ("pending"
-- or "done"), `code`, `url`, `qr` (text for a QR code), `expires_at` (ms),
-- `interval` (s), `mvpd`; and `profile` when no login was needed.
function login.start_login(context, options)
  check("client:start_login", options)
  return begin(context, complete(context, options))
end

-- --- polling ----------------------------------------

local function is_superseded(context, flow)
  local latest = context:recall("login")
  return latest ~= nil and latest.code ~= flow.code
end

-- Before the server's time is known, this device's clock cannot show that a
-- code has expired; then the service decides.
local function seconds_left(context, flow)
  local left = (flow.expires_at - context:now_ms()) / 1000
  if left <= 0 and not context:knows_time() then left = context:timeout() end
  return math.min(left, life_left(context, flow) + LIFE_MARGIN)
end

-- The service's errors for a code that is no longer valid.
local INVALID_CODE = { invalid_parameter_code = true,
  invalid_authentication_session = true }

local function state_after(context, flow, err)
  if context:is_temporary(err) then
    flow.last_error = err.code
    return nil, "pending"
  end
  if INVALID_CODE[err.code] then
    local is_over = context:now_ms() >= flow.expires_at
      or life_left(context, flow) <= 0
    return nil, is_over and "expired" or "superseded"
  end
  -- A 403 without one of Adobe's codes comes from a server in between.
  if err.http_status == 403 and err.code ~= "http_403" then
    return nil, "denied"
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

local function finish(context, flow, found)
  context:forget("login")
  context:clear_permits()
  flow.state, flow.profile = "done", found
  return profiles.remember(context, found)
end

--- Requests the profile of a login once, with options as in `login` (`choose`,
-- `metadata_key`, `metadata_padding`, `visitor_id`). Returns the profile; nil and
-- "pending", "expired", "superseded" (a newer login of this device has begun) or
-- "denied"; or nil and an error.
function login.poll_login(context, flow, options)
  check_flow(flow)
  options = options or {}
  if flow.state == "done" then return flow.profile end
  local left = seconds_left(context, flow)
  if left <= 0 then return nil, "expired" end
  if is_superseded(context, flow) then return nil, "superseded" end
  -- Once: a repeat would be faster than Adobe allows.
  local response, err = context.api:profile_for_code(
    with({ code = flow.code, once = true }, pick(options)),
    context:deadline(math.min(left, context:timeout())))
  if not response then return state_after(context, flow, err) end
  local found = profiles.choose(profiles.list(context, response, options),
    { mvpd = flow.mvpd, choose = options.choose })
  if not found then return nil, "pending" end
  return finish(context, flow, found)
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

local function cancelled()
  return nil, errors.new { code = "cancelled", action = "none",
    operation = "login", message = "The login was cancelled." }
end

local function ended(state)
  return nil, errors.new { code = "login_" .. state,
    action = state == "denied" and "authentication" or "none",
    operation = "login", message = ({
      expired = "The code expired before the viewer signed in.",
      superseded = "A newer login of this device has begun.",
      denied = "The provider refused the login." })[state] }
end

-- A browser on this device reports when it has reached the redirect URL; no
-- profile can exist before.
local function await_browser(context, flow, options)
  if not options.browser_returned then return true end
  while not options.browser_returned() do
    if options.cancel and options.cancel() then return nil, "cancelled" end
    if seconds_left(context, flow) <= 0 then return nil, "expired" end
    context:sleep(CALLBACK_INTERVAL)
  end
  return true
end

-- Seconds until the next poll: an interval, or less for a last poll just before
-- the code expires. nil when a poll would be faster than Adobe allows, or after
-- the end.
local function next_wait(context, flow)
  local left = seconds_left(context, flow) - 1 -- leaves time for the response
  if left > flow.interval then return flow.interval end
  return left >= LEAST_INTERVAL and left or nil
end

local function poll_until_done(context, flow, options)
  local at_once = options.browser_returned ~= nil
  while true do
    local wait = at_once and 0 or next_wait(context, flow)
    at_once = false
    if not wait then
      wait_until(context, context:monotonic() + seconds_left(context, flow),
        options)
      return nil, "expired"
    end
    if wait_until(context, context:monotonic() + wait, options) then
      return nil, "cancelled"
    end
    local found, state = login.poll_login(context, flow, options)
    if state ~= "pending" then return found, state end
    if options.on_poll then options.on_poll(flow) end
  end
end

local function call_on_code(options, flow)
  if options.on_code then options.on_code(flow) end
end

--- Logs a viewer in, from the first request to the profile.
--
-- Returns the profile that is kept, else one that the service has, else authenticates
-- the viewer. After a denial with the action `authentication` it always authenticates;
-- for this it ends the service's profile, as a logout does, with `redirect_url` or
-- `activation_url`.
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
-- * `on_code(flow)`: show `flow.code`, `flow.url`, and `flow.qr` as a QR code
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
  check("client:login", options)
  local flow, err = begin(context, complete(context, options))
  if not flow then return nil, err end
  if flow.state == "done" then return flow.profile end
  call_on_code(options, flow)
  local back, why = await_browser(context, flow, options)
  local found, state
  if back then found, state = poll_until_done(context, flow, options)
  else state = why end
  if found then return found end
  if state == "cancelled" then return cancelled() end
  if type(state) == "string" then return ended(state) end
  return nil, state
end

-- --- the second screen ----------------------------------------

--- Returns the session of a code that a viewer typed: `code`, `mvpd` when the
-- provider was chosen on the TV, `missing` (a list of parameters), `expires_at`;
-- nil and an error when the code is not valid.
-- Options: `visitor_id`.
function login.check_code(context, code, options)
  options = options_of.check("client:check_code", options or {},
    identity.fields {}, 3)
  local response, err = context.api:session(with({ code = code }, pick(options)))
  if not response then return nil, err end
  local given = response.existingParameters
  return { code = code,
    mvpd = type(given) == "table" and json.text(given.mvpd) or nil,
    missing = missing_of(response),
    expires_at = json.number(response.notAfter) }
end

--- Sends the parameters that the TV left out (`mvpd`, `domain_name`,
-- `redirect_url`). Returns the URL for the viewer's browser; "" when no login
-- is needed. `visitor_id` replaces that of the device.
function login.resume_login(context, options)
  options_of.check("client:resume_login", options, identity.fields {
    code = "string", mvpd = "string?", domain_name = "string?",
    redirect_url = "string?" }, 3)
  local response, err = context.api:resume_session(options)
  if not response then return nil, err end
  if response.actionName == "authenticate" then
    return context:absolute_url(response.url, response.actionType)
  end
  if response.actionName == "authorize" then return "" end
  return unknown(response)
end

local REFRESH = identity.fields({ mvpd = "string?",
  metadata_key = options_of.one_or_more("userdata", true),
  metadata_padding = "string?" })

--- Requests the profile again: some attributes change after authorization.
-- Options, all of them optional: `mvpd` (default: that of the login), and as in
-- `login` `metadata_key`, `metadata_padding` and the fields of the identity.
function login.refresh_profile(context, options)
  options = options_of.check("client:refresh_profile", options or {}, REFRESH,
    3)
  local kept, broken, text = context:recall("profile")
  if broken then return nil, broken end
  local mvpd = options.mvpd or kept and kept.mvpd
  if not mvpd then return nil, profiles.not_logged_in("refresh_profile") end
  local response, err = context.api:profile(
    with({ mvpd = mvpd }, pick(options)))
  if not response then return nil, err end
  local found = profiles.choose(profiles.list(context, response, options),
    { mvpd = mvpd })
  if found then return profiles.remember(context, found) end
  if kept and kept.mvpd == mvpd and profiles.is_visible(context, kept, options) then
    context:forget("profile", text)
  end
  return nil, profiles.not_logged_in("refresh_profile")
end

return login
