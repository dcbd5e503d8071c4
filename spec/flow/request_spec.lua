--- client:request: other APIs of Adobe with the managed access token.

local assert_client_error = require "spec.support.assert_client_error"
local assert_raises = require "spec.support.assert_raises"
local json = require "adobepass.util.json"
local operation_setup = require "spec.support.operation_setup"
local timeline = require "spec.support.timeline"

local REPORT = '{"report":[{"month":"7","clients":"466"}]}'
local RESET = { base = "mgmt", method = "DELETE", path = "/reset-tempass/v3/reset",
  query = { requestor_id = "REF30", mvpd_id = "TempPass", device_id = "tv 1" } }

describe("client:request", function()
  local scenario

  -- Responds to the requests of client:request; the sandbox responds to all others.
  -- `respond` gets the request, and how many there were.
  local function start(respond, options)
    scenario = timeline.new(options)
    local count = 0
    scenario:set_responder(function(request, operation)
      if operation ~= "other" then return nil end
      count = count + 1
      return respond and respond(request, count)
    end)
    return scenario.client
  end

  -- Returns the last request of client:request, and how many there were.
  local function sent()
    local last, count = nil, 0
    for _, entry in ipairs(scenario.requests) do
      if entry.operation == "other" then last, count = entry.request, count + 1 end
    end
    return last, count
  end

  local function ok() return { body = "{}" } end

  local function esm(changes)
    local given = { base = "mgmt", path = "/esm/v3/media-company/year/month" }
    for name, value in pairs(changes or {}) do given[name] = value end
    return given
  end

  it("[request-esm] client:request: gets an ESM report with the access token from "
    .. "the management host", function()
    local client = start(function()
      return { body = REPORT, headers = { ["content-type"] = "application/json",
        ["last-modified"] = "Mon, 20 Jul 2026 00:00:00 GMT" } }
    end)
    local response = assert(client:request(esm {
      query = { ["requestor-id"] = "REF30", start = "2026-07-01T00:00:00",
        mvpd = { "A B", "C&D" }, limit = 5, all = true } }))
    assert.same({ 200, REPORT, "466", "Mon, 20 Jul 2026 00:00:00 GMT" },
      { response.status, response.body, response.json.report[1].clients,
        response.headers["last-modified"] })
    local request = sent()
    assert.equal("https://mgmt.test/esm/v3/media-company/year/month?all=true&limit=5"
      .. "&mvpd=A%20B&mvpd=C%26D&requestor-id=REF30&start=2026-07-01T00%3A00%3A00",
      request.url)
    assert.equal("GET", request.method)
    assert.is_true(#request.bearer:reveal() > 10)
    assert.same({ Accept = "application/json" }, request.headers)
  end)

  it("[request-link] client:request: follows a link of a report, which has a "
    .. "query", function()
    local client = start(ok)
    assert(client:request(esm { path = "/esm/v3/year?start=2026", query = { a = 1 } }))
    assert.equal("https://mgmt.test/esm/v3/year?start=2026&a=1", (sent()).url)
  end)

  it("[request-degradation] client:request: sends a degradation rule as JSON or as "
    .. "a form", function()
    local client = start(ok)
    assert(client:request { base = "mgmt", method = "POST", path = "/control/v3/x",
      body = { ttl = 3600 } })
    assert.same({ '{"ttl":3600}', "application/json" },
      { (sent()).body, (sent()).headers["Content-Type"] })
    assert(client:request { base = "mgmt", method = "POST", path = "/control/v3/x",
      body = "ttl=3600",
      headers = { ["content-type"] = "text/x", accept = "text/csv" } })
    assert.same({ "ttl=3600", "text/x", "text/csv" },
      { (sent()).body, (sent()).headers["content-type"], (sent()).headers.accept })
    assert.is_nil((sent()).headers.Accept)
  end)

  it("[request-sandbox] client:request: the sandbox receives the path, the query "
    .. "and the management credentials' token", function()
    scenario = timeline.new()
    local own = scenario:new_client {
      management = { software_statement = scenario.statement } }
    assert.equal(204, assert(own:request(RESET)).status)
    assert(own:profiles())
    local reset, profiles = scenario:received "reset_temp_pass",
      scenario:received "profiles"
    assert.same({ 1, 204 }, { #reset, reset[1].status })
    assert.matches("^Bearer %S+$", reset[1].headers.authorization)
    assert.are_not.equal(reset[1].headers.authorization,
      profiles[1].headers.authorization)
    assert.equal(2, #scenario:received "register")
    assert.equal("device_id=tv%201&mvpd_id=TempPass&requestor_id=REF30",
      reset[1].query)
  end)

  it("[request-api-base] client:request: a request to the API host has the "
    .. "viewer application's token", function()
    scenario = timeline.new()
    local client = scenario:new_client {
      management = { software_statement = scenario.statement } }
    assert(client:profiles())
    local headers = {}
    for name, value in pairs(scenario.requests[#scenario.requests].request.headers) do
      headers[name] = value
    end
    local response = assert(client:request { base = "api", headers = headers,
      path = "/api/v2/REF30/profiles" })
    assert.same({}, response.json.profiles)
    local list = scenario:received "profiles"
    assert.equal(list[1].headers.authorization, list[2].headers.authorization)
    assert.equal(1, #scenario:received "register")
  end)

  it("[request-other-origin] client:request: refuses a path that names another "
    .. "origin, before any request", function()
    local client = start(ok)
    for _, path in ipairs { "https://evil.test/esm", "http://mgmt.test/esm",
      "//evil.test/esm", "\\\\evil.test/esm", "/\\evil.test/esm", "ftp:x",
      "HTTPS://mgmt.test" } do
      local err = assert_client_error("foreign_url",
        client:request(esm { path = path }))
      assert.equal("none", err.action)
    end
    assert.same({}, scenario.requests)
  end)

  it("[request-bad-path] client:request: returns an error for a path that cannot be "
    .. "sent", function()
    local client = start(ok)
    for _, path in ipairs { "", "esm", "@evil.test/", ":443/", ".evil.test/", "?a",
      "/a b", "/a\nb", "/a#b", "/a\\b", "/a/../b", "/./a", "/a/..", "/%2e%2E/a",
      "/.%2e/a", "/ñ", "/a\0b", "/a?b c" } do
      assert_client_error("invalid_parameter_path",
        client:request(esm { path = path }))
    end
    assert_client_error("invalid_parameter_body", client:request { base = "mgmt",
      method = "POST", path = "/a", body = { f = print } })
    assert.same({}, scenario.requests)
  end)

  it("[request-no-authorization] client:request: a header that the client sets, and "
    .. "other usage errors, raise at the caller's line", function()
    local client = start(ok)
    for _, row in ipairs {
      { "may not be set", { headers = { Authorization = "Bearer x" } } },
      { "may not be set", { headers = { aUTHORIZATION = "Bearer x" } } },
      { "may not be set", { headers = { ["Proxy-Authorization"] = "x" } } },
      { "may not be set", { headers = { Host = "evil.test" } } },
      { "may not be set", { headers = { ["Content-Length"] = "5" } } },
      { "control characters", { headers = { Accept = "a\r\nAuthorization: x" } } },
      { "control characters", { headers = { Accept = 5 } } },
      { "from name to value", { headers = { "Accept" } } },
      { "from name to value", { headers = { ["A:"] = "b" } } },
      { "query parameter 'a'", { query = { a = print } } },
      { "query parameter 'a'", { query = { a = { {} } } } },
      { "query should be a table from", { query = { "a" } } },
      { "base should be api or mgmt", { base = "https://evil.test" } },
      { "method should be", { method = "TRACE" } },
      { "method should be", { method = "get" } },
      { "has no body", { body = "x" } },
      { "timeout should be", { timeout = 0 } },
      { "unknown option 'metod': did you mean 'method'?", { metod = "GET" } },
      { "path should be a string", { path = 5 } },
    } do
      assert_raises(row[1], function()
        local result = client:request(esm(row[2]))
        return result
      end)
    end
    assert.same({}, scenario.requests)
  end)

  it("[request-retry-idempotent] client:request: retries a failed request only if "
    .. "its method is idempotent", function()
    for method, wanted in pairs { GET = 3, HEAD = 3, PUT = 3, DELETE = 3,
      OPTIONS = 3, POST = 1, PATCH = 1 } do
      local client = start(function() return { error = "connection_lost" } end)
      local err = assert_client_error("connection_lost",
        client:request { base = "mgmt", method = method, path = "/esm/v3" })
      assert.equal("request:esm", err.operation)
      local request, count = sent()
      assert.equal(wanted, count, method)
      assert.equal(wanted == 1 or nil, request.fresh)
    end
    local client = start(function() return { status = 503 } end)
    assert_client_error("http_503", client:request(esm { once = true }))
    assert.equal(1, select(2, sent()))
  end)

  it("[request-deadline] client:request: keeps one timeout over its retries",
    function()
      local before
      local client = start(function(request)
        assert.is_true(scenario.driver.now() + request.timeout <= before + 10.001)
        scenario.driver.sleep(6)
        return { error = "connection_lost" }
      end)
      before = scenario.driver.now()
      assert_client_error("connection_lost", client:request(esm { timeout = 10 }))
      assert.equal(2, select(2, sent()))
    end)

  it("[request-rate-limit] client:request: counts for the rate limit, and waits "
    .. "after a 429", function()
    local client = start(ok, { rate_limit = { rate = 1, burst = 10 }, timeout = 60 })
    for _ = 1, 14 do assert(client:request(esm())) end
    local times = scenario:request_times "other"
    -- Two of the burst's ten are the registration and the token request.
    assert.is_true(times[8] - times[1] < 0.01)
    for index = 10, 14 do assert.near(1, times[index] - times[index - 1], 0.01) end
    client = start(function(_, count)
      return count == 1 and { status = 429, headers = { ["retry-after"] = "7" } }
        or ok()
    end, { rate_limit = { rate = 1, burst = 10 } })
    assert(client:request(esm()))
    times = scenario:request_times "other"
    assert.is_true(times[2] - times[1] >= 7)
  end)

  it("[request-refresh] client:request: renews a refused access token once",
    function()
      local seen = {}
      local client = start(function(request, count)
        seen[count] = request.bearer:reveal()
        return count == 1 and { status = 401 } or ok()
      end)
      assert(client:request(esm()))
      assert.are_not.equal(seen[1], seen[2])
      assert.equal(2, #scenario:request_times "token")
    end)

  it("[request-keeps-credentials] client:request: a refusal of another API never "
    .. "registers the viewer's application again", function()
    for _, base in ipairs { "api", "mgmt" } do
      local client = start(function()
        return { status = 401, body = { action = "application-registration",
          code = "invalid_access_token_client_application" } }
      end)
      assert_client_error("invalid_access_token_client_application",
        client:request { base = base, path = "/other/v1" })
      assert.equal(1, #scenario:request_times "register")
    end
  end)

  it("[request-redacted] client:request: no error and no event repeats the token or "
    .. "a header's value", function()
    local events = {}
    local client = start(function(request)
      return { status = 403, body = { code = "denied", action = "none",
        message = "No " .. request.bearer:reveal(),
        details = "Key " .. request.headers["X-Api-Key"] } }
    end, { on_event = function(event) events[#events + 1] = event end })
    local err = assert_client_error("denied",
      client:request(esm { headers = { ["X-Api-Key"] = "my-secret-key" } }))
    assert.equal("No [redacted]", err.message)
    assert.equal("Key [redacted]", err.details)
    local text = json.encode(events) .. tostring(err)
    assert.is_nil(text:find("my-secret-key", 1, true))
    assert.truthy(text:find('"operation":"request:esm"', 1, true))
  end)

  it("[request-no-json] client:request: returns a body that is not JSON as text",
    function()
      local client = start(function()
        return { body = "year,month\n", headers = { ["content-type"] = "text/csv" } }
      end)
      local response = assert(client:request(esm()))
      assert.same({ "year,month\n" }, { response.body, response.json })
    end)

  it("[request-device] client:request: works from the view of a device",
    function()
      local client = start(ok):device { id = "two", info = operation_setup.INFO }
      assert(client:request(esm()))
    end)
end)
