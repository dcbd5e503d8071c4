--- Single sign-on: platform identity, service token, partner; and logout.
local core = require "adobepass.core"
local fixture = require "spec.sandbox.fixture"
local json = require "adobepass.util.json"
local keys = require "adobepass.sandbox.data.keys"

local PFS = "AP-Partner-Framework-Status"
local APPLE = "/api/v2/REF30/sessions/sso/Apple"
local APPLE_PROFILE = "/api/v2/REF30/profiles/sso/Apple"

local function profiles(h, extra, sp)
  return h:get("/api/v2/" .. (sp or "REF30") .. "/profiles", extra)
    .json.profiles
end

local METHODS = {
  { kind = "platform", header = "Adobe-Subject-Token",
    type = "platformSSO" },
  { kind = "platform", header = "X-Roku-Reserved-Roku-Connect-Token",
    type = "platformSSO" },
  { kind = "service", header = "AD-Service-Token",
    type = "serviceTokenSSO" },
}

for _, method in ipairs(METHODS) do
  describe("single sign-on by " .. method.header, function()
    local h, mine

    before_each(function()
      h = fixture.new()
      mine = { [method.header] = h.control.identity {
        kind = method.kind, subject = "someone" } }
      h:log_in("ann", "Cablevision", mine)
      h.device = "another device"
    end)

    it("[sso-shows-login-device] shows the login on another device and in "
      .. "another app", function()
      assert.equal(method.type, profiles(h, mine).Cablevision.type)
      assert.equal("Cablevision", profiles(h, mine).Cablevision.issuer)
      assert.equal(method.type, profiles(h, mine, "REF40").Cablevision.type)
      assert.equal("authenticatedSSO",
        h:session({}, mine, "REF40").json.reasonType)
      assert.is_true(h:authorize("Cablevision", { "CNN" }, mine, "REF40")
        .json.decisions[1].authorized)
    end)

    it("[sso-shows-identity] shows nothing without the identity, or with "
      .. "another", function()
      assert.same({}, profiles(h))
      assert.same({}, profiles(h, { [method.header] =
        h.control.identity { kind = method.kind, subject = "else" } }))
    end)

    it("[sso-believes-no-token-expired] believes no token that is expired, "
      .. "forged or junk", function()
      local good = mine[method.header]
      local other = method.kind == "platform" and "service" or "platform"
      for _, bad in ipairs { "junk", "a.b.c", "a.b.c.d.e",
                             good:sub(1, -5) .. "AAAA",
                             h.control.identity { kind = other,
                                                  subject = "someone" } } do
        assert.same({}, profiles(h, { [method.header] = bad }))
      end
      h.control.advance(3600 * 1000)
      assert.same({}, profiles(h, mine))
    end)

    it("[sso-not-asked-device-login] is not asked where the device has a "
      .. "login of its own", function()
      h:log_in("bob", "Cablevision")
      assert.equal("regular", profiles(h, mine).Cablevision.type)
    end)

    it("[sso-within-integrated] stays within what is integrated", function()
      assert.same({}, profiles(h, mine, "apasstest1").Spectrum or {})
      h.sandbox.world.providers.REF40.integrations.Cablevision = nil
      assert.same({}, profiles(h, mine, "REF40"))
    end)

    it("[sso-ends-everywhere-logout] ends everywhere with one logout, whose "
      .. "url is relative", function()
      local response = h:get(
        "/api/v2/REF40/logout/Cablevision?redirectUrl=https%3A%2F%2Fadobe.com",
        mine).json.logouts.Cablevision
      assert.equal("logout", result.actionName)
      assert.equal("/mvpd/Cablevision/logout?requestor_id=REF40"
        .. "&redirect_url=https%3A%2F%2Fadobe.com", response.url)
      assert.same({}, profiles(h, mine))
      h.device = fixture.new().device
      assert.same({}, profiles(h))
    end)
  end)
end

describe("a programmer's own AD-Service-Token", function()
  local function signed(h, audience, subject)
    local claims = { sub = subject or "someone", aud = audience,
                     exp = math.floor(h.sandbox:now() / 1000) + 60 }
    return { ["AD-Service-Token"] = core.jws.sign("RS256",
      core.private_key(keys.identity.private), json.encode(claims)) }
  end

  it("[sso-adobe-letters-name] must be meant for Adobe, in any letters, and "
    .. "name somebody", function()
    local h = fixture.new()
    h:log_in("ann", "Dish", signed(h, "adobe"))
    h.device = "another"
    assert.equal("Dish", next(profiles(h, signed(h, "Adobe"))))
    assert.same({}, profiles(h, signed(h, "else")))
    assert.same({}, profiles(h, signed(h, nil)))
    assert.same({}, profiles(h, signed(h, "adobe", "")))
  end)
end)

