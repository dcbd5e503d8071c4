--- Operations 4 to 7: authentication sessions and their codes.
local fixture = require "spec.sandbox.fixture"

local function poll(h, code)
  return h:get("/api/v2/REF30/profiles/code/" .. code)
end

local function resume(h, code, fields)
  return h:post_form("/api/v2/REF30/sessions/" .. code, fields)
end

describe("a code", function()
  it("[sandbox-session-seven-characters] sandbox code: has seven characters "
    .. "that are not confused with each other", function()
    local h = fixture.new()
    for _ = 1, 20 do
      assert.truthy(h:session().json.code:find
        "^[A-HJ-NP-Z2-9][A-HJ-NP-Z2-9]+$")
    end
  end)

  it("[sandbox-session-carries-times] sandbox code: has its times as "
    .. "strings, 30 minutes apart", function()
    local result = fixture.new():session().json
    assert.equal(("%.0f"):format(fixture.START), result.notBefore)
    assert.equal(("%.0f"):format(fixture.START + 1800000), result.notAfter)
  end)

  it("[sandbox-session-leads-viewer] sandbox code: returns a profile only when "
    .. "the viewer has logged in, until the code expires", function()
    local h = fixture.new()
    local code = h:session().json.code
    assert.same({}, poll(h, code).json.profiles)
    assert.is_true(h.control.login { code = code, username = "ann" })
    assert.equal("regular", poll(h, code).json.profiles.Cablevision.type)
    h.control.clock { advance = 1800000 }
    local result = poll(h, code)
    assert.equal("invalid_authentication_session", result.json.code)
    assert.equal("Cablevision",
      next(h:get("/api/v2/REF30/profiles").json.profiles))
  end)

  it("[sandbox-session-expires] sandbox code: expires exactly to the "
    .. "millisecond", function()
    local h = fixture.new()
    local code = h:session().json.code
    h.control.clock { advance = 1800000 - 1 }
    assert.equal(200, poll(h, code).status)
    h.control.clock { advance = 1 }
    assert.equal(400, poll(h, code).status)
    assert.same({ nil, "expired" }, { h.sandbox:find_session(code) })
  end)

  it("[sandbox-session-killed-newer] sandbox code: is superseded only by a "
    .. "newer one of the same device", function()
    local h = fixture.new()
    local first = h:session().json.code
    h.device = "another"
    h:session()
    assert.equal(200, poll(h, first).status)
    h.device = fixture.new().device
    h:session()
    assert.equal("invalid_authentication_session",
                 poll(h, first).json.code)
    assert.same({ nil, "superseded" }, { h.sandbox:find_session(first) })
  end)

  it("[sandbox-session-leads-login] sandbox code: returns the profile of "
    .. "its own login only", function()
    local h = fixture.new()
    local someone = { ["AD-Service-Token"] = h.control.identity {
      kind = "service", subject = "someone" } }
    h:log_in("ann", "Cablevision", someone)
    h.device = "another"
    local code = h:session().json.code
    local response = h:get("/api/v2/REF30/profiles/code/" .. code)
    assert.same({}, response.json.profiles)
  end)

  it("[sandbox-session-shorter-login] sandbox login: a profile ends sooner "
    .. "for a device without device info", function()
    local h = fixture.new()
    h:log_in("ann", "Dish", { ["X-Device-Info"] = false })
    h:log_in("ann", "Cablevision")
    local profiles = h:get("/api/v2/REF30/profiles").json.profiles
    assert.equal(fixture.START + 86400000, profiles.Dish.notAfter)
    assert.equal(fixture.START + 30 * 86400000,
                 profiles.Cablevision.notAfter)
  end)

  it("[sandbox-session-service-provider] sandbox code: belongs to one "
    .. "service provider", function()
    local h = fixture.new()
    local code = h:session().json.code
    local function code_in_other_app()
      return h:get("/api/v2/REF40/profiles/code/" .. code).json.code
    end
    assert.equal("invalid_parameter_code", code_in_other_app())
    assert(h.control.login { code = code, username = "ann" })
    assert.equal("invalid_parameter_code", code_in_other_app())
    h.control.clock { advance = 31 * 60000 }
    assert.equal("invalid_parameter_code", code_in_other_app())
  end)

  it("[sandbox-session-logs-once] sandbox code: can be used for one login "
    .. "only", function()
    local h = fixture.new()
    local code = h:log_in("ann", "Cablevision").code
    assert.same({ nil, "invalid 'code': expected an open session, but the code \""
      .. code .. "\" is used", "code" },
      { h.control.login { code = code, username = "bob" } })
    assert.equal("invalid_authentication_session",
                 resume(h, code, {}).json.code)
    assert.equal(200, poll(h, code).status)
  end)

  -- tags: [control-login-quotes-code]
  it("[control-login-quotes-code] sandbox login: quotes a code that is not open, "
    .. "with escaped white space", function()
    local h = fixture.new()
    local code = h:session().json.code
    assert.same({ nil, "invalid 'code': expected an open session, but the code \""
      .. code .. "\\n200\" is unknown", "code" },
      { h.control.login { code = code .. "\n200", username = "ann" } })
  end)
end)

