--- Login: on a second screen, step by step, and with each response of the
-- service.

local core = require "adobepass.core"
local assert_client_error = require "spec.support.assert_client_error"
local assert_raises = require "spec.support.assert_raises"
local json = require "adobepass.util.json"
local memory = require "adobepass.store.memory"
local timeline = require "spec.support.timeline"

local login_options = timeline.login_options

-- Returns a store that fails while `broken` is set.
local function new_failing_store(now)
  local inner = memory { now = now }
  local store = { broken = false, inner = inner }
  for _, name in ipairs { "get", "set", "add", "replace", "delete" } do
    store[name] = function(self, ...)
      if self.broken == true or self.broken == name then
        return nil, "The disk is gone.", "store_failed"
      end
      return inner[name](inner, ...)
    end
  end
  return store
end

describe("login with a second screen", function()
  local scenario
  after_each(function() scenario = nil end)
  before_each(function() scenario = timeline.new() end)

  it("[login-shows-code-waits] login: shows a code, waits for the viewer and "
    .. "returns the profile", function()
    local shown
    local profile = scenario:run(function()
      return assert(scenario.client:login(login_options {
        on_code = function(flow) shown = flow end,
        on_poll = function(flow) scenario:sign_in(flow.code) end }))
    end)
    assert.truthy(shown.code:find "^%w+$")
    assert.equal("https://api.test/api/v2/authenticate/REF30/" .. shown.code,
      shown.url)
    assert.equal(shown.url, shown.qr)
    assert.same({ "Cablevision", "regular" }, { profile.mvpd, profile.type })
    assert.is_true(profile.not_after > profile.not_before)
    assert.equal("ann-household", profile.attributes.householdID)
    assert.same({ "REF30", "CNN", "TBS" }, profile.attributes.channelID)
  end)

  it("[login-asks-profiles-session] login: requests profiles, then a session, "
    .. "then polls for the code only", function()
    scenario:run(function()
      return scenario.client:login(login_options {
        on_poll = function(flow) scenario:sign_in(flow.code) end })
    end)
    assert.same({ register = 1, token = 1, profiles = 1, create_session = 1,
      profile_for_code = 2 }, scenario:counts())
  end)

  it("[login-no-callback] login: raises at the caller's line without on_code and "
    .. "on_poll, when the viewer has to sign in", function()
    local function back() return true end
    for _, options in ipairs { {}, { browser_returned = back } } do
      assert_raises("client:login: a viewer has to sign in: give on_code", function()
        local profile = scenario.client:login(login_options(options))
        return profile
      end)
    end
    assert_raises("client:login: a viewer has to sign in: give on_code", function()
      local profile = scenario.client:partner_login { partner = "Apple",
        status = scenario.client:partner_status { access = "denied" },
        respond = print, fallback = login_options() }
      return profile
    end)
    assert.is_nil(scenario:counts().profile_for_code)
    scenario:signed_in()
    assert.equal("Cablevision", assert(scenario.client:login(login_options())).mvpd)
  end)

  it("[login-sends-viewer-page] login: sends the viewer to the application's "
    .. "activation page", function()
    local flow = assert(scenario.client:start_login {
      activation_url = "https://tv.example.com/go" })
    assert.equal("https://tv.example.com/go", flow.url)
    assert.equal("https://tv.example.com/go?code=" .. flow.code, flow.qr)
    assert.is_nil(flow.mvpd)
  end)

  it("[login-adds-code-page] login: adds the code to an activation page that "
    .. "has a query", function()
    local flow = assert(scenario.client:start_login {
      activation_url = "https://tv.example.com/?to=go" })
    assert.equal("https://tv.example.com/?to=go&code=" .. flow.code, flow.qr)
  end)

  it("[login-defaults] start_login: domain_name, redirect_url and activation_url "
    .. "of adobepass.new are the defaults of a call", function()
    scenario = timeline.new { domain_name = "adobe.com",
      redirect_url = "https://adobe.com/a",
      activation_url = "https://tv.example.com/go" }
    local flow = assert(scenario.client:start_login { mvpd = "Cablevision" })
    assert.equal("https://tv.example.com/go?code=" .. flow.code, flow.qr)
    assert(scenario.client:start_login { mvpd = "Cablevision",
      domain_name = "adobe.io", redirect_url = "https://adobe.com/b" })
    local bodies = {}
    for index, entry in ipairs(scenario:received "create_session") do
      bodies[index] = entry.body
    end
    assert.same({
      "mvpd=Cablevision&domainName=adobe.com"
        .. "&redirectUrl=https%3A%2F%2Fadobe.com%2Fa",
      "mvpd=Cablevision&domainName=adobe.io"
        .. "&redirectUrl=https%3A%2F%2Fadobe.com%2Fb" }, bodies)
  end)

  it("[login-page-complete-tv] login: lets the activation page add parameters "
    .. "that the TV omitted", function()
    scenario = timeline.new { redirect_url = json.null }
    local flow = assert(scenario.client:start_login {
      activation_url = "https://tv.example.com/go" })
    local phone = scenario:new_client { device = { id = "phone" } }
    local found = assert(phone:check_code(flow.code))
    assert.is_nil(found.mvpd)
    assert.same({ "mvpd", "domain_name", "redirect_url" }, found.missing)
    assert.equal(flow.expires_at, found.expires_at)
    local url = assert(phone:resume_login(login_options { code = flow.code }))
    assert.equal("https://api.test/api/v2/authenticate/REF30/" .. flow.code,
      url)
    scenario:sign_in(flow.code)
    scenario.driver.sleep(5)
    assert.equal("Cablevision", assert(scenario.client:poll_login(flow)).mvpd)
  end)

  it("[login-provider-chosen-tv] check_code: returns the provider that was "
    .. "chosen on the TV", function()
    local flow = assert(scenario.client:start_login(login_options()))
    local found = assert(scenario.client:check_code(flow.code))
    assert.equal("Cablevision", found.mvpd)
    assert.same({}, found.missing)
  end)

  it("[login-code-typed-wrong] check_code: rejects a mistyped code, with or "
    .. "without a request", function()
    assert_client_error("invalid_parameter_code",
      scenario.client:check_code "A B/../C")
    assert.is_nil(scenario:counts().session)
    assert_client_error("invalid_parameter_code",
      scenario.client:check_code "WRONG77")
    assert_client_error("invalid_parameter_code", scenario.client:resume_login {
      code = "WRONG77", mvpd = "Cablevision" })
  end)

  it("[login-typed-code-table] check_code: raises at the caller's line when the code "
    .. "is in a table", function()
    local line
    local ok, message = pcall(function()
      line = debug.getinfo(1, "l").currentline + 1
      return (scenario.client:check_code { code = "ABCDEFG" })
    end)
    assert.is_false(ok)
    assert.matches(("login_spec%%.lua:%d: client:check_code: the code should be a "
      .. "string, not table$"):format(line), message)
  end)

  it("[login-typed-code-old] check_code: rejects an expired code", function()
    local flow = assert(scenario.client:start_login(login_options()))
    scenario.driver.sleep(1801)
    assert_client_error("invalid_authentication_session",
      scenario.client:check_code(flow.code))
  end)

  it("[login-resume-misses] resume_login: reports the parameters that are "
    .. "still missing", function()
    scenario = timeline.new { redirect_url = json.null }
    local flow = assert(scenario.client:start_login {})
    local err = assert_client_error("unknown_action",
      scenario.client:resume_login {
      code = flow.code, mvpd = "Cablevision" })
    assert.equal("The service requires more parameters: domain_name, "
      .. "redirect_url.",
      err.message)
  end)

  it("[login-resume-defaults] resume_login: sends domain_name and redirect_url of "
    .. "adobepass.new when the call gives none", function()
    local flow = assert(scenario.client:start_login {})
    local phone = scenario:new_client { domain_name = "adobe.com",
      redirect_url = "https://adobe.com/back",
      activation_url = "https://adobe.com/activate" }
    assert.equal("https://api.test/api/v2/authenticate/REF30/" .. flow.code,
      phone:resume_login { code = flow.code, mvpd = "Cablevision" })
    assert.matches("redirectUrl=https%3A%2F%2Fadobe.com%2Fback",
      scenario:received("resume_session")[1].body, 1, true)
  end)

  it("[login-no-address-resume-needs] resume_login: returns no URL when no "
    .. "login is required", function()
    local flow = assert(scenario.client:start_login {})
    assert.equal("", scenario.client:resume_login {
      code = flow.code, mvpd = "DegradedMvpd" })
  end)

  it("[login-resume-without-url] resume_login: returns the authenticate URL when the "
    .. "response leaves it out", function()
    for _, url in ipairs { false, json.null } do
      scenario:respond_with("resume_session", { actionName = "authenticate",
        actionType = "interactive", code = "ABC", url = url or nil })
      assert.equal("https://api.test/api/v2/authenticate/REF30/ABC",
        scenario.client:resume_login { code = "ABC", mvpd = "Dish" })
    end
  end)

  it("[login-not-led-resume-foreign] resume_login: refuses a URL of another "
    .. "host", function()
    scenario:respond_with("resume_session", { actionName = "authenticate",
      actionType = "interactive", url = "http://evil.example/" })
    assert_client_error("foreign_url",
      scenario.client:resume_login { code = "ABC" })
  end)

  it("[login-survives-junk-code] check_code: handles a malformed "
    .. "response", function()
    scenario:respond_with("session",
      { existingParameters = 7, missingParameters = "x" })
    assert.same({ code = "ABC", missing = {} },
      scenario.client:check_code "ABC")
  end)
end)