describe("a partner's session", function()
  local function ask(h, status, fields)
    return h:post_form(APPLE, fields or fixture.parameters { mvpd = false },
                       { [PFS] = status }).json
  end

  it("[sso-saml-request] gives a SAML request", function()
    local h = fixture.new()
    local result = ask(h, h:partner_status())
    assert.equal("partner_profile", result.actionName)
    assert.equal("saml", result.authenticationRequest.type)
    assert.equal("/api/v2/REF30/profiles/sso/Apple", result.url)
    assert.is_nil(result.code)
  end)

  it("[sso-falls-status] falls back where the status will not do", function()
    local h = fixture.new()
    for _, status in ipairs { "junk", h:partner_status { access = "denied" },
        h:partner_status { expires = "1" },
        h:partner_status { id = "Nobody" } } do
      local result = ask(h, status)
      assert.equal("pfs_fallback", result.reasonType)
      assert.equal("resume", result.actionName)
      assert.same({ "mvpd" }, result.missingParameters)
    end
    h:session { mvpd = "Spectrum" }
    local result = ask(h, "junk")
    assert.equal("authenticate", result.actionName)
    assert.equal("Spectrum", result.mvpd)
  end)

  it("[sso-falls-parameters] falls back where parameters or the configuration "
    .. "will not do",
     function()
    local h = fixture.new()
    local missing = ask(h, h:partner_status(), { domainName = "adobe.com" })
    assert.equal("missing_parameters_fallback", missing.reasonType)
    assert.same({ "redirectUrl" }, missing.missingParameters)
    local off = ask(h, h:partner_status { id = "ElasticSSO" })
    assert.equal("configuration_fallback", off.reasonType)
    assert.equal("authenticate", off.actionName)
  end)

  it("[sso-refuses-unsafe-address] refuses an unsafe address", function()
    local h = fixture.new()
    assert.equal("invalid_parameter_redirect_url",
      ask(h, "junk", { redirectUrl = "javascript://x/" }).code)
  end)

  it("[sso-needs-no-login-needs] needs no login where there is one, or nobody "
    .. "needs one", function()
    local h = fixture.new()
    assert.equal("degraded",
      ask(h, h:partner_status { id = "DegradedMvpd" }).reasonType)
    h:log_in("ann", "Cablevision")
    assert.equal("authenticated", ask(h, h:partner_status()).reasonType)
  end)
end)

