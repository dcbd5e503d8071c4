--- The actions of a random scenario: { name =, timeouts =, seconds =, run = }. An
-- action may take `timeouts` times the client's timeout plus `seconds`.
--
-- run(scenario, device) performs the action and reports to the invariants.
-- `scenario` is one of spec.fault.random_scenario, `device` has client, viewer
-- and name.

local core = require "adobepass.core"
local errors = require "adobepass.api.errors"
local json = require "adobepass.util.json"
local operation_setup = require "spec.support.operation_setup"

local viewer_actions = {}

local list = {}

local function add_action(name, timeouts, seconds, run)
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

-- Returns the value of the request header.
local function sent_identity(email)
  return core.base64.encode(json.encode { email = hash(email) })
end

local function check_result(scenario, value, err)
  if value == nil or errors.is(err) or type(err) == "string" then
    scenario.invariants:check_error(err)
  end
  return value
end

local function check_profile(scenario, device, profile, err)
  if check_result(scenario, profile, err) then
    scenario.invariants:check_profile(device.name, profile)
  end
  return profile
end

-- --- logins -----------------------------------------------------------------

-- The viewer signs in on a second screen, or does not.
local function viewer_signs_in(scenario, device, flow)
  scenario.invariants:add_visible(flow.state)
  if scenario.random:chance(0.7) then
    scenario.control.login { code = flow.code, username = device.viewer,
      mvpd = flow.mvpd or "Cablevision" }
  end
end

local function login_options(scenario, device)
  local polls = 0
  return { mvpd = scenario.random:chance(0.8) and scenario.random:pick(MVPDS)
    or nil,
    domain_name = "adobe.com", redirect_url = "https://adobe.com",
    fresh = scenario.random:chance(0.3)
      or nil, activation_url = "https://tv.test/go",
    on_code = function(flow) viewer_signs_in(scenario, device, flow) end,
    on_poll = function() polls = polls + 1 end,
    cancel = function() return polls >= 3 end }
end

add_action("login", 10, 60, function(scenario, device)
  if scenario.random:chance(0.3) then
    device.viewer = scenario.random:pick(device.viewers)
  end
  local before = scenario.invariants.requests
  local profile = check_profile(scenario, device,
    device.client:login(login_options(scenario, device)))
  if profile and scenario.invariants.requests > before then
    scenario.invariants:change_viewer(device.name)
  end
end)

add_action("login in steps", 8, 0, function(scenario, device)
  local flow = check_result(scenario, device.client:start_login {
    mvpd = scenario.random:pick(MVPDS), domain_name = "adobe.com",
    redirect_url = "https://adobe.com" })
  if not flow then return end
  if flow.state == "pending" then viewer_signs_in(scenario, device, flow) end
  local found, state = device.client:poll_login(json.decode(json.encode(flow)))
  check_profile(scenario, device, found, state)
end)

add_action("second screen", 3, 0, function(scenario, device)
  local made = check_result(scenario, device.client.api:create_session {})
  if not made or type(made.code) ~= "string" then return end
  check_result(scenario, device.client:check_code(made.code))
  check_result(scenario,
    device.client:resume_login { code = made.code, mvpd = "Dish",
    domain_name = "adobe.com", redirect_url = "https://adobe.com" })
end)

add_action("partner login", 12, 60, function(scenario, device)
  local fallback = login_options(scenario, device)
  fallback.fresh = nil
  check_profile(scenario, device,
    device.client:partner_login { partner = "Apple",
    domain_name = "adobe.com", redirect_url = "https://adobe.com",
    status = device.client:partner_status {
      access = scenario.random:pick { "granted", "granted", "denied" },
      provider_id = scenario.random:pick { "Cablevision", "nobody" },
      expires_at = 4e12 },
    respond = function(request)
      return scenario.control.saml { request = request.request,
        mvpd = "Cablevision", username = device.viewer }
    end, fallback = scenario.random:chance(0.5) and fallback or nil })
end)

add_action("refresh_profile", 1, 0, function(scenario, device)
  check_profile(scenario, device, device.client:refresh_profile())
end)

add_action("logout", 7, 0, function(scenario, device)
  local report = check_result(scenario, device.client:logout {
    mvpd = scenario.random:chance(0.3) and scenario.random:pick(MVPDS) or nil,
    open_url = function(url) assert(url:find "^https://") end })
  scenario.invariants:change_viewer(device.name)
  for _, entry in ipairs(report or {}) do
    if entry.error then scenario.invariants:check_error(entry.error) end
  end
end)

