--- What may happen in a story: { most = how long it may take, run = }, where
-- `most` counts the client's timeouts and then seconds.
--
-- run(on, who) does it, tells the witness, and answers nothing. `on` is a
-- story of spec.fault.random_scenario, `who` a device in it: client, viewer,
-- name.

local core = require "adobepass.core"
local errors = require "adobepass.api.errors"
local json = require "adobepass.util.json"
local scenes = require "spec.support.operation_setup"

local acts = {}

local list = {}

local function act(name, timeouts, seconds, run)
  list[#list + 1] = { name = name, timeouts = timeouts, seconds = seconds,
    run = run }
end

local MVPDS = { "Cablevision", "Cablevision", "Dish", "Spectrum",
  "DegradedMvpd", "Degraded_AuthZNone", "Dummy", "Strict" }
local RESOURCES = { "CNN", "TBS", "HBO", "Live", "Late Night", "Matinee",
  "Flaky", "Slow", "REF30", "CNN " }
local EMAILS = { "ann@test", "bob@test" }

local function hash(email)
  return core.digest.hex(core.digest.sha256(email))
end

-- As it goes out in the header.
local function sent_identity(email)
  return core.base64.encode(json.encode { email = hash(email) })
end

local function heed(on, value, err)
  if value == nil or errors.is(err) or type(err) == "string" then
    on.witness:check_error(err)
  end
  return value
end

local function heed_profile(on, who, profile, err)
  if heed(on, profile, err) then
    on.witness:check_profile(who.name, profile)
  end
  return profile
end

-- --- logins -----------------------------------------------------------------

-- The viewer signs in on another screen, or somebody else, or nobody does.
local function viewer_signs_in(on, who, flow)
  on.witness:told(flow.state)
  if on.die:chance(0.7) then
    on.control.log_in { code = flow.code, username = who.viewer,
      mvpd = flow.mvpd or "Cablevision" }
  end
end

local function login_options(on, who)
  local polls = 0
  return { mvpd = on.die:chance(0.8) and on.die:pick(MVPDS) or nil,
    domain_name = "adobe.com", redirect_url = "https://adobe.com",
    fresh = on.die:chance(0.3) or nil, activation_url = "https://tv.test/go",
    on_code = function(flow) viewer_signs_in(on, who, flow) end,
    on_poll = function() polls = polls + 1 end,
    cancel = function() return polls >= 3 end }
end

act("login", 10, 60, function(on, who)
  if on.die:chance(0.3) then who.viewer = on.die:pick(who.viewers) end
  local before = on.witness.requests
  local profile = heed_profile(on, who,
    who.client:login(login_options(on, who)))
  if profile and on.witness.requests > before then
    on.witness:turn(who.name)
  end
end)

act("login in steps", 8, 0, function(on, who)
  local flow = heed(on, who.client:start_login {
    mvpd = on.die:pick(MVPDS), domain_name = "adobe.com",
    redirect_url = "https://adobe.com" })
  if not flow then return end
  if flow.state == "pending" then viewer_signs_in(on, who, flow) end
  local found, state = who.client:poll_login(json.decode(json.encode(flow)))
  heed_profile(on, who, found, state)
end)

act("second screen", 3, 0, function(on, who)
  local made = heed(on, who.client.api:create_session {})
  if not made or type(made.code) ~= "string" then return end
  heed(on, who.client:check_code(made.code))
  heed(on, who.client:resume_login { code = made.code, mvpd = "Dish",
    domain_name = "adobe.com", redirect_url = "https://adobe.com" })
end)

act("partner login", 12, 60, function(on, who)
  local fallback = login_options(on, who)
  fallback.fresh = nil
  heed_profile(on, who, who.client:partner_login { partner = "Apple",
    domain_name = "adobe.com", redirect_url = "https://adobe.com",
    status = who.client:partner_status {
      access = on.die:pick { "granted", "granted", "denied" },
      provider_id = on.die:pick { "Cablevision", "nobody" },
      expires_at = 4e12 },
    respond = function(request)
      return on.control.saml_response { request = request.request,
        mvpd = "Cablevision", username = who.viewer }
    end, fallback = on.die:chance(0.5) and fallback or nil })
end)

act("refresh_profile", 1, 0, function(on, who)
  heed_profile(on, who, who.client:refresh_profile())
end)

