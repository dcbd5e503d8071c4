--- Logging a viewer in: with a second screen, or with a browser on this one.
-- @module adobepass.flow.login

local errors = require "adobepass.api.errors"
local json = require "adobepass.util.json"
local options_of = require "adobepass.util.options"
local profiles = require "adobepass.flow.profile"

local login = {}

-- Adobe's checklist: every 3 to 5 seconds.
local LEAST_INTERVAL, USUAL_INTERVAL = 3, 5
-- How often a caller's `cancel` and `browser_returned` are asked.
local GLANCE = 0.25

local FIELDS = { mvpd = "string?", domain_name = "string?",
  redirect_url = "string?", activation_url = "string?", on_code = "function?",
  on_poll = "function?", cancel = "function?", choose = "function?",
  browser_returned = "function?", interval = "number?",
  metadata_key = "userdata?", metadata_padding = "string?",
  service_token = "string?", subject_token = "string?",
  roku_token = "string?", visitor_id = "string?", fresh = "boolean?" }

local IDENTITY = { "service_token", "subject_token", "roku_token",
  "visitor_id" }
local STATUS = { "service_token", "subject_token", "roku_token", "visitor_id",
  "partner_status" }

local function pick(options, names)
  local picked = {}
  for _, name in ipairs(names) do picked[name] = options[name] end
  return picked
end

local function with(params, more)
  for name, value in pairs(more) do params[name] = value end
  return params
end

local function check(where, options)
  options_of.check(where, options, FIELDS, 3)
  if (options.interval or USUAL_INTERVAL) < LEAST_INTERVAL then
    error(("%s: interval should be %d seconds or more"):format(where,
      LEAST_INTERVAL), 3)
  end
end

-- --- who is logged in already --------------------------------------

local function ask_for_profiles(client, options)
  local answer, err = client.api:profiles(pick(options, IDENTITY))
  if not answer then return nil, err end
  return profiles.choose(profiles.list(client, answer, options), options)
end

local function existing(client, options)
  if not options.fresh then
    local kept, err = profiles.recall(client, options)
    if kept or err then return kept, err end
  end
  local found, err = ask_for_profiles(client, options)
  if not found then return nil, err end
  client:clear_permits()
  return profiles.remember(client, found)
end

-- --- a session ----------------------------------------

local WIRE_NAMES = { mvpd = "mvpd", domain = "domain_name",
  domainName = "domain_name", redirectUrl = "redirect_url" }

-- By our names, where we have one.
local function missing_of(answer)
  local given, list = answer.missingParameters, {}
  for index, name in ipairs(type(given) == "table" and given or {}) do
    list[index] = WIRE_NAMES[name] or tostring(name)
  end
  return list
end

local PARAMETERS = { mvpd = true, domain_name = true, redirect_url = true }

-- What is still missing and the caller has: one resume brings it.
local function what_we_have(answer, options)
  local params, any = { code = answer.code }, false
  for _, name in ipairs(missing_of(answer)) do
    if PARAMETERS[name] and options[name] then
      params[name], any = options[name], true
    end
  end
  return any and params
end

local function open_session(client, options)
  local params = pick(options, { "mvpd", "domain_name", "redirect_url" })
  local answer, err = client.api:create_session(
    with(params, pick(options, IDENTITY)))
  if not answer or answer.actionName ~= "resume"
      or type(answer.code) ~= "string" then
    return answer, err
  end
  local more = what_we_have(answer, options)
  if not more then return answer end
  return client.api:resume_session(more)
end

-- No login is needed: authenticated, temporary, degraded or single sign-on.
-- What the service lets in without a profile still has a provider.
function login.let_in(client, answer, options)
  local mvpd = json.text(answer.mvpd) or options.mvpd
  if not mvpd then
    return nil, errors.malformed("create_session", "its mvpd is missing")
  end
  local found, err = client.api:profile(
    with({ mvpd = mvpd }, pick(options, STATUS)))
  if not found then return nil, err end
  client:clear_permits()
  local chosen = profiles.choose(profiles.list(client, found, options),
    with(pick(options, { "choose" }), { mvpd = mvpd }))
  if chosen then return profiles.remember(client, chosen) end
  return { mvpd = mvpd, type = answer.reasonType, attributes = {} }
end

local function browser_url(client, answer, options)
  if answer.actionName ~= "authenticate" then return options.activation_url end
  if not answer.url or answer.url == json.null then
    return client.api:authenticate_url { code = answer.code }
  end
  return client:absolute_url(answer.url, answer.actionType)
end

-- Adobe: a code lives about half an hour. What is no time, or none of a code,
-- is not believed.
local USUAL_LIFE, LONGEST_LIFE = 30 * 60 * 1000, 24 * 3600 * 1000

local function end_of(client, answer)
  local now, ends = client:now_ms(), json.number(answer.notAfter)
  if ends and ends > now and ends <= now + LONGEST_LIFE then return ends end
  return now + USUAL_LIFE
end

local function qr_text(answer, options, url)
  local page = options.activation_url
  if not page then return url end
  return page .. (page:find("?", 1, true) and "&" or "?") .. "code="
    .. answer.code
end

