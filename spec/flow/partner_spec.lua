--- Single sign-on by a partner's framework or by the platform's identity, and
-- access while a provider is degraded.

local assert_client_error = require "spec.support.assert_client_error"
local core = require "adobepass.core"
local json = require "adobepass.util.json"
local timeline = require "spec.support.timeline"

local HEADER = "ap-partner-framework-status"
local HOUR = 3600 * 1000

local function pick_operations(list)
  local names = {}
  for index, entry in ipairs(list) do names[index] = entry.operation end
  return names
end

describe("single sign-on by a partner", function()
  local scenario

  before_each(function() scenario = timeline.new() end)

  local function status(changes)
    local given = { access = "granted", provider_id = "Cablevision",
      expires_at = scenario.sandbox:now() + HOUR }
    for name, value in pairs(changes or {}) do given[name] = value end
    return scenario.client:partner_status(given)
  end

  local function respond(request, mvpd)
    return scenario.control.saml { request = request.request,
      mvpd = mvpd, username = "ann" }
  end

  local function log_in(changes)
    local options = { partner = "Apple", status = status(),
      respond = respond, domain_name = "adobe.com",
      redirect_url = "https://adobe.com" }
    for name, value in pairs(changes or {}) do
      options[name] = value or nil
    end
    return scenario.client:partner_login(options)
  end

  describe("partner_status", function()
    it("[partner-access-provider] partner_status: returns access and "
      .. "provider", function()
      assert.same({
        frameworkPermissionInfo = { accessStatus = "granted" },
        frameworkProviderInfo = { id = "Cablevision",
          expirationDate = "1750003600000" },
      }, status())
      log_in()
      local sent = scenario:received("partner_session")[1].headers[HEADER]
      assert.same(status(), json.decode(core.base64.decode(sent)))
    end)

    it("[partner-went-wrong] partner_status: returns the framework's "
      .. "error", function()
      assert.same({
        frameworkPermissionInfo = { accessStatus = "denied",
          error = { code = "1", message = "no" } },
        frameworkProviderInfo = { error = { code = "2", message = "none" } },
      }, scenario.client:partner_status { access = "denied",
        access_error = { code = "1", message = "no" },
        provider_error = { code = "2", message = "none" } })
    end)

    it("[partner-raises-no-framework] partner_status: raises for values that "
      .. "no framework returns", function()
      for _, given in ipairs {
        {}, { access = "yes" }, { access = true }, { access = "Granted" },
        { access = "granted", expires_at = "1750003600000" },
        { access = "granted", expires_at = 1750003600 }, -- seconds
        { access = "granted", expires_at = 0 / 0 },
        { access = "granted", expires_at = 1 / 0 },
        { access = "granted", provider_id = 5 },
        { access = "granted", provider = "Cablevision" },
        { access = "denied", access_error = "no" },
        { access = "denied", access_error = { code = "1" } },
        { access = "denied", provider_error = { code = 1, message = "no" } },
      } do
        local fine, message = pcall(function()
          scenario.client:partner_status(given)
        end)
        assert.is_false(fine)
        assert.matches("partner_spec.lua:%d+: client:partner_status: ",
          message)
      end
    end)
  end)

  it("[partner-hands-request-response] partner_login: passes the request to "
    .. "the framework and its response to Adobe", function()
    local passed
    local profile = assert(log_in { respond = function(request, mvpd)
      passed = { request = request, mvpd = mvpd }
      return respond(request, mvpd)
    end })
    assert.equal("appleSSO", profile.type)
    assert.equal("Cablevision", profile.mvpd)
    assert.equal("Apple", profile.issuer)
    assert.equal("ann-household", profile.attributes.householdID)
    assert.is_true(profile.not_after > scenario.sandbox:now())
    assert.equal("saml", passed.request.type)
    assert.is_table(passed.request.attributesNames)
    assert.equal("Cablevision", passed.mvpd)
    assert.same({ "register", "token", "partner_session",
      "partner_profile" }, pick_operations(scenario:received()))
  end)

  it("[partner-response-xml-lines] partner_login: accepts the response as XML "
    .. "or as wrapped base64", function()
    for _, change in ipairs {
      function(saml) return core.base64.decode(saml) end,
      function(saml) return "\n  " .. core.base64.decode(saml) end,
      function(saml) return (saml:gsub((".").rep(".", 64), "%0\r\n")) end,
    } do
      scenario = timeline.new()
      local profile = assert(log_in { respond = function(request, mvpd)
        return change(respond(request, mvpd))
      end })
      assert.equal("Cablevision", profile.mvpd)
    end
  end)

  it("[partner-saml-collapsed] partner_login: collapses the white space of the "
    .. "framework's XML before base64", function()
    assert(log_in { respond = function(request, mvpd)
      local xml = core.base64.decode(respond(request, mvpd))
      return "\n\t " .. xml:gsub("><", ">\r\n\t  <") .. "\n"
    end })
    local sent = scenario:received("partner_profile")[1].body
    sent = sent:match "SAMLResponse=([^&]*)":gsub("%%(%x%x)", function(hex)
      return string.char(tonumber(hex, 16))
    end)
    local xml = core.base64.decode(sent)
    assert.is_nil(xml:find "[\r\n\t]")
    assert.is_nil(xml:find "  ")
    assert.matches("^<.*>$", xml)
    assert.matches("> <", xml)
  end)

  -- Quadratic time would take minutes.
  it("[partner-saml-long-spaces] partner_login: collapses white space in linear "
    .. "time", function()
    local _, err = log_in { respond = function()
      return "<x>" .. (" \n"):rep(400000) .. "x"
    end }
    assert.equal("invalid_parameter_saml_response", err.code)
  end)

  it("[partner-status-identity] partner_login: sends the identity's partner_status "
    .. "without the option status", function()
    local client = scenario:new_client { identity = {
      partner_status = function() return status() end } }
    local profile = assert(client:partner_login { partner = "Apple",
      respond = respond, domain_name = "adobe.com",
      redirect_url = "https://adobe.com" })
    assert.equal("appleSSO", profile.type)
    assert.is_true(assert(client:authorize "CNN").permitted)
    assert.same({ "CNN" }, assert(client:preauthorize { "CNN" }).permitted)
    assert.equal("appleSSO", assert(client:refresh_profile()).type)
    assert.equal(1, #assert(client:profiles()))
    for _, operation in ipairs { "partner_session", "partner_profile", "authorize",
      "preauthorize", "profile", "profiles" } do
      assert.is_string(scenario:received(operation)[1].headers[HEADER], operation)
    end
  end)

  it("[partner-keeps-profile-plays] partner_login: stores the profile, and "
    .. "playback sends the partner status", function()
    local profile = assert(log_in())
    assert.same(profile, scenario.client.context:recall "profile")
    assert.same({ id = "Cablevision" },
      scenario.client.context:recall "provider")
    local decision = assert(scenario.client:authorize("CNN",
      { partner_status = status() }))
    assert.is_true(decision.permitted)
    local catalog = assert(scenario.client:preauthorize({ "CNN" },
      { partner_status = status() }))
    assert.same({ "CNN" }, catalog.permitted)
    -- The framework's provider was removed in the settings.
    decision = assert(scenario.client:authorize("CNN",
      { partner_status = status { provider_id = "Spectrum" } }))
    assert.is_false(decision.permitted)
    assert.equal("authenticated_profile_missing", decision.error.code)
  end)

  it("[partner-client-defaults] partner_login: sends domain_name and redirect_url of "
    .. "adobepass.new when the call gives none", function()
    scenario = timeline.new { domain_name = "adobe.com",
      redirect_url = "https://adobe.com/back" }
    assert.equal("appleSSO",
      assert(log_in { domain_name = false, redirect_url = false }).type)
    local sent = scenario:received("partner_session")[1].body
    assert.matches("domainName=adobe.com", sent, 1, true)
    assert.matches("redirectUrl=https%3A%2F%2Fadobe.com%2Fback", sent, 1, true)
  end)

  it("[partner-denial-activation-url] partner_login: ends a denied profile with "
    .. "activation_url of adobepass.new", function()
    scenario = timeline.new { redirect_url = json.null,
      activation_url = "https://adobe.com/activate" }
    assert(log_in { redirect_url = "https://adobe.com" })
    require("adobepass.flow.denials").add(scenario.client.context, "Cablevision")
    assert(log_in { redirect_url = false, fallback = { mvpd = "Cablevision",
      redirect_url = "https://adobe.com", on_code = function(flow)
        scenario:sign_in(flow.code)
      end } })
    assert.matches("redirectUrl=https%3A%2F%2Fadobe.com%2Factivate",
      scenario:received("logout")[1].query, 1, true)
  end)

  it("[partner-opens-encrypted] partner_login: decrypts attributes with the "
    .. "programmer's key", function()
    assert.is_nil(assert(log_in()).attributes.zip)
    scenario = timeline.new()
    local key = assert(core.private_key(
      scenario.control.certificates().metadata_private_key))
    assert.equal("77754",
      assert(log_in { metadata_key = key }).attributes.zip)
  end)

  it("[partner-forgets-permits] partner_login: discards the permits of the "
    .. "previous viewer", function()
    scenario:signed_in("Cablevision", "bob")
    assert(scenario.client:preauthorize({ "TBS" }, { mvpd = "Cablevision" }))
    assert.is_not_nil(scenario.client.context:permit("Cablevision", "TBS"))
    assert(scenario.client:logout { mvpd = "Cablevision" })
    scenario:signed_in("Spectrum", "bob")
    assert(scenario.client:preauthorize({ "TBS" }, { mvpd = "Spectrum" }))
    assert.is_not_nil(scenario.client.context:permit("Spectrum", "TBS"))
    assert(log_in())
    assert.is_nil(scenario.client.context:permit("Spectrum", "TBS"))
  end)

  it("[partner-needs-framework-logged] partner_login: does not call the "
    .. "framework when a viewer is logged in", function()
    local first = assert(log_in())
    scenario.control.journal { clear = true }
    local profile = assert(log_in { respond = function()
      error "the framework must not be called"
    end })
    first.encrypted, profile.encrypted = nil, nil -- encrypted again each time
    assert.same(first, profile)
    assert.same({ "partner_session", "profile" },
      pick_operations(scenario:received()))
    assert.is_string(scenario:received("profile")[1].headers[HEADER])
  end)

  it("[partner-needs-access-degraded] partner_login: does not call the "
    .. "framework while access is degraded", function()
    local profile = assert(log_in {
      status = status { provider_id = "DegradedMvpd" } })
    assert.equal("degraded", profile.type)
    assert.equal("DegradedMvpd", profile.mvpd)
    local decision = assert(scenario.client:authorize "CNN")
    assert.is_true(decision.permitted)
    assert.equal("degradation", decision.source)
  end)

  describe("fallback to a login", function()
    local FALLBACKS = {
      { "pfs_fallback", "without access", { access = "denied" } },
      { "pfs_fallback", "before the viewer has granted access",
        { access = "notDetermined" } },
      { "pfs_fallback", "if access is restricted",
        { access = "restricted" } },
      { "pfs_fallback", "without a known provider", { provider_id = "Nobody" } },
      { "pfs_fallback", "if the provider's login has expired",
        { expires_at = 1.7e12 } },
      { "configuration_fallback", "if the provider does not support the framework",
        { provider_id = "ElasticSSO" } },
      { "missing_parameters_fallback", "if a parameter is missing", {},
        { domain_name = false } },
    }

    for _, row in ipairs(FALLBACKS) do
      local reason, when, changes, options = row[1], row[2], row[3], row[4]

      it("[partner-wanted] partner_login: falls back to a login "
        .. when, function()
        local shown
        local given = { status = status(changes), respond = function()
          error "the framework must not be called"
        end, fallback = { mvpd = "Cablevision", domain_name = "adobe.com",
          redirect_url = "https://adobe.com", on_code = function(flow)
            shown = flow
            scenario:sign_in(flow.code, "ann", "Cablevision")
          end } }
        for name, value in pairs(options or {}) do given[name] = value end
        local profile = assert(log_in(given))
        assert.equal("regular", profile.type)
        assert.equal("Cablevision", profile.mvpd)
        assert.is_string(shown.code)
        assert.is_string(shown.url)
      end)

      it("[partner-says] partner_login without the option fallback: returns "
        .. "partner_fallback " .. when, function()
        local given = { status = status(changes) }
        for name, value in pairs(options or {}) do given[name] = value end
        local profile, err = log_in(given)
        assert.is_nil(profile)
        assert.equal("partner_fallback", err.code)
        assert.equal("authentication", err.action)
        assert.matches(reason, err.message, 1, true)
      end)
    end

    it("[partner-provider-viewer-chose] partner_login: falls back to a login "
      .. "with the viewer's last provider", function()
      assert(log_in())
      assert(scenario.client:logout { mvpd = "Cablevision" })
      assert(scenario.client:start_login { mvpd = "Spectrum",
        domain_name = "adobe.com", redirect_url = "https://adobe.com" })
      local chosen
      local profile = assert(log_in { status = status { access = "denied" },
        fallback = { on_code = function(flow)
          chosen = flow.mvpd
          scenario:sign_in(flow.code)
        end } })
      assert.equal("Spectrum", chosen)
      assert.equal("Spectrum", profile.mvpd)
    end)
  end)

  -- A login that the application offers when the framework has no login to share.
  local function with_fallback(changes)
    local shown
    changes.fallback = { on_code = function(flow)
      shown = flow
      scenario:sign_in(flow.code, "ann", not flow.mvpd and "Cablevision" or nil)
    end }
    local profile, err = log_in(changes)
    return profile, err, shown
  end

  it("[partner-failed-falls-back] partner_login: falls back to a login with the "
    .. "framework's provider when the framework gives no response", function()
    local profile, err, shown = with_fallback { respond = function()
      return nil, "VSError 1"
    end }
    assert.equal("regular", profile and profile.type, tostring(err))
    assert.equal("Cablevision", profile.mvpd)
    assert.equal("Cablevision", shown.mvpd)
    assert.same({}, scenario:received "partner_profile")
  end)

  -- The viewer logs in at the framework for longer than the first status is valid.
  local function respond_late(has_newer)
    return function(request, mvpd)
      scenario.control.clock { advance = 2 * HOUR }
      return respond(request, mvpd), has_newer and status() or nil
    end
  end

  it("[partner-refused-falls-back] partner_login: falls back to a login when the "
    .. "status is refused", function()
    local profile, err, shown = with_fallback { respond = respond_late() }
    assert.equal("regular", profile and profile.type, tostring(err))
    assert.equal("Cablevision", shown.mvpd)
    assert.equal(1, #scenario:received "partner_profile")
    scenario = timeline.new()
    assert_client_error("invalid_header_pfs_provider_info_expired",
      log_in { respond = respond_late() })
    scenario:respond_with("partner_session", { status = 400, action = "none",
      code = "invalid_header_pfs_permission_access_not_granted", message = "no" }, 400)
    profile, err = with_fallback {}
    assert.equal("regular", profile and profile.type, tostring(err))
    assert_client_error("invalid_header_pfs_permission_access_not_granted", log_in())
  end)

  it("[partner-other-error-stays] partner_login: returns any other error, also with "
    .. "the option fallback", function()
    local profile, err, shown = with_fallback { respond = function() return "AAAA" end }
    assert_client_error("invalid_parameter_saml_response", profile, err)
    assert.is_nil(shown)
  end)

  it("[partner-newer-status] partner_login: sends the status that respond returns "
    .. "after the viewer has logged in", function()
    local profile = assert(log_in { respond = respond_late(true) })
    assert.equal("appleSSO", profile.type)
    local sent = scenario:received("partner_profile")[1].headers[HEADER]
    assert.same(status(), json.decode(core.base64.decode(sent)))
  end)

  it("[partner-why-framework-gave] partner_login: reports why the framework "
    .. "returned nothing", function()
    for message, responses in pairs { ["gave no response."] = {},
      ["gave no response: the viewer said no."] =
        { false, "the viewer said no" } } do
      local profile, err = log_in { respond = function()
        return responses[1], responses[2]
      end }
      assert.is_nil(profile)
      assert.equal("partner_failed", err.code)
      assert.matches(message, err.message, 1, true)
    end
  end)

  it("[partner-hands-service-response] partner_login: returns the service's "
    .. "error about the response", function()
    for saml, code in pairs {
      ["<x/>"] = "invalid_parameter_saml_response",
      ["AAAA"] = "invalid_parameter_saml_response",
    } do
      local profile, err = log_in { respond = function() return saml end }
      assert.is_nil(profile)
      assert.equal(code, err.code)
    end
    local profile, err = log_in { respond = function(request)
      return respond(request, "Spectrum")
    end }
    assert.is_nil(profile)
    assert.equal("invalid_header_pfs_provider_id_mismatch", err.code)
  end)

  it("[partner-survives-responses] partner_login: handles malformed "
    .. "responses", function()
    for _, body in ipairs {
      { actionName = "partner_profile" },
      { actionName = "partner_profile", authenticationRequest = 5 },
      { actionName = "partner_profile", authenticationRequest = {} },
      { actionName = "partner_profile",
        authenticationRequest = { request = 5 } },
      { actionName = "dance" }, { actionName = "authorize" },
      { actionName = "authorize", mvpd = 5 },
    } do
      scenario:respond_with("partner_session", body)
      local profile, err = log_in()
      assert.is_nil(profile)
      assert.is_string(err.code)
      assert.is_string(err.message)
    end
  end)

  it("[partner-signs-settings] logout: asks a partner's viewer to sign out in "
    .. "the system settings", function()
    assert(log_in())
    local notified
    local report = assert(scenario.client:logout {
      on_partner_logout = function(mvpd) notified = mvpd end })
    assert.equal("viewer_told", report[1].outcome)
    assert.equal("partner_interactive", report[1].action_type)
    assert.equal("Cablevision", notified)
    assert.is_nil(scenario.client.context:recall "profile")
  end)

  it("[partner-raises-programmer-wrong] partner_login: raises for invalid "
    .. "options", function()
    for _, changes in ipairs { { partner = false }, { status = false },
      { respond = false }, { partner = 5 }, { status = 5 },
      { respond = "x" }, { fallback = 5 }, { nope = 1 } } do
      assert.error_matches(function() log_in(changes) end,
        "client:partner_login: ")
    end
    assert.same({}, scenario:received())
  end)
end)

for name, header in pairs { subject_token = "adobe-subject-token",
  roku_token = "x-roku-reserved-roku-connect-token" } do
  describe("single sign-on by the platform: " .. name, function()
    local scenario, mine

    before_each(function()
      scenario = timeline.new()
      mine = assert(scenario.control.identity { kind = "platform",
        subject = "someone" })
    end)

    local function log_in(client, token)
      local flow, code = nil, nil
      local profile, err = client:login { mvpd = "Cablevision",
        domain_name = "adobe.com", redirect_url = "https://adobe.com",
        [name] = token, on_code = function(given)
          flow, code = given, given.code
          scenario:sign_in(code)
        end }
      return profile, err, flow
    end

    it("[partner-next-device-code] platform identity: logs in on a second "
      .. "device without a code", function()
      assert.equal("regular", assert(log_in(scenario.client, mine)).type)
      local second = scenario.client:device { id = "another" }
      local profile, _, flow = log_in(second, mine)
      assert.is_nil(flow)
      assert.equal("platformSSO", profile.type)
      assert.equal("Cablevision", profile.mvpd)
      local decision = assert(second:authorize("CNN", { [name] = mine }))
      assert.is_true(decision.permitted)
      local list = scenario:received "authorize"
      assert.equal(mine, list[1].headers[header])
    end)

    it("[partner-call-device] platform identity: is sent with every call of "
      .. "its device", function()
      assert(log_in(scenario.client, mine))
      local second = scenario.client:device { id = "another",
        identity = { [name] = mine } }
      assert.equal("platformSSO", assert(second:login {}).type)
      assert.is_true(assert(second:authorize "CNN").permitted)
    end)

    it("[partner-lets-else] platform identity: does not log in a device with "
      .. "another identity", function()
      assert(log_in(scenario.client, mine))
      local other = assert(scenario.control.identity { kind = "platform",
        subject = "somebody else" })
      for _, token in ipairs { other, mine .. "x" } do
        local profile, _, flow = log_in(scenario.client:device {
          id = "of " .. token:sub(-9) }, token)
        assert.is_string(flow.code)
        assert.equal("regular", profile.type)
      end
    end)

    it("[partner-ends-everywhere-logout] platform identity: one logout ends "
      .. "the login on all devices", function()
      assert(log_in(scenario.client, mine))
      local second = scenario.client:device { id = "another" }
      assert(log_in(second, mine))
      local opened
      local report = assert(second:logout { [name] = mine,
        redirect_url = "https://adobe.com",
        open_url = function(url) opened = url end })
      assert.equal("opened", report[1].outcome)
      assert.matches("^" .. scenario.sandbox.api:gsub("%p", "%%%0")
        .. "/mvpd/Cablevision/logout", opened) -- the response has no host
      for _, client in ipairs { scenario.client, second } do
        assert.same({}, assert(client.api:profiles { [name] = mine })
          .profiles)
      end
    end)
  end)
end

describe("degraded access", function()
  local scenario

  before_each(function()
    scenario = timeline.new()
    scenario:signed_in()
    assert(scenario.client:login {})
  end)

  -- The application makes the same calls in each state of the provider.
  local function watch()
    local code
    local profile, err = scenario.client:login { mvpd = "Cablevision",
      domain_name = "adobe.com", redirect_url = "https://adobe.com",
      on_code = function(flow)
        code = flow.code
        scenario:sign_in(code)
      end }
    if not profile then return nil, err end
    local decision = assert(scenario.client:authorize "CNN")
    return { profile = profile.type, code = code, source = decision.source,
      permitted = decision.permitted,
      error = decision.error and decision.error.code }
  end

  local function degrade(rule)
    assert(scenario.control.degrade { service_provider = "REF30",
      mvpd = "Cablevision", rule = rule, seconds = 600 })
  end

  it("[partner-played-like-any] degraded access: playback works as with any "
    .. "provider", function()
    assert.equal("mvpd", watch().source)
    degrade "AuthZAll"
    assert.same({ profile = "regular", source = "degradation",
      permitted = true }, watch())
    degrade "AuthZNone"
    assert.same({ profile = "regular", source = "degradation",
      permitted = false, error = "authorization_denied_by_degradation_rule",
    }, watch())
    scenario.driver.sleep(601)
    assert.equal("mvpd", watch().source)
  end)

  it("[partner-not-logged-asks] degraded access: plays without a login, and "
    .. "requires one again afterwards",
    function()
      assert(scenario.client:logout())
      degrade "AuthNAll"
      assert.same({ profile = "degraded", source = "degradation",
        permitted = true }, watch())
      scenario.driver.sleep(601)
      local after = watch()
      assert.equal("regular", after.profile)
      assert.equal("mvpd", after.source)
      assert.is_string(after.code)
    end)
end)