act("logout", 7, 0, function(on, who)
  local report = heed(on, who.client:logout {
    mvpd = on.die:chance(0.3) and on.die:pick(MVPDS) or nil,
    open_url = function(url) assert(url:find "^https://") end })
  on.witness:turn(who.name)
  for _, entry in ipairs(report or {}) do
    if entry.error then on.witness:check_error(entry.error) end
  end
end)

-- --- decisions --------------------------------------------------------------

local function mvpd_of(on, who)
  local kept = who.client.context:recall "profile"
  local given = (not kept or on.die:chance(0.4)) and on.die:pick(MVPDS) or nil
  return given, given or kept.mvpd
end

act("authorize", 1, 10, function(on, who)
  local given, mvpd = mvpd_of(on, who)
  local decision = heed(on, who.client:authorize(on.die:pick(RESOURCES),
    { mvpd = given }))
  if decision then
    on.witness:check_decision(who.name, decision, { mvpd = mvpd })
  end
end)

local function preauthorize(on, who, options, asked)
  local resources = on.die:some(RESOURCES)
  local result = heed(on, who.client:preauthorize(resources, options))
  if not result then return end
  assert(#result.decisions == #resources)
  assert(not result.is_right_to_play)
  for _, decision in ipairs(result.decisions) do
    on.witness:check_decision(who.name, decision, asked)
  end
end

act("preauthorize", 9, 60, function(on, who)
  local given, mvpd = mvpd_of(on, who)
  preauthorize(on, who, { mvpd = given }, { mvpd = mvpd })
end)

act("preauthorize a pass", 9, 60, function(on, who)
  local email = on.die:pick(EMAILS)
  preauthorize(on, who, { mvpd = "flexibleTempPass",
    identity = { email = hash(email) } },
    { mvpd = "flexibleTempPass", identity = sent_identity(email) })
end)

act("temporary_access", 9, 20, function(on, who)
  local email = on.die:pick(EMAILS)
  local pass = who.client:temporary_access {
    mvpd = { "flexibleTempPass", "TempPass_TEST40" },
    identity = { email = email } }
  for _ = 1, on.die:upto(2) do
    local decision = heed(on, pass:authorize(on.die:pick(RESOURCES)))
    if decision then
      on.witness:check_decision(who.name, decision,
        { mvpd = pass.mvpd, identity = sent_identity(email) })
    end
  end
  heed(on, pass:check())
end)

-- --- the operations alone ---------------------------------------------------

act("providers", 1, 0, function(on, who)
  local shown = heed(on, who.client:providers { temporary = true })
  for _, item in ipairs(shown or {}) do assert(type(item.id) == "string") end
end)

local SIMPLE = { "configuration", "create_session", "session", "profiles",
  "profile", "authorize", "preauthorize", "logout", "partner_session",
  "reset_temp_pass", "reset_temp_pass_key", "service_token" }

-- A code that no service gave; nothing needs to have happened before.
local function params_of(name, who)
  if name == "session" then return { code = "ABC123" } end
  local stage = { client = who.client, control = { log_in = function()
    return true
  end } }
  return scenes[name](stage)
end

act("an operation", 1, 0, function(on, who)
  local name = on.die:pick(SIMPLE)
  local params = params_of(name, who)
  if on.die:chance(0.3) then params.once = true end
  heed(on, who.client.api[name](who.client.api, params))
end)

act("a circle of devices", 7, 0, function(on, who)
  local client = who.client
  local token = heed(on, client:get_service_token { sso_id = "viewer-"
    .. who.viewer .. "-0001" })
  if not token then return end
  heed(on, client:renew_service_token(token))
  heed(on, client:link_device(token))
  heed(on, client:linked_devices(token))
  heed(on, client:unlink_devices(token, { "tv-9" }))
  heed(on, client:login { mvpd = "Cablevision", service_token = token,
    cancel = function() return true end })
  heed(on, client:logout { service_token = token })
  on.witness:turn(who.name)
end)

acts.list = list

--- Some of them, by name.
function acts.named(...)
  local wanted, some = {}, {}
  for index = 1, select("#", ...) do wanted[select(index, ...)] = true end
  for _, one in ipairs(list) do
    if wanted[one.name] then some[#some + 1] = one end
  end
  return some
end

return acts
