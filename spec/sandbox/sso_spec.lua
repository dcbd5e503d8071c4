--- Single sign-on: platform identity, service token, partner; and logout.
local core = require "adobepass.core"
local fixture = require "spec.sandbox.fixture"
local json = require "adobepass.util.json"
local keys = require "adobepass.sandbox.data.keys"
local tables = require "adobepass.util.tables"

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

    it("[sso-shows-login-device] sandbox SSO: finds the profile on another "
      .. "device and in another app", function()
      assert.equal(method.type, profiles(h, mine).Cablevision.type)
      assert.equal("Cablevision", profiles(h, mine).Cablevision.issuer)
      assert.equal(method.type, profiles(h, mine, "REF40").Cablevision.type)
      assert.equal("authenticatedSSO",
        h:session({}, mine, "REF40").json.reasonType)
      assert.is_true(h:authorize("Cablevision", { "CNN" }, mine, "REF40")
        .json.decisions[1].authorized)
    end)

    it("[sso-shows-identity] sandbox SSO: finds no profile without the "
      .. "identity or with another", function()
      assert.same({}, profiles(h))
      assert.same({}, profiles(h, { [method.header] =
        h.control.identity { kind = method.kind, subject = "else" } }))
    end)

    it("[sso-believes-no-token-expired] sandbox SSO: refuses an expired, "
      .. "forged or malformed token", function()
      local good = mine[method.header]
      local other = method.kind == "platform" and "service" or "platform"
      for _, bad in ipairs { "junk", "a.b.c", "a.b.c.d.e",
                             good:sub(1, -5) .. "AAAA",
                             h.control.identity { kind = other,
                                                  subject = "someone" } } do
        assert.same({}, profiles(h, { [method.header] = bad }))
      end
      h.control.clock { advance = 3600 * 1000 }
      assert.same({}, profiles(h, mine))
    end)

    it("[sso-not-asked-device-login] sandbox SSO: prefers the device's own "
      .. "profile", function()
      h:log_in("bob", "Cablevision")
      assert.equal("regular", profiles(h, mine).Cablevision.type)
    end)

    it("[sso-within-integrated] sandbox SSO: finds only integrated "
      .. "mvpds", function()
      assert.same({}, profiles(h, mine, "apasstest1").Spectrum or {})
      h.sandbox.world.providers.REF40.integrations.Cablevision = nil
      assert.same({}, profiles(h, mine, "REF40"))
    end)

    it("[sso-ends-everywhere-logout] sandbox SSO: one logout ends all "
      .. "profiles and returns a relative URL", function()
      local result = h:get(
        "/api/v2/REF40/logout/Cablevision?redirectUrl=https%3A%2F%2Fadobe.com",
        mine).json.logouts.Cablevision
      assert.equal("logout", result.actionName)
      assert.equal("/mvpd/Cablevision/logout?requestor_id=REF40"
        .. "&redirect_url=https%3A%2F%2Fadobe.com", result.url)
      assert.same({}, profiles(h, mine))
      h.device = fixture.new().device
      assert.same({}, profiles(h))
    end)

    it("[sso-ends-every-profile] sandbox SSO: one logout ends the device's own "
      .. "profile and the shared one", function()
      h:log_in("ann", "Cablevision")
      h:log_in("ann", "Dish")
      assert.equal("regular", profiles(h, mine).Cablevision.type)
      assert.equal("logout",
        h:log_out("Cablevision", mine).json.logouts.Cablevision.actionName)
      assert.same({ "Dish" }, tables.sorted_keys(profiles(h, mine)))
      h.device = fixture.new().device -- which logged in with the identity
      assert.same({}, profiles(h))
    end)
  end)
end

