--- Adobe's checklist (page rest-api-v2-checklist), row by row: a test for each
-- row that code can keep, proved by what the sandbox received.

local core = require "adobepass.core"
local environment = require "adobepass.api.environment"
local json = require "adobepass.util.json"
local media_token = require "adobepass.media_token"
local story = require "spec.support.timeline"

local LOGIN = { mvpd = "Cablevision", domain_name = "adobe.com",
  redirect_url = "https://adobe.com" }

local function login_with(changes)
  local options = {}
  for name, value in pairs(LOGIN) do options[name] = value end
  for name, value in pairs(changes or {}) do options[name] = value end
  return options
end

-- A viewer who signs in on another screen when the code is shown.
local function log_in(on, changes)
  return assert(on:play(function()
    return on.client:login(login_with {
      on_poll = function(flow) on:sign_in(flow.code,
        changes and changes.username) end })
  end))
end

-- Everything the client can do in an evening.
local function an_evening(on)
  on.client:providers()
  log_in(on)
  on.client:preauthorize { "CNN", "HBO", "Flaky" }
  on.client:authorize "CNN"
  on.client:refresh_profile()
  local flow = on.client:start_login { mvpd = "Spectrum" }
  on.client:check_code(flow.code)
  on.client:resume_login(login_with { code = flow.code, mvpd = "Spectrum" })
  on.client:logout { redirect_url = "https://adobe.com" }
end

