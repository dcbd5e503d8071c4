--- What follows a denial: which login authenticates the viewer again, and which
-- stored profile stays.

local assert_client_error = require "spec.support.assert_client_error"
local json = require "adobepass.util.json"
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
    local remember = context.remember
    function context.remember(...)
      writes = writes + 1
      return remember(...)
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

  it("[recovery-logout-fails] login: returns the error when the denied profile "
    .. "cannot be ended, and ends it the next time", function()
    log_in()
    deny_with "authorization_denied_by_hba_policies"
    scenario:respond_with("logout", "", 503)
    local profile, _, err = log_in()
    assert.is_nil(profile)
    assert.equal(503, err.http_status)
    scenario:set_responder(nil)
    assert.is_string(select(2, log_in()))
  end)

  it("[recovery-provider-gone] login: continues when the denied provider is no "
    .. "longer integrated", function()
    log_in()
    deny_with "authorization_denied_by_hba_policies"
    scenario:respond_with("logout", { code = "invalid_integration", status = 400,
      action = "none", message = "gone" }, 400)
    local profile, shown = log_in { mvpd = "Spectrum" }
    assert.is_string(shown)
    assert.equal("Spectrum", profile.mvpd)
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
end)
