--- Adobe's checklist (page rest-api-v2-checklist): one test for each row
-- that concerns code. The tests check the requests that the sandbox received.

local core = require "adobepass.core"
local environment = require "adobepass.api.environment"
local json = require "adobepass.util.json"
local media_token = require "adobepass.media_token"
local timeline = require "spec.support.timeline"

local LOGIN = { mvpd = "Cablevision", domain_name = "adobe.com",
  redirect_url = "https://adobe.com" }

local function login_with(changes)
  local options = {}
  for name, value in pairs(LOGIN) do options[name] = value end
  for name, value in pairs(changes or {}) do options[name] = value end
  return options
end

-- Logs in; the viewer signs in on a second screen when the code is shown.
local function log_in(scenario, changes)
  return assert(scenario:run(function()
    return scenario.client:login(login_with {
      on_poll = function(flow) scenario:sign_in(flow.code,
        changes and changes.username) end })
  end))
end

-- Runs each flow of a client once.
local function run_all_flows(scenario)
  scenario.client:providers()
  log_in(scenario)
  scenario.client:preauthorize { "CNN", "HBO", "Flaky" }
  scenario.client:authorize "CNN"
  scenario.client:refresh_profile()
  local flow = scenario.client:start_login { mvpd = "Spectrum" }
  scenario.client:check_code(flow.code)
  scenario.client:resume_login(
    login_with { code = flow.code, mvpd = "Spectrum" })
  scenario.client:logout { redirect_url = "https://adobe.com" }
end

