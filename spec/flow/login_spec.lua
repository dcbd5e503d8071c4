--- Logging in, as the viewer and the application live it.

local core = require "adobepass.core"
local fails = require "spec.support.assert_client_error"
local json = require "adobepass.util.json"
local memory = require "adobepass.store.memory"
local story = require "spec.support.timeline"

local login_options = story.login_options

-- A store that breaks when it is told to.
local function breakable(now)
  local inner, store = memory { now = now }, { broken = false }
  for _, name in ipairs { "get", "set", "add", "delete", "clear" } do
    store[name] = function(self, ...)
      if self.broken == true or self.broken == name then
        return nil, "The disk is gone.", "store_failed"
      end
      return inner[name](inner, ...)
    end
  end
  return store
end

describe("a login with a second screen", function()
  local on
  after_each(function() on = nil end)
  before_each(function() on = story.new() end)

  it("[login-shows-code-waits] shows a code, waits for the viewer, and knows "
    .. "them", function()
    local shown
    local profile = on:play(function()
      return assert(on.client:login(login_options {
        on_code = function(flow) shown = flow end,
        on_poll = function(flow) on:sign_in(flow.code) end }))
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

  it("[login-asks-profiles-session] asks for profiles, then a session, then "
    .. "the code alone", function()
    on:play(function()
      return on.client:login(login_options {
        on_poll = function(flow) on:sign_in(flow.code) end })
    end)
    assert.same({ register = 1, token = 1, profiles = 1, create_session = 1,
      profile_for_code = 2 }, on:counts())
  end)

  it("[login-sends-viewer-page] sends the viewer to a page of the "
    .. "application's", function()
    local flow = assert(on.client:start_login {
      activation_url = "https://tv.example.com/go" })
    assert.equal("https://tv.example.com/go", flow.url)
    assert.equal("https://tv.example.com/go?code=" .. flow.code, flow.qr)
    assert.is_nil(flow.mvpd)
  end)

  it("[login-adds-code-page] adds the code to a page that has a "
    .. "query", function()
    local flow = assert(on.client:start_login {
      activation_url = "https://tv.example.com/?to=go" })
    assert.equal("https://tv.example.com/?to=go&code=" .. flow.code, flow.qr)
  end)

  it("[login-page-complete-tv] lets a page complete what the TV left "
    .. "open", function()
    local flow = assert(on.client:start_login {
      activation_url = "https://tv.example.com/go" })
    local phone = on:new_client { device = { id = "phone" } }
    local found = assert(phone:check_code(flow.code))
    assert.is_nil(found.mvpd)
    assert.same({ "mvpd", "domain_name", "redirect_url" }, found.missing)
    assert.equal(flow.expires_at, found.expires_at)
    local url = assert(phone:resume_login(login_options { code = flow.code }))
    assert.equal("https://api.test/api/v2/authenticate/REF30/" .. flow.code,
      url)
    on:sign_in(flow.code)
    on.driver.sleep(5)
    assert.equal("Cablevision", assert(on.client:poll_login(flow)).mvpd)
  end)

  it("[login-provider-chosen-tv] knows the provider that was chosen on the "
    .. "TV", function()
    local flow = assert(on.client:start_login(login_options()))
    local found = assert(on.client:check_code(flow.code))
    assert.equal("Cablevision", found.mvpd)
    assert.same({}, found.missing)
  end)

  it("[login-code-typed-wrong] says when a code was typed wrong, without a "
    .. "request or with", function()
    fails("invalid_parameter_code", on.client:check_code "A B/../C")
    assert.is_nil(on:counts().session)
    fails("invalid_parameter_code", on.client:check_code "WRONG77")
    fails("invalid_parameter_code", on.client:resume_login {
      code = "WRONG77", mvpd = "Cablevision" })
  end)

  it("[login-typed-code-old] says when a typed code is too old", function()
    local flow = assert(on.client:start_login(login_options()))
    on.driver.sleep(1801)
    fails("invalid_authentication_session", on.client:check_code(flow.code))
  end)

  it("[login-resume-misses] says what a resume still misses", function()
    local flow = assert(on.client:start_login {})
    local err = fails("unknown_action", on.client:resume_login {
      code = flow.code, mvpd = "Cablevision" })
    assert.equal("The service still misses domain_name, redirect_url.",
      err.message)
  end)

  it("[login-no-address-resume-needs] has no address where a resume needs no "
    .. "login", function()
    local flow = assert(on.client:start_login {})
    assert.equal("", on.client:resume_login {
      code = flow.code, mvpd = "DegradedMvpd" })
  end)

  it("[login-not-led-resume-foreign] is not led by a resume to a foreign "
    .. "place", function()
    on:says("resume_session", { actionName = "authenticate",
      actionType = "interactive", url = "http://evil.example/" })
    fails("foreign_url", on.client:resume_login { code = "ABC" })
  end)

  it("[login-survives-junk-code] survives junk about a code", function()
    on:says("session", { existingParameters = 7, missingParameters = "x" })
    assert.same({ code = "ABC", missing = {} }, on.client:check_code "ABC")
  end)
end)

describe("what the service says next", function()
  local on
  after_each(function() on = nil end)
  before_each(function() on = story.new() end)

  local function obeys(body)
    on:says("create_session", body)
    return on.client:start_login(login_options())
  end

  it("[login-obeyed-authenticated] is obeyed: authenticated "
    .. "meanwhile", function()
    on:says("profiles", '{"profiles":{}}')
    on:signed_in()
    local flow = assert(on.client:start_login(login_options()))
    assert.same({ "done", "Cablevision" }, { flow.state, flow.mvpd })
    assert.equal("ann-household", flow.profile.attributes.householdID)
    on:forget_requests()
    assert.equal("Cablevision", assert(on.client:login {}).mvpd)
    assert.same({}, on:counts())
  end)

  it("[login-obeyed-degraded-no-special] is obeyed: degraded, with no special "
    .. "code", function()
    local profile = assert(on.client:login(login_options {
      mvpd = "DegradedMvpd" }))
    assert.same({ "DegradedMvpd", "degraded" },
      { profile.mvpd, profile.type })
    assert.is_true(assert(on.client:authorize "CNN").permitted)
  end)

  it("[login-obeyed-temporary] is obeyed: temporary, with no special "
    .. "code", function()
    local profile = assert(on.client:login(login_options {
      mvpd = "TempPass" }))
    assert.same({ "TempPass", "temporary" }, { profile.mvpd, profile.type })
    assert.is_true(assert(on.client:authorize "CNN").permitted)
    assert.is_nil(on.client:remembered_provider())
  end)

  it("[login-obeyed-pass-no-place] is obeyed: a pass takes no login's "
    .. "place", function()
    on:signed_in()
    assert(on.client:login(login_options()))
    assert(on.client:login(login_options { mvpd = "TempPass" }))
    on:forget_requests()
    assert.equal("Cablevision", assert(on.client:login {}).mvpd)
    assert.equal("Cablevision", on.client:remembered_provider().id)
    assert.same({}, on:counts())
    assert.equal("Cablevision", assert(on.client:authorize "CNN").mvpd)
  end)

  it("[login-obeyed-pass-no-none] is obeyed: a pass is no login when none is "
    .. "named", function()
    assert(on.client:login(login_options { mvpd = "TempPass" }))
    assert.equal("pending", on.client:start_login(login_options {
      mvpd = false }).state)
  end)

  it("[login-obeyed-single-sign-on] is obeyed: single sign-on", function()
    local subject = assert(on.control.identity { kind = "platform",
      subject = "viewer-1" })
    local other = on:new_client { device = { id = "another TV" } }
    local theirs = assert(other:start_login(login_options {
      subject_token = subject }))
    on:sign_in(theirs.code)
    on:says("profiles", '{"profiles":{}}')
    local profile = assert(on.client:login(login_options {
      subject_token = subject }))
    assert.same({ "Cablevision", "platformSSO" },
      { profile.mvpd, profile.type })
  end)

  it("[login-obeyed-provider-profile] is obeyed: a provider without a profile "
    .. "to show", function()
    on:answer(function(_, operation)
      if operation == "create_session" then
        return { body = { actionName = "authorize", mvpd = "Dish",
          reasonType = "something_new" } }
      elseif operation == "profile" then
        return { body = '{"profiles":{}}' }
      end
    end)
    assert.same({ mvpd = "Dish", type = "something_new", attributes = {} },
      on.client:login(login_options()))
  end)

  it("[login-obeyed-authorize-provider] is obeyed: authorize, with the "
    .. "provider that was asked for", function()
    on:signed_in()
    on:answer(function(_, operation)
      if operation == "profiles" then return { body = '{"profiles":{}}' } end
      if operation == "create_session" then
        return { body = { actionName = "authorize" } }
      end
    end)
    assert.equal("Cablevision", assert(on.client:login(login_options())).mvpd)
    fails("malformed_response", on.client:login { fresh = true })
  end)

  it("[login-obeyed-resume-missing] is obeyed: resume, with what was "
    .. "missing", function()
    local asked
    on:answer(function(request, operation)
      if operation == "create_session" then
        return { body = { actionName = "resume", actionType = "direct",
          code = "ABC", missingParameters = { "domain", "redirectUrl" } } }
      elseif operation == "resume_session" then
        asked = request
        return { body = { actionName = "authenticate", code = "ABC",
          actionType = "interactive", url = "/api/v2/authenticate/REF30/ABC",
          mvpd = "Cablevision" } }
      end
    end)
    local flow = assert(on.client:start_login(login_options()))
    assert.equal("https://api.test/api/v2/authenticate/REF30/ABC", flow.url)
    assert.truthy(asked.url:find("/REF30/sessions/ABC", 1, true))
    assert.truthy(asked.body:find("domainName=adobe.com", 1, true))
    assert.truthy(asked.body:find("redirectUrl=https", 1, true))
    assert.is_nil(asked.body:find("mvpd", 1, true))
    assert.equal(1, #on:moments "resume_session")
  end)

  it("[login-obeyed-resume-leads] is obeyed: resume leads to no login at "
    .. "all", function()
    on:signed_in()
    on:answer(function(_, operation)
      if operation == "profiles" then return { body = '{"profiles":{}}' } end
      if operation == "create_session" then
        return { body = { actionName = "resume", code = "ABC",
          missingParameters = { "mvpd" } } }
      elseif operation == "resume_session" then
        return { body = { actionName = "authorize", mvpd = "Cablevision" } }
      end
    end)
    assert.equal("done", assert(on.client:start_login(login_options())).state)
  end)

  it("[login-obeyed-resumed] is obeyed: nothing is resumed that we have "
    .. "not", function()
    assert(on.client:start_login { mvpd = "Cablevision" })
    assert.equal(0, #on:moments "resume_session")
  end)

  it("[login-resume-fails] says so when a resume fails", function()
    on:answer(function(_, operation)
      if operation == "create_session" then
        return { body = { actionName = "resume", code = "ABC",
          missingParameters = { "mvpd" } } }
      end
    end)
    fails("invalid_parameter_code", on.client:start_login(login_options()))
  end)

  it("[login-new-code-polled] may be new: with a code it is polled "
    .. "for", function()
    local flow = assert(obeys { actionName = "dance", actionType = "slow",
      code = "ABC", missingParameters = "all", notAfter = "soon" })
    assert.same({ "pending", "ABC" }, { flow.state, flow.code })
    assert.is_nil(flow.url)
  end)

  it("[login-new-code-error] may be new: without a code it is an error that "
    .. "says so", function()
    local err = fails("unknown_action", obeys { actionName = "dance" })
    assert.truthy(tostring(err):find("'dance'", 1, true))
  end)

  it("[login-lack-address] may lack its address: then it is known", function()
    local flow = assert(obeys { actionName = "authenticate", code = "ABC" })
    assert.equal("https://api.test/api/v2/authenticate/REF30/ABC", flow.url)
  end)

  it("[login-never-leads-browser-place] never leads the browser to a place "
    .. "that is not safe", function()
    fails("foreign_url", obeys { actionName = "authenticate", code = "ABC",
      actionType = "interactive", url = "javascript:alert(1)" })
  end)

  it("[login-not-believed-code-ends] is not believed where a code ends "
    .. "yesterday, or never", function()
    for _, ends in ipairs { "0", "-1", "nan", "inf", "9e99", "x" } do
      local flow = assert(obeys { actionName = "authenticate", code = "ABC",
        notAfter = ends })
      assert.is_true(math.abs(flow.expires_at - on.client:now_ms()
        - 1800000) < 1000)
    end
  end)

  it("[login-error-adobe] is an error of Adobe's where there is "
    .. "one", function()
    fails("invalid_parameter_mvpd",
      on.client:login(login_options { mvpd = "Nobody" }))
    fails("invalid_integration",
      on.client:login(login_options { mvpd = "Disabled" }))
  end)
end)

describe("a login step by step", function()
  local on, flow
  after_each(function() on, flow = nil, nil end)
  before_each(function()
    on = story.new()
    flow = assert(on.client:start_login(login_options()))
  end)

  it("[login-plain-data-client] is plain data, that another client goes on "
    .. "with", function()
    local text = json.encode(flow)
    local other = on:new_client { store = on.client.context.connection.store }
    local theirs = assert(json.decode(text))
    assert.same(flow, theirs)
    fails("pending", other:poll_login(theirs))
    on:sign_in(flow.code)
    local profile = assert(other:poll_login(theirs))
    assert.equal("Cablevision", profile.mvpd)
    assert.equal("done", theirs.state)
    assert.same(theirs, json.decode(json.encode(theirs)))
    on:forget_requests()
    assert.equal("Cablevision", assert(on.client:login {}).mvpd)
    assert.same({}, on:counts())
  end)

  it("[login-client-store] goes on in a client whose store knows nothing of "
    .. "it", function()
    on:sign_in(flow.code)
    assert.equal("Cablevision",
      assert(on:new_client():poll_login(flow)).mvpd)
  end)

  it("[login-clock-years-ahead] goes on where a clock is years ahead and "
    .. "nobody has set it", function()
    on:sign_in(flow.code)
    local wall = core.clock.wall
    core.clock.wall = function() return wall() + 10 * 365 * 86400 end
    local profile = on:new_client():poll_login(flow)
    core.clock.wall = wall
    assert.equal("Cablevision", profile.mvpd)
  end)

  it("[login-asks-time-done] asks once each time, and knows nothing when it "
    .. "is done", function()
    fails("pending", on.client:poll_login(flow))
    assert.equal(1, #on:moments "profile_for_code")
    on:sign_in(flow.code)
    local profile = assert(on.client:poll_login(flow))
    assert.equal(profile, on.client:poll_login(flow))
    assert.equal(2, #on:moments "profile_for_code")
  end)

  it("[login-asks-end] asks nothing after the end", function()
    on.driver.sleep(1801)
    fails("expired", on.client:poll_login(flow))
    assert.equal(0, #on:moments "profile_for_code")
  end)

  it("[login-superseded-newer-device] is superseded by a newer one of this "
    .. "device", function()
    local newer = assert(on.client:start_login(login_options()))
    fails("superseded", on.client:poll_login(flow))
    assert.equal(0, #on:moments "profile_for_code")
    fails("pending", on.client:poll_login(newer))
  end)

  it("[login-superseded-service] is superseded by one that the service alone "
    .. "knows of", function()
    assert(on:new_client():start_login(login_options()))
    fails("superseded", on.client:poll_login(flow))
  end)

  it("[login-not-superseded-device] is not superseded by another "
    .. "device", function()
    assert(on.client:device { id = "kitchen" }:start_login(login_options()))
    fails("pending", on.client:poll_login(flow))
  end)

  it("[login-outlives-failures-notes] outlives failures, and notes the last "
    .. "one", function()
    on:answer(function() return { error = "connect_failed" } end)
    fails("pending", on.client:poll_login(flow))
    assert.equal("connect_failed", flow.last_error)
    assert.equal(1, #on:moments "profile_for_code")
  end)

  it("[login-denied-provider] is denied by the provider", function()
    assert(on.control.fault { kind = "error", operation = "profile_for_code",
      code = "identity_not_recognized_by_mvpd" })
    fails("denied", on.client:poll_login(flow))
  end)

  it("[login-profile-provider] takes the profile of its provider, or the "
    .. "application's choice",
    function()
      flow.mvpd = nil
      on:says("profile_for_code", function()
        return { profiles = { Spectrum = on:told(3), Dish = on:told(9) } }
      end)
      local profile = assert(on.client:poll_login(flow, {
        choose = function(list) return list[2] end }))
      assert.equal("Spectrum", profile.mvpd)
    end)

  it("[login-ends-sentence-viewer] ends in a sentence for the "
    .. "viewer", function()
    local _, err = on:play(function()
      return on.client:login(login_options { fresh = true,
        cancel = function() return on.driver.now() > 1 end })
    end)
    assert.equal("cancelled", err.code)
    assert.equal("string", type(err:viewer_text()))
  end)
end)

describe("a store that breaks", function()
  local on, store
  after_each(function() on, store = nil, nil end)
  before_each(function()
    on = story.new()
    store = breakable(on.driver.now)
    on.client = on:new_client { store = store }
  end)

  it("[login-said-before-anything] is said before anything is "
    .. "asked", function()
    store.broken = true
    fails("store_failed", on.client:login(login_options()))
    fails("store_failed", on.client:refresh_profile())
    assert.same({}, on:counts())
  end)

  it("[login-code-cannot-kept] is said when the code cannot be "
    .. "kept", function()
    assert(on.client.api:profiles())
    store.broken = "set"
    fails("store_failed", on.client:start_login(login_options()))
  end)

  it("[login-profile-cannot-kept-lost] is said when the profile cannot be "
    .. "kept, and nothing is lost",
    function()
      local flow = assert(on.client:start_login(login_options()))
      on:sign_in(flow.code)
      store.broken = "set"
      fails("store_failed", on.client:poll_login(flow))
      assert.equal("Cablevision", on.client:poll_login(flow).mvpd)
    end)

  it("[login-not-stop-way] does not stop a login on its way", function()
    local flow = assert(on.client:start_login(login_options()))
    store.broken = "get"
    fails("pending", on.client:poll_login(flow))
  end)
end)

describe("misuse", function()
  local client
  before_each(function() client = story.new().client end)
  after_each(function() client = nil end)

  for title, case in pairs {
    ["an unknown option"] = { "login", { nonsense = 1 }, "nonsense" },
    ["a wrong type"] = { "start_login", { mvpd = 7 }, "mvpd should be" },
    ["no table"] = { "login", "Cablevision", "table of options" },
    ["a resume without its code"] = { "resume_login", {}, "code should" },
    ["a refresh with what it knows not"] = { "refresh_profile",
      { code = "x" }, "unknown option 'code'" },
  } do
    it("[login-raises-caller] "
      .. title .. " raises where the caller stands", function()
      local ok, message = pcall(function()
        client[case[1]](client, case[2])
      end)
      assert.is_false(ok)
      assert.truthy(message:find(case[3], 1, true), message)
      assert.truthy(message:find("login_spec.lua", 1, true), message)
    end)
  end
end)