describe("a partner's profile", function()
  local function request(h)
    return h:post_form(APPLE, fixture.parameters { mvpd = false },
      { [PFS] = h:partner_status() }).json.authenticationRequest.request
  end

  local function send(h, response, status)
    return h:post_form(APPLE_PROFILE, { SAMLResponse = response },
                       { [PFS] = status or h:partner_status() })
  end

  local function response_for(h, given)
    given = given or {}
    return h.control.saml_response {
      request = given.request or request(h),
      mvpd = given.mvpd or "Cablevision", username = "ann" }
  end

  it("[sso-made-device-says] is made, and is there while the device says "
    .. "so", function()
    local h = fixture.new()
    local result = send(h, response_for(h))
    assert.equal(201, result.status)
    local profile = result.json.profiles.Cablevision
    assert.equal("appleSSO", profile.type)
    assert.equal("Apple", profile.issuer)
    local status = { [PFS] = h:partner_status() }
    assert.equal("appleSSO", profiles(h, status).Cablevision.type)
    assert.same({}, profiles(h))
    assert.same({}, profiles(h,
      { [PFS] = h:partner_status { access = "denied" } }))
    assert.is_true(h:authorize("Cablevision", { "CNN" }, status)
      .json.decisions[1].authorized)
    assert.equal("authenticated_profile_missing",
      h:authorize("Cablevision", { "CNN" }).json.decisions[1].error.code)
  end)

  it("[sso-takes-each-response] takes each response once", function()
    local h = fixture.new()
    local response = response_for(h)
    assert.equal(201, send(h, response).status)
    assert.equal("invalid_parameter_saml_response",
                 send(h, response).json.code)
  end)

  it("[sso-no-second-response-request] takes no second response to one "
    .. "request", function()
    local h = fixture.new()
    local asked = request(h)
    assert.equal(201, send(h, response_for(h, { request = asked })).status)
    assert.equal("invalid_parameter_saml_response",
      send(h, response_for(h, { request = asked })).json.code)
  end)

  it("[sso-no-response-asked] takes no response that nobody asked "
    .. "for", function()
    local h, other = fixture.new(), fixture.new { random = fixture.random(7) }
    assert.equal("invalid_parameter_saml_response",
                 send(h, response_for(other)).json.code)
  end)

  it("[sso-takes-no-response-knows] takes no response for somebody whom "
    .. "nobody knows", function()
    local h = fixture.new()
    local response = response_for(h)
    h.sandbox.world.viewers.ann = nil
    assert.equal("invalid_parameter_saml_response",
                 send(h, response).json.code)
  end)

  it("[sso-degraded-mvpd] is degraded while the mvpd is", function()
    local h = fixture.new()
    local result = send(h, "x", h:partner_status { id = "DegradedMvpd" })
    assert.equal(200, result.status)
    assert.equal("degraded", result.json.profiles.DegradedMvpd.type)
  end)

  it("[sso-ends-viewer-no-url] ends with a word to the viewer, and no "
    .. "url", function()
    local h = fixture.new()
    send(h, response_for(h))
    local action = h:log_out("Cablevision").json.logouts.Cablevision
    assert.same({ actionName = "partner_logout",
                  actionType = "partner_interactive", mvpd = "Cablevision" },
                action)
    assert.equal("invalid",
                 h:log_out("Cablevision").json.logouts.Cablevision.actionName)
  end)

  it("[sso-no-longer-end-expired] is no longer there to end once it "
    .. "expired", function()
    local h = fixture.new()
    send(h, response_for(h))
    h.control.advance(31 * 86400 * 1000)
    h:register()
    assert.equal("invalid", h:log_out("Cablevision")
      .json.logouts.Cablevision.actionName)
  end)

  it("[sso-offered-configuration-apple] is offered in the configuration of an "
    .. "Apple device only", function()
    local h = fixture.new()
    local function row(info)
      local result = h:get("/api/v2/REF30/configuration",
                           { ["X-Device-Info"] = fixture.encode(info) })
      for _, mvpd in ipairs(result.json.requestor.mvpds) do
        if mvpd.id == "Cablevision" then return mvpd end
      end
    end
    assert.equal("SUPPORTED", row({ osName = "tvOS" }).boardingStatus)
    assert.equal("Cablevision", row({ osName = "iOS" }).platformMappingId)
    assert.is_nil(row({ osName = "Linux" }).boardingStatus)
  end)
end)

describe("logout", function()
  it("[sso-ends-profile-mvpd] ends one profile, with the mvpd's own page "
    .. "where it has one", function()
    local h = fixture.new()
    h:log_in("ann", "Cablevision")
    h:log_in("ann", "Dish")
    local result = h:get("/api/v2/REF30/logout/Cablevision"
      .. "?redirectUrl=https%3A%2F%2Fadobe.com").json.logouts.Cablevision
    assert.same({
      actionName = "logout", actionType = "interactive",
      mvpd = "Cablevision", url = "https://api.test/mvpd/Cablevision/logout"
        .. "?requestor_id=REF30&redirect_url=https%3A%2F%2Fadobe.com",
    }, result)
    assert.equal("Dish", next(profiles(h)))
    assert.same({ actionName = "complete", actionType = "none",
                  mvpd = "Dish" },
                h:log_out("Dish").json.logouts.Dish)
    assert.same({}, profiles(h))
  end)

  it("[sso-nothing-logged] has nothing to do where nobody is logged "
    .. "in", function()
    local response = fixture.new():log_out "Dish"
    assert.same({ actionName = "invalid", actionType = "none",
                  mvpd = "Dish" }, result.json.logouts.Dish)
  end)

  it("[sso-unsafe-address] refuses an unsafe address", function()
    local result = fixture.new():get(
      "/api/v2/REF30/logout/Dish?redirectUrl=javascript%3Aalert(1)")
    assert.equal("invalid_parameter_redirect_url", result.json.code)
  end)
end)