local function api_requests(on)
  local list = {}
  for _, entry in ipairs(on:received()) do
    if entry.path and entry.path:find "^/api/v2/" then
      list[#list + 1] = entry
    end
  end
  assert(#list > 0)
  return list
end

local function poll_times(on, from)
  local list = {}
  for _, entry in ipairs(on:received "profile_for_code") do
    list[#list + 1] = (entry.time - from) / 1000
  end
  return list
end

-- These two are of the code, or of no device at all.
local WITHOUT_DEVICE = { resume_session = true, session = true,
  profile_for_code = true }

local function every_request_has(on, name, check)
  an_evening(on)
  for _, entry in ipairs(api_requests(on)) do
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
  function(on)
    local statement = on.control.statement {
      application = "adobepass-sandbox-legacy-app" }
    local client = on:new_client { software_statement = statement }
    local found, err = client:login(LOGIN)
    assert.is_nil(found)
    assert.same({ 401, "application-registration" },
      { err.http_status, err.action })
    assert.equal(2, #on:received "register") -- once more, and never again
    on.control.clear_journal()
    assert(on:new_client().api:profiles())
    assert.equal(200, on:received("profiles")[1].status)
  end)

row(mandatory, "1. Registration Phase", "Client Credentials Caching",
  function(on)
    an_evening(on)
    on.driver.sleep(86400)
    local again = on:new_client { store = on.client.context.connection.store }
    assert(again.api:profiles())
    assert.equal(1, #on:received "register")
    local ids = {}
    for _, entry in ipairs(on:received "token") do
      ids[entry.body:match "client_id=([^&]+)"] = true
    end
    assert.equal("string", type(next(ids)))
    assert.is_nil(next(ids, (next(ids))))
  end)

row(mandatory, "1. Registration Phase", "Access Tokens Caching", function(on)
  an_evening(on)
  assert(on:new_client { store = on.client.context.connection.store }.api:profiles())
  assert.equal(1, #on:received "token")
end)

row(mandatory, "2. Configuration Phase", "Configuration Retrieval",
  function(on)
    log_in(on)
    assert(on.client:login {})
    assert(on.client:temporary_access { mvpd = "TempPass" }:authorize "CNN")
    on.driver.sleep(31 * 86400)
    assert(on.client:start_login(login_with {
      mvpd = on.client:remembered_provider().id }))
    assert.equal(0, #on:received "configuration")
    assert(on.client:providers())
    assert.equal(1, #on:received "configuration")
  end)

row(mandatory, "2. Configuration Phase", "TV Provider Selection Caching",
  function(on)
    local list = assert(on.client:providers())
    local picked = list[1]
    on.client:remember_provider(picked)
    local again = on:new_client { store = on.client.context.connection.store }
    local kept = again:remembered_provider()
    assert.same({ picked.id, picked.display_name, picked.logo_url },
      { kept.id, kept.display_name, kept.logo_url })
    assert.equal(1, #on:received "configuration")
  end)

row(mandatory, "3. Authentication Phase", "Polling Mechanism Starting",
  function(on)
    local start = on.box:now()
    on:play(function()
      return on.client:login(login_with { browser_returned = function()
        return on.driver.now() >= 30
      end, on_poll = function(flow) on:sign_in(flow.code) end })
    end)
    assert.same({ 30, 35 }, poll_times(on, start))
    on.control.clear_journal()
    start = on.box:now()
    on:play(function()
      return on.client:login(login_with { fresh = true, mvpd = "Spectrum",
        on_poll = function(flow) on:sign_in(flow.code) end })
    end)
    assert.same({ 5, 10 }, poll_times(on, start))
  end)

row(mandatory, "3. Authentication Phase", "Polling Mechanism Stopping",
  function(on)
    log_in(on)
    assert.equal(2, #on:received "profile_for_code")
    on.driver.sleep(3600)
    assert.equal(2, #on:received "profile_for_code")
    assert(on.client:logout())
    on.control.clear_journal()
    local start = on.box:now()
    assert.is_nil(on.client:login(LOGIN))
    for _, second in ipairs(poll_times(on, start)) do
      assert.is_true(second < 1800)
    end
    on.control.clear_journal()
    local old = assert(on.client:start_login(LOGIN))
    assert(on.client:start_login(LOGIN))
    assert.same({ nil, "superseded" }, { on.client:poll_login(old) })
    assert.equal(0, #on:received "profile_for_code")
  end)

row(mandatory, "3. Authentication Phase", "Polling Mechanism Configuring",
  function(on)
    for interval, expected in pairs { [3] = 3, [5] = 5, [0] = 5 } do
      on.control.clear_journal()
      local start = on.box:now()
      on.client:login(login_with { interval = interval > 0 and interval
        or nil, cancel = function()
          return on.box:now() - start > 60000
        end })
      local last = 0
      for _, second in ipairs(poll_times(on, start)) do
        assert.equal(expected, second - last)
        last = second
      end
      assert.is_true(last >= 55)
    end
    assert.has_error(function()
      on.client:login(login_with { interval = 2 })
    end)
  end)

row(mandatory, "3. Authentication Phase", "Profiles Caching", function(on)
  log_in(on)
  on.control.clear_journal()
  local profile = assert(on.client:login {})
  assert.equal("ann-household", profile.attributes.householdID)
  assert.equal(0, #on:received())
  assert(on.client:preauthorize { "CNN" })
  assert(on.client:authorize "CNN")
  assert(on.client:refresh_profile())
  assert.is_true(on.client:login {}.attributes.allowMirroring)
  on.driver.sleep(31 * 86400)
  assert.equal("Cablevision", on.client:remembered_provider().id)
end)

row(mandatory, "4. (Optional) Preauthorization Phase",
  "Preauthorization Decisions Retrieval", function(on)
    log_in(on)
    local catalog = assert(on.client:preauthorize { "CNN" })
    assert.is_false(catalog.is_right_to_play)
    assert.is_nil(catalog.decisions[1].media_token)
    assert(on.client:authorize "CNN")
    assert.equal(1, #on:received "authorize")
  end)

row(mandatory, "4. (Optional) Preauthorization Phase",
  "Preauthorization Decisions Retrieval Retry", function(on)
    log_in(on, { username = "bob" })
    assert(on.client:preauthorize { "CNN", "HBO", "Slow" })
    local asked = {}
    for index, entry in ipairs(on:received "preauthorize") do
      asked[index] = json.decode(entry.body).resources
    end
    assert.same({ { "CNN", "HBO", "Slow" }, { "Slow" }, { "Slow" } }, asked)
  end)

row(mandatory, "4. (Optional) Preauthorization Phase",
  "Preauthorization Decisions Caching", function(on)
    log_in(on, { username = "bob" })
    assert(on.client:preauthorize { "CNN", "HBO" })
    on.control.clear_journal()
    assert(on.client:preauthorize { "CNN" })
    assert.equal(0, #on:received())
    assert(on.client:preauthorize { "CNN", "HBO" })
    assert.same({ "HBO" },
      json.decode(on:received()[1].body).resources)
  end)

row(mandatory, "5. Authorization Phase",
  "Authorization Decisions Retrieval", function(on)
    log_in(on)
    assert(on.client:preauthorize { "CNN" })
    for count = 1, 3 do
      local decision = assert(on.client:authorize "CNN")
      assert.equal(count, #on:received "authorize")
      assert.is_true(decision.media_token_not_after > on.box:now())
      on.driver.sleep(600)
    end
    assert.equal(3, #on:received "authorize")
  end)

row(mandatory, "5. Authorization Phase",
  "Authorization Decisions Retrieval Retry", function(on)
    log_in(on, { username = "bob" })
    assert(on.client:authorize "Slow")
    assert.equal(3, #on:received "authorize")
    assert(on.client:authorize "HBO")
    assert.equal(4, #on:received "authorize")
  end)

row(mandatory, "6. Logout Phase", "Logout Support", function(on)
  log_in(on)
  local opened
  assert(on.client:logout { open_url = function(url) opened = url end })
  assert.equal(1, #on:received "logout")
  assert.truthy(opened:find("/mvpd/Cablevision/logout", 1, true))
  on:answer(function(_, operation)
    if operation == "logout" then
      return { body = { logouts = { Cablevision = {
        actionName = "partner_logout",
        actionType = "partner_interactive" } } } }
    end
  end)
  local guided
  assert(on.client:logout { mvpd = "Cablevision",
    on_partner_logout = function(mvpd) guided = mvpd end })
  assert.equal("Cablevision", guided)
end)

row(mandatory, "7. Parameters and Headers", "Send Authorization Header",
  function(on)
    an_evening(on)
    for _, entry in ipairs(api_requests(on)) do
      assert.truthy(entry.headers.authorization:find "^Bearer %S+$")
    end
  end)

row(mandatory, "7. Parameters and Headers",
  "Send AP-Device-Identifier Header", function(on)
    every_request_has(on, "ap-device-identifier", function(value)
      assert.equal("fingerprint " .. core.base64.encode(on.client.context.record.id),
        value)
    end)
  end)

row(mandatory, "7. Parameters and Headers", "Send X-Device-Info Header",
  function(on)
    every_request_has(on, "x-device-info", function(value)
      local info = json.decode(core.base64.decode(value))
      assert.equal("TV 5th Gen", info.model)
    end)
    local viewer = on.client:device { id = "kitchen", ip = "203.0.113.7",
      info = { model = "K", version = "1", osName = "Linux", osVersion = "6",
        connectionType = "WiFi", connectionIp = "203.0.113.7",
        connectionPort = "8080" } }
    on.control.clear_journal()
    viewer:authorize("CNN", { mvpd = "Cablevision" })
    local headers = on:received("authorize")[1].headers
    local info = json.decode(core.base64.decode(headers["x-device-info"]))
    assert.equal("203.0.113.7", info.connectionIp)
    assert.equal("203.0.113.7", headers["x-forwarded-for"])
  end)

row(mandatory, "7. Parameters and Headers", "Stable Device Identifier",
  function(on)
    local adobepass = require "adobepass"
    local store = on.client.context.connection.store
    local id = assert(adobepass.device_id(store))
    on.driver.sleep(10 * 365 * 86400)
    assert.equal(id, adobepass.device_id(store))
    local again = on:new_client { store = store, device = { id = id } }
    assert(again.api:profiles())
    assert.equal("fingerprint " .. core.base64.encode(id),
      on:received("profiles")[1].headers["ap-device-identifier"])
  end)

row(mandatory, "7. Parameters and Headers", "Follow APIs References",
  function(on)
    an_evening(on)
    assert(on.client:temporary_access { mvpd = "flexibleTempPass",
      identity = { email = "user@domain.com" } }:authorize "CNN")
    for _, entry in ipairs(on:received()) do
      assert.is_nil(entry.unexpected)
    end
  end)

row(mandatory, "8. Error Handling", "Enhanced Error Code Handling Support",
  function(on)
    log_in(on, { username = "bob" })
    on.control.clear_journal()
    assert.equal("none", on.client:authorize("HBO").error.action)
    assert.equal("retry", on.client:authorize("Slow").error.action)
    assert.equal(1 + 3, #on:received "authorize")
    assert(on.control.revoke { mvpd = "Cablevision" })
    local err = on.client:authorize("CNN").error
    assert.equal("authentication", err.action)
    assert.equal(5, #on:received "authorize")
    for _, field in ipairs { "code", "message", "action" } do
      assert.equal("string", type(err[field]))
    end
    assert.equal(200, err.http_status)
    assert.equal(403, err.status)
  end)

row(mandatory, "8. Error Handling", "HTTP Error Handling Support",
  function(on)
    log_in(on)
    for status, count in pairs { [400] = 1, [401] = 2, [403] = 1, [404] = 1,
      [405] = 1, [429] = 3, [500] = 3, [503] = 3 } do
      on.control.clear_journal()
      assert(on.control.fault { kind = "status", status = status, count = 9,
        operation = "authorize" })
      local decision, err = on.client:authorize "CNN"
      assert.is_nil(decision)
      assert.equal(status, err.http_status)
      assert.equal(count, #on:received "authorize")
      on.control.clear_faults()
    end
  end)

row(mandatory, "9. Testing", "Lifecycle Testing",
  "The programmer's own tests in Adobe's environments need a licence; the "
  .. "four environments are there by name")

-- --- recommended ------------------------------------------------------------

local recommended = {}

row(recommended, "1. Registration Phase", "Access Tokens Validation",
  function(on)
    log_in(on)
    on.driver.sleep(6 * 3600)
    assert(on.client:authorize "CNN")
    for _, entry in ipairs(on:received()) do
      assert.is_true(entry.status < 400)
    end
    assert.equal(2, #on:received "token")
    on.control.clear_journal()
    assert(on.control.revoke { token = on.requests[#on.requests].request
      .bearer:reveal() })
    assert(on.client:authorize "CNN")
    local order = {}
    for index, entry in ipairs(on:received()) do
      order[index] = entry.operation .. " " .. entry.status
    end
    assert.same({ "authorize 401", "token 201", "authorize 200" }, order)
  end)

row(recommended, "2. Configuration Phase", "Configuration Caching",
  function(on)
    for _ = 1, 5 do
      assert(on.client:providers())
      on.driver.sleep(20)
    end
    assert.equal(1, #on:received "configuration")
    on.driver.sleep(300)
    assert(on.client:providers())
    assert.equal(2, #on:received "configuration")
  end)

row(recommended, "3. Authentication Phase",
  "Authentication Code Validation (2nd screen authentication)", function(on)
    local flow = assert(on.client:start_login { mvpd = "Cablevision" })
    on.control.clear_journal()
    local found = assert(on.client:check_code(flow.code))
    assert.equal("Cablevision", found.mvpd)
    assert(on.client:resume_login { code = flow.code,
      domain_name = "adobe.com", redirect_url = "https://adobe.com" })
    assert.same({ "session", "resume_session" },
      { on:received()[1].operation, on:received()[2].operation })
    for _, call in ipairs { function()
      return on.client:check_code "WRONG77"
    end, function() return on.client:resume_login { code = "WRONG77" } end }
    do
      local value, err = call()
      assert.same({ nil, "invalid_parameter_code" }, { value, err.code })
    end
  end)

row(recommended, "3. Authentication Phase", "Multiple Profiles Support",
  function(on)
    on:signed_in "Dish"
    on.driver.sleep(10)
    on:signed_in "Spectrum"
    assert.equal("Spectrum", assert(on.client:login {}).mvpd)
    assert.equal("Dish", assert(on.client:login { fresh = true,
      choose = function(list) return list[2] end }).mvpd)
    assert.equal(2, #on:received "profiles")
  end)

row(recommended, "3. Authentication Phase",
  "(Optional) Non-Basic Flows Support", function(on)
    assert.equal("degraded",
      assert(on.client:login(login_with { mvpd = "DegradedMvpd" })).type)
    assert.is_true(assert(on.client:temporary_access { mvpd = "TempPass" }
      :authorize "CNN").permitted)
    local subject = on.control.identity { kind = "platform",
      subject = "viewer-1" }
    local theirs = on:new_client { device = { id = "another TV" } }
      :start_login(login_with { subject_token = subject })
    on:sign_in(theirs.code)
    assert.equal("platformSSO", assert(on.client:login(login_with {
      subject_token = subject })).type)
    assert.equal(2, #on:received "create_session")
  end)

row(recommended, "4. (Optional) Preauthorization Phase", "User Experience",
  function(on)
    log_in(on, { username = "bob" })
    local denial = assert(on.client:preauthorize { "HBO" }).denied[1]
    assert.truthy(denial.reason:find "%a+ %a+.*%.$")
    assert.truthy(denial.error.details:find "HBO")
  end)

row(recommended, "5. Authorization Phase", "Media Tokens Validation",
  function(on)
    log_in(on)
    local decision = assert(on.client:authorize "CNN")
    local key = core.public_key(on.control.certificates().media)
    local given = { key = key, resource = "CNN", requestor = "REF30",
      now_ms = on.client:now_ms() }
    assert(media_token.verify(decision.media_token, given))
    given.resource = "HBO"
    assert.equal("INVALID_RESOURCE_ID",
      select(3, media_token.verify(decision.media_token, given)))
  end)

row(recommended, "5. Authorization Phase", "User Experience", function(on)
  log_in(on, { username = "bob" })
  local denial = assert(on.client:authorize "HBO")
  assert.truthy(denial.reason:find "%a+ %a+.*%.$")
  assert.truthy(denial.error.details:find "HBO")
end)

row(recommended, "6. Logout Phase", "User Experience", function(on)
  log_in(on, { username = "stranger" })
  on.client:preauthorize { "HBO" }
  on.client:authorize "HBO"
  assert(on.control.revoke { mvpd = "Cablevision" })
  on.client:authorize "CNN"
  assert.equal(0, #on:received "logout")
end)

row(recommended, "7. Parameters and Headers", "Reuse Code",
  "Advice to those who have code for REST API v1: we have none")

row(recommended, "8. Testing", "Test Coverage",
  "The programmer's devices and providers; the flows that the row names are "
  .. "tested in spec/flow")

row(recommended, "8. Testing", "Test Tools",
  "A website of Adobe's; the sandbox is our tool")

-- --- the rows ---------------------------------------------------------------

local function hold(title, list)
  describe("Adobe's checklist, " .. title, function()
    for _, entry in ipairs(list) do
      if type(entry.test) == "function" then
        it("[checklist-row] " .. entry.phase .. ": " .. entry.name, function()
          entry.test(story.new())
        end)
      end
    end
  end)
end

hold("mandatory", mandatory)
hold("recommended", recommended)

-- What code cannot keep has a reason in place of a test.
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
  it("[checklist-23-mandatory-rows] has 23 mandatory rows: 22 are held, 1 is "
    .. "not code's", function()
    assert.same({ 22, 1 }, count_of(mandatory))
  end)

  it("[checklist-12-recommended-rows] has 12 recommended rows: 9 are held, 3 "
    .. "are not code's", function()
    assert.same({ 9, 3 }, count_of(recommended))
  end)

  it("[checklist-adobe-test] has Adobe's test environments by name", function()
    for _, name in ipairs { "prequal-production", "release-staging",
      "prequal-staging", "release-production" } do
      assert.truthy(environment.resolve(name).api:find "^https://")
    end
  end)
end)