-- Values of `code` that no viewer could type and no request could send.
local BAD_CODES = { "", "AB\0CD", "AB\27[2J", "A B", "A/../B", "\195\132BC",
  ("x"):rep(65), 7, false, json.object {} }

describe("invalid codes", function()
  local scenario
  after_each(function() scenario = nil end)
  before_each(function() scenario = timeline.new() end)

  local function begins(operation, code, action)
    scenario:respond_with(operation, { actionName = action or "authenticate",
      actionType = "interactive", code = code, url = "https://x.example/",
      missingParameters = json.array { "mvpd" } })
  end

  it("[login-code-malformed-start] login: returns malformed_response for an "
    .. "invalid code in the response", function()
    for _, code in ipairs(BAD_CODES) do
      for _, action in ipairs { "authenticate", "resume", "unheard-of" } do
        begins("create_session", code, action)
        local flow, err = scenario.client:start_login(login_options())
        assert.is_nil(flow)
        assert.equal("malformed_response", err.code)
        assert.equal("create_session", err.operation)
        assert.is_nil(tostring(err):find "[%z\1-\31]")
      end
    end
    assert.is_nil(scenario:counts().resume_session)
  end)

  it("[login-code-malformed-resume] resume_login, check_code, api: return "
    .. "malformed_response for an invalid code in the response", function()
    for _, code in ipairs(BAD_CODES) do
      begins("resume_session", code)
      assert_client_error("malformed_response",
        scenario.client:resume_login { code = "ABC" })
      begins("session", code)
      assert_client_error("malformed_response",
        scenario.client:check_code "ABC")
      begins("partner_session", code)
      assert_client_error("malformed_response",
        scenario.client.api:partner_session { partner = "Apple" })
    end
  end)

  it("[login-code-valid-shape] login: accepts a code of 1 to 64 letters, digits, "
    .. "- and _; null is no code", function()
    for _, code in ipairs { "a", "A-b_9", ("x"):rep(64) } do
      begins("create_session", code)
      assert.equal(code,
        assert(scenario.client:start_login(login_options())).code)
    end
    for count = 1, 2 do
      begins("create_session", count == 1 and json.null or nil)
      assert_client_error("unknown_action",
        scenario.client:start_login(login_options()))
    end
  end)
end)

