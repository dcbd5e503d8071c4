--- Single sign-on by a service token, signed by the programmer or issued by
-- Adobe's SSO Service.

local core = require "adobepass.core"
local assert_client_error = require "spec.support.assert_client_error"
local errors = require "adobepass.api.errors"
local json = require "adobepass.util.json"
local jws = require "adobepass.util.jws"
local keyring = require "adobepass.sandbox.data.keyring"
local timeline = require "spec.support.timeline"

local KEY = keyring.new():private "identity"
local PUBLIC = keyring.new():public "identity"

describe("service tokens", function()
  local scenario

  before_each(function() scenario = timeline.new() end)

  local function log_in(client, token)
    local shown
    local profile = assert(client:login { mvpd = "Cablevision",
      domain_name = "adobe.com", redirect_url = "https://adobe.com",
      service_token = token, on_code = function(flow)
        shown = flow.code
        scenario:sign_in(shown)
      end })
    return profile.type, shown
  end

  -- Logs in on the first device, then on a second one; returns the second result.
  local function on_the_second_device(first, second)
    log_in(scenario.client, first)
    return log_in(scenario.client:device { id = "another" }, second or first)
  end

  describe("sign_service_token", function()
    local function sign(changes)
      local options = { key = KEY, issuer = "https://programmer.example",
        subject = "viewer-1" }
      for name, value in pairs(changes or {}) do options[name] = value end
      return assert(scenario.client:sign_service_token(options))
    end

    local function claims_of(token)
      return json.decode((assert(jws.verify("RS256", PUBLIC, token))))
    end

    it("[service-token-claims-adobe] sign_service_token: sets the claims that "
      .. "Adobe requires, by the server's time", function()
      assert(scenario.client.api:configuration()) -- the response sets the server's time
      local now = math.floor(scenario.client:now_ms() / 1000)
      local claims = claims_of(sign())
      assert.equal("https://programmer.example", claims.iss)
      assert.equal("viewer-1", claims.sub)
      assert.equal("adobe", claims.aud)
      assert.equal(now, claims.iat)
      assert.equal(now + 3600, claims.exp)
      assert.matches("^%d+$", tostring(claims.exp))
      assert.equal(60, claims_of(sign { lifetime = 60 }).exp - now)
      assert.equal(60, claims_of(sign { lifetime = 60.9 }).exp - now)
    end)

    it("[service-token-names-key-several] sign_service_token: sets the key id "
      .. "when there are several keys", function()
      local header = json.decode((assert(core.base64.url_decode(
        sign({ kid = "2026" }):match "^[^.]+"))))
      assert.equal("RS256", header.alg)
      assert.equal("2026", header.kid)
    end)

    it("[service-token-next-device-code] sign_service_token: the token logs in "
      .. "on a second device without a code", function()
      assert(scenario.client.api:configuration())
      local kind, code = on_the_second_device(sign())
      assert.equal("serviceTokenSSO", kind)
      assert.is_nil(code)
    end)

    it("[service-token-needs-private-half] sign_service_token: requires the "
      .. "private key", function()
      assert_client_error("private_key_needed",
        scenario.client:sign_service_token {
        key = PUBLIC, issuer = "https://programmer.example",
        subject = "viewer-1" })
    end)

    it("[service-token-viewer-time] sign_service_token: the token is valid for "
      .. "one viewer and a limited time", function()
      assert(scenario.client.api:configuration())
      assert.is_string(select(2, on_the_second_device(sign(),
        sign { subject = "viewer-2" })))
      local short = sign { lifetime = 10 }
      scenario.driver.sleep(11)
      assert.same({}, scenario.client:device({ id = "third" }).api:profiles {
        service_token = short }.profiles)
    end)

    it("[service-token-raises-programmer] sign_service_token: raises for "
      .. "invalid options", function()
      for _, changes in ipairs { { key = "PEM" }, { issuer = 5 },
        { subject = {} }, { lifetime = "1 h" }, { kid = 5 }, { aud = "x" },
        { lifetime = 0 }, { lifetime = -1 }, { lifetime = 0 / 0 },
        { lifetime = 1 / 0 } } do
        assert.error_matches(function() sign(changes) end,
          "client:sign_service_token: ")
      end
      assert.error(function() scenario.client:sign_service_token {} end)
    end)
  end)

  for _, spelling in ipairs {
    { token_field = "serviceToken", link_field = "code" },
    { token_field = "jws", link_field = "link" },
  } do
    describe(("SSO Service with the fields %s and %s"):format(
      spelling.token_field, spelling.link_field), function()
      before_each(function()
        scenario = timeline.new { sandbox = { world = function(world)
          world.sso_service = spelling
        end } }
      end)

      it("[service-token-next-device] get_service_token: a token from an "
        .. "identity logs in on a second device", function()
        local token = assert(scenario.client:get_service_token {
          sso_id = "viewer-1" })
        local second = assert(scenario.client:device({ id = "another" })
          :get_service_token { sso_id = "viewer-1" })
        local kind, code = on_the_second_device(token, second)
        assert.equal("serviceTokenSSO", kind)
        assert.is_nil(code)
      end)

      it("[service-token-device-code] get_service_token: a token from a link "
        .. "code logs in on a second device", function()
        local token = assert(scenario.client:get_service_token {
          sso_id = "viewer-1" })
        local code = assert(scenario.client:link_device(token))
        assert.matches("^%d%d%d%d%d%d$", code)
        local second = scenario.client:device { id = "another" }
        local joined = assert(second:get_service_token { link = code })
        assert.equal("serviceTokenSSO",
          (on_the_second_device(token, joined)))
        local again, err = second:get_service_token { link = code }
        assert.is_nil(again)
        assert.equal("token_invalid", err.code)
      end)

      it("[service-token-renewed-time] renew_service_token: renews an expired "
        .. "token", function()
        local token = assert(scenario.client:get_service_token {
          sso_id = "viewer-1" })
        scenario.driver.sleep(3601)
        local none, err = scenario.client:linked_devices(token)
        assert.is_nil(none)
        assert.is_string(err.code)
        local fresh = assert(scenario.client:renew_service_token(token))
        assert.are_not.equal(token, fresh)
        assert(scenario.client:linked_devices(fresh))
        assert.equal("serviceTokenSSO", (on_the_second_device(fresh)))
      end)
    end)
  end

  describe("linked devices", function()
    local token, second

    before_each(function()
      token = assert(scenario.client:get_service_token { sso_id = "viewer-1" })
      second = scenario.client:device { id = "another",
        info = { primaryHardwareType = "TV", model = "Two", version = "1",
          osName = "Linux", osVersion = "6", connectionType = "LAN" } }
      assert(second:get_service_token {
        link = assert(scenario.client:link_device(token)) })
    end)

    it("[service-token-link-code-malformed] link_device: a code that is empty or "
      .. "not printable gives malformed_response", function()
      for _, code in ipairs { "", "12\00034", "12\27[2J", "1 2" } do
        local handle = scenario.sandbox.handle
        function scenario.sandbox.handle(sandbox, request)
          local response = handle(sandbox, request)
          if request.path:find "/link$" then
            response.body = json.encode { code = code }
          end
          return response
        end
        local value, err = scenario.client:link_device(token)
        scenario.sandbox.handle = handle
        assert.is_nil(value)
        assert.equal("malformed_response", err.code)
      end
    end)

    local function linked_ids()
      local names = {}
      for id in pairs(assert(scenario.client:linked_devices(token)).devices) do
        names[#names + 1] = id
      end
      table.sort(names)
      return names
    end

    it("[service-token-can-listed] linked_devices: returns the linked "
      .. "devices", function()
      assert.same({ "another", "ba23d141-d715-561c-94f4-e9e4c966b1eb" },
        linked_ids())
      assert.equal("Two",
        scenario.client:linked_devices(token).devices.another.model)
    end)

    it("[service-token-device-leaves] unlink_devices: removes one "
      .. "device", function()
      log_in(scenario.client, token)
      assert.equal("serviceTokenSSO", (log_in(second, token)))
      local response = assert(scenario.client:unlink_devices(token,
        { "another", "nobody" }))
      assert.same({ "another" }, response.unlinkedDevices)
      assert.same({ "ba23d141-d715-561c-94f4-e9e4c966b1eb" }, linked_ids())
      assert.same({}, second.api:profiles { service_token = token }.profiles)
    end)

    it("[service-token-goes-mistake] unlink_devices: removes no device unless "
      .. "one is named", function()
      local response, err = scenario.client:unlink_devices(token, {})
      assert.is_nil(response)
      assert.equal("invalid_parameter_devices", err.code)
      assert.equal(2, #linked_ids())
    end)
  end)

  it("[service-token-ends-everywhere] service token: one logout ends the login "
    .. "on all devices", function()
    local token = assert(
      scenario.client:get_service_token { sso_id = "viewer-1" })
    local second = scenario.client:device { id = "another" }
    on_the_second_device(token)
    assert(second:login { service_token = token })
    local report = assert(second:logout { service_token = token })
    assert.equal("no_browser", report[1].outcome)
    for _, client in ipairs { scenario.client, second } do
      assert.same({}, assert(client.api:profiles { service_token = token })
        .profiles)
    end
  end)

  it("[service-token-says-sso-says] get_service_token: returns the error of "
    .. "the SSO Service", function()
    for _, call in ipairs {
      function() return scenario.client:get_service_token {
        link = "000000" } end,
      function() return scenario.client:renew_service_token "junk" end,
      function() return scenario.client:link_device "junk" end,
      function() return scenario.client:linked_devices "junk" end,
      function() return scenario.client:unlink_devices("junk", { "x" }) end,
    } do
      local value, err = call()
      assert.is_nil(value)
      assert.is_string(err.code)
      assert.is_true(err.http_status >= 400)
    end
  end)

  it("[service-token-identity-fails] link_device: returns the error of the identity "
    .. "function", function()
    local reason = errors.new { code = "sso_down", operation = "identity",
      message = "The SSO server does not respond." }
    local client = scenario.client:device { id = "tv", identity = {
      service_token = function() return nil, reason end } }
    local code, err = client:link_device()
    assert.is_nil(code)
    assert.equal(reason, err)
  end)

  it("[service-token-identity-code] get_service_token: accepts an identity or "
    .. "a code, not both", function()
    for _, options in ipairs { {}, { sso_id = "x", link = "y" },
      { sso_id = 5 }, { nope = "x" } } do
      assert.error(function() scenario.client:get_service_token(options) end)
    end
    assert.same({}, scenario:received())
  end)
end)
