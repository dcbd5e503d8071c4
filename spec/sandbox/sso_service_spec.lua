--- Operations 18 to 22: the SSO Service.
local core = require "adobepass.core"
local fixture = require "spec.sandbox.fixture"
local json = require "adobepass.util.json"
local jws = require "adobepass.util.jws"

local ID = { ["X-SSO-ID"] = "viewer-7" }

local function create(h, extra)
  return h:post_form("/api/REF30/serviceToken", {}, extra or ID)
end

local function bearing(token)
  return { ["AD-Service-Token"] = token }
end

local function link(h, token)
  return h:post_form("/api/REF30/link", {}, bearing(token))
end

local function list(h, token)
  return h:get("/api/REF30/list", bearing(token)).json.devices
end

describe("the SSO Service", function()
  it("[sso-service-token-documented] sandbox SSO Service: returns a token "
    .. "with the documented claims", function()
    local h = fixture.new()
    local result = create(h)
    assert.equal(201, result.status)
    assert.equal("CREATED", result.json.status)
    assert.equal(fixture.START, result.json.notBefore)
    assert.equal(fixture.START + 3600000, result.json.notAfter)
    local key = core.public_key(h.control.certificates().tokens)
    local claims = json.decode((jws.verify(
      "RS256", key, result.json.serviceToken)))
    assert.equal("ssoservicetoken", claims.iss)
    assert.equal("viewer-7", claims.sub)
    assert.equal(claims.nbf, claims.iat)
    assert.equal(3600, claims.exp - claims.iat)
  end)

  it("[sso-service-names-fields-world] sandbox SSO Service: names its fields "
    .. "as the world configures", function()
    local h = fixture.new { world = function(world)
      world.sso_service = { token_field = "jws", link_field = "link" }
    end }
    local token = create(h).json.jws
    assert.is_string(token)
    assert.truthy(link(h, token).json.link:find "^%d%d%d%d%d%d$")
  end)

  it("[sso-service-renews-token-ended] sandbox SSO Service: renews a token, "
    .. "also shortly after expiry", function()
    local h = fixture.new()
    local token = create(h).json.serviceToken
    h.control.clock { advance = 3600 * 1000 }
    assert.equal("token_expired",
                 h:get("/api/REF30/list", bearing(token)).json.error.code)
    local result = h:get("/api/REF30/serviceToken", bearing(token))
    assert.equal(200, result.status)
    assert.equal("OK", result.json.status)
    assert.is_table(list(h, result.json.serviceToken))
    h.control.clock { advance = 8 * 86400 * 1000 }
    h:register()
    assert.equal("token_expired", h:get("/api/REF30/serviceToken",
                                        bearing(token)).json.error.code)
  end)

  it("[sso-service-links-device-six] sandbox SSO Service: links a device by "
    .. "a code of six digits, valid once", function()
    local h = fixture.new()
    local token = create(h).json.serviceToken
    local code = link(h, token).json.code
    assert.truthy(code:find "^%d%d%d%d%d%d$")
    h.device = "second"
    local joined = create(h, { ["X-SSO-LINK"] = code })
    assert.equal(201, joined.status)
    assert.equal("token_invalid",
      create(h, { ["X-SSO-LINK"] = code }).json.error.code)
    local late = link(h, token).json.code
    h.control.clock { advance = 1800 * 1000 }
    assert.equal(400, create(h, { ["X-SSO-LINK"] = late }).status)
    local devices = list(h, joined.json.serviceToken)
    assert.equal("sso", devices.second.type)
    assert.equal("regular", devices[fixture.new().device].type)
    assert.equal("SetTopBox", devices.second.deviceType)
  end)

  it("[sso-service-carries-login-linked] sandbox SSO Service: shares the "
    .. "login with a linked device until unlinked", function()
    local h = fixture.new()
    local token = create(h).json.serviceToken
    h:log_in("ann", "Cablevision", bearing(token))
    h.device = "second"
    local mine = create(h, { ["X-SSO-LINK"] = link(h, token).json.code })
      .json.serviceToken
    local function shown()
      local found = h:get("/api/v2/REF30/profiles", bearing(mine))
      local profile = found.json.profiles.Cablevision
      return profile and profile.type
    end
    assert.equal("serviceTokenSSO", shown())
    local result = h:post_json("/api/REF30/unlink",
      { devices = { "second", "unknown" } }, bearing(token))
    assert.same({ status = "OK", unlinkedDevices = { "second" } },
                result.json)
    assert.is_nil(shown())
    create(h, { ["X-SSO-LINK"] = link(h, token).json.code })
    assert.equal("serviceTokenSSO", shown())
  end)

  it("[sso-service-device-payload] sandbox SSO Service: finds a device by the "
    .. "payload of its header", function()
    local h = fixture.new()
    local token = create(h).json.serviceToken
    local payload = core.base64.encode(h.device)
    local result = h:post_json("/api/REF30/unlink",
      { devices = { payload } }, bearing(token))
    assert.same({ payload }, result.json.unlinkedDevices)
    local response = h:get("/api/REF30/list", bearing(token))
    assert.equal('{"devices":{}}', response.body)
  end)

  it("[sso-service-errors-form] sandbox SSO Service: has its own error "
    .. "format", function()
    local h = fixture.new()
    local token = create(h).json.serviceToken
    local bad = token:sub(1, -5) .. "AAAA"
    local cases = {
      { create(h, {}), 400, "header_missing" },
      { create(h, { ["X-SSO-ID"] = "x", ["AP-Device-Identifier"] = false }),
        400, "header_missing" },
      { create(h, { ["X-SSO-LINK"] = "000000" }), 400, "token_invalid" },
      { h:get "/api/REF30/serviceToken", 400, "header_missing" },
      { h:get("/api/REF30/serviceToken", bearing(bad)), 401,
        "header_invalid" },
      { h:post_form "/api/REF30/link", 401, "header_missing" },
      { link(h, bad), 401, "header_invalid" },
      { h:get "/api/REF30/list", 401, "header_missing" },
      { h:post_json("/api/REF30/unlink", { devices = json.array {} },
                    bearing(token)), 400, "request_invalid" },
      { h:post_json("/api/REF30/unlink", "junk", bearing(token)), 400,
        "request_invalid" },
      { create(h, { authorization = false, ["X-SSO-ID"] = "x" }), 401,
        "unauthorized" },
      { h:post_form("/api/NOBODY/serviceToken", {}, ID), 400,
        "invalid_parameter_service_provider" },
    }
    for i, case in ipairs(cases) do
      assert.equal(case[2], case[1].status, i)
      assert.equal(case[3], case[1].json.error.code, i)
      assert.equal(case[2], case[1].json.error.status, i)
      assert.is_string(case[1].json.status)
    end
  end)
end)