local function code_flow(client, answer, options)
  local url, err = browser_url(client, answer, options)
  if err then return nil, err end
  local flow = { state = "pending", code = answer.code, url = url,
    qr = qr_text(answer, options, url),
    mvpd = json.text(answer.mvpd) or options.mvpd,
    interval = options.interval or USUAL_INTERVAL,
    expires_at = end_of(client, answer) }
  -- Whoever polls with an older code of this device finds this one.
  local good, why = client:remember("login", { code = flow.code },
    (flow.expires_at - client:now_ms()) / 1000)
  if not good then return nil, why end
  return flow
end

local function unknown(answer)
  local missing = missing_of(answer)
  return nil, errors.new { code = "unknown_action", action = "none",
    operation = "create_session",
    message = #missing > 0
      and ("The service still misses %s."):format(table.concat(missing, ", "))
      or ("The service asks for '%s', which this version does not know.")
        :format(tostring(answer.actionName)) }
end

-- actionName says what is next; a value that is new but brings a code can
-- still be polled for.
local function obey(client, answer, options)
  if answer.actionName == "authorize" then
    local found, err = login.let_in(client, answer, options)
    if not found then return nil, err end
    return { state = "done", profile = found, mvpd = found.mvpd }
  end
  if type(answer.code) == "string" then
    return code_flow(client, answer, options)
  end
  return unknown(answer)
end

local function begin(client, options)
  local found, err = existing(client, options)
  if err then return nil, err end
  if found then
    return { state = "done", profile = found, mvpd = found.mvpd }
  end
  local answer, why = open_session(client, options)
  if not answer then return nil, why end
  return obey(client, answer, options)
end

--- Begins a login, with the options of `login`. The answer is plain data that
-- can be stored, sent to another worker, and given to `poll_login`: `state`
-- ("pending" or "done"), `code`, `url`, `qr` (text for a QR code),
-- `expires_at` (ms), `interval` (s), `mvpd`; and `profile` where no login was
-- needed.
function login.start_login(client, options)
  check("client:start_login", options)
  return begin(client, options)
end

-- --- polling ----------------------------------------

local function is_superseded(client, flow)
  local latest = client:recall("login")
  return latest ~= nil and latest.code ~= flow.code
end

-- A clock that nobody has set yet proves nothing: then the service tells.
local function seconds_left(client, flow)
  local left = (flow.expires_at - client:now_ms()) / 1000
  if left <= 0 and not client:knows_time() then return client:timeout() end
  return left
end

-- The network may be gone for a while, or answer in Adobe's place as that of a
-- hotel does; the code outlives that.
local IN_BETWEEN = { malformed_response = true, tls_failed = true,
  too_large = true, transfer_failed = true }

local function is_passing(err)
  return err.action == "retry" or IN_BETWEEN[err.code]
    or err.code:find "^http_3" ~= nil
    or (err.http_status or 0) >= 500 and err.action == "none"
end

-- What the service says of a code that has died.
local DEAD = { invalid_parameter_code = true,
  invalid_authentication_session = true }

local function judge(client, flow, err)
  if is_passing(err) then
    flow.last_error = err.code
    return nil, "pending"
  end
  if DEAD[err.code] then
    return nil, client:now_ms() >= flow.expires_at and "expired"
      or "superseded"
  end
  -- A 403 without a code of Adobe's is somebody's in between.
  if err.http_status == 403 and err.code ~= "http_403" then
    return nil, "denied"
  end
  return nil, err
end

local function finish(client, flow, found)
  client:forget("login")
  client:clear_permits()
  flow.state, flow.profile = "done", found
  return profiles.remember(client, found)
end

--- Asks once, with options as of `login` (`choose`, `metadata_key`,
-- `metadata_padding`): the profile; or nil and "pending", "expired",
-- "superseded" (a newer login of this device was begun) or "denied"; or nil
-- and an error.
function login.poll_login(client, flow, options)
  options = options or {}
  if flow.state == "done" then return flow.profile end
  local left = seconds_left(client, flow)
  if left <= 0 then return nil, "expired" end
  if is_superseded(client, flow) then return nil, "superseded" end
  -- Once: a repeat would come faster than Adobe allows.
  local answer, err = client.api:profile_for_code { code = flow.code,
    once = true, timeout = math.min(left, client:timeout()) }
  if not answer then return judge(client, flow, err) end
  local found = profiles.choose(profiles.list(client, answer, options),
    { mvpd = flow.mvpd, choose = options.choose })
  if not found then return nil, "pending" end
  return finish(client, flow, found)
end

-- Waits, with a glance at the caller from time to time: true if cancelled.
local function wait_until(client, moment, options)
  while true do
    if options.cancel and options.cancel() then return true end
    local left = moment - client:monotonic()
    if left <= 0 then return false end
    client:sleep(options.cancel and math.min(left, GLANCE) or left)
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
      expired = "The code ran out before the viewer had signed in.",
      superseded = "A newer login of this device has begun.",
      denied = "The provider did not let the viewer in." })[state] }
end

