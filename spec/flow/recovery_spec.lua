--- What follows a denial: which login authenticates the viewer again, and which
-- stored profile stays.

local assert_client_error = require "spec.support.assert_client_error"
local denials = require "adobepass.flow.denials"
local json = require "adobepass.util.json"
local operation_setup = require "spec.support.operation_setup"
local timeline = require "spec.support.timeline"

local HOUR = 3600 * 1000

describe("recovery", function()
  local scenario, client

  before_each(function()
    scenario = timeline.new()
    client = scenario.client
  end)

  local function count(operation) return #scenario:received(operation) end

  -- Logs in with a code; returns the profile, and the code or nil.
  local function log_in(changes)
    local shown
    local options = timeline.login_options(changes)
    options.on_code = function(flow)
      shown = flow.code
      scenario:sign_in(shown)
    end
    local profile, err = client:login(options)
    return profile, shown, err
  end

  local function deny_with(code)
    scenario:respond_with("authorize", { decisions = { { resource = "CNN",
      authorized = false, source = "mvpd", error = { code = code, status = 403,
        action = "authentication", message = "denied" } } } })
    local decision = assert(client:authorize "CNN")
    assert.equal(code, decision.error.code)
    scenario:set_responder(nil)
  end

  local CODES = { "authorization_denied_by_hba_policies",
    "authorization_denied_by_session_invalidated", "identity_not_recognized_by_mvpd",
    "authenticated_profile_missing", "authenticated_profile_expired",
    "authenticated_profile_invalidated", "a_code_of_the_future" }

  for _, code in ipairs(CODES) do
    it("[recovery-authenticates-again] login: authenticates again after "
      .. code, function()
      log_in()
      if code:find "^authenticated_profile_" then
        assert(scenario.control.revoke { mvpd = "Cablevision" })
      end
      deny_with(code)
      assert.equal(0, count "logout") -- a denial does not log out
      local profile, shown = log_in()
      assert.is_string(shown)
      assert.equal("Cablevision", profile.mvpd)
      assert.is_true(assert(client:authorize "CNN").permitted)
      assert.equal(2, count "create_session")
      -- The login after that needs no authentication.
      local again, code_again = log_in()
      assert.equal(profile.not_after, again.not_after)
      assert.is_nil(code_again)
    end)
  end

  it("[recovery-second-screen] login: authenticates again after a denial, also when "
    .. "the provider is chosen on the second screen", function()
    log_in()
    deny_with "authorization_denied_by_hba_policies"
    client.context.connection.defaults.redirect_url = nil
    local flow = assert(client:start_login {
      activation_url = "https://adobe.com/activate" })
    assert.equal("pending", flow.state)
    assert.equal(1, count "logout")
    assert.matches("redirectUrl=https%%3A%%2F%%2Fadobe.com%%2Factivate",
      scenario:received("logout")[1].query)
    assert.is_true((client:resume_login { code = flow.code, mvpd = "Cablevision",
      domain_name = "adobe.com", redirect_url = "https://adobe.com" }) ~= "")
    assert.equal("pending", select(2, client:poll_login(flow)))
  end)

  it("[recovery-preauthorize] login: authenticates again after a denied "
    .. "preauthorization, for which the store is written once", function()
    log_in()
    local error_of = { code = "authorization_denied_by_session_invalidated",
      action = "authentication", message = "denied" }
    scenario:respond_with("preauthorize", function()
      local list = {}
      for index = 1, 5 do
        list[index] = { resource = "R" .. index, authorized = false,
          source = "mvpd", error = error_of }
      end
      return { decisions = list }
    end)
    local writes, context = 0, client.context
    local replace = context.replace
    function context.replace(...)
      writes = writes + 1
      return replace(...)
    end
    local catalog = assert(client:preauthorize { "R1", "R2", "R3", "R4", "R5" })
    assert.equal(5, #catalog.denied)
    assert.equal(1, writes)
    scenario:set_responder(nil)
    assert.is_string(select(2, log_in()))
  end)

  it("[recovery-restart] login: authenticates again after a denial and a "
    .. "restart", function()
    log_in()
    deny_with "identity_not_recognized_by_mvpd"
    client = scenario:new_client { store = client.context.connection.store }
    assert.is_string(select(2, log_in()))
  end)

  it("[recovery-wrong-clock] login: authenticates again after a denial that is the "
    .. "first response on a device whose clock is in 1970", function()
    for _, code in ipairs { "identity_not_recognized_by_mvpd",
        "authenticated_profile_invalidated" } do
      log_in()
      if code:find "^authenticated_profile_" then
        assert(scenario.control.revoke { mvpd = "Cablevision" })
      end
      local now = scenario.driver.now
      scenario.driver.clock = { monotonic = now, wall = now }
      client = scenario:new_client { store = client.context.connection.store }
      deny_with(code)
      assert.is_string(select(2, log_in()))
    end
  end)

  it("[recovery-other-denials] login: returns the kept profile after a denial with "
    .. "another action, and after a TempPass is used up", function()
    log_in()
    deny_with "temporary_access_duration_limit_exceeded"
    scenario:respond_with("authorize", { decisions = { { resource = "CNN",
      authorized = false, error = { code = "authorization_denied_by_mvpd" } } } })
    assert.is_false(assert(client:authorize "CNN").permitted)
    local _, shown = log_in()
    assert.is_nil(shown)
    assert.equal(0, count "logout")
    assert.equal(1, count "create_session")
  end)

  it("[recovery-late-denial] login: a denial of the previous viewer does not "
    .. "concern the next one", function()
    log_in()
    local since = client.context:viewer_mark()
    assert(client:logout { redirect_url = "https://adobe.com" })
    log_in()
    require("adobepass.flow.decisions").note(client.context, "Cablevision",
      { code = "authorization_denied_by_hba_policies", action = "authentication" },
      since, {})
    assert.is_nil(select(2, log_in()))
  end)

  it("[recovery-logout-fails] login: continues when the denied profile cannot be "
    .. "ended, and ends it the next time", function()
    local warnings = {}
    client = scenario:new_client { on_event = function(event)
      if event.type == "warning" then warnings[#warnings + 1] = event.code end
    end }
    log_in()
    for _, refusal in ipairs { { "", 503 }, { { status = 400, action = "none",
        code = "invalid_parameter_redirect_url", message = "not listed" }, 400 } } do
      deny_with "authorization_denied_by_hba_policies"
      scenario:respond_with("logout", refusal[1], refusal[2])
      assert.is_truthy(log_in())
      scenario:set_responder(nil)
      assert.is_string(select(2, log_in()))
    end
    assert.same({ "http_503", "invalid_parameter_redirect_url" }, warnings)
  end)

  it("[recovery-denials-concurrent] login: a denial that another process records does "
    .. "not restore one that a login deletes meanwhile", function()
    log_in()
    deny_with "authorization_denied_by_hba_policies"
    local store = client.context.connection.store
    local other, replace = scenario:new_client { store = store }, store.replace
    store.replace = function(...)
      store.replace = replace
      denials.remove(client.context, "Cablevision")
      return replace(...)
    end
    assert.is_true(denials.add(other.context, "Spectrum"))
    assert.same({ Spectrum = true }, denials.recall(client.context))
  end)

  it("[recovery-provider-gone] login: shows a code when the denied provider is no "
    .. "longer integrated", function()
    log_in()
    deny_with "authorization_denied_by_hba_policies"
    scenario:set_responder(function(_, asked)
      if asked == "profile" or asked == "logout" then
        return { status = 400, body = { code = "invalid_integration", status = 400,
          action = "none", message = "gone" } }
      end
    end)
    assert.equal("pending", assert(client:start_login {}).state)
  end)

  it("[recovery-without-redirect] login: shows a code after a denial, also without "
    .. "redirect_url and activation_url", function()
    log_in()
    deny_with "authorization_denied_by_hba_policies"
    client = scenario:new_client { redirect_url = json.null,
      store = client.context.connection.store }
    local flow = assert(client:start_login {})
    assert.equal("pending", flow.state)
    assert.equal(0, count "logout")
  end)

  for _, known in ipairs { true, false } do
    it("[recovery-after-restart] login: after a restart of the application, returns "
      .. "the profile of a viewer who signed in since the denial, if its time is "
      .. (known and "known" or "not known"), function()
      log_in()
      if not known then client.context.knows_time = function() return false end end
      deny_with "identity_not_recognized_by_mvpd"
      client.context.knows_time = nil
      assert(scenario.control.revoke { mvpd = "Cablevision" })
      scenario.driver.sleep(60)
      local flow = assert(client:start_login(timeline.login_options {}))
      scenario:sign_in(flow.code) -- the application ends before its poll
      client = scenario:new_client { store = client.context.connection.store }
      local profile, shown = log_in()
      assert.equal("Cablevision", profile.mvpd)
      assert.equal(known, shown == nil)
      assert.equal(known and 0 or 1, count "logout")
      assert.is_nil(next(denials.recall(client.context)))
      -- A restart after this login needs no authentication.
      client = scenario:new_client { store = client.context.connection.store }
      assert.is_nil(select(2, log_in { fresh = true }))
    end)
  end

  it("[recovery-remove-fails] login: returns the kept profile of a viewer who signed "
    .. "in since a denial that the store could not delete", function()
    log_in()
    deny_with "authorization_denied_by_hba_policies"
    scenario.driver.sleep(60)
    client.context.replace = function() return nil, "store" end
    assert.is_string(select(2, log_in()))
    client.context.replace = nil
    assert.is_not_nil(next(denials.recall(client.context)))
    scenario:clear_requests()
    assert.is_nil(select(2, log_in()))
    assert.same({}, scenario:counts())
  end)

  it("[recovery-denied-soon] login: authenticates again after a denial in the second "
    .. "in which the profile began", function()
    log_in()
    local profile = client:remembered_profile()
    client.context.now_ms = function() return profile.not_before - 900 end
    deny_with "identity_not_recognized_by_mvpd"
    client.context.now_ms = nil
    assert.is_string(select(2, log_in()))
  end)

  it("[recovery-other-provider] login: a denial by one provider does not end its "
    .. "profile in a login with another one", function()
    log_in()
    deny_with "authorization_denied_by_session_invalidated"
    assert.equal("Spectrum", log_in({ mvpd = "Spectrum" }).mvpd)
    assert.equal(0, count "logout")
    -- A login that names no provider returns the profile of the other one.
    client.context:forget "profile"
    assert.equal("Spectrum", assert(client:login {}).mvpd)
    assert.equal(0, count "logout")
    assert.is_true(assert(client:authorize("CNN", { mvpd = "Cablevision" })).permitted)
    -- The denial is still known.
    assert.is_string(select(2, log_in()))
    assert.equal(1, count "logout")
    assert.matches("/logout/Cablevision$", scenario:received("logout")[1].path)
  end)

  it("[recovery-no-profile] login: sends no logout after a denial when the service "
    .. "has no profile", function()
    log_in()
    deny_with "identity_not_recognized_by_mvpd"
    assert(scenario.control.revoke { mvpd = "Cablevision" })
    assert.is_string(select(2, log_in()))
    assert.equal(0, count "logout")
  end)

  it("[recovery-logout-elsewhere] logout: of one provider, keeps the denial by another "
    .. "one", function()
    log_in()
    deny_with "authorization_denied_by_hba_policies"
    assert(client:logout { mvpd = "Spectrum" })
    assert.is_string(select(2, log_in()))
    deny_with "authorization_denied_by_hba_policies"
    assert(client:logout { mvpd = "Cablevision" })
    assert.same({}, denials.recall(client.context))
  end)

  it("[recovery-logout-code] logout: of one provider, keeps the record of the present "
    .. "code", function()
    local first = assert(client:start_login(timeline.login_options {}))
    assert(client:start_login(timeline.login_options { mvpd = "Dish" }))
    assert(client:logout { mvpd = "Spectrum" })
    scenario:clear_requests()
    assert.equal("superseded", select(2, client:poll_login(first)))
    assert.same({}, scenario:counts())
  end)

  it("[recovery-two-denials] login: authenticates again with each of two providers "
    .. "that denied access", function()
    log_in()
    log_in { mvpd = "Spectrum" }
    for _, mvpd in ipairs { "Cablevision", "Spectrum" } do
      scenario:respond_with("authorize", { status = 403, action = "authentication",
        code = "identity_not_recognized_by_mvpd", message = "denied" }, 403)
      assert.is_nil(client:authorize("CNN", { mvpd = mvpd }))
      scenario:set_responder(nil)
    end
    assert.is_string(select(2, log_in()))
    assert.is_string(select(2, log_in { mvpd = "Spectrum" }))
    assert.is_nil(select(2, log_in { mvpd = "Spectrum" }))
  end)

  it("[recovery-old-record] login: ignores a record of a denial that names one "
    .. "provider", function()
    log_in()
    client.context:remember("denied", { mvpd = "Cablevision" })
    assert.is_nil(select(2, log_in()))
    deny_with "identity_not_recognized_by_mvpd"
    assert.is_string(select(2, log_in()))
  end)

  describe("of a shared login", function()
    local function device(name, token)
      return client:device { id = name, info = operation_setup.INFO,
        identity = { service_token = token } }
    end

    local function log_in_at(tv)
      local shown
      local options = timeline.login_options {}
      options.on_code = function(flow)
        shown = flow.code
        scenario:sign_in(shown)
      end
      return assert(tv:login(options)), shown
    end

    local function deny_at(tv)
      scenario:respond_with("authorize", { status = 403, action = "authentication",
        code = "authorization_denied_by_hba_policies", message = "denied" }, 403)
      assert_client_error("authorization_denied_by_hba_policies", tv:authorize "CNN")
      scenario:set_responder(nil)
    end

    local home, tablet

    before_each(function()
      client = scenario:new_client { device = json.null }
      local token = assert(client:device { id = "server",
        info = operation_setup.INFO }:get_service_token { sso_id = "viewer-1" })
      home, tablet = device("home", token), device("tablet", token)
      log_in_at(home)
      assert.equal("serviceTokenSSO", log_in_at(tablet).type)
    end)

    it("[recovery-shared-login] login: authenticates again after a denial, without a "
      .. "logout of the device that shares its login", function()
      deny_at(tablet)
      local profile, shown = log_in_at(tablet)
      assert.is_string(shown)
      assert.equal("regular", profile.type)
      assert.equal(0, count "logout")
      assert.is_true(assert(home:authorize "CNN").permitted)
      assert.is_true(assert(tablet:authorize "CNN").permitted)
      assert.is_nil(select(2, log_in_at(tablet)))
    end)

    it("[recovery-shares-again] login: the logout after a denial sends no identifier "
      .. "of single sign-on, and the new login is shared again", function()
      deny_at(home)
      scenario:clear_requests()
      local _, shown = log_in_at(home)
      assert.is_string(shown)
      local headers = {}
      for _, sent in ipairs(scenario.requests) do
        headers[sent.operation] = sent.request.headers
      end
      assert.is_nil(headers.logout["AD-Service-Token"])
      assert.is_string(headers.create_session["AD-Service-Token"])
      assert.is_true(assert(tablet:authorize "CNN").permitted)
    end)
  end)

  it("[recovery-logout-forgets] logout: the next login needs no second "
    .. "logout", function()
    log_in()
    deny_with "authorization_denied_by_hba_policies"
    assert(client:logout { redirect_url = "https://adobe.com" })
    assert.is_string(select(2, log_in()))
    assert.equal(1, count "logout")
  end)

  -- --- a returning viewer --------------------------------------------------

  local function forget_profile() client.context:forget "profile" end

  it("[recovery-returning-mvpd] login: requests a returning viewer's profile with "
    .. "/profiles/{mvpd}", function()
    local profile = log_in()
    forget_profile()
    scenario:clear_requests()
    assert.equal(profile.not_after, log_in().not_after)
    assert.same({ profile = 1 }, scenario:counts())
    forget_profile()
    assert.equal(profile.not_after, assert(client:login {}).not_after)
    assert.same({ profile = 2 }, scenario:counts())
    assert.equal("/api/v2/REF30/profiles/Cablevision",
      scenario:received("profile")[1].path)
  end)

  it("[recovery-returning-choose] login: requests all profiles when the viewer may "
    .. "choose, or names another provider", function()
    log_in()
    forget_profile()
    scenario:clear_requests()
    assert(client:login { choose = function(list) return list[1] end })
    forget_profile()
    assert(client:start_login(timeline.login_options { mvpd = "Spectrum" }))
    assert.same({ profiles = 2, create_session = 1 }, scenario:counts())
  end)

  it("[recovery-returning-gone] login: authenticates when the last provider is no "
    .. "longer integrated", function()
    log_in()
    forget_profile()
    scenario:respond_with("profile", { code = "invalid_integration", status = 400,
      action = "none", message = "gone" }, 400)
    local flow = assert(client:start_login(timeline.login_options { mvpd = "Dish" }))
    assert.equal("pending", flow.state)
    client.context:remember("provider", { id = "Gone" })
    flow = assert(client:start_login {})
    assert.equal("done", flow.state) -- Cablevision's profile is in the list of all
  end)

  it("[recovery-returning-failed] login: shows a code when the last provider cannot be "
    .. "asked for a profile", function()
    assert(client:remember_provider { id = "TempPass_5mins" })
    assert(client:temporary_access { mvpd = "TempPass_5mins" }:authorize "CNN")
    scenario.driver.sleep(301)
    for _ = 1, 2 do
      assert.equal("pending", assert(client:start_login {}).state)
    end
    for _, refusal in ipairs { { "invalid_configuration_mvpd_platform", 500 },
        { "authenticated_profile_expired", 403 } } do
      scenario:respond_with("profile", { code = refusal[1], status = refusal[2],
        message = "no" }, refusal[2])
      client.context:remember("provider", { id = "Cablevision" })
      local flow = assert(client:start_login(timeline.login_options {}))
      assert.equal("pending", flow.state)
    end
    scenario:respond_with("profile", "", 503)
    local flow, err = client:start_login {}
    assert.is_nil(flow)
    assert.equal(503, err.http_status)
  end)

  -- --- Apple's profile -----------------------------------------------------

  describe("of a partner's profile", function()
    local status

    before_each(function()
      assert(client.api:configuration())
      status = client:partner_status { access = "granted",
        provider_id = "Cablevision", expires_at = client:now_ms() + HOUR }
      assert.equal("appleSSO", assert(client:partner_login { partner = "Apple",
        status = status, domain_name = "adobe.com",
        redirect_url = "https://adobe.com", respond = function(request, mvpd)
          return scenario.control.saml { request = request.request,
            mvpd = mvpd, username = "ann" }
        end }).type)
    end)

    it("[recovery-apple-kept] partner profile: a call without partner_status does not "
      .. "delete it", function()
      for _, call in ipairs {
        function() return client:authorize "CNN" end,
        function() return client:preauthorize { "CNN" } end,
        function() return client:refresh_profile() end,
      } do
        local result, err = call()
        if result then
          local denial = result.error or result.denied[1].error
          assert.equal("authenticated_profile_missing", denial.code)
        else
          assert.equal("not_logged_in", err.code)
        end
        assert.equal("appleSSO", assert(client:remembered_profile()).type)
      end
      assert.is_true(assert(client:authorize("CNN",
        { partner_status = status })).permitted)
    end)

    it("[recovery-apple-deleted] partner profile: a call with partner_status deletes "
      .. "it when the service does not know it", function()
      assert(scenario.control.revoke { mvpd = "Cablevision" })
      local decision = assert(client:authorize("CNN", { partner_status = status }))
      assert.equal("authenticated_profile_invalidated", decision.error.code)
      assert.is_nil(client:remembered_profile())
    end)

    it("[recovery-apple-identity] partner profile: a call that sends the identity's "
      .. "status deletes it when the service does not know it", function()
      local other = scenario:new_client { store = client.context.connection.store,
        identity = { partner_status = function() return status end } }
      assert(scenario.control.revoke { mvpd = "Cablevision" })
      assert_client_error("not_logged_in", other:refresh_profile())
      assert.is_nil(other:remembered_profile())
    end)

    it("[recovery-apple-authenticates] partner_login: authenticates again after a "
      .. "denial", function()
      deny_with "authorization_denied_by_hba_policies"
      local asked = 0
      local profile, err = client:partner_login { partner = "Apple", status = status,
        domain_name = "adobe.com", redirect_url = "https://adobe.com",
        respond = function(request, mvpd)
          asked = asked + 1
          return scenario.control.saml { request = request.request,
            mvpd = mvpd, username = "ann" }
        end }
      assert.is_truthy(profile, json.encode { tostring(err) })
      assert.equal(1, asked)
    end)
  end)

  it("[recovery-statement-revoked] a revoked software statement ends the access "
    .. "token: the client registers once and returns the registration's error",
    function()
      assert(log_in())
      scenario.control.journal { clear = true }
      assert(scenario.control.revoke { statement = scenario.statement })
      local err = assert_client_error("unapproved_software_statement",
        client:authorize "CNN")
      assert.equal("configuration", err.action)
      local order = {}
      for index, entry in ipairs(scenario:received()) do
        order[index] = entry.operation .. " " .. entry.status
      end
      assert.same({ "authorize 401", "token 400", "register 400" }, order)
    end)
end)