describe("a programmer's own AD-Service-Token", function()
  local function signed(h, audience, subject, role)
    local claims = { sub = subject or "someone", aud = audience, kind = "viewer",
                     exp = math.floor(h.sandbox:now() / 1000) + 60 }
    return { ["AD-Service-Token"] = core.jws.sign("RS256",
      core.private_key(keys[role or "identity"].private), json.encode(claims)) }
  end

  it("[sso-adobe-letters-name] sandbox SSO: a service token needs a subject "
    .. "and the audience adobe", function()
    local h = fixture.new()
    h:log_in("ann", "Dish", signed(h, "adobe"))
    h.device = "another"
    assert.equal("Dish", next(profiles(h, signed(h, "Adobe"))))
    assert.same({}, profiles(h, signed(h, "else")))
    assert.same({}, profiles(h, signed(h, nil)))
    assert.same({}, profiles(h, signed(h, "adobe", "")))
  end)

  it("[sso-own-identity-key] sandbox SSO: accepts a service token that a key of the "
    .. "service provider signed", function()
    local h = fixture.new { world = function(world)
      world.providers.REF30.identity_keys =
        { keys.metadata.certificate, keys.media.certificate }
    end }
    local mine = signed(h, "adobe", "someone", "media")
    h:log_in("ann", "Dish", mine)
    h.device = "another"
    assert.equal("serviceTokenSSO", profiles(h, mine).Dish.type)
    assert.same({}, profiles(h, signed(h, "else", "someone", "media")))
    assert.same({}, profiles(h, signed(h, "adobe", "someone", "platform")))
    assert.equal("Dish", next(profiles(h, signed(h, "adobe")))) -- the sandbox's own
    local response = h:get("/api/v2/REF40/profiles", mine)
    assert.same({}, response.json.profiles) -- a key of another provider
  end)

  it("[sso-ignored-journal] sandbox SSO: the journal lists tokens that were "
    .. "ignored, with the reason", function()
    local h = fixture.new()
    local function ignored(headers)
      h:get("/api/v2/REF30/profiles", headers)
      local entries = h.control.journal()
      return entries[#entries].ignored
    end
    local mine = signed(h, "adobe")
    assert.is_nil(ignored(mine))
    assert.same({ ["ad-service-token"] = "invalid" },
      ignored(signed(h, "adobe", "someone", "media")))
    assert.same({ ["adobe-subject-token"] = "invalid" },
      ignored { ["Adobe-Subject-Token"] = "x" })
    h.control.clock { advance = 60 * 1000 }
    assert.same({ ["ad-service-token"] = "expired" }, ignored(mine))
  end)
end)

describe("a partner's session", function()
  local function ask(h, status, fields)
    return h:post_form(APPLE, fields or fixture.parameters { mvpd = false },
                       { [PFS] = status }).json
  end

  it("[sso-saml-request] sandbox partner SSO: returns a SAML "
    .. "request", function()
    local h = fixture.new()
    local result = ask(h, h:partner_status())
    assert.equal("partner_profile", result.actionName)
    assert.equal("saml", result.authenticationRequest.type)
    assert.equal("/api/v2/REF30/profiles/sso/Apple", result.url)
    assert.is_nil(result.code)
  end)

  it("[sso-falls-status] sandbox partner SSO: falls back to a login if the "
    .. "partner status is insufficient", function()
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

  it("[sso-falls-parameters] sandbox partner SSO: falls back to a login if "
    .. "parameters or configuration are missing", function()
    local h = fixture.new()
    local missing = ask(h, h:partner_status(), { domainName = "adobe.com" })
    assert.equal("missing_parameters_fallback", missing.reasonType)
    assert.same({ "redirectUrl" }, missing.missingParameters)
    local off = ask(h, h:partner_status { id = "ElasticSSO" })
    assert.equal("configuration_fallback", off.reasonType)
    assert.equal("authenticate", off.actionName)
  end)

  it("[sso-refuses-unsafe-address] sandbox partner SSO: refuses an unsafe "
    .. "redirect URL", function()
    local h = fixture.new()
    assert.equal("invalid_parameter_redirect_url",
      ask(h, "junk", { redirectUrl = "javascript://x/" }).code)
  end)

  it("[sso-needs-no-login-needs] sandbox partner SSO: reports that no login "
    .. "is needed", function()
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
    return h.control.saml {
      request = given.request or request(h),
      mvpd = given.mvpd or "Cablevision", username = given.username or "ann" }
  end

  it("[sso-made-device-says] sandbox partner profile: is visible while the "
    .. "partner status confirms it", function()
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

  it("[sso-takes-each-response] sandbox partner profile: accepts each "
    .. "response once", function()
    local h = fixture.new()
    local response = response_for(h)
    assert.equal(201, send(h, response).status)
    assert.equal("invalid_parameter_saml_response",
                 send(h, response).json.code)
  end)

  it("[sso-no-second-response-request] sandbox partner profile: accepts one "
    .. "response for each request", function()
    local h = fixture.new()
    local asked = request(h)
    assert.equal(201, send(h, response_for(h, { request = asked })).status)
    assert.equal("invalid_parameter_saml_response",
      send(h, response_for(h, { request = asked })).json.code)
  end)

  it("[sso-no-response-asked] sandbox partner profile: refuses a response "
    .. "without a request", function()
    local h, other = fixture.new(), fixture.new { random = fixture.random(7) }
    assert.equal("invalid_parameter_saml_response",
                 send(h, response_for(other)).json.code)
  end)

  it("[sso-response-other-device] sandbox partner profile: refuses a response to the "
    .. "request of another device, service provider or client", function()
    local h = fixture.new()
    local function refused(response, sp)
      return h:post_form(APPLE_PROFILE:gsub("REF30", sp or "REF30"),
        { SAMLResponse = response }, { [PFS] = h:partner_status() }).json.code
    end
    local response, device = response_for(h), h.device
    h.device = "another"
    assert.equal("invalid_parameter_saml_response", refused(response))
    h.device = device
    assert.equal("invalid_parameter_saml_response", refused(response, "REF40"))
    local token = h.token
    h:register()
    assert.equal("invalid_parameter_saml_response", refused(response))
    h.token = token
    assert.equal(201, send(h, response).status)
  end)

  it("[sso-response-escaped] sandbox partner profile: accepts the escaped names of a "
    .. "viewer and an mvpd", function()
    local h = fixture.new { world = function(world)
      world.viewers["o'neil <&\">"] = { password = "x" }
      world.mvpds["C & D"] = { display_name = "C", partner_id = "C & D" }
      world.providers.REF30.integrations["C & D"] = { partner_sso = true }
    end }
    local status = h:partner_status { id = "C & D" }
    local asked = h:post_form(APPLE, fixture.parameters { mvpd = false },
      { [PFS] = status }).json.authenticationRequest.request
    local result = send(h, response_for(h, { request = asked, mvpd = "C & D",
      username = "o'neil <&\">" }), status)
    assert.equal("appleSSO", result.json.profiles["C & D"].type)
  end)

  it("[sso-takes-no-response-knows] sandbox partner profile: refuses a "
    .. "response for an unknown viewer", function()
    local h = fixture.new()
    local response = response_for(h)
    h.sandbox.world.viewers.ann = nil
    assert.equal("invalid_parameter_saml_response",
                 send(h, response).json.code)
  end)

  it("[sso-degraded-mvpd] sandbox partner profile: is degraded while its mvpd "
    .. "is degraded", function()
    local h = fixture.new()
    local result = send(h, "x", h:partner_status { id = "DegradedMvpd" })
    assert.equal(200, result.status)
    assert.equal("degraded", result.json.profiles.DegradedMvpd.type)
  end)

  it("[sso-ends-viewer-no-url] sandbox partner profile: logout requires an "
    .. "action of the viewer and has no URL", function()
    local h = fixture.new()
    send(h, response_for(h))
    local action = h:log_out("Cablevision").json.logouts.Cablevision
    assert.same({ actionName = "partner_logout",
                  actionType = "partner_interactive", mvpd = "Cablevision" },
                action)
    assert.equal("invalid",
                 h:log_out("Cablevision").json.logouts.Cablevision.actionName)
  end)

  it("[sso-no-longer-end-expired] sandbox partner profile: logout finds no "
    .. "profile after expiry", function()
    local h = fixture.new()
    send(h, response_for(h))
    h.control.clock { advance = 31 * 86400 * 1000 }
    h:register()
    assert.equal("invalid", h:log_out("Cablevision")
      .json.logouts.Cablevision.actionName)
  end)

  it("[sso-offered-configuration-apple] sandbox configuration: offers "
    .. "partner SSO to Apple devices only", function()
    local h = fixture.new { world = function(world)
      world.mvpds.Spectrum.picker = { enforcePlatformPermissions = true }
    end }
    local function row(info, id)
      local result = h:get("/api/v2/REF30/configuration",
                           { ["X-Device-Info"] = fixture.encode(info) })
      for _, mvpd in ipairs(result.json.requestor.mvpds) do
        if mvpd.id == (id or "Cablevision") then return mvpd end
      end
    end
    assert.equal("SUPPORTED", row({ osName = "tvOS" }).boardingStatus)
    assert.equal("Cablevision", row({ osName = "iOS" }).platformMappingId)
    assert.is_false(row({ osName = "tvOS" }).enforcePlatformPermissions)
    assert.is_true(row({ osName = "tvOS" }, "Spectrum").enforcePlatformPermissions)
    assert.is_nil(row({ osName = "Linux" }).boardingStatus)
  end)
end)

describe("logout", function()
  it("[sso-ends-profile-mvpd] sandbox logout: ends one profile and returns "
    .. "the mvpd's URL if it has one", function()
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

  it("[sso-nothing-logged] sandbox logout: reports that no profile "
    .. "exists", function()
    local result = fixture.new():log_out "Dish"
    assert.same({ actionName = "invalid", actionType = "none",
                  mvpd = "Dish" }, result.json.logouts.Dish)
  end)

  it("[sso-unsafe-address] sandbox logout: refuses an unsafe redirect "
    .. "URL", function()
    local result = fixture.new():get(
      "/api/v2/REF30/logout/Dish?redirectUrl=javascript%3Aalert(1)")
    assert.equal("invalid_parameter_redirect_url", result.json.code)
  end)
end)
