--- Strict mode: the requests that Adobe's pages do not allow.
local fixture = require "spec.sandbox.fixture"
local json = require "adobepass.util.json"

local PROFILES = "/api/v2/REF30/profiles"
local SESSIONS = "/api/v2/REF30/sessions"
local LOGOUT = "/api/v2/REF30/logout/Cablevision"
local FORM = "application/x-www-form-urlencoded"

local function lenient(names)
  return fixture.new { world = function(world) world.mode = names end }
end

local function refused(response, code)
  assert.equal(400, response.status)
  assert.equal(code, response.json.code)
end

-- Sends a POST with the given body, unchanged. Returns the response.
local function post(h, path, body, headers)
  return h:send { method = "POST", path = path, body = body,
                  headers = headers }
end

local function credentials(h)
  return { client_id = h.client.client_id,
           client_secret = h.client.client_secret,
           grant_type = "client_credentials" }
end

describe("sandbox", function()
  it("[strict-logout-redirect] sandbox: logout requires redirectUrl", function()
    local h = lenient "strict"
    for _, query in ipairs { "", "?redirectUrl=", "?redirectUrl=junk" } do
      refused(h:get(LOGOUT .. query), "invalid_parameter_redirect_url")
    end
    assert.equal(200, h:log_out("Cablevision").status)
    assert.equal(200, lenient { "no_logout_redirect" }:get(LOGOUT).status)
  end)

  it("[strict-redirect-domain] sandbox: refuses a redirect URL outside the "
    .. "provider's domains", function()
    local code = "invalid_parameter_redirect_url"
    for _, url in ipairs { "https://evil.example/", "https://adobe.com.evil/",
        "https://notadobe.com", "file:///etc/passwd" } do
      local h = fixture.new()
      refused(h:session { redirectUrl = url }, code)
      refused(h:get(LOGOUT .. "?redirectUrl=" .. url), code)
      refused(h:post_form("/api/v2/REF30/sessions/sso/Apple",
        { domainName = "adobe.com", redirectUrl = url }), code)
      local open = h:session({ redirectUrl = false }).json.code
      refused(h:post_form(SESSIONS .. "/" .. open, { redirectUrl = url }), code)
    end
    for _, url in ipairs { "https://sub.adobe.com/x", "adobepass://done",
                           "https://ADOBE.com" } do
      assert.equal(200, fixture.new():session { redirectUrl = url }.status)
    end
    assert.equal(200, lenient { "any_domain" }:session {
      redirectUrl = "https://evil.example/" }.status)
  end)

  it("[strict-domain-name] sandbox: refuses a domainName that the provider "
    .. "does not have", function()
    refused(fixture.new():session { domainName = "evil.example" })
    refused(fixture.new():session { domainName = "evil-adobe.com" })
    assert.equal(200,
      fixture.new():session { domainName = "www.adobe.com" }.status)
    assert.equal(200, lenient { "any_domain" }:session {
      domainName = "evil.example" }.status)
  end)

  it("[strict-unlisted-header] sandbox: refuses Adobe's headers where the page "
    .. "does not list them", function()
    local h = fixture.new()
    local open = h:session().json.code
    for _, case in ipairs {
      { PROFILES, "AP-TempPass-Identity" }, { PROFILES, "X-SSO-ID" },
      { PROFILES, "AP-Session-Identifier" }, { PROFILES, "AD-Something" },
      { "/api/v2/REF30/profiles/code/" .. open, "AP-Device-Identifier" },
      { SESSIONS .. "/" .. open, "X-Device-Info" },
    } do
      local response = h:get(case[1], { [case[2]] = "x" })
      refused(response)
      assert.truthy(response.json.message:find(case[2]:lower(), 1, true))
    end
    assert.equal(200, lenient { "unlisted_headers" }
      :get(PROFILES, { ["X-SSO-ID"] = "x" }).status)
  end)

  it("[strict-platform-headers] sandbox: accepts the headers that Amazon's and Roku's "
    .. "cookbooks add to all requests", function()
    local h = fixture.new():register()
    local open = h:session().json.code
    local amazon = { ["Adobe-Subject-Token"] = "unknown" }
    local roku = { ["X-Roku-Reserved-Roku-Connect-Token"] = "unknown",
      ["AP-Device-Identifier"] = h:headers()["ap-device-identifier"] }
    for _, path in ipairs { "/api/v2/REF30/configuration", PROFILES,
        "/api/v2/REF30/profiles/code/" .. open, SESSIONS .. "/" .. open } do
      assert.equal(200, h:get(path, amazon).status, path)
      assert.equal(200, h:get(path, roku).status, path)
    end
    assert.same({ "ap-device-identifier", "x-roku-reserved-roku-connect-token" },
      h.control.journal()[#h.control.journal()].unexpected)
    for _, headers in ipairs { amazon, roku } do
      local expected = headers == roku and 201 or 400
      headers["Content-Type"] = "application/json"
      assert.equal(expected, post(h, "/o/client/register",
        json.encode { software_statement = h.statement }, headers).status)
      headers["Content-Type"] = FORM
      assert.equal(expected,
        post(h, "/o/client/token", fixture.form(credentials(h)), headers).status)
    end
  end)

  it("[strict-other-header] sandbox: ignores headers that are not "
    .. "Adobe's", function()
    local h = fixture.new()
    for _, name in ipairs { "User-Agent", "Origin", "traceparent", "X-Mine",
                            "X-Forwarded-For", "AP" } do
      assert.equal(200, h:get(PROFILES, { [name] = "x" }).status, name)
    end
  end)

  it("[strict-forwarded-registration] sandbox: accepts X-Forwarded-For on "
    .. "registration and token", function()
    local h = fixture.new():register()
    local response = post(h, "/o/client/token", fixture.form(credentials(h)),
      { ["Content-Type"] = FORM, ["X-Forwarded-For"] = "192.0.2.1" })
    assert.equal(201, response.status)
    response = post(h, "/o/client/register",
      json.encode { software_statement = h.statement },
      { ["Content-Type"] = "application/json",
        ["X-Forwarded-For"] = "192.0.2.1" })
    assert.equal(201, response.status)
    response = post(h, "/o/client/register",
      json.encode { software_statement = h.statement },
      { ["Content-Type"] = "application/json",
        ["AP-Device-Identifier"] = "x" })
    assert.same({ 400, { error = "invalid_request" } },
                { response.status, response.json })
  end)

  it("[strict-unlisted-parameter] sandbox: refuses Adobe's parameters where "
    .. "the page does not list them", function()
    local h = fixture.new()
    refused(h:get(PROFILES .. "?mvpd=Dish"), "invalid_parameter_mvpd")
    refused(h:get(PROFILES .. "?requestor_id=REF30"))
    refused(h:post_form(SESSIONS .. "/sso/Apple", { mvpd = "Cablevision" }),
            "invalid_parameter_mvpd")
    refused(h:post_json("/api/v2/REF30/decisions/authorize/Dish",
      { resources = { "A" }, mvpd = "Dish" }), "invalid_parameter_mvpd")
    assert.equal(200, h:get(PROFILES .. "?utm=1").status)
    assert.equal(200, lenient { "unlisted_parameters" }
      :get(PROFILES .. "?mvpd=Dish").status)
  end)

  it("[strict-repeated-parameter] sandbox: refuses a repeated parameter or "
    .. "JSON member", function()
    local h = fixture.new()
    local headers = h:headers({ ["Content-Type"] = FORM }, "POST", SESSIONS)
    refused(post(h, SESSIONS, "mvpd=Dish&mvpd=Dish", headers),
            "invalid_parameter_mvpd")
    refused(h:get(LOGOUT .. "?redirectUrl=a://b&redirectUrl=a://b"),
            "invalid_parameter_redirect_url")
    refused(h:post_json("/api/v2/REF30/decisions/authorize/Dish",
      '{"resources":["A"],"resources":["B"]}'), "invalid_parameter_resources")
    refused(h:post_json("/api/v2/REF30/decisions/authorize/Dish",
      '{"resources":["A"],"re\\u0073ources":["B"]}'),
      "invalid_parameter_resources")
    assert.equal(200, h:post_json("/api/v2/REF30/decisions/authorize/Dish",
      '{"resources":["resources\\"{"],"other":{"resources":1}}').status)
    h = lenient { "repeated_parameters" }
    headers = h:headers({ ["Content-Type"] = FORM }, "POST", SESSIONS)
    assert.equal(200,
      post(h, SESSIONS, "mvpd=Dish&mvpd=Dish", headers).status)
  end)

  it("[strict-repeated-registration] sandbox: registration and token refuse a "
    .. "repeated JSON member or parameter", function()
    local h = fixture.new():register()
    local quoted = json.encode(h.statement)
    local response = post(h, "/o/client/register",
      ('{"software_statement":%s,"software_statement":%s}')
        :format(quoted, quoted), { ["Content-Type"] = "application/json" })
    refused(response)
    assert.equal("invalid_request", response.json.error)
    local form = fixture.form(credentials(h))
    response = post(h, "/o/client/token",
      form .. "&grant_type=client_credentials", { ["Content-Type"] = FORM })
    assert.equal("invalid_request", response.json.error)
  end)

  it("[strict-two-authentications] sandbox: the token endpoint refuses "
    .. "credentials sent in two ways", function()
    local h = fixture.new():register()
    local form = fixture.form(credentials(h))
    local response = post(h, "/o/client/token", form, {
      ["Content-Type"] = FORM, Authorization = "Basic eDp5" })
    assert.same({ 400, "invalid_request" },
                { response.status, response.json.error })
    response = h:send { method = "POST", path = "/o/client/token",
      query = "client_id=" .. h.client.client_id, body = form,
      headers = { ["Content-Type"] = FORM } }
    assert.same({ 400, "invalid_request" },
                { response.status, response.json.error })
    response = h:send { method = "POST", path = "/o/client/token",
      query = form, body = "", headers = {} }
    assert.equal(201, response.status)
  end)

  it("[strict-content-type] sandbox: refuses a wrong or missing content "
    .. "type", function()
    local h = fixture.new()
    for _, kind in ipairs { "text/plain", "application/json", "" } do
      refused(h:post_form(SESSIONS, fixture.PARAMETERS,
                          { ["content-type"] = kind }))
      refused(h:post_json("/api/v2/REF30/decisions/authorize/Dish",
        { resources = { "A" } }, { ["content-type"] = kind ~=
          "application/json" and kind or FORM }),
        "invalid_parameter_resources")
    end
    refused(post(h, SESSIONS, "mvpd=%zz",
      h:headers({ ["Content-Type"] = FORM }, "POST", SESSIONS)))
    local response = post(h, "/o/client/token",
      fixture.form(credentials(h)), { ["Content-Type"] = "text/plain" })
    assert.equal("invalid_request", response.json.error)
    response = post(h, "/o/client/register",
      json.encode { software_statement = h.statement }, {})
    assert.equal("invalid_request", response.json.error)
    assert.equal(200, h:post_form(SESSIONS, fixture.PARAMETERS,
      { ["content-type"] = FORM .. "; charset=utf-8" }).status)
    assert.equal(200, lenient { "content_type" }:post_form(SESSIONS,
      fixture.PARAMETERS, { ["content-type"] = "text/plain" }).status)
  end)

  it("[strict-bearer-case] sandbox: accepts the scheme Bearer in any "
    .. "case", function()
    local h = fixture.new():register()
    for _, scheme in ipairs { "bearer", "BEARER", "bEaReR" } do
      assert.equal(200, h:get(PROFILES, {
        authorization = scheme .. " " .. h.token }).status)
    end
    assert.equal(401, h:get(PROFILES, {
      authorization = "Basic " .. h.token }).status)
  end)

  it("[strict-malformed-info] sandbox: accepts malformed device info at "
    .. "registration only", function()
    local h = fixture.new():register()
    local bad = "ewoJImEiOiAxCgkiYiI6IDIKfQ==" -- JSON without a comma
    local response = post(h, "/o/client/register",
      json.encode { software_statement = h.statement },
      { ["Content-Type"] = "application/json", ["X-Device-Info"] = bad })
    assert.equal(201, response.status)
    response = post(h, "/o/client/token", fixture.form(credentials(h)),
      { ["Content-Type"] = FORM, ["X-Device-Info"] = bad })
    assert.equal("invalid_request", response.json.error)
    for _, path in ipairs { PROFILES, "/api/v2/REF30/configuration" } do
      refused(h:get(path, { ["X-Device-Info"] = bad }),
              "invalid_header_device_info")
    end
    h = lenient { "malformed_device_info" }
    assert.equal(200, h:get(PROFILES, { ["X-Device-Info"] = bad }).status)
  end)

  it("[strict-platform-tokens] sandbox: refuses the platform tokens of Amazon and "
    .. "Roku in one request", function()
    local both = { ["Adobe-Subject-Token"] = "a",
                   ["X-Roku-Reserved-Roku-Connect-Token"] = "b" }
    local h = fixture.new()
    local response = h:get(PROFILES, both)
    refused(response)
    assert.matches("x-roku-reserved-roku-connect-token", response.json.message, 1, true)
    refused(h:session({}, both))
    for name in pairs(both) do
      assert.equal(200, h:get(PROFILES, { [name] = "a" }).status)
    end
    assert.equal(200, lenient { "two_platform_tokens" }:get(PROFILES, both).status)
  end)

  it("[strict-expiration-string] sandbox: requires expirationDate of the partner "
    .. "status as a string of digits", function()
    local function session(h, date)
      return h:post_form(SESSIONS .. "/sso/Apple",
        { domainName = "adobe.com", redirectUrl = "https://adobe.com" },
        { ["AP-Partner-Framework-Status"] = h:partner_status { expires = date } })
        .json.reasonType
    end
    local h = fixture.new()
    for _, date in ipairs { fixture.START + 1e9, "0x7fffffffffffff", "1e15", " 2e15 ",
        "-1", "2000000000000.5", "", true, json.null } do
      assert.equal("pfs_fallback", session(h, date), tostring(date))
    end
    local response = h:post_form("/api/v2/REF30/profiles/sso/Apple",
      { SAMLResponse = "AAAA" }, { ["AP-Partner-Framework-Status"] =
        h:partner_status { expires = fixture.START + 1e9 } })
    refused(response, "invalid_header_pfs_provider_info_expired")
    assert.equal("none", session(h, "2000000000000"))
    h = lenient { "numeric_expiration_date" }
    assert.equal("none", session(h, fixture.START + 1e9))
    assert.equal("pfs_fallback", session(h, fixture.START - 1))
  end)

  it("[strict-mode-lenient] sandbox: mode 'lenient' accepts what strict mode "
    .. "refuses", function()
    local h = lenient "lenient"
    assert.equal(200, h:get(LOGOUT).status)
    assert.equal(200, h:get(PROFILES .. "?mvpd=x", { ["X-SSO-ID"] = "x" })
      .status)
    assert.equal(200, h:session { domainName = "x.test",
      redirectUrl = "https://x.test" }.status)
  end)

  it("[strict-mode-mistakes] sandbox: an unknown mode or leniency "
    .. "raises", function()
    for _, mode in ipairs { "loose", 5, { "any_domian" } } do
      local ok, message = pcall(lenient, mode)
      assert.is_false(ok)
      assert.truthy(tostring(message):find("\n  mode[%[:]"))
    end
    local _, message = pcall(lenient, { "any_domian" })
    assert.truthy(tostring(message):find("any_domian", 1, true))
  end)
end)