describe("create_session", function()
  it("[sandbox-session-escapes-ids] sandbox session: escapes the ids in url", function()
    local h = fixture.new { world = function(world)
      world.providers["A & B"] = world.providers.REF30
      world.providers["A & B"].integrations["C & D"] = {}
      world.mvpds["C & D"] = { display_name = "C", partner_id = "C & D" }
      table.insert(world.applications[1].providers, "A & B")
    end }
    local provider = "A%20%26%20B"
    local path = "/api/v2/" .. provider
    local session = h:session({ mvpd = "C & D", redirectUrl = false }, nil,
      provider).json
    assert.equal(path .. "/sessions/" .. session.code, session.url)
    session = h:post_form(session.url, { redirectUrl = "https://adobe.com" }).json
    assert.equal(("/api/v2/authenticate/%s/%s"):format(provider, session.code),
      session.url)
    local status = { ["AP-Partner-Framework-Status"] =
      h:partner_status { id = "C & D" } }
    assert.equal(path .. "/profiles/sso/Apple",
      h:post_form(path .. "/sessions/sso/Apple",
        fixture.parameters { mvpd = false }, status).json.url)
    assert.is_true(h.control.login { code = session.code, username = "ann" })
    session = h:session({ mvpd = "C & D" }, nil, provider).json
    assert.equal(path .. "/decisions/authorize/C%20%26%20D", session.url)
    assert.equal(200, h:post_json(session.url, { resources = { "REF30" } }).status)
  end)

  it("[sandbox-session-names-missing] sandbox session: lists missing "
    .. "parameters, which may be added one by one", function()
    local h = fixture.new()
    local first = h:session { mvpd = false, domainName = false,
                              redirectUrl = false }.json
    assert.equal("resume", first.actionName)
    assert.same({ "mvpd", "domain", "redirectUrl" }, first.missingParameters)
    local second = resume(h, first.code,
      { mvpd = "Cablevision", domainName = "adobe.com" }).json
    assert.equal("retry", second.actionName)
    assert.same({ "redirectUrl" }, second.missingParameters)
    local third = resume(h, first.code,
      { redirectUrl = "https://adobe.com" }).json
    assert.equal("authenticate", third.actionName)
    assert.is_nil(third.missingParameters)
    assert.equal(first.code, third.code)
  end)

  it("[sandbox-session-needs-no-login] sandbox session: reports that no "
    .. "login is needed", function()
    local h = fixture.new()
    h:log_in("ann", "Cablevision")
    assert.equal("authenticated", h:session().json.reasonType)
    assert.is_nil(h:session().json.code)
    assert.equal("temporary",
                 h:session { mvpd = "TempPass" }.json.reasonType)
    assert.equal("degraded",
                 h:session { mvpd = "DegradedMvpd" }.json.reasonType)
  end)

  it("[sandbox-session-no-body-not-form] sandbox session: refuses a body "
    .. "that is not a form", function()
    local h = fixture.new()
    local result = h:post_json("/api/v2/REF30/sessions",
                               { mvpd = "Cablevision" })
    assert.equal(400, result.status)
  end)

  it("[sandbox-session-refuses-unsafe] sandbox session: refuses unsafe "
    .. "redirect URLs", function()
    local h = fixture.new()
    for _, url in ipairs { "javascript:alert(1)", "adobe.com", "data:,x",
                           "JavaScript://x/%0aalert(1)",
                           "https://a b", "https://a\nb", "https:///x" } do
      assert.equal("invalid_parameter_redirect_url",
                   h:session { redirectUrl = url }.json.code, url)
    end
    assert.equal(200, h:session { redirectUrl = "myapp://done" }.status)
  end)

  it("[sandbox-session-refuses] sandbox session: refuses a misconfigured "
    .. "integration", function()
    local result = fixture.new():session({ mvpd = "Dish" }, nil, "REF_BROKEN")
    assert.equal(500, result.status)
  end)
end)

describe("session status", function()
  it("[sandbox-session-second-screen] sandbox session status: describes the "
    .. "streaming device", function()
    local h = fixture.new()
    local code = h:session({ mvpd = false },
                           { ["X-Forwarded-For"] = "192.0.2.9" }).json.code
    local result = h:get("/api/v2/REF30/sessions/" .. code).json
    assert.same({ "mvpd" }, result.missingParameters)
    assert.same({ serviceProvider = "REF30", domain = "adobe.com",
                  redirectUrl = "https://adobe.com" },
                result.existingParameters)
    assert.equal("SetTopBox", result.device.type)
    assert.equal("TV 5th Gen", result.device.model)
    assert.same({ major = 11, minor = 0, patch = 0, profile = "" },
                result.device.operatingSystem.version)
    assert.equal("192.0.2.9", result.device.connection.ipAddress)
  end)

  it("[sandbox-session-survives-device] sandbox session status: accepts any "
    .. "device info", function()
    local h = fixture.new()
    local code = h:session(nil, { ["X-Device-Info"] = fixture.encode {
      primaryHardwareType = { 1 }, model = { a = 1 }, osVersion = 5,
      displayWidth = "x", displayHeight = -1, connectionSecure = "maybe",
      connectionIp = { 1 },
    } }).json.code
    local result = h:get("/api/v2/REF30/sessions/" .. code)
    assert.equal(200, result.status)
    assert.equal("Unknown", result.json.device.type)
    assert.equal("127.0.0.1", result.json.device.connection.ipAddress)
  end)
end)

