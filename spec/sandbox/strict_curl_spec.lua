--- Strict mode over HTTPS, one spec for each rule: requests that curl sends to
-- nginx. strict_host_spec has the rules of HTTP itself.
local child_process = require "spec.support.child_process"
local core = require "adobepass.core"
local curl_host = require "spec.sandbox.curl_host"
local json = require "adobepass.util.json"

-- curl sends the requests to nginx, so one Lua is enough.
if child_process.interpreter() ~= "lua5.4" then return end

local FORM, JSON = curl_host.FORM, curl_host.JSON
local PROFILES = "/api/v2/REF30/profiles"
local SESSIONS = "/api/v2/REF30/sessions"
local LOGOUT = "/api/v2/REF30/logout/Cablevision"
local AUTHORIZE = "/api/v2/REF30/decisions/authorize/"
local RESET = "/reset-tempass/v3/reset?requestor_id=REF30&mvpd_id=TempPass_5mins"
local DAY = 86400 * 1000

describe("strict sandbox", function()
  local h
  setup(function() h = curl_host.start { throttle = false } end)
  teardown(function() h.stop() end)
  after_each(function() h.control "reset" end)

  local function encode(value)
    return core.base64.encode(json.encode(value))
  end

  local function get(device, path, ...)
    return h.curl(device, h.api(path), ...)
  end

  local function post(device, path, form, ...)
    return h.curl(device, "-d", form, h.api(path), ...)
  end

  local function authorize(device, mvpd, resources, ...)
    return h.curl(device, "-H", JSON, "-d",
      json.encode { resources = resources }, h.api(AUTHORIZE .. mvpd), ...).json
      .decisions
  end

  local function log_in(device, username, ...)
    local code = post(device, SESSIONS, "mvpd=Cablevision&domainName=adobe.com"
      .. "&redirectUrl=https://adobe.com", ...).json.code
    assert.equal(200,
      h.control("login", { code = code, username = username }).status)
  end

  local function profiles(device, ...)
    return get(device, PROFILES, ...).json.profiles
  end

  local function refused(response, code)
    assert.same({ 400, code }, { response.status, response.json.code })
  end

  local function dcr_refused(response)
    assert.same({ 400, "invalid_request" },
                { response.status, response.json.error })
  end

  it("[curl-strict-profile-client] strict sandbox: a new registration loses the "
    .. "regular profiles of the device", function()
    local device = h.device "curl-profile"
    log_in(device, "ann")
    assert.equal("regular", profiles(device).Cablevision.type)
    assert.same({}, profiles(h.device "curl-profile"))
    assert.same({}, profiles { device[1], device[2], "-H",
      "AP-Device-Identifier: fingerprint " .. core.base64.encode "other" })
  end)

  it("[curl-strict-trial] strict sandbox: a TempPass trial follows the device, or "
    .. "the user's hash", function()
    assert.is_true(
      authorize(h.device "curl-trial", "TempPass_5mins", { "A" })[1].authorized)
    local user = { "-H", "AP-TempPass-Identity: "
      .. encode { email = ("ab"):rep(32) } }
    authorize(h.device "curl-user-1", "flexibleTempPass", { "A" }, user)
    h.control("clock", { advance = 5 * 60 * 1000 })
    assert.equal("temporary_access_duration_limit_exceeded",
      authorize(h.device "curl-trial", "TempPass_5mins", { "A" })[1].error.code)
    local pass = get(h.device "curl-user-2", PROFILES .. "/flexibleTempPass", user)
    assert.equal(4, pass.json.profiles.flexibleTempPass.attributes
      .remaining_resources.value)
  end)

  it("[curl-strict-sso-token] strict sandbox: a single sign-on profile follows its "
    .. "token", function()
    local token = h.control("identity", { kind = "service", subject = "s" })
      .json.result
    local header = { "-H", "AD-Service-Token: " .. token }
    log_in(h.device "curl-sso-1", "ann", header)
    local other = h.device "curl-sso-2"
    assert.same({}, profiles(other))
    local profile = get(other, PROFILES .. "/Cablevision", header).json.profiles
    assert.equal("serviceTokenSSO", profile.Cablevision.type)
  end)

  it("[curl-strict-logout-redirect] strict sandbox: logout requires "
    .. "redirectUrl", function()
    local device = h.device "curl-logout"
    refused(get(device, LOGOUT), "invalid_parameter_redirect_url")
    refused(get(device, LOGOUT .. "?redirectUrl="),
            "invalid_parameter_redirect_url")
    assert.equal(200,
      get(device, LOGOUT .. "?redirectUrl=https://adobe.com").status)
  end)

  it("[curl-strict-domains] strict sandbox: checks domainName and redirectUrl "
    .. "against the provider's domains", function()
    local device = h.device "curl-domains"
    refused(get(device, LOGOUT .. "?redirectUrl=https://evil.example"),
            "invalid_parameter_redirect_url")
    refused(post(device, SESSIONS, "mvpd=Dish&redirectUrl=https://adobe.com.evil"),
            "invalid_parameter_redirect_url")
    refused(post(device, SESSIONS, "mvpd=Dish&domainName=evil-adobe.com"))
    assert.equal(200, post(device, SESSIONS, "mvpd=Dish&domainName=www.adobe.com"
      .. "&redirectUrl=https://www.adobe.com/x").status)
  end)

  it("[curl-strict-one-resource] strict sandbox: authorize accepts one "
    .. "resource", function()
    local device = h.device "curl-resources"
    log_in(device, "ann")
    for _, decision in ipairs(authorize(device, "Cablevision", { "A", "B" })) do
      assert.equal("too_many_resources", decision.error.code)
    end
    assert.is_true(authorize(device, "Cablevision", { "A" })[1].authorized)
  end)

  it("[curl-strict-unlisted] strict sandbox: refuses Adobe's headers and "
    .. "parameters that the page does not list", function()
    local device = h.device "curl-unlisted"
    refused(get(device, PROFILES, "-H", "X-SSO-ID: x"))
    refused(get(device, PROFILES, "-H", "AP-TempPass-Identity: x"))
    refused(get(device, "/api/v2/REF30/configuration", "-H", "AD-Service-Token: x"))
    refused(get(device, PROFILES .. "?mvpd=Dish"), "invalid_parameter_mvpd")
    refused(post(device, SESSIONS .. "/sso/Apple", "mvpd=Dish"),
            "invalid_parameter_mvpd")
  end)

  it("[curl-strict-other-headers] strict sandbox: ignores other headers, and "
    .. "accepts X-Forwarded-For on /o/client", function()
    local forwarded = { "-H", "X-Forwarded-For: 192.0.2.1" }
    assert.equal(200, get(h.device "curl-headers", PROFILES, forwarded,
      "-H", "traceparent: 00-1", "-H", "X-Mine: 1", "-A", "tv/1").status)
    local registered = h.register(forwarded)
    assert.equal(201, registered.status)
    assert.equal(201, h.token(registered.json, forwarded).status)
    dcr_refused(h.register("-H", "AP-Device-Identifier: x"))
  end)

  it("[curl-strict-bearer] strict sandbox: accepts the scheme Bearer in any "
    .. "case", function()
    local device = h.device "curl-bearer"
    local token = device[2]:match "Bearer (.*)"
    for scheme, status in pairs { Bearer = 200, bearer = 200, BEARER = 200,
                                  bEaReR = 200, Basic = 401, Bear = 401 } do
      assert.equal(status, h.curl("-H", "Authorization: " .. scheme .. " " .. token,
        "-H", device[4], h.api(PROFILES)).status, scheme)
    end
  end)

  it("[curl-strict-two-authentications] strict sandbox: refuses two client "
    .. "authentication mechanisms", function()
    local credentials = h.register().json
    dcr_refused(h.token(credentials, "-u", "x:y"))
    dcr_refused(h.curl("-H", FORM, "-d", h.grant(credentials),
      h.api("/o/client/token?client_id=" .. credentials.client_id)))
    assert.equal(201, h.token(credentials).status)
  end)

  it("[curl-strict-repeated] strict sandbox: refuses a repeated parameter or "
    .. "member", function()
    local device = h.device "curl-repeated"
    refused(post(device, SESSIONS, "mvpd=Dish&mvpd=Dish"),
            "invalid_parameter_mvpd")
    refused(get(device, LOGOUT .. "?redirectUrl=a://b&redirectUrl=a://b"),
            "invalid_parameter_redirect_url")
    refused(post(device, AUTHORIZE .. "Dish",
      '{"resources":["A"],"re\\u0073ources":["B"]}', "-H", JSON),
      "invalid_parameter_resources")
    dcr_refused(h.token(h.register().json, "-d", "grant_type=client_credentials"))
    local statement = json.encode(h.running.statement)
    dcr_refused(h.curl("-H", JSON, "-d", ('{"software_statement":%s,'
      .. '"software_statement":%s}'):format(statement, statement),
      h.api "/o/client/register"))
  end)

  it("[curl-strict-content-type] strict sandbox: refuses a wrong or missing "
    .. "content type", function()
    local device, credentials = h.device "curl-content", h.register().json
    local register = json.encode { software_statement = h.running.statement }
    for _, kind in ipairs { "Content-Type: text/plain", "Content-Type:" } do
      refused(post(device, SESSIONS, "mvpd=Dish", "-H", kind))
      refused(post(device, AUTHORIZE .. "Dish", '{"resources":["A"]}', "-H", kind),
              "invalid_parameter_resources")
      dcr_refused(h.curl("-H", kind, "-d", register, h.api "/o/client/register"))
      dcr_refused(h.curl("-H", kind, "-d", h.grant(credentials),
                         h.api "/o/client/token"))
    end
    refused(post(device, SESSIONS, '{"mvpd":"Dish"}', "-H", JSON))
    refused(post(device, AUTHORIZE .. "Dish", '{"resources":["A"]}', "-H", FORM),
            "invalid_parameter_resources")
    assert.equal(200, post(device, SESSIONS, "mvpd=Dish", "-H",
                           FORM .. "; charset=utf-8").status)
  end)

  it("[curl-strict-device-info] strict sandbox: accepts malformed device info at "
    .. "registration only", function()
    local bad = { "-H", "X-Device-Info: ewoJImEiOiAxCgkiYiI6IDIKfQ==" }
    local registered = h.register(bad)
    assert.equal(201, registered.status)
    dcr_refused(h.token(registered.json, bad))
    refused(get(h.device "curl-info", PROFILES, bad), "invalid_header_device_info")
  end)

  it("[curl-strict-decision-kept] strict sandbox: a permit is kept until its "
    .. "notAfter", function()
    local device = h.device "curl-kept"
    log_in(device, "ann")
    local first = authorize(device, "Cablevision", { "A" })[1]
    h.control("clock", { advance = 3600 * 1000 })
    local second = authorize(device, "Cablevision", { "A" })[1]
    assert.same({ first.notBefore, first.notAfter },
                { second.notBefore, second.notAfter })
    assert.is_true(second.token.notBefore >= first.token.notBefore + 3600 * 1000)
    h.control("clock", { advance = DAY })
    local later = h.device "curl-kept"
    assert.equal("authenticated_profile_missing",
      authorize(later, "Cablevision", { "A" })[1].error.code)
    log_in(later, "ann")
    assert.is_true(authorize(later, "Cablevision", { "A" })[1].notBefore
      > first.notAfter)
  end)

  it("[curl-strict-degraded] strict sandbox: a degraded user id has its prefix, "
    .. "and an AuthZNone denial the text in details", function()
    local device = h.device "curl-degraded"
    assert.truthy(get(device, PROFILES .. "/DegradedMvpd").json.profiles
      .DegradedMvpd.attributes.userID.value:find "^95cf93bcd183214a%x+$")
    h.control("degradation", { service_provider = "REF30", mvpd = "Dish",
      rule = "AuthZNone", details = "Back at noon." })
    local failure = authorize(device, "Dish", { "A" })[1].error
    assert.same({ "authorization_denied_by_degradation_rule", "Back at noon." },
                { failure.code, failure.details })
  end)

  it("[curl-strict-port] strict sandbox: device.connection.port is a "
    .. "string", function()
    local device = h.device "curl-port"
    local code = post(device, SESSIONS, "mvpd=Dish", "-H", "X-Device-Info: "
      .. encode { connectionPort = 443 }).json.code
    local bearer = { device[1], device[2] }
    assert.equal("443", get(bearer, SESSIONS .. "/" .. code).json.device
      .connection.port)
  end)
end)