-- On this screen the browser tells when it has reached the redirect address;
-- before, there is nothing to ask for.
local function await_browser(client, flow, options)
  if not options.browser_returned then return true end
  while not options.browser_returned() do
    if options.cancel and options.cancel() then return nil, "cancelled" end
    if seconds_left(client, flow) <= 0 then return nil, "expired" end
    client:sleep(GLANCE)
  end
  return true
end

-- The next poll: an interval later, or once more just before the code ends;
-- never faster than Adobe allows, never after the end.
local function next_wait(client, flow)
  local left = seconds_left(client, flow) - 1 -- for the answer
  if left > flow.interval then return flow.interval end
  return left >= LEAST_INTERVAL and left or nil
end

local function poll_until_done(client, flow, options)
  local at_once = options.browser_returned ~= nil
  while true do
    local wait = at_once and 0 or next_wait(client, flow)
    at_once = false
    if not wait then
      wait_until(client, client:monotonic() + seconds_left(client, flow),
        options)
      return nil, "expired"
    end
    if wait_until(client, client:monotonic() + wait, options) then
      return nil, "cancelled"
    end
    local found, state = login.poll_login(client, flow, options)
    if state ~= "pending" then return found, state end
    if options.on_poll then options.on_poll(flow) end
  end
end

local function tell(options, flow)
  if options.on_code then options.on_code(flow) end
end

--- Logs a viewer in, from the first question to the profile.
--
-- Answers the profile; or nil and an error, whose code is `login_expired`,
-- `login_superseded`, `login_denied` or `cancelled` where it ended so.
-- @param client
-- @tparam table options
--
-- * `mvpd`, `domain_name`, `redirect_url`: what is known of the login; what is
--   left out the second screen brings
-- * `activation_url`: your page where a viewer types the code
-- * `on_code(flow)`: show `flow.code`, `flow.url`, and `flow.qr` as a QR code
-- * `on_poll(flow)`: called after each question that brought no profile
-- * `cancel()`: true ends the login; `interval`: seconds between two questions
--   (5, at the least 3)
-- * `browser_returned()`: for a login in this device's own browser: nothing is
--   asked before it is true
-- * `choose(profiles)`: the one to use, of several; else the one that is valid
--   longest. `fresh`: true asks the service, whatever is kept
-- * `metadata_key`, a private key of the core: opens encrypted attributes;
--   `metadata_padding`: as of key:decrypt
-- * `service_token`, `subject_token`, `roku_token`, `visitor_id`: who the
--   viewer is, for single sign-on
function login.login(client, options)
  check("client:login", options)
  local flow, err = begin(client, options)
  if not flow then return nil, err end
  if flow.state == "done" then return flow.profile end
  tell(options, flow)
  local back, why = await_browser(client, flow, options)
  local found, state
  if back then found, state = poll_until_done(client, flow, options)
  else state = why end
  if found then return found end
  if state == "cancelled" then return cancelled() end
  if type(state) == "string" then return ended(state) end
  return nil, state
end

-- --- the second screen ----------------------------------------

--- Is the code that a viewer typed one that lives? Its session: `mvpd` where
-- the provider was chosen on the TV, `missing`, `expires_at`.
function login.check_code(client, code)
  local answer, err = client.api:session { code = code }
  if not answer then return nil, err end
  local given = answer.existingParameters
  return { code = code,
    mvpd = type(given) == "table" and json.text(given.mvpd) or nil,
    missing = missing_of(answer),
    expires_at = json.number(answer.notAfter) }
end

--- Brings what the TV left open (`mvpd`, `domain_name`, `redirect_url`) and
-- answers where the viewer's browser goes; "" where no login is needed.
function login.resume_login(client, options)
  options_of.check("client:resume_login", options, { code = "string",
    mvpd = "string?", domain_name = "string?", redirect_url = "string?" }, 2)
  local answer, err = client.api:resume_session(options)
  if not answer then return nil, err end
  if answer.actionName == "authenticate" then
    return client:absolute_url(answer.url, answer.actionType)
  end
  if answer.actionName == "authorize" then return "" end
  return unknown(answer)
end

local REFRESH = { mvpd = "string?", metadata_key = "userdata?",
  metadata_padding = "string?", service_token = "string?",
  subject_token = "string?", roku_token = "string?", visitor_id = "string?" }

--- Asks for the profile again: some attributes change after authorization.
-- Options, all of them optional: `mvpd` (that of the login), and as of `login`
-- `metadata_key`, `metadata_padding` and who the viewer is.
function login.refresh_profile(client, options)
  options = options_of.check("client:refresh_profile", options or {}, REFRESH,
    2)
  local kept, broken = client:recall("profile")
  if broken then return nil, broken end
  local mvpd = options.mvpd or kept and kept.mvpd
  if not mvpd then return nil, client:not_logged_in("refresh_profile") end
  local answer, err = client.api:profile(
    with({ mvpd = mvpd }, pick(options, IDENTITY)))
  if not answer then return nil, err end
  local found = profiles.choose(profiles.list(client, answer, options),
    { mvpd = mvpd })
  if found then return profiles.remember(client, found) end
  if kept and kept.mvpd == mvpd then client:forget("profile") end
  return nil, client:not_logged_in("refresh_profile")
end

return login