describe("authenticate", function()
  it("[sandbox-session-sends-browser] sandbox authenticate: redirects to the "
    .. "mvpd's page without an access token", function()
    local h = fixture.new()
    local result = h:session().json
    local response = h:send { method = "GET", path = result.url }
    assert.equal(302, response.status)
    assert.equal("https://api.test/mvpd/Cablevision/login?code="
                 .. result.code, fixture.header(response, "Location"))
  end)

  local function open(h, code)
    return h:send { method = "GET",
                    path = "/api/v2/authenticate/REF30/" .. code }.status
  end

  it("[sandbox-session-refuses-code] sandbox authenticate: refuses a code "
    .. "with missing parameters", function()
    local h = fixture.new()
    assert.equal(400, open(h, h:session { mvpd = false }.json.code))
  end)

  it("[sandbox-session-refuses-temppass] sandbox authenticate: refuses a "
    .. "TempPass, which has no login", function()
    local h = fixture.new()
    local code = h:session { mvpd = false }.json.code
    resume(h, code, { mvpd = "TempPass" })
    assert.equal(400, open(h, code))
  end)
end)

describe("sandbox instance, for the web pages", function()
  it("[sandbox-session-resumes] sandbox instance: resumes a "
    .. "session", function()
    local h = fixture.new()
    local code = h:session { mvpd = false, domainName = false,
                             redirectUrl = false }.json.code
    local session = h.sandbox:find_session(code)
    assert.same({ nil, "mvpd" }, { h.sandbox:resume(session, {}) })
    assert.same({ nil, "mvpd" },
                { h.sandbox:resume(session, { mvpd = "Disabled" }) })
    assert.same({ nil, "redirect_url" }, { h.sandbox:resume(session, {
      mvpd = "Dish", redirect_url = "javascript:x" }) })
    assert.is_nil(session.mvpd)
    assert.is_true(h.sandbox:resume(session, {
      mvpd = "Dish", domain_name = "adobe.com",
      redirect_url = "https://adobe.com" }))
    assert.equal("authenticate", resume(h, code, {}).json.actionName)
  end)

  it("[sandbox-session-checks-passwords] sandbox instance: checks "
    .. "passwords", function()
    local sandbox = fixture.new().sandbox
    assert.is_true(sandbox:check_password("Dish", "ann", "secret"))
    assert.is_false(sandbox:check_password("Dish", "ann", "Secret"))
    assert.is_false(sandbox:check_password("Dish", "nobody", "secret"))
    sandbox.world.viewers.ann.mvpds = { "Spectrum" }
    assert.is_false(sandbox:check_password("Dish", "ann", "secret"))
    assert.is_true(sandbox:check_password("Spectrum", "ann", "secret"))
  end)

  it("[sandbox-session-refuses-login] sandbox instance: refuses a login "
    .. "that the world does not allow", function()
    local h = fixture.new()
    local session = h.sandbox:find_session(h:session().json.code)
    for _, case in ipairs { { "Disabled", "ann", "mvpd" },
                            { "TempPass", "ann", "mvpd" },
                            { "Nowhere", "ann", "mvpd" },
                            { "Dish", "nobody", "username" } } do
      assert.same({ nil, case[3] },
        { h.sandbox:complete_login(session, case[1], case[2]) })
    end
  end)

  it("[sandbox-session-lists-providers] sandbox instance: lists providers "
    .. "sorted, without TempPass", function()
    local last = ""
    for _, row in ipairs(fixture.new().sandbox:mvpds "REF30") do
      assert.is_nil(row.temp_pass)
      assert.is_true(row.id > last)
      assert.is_string(row.display_name)
      assert.truthy(row.logo_url:find "^data:image/svg")
      last = row.id
    end
  end)

  it("[sandbox-session-notes-sign-out] sandbox instance: records a sign-out "
    .. "and returns only a safe URL", function()
    local h = fixture.new()
    assert.equal("https://adobe.com", h.sandbox:sign_out {
      mvpd = "Dish", redirect_url = "https://adobe.com" })
    assert.is_nil(h.sandbox:sign_out { mvpd = "Dish",
                                   redirect_url = "javascript:x" })
    assert.equal("sign_out", h.control.journal()[1].event)
  end)
end)