-- --- decisions --------------------------------------------------------------

local function mvpd_of(scenario, device)
  local kept = device.client.context:recall "profile"
  local given = (not kept or scenario.random:chance(0.4))
    and scenario.random:pick(MVPDS) or nil
  return given, given or kept.mvpd
end

add_action("authorize", 1, 10, function(scenario, device)
  local given, mvpd = mvpd_of(scenario, device)
  local decision = check_result(scenario,
    device.client:authorize(scenario.random:pick(RESOURCES),
    { mvpd = given }))
  if decision then
    scenario.invariants:check_decision(device.name, decision, { mvpd = mvpd })
  end
end)

local function preauthorize(scenario, device, options, expected)
  local resources = scenario.random:pick_some(RESOURCES)
  local result = check_result(scenario,
    device.client:preauthorize(resources, options))
  if not result then return end
  assert(#result.decisions == #resources)
  assert(not result.is_right_to_play)
  for _, decision in ipairs(result.decisions) do
    scenario.invariants:check_decision(device.name, decision, expected)
  end
end

add_action("preauthorize", 9, 60, function(scenario, device)
  local given, mvpd = mvpd_of(scenario, device)
  preauthorize(scenario, device, { mvpd = given }, { mvpd = mvpd })
end)

add_action("preauthorize a pass", 9, 60, function(scenario, device)
  local email = scenario.random:pick(EMAILS)
  preauthorize(scenario, device, { mvpd = "flexibleTempPass",
    user = { email = hash(email) } },
    { mvpd = "flexibleTempPass", identity = sent_identity(email) })
end)

add_action("temporary_access", 9, 20, function(scenario, device)
  local email = scenario.random:pick(EMAILS)
  local pass = device.client:temporary_access {
    mvpd = { "flexibleTempPass", "TempPass_TEST40" },
    user = { email = email } }
  for _ = 1, scenario.random:upto(2) do
    local decision = check_result(scenario,
      pass:authorize(scenario.random:pick(RESOURCES)))
    if decision then
      scenario.invariants:check_decision(device.name, decision,
        { mvpd = pass.mvpd, identity = sent_identity(email) })
    end
  end
  check_result(scenario, pass:check())
end)

-- --- the operations alone ---------------------------------------------------

add_action("providers", 1, 0, function(scenario, device)
  local shown = check_result(scenario,
    device.client:providers { temporary = true })
  for _, item in ipairs(shown or {}) do assert(type(item.id) == "string") end
end)

local SIMPLE = { "configuration", "create_session", "session", "profiles",
  "profile", "authorize", "preauthorize", "logout", "partner_session",
  "reset_temp_pass", "reset_temp_pass_key", "service_token" }

-- Returns parameters that need no earlier request; the code is invalid.
local function params_of(name, device)
  if name == "session" then return { code = "ABC123" } end
  local fixture = { client = device.client, control = { login = function()
    return true
  end } }
  return operation_setup[name](fixture)
end

add_action("an operation", 1, 0, function(scenario, device)
  local name = scenario.random:pick(SIMPLE)
  local params = params_of(name, device)
  if scenario.random:chance(0.3) then params.once = true end
  check_result(scenario, device.client.api[name](device.client.api, params))
end)

add_action("a circle of devices", 7, 0, function(scenario, device)
  local client = device.client
  local token = check_result(scenario,
    client:get_service_token { sso_id = "viewer-"
    .. device.viewer .. "-0001" })
  if not token then return end
  check_result(scenario, client:renew_service_token(token))
  check_result(scenario, client:link_device(token))
  check_result(scenario, client:linked_devices(token))
  check_result(scenario, client:unlink_devices(token, { "tv-9" }))
  check_result(scenario,
    client:login { mvpd = "Cablevision", service_token = token,
    on_code = function() end, cancel = function() return true end })
  check_result(scenario, client:logout { service_token = token })
  scenario.invariants:change_viewer(device.name)
end)

viewer_actions.list = list

--- Returns the actions of these names.
function viewer_actions.named(...)
  local wanted, some = {}, {}
  for index = 1, select("#", ...) do wanted[select(index, ...)] = true end
  for _, action in ipairs(list) do
    if wanted[action.name] then some[#some + 1] = action end
  end
  return some
end

return viewer_actions