describe("strict sandbox with another world", function()
  local h
  setup(function()
    h = curl_host.start { world = {
      management = { scope = "temporary:passes:owner" } } }
  end)
  teardown(function() h.stop() end)

  -- Sends requests in one run of curl. Returns how many were not refused by the
  -- throttle, and the number of seconds that the requests took, rounded up.
  local function accepted(count, address)
    local urls, started = {}, core.clock.monotonic()
    for index = 1, count do
      urls[index * 3 - 2], urls[index * 3 - 1] = "-o", "/dev/null"
      urls[index * 3] = h.api(PROFILES)
    end
    local output = h.output("-w", "%{http_code}\n", "-H",
      "X-Forwarded-For: " .. address, urls)
    local _, passed = output:gsub("401", "")
    local _, limited = output:gsub("429", "")
    assert.equal(count, passed + limited)
    return passed, math.ceil(core.clock.monotonic() - started)
  end

  it("[curl-strict-burst] strict sandbox: an address has one burst of ten, which "
    .. "a pause does not refill", function()
    for _, address in ipairs { "192.0.2.1", "192.0.2.2" } do
      local passed, seconds = accepted(30, address)
      assert.is_true(passed >= 11 and passed <= 11 + seconds, passed)
    end
    h.control("clock", { advance = DAY })
    local passed, seconds = accepted(30, "192.0.2.1")
    assert.is_true(passed >= 1 and passed <= 1 + seconds, passed)
  end)

  it("[curl-strict-429-cors] strict sandbox: a page of a foreign origin can read a "
    .. "429, and preflights are not limited", function()
    local origin = { "-H", "Origin: https://app.example", "-H",
                     "X-Forwarded-For: 192.0.2.3" }
    accepted(12, "192.0.2.3")
    local response
    for _ = 1, 20 do -- a new second accepts one request
      response = h.curl(origin, h.api(PROFILES))
      if response.status == 429 then break end
    end
    assert.same({ 429, "https://app.example", "true" }, { response.status,
      response.headers["access-control-allow-origin"],
      response.headers["access-control-allow-credentials"] })
    for _ = 1, 3 do
      assert.equal(204, h.curl(origin, "-X", "OPTIONS", "-H",
        "Access-Control-Request-Method: GET", h.api(PROFILES)).status)
    end
  end)

  it("[curl-strict-reset-scope] strict sandbox: the scope of a reset comes from "
    .. "the world", function()
    local function reset(scopes)
      local statement = h.control("statement", { scopes = scopes }).json.result
      local credentials = h.curl("-H", JSON, "-d",
        json.encode { software_statement = statement },
        h.api "/o/client/register").json
      return h.curl("-X", "DELETE", "-H", h.bearer(credentials),
                    h.running.mgmt .. RESET)
    end
    local response = reset { "api:client:v2" }
    assert.same({ 403, "" }, { response.status, response.body })
    assert.equal(204, reset { "temporary:passes:owner" }.status)
  end)
end)
