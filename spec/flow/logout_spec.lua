--- Logout.

local json = require "adobepass.util.json"
local assert_client_error = require "spec.support.assert_client_error"
local timeline = require "spec.support.timeline"

describe("logout", function()
  local scenario, client, opened
  after_each(function() scenario, client, opened = nil, nil, nil end)

  local function viewer(mvpd)
    scenario = timeline.new()
    client, opened = scenario.client, {}
    scenario:signed_in(mvpd)
    assert(client:login { mvpd = mvpd })
    scenario:clear_requests()
  end

  local function open_url(url, mvpd) table.insert(opened, { url, mvpd }) end

  -- Sets the service's response to a logout.
  local function respond_with(logouts)
    scenario:respond_with("logout", { logouts = logouts })
  end

  local function reports(entry, options)
    respond_with { Cablevision = entry }
    local report = assert(client:logout(options))
    assert.equal(1, #report)
    assert.equal("Cablevision", report[1].mvpd)
    return report[1]
  end

  it("[logout-opens-provider-page] logout: opens the provider's logout page if "
    .. "there is a browser", function()
    viewer "Cablevision"
    local report = assert(client:logout { open_url = open_url,
      redirect_url = "https://adobe.com/bye" })
    assert.equal(1, #report)
    assert.same({ "Cablevision", "logout", "interactive", "opened" },
      { report[1].mvpd, report[1].action_name, report[1].action_type,
        report[1].outcome })
    assert.same({ { report[1].url, "Cablevision" } }, opened)
    assert.truthy(report[1].url:find("^https://api.test/mvpd/Cablevision"))
    assert.truthy(scenario.requests[2].request.url:find(
      "redirectUrl=https%3A%2F%2Fadobe.com%2Fbye", 1, true))
  end)

  it("[logout-open-url-false] logout: reports no_browser if open_url returns "
    .. "false", function()
    viewer "Cablevision"
    local report = assert(client:logout { open_url = function() return false end })
    assert.equal("no_browser", report[1].outcome)
    assert.truthy(report[1].url:find("^https://api.test/mvpd/Cablevision"))
  end)

  local function redirect_urls()
    local list = {}
    for _, entry in ipairs(scenario:received "logout") do
      list[#list + 1] = entry.query
    end
    return list
  end

  it("[logout-redirect-url] logout: always sends redirectUrl, of the call or of "
    .. "the client", function()
    viewer "Cablevision"
    assert(client:logout())
    assert(client:logout { mvpd = "Dish",
      redirect_url = "https://adobe.com/bye?a=1" })
    assert.same({ "redirectUrl=https%3A%2F%2Fadobe.com",
      "redirectUrl=https%3A%2F%2Fadobe.com%2Fbye%3Fa%3D1" }, redirect_urls())
    for _, entry in ipairs(scenario:received "logout") do
      assert.equal(200, entry.status)
    end
  end)

  it("[logout-no-redirect-url] logout: without redirect_url returns an error "
    .. "before any request, and ends no login", function()
    viewer "Cablevision"
    local other = scenario:new_client { redirect_url = json.null,
      store = client.context.connection.store }
    scenario:clear_requests()
    for _, options in ipairs { {}, { mvpd = "Cablevision" },
      { open_url = open_url }, { redirect_url = "" } } do
      local report, err = other:logout(options)
      assert.is_nil(report)
      assert.same({ "invalid_parameter_redirect_url", "none", "logout" },
        { err.code, err.action, err.operation })
      assert.truthy(err.message:find("redirect_url", 1, true))
    end
    assert_client_error("invalid_parameter_redirect_url",
      other.api:logout { mvpd = "Cablevision" })
    assert.same({}, scenario.requests)
    assert.is_table(other.context:recall "profile")
    assert(other:logout { redirect_url = "https://adobe.com" })
    assert.is_nil((other.context:recall "profile"))
  end)

  it("[logout-full-store] logout: succeeds with a store that only deletes", function()
    viewer()
    local store = client.context.connection.store
    local function refuse() return nil, "The store is full.", "store_failed" end
    store.set, store.replace = refuse, refuse
    local report = assert(client:logout { redirect_url = "https://adobe.com" })
    assert.equal("no_browser", report[1].outcome)
    assert.is_nil(client:remembered_profile())
  end)

  it("[logout-ends-none-page] logout: returns the URL of the provider's page "
    .. "if there is no browser", function()
    viewer "Cablevision"
    local report = assert(client:logout())
    assert.equal("no_browser", report[1].outcome)
    assert.truthy(report[1].url:find "^https://api.test/mvpd/Cablevision")
  end)

  it("[logout-complete-provider-no-page] logout: is complete when the provider "
    .. "has no logout page", function()
    viewer "Dish"
    local report = assert(client:logout { open_url = open_url })
    assert.same({ { mvpd = "Dish", action_name = "complete",
      action_type = "none", outcome = "complete" } }, report)
    assert.same({}, opened)
  end)

  it("[logout-viewer-sign-system] logout: asks the viewer to sign out in the "
    .. "system settings", function()
    viewer "Cablevision"
    local partner = { actionName = "partner_logout",
      actionType = "partner_interactive", mvpd = "Cablevision" }
    local notified
    assert.equal("viewer_told", reports(partner, {
      on_partner_logout = function(mvpd) notified = mvpd end }).outcome)
    assert.equal("Cablevision", notified)
    viewer "Cablevision"
    assert.equal("viewer_to_be_told", reports(partner).outcome)
  end)

  it("[logout-says-never-login] logout: reports a provider without a "
    .. "login", function()
    viewer "Cablevision"
    assert.equal("invalid", assert(client:logout {
      mvpd = "Spectrum" })[1].outcome)
  end)

  it("[logout-reports-not-opens] logout: reports an unknown action and opens "
    .. "no page", function()
    viewer "Cablevision"
    local entry = reports({ actionName = "dance", actionType = "slow",
      url = "https://x.example/" }, { open_url = open_url })
    assert.same({ mvpd = "Cablevision", action_name = "dance",
      action_type = "slow", outcome = "unknown",
      url = "https://x.example/" }, entry)
    assert.same({}, opened)
  end)

  it("[logout-obeys-type-action] logout: follows the type of an action with an "
    .. "unknown name", function()
    viewer "Cablevision"
    assert.equal("opened", reports({ actionName = "dance",
      actionType = "interactive", url = "/page" },
      { open_url = open_url }).outcome)
    assert.same({ { "https://api.test/page", "Cablevision" } }, opened)
  end)

  it("[logout-opens-no-page-not-safe] logout: refuses to open an unsafe "
    .. "URL", function()
    viewer "Cablevision"
    for _, url in ipairs { "javascript:alert(1)", "http://x.example/", "" } do
      local entry = reports({ actionName = "logout", url = url,
        actionType = "interactive" }, { open_url = open_url })
      assert.equal("refused", entry.outcome)
      assert.equal("foreign_url", entry.error.code)
    end
    assert.equal("refused", reports({ actionName = "logout",
      actionType = "interactive" }).outcome)
    assert.same({}, opened)
  end)

  it("[logout-drives-entry-single] logout: performs every entry of a single "
    .. "logout", function()
    viewer "Cablevision"
    respond_with { Cablevision = { actionName = "logout", url = "/a",
        actionType = "interactive" },
      Spectrum = { actionName = "logout", url = "https://x.example/b",
        actionType = "interactive", mvpd = "Spectrum" },
      Dish = { actionName = "complete", actionType = "none" },
      Odd = "junk" }
    local outcomes = {}
    for _, entry in ipairs(assert(client:logout { open_url = open_url })) do
      outcomes[entry.mvpd] = entry.outcome
    end
    assert.same({ Cablevision = "opened", Spectrum = "opened",
      Dish = "complete" }, outcomes)
    table.sort(opened, function(a, b) return a[2] < b[2] end)
    assert.same({ { "https://api.test/a", "Cablevision" },
      { "https://x.example/b", "Spectrum" } }, opened)
  end)

  it("[logout-asks-providers-none] logout: requests the profiles when no "
    .. "provider is known", function()
    viewer "Cablevision"
    -- The other client registers again and must find the same profiles.
    scenario.sandbox.lenient.profiles_follow_device = true
    scenario:signed_in("Dish")
    local other = scenario:new_client()
    local report = assert(other:logout())
    assert.same({ "Cablevision", "Dish" },
      { report[1].mvpd, report[2].mvpd })
    assert.same({ "no_browser", "complete" },
      { report[1].outcome, report[2].outcome })
  end)

  it("[logout-ends-login-no-viewer] logout: ends every login of the device, so "
    .. "that none signs the viewer in again", function()
    viewer "Cablevision"
    scenario:signed_in("Spectrum")
    scenario:signed_in("Dish")
    local report = assert(client:logout { open_url = open_url })
    local outcomes = {}
    for index, entry in ipairs(report) do
      outcomes[index] = entry.mvpd .. " " .. entry.outcome
    end
    assert.same({ "Cablevision opened", "Dish complete", "Spectrum opened" },
      outcomes)
    assert.equal(2, #opened)
    assert.same({}, assert(client.api:profiles()).profiles)
  end)

  it("[logout-leaves-pass-no-login] logout: leaves a TempPass "
    .. "unchanged", function()
    viewer "Cablevision"
    scenario:respond_with("profiles",
      { profiles = { Cablevision = {}, TempPass_TEST40 =
      { type = "temporary" } } })
    assert.equal(1, #assert(client:logout()))
    assert.equal(1, scenario:counts().logout)
  end)

  it("[logout-asks-response-ends] logout: sends one request when one response "
    .. "ends several logins", function()
    viewer "Cablevision"
    scenario:signed_in("Dish")
    respond_with { Cablevision = { actionName = "complete",
      actionType = "none" },
      Dish = { actionName = "complete", actionType = "none" } }
    assert.equal(2, #assert(client:logout()))
    assert.equal(1, scenario:counts().logout)
  end)

  it("[logout-ends-cannot-asked] logout: ends the known logins when the "
    .. "profiles request fails", function()
    viewer "Cablevision"
    scenario:set_responder(function(_, operation)
      if operation == "profiles" then return { status = 400 } end
    end)
    assert_client_error("http_400", client:logout { open_url = open_url })
    assert.equal(1, #opened)
    assert.is_nil(client.context:recall "profile")
  end)

  it("[logout-report-logged] logout: returns an empty report when no viewer is "
    .. "logged in", function()
    scenario = timeline.new()
    assert.same({}, scenario.client:logout())
    assert.is_nil(scenario:counts().logout)
  end)

  it("[logout-ends-login-sides] logout: ends the login in the service and in "
    .. "the store", function()
    viewer "Cablevision"
    assert(client:logout())
    scenario:clear_requests()
    assert.is_nil(client.context:recall "profile")
    assert_client_error("not_logged_in", client:authorize "CNN")
    local decision = assert(client:authorize("CNN",
      { mvpd = "Cablevision" }))
    assert.equal("authenticated_profile_missing", decision.error.code)
    assert.equal("pending", client:start_login {
      mvpd = "Cablevision" }.state)
  end)

  it("[logout-keeps-client-credentials] logout: keeps the client's "
    .. "credentials", function()
    viewer "Cablevision"
    assert(client:logout())
    assert(client:preauthorize({ "CNN" }, { mvpd = "Cablevision" }))
    assert.is_nil(scenario:counts().register)
    assert.is_nil(scenario:counts().token)
    assert(scenario:new_client {
      store = client.context.connection.store }.api:profiles())
    assert.is_nil(scenario:counts().register)
  end)

  it("[logout-ends-kept-service] logout: deletes the stored login even when "
    .. "the service fails", function()
    viewer "Cablevision"
    scenario:set_responder(function() return { error = "connect_failed" } end)
    assert_client_error("connect_failed", client:logout())
    assert.is_nil(client.context:recall "profile")
  end)

  it("[logout-next-provider-fails] logout: continues with the next provider "
    .. "when one fails", function()
    viewer "Cablevision"
    -- The other client registers again and must find the same profiles.
    scenario.sandbox.lenient.profiles_follow_device = true
    scenario:signed_in("Dish")
    scenario:set_responder(function(request, operation)
      if operation == "logout" and request.url:find "Cablevision" then
        return { status = 400 }
      end
    end)
    local report = assert(scenario:new_client():logout())
    assert.same({ "failed", "complete" },
      { report[1].outcome, report[2].outcome })
    assert.equal("http_400", report[1].error.code)
  end)

  it("[logout-says-cannot-known-logged] logout: returns an error when the "
    .. "profiles cannot be read", function()
    scenario = timeline.new()
    scenario:set_responder(function() return { error = "connect_failed" } end)
    assert_client_error("connect_failed", scenario.client:logout())
  end)

  it("[logout-provider-leaves-login] logout: keeps the login with another "
    .. "provider", function()
    viewer "Cablevision"
    assert(client:logout { mvpd = "TempPass" })
    assert.equal("Cablevision", client.context:recall("profile").mvpd)
    assert(client:logout { mvpd = "Cablevision" })
    assert.is_nil(client.context:recall "profile")
  end)

  it("[logout-device-leaves-logged] logout: keeps the logins of other "
    .. "devices", function()
    viewer "Cablevision"
    local other = client:device { id = "kitchen" }
    assert(scenario.control.login { service_provider = "REF30",
      device = "kitchen", mvpd = "Dish", username = "bob" })
    assert(other:login {})
    assert(client:logout())
    assert.equal("Dish", other.context:recall("profile").mvpd)
  end)

  -- Calls that receive a profile; another coroutine logs out before they receive it.
  local LATE = {
    refresh_profile = function() return client:refresh_profile() end,
    login = function() return client:login { fresh = true } end,
    session = function()
      scenario:respond_with("profiles", '{"profiles":{}}')
      return client:login { mvpd = "Spectrum", fresh = true }
    end,
    poll_login = function()
      local flow = assert(client:start_login(timeline.login_options {
        mvpd = "Spectrum", fresh = true }))
      scenario:sign_in(flow.code)
      return client:poll_login(flow)
    end,
    partner_login = function()
      assert(client.api:configuration())
      return client:partner_login { partner = "Apple", domain_name = "adobe.com",
        redirect_url = "https://adobe.com",
        status = client:partner_status { access = "granted",
          provider_id = "Spectrum", expires_at = client:now_ms() + 3600000 },
        respond = function(request, mvpd)
          return scenario.control.saml { request = request.request, mvpd = mvpd,
            username = "ann" }
        end }
    end,
  }
  local STATE = { poll_login = "superseded" }
  local SENT = { refresh_profile = "profile", login = "profile", session = "profile",
    poll_login = "profile_for_code", partner_login = "other" }

  for name, call in pairs(LATE) do
    it("[logout-late-response] logout: a response to " .. name .. " that arrives later "
      .. "does not store the profile again", function()
      viewer "Cablevision"
      if name == "session" then scenario:signed_in "Spectrum" end
      local wait, is_out = scenario.driver.wait, false
      function scenario.driver.wait(...)
        local result = wait(...)
        local last = scenario.requests[#scenario.requests]
        if not is_out and last.operation == SENT[name] then
          is_out = true
          assert(client:logout())
        end
        return result
      end
      local value, err = call()
      assert.equal(name == "refresh_profile", value ~= nil)
      if err then assert.equal(STATE[name] or "login_superseded", err.code or err) end
      assert.is_true(is_out)
      assert.is_nil(client:remembered_profile())
    end)
  end

  it("[logout-other-provider] logout: of another provider does not end a poll that "
    .. "waits for its response", function()
    viewer "Cablevision"
    local flow = assert(client:start_login(timeline.login_options {
      mvpd = "Spectrum" }))
    scenario:sign_in(flow.code)
    local wait, is_out = scenario.driver.wait, false
    function scenario.driver.wait(...)
      local result = wait(...)
      if not is_out and scenario.requests[#scenario.requests].operation
          == "profile_for_code" then
        is_out = true
        assert(client:logout { mvpd = "Cablevision" })
      end
      return result
    end
    assert.equal("Spectrum", assert(client:poll_login(flow)).mvpd)
    assert.is_true(is_out)
    assert.equal("Spectrum", client:remembered_profile().mvpd)
  end)

  for _, where in ipairs { "the same process", "another process" } do
    it("[logout-ends-login] logout: ends a login that waits for its next poll, from "
      .. where, function()
      viewer "Spectrum"
      local other = where == "the same process" and client or scenario:new_client {
        store = client.context.connection.store }
      local polls = 0
      local profile, err = client:login(timeline.login_options {
        on_code = function(flow) scenario.code = flow.code end,
        on_poll = function()
          polls = polls + 1
          assert(other:logout())
          scenario:sign_in(scenario.code)
        end })
      assert.is_nil(profile)
      assert.equal("login_superseded", err.code)
      assert.equal(1, polls)
      assert.is_nil(client:remembered_profile())
      scenario:clear_requests()
      local again = assert(other:start_login(timeline.login_options { mvpd = "Dish" }))
      assert.equal("pending", select(2, other:poll_login(again)))
      scenario:sign_in(again.code)
      assert.equal("Dish", assert(other:poll_login(again)).mvpd)
    end)
  end

  it("[logout-ends-session] logout: ends a login that waits for the response of its "
    .. "session", function()
    viewer "Spectrum"
    local wait, is_out = scenario.driver.wait, false
    function scenario.driver.wait(...)
      local result = wait(...)
      if not is_out and scenario.requests[#scenario.requests].operation
          == "create_session" then
        is_out = true
        assert(client:logout())
      end
      return result
    end
    assert_client_error("login_superseded",
      client:start_login(timeline.login_options {}))
    assert.equal("pending", client:start_login(timeline.login_options {}).state)
  end)

  it("[logout-one-keeps-login] logout: of one provider keeps a login whose viewer "
    .. "has not signed in yet", function()
    viewer "Spectrum"
    local flow = assert(client:start_login(timeline.login_options {}))
    assert(client:logout { mvpd = "Cablevision" })
    assert.equal("pending", select(2, client:poll_login(flow)))
    scenario:sign_in(flow.code)
    assert.equal("Cablevision", assert(client:poll_login(flow)).mvpd)
  end)

  it("[logout-begins-login] logout: does not end a login that begins during its "
    .. "requests", function()
    viewer "Cablevision"
    local wait, flow = scenario.driver.wait, nil
    function scenario.driver.wait(...)
      if not flow and scenario.requests[#scenario.requests].operation == "logout" then
        flow = {}
        flow = assert(client:start_login(timeline.login_options { mvpd = "Dish" }))
      end
      return wait(...)
    end
    assert(client:logout())
    scenario:sign_in(flow.code)
    assert.equal("Dish", assert(client:poll_login(flow)).mvpd)
  end)

  it("[logout-profile-meanwhile] logout: deletes a profile that another call stores "
    .. "before the service has ended it", function()
    viewer "Cablevision"
    local wait, is_refreshed = scenario.driver.wait, false
    function scenario.driver.wait(...)
      if not is_refreshed and scenario.requests[#scenario.requests].operation
          == "logout" then
        is_refreshed = true
        assert(client:refresh_profile { mvpd = "Cablevision" })
      end
      return wait(...)
    end
    scenario:respond_with("profile", { profiles = { Cablevision = {
      notBefore = client:now_ms(), notAfter = client:now_ms() + 3600000,
      issuer = "Cablevision", type = "regular", attributes = {} } } })
    assert(client:logout())
    assert.is_true(is_refreshed)
    assert.is_nil(client:remembered_profile())
  end)

  it("[logout-store-not-forget] logout: returns an error when the store cannot "
    .. "delete the login", function()
    viewer "Cablevision"
    client.context.connection.store.delete = function()
      return nil, "The disk is gone.", "store_failed"
    end
    assert_client_error("store_failed", client:logout { open_url = open_url })
    assert.equal(1, #opened)
    assert.equal(1, #scenario:request_times "logout")
  end)

  it("[logout-raises-options-none] logout: raises for an unknown "
    .. "option", function()
    viewer "Cablevision"
    for _, options in ipairs { { nonsense = 1 }, { open_url = "x" } } do
      local ok, message = pcall(function() client:logout(options) end)
      assert.is_false(ok)
      assert.truthy(message:find "logout_spec.*client:logout", message)
    end
    assert.same({}, scenario:counts())
  end)
end)
