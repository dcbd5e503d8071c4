--- The control functions, in process and over HTTP: journal, clock, faults,
-- revocations, state.
local fixture = require "spec.sandbox.fixture"
local json = require "adobepass.util.json"
local routes = require "adobepass.sandbox.engine.routes"

describe("the journal", function()
  it("[control-keeps-requests-received] sandbox journal: records requests "
    .. "as received", function()
    local h = fixture.new():register()
    h.control.journal { clear = true }
    h:post_json("/api/v2/REF30/decisions/authorize/Dish",
                { resources = { "A" } }, { ["X-Mine"] = "yes" })
    local entry = h.control.journal()[1]
    assert.equal("authorize", entry.operation)
    assert.equal("POST", entry.method)
    assert.equal("/api/v2/REF30/decisions/authorize/Dish", entry.path)
    assert.equal('{"resources":["A"]}', entry.body)
    assert.equal("yes", entry.headers["x-mine"])
    assert.equal(200, entry.status)
    assert.equal(fixture.START, entry.time)
    assert.is_nil(entry.unexpected)
  end)

  it("[control-points-headers-operation] sandbox journal: lists Adobe's "
    .. "headers that the operation does not document", function()
    local h = fixture.new()
    local code = h:session().json.code
    h.control.journal { clear = true }
    h:get("/api/v2/REF30/profiles/code/" .. code, {
      ["AP-Device-Identifier"] = "x", ["X-Device-Info"] = "x" })
    assert.same({ "ap-device-identifier", "x-device-info" },
                h.control.journal()[1].unexpected)
    h:get("/api/v2/REF30/profiles/code/" .. code,
          { ["AP-Device-Identifier"] = false, ["X-Device-Info"] = false })
    assert.is_nil(h.control.journal()[2].unexpected)
  end)

  it("[control-keeps-no-typed-password] sandbox journal: records no "
    .. "password and stays bounded", function()
    local h = fixture.new()
    h:send { method = "POST", path = "/somewhere",
             body = "username=ann&password=s3cret&code=1" }
    assert.equal("username=ann&password=***&code=1",
                 h.control.journal()[1].body)
    for _ = 1, 600 do h:send { path = "/x", body = ("x"):rep(20000) } end
    local entries = h.control.journal()
    assert.equal(500, #entries)
    assert.equal(16384, #entries[500].body)
  end)

  it("[control-not-note-api] sandbox journal: does not record the control "
    .. "API", function()
    local h = fixture.new()
    h:send { method = "GET", path = "/sandbox/journal" }
    assert.equal(0, #h.control.journal())
  end)
end)

describe("the clock", function()
  it("[control-moves-time-runs] sandbox clock: can be advanced or set, and "
    .. "continues to run", function()
    local h = fixture.new()
    assert.equal(fixture.START, h.control.clock())
    h.control.clock { advance = 1500 }
    assert.equal(fixture.START + 1500, h.sandbox:now())
    h.time = h.time + 10
    assert.equal(fixture.START + 1510, h.sandbox:now())
    h.control.clock { time = 1000 }
    assert.equal(1000, h.sandbox:now())
  end)

  it("[control-refuses-no-time] sandbox clock: refuses invalid "
    .. "times", function()
    local h = fixture.new()
    for _, value in ipairs { "soon", 0 / 0, math.huge, -1, {}, 1e18 } do
      assert.is_nil(h.control.clock { time = value })
    end
    assert.is_nil(h.control.clock { advance = -1e15 })
    assert.is_nil(h.control.clock { advance = "" })
    assert.equal(fixture.START, h.sandbox:now())
  end)

  it("[control-number-milliseconds-host] sandbox clock: returns whole "
    .. "milliseconds for any host clock", function()
    local h = fixture.new()
    h.time = fixture.START + 0.75
    assert.equal(fixture.START, h.sandbox:now())
    assert.equal(("%d"):format(fixture.START), json.encode(h.sandbox:now()))
  end)
end)

local LOGOUT = "/api/v2/REF30/logout/Dish?redirectUrl=https%3A%2F%2Fadobe.com"

describe("log_in", function()
  it("[control-needs-no-code-device] sandbox control: logs a device in "
    .. "without a code", function()
    local h = fixture.new()
    assert.is_true(h.control.login {
      service_provider = "REF30", device = h.device, mvpd = "Dish",
      username = "ann" })
    assert.equal("Dish",
      next(h:get("/api/v2/REF30/profiles").json.profiles))
  end)

  it("[control-says-wrong] sandbox control: the error of an invalid login "
    .. "names the field", function()
    local h = fixture.new()
    for _, case in ipairs {
      { {}, "service_provider" },
      { { service_provider = "REF30" }, "device" },
      { { code = "NONE" }, "code" },
      { { service_provider = "REF30", device = "x", mvpd = "Dish" },
        "username" },
      { { service_provider = "REF30", device = "x", username = "ann" },
        "mvpd" },
    } do
      local ok, message, field = h.control.login(case[1])
      assert.is_nil(ok)
      assert.equal(case[2], field)
      assert.is_truthy(message:find("'" .. case[2] .. "'", 1, true), message)
    end
  end)

  it("[control-suggests-customers] sandbox control: suggests viewers of the mvpd only",
    function()
    local h = fixture.new { world = function(world)
      world.viewers.anna = { password = "secret", mvpds = { "Cablevision" } }
    end }
    local _, message = h.control.login { service_provider = "REF30", device = "x",
      mvpd = "Dish", username = "anna" }
    assert.matches("did you mean 'ann'", message, nil, true)
  end)
end)

describe("revoke", function()
  it("[control-says-wrong-2] sandbox control: revoke reports an invalid "
    .. "target", function()
    local h = fixture.new()
    for _, given in ipairs { {}, { client_id = "x" }, { token = "x" },
                             { statement = "x" }, { client_id = 5 } } do
      assert.is_nil(h.control.revoke(given))
    end
    assert.same({ nil, "invalid 'mvpd': expected an mvpd of the world: did you mean "
      .. "'Dish'?", "mvpd" }, { h.control.revoke { mvpd = "Dosh" } })
    assert.same({ nil, "invalid 'username': expected a viewer of the world: did you "
      .. "mean 'ann'?", "username" },
      { h.control.revoke { mvpd = "Dish", username = "anm" } })
  end)

  it("[control-ends-logins-viewer] sandbox control: revokes the profiles of "
    .. "one viewer or of all", function()
    local h = fixture.new()
    h:log_in("ann", "Dish")
    h.device = "bob's"
    h:log_in("bob", "Dish")
    assert.equal(1, h.control.revoke { mvpd = "Dish", username = "ann" })
    assert.equal("Dish", next(h:get("/api/v2/REF30/profiles").json.profiles))
    assert.equal(2, h.control.revoke { mvpd = "Dish" })
    assert.same({}, h:get("/api/v2/REF30/profiles").json.profiles)
  end)
end)

describe("state", function()
  it("[control-snapshot-json] sandbox state: restores a snapshot through "
    .. "JSON", function()
    local h = fixture.new()
    h:log_in("ann", "Cablevision")
    h:authorize("TempPass", { "A" })
    local session = h:session({ mvpd = "Dish" }).json
    h.control.clock { advance = 1000 }
    local text = json.encode(h.control.snapshot())
    local other = fixture.new { random = fixture.random(3) }
    assert.is_true(other.control.snapshot { restore = json.decode(text) })
    other.token = h.token
    assert.equal(fixture.START + 1000, other.sandbox:now())
    assert.equal("Cablevision",
      next(other:get("/api/v2/REF30/profiles").json.profiles))
    assert.is_true(other.control.login { code = session.code,
                                          username = "bob" })
    assert.equal(fixture.START + 86400000,
      other:get("/api/v2/REF30/profiles/TempPass").json.profiles.TempPass
        .notAfter)
  end)

  it("[control-not-shared-snapshot] sandbox state: does not share tables "
    .. "with a snapshot", function()
    local h = fixture.new():register()
    local before = h.control.snapshot()
    h:log_in("ann", "Dish")
    assert.same({}, before.profiles)
    for _ = 1, 2 do
      h.control.snapshot { restore = before }
      assert.same({}, h:get("/api/v2/REF30/profiles").json.profiles)
      h:log_in("ann", "Dish")
    end
  end)

  it("[control-takes-nothing] sandbox state: refuses an invalid "
    .. "snapshot", function()
    local h = fixture.new()
    local broken = h.control.snapshot()
    broken.sessions = 5
    for _, data in ipairs { 5, {}, { version = 99 }, broken } do
      local ok, message = h.control.snapshot { restore = data }
      assert.is_nil(ok)
      assert.is_string(message)
    end
    assert.equal(400, h:get("/api/v2/REF30/profiles/Nobody").status)
  end)

  it("[control-can-wiped] sandbox state: reset restores the initial "
    .. "state", function()
    local h = fixture.new()
    h:log_in("ann", "Dish")
    h.control.fault { kind = "tls" }
    h.control.clock { advance = 5 }
    h.control.reset()
    assert.equal(401, h:get("/api/v2/REF30/profiles").status)
    assert.equal(0, #h.control.fault { list = true })
    assert.equal(fixture.START, h.sandbox:now())
  end)

  it("[control-forgets-long-over] sandbox state: deletes expired "
    .. "entries", function()
    local h = fixture.new()
    for i = 1, 20 do
      h.device = "device " .. i
      h:session()
    end
    h.control.clock { advance = 2 * 3600 * 1000 }
    for _ = 1, 256 do h:send { path = "/x" } end
    assert.same({}, h.sandbox.state.sessions)
    assert.same({}, h.sandbox.state.current)
  end)
end)

describe("a fault", function()
  local h
  before_each(function() h = fixture.new():register() end)

  local function ask()
    return h:get "/api/v2/REF30/profiles"
  end

  it("[control-strikes-operation-often] sandbox fault: applies to one "
    .. "operation, count times, in order", function()
    h.control.fault { kind = "status", status = 502, operation = "profiles",
                      count = 2 }
    h.control.fault { kind = "status", status = 504 }
    assert.equal(504, h:session().status)
    assert.equal(502, ask().status)
    assert.equal(502, ask().status)
    assert.equal(200, ask().status)
    assert.equal("status", h.control.journal()[4].fault)
  end)

  it("[control-listed-cleared] sandbox fault: can be listed and "
    .. "cleared", function()
    h.control.fault { kind = "drip", seconds = 2, count = 3 }
    local fault = h.control.fault { list = true }[1]
    assert.equal("drip", fault.kind)
    assert.equal(3, fault.count)
    h.control.fault { clear = true }
    assert.equal(200, ask().status)
  end)

  it("[control-responses-429] sandbox fault: sends 429 with or without "
    .. "Retry-After", function()
    h.control.fault { kind = "too_many_requests" }
    h.control.fault { kind = "too_many_requests", retry_after = 7 }
    assert.is_nil(fixture.header(ask(), "Retry-After"))
    local second = ask()
    assert.equal(429, second.status)
    assert.equal("7", fixture.header(second, "Retry-After"))
  end)

  it("[control-responses-enhanced-code] sandbox fault: sends any enhanced "
    .. "error code in the operation's format", function()
    h.control.fault { kind = "error", code = "network_received_error",
                      details = "down", count = 2 }
    local response = ask()
    assert.equal(403, response.status)
    assert.equal("retry", response.json.action)
    assert.equal("down", response.json.details)
    local service = h:get("/api/REF30/list")
    assert.equal("network_received_error", service.json.error.code)
  end)

  it("[control-error-every-operation] sandbox fault: sends an error code for each "
    .. "operation", function()
    for _, route in ipairs(routes.list) do
      h.control.fault { kind = "error", code = "network_received_error",
        operation = route.name }
      local response = h:send { method = route.method, body = "",
        path = (route.path:gsub("[{}]", "")) }
      assert.is_true(response.status < 500, route.name)
      assert.is_truthy(response.body:find("network_received_error", 1, true),
        route.name)
    end
  end)

  it("[control-corrupts-response] sandbox fault: corrupts a "
    .. "response", function()
    local whole = ask().body
    h.control.fault { kind = "truncated" }
    local half = ask()
    assert.equal(whole:sub(1, math.floor(#whole / 2)), half.body)
    h.control.fault { kind = "wrong_content_type" }
    local html = ask()
    assert.equal("text/html", fixture.header(html, "Content-Type"))
    assert.equal(whole, html.body)
    h.control.fault { kind = "garbage", bytes = 32 }
    assert.equal(32, #ask().body)
    assert.equal(200, ask().status)
  end)

  it("[control-host-wire] sandbox fault: instructs the host to break the "
    .. "connection", function()
    local cases = {
      { { kind = "delay", seconds = 5 }, { kind = "delay", seconds = 5 } },
      { { kind = "reset_before" }, { kind = "reset_before" } },
      { { kind = "reset_within" }, { kind = "reset_within" } },
      { { kind = "reset_after" }, { kind = "reset_after" } },
      { { kind = "huge", bytes = 9 }, { kind = "huge", bytes = 9 } },
      { { kind = "drip" }, { kind = "drip", seconds = 0.1, bytes = 1 } },
      { { kind = "tls" }, { kind = "tls" } },
    }
    for _, case in ipairs(cases) do
      h.control.fault(case[1])
      assert.same(case[2], ask().fault)
    end
    assert.is_nil(ask().fault)
  end)

  it("[control-request-served] sandbox fault: a request that fails before "
    .. "the operation has no effect", function()
    h:log_in("ann", "Dish")
    for _, kind in ipairs { "reset_before", "tls", "status" } do
      h.control.fault { kind = kind }
      h:get (LOGOUT)
      assert.equal("Dish", next(ask().json.profiles))
    end
    h.control.fault { kind = "reset_within" }
    h:get (LOGOUT)
    assert.same({}, ask().json.profiles)
  end)

  it("[control-refused-no-sense] sandbox fault: refuses invalid "
    .. "settings", function()
    for _, given in ipairs {
      {}, { kind = "magic" }, { kind = "delay", operation = "dance" },
      { kind = "delay", seconds = "x" }, { kind = "delay", seconds = -1 },
      { kind = "delay", bytes = 5 }, { kind = "status", status = 42 },
      { kind = "tls", count = 0 }, { kind = "tls", by_host = true },
      { kind = "error", code = "no_such_code" }, { kind = "huge",
                                                   bytes = 2 ^ 40 },
      { kind = "huge", bytes = 1000.5 }, { kind = "status", status = 503.5 },
      { kind = "delay", count = 1.5 },
      { kind = "too_many_requests", retry_after = 0.5 },
    } do
      local ok, message = h.control.fault(given)
      assert.is_nil(ok)
      assert.is_string(message)
    end
    assert.equal(0, #h.control.fault { list = true })
    assert.same({ nil, "invalid 'seconds': expected a setting of the kind status",
      "seconds" }, { h.control.fault { kind = "status", seconds = 2 } })
    assert.same({ nil, "invalid 'bytes': expected a whole number from 1 to 1073741824",
      "bytes" }, { h.control.fault { kind = "huge", bytes = 1000.5 } })
  end)
end)

describe("the control API over HTTP", function()
  local function send(h, method, path, body, changes)
    local request = { method = method, path = "/sandbox" .. path,
      headers = { ["Content-Type"] = "application/json" },
      body = body and json.encode(body) or "" }
    for name, value in pairs(changes or {}) do request[name] = value end
    return h:send(request)
  end

  it("[control-functions] sandbox control API: runs the control "
    .. "functions", function()
    local h = fixture.new():register()
    local code = h:session().json.code
    assert.is_true(send(h, "POST", "/login",
      { code = code, username = "ann" }).json.result)
    assert.is_true(send(h, "POST", "/clock", { advance = 5 }).json.result)
    assert.equal(fixture.START + 5, send(h, "GET", "/clock").json.result)
    assert.is_true(send(h, "POST", "/clock",
      { time = fixture.START }).json.result)
    assert.is_true(send(h, "POST", "/faults", { kind = "tls" }).json.result)
    assert.equal("tls", send(h, "GET", "/faults").json.result[1].kind)
    assert.is_true(send(h, "DELETE", "/faults").json.result)
    assert.is_true(send(h, "POST", "/degradation", {
      service_provider = "REF30", mvpd = "Dish", rule = "AuthNAll" })
      .json.result)
    assert.is_true(send(h, "DELETE", "/degradation").json.result)
    assert.equal("token", send(h, "GET", "/journal").json.result[2].operation)
    assert.is_true(send(h, "DELETE", "/journal").json.result)
    assert.truthy(send(h, "GET", "/statement").json.result:find "^eyJ")
    assert.truthy(send(h, "POST", "/statement",
      { service_provider = "REF40" }).json.result:find "^eyJ")
    assert.truthy(send(h, "POST", "/identity",
      { kind = "platform", subject = "x" }).json.result:find "^eyJ")
    assert.truthy(send(h, "GET", "/certificates").json.result.media
      :find "BEGIN CERTIFICATE")
    assert.equal("secret",
      send(h, "GET", "/world").json.result.viewers.ann.password)
    local snapshot = send(h, "GET", "/snapshot").json.result
    assert.is_true(send(h, "POST", "/revoke",
      { client_id = h.client.client_id }).json.result)
    assert.equal(401, h:get("/api/v2/REF30/profiles").status)
    assert.is_true(send(h, "PUT", "/snapshot", snapshot).json.result)
    assert.equal(200, h:get("/api/v2/REF30/profiles").status)
    assert.is_true(send(h, "POST", "/reset").json.result)
    assert.is_true(#send(h, "GET", "").json.result > 15)
  end)

  it("[control-says-wrong-3] sandbox control API: refuses invalid "
    .. "requests", function()
    local h = fixture.new()
    for _, case in ipairs {
      { "POST", "/login", { code = "NONE" } }, { "POST", "/faults", {} },
      { "POST", "/clock", { time = "x" } }, { "POST", "/login", { 1 } },
      { "POST", "/saml", {} }, { "POST", "/identity", {} },
      { "POST", "/statement", { application = "none" } },
      { "POST", "/statement", { scopes = 5 } },
      { "POST", "/statement", { scopes = { { 1 } } } },
      { "POST", "/degradation", { service_provider = "REF30", mvpd = "Dish",
        rule = "AuthNAll", seconds = 1e300 } },
      { "POST", "/identity", { kind = "service", subject = "x",
                               seconds = -1 } },
      { "PUT", "/snapshot", { version = 0 } },
    } do
      local response = send(h, case[1], case[2], case[3])
      assert.equal(400, response.status, case[2])
      assert.is_string(response.json.error)
    end
    assert.equal(405, send(h, "PATCH", "/journal").status)
    assert.equal(404, send(h, "GET", "/nothing").status)
    assert.equal(400, send(h, "POST", "/faults", nil,
                           { body = "{" }).status)
  end)

  it("[control-this-machine-alone] sandbox control API: accepts requests from "
    .. "loopback only", function()
    local h = fixture.new()
    local function status(changes)
      return send(h, "GET", "/clock", nil, changes).status
    end
    for _, address in ipairs { "127.0.0.1", "127.8.9.1", "::1" } do
      assert.equal(200, status { remote_addr = address })
    end
    for _, address in ipairs { "192.0.2.1", "127.0.0.1.evil.test", "",
                               "10.127.0.0.1" } do
      assert.equal(403, status { remote_addr = address }, address)
    end
    assert.equal(403, status { headers = { ["X-Forwarded-For"] = "1.1.1.1" } })
    assert.equal(403, status { headers = { Host = "evil.test" } })
    for _, host in ipairs { "localhost:8443", "127.0.0.1:1", "[::1]:8443" } do
      assert.equal(200, status { headers = { Host = host } })
    end
  end)

  it("[control-says-why-refused] sandbox control API: names the header that it "
    .. "refuses", function()
    local h = fixture.new()
    for header, value in pairs { Origin = "http://localhost:3000",
        ["Sec-Fetch-Site"] = "cross-site", Host = "evil.test",
        ["X-Forwarded-For"] = "1.1.1.1" } do
      local response = send(h, "GET", "/clock", nil, { headers = { [header] = value } })
      assert.equal(403, response.status)
      assert.matches(header, response.json.error, 1, true)
    end
    assert.matches("this machine", send(h, "GET", "/clock", nil,
      { remote_addr = "192.0.2.1" }).json.error, 1, true)
  end)

  it("[control-json-no-form-web] sandbox control API: accepts JSON only, so "
    .. "that no HTML form can use it", function()
    local h = fixture.new()
    local response = send(h, "POST", "/faults", { kind = "tls" },
      { headers = { ["Content-Type"] = "text/plain" } })
    assert.equal(400, response.status)
  end)

  it("[control-no-place-api-addresses] sandbox control API: none of Adobe's "
    .. "paths contains \"sandbox\"", function()
    for _, route in ipairs(routes.list) do
      assert.is_nil(route.path:find "sandbox")
    end
  end)
end)

describe("statement", function()
  it("[control-first-application] sandbox control: signs a statement of the "
    .. "first application that matches", function()
    local h = fixture.new()
    assert.equal(400, h:get("/api/v2/REF40/profiles/Nobody").status)
    h:register { service_provider = "REF30" }
    assert.equal("invalid_access_token_service_provider",
                 h:get("/api/v2/REF40/profiles").json.code)
    h:register { application = "adobepass-sandbox-legacy-app" }
    assert.equal(401, h:get("/api/v2/REF30/profiles").status)
    assert.is_nil(h.control.statement { service_provider = "NOBODY" })
  end)
end)