local function api_requests(scenario)
  local list = {}
  for _, entry in ipairs(scenario:received()) do
    if entry.path and entry.path:find "^/api/v2/" then
      list[#list + 1] = entry
    end
  end
  assert(#list > 0)
  return list
end

local function poll_times(scenario, from)
  local list = {}
  for _, entry in ipairs(scenario:received "profile_for_code") do
    list[#list + 1] = (entry.time - from) / 1000
  end
  return list
end

-- Operations that identify a session by its code, or that have no device.
local WITHOUT_DEVICE = { resume_session = true, session = true,
  profile_for_code = true }

local function every_request_has(scenario, name, check)
  run_all_flows(scenario)
  for _, entry in ipairs(api_requests(scenario)) do
    if not WITHOUT_DEVICE[entry.operation] then
      check(entry.headers[name] or error(entry.operation .. ": no " .. name))
    end
  end
end

-- --- mandatory --------------------------------------------------------------

local mandatory = {}

local function row(list, phase, name, test)
  list[#list + 1] = { phase = phase, name = name, test = test }
end

row(mandatory, "1. Registration Phase", "Registered Application Scoping",
  function(scenario)
    local statement = scenario.control.statement {
      application = "adobepass-sandbox-legacy-app" }
    local client = scenario:new_client { software_statement = statement }
    local found, err = client:login(LOGIN)
    assert.is_nil(found)
    assert.same({ 401, "application-registration" },
      { err.http_status, err.action })
    assert.equal(2, #scenario:received "register") -- one retry only
    scenario.control.journal { clear = true }
    assert(scenario:new_client().api:profiles())
    assert.equal(200, scenario:received("profiles")[1].status)
  end)

row(mandatory, "1. Registration Phase", "Client Credentials Caching",
  function(scenario)
    run_all_flows(scenario)
    scenario.driver.sleep(86400)
    local again = scenario:new_client {
      store = scenario.client.context.connection.store }
    assert(again.api:profiles())
    assert.equal(1, #scenario:received "register")
    local ids = {}
    for _, entry in ipairs(scenario:received "token") do
      ids[entry.body:match "client_id=([^&]+)"] = true
    end
    assert.equal("string", type(next(ids)))
    assert.is_nil(next(ids, (next(ids))))
  end)

row(mandatory, "1. Registration Phase", "Access Tokens Caching",
  function(scenario)
  run_all_flows(scenario)
  assert(scenario:new_client {
    store = scenario.client.context.connection.store }.api:profiles())
  assert.equal(1, #scenario:received "token")
end)

row(mandatory, "2. Configuration Phase", "Configuration Retrieval",
  function(scenario)
    log_in(scenario)
    assert(scenario.client:login {})
    assert(scenario.client:temporary_access {
      mvpd = "TempPass" }:authorize "CNN")
    scenario.driver.sleep(31 * 86400)
    assert(scenario.client:start_login(login_with {
      mvpd = scenario.client:remembered_provider().id }))
    assert.equal(0, #scenario:received "configuration")
    assert(scenario.client:providers())
    assert.equal(1, #scenario:received "configuration")
  end)

row(mandatory, "2. Configuration Phase", "TV Provider Selection Caching",
  function(scenario)
    local list = assert(scenario.client:providers())
    local picked = list[1]
    scenario.client:remember_provider(picked)
    local again = scenario:new_client {
      store = scenario.client.context.connection.store }
    local kept = again:remembered_provider()
    assert.same({ picked.id, picked.display_name, picked.logo_url },
      { kept.id, kept.display_name, kept.logo_url })
    assert.equal(1, #scenario:received "configuration")
  end)

row(mandatory, "3. Authentication Phase", "Polling Mechanism Starting",
  function(scenario)
    local start = scenario.sandbox:now()
    scenario:run(function()
      return scenario.client:login(login_with { browser_returned = function()
        return scenario.driver.now() >= 30
      end, on_poll = function(flow) scenario:sign_in(flow.code) end })
    end)
    assert.same({ 30, 35 }, poll_times(scenario, start))
    scenario.control.journal { clear = true }
    start = scenario.sandbox:now()
    scenario:run(function()
      return scenario.client:login(login_with { fresh = true, mvpd = "Spectrum",
        on_poll = function(flow) scenario:sign_in(flow.code) end })
    end)
    assert.same({ 5, 10 }, poll_times(scenario, start))
  end)

row(mandatory, "3. Authentication Phase", "Polling Mechanism Stopping",
  function(scenario)
    log_in(scenario)
    assert.equal(2, #scenario:received "profile_for_code")
    scenario.driver.sleep(3600)
    assert.equal(2, #scenario:received "profile_for_code")
    assert(scenario.client:logout())
    scenario.control.journal { clear = true }
    local start = scenario.sandbox:now()
    assert.is_nil(scenario.client:login(login_with { on_poll = function() end }))
    for _, second in ipairs(poll_times(scenario, start)) do
      assert.is_true(second < 1800)
    end
    scenario.control.journal { clear = true }
    local old = assert(scenario.client:start_login(LOGIN))
    assert(scenario.client:start_login(LOGIN))
    assert.same({ nil, "superseded" }, { scenario.client:poll_login(old) })
    assert.equal(0, #scenario:received "profile_for_code")
  end)

row(mandatory, "3. Authentication Phase", "Polling Mechanism Configuring",
  function(scenario)
    for interval, expected in pairs { [3] = 3, [5] = 5, [0] = 5 } do
      scenario.control.journal { clear = true }
      local start = scenario.sandbox:now()
      scenario.client:login(login_with { interval = interval > 0 and interval
        or nil, on_code = function() end, cancel = function()
          return scenario.sandbox:now() - start > 60000
        end })
      local last = 0
      for _, second in ipairs(poll_times(scenario, start)) do
        assert.equal(expected, second - last)
        last = second
      end
      assert.is_true(last >= 55)
    end
    assert.error_matches(function()
      scenario.client:login(login_with { interval = 2 })
    end, "interval should be 3 seconds or more")
  end)

row(mandatory, "3. Authentication Phase", "Profiles Caching", function(scenario)
  log_in(scenario)
  scenario.control.journal { clear = true }
  local profile = assert(scenario.client:login {})
  assert.equal("ann-household", profile.attributes.householdID)
  assert.equal(0, #scenario:received())
  assert(scenario.client:preauthorize { "CNN" })
  assert(scenario.client:authorize "CNN")
  assert(scenario.client:refresh_profile())
  assert.is_true(scenario.client:login {}.attributes.allowMirroring)
  scenario.driver.sleep(31 * 86400)
  assert.equal("Cablevision", scenario.client:remembered_provider().id)
end)

row(mandatory, "4. (Optional) Preauthorization Phase",
  "Preauthorization Decisions Retrieval", function(scenario)
    log_in(scenario)
    local catalog = assert(scenario.client:preauthorize { "CNN" })
    assert.is_false(catalog.is_right_to_play)
    assert.is_nil(catalog.decisions[1].media_token)
    assert(scenario.client:authorize "CNN")
    assert.equal(1, #scenario:received "authorize")
  end)

row(mandatory, "4. (Optional) Preauthorization Phase",
  "Preauthorization Decisions Retrieval Retry", function(scenario)
    log_in(scenario, { username = "bob" })
    assert(scenario.client:preauthorize { "CNN", "HBO", "Slow" })
    local requested = {}
    for index, entry in ipairs(scenario:received "preauthorize") do
      requested[index] = json.decode(entry.body).resources
    end
    assert.same({ { "CNN", "HBO", "Slow" }, { "Slow" }, { "Slow" } }, requested)
  end)

row(mandatory, "4. (Optional) Preauthorization Phase",
  "Preauthorization Decisions Caching", function(scenario)
    log_in(scenario, { username = "bob" })
    assert(scenario.client:preauthorize { "CNN", "HBO" })
    scenario.control.journal { clear = true }
    assert(scenario.client:preauthorize { "CNN" })
    assert.equal(0, #scenario:received())
    assert(scenario.client:preauthorize { "CNN", "HBO" })
    assert.same({ "HBO" },
      json.decode(scenario:received()[1].body).resources)
  end)

row(mandatory, "5. Authorization Phase",
  "Authorization Decisions Retrieval", function(scenario)
    log_in(scenario)
    assert(scenario.client:preauthorize { "CNN" })
    for count = 1, 3 do
      local decision = assert(scenario.client:authorize "CNN")
      assert.equal(count, #scenario:received "authorize")
      assert.is_true(decision.media_token_not_after > scenario.sandbox:now())
      scenario.driver.sleep(600)
    end
    assert.equal(3, #scenario:received "authorize")
  end)

row(mandatory, "5. Authorization Phase",
  "Authorization Decisions Retrieval Retry", function(scenario)
    log_in(scenario, { username = "bob" })
    assert(scenario.client:authorize "Slow")
    assert.equal(3, #scenario:received "authorize")
    assert(scenario.client:authorize "HBO")
    assert.equal(4, #scenario:received "authorize")
  end)

row(mandatory, "6. Logout Phase", "Logout Support", function(scenario)
  log_in(scenario)
  local opened
  assert(scenario.client:logout { open_url = function(url) opened = url end })
  assert.equal(1, #scenario:received "logout")
  assert.truthy(opened:find("/mvpd/Cablevision/logout", 1, true))
  scenario:set_responder(function(_, operation)
    if operation == "logout" then
      return { body = { logouts = { Cablevision = {
        actionName = "partner_logout",
        actionType = "partner_interactive" } } } }
    end
  end)
  local guided
  assert(scenario.client:logout { mvpd = "Cablevision",
    on_partner_logout = function(mvpd) guided = mvpd end })
  assert.equal("Cablevision", guided)
end)

row(mandatory, "7. Parameters and Headers", "Send Authorization Header",
  function(scenario)
    run_all_flows(scenario)
    for _, entry in ipairs(api_requests(scenario)) do
      assert.truthy(entry.headers.authorization:find "^Bearer %S+$")
    end
  end)

row(mandatory, "7. Parameters and Headers",
  "Send AP-Device-Identifier Header", function(scenario)
    every_request_has(scenario, "ap-device-identifier", function(value)
      assert.equal("fingerprint "
        .. core.base64.encode(scenario.client.context.record.id),
        value)
    end)
  end)

row(mandatory, "7. Parameters and Headers", "Send X-Device-Info Header",
  function(scenario)
    every_request_has(scenario, "x-device-info", function(value)
      local info = json.decode(core.base64.decode(value))
      assert.equal("TV 5th Gen", info.model)
    end)
    local viewer = scenario.client:device { id = "kitchen", ip = "203.0.113.7",
      info = { model = "K", version = "1", osName = "Linux", osVersion = "6",
        connectionType = "WiFi", connectionIp = "203.0.113.7",
        connectionPort = "8080" } }
    scenario.control.journal { clear = true }
    viewer:authorize("CNN", { mvpd = "Cablevision" })
    local headers = scenario:received("authorize")[1].headers
    local info = json.decode(core.base64.decode(headers["x-device-info"]))
    assert.equal("203.0.113.7", info.connectionIp)
    assert.equal("203.0.113.7", headers["x-forwarded-for"])
  end)

row(mandatory, "7. Parameters and Headers", "Stable Device Identifier",
  function(scenario)
    local adobepass = require "adobepass"
    local store = scenario.client.context.connection.store
    local id = assert(adobepass.device_id(store))
    scenario.driver.sleep(10 * 365 * 86400)
    assert.equal(id, adobepass.device_id(store))
    local again = scenario:new_client { store = store, device = { id = id } }
    assert(again.api:profiles())
    assert.equal("fingerprint " .. core.base64.encode(id),
      scenario:received("profiles")[1].headers["ap-device-identifier"])
  end)

row(mandatory, "7. Parameters and Headers", "Follow APIs References",
  function(scenario)
    run_all_flows(scenario)
    assert(scenario.client:temporary_access { mvpd = "flexibleTempPass",
      user = { email = "user@domain.com" } }:authorize "CNN")
    for _, entry in ipairs(scenario:received()) do
      assert.is_nil(entry.unexpected)
    end
  end)

row(mandatory, "8. Error Handling", "Enhanced Error Code Handling Support",
  function(scenario)
    log_in(scenario, { username = "bob" })
    scenario.control.journal { clear = true }
    assert.equal("none", scenario.client:authorize("HBO").error.action)
    assert.equal("retry", scenario.client:authorize("Slow").error.action)
    assert.equal(1 + 3, #scenario:received "authorize")
    assert(scenario.control.revoke { mvpd = "Cablevision" })
    local err = scenario.client:authorize("CNN").error
    assert.equal("authentication", err.action)
    assert.equal(5, #scenario:received "authorize")
    for _, field in ipairs { "code", "message", "action" } do
      assert.equal("string", type(err[field]))
    end
    assert.equal(200, err.http_status)
    assert.equal(403, err.status)
  end)

row(mandatory, "8. Error Handling", "HTTP Error Handling Support",
  function(scenario)
    log_in(scenario)
    for status, count in pairs { [400] = 1, [401] = 2, [403] = 1, [404] = 1,
      [405] = 1, [429] = 3, [500] = 3, [503] = 3 } do
      scenario.control.journal { clear = true }
      assert(scenario.control.fault { kind = "status", status = status,
        count = 9,
        operation = "authorize" })
      local decision, err = scenario.client:authorize "CNN"
      assert.is_nil(decision)
      assert.equal(status, err.http_status)
      assert.equal(count, #scenario:received "authorize")
      scenario.control.fault { clear = true }
    end
  end)

row(mandatory, "9. Testing", "Lifecycle Testing",
  "Tests in Adobe's environments require a license from Adobe; the client "
  .. "knows the four environments by name")

-- --- recommended ------------------------------------------------------------

local recommended = {}

row(recommended, "1. Registration Phase", "Access Tokens Validation",
  function(scenario)
    log_in(scenario)
    scenario.driver.sleep(6 * 3600)
    assert(scenario.client:authorize "CNN")
    for _, entry in ipairs(scenario:received()) do
      assert.is_true(entry.status < 400)
    end
    assert.equal(2, #scenario:received "token")
    scenario.control.journal { clear = true }
    assert(scenario.control.revoke {
      token = scenario.requests[#scenario.requests].request
      .bearer:reveal() })
    assert(scenario.client:authorize "CNN")
    local order = {}
    for index, entry in ipairs(scenario:received()) do
      order[index] = entry.operation .. " " .. entry.status
    end
    assert.same({ "authorize 401", "token 201", "authorize 200" }, order)
  end)

row(recommended, "2. Configuration Phase", "Configuration Caching",
  function(scenario)
    for _ = 1, 5 do
      assert(scenario.client:providers())
      scenario.driver.sleep(20)
    end
    assert.equal(1, #scenario:received "configuration")
    scenario.driver.sleep(300)
    assert(scenario.client:providers())
    assert.equal(2, #scenario:received "configuration")
  end)

row(recommended, "3. Authentication Phase",
  "Authentication Code Validation (2nd screen authentication)",
  function(scenario)
    local flow = assert(scenario.client:start_login { mvpd = "Cablevision" })
    scenario.control.journal { clear = true }
    local found = assert(scenario.client:check_code(flow.code))
    assert.equal("Cablevision", found.mvpd)
    assert(scenario.client:resume_login { code = flow.code,
      domain_name = "adobe.com", redirect_url = "https://adobe.com" })
    assert.same({ "session", "resume_session" },
      { scenario:received()[1].operation, scenario:received()[2].operation })
    for _, call in ipairs { function()
      return scenario.client:check_code "WRONG77"
    end, function() return scenario.client:resume_login {
      code = "WRONG77" } end }
    do
      local value, err = call()
      assert.same({ nil, "invalid_parameter_code" }, { value, err.code })
    end
  end)

row(recommended, "3. Authentication Phase", "Multiple Profiles Support",
  function(scenario)
    scenario:signed_in "Dish"
    scenario.driver.sleep(10)
    scenario:signed_in "Spectrum"
    assert.equal("Spectrum", assert(scenario.client:login {}).mvpd)
    assert.equal("Dish", assert(scenario.client:login { fresh = true,
      choose = function(list) return list[2] end }).mvpd)
    assert.equal(2, #scenario:received "profiles")
  end)

row(recommended, "3. Authentication Phase",
  "(Optional) Non-Basic Flows Support", function(scenario)
    assert.equal("degraded",
      assert(scenario.client:login(login_with { mvpd = "DegradedMvpd" })).type)
    assert.is_true(assert(scenario.client:temporary_access { mvpd = "TempPass" }
      :authorize "CNN").permitted)
    local subject = scenario.control.identity { kind = "platform",
      subject = "viewer-1" }
    local other_flow = scenario:new_client { device = { id = "another TV" } }
      :start_login(login_with { subject_token = subject })
    scenario:sign_in(other_flow.code)
    assert.equal("platformSSO", assert(scenario.client:login(login_with {
      subject_token = subject })).type)
    assert.equal(2, #scenario:received "create_session")
  end)

row(recommended, "4. (Optional) Preauthorization Phase", "User Experience",
  function(scenario)
    log_in(scenario, { username = "bob" })
    local denial = assert(scenario.client:preauthorize { "HBO" }).denied[1]
    assert.truthy(denial.error.details:find "HBO")
    assert.equal(denial.error.details, denial.reason)
  end)

row(recommended, "5. Authorization Phase", "Media Tokens Validation",
  function(scenario)
    log_in(scenario)
    local decision = assert(scenario.client:authorize "CNN")
    local key = core.public_key(scenario.control.certificates().media)
    local given = { key = key, resource = "CNN", requestor = "REF30",
      now_ms = scenario.client:now_ms() }
    assert(media_token.verify(decision.media_token, given))
    given.resource = "HBO"
    assert.equal("INVALID_RESOURCE_ID",
      select(3, media_token.verify(decision.media_token, given)))
  end)

row(recommended, "5. Authorization Phase", "User Experience", function(scenario)
  log_in(scenario, { username = "bob" })
  local denial = assert(scenario.client:authorize "HBO")
  assert.truthy(denial.error.details:find "HBO")
  assert.equal(denial.error.details, denial.reason)
end)

row(recommended, "6. Logout Phase", "User Experience", function(scenario)
  log_in(scenario, { username = "stranger" })
  scenario.client:preauthorize { "HBO" }
  scenario.client:authorize "HBO"
  assert(scenario.control.revoke { mvpd = "Cablevision" })
  scenario.client:authorize "CNN"
  assert.equal(0, #scenario:received "logout")
end)

row(recommended, "7. Parameters and Headers", "Reuse Code",
  "Advice on migrating code from REST API v1: adobepass has no such code")

row(recommended, "8. Testing", "Test Coverage",
  "Requires tests with real devices and providers; spec/flow tests the flows "
  .. "that the row names")

row(recommended, "8. Testing", "Test Tools",
  "Recommends a website of Adobe's; adobepass has the sandbox instead")

-- --- specs of the rows ---------------------------------------------------------------

local function hold(title, list)
  describe("Adobe's checklist, " .. title, function()
    for _, entry in ipairs(list) do
      if type(entry.test) == "function" then
        it("[checklist-row] Adobe's checklist: " .. entry.phase .. ", "
          .. entry.name, function()
          entry.test(timeline.new())
        end)
      end
    end
  end)
end

hold("mandatory", mandatory)
hold("recommended", recommended)

-- A row that does not concern code has a text with the reason, not a test.
local function count_of(list)
  local tests, reasons = 0, 0
  for _, entry in ipairs(list) do
    if type(entry.test) == "function" then tests = tests + 1
    else
      assert.is_true(#entry.test > 20)
      reasons = reasons + 1
    end
  end
  return { tests, reasons }
end

describe("Adobe's checklist", function()
  it("[checklist-23-mandatory-rows] Adobe's checklist: 22 of 23 mandatory rows "
    .. "have a test, 1 row is not about code", function()
    assert.same({ 22, 1 }, count_of(mandatory))
  end)

  it("[checklist-12-recommended-rows] Adobe's checklist: 9 of 12 recommended "
    .. "rows have a test, 3 rows are not about code", function()
    assert.same({ 9, 3 }, count_of(recommended))
  end)

  it("[checklist-adobe-test] client: knows Adobe's test environments by "
    .. "name", function()
    for _, name in ipairs { "prequal-production", "release-staging",
      "prequal-staging", "release-production" } do
      assert.truthy(environment.resolve(name).api:find "^https://")
    end
  end)
end)