describe("login: responses of the service", function()
  local scenario
  after_each(function() scenario = nil end)
  before_each(function() scenario = timeline.new() end)

  local function start_with(body)
    scenario:respond_with("create_session", body)
    return scenario.client:start_login(login_options())
  end

  it("[login-obeyed-authenticated] login: is done when the viewer has "
    .. "authenticated in the meantime", function()
    scenario:respond_with("profiles", '{"profiles":{}}')
    scenario:signed_in()
    local flow = assert(scenario.client:start_login(login_options()))
    assert.same({ "done", "Cablevision" }, { flow.state, flow.mvpd })
    assert.equal("ann-household", flow.profile.attributes.householdID)
    scenario:clear_requests()
    assert.equal("Cablevision", assert(scenario.client:login {}).mvpd)
    assert.same({}, scenario:counts())
  end)

  it("[login-session-id] start_login: returns the session's id, which no event has",
    function()
      local body, events = nil, {}
      scenario.client = scenario:new_client { on_event = function(event)
        events[#events + 1] = event
      end }
      scenario:set_responder(function(_, operation)
        return operation == "create_session" and body and { body = body } or nil
      end)
      local id = assert(scenario.client:start_login(login_options())).session_id
      assert.matches("^%x+%-%x+%-%x+%-%x+%-%x+$", id)
      body = { actionName = "resume", code = "ABC", sessionId = "session-1",
        missingParameters = { "mvpd" } }
      local flow = assert(scenario.client:start_login {})
      assert.equal("session-1", flow.session_id)
      body = { actionName = "authorize", mvpd = "Cablevision", sessionId = "session-2",
        reasonType = "authenticated" }
      flow = assert(scenario.client:start_login { fresh = true })
      assert.same({ "done", "session-2" }, { flow.state, flow.session_id })
      body = { actionName = "resume", code = "ABC", sessionId = 5 }
      assert.is_nil(assert(scenario.client:start_login {}).session_id)
      local text = json.encode(events)
      for _, hidden in ipairs { id, "session-1", "session-2" } do
        assert.is_nil(text:find(hidden, 1, true))
      end
    end)

  it("[login-obeyed-degraded-no-special] login: returns a degraded profile "
    .. "without code for it in the application", function()
    local profile = assert(scenario.client:login(login_options {
      mvpd = "DegradedMvpd" }))
    assert.same({ "DegradedMvpd", "degraded" },
      { profile.mvpd, profile.type })
    assert.is_true(assert(scenario.client:authorize "CNN").permitted)
  end)

  it("[login-obeyed-temporary] login: returns a temporary profile without code "
    .. "for it in the application", function()
    local profile = assert(scenario.client:login(login_options {
      mvpd = "TempPass" }))
    assert.same({ "TempPass", "temporary" }, { profile.mvpd, profile.type })
    assert.is_true(assert(scenario.client:authorize "CNN").permitted)
    assert.is_nil(scenario.client:remembered_provider())
  end)

  it("[login-obeyed-pass-no-place] login: keeps the login with a provider when "
    .. "a TempPass is used", function()
    scenario:signed_in()
    assert(scenario.client:login(login_options()))
    assert(scenario.client:login(login_options { mvpd = "TempPass" }))
    scenario:clear_requests()
    assert.equal("Cablevision", assert(scenario.client:login {}).mvpd)
    assert.equal("Cablevision", scenario.client:remembered_provider().id)
    assert.same({}, scenario:counts())
    assert.equal("Cablevision", assert(scenario.client:authorize "CNN").mvpd)
  end)

  it("[login-obeyed-pass-no-none] login: does not reuse a TempPass when no "
    .. "provider is named", function()
    assert(scenario.client:login(login_options { mvpd = "TempPass" }))
    assert.equal("pending", scenario.client:start_login(login_options {
      mvpd = false }).state)
  end)

  it("[login-obeyed-single-sign-on] login: returns the profile of a single "
    .. "sign-on", function()
    local subject = assert(scenario.control.identity { kind = "platform",
      subject = "viewer-1" })
    local other = scenario:new_client { device = { id = "another TV" } }
    local other_flow = assert(other:start_login(login_options {
      subject_token = subject }))
    scenario:sign_in(other_flow.code)
    scenario:respond_with("profiles", '{"profiles":{}}')
    local profile = assert(scenario.client:login(login_options {
      subject_token = subject }))
    assert.same({ "Cablevision", "platformSSO" },
      { profile.mvpd, profile.type })
  end)

  it("[login-obeyed-provider-profile] login: builds a profile when the "
    .. "provider has none to return", function()
    scenario:set_responder(function(_, operation)
      if operation == "create_session" then
        return { body = { actionName = "authorize", mvpd = "Dish",
          reasonType = "something_new" } }
      elseif operation == "profile" then
        return { body = '{"profiles":{}}' }
      end
    end)
    assert.same({ mvpd = "Dish", type = "something_new", attributes = {} },
      scenario.client:login(login_options()))
  end)

  it("[login-obeyed-authorize-provider] login: uses the requested provider for "
    .. "an authorize action without mvpd", function()
    scenario:signed_in()
    scenario:set_responder(function(_, operation)
      if operation == "profiles" then return { body = '{"profiles":{}}' } end
      if operation == "create_session" then
        return { body = { actionName = "authorize" } }
      end
    end)
    assert.equal("Cablevision",
      assert(scenario.client:login(login_options())).mvpd)
    assert_client_error("malformed_response",
      scenario.client:device({ id = "another" }):login {})
  end)

  it("[login-obeyed-resume-missing] login: resumes a session with the missing "
    .. "parameters", function()
    local resume_request
    scenario:set_responder(function(request, operation)
      if operation == "create_session" then
        return { body = { actionName = "resume", actionType = "direct",
          code = "ABC", missingParameters = { "domain", "redirectUrl" } } }
      elseif operation == "resume_session" then
        resume_request = request
        return { body = { actionName = "authenticate", code = "ABC",
          actionType = "interactive", url = "/api/v2/authenticate/REF30/ABC",
          mvpd = "Cablevision" } }
      end
    end)
    local flow = assert(scenario.client:start_login(login_options()))
    assert.equal("https://api.test/api/v2/authenticate/REF30/ABC", flow.url)
    assert.truthy(resume_request.url:find("/REF30/sessions/ABC", 1, true))
    assert.truthy(resume_request.body:find("domainName=adobe.com", 1, true))
    assert.truthy(resume_request.body:find("redirectUrl=https", 1, true))
    assert.is_nil(resume_request.body:find("mvpd", 1, true))
    assert.equal(1, #scenario:request_times "resume_session")
  end)

  it("[login-obeyed-resume-leads] login: is done when a resumed session "
    .. "requires no login", function()
    scenario:signed_in()
    scenario:set_responder(function(_, operation)
      if operation == "profiles" then return { body = '{"profiles":{}}' } end
      if operation == "create_session" then
        return { body = { actionName = "resume", code = "ABC",
          missingParameters = { "mvpd" } } }
      elseif operation == "resume_session" then
        return { body = { actionName = "authorize", mvpd = "Cablevision" } }
      end
    end)
    assert.equal("done",
      assert(scenario.client:start_login(login_options())).state)
  end)

  it("[login-obeyed-resumed] login: does not resume a session without values "
    .. "for its missing parameters", function()
    assert(scenario.client:start_login { mvpd = "Cablevision" })
    assert.equal(0, #scenario:request_times "resume_session")
  end)

  it("[login-resume-fails] login: returns the error of a failed "
    .. "resume", function()
    scenario:set_responder(function(_, operation)
      if operation == "create_session" then
        return { body = { actionName = "resume", code = "ABC",
          missingParameters = { "mvpd" } } }
      end
    end)
    assert_client_error("invalid_parameter_code",
      scenario.client:start_login(login_options()))
  end)

  it("[login-new-code-polled] login: polls after an unknown action that has a "
    .. "code", function()
    local flow = assert(start_with { actionName = "dance", actionType = "slow",
      code = "ABC", missingParameters = "all", notAfter = "soon" })
    assert.same({ "pending", "ABC" }, { flow.state, flow.code })
    assert.is_nil(flow.url)
  end)

  it("[login-new-code-error] login: returns unknown_action for an unknown "
    .. "action without a code", function()
    local err = assert_client_error("unknown_action",
      start_with { actionName = "dance" })
    assert.truthy(tostring(err):find("'dance'", 1, true))
  end)

  it("[login-lack-address] login: builds the login URL when the response has "
    .. "none", function()
    local flow = assert(start_with { actionName = "authenticate", code = "ABC" })
    assert.equal("https://api.test/api/v2/authenticate/REF30/ABC", flow.url)
  end)

  it("[login-never-leads-browser-place] login: refuses an unsafe URL for the "
    .. "browser", function()
    assert_client_error("foreign_url",
      start_with { actionName = "authenticate", code = "ABC",
      actionType = "interactive", url = "javascript:alert(1)" })
  end)

  it("[login-not-believed-code-ends] login: ignores an invalid expiry time of "
    .. "a code", function()
    for _, ends in ipairs { "0", "-1", "nan", "inf", "9e99", "x" } do
      local flow = assert(start_with { actionName = "authenticate", code = "ABC",
        notAfter = ends })
      assert.is_true(math.abs(flow.expires_at - scenario.client:now_ms()
        - 1800000) < 1000)
    end
  end)

  it("[login-error-adobe] login: returns the error that Adobe sent", function()
    assert_client_error("invalid_parameter_mvpd",
      scenario.client:login(login_options { mvpd = "Nobody" }))
    assert_client_error("invalid_integration",
      scenario.client:login(login_options { mvpd = "Disabled" }))
  end)
end)

describe("login step by step", function()
  local scenario, flow
  after_each(function() scenario, flow = nil, nil end)
  before_each(function()
    scenario = timeline.new()
    flow = assert(scenario.client:start_login(login_options()))
  end)

  it("[login-plain-data-client] poll_login: continues a login from plain data "
    .. "in another client", function()
    local text = json.encode(flow)
    local other = scenario:new_client {
      store = scenario.client.context.connection.store }
    local other_flow = assert(json.decode(text))
    assert.same(flow, other_flow)
    assert_client_error("pending", other:poll_login(other_flow))
    scenario:sign_in(flow.code)
    local profile = assert(other:poll_login(other_flow))
    assert.equal("Cablevision", profile.mvpd)
    assert.equal("done", other_flow.state)
    assert.same(other_flow, json.decode(json.encode(other_flow)))
    scenario:clear_requests()
    assert.equal("Cablevision", assert(scenario.client:login {}).mvpd)
    assert.same({}, scenario:counts())
  end)

  it("[login-client-store] poll_login: continues a login in a client with an "
    .. "empty store", function()
    scenario:sign_in(flow.code)
    assert.equal("Cablevision",
      assert(scenario:new_client():poll_login(flow)).mvpd)
  end)

  it("[login-clock-years-ahead] poll_login: works on a device whose clock is "
    .. "years ahead", function()
    scenario:sign_in(flow.code)
    local wall = core.clock.wall
    core.clock.wall = function() return wall() + 10 * 365 * 86400 end
    local profile = scenario:new_client():poll_login(flow)
    core.clock.wall = wall
    assert.equal("Cablevision", profile.mvpd)
  end)

  it("[login-asks-time-done] poll_login: sends one request per call and clears "
    .. "its state at the end", function()
    assert_client_error("pending", scenario.client:poll_login(flow))
    assert.equal(1, #scenario:request_times "profile_for_code")
    scenario:sign_in(flow.code)
    local profile = assert(scenario.client:poll_login(flow))
    assert.equal(profile, scenario.client:poll_login(flow))
    assert.equal(2, #scenario:request_times "profile_for_code")
  end)

  it("[login-asks-end] poll_login: sends no request after the login has "
    .. "ended", function()
    scenario.driver.sleep(1801)
    assert_client_error("expired", scenario.client:poll_login(flow))
    assert.equal(0, #scenario:request_times "profile_for_code")
  end)

  it("[login-superseded-newer-device] poll_login: returns superseded after a "
    .. "newer login of the same device", function()
    local newer = assert(scenario.client:start_login(login_options()))
    assert_client_error("superseded", scenario.client:poll_login(flow))
    assert.equal(0, #scenario:request_times "profile_for_code")
    assert_client_error("pending", scenario.client:poll_login(newer))
  end)

  it("[login-superseded-service] poll_login: returns superseded when only the "
    .. "service knows the newer login", function()
    assert(scenario:new_client():start_login(login_options()))
    assert_client_error("superseded", scenario.client:poll_login(flow))
  end)

  it("[login-late-session] login: of two at once, the newer one continues when the "
    .. "response of the older one's session comes last", function()
    local wait, is_first = scenario.driver.wait, true
    function scenario.driver.wait(...)
      local is_late = is_first
        and scenario.requests[#scenario.requests].operation == "create_session"
      if is_late then is_first = false end
      local result = wait(...)
      if is_late then scenario.driver.sleep(3) end
      return result
    end
    local outcomes = {}
    local function log_in(name, seconds)
      return function()
        scenario.driver.sleep(seconds)
        local profile, err = scenario.client:login(login_options {
          on_poll = function(present) scenario:sign_in(present.code) end,
          on_code = function() outcomes[#outcomes + 1] = "code of " .. name end })
        outcomes[#outcomes + 1] = name .. (profile and " done" or err.code)
      end
    end
    scenario.driver.run(log_in("older ", 0), log_in("newer", 1))
    assert.same({ "code of newer", "older login_superseded", "newer done" }, outcomes)
  end)

  it("[login-not-superseded-device] poll_login: ignores a newer login of "
    .. "another device", function()
    assert(scenario.client:device { id = "kitchen" }:start_login(
      login_options()))
    assert_client_error("pending", scenario.client:poll_login(flow))
  end)

  it("[login-outlives-failures-notes] poll_login: continues after failures and "
    .. "records the last one", function()
    scenario:set_responder(function() return { error = "connect_failed" } end)
    assert_client_error("pending", scenario.client:poll_login(flow))
    assert.equal("connect_failed", flow.last_error)
    assert.equal(1, #scenario:request_times "profile_for_code")
    scenario:set_responder(nil)
    assert_client_error("pending", scenario.client:poll_login(flow))
    assert.is_nil(flow.last_error)
  end)

  it("[login-denied-provider] poll_login: ends the login when the provider "
    .. "denies it", function()
    assert(scenario.control.fault { kind = "error",
      operation = "profile_for_code",
      code = "identity_not_recognized_by_mvpd" })
    assert_client_error("denied", scenario.client:poll_login(flow))
    assert.equal("identity_not_recognized_by_mvpd", flow.last_error)
  end)

  it("[login-denied-text] login: login_denied has the text of the provider for the "
    .. "viewer", function()
    local text = "Call 555-0100 to activate your account."
    scenario:respond_with("profile_for_code", { action = "authentication",
      code = "identity_not_recognized_by_mvpd", message = "Not recognized.",
      status = 403, details = text, trace = "trace-1" }, 403)
    local err = assert_client_error("login_denied", scenario.client:login(
      login_options { fresh = true, on_code = function() end }))
    assert.equal(text, scenario.client:viewer_text(err))
    assert.same({ "Not recognized.", text, 403, 403, "trace-1" }, { err.message,
      err.details, err.status, err.http_status, err.trace })
  end)

  it("[login-profile-provider] poll_login: selects the profile of the login's "
    .. "provider or the application's choice",
    function()
      flow.mvpd = nil
      scenario:respond_with("profile_for_code", function()
        return { profiles = { Spectrum = scenario:new_profile(3),
          Dish = scenario:new_profile(9) } }
      end)
      local profile = assert(scenario.client:poll_login(flow, {
        choose = function(list) return list[2] end }))
      assert.equal("Spectrum", profile.mvpd)
    end)

  for _, given in ipairs { "Cablevision", false } do
    for _, chosen in ipairs { "Spectrum", "TempPass_5mins" } do
      it("[login-other-provider-chosen] login: ends with the profile of " .. chosen
        .. ", chosen on the second screen, after mvpd "
        .. tostring(given), function()
        local login
        local profile = assert(scenario.client:login(login_options { fresh = true,
          mvpd = given, on_code = function(shown)
            login = shown
            assert(scenario.client:resume_login { code = shown.code, mvpd = chosen,
              domain_name = "adobe.com", redirect_url = "https://adobe.com" })
            if chosen == "Spectrum" then
              scenario:sign_in(shown.code, "ann", chosen)
            end
          end }))
        assert.same({ chosen, chosen }, { profile.mvpd, login.mvpd })
        assert.equal(1, scenario:counts().profile_for_code)
        assert.is_true(assert(scenario.client:authorize "CNN").permitted)
      end)
    end
  end

  it("[login-ends-sentence-viewer] poll_login: ends with a message for the "
    .. "viewer", function()
    local _, err = scenario:run(function()
      return scenario.client:login(login_options { fresh = true,
        on_code = function() end,
        cancel = function() return scenario.driver.now() > 1 end })
    end)
    assert.equal("cancelled", err.code)
    assert.equal("string", type(err:viewer_text()))
  end)

  -- cancel may read what on_code has prepared, such as the time left.
  it("[login-cancel-after-code] login: calls cancel only after on_code", function()
    local calls = {}
    local _, err = scenario:run(function()
      return scenario.client:login(login_options { fresh = true,
        on_code = function() calls[#calls + 1] = "on_code" end,
        cancel = function() calls[#calls + 1] = "cancel" return true end })
    end)
    assert.equal("cancelled", err.code)
    assert.same({ "on_code", "cancel" }, calls)
  end)
end)

describe("login: failures of the store", function()
  local scenario, store
  after_each(function() scenario, store = nil, nil end)
  before_each(function()
    scenario = timeline.new()
    store = new_failing_store(scenario.driver.now)
    scenario.client = scenario:new_client { store = store }
  end)

  it("[login-said-before-anything] login: returns a store error before the "
    .. "first request", function()
    store.broken = true
    assert_client_error("store_failed", scenario.client:login(login_options()))
    assert_client_error("store_failed", scenario.client:refresh_profile())
    assert.same({}, scenario:counts())
  end)

  it("[login-code-cannot-kept] login: returns a store error when the code "
    .. "cannot be saved", function()
    assert(scenario.client.api:profiles())
    store.broken = "set"
    assert_client_error("store_failed",
      scenario.client:start_login(login_options()))
  end)

  it("[login-profile-cannot-kept-lost] login: can be repeated after the "
    .. "profile could not be saved",
    function()
      local flow = assert(scenario.client:start_login(login_options()))
      scenario:sign_in(flow.code)
      store.broken = "set"
      assert_client_error("store_failed", scenario.client:poll_login(flow))
      assert.equal("Cablevision", scenario.client:poll_login(flow).mvpd)
    end)

  -- Logs in; returns the name of a record in the store, and its text.
  local function kept_record(record)
    assert(scenario.client:providers())
    scenario:signed_in()
    assert(scenario.client:login {})
    for name, text in pairs(store.inner.values) do
      if name:find("^" .. record .. ":") then return name, text end
    end
  end

  local KEEPING = {
    { "profile", "login", { mvpd = "TempPass_TEST40", domain_name = "adobe.com",
      fresh = true } },
    { "profile", "login", { fresh = true } },
    { "provider", "refresh_profile" },
  }

  for _, row in ipairs(KEEPING) do
    local record, method, options = row[1], row[2], row[3]
    local title = record .. ", in " .. method .. (options and options.mvpd or "")

    it("[login-read-fails] login: a failed read does not replace the kept " .. title,
      function()
        local name, text = kept_record(record)
        local get = store.get
        function store.get(self, key)
          if key == name then return nil, "The disk is gone.", "store_failed" end
          return get(self, key)
        end
        assert_client_error("store_failed",
          scenario.client[method](scenario.client, options))
        assert.equal(text, store.inner.values[name])
      end)

    it("[login-newer-record] login: does not replace a record of a newer version: "
      .. title, function()
      local name, text = kept_record(record)
      text = text:gsub('"v":1', '"v":2')
      store.inner:set(name, text)
      assert_client_error("store_failed",
        scenario.client[method](scenario.client, options))
      assert.equal(text, store.inner.values[name])
    end)
  end

  it("[login-not-stop-way] poll_login: continues a login while the store "
    .. "fails", function()
    local flow = assert(scenario.client:start_login(login_options()))
    store.broken = "get"
    assert_client_error("pending", scenario.client:poll_login(flow))
  end)
end)

describe("login: usage errors", function()
  local client
  before_each(function() client = timeline.new().client end)
  after_each(function() client = nil end)

  for title, case in pairs {
    ["login with an unknown option"] = { "login", { nonsense = 1 }, "nonsense" },
    ["start_login with a wrong type"] = { "start_login",
      { mvpd = 7 }, "mvpd should be" },
    ["login with a string"] = { "login", "Cablevision",
      "options should be a table, not string" },
    ["resume_login without a code"] = { "resume_login", {}, "code should" },
    ["refresh_profile with an unknown option"] = {
      "refresh_profile", { code = "x" }, "unknown option 'code'" },
  } do
    it("[login-raises-caller] " .. title
      .. " raises at the caller's line", function()
      local ok, message = pcall(function()
        client[case[1]](client, case[2])
      end)
      assert.is_false(ok)
      assert.truthy(message:find(case[3], 1, true), message)
      assert.truthy(message:find("login_spec.lua", 1, true), message)
    end)
  end
end)
