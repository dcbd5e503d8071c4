--- Any request gets a response and never raises a Lua error.
local core = require "adobepass.core"
local fixture = require "spec.sandbox.fixture"
local json = require "adobepass.util.json"
local seeded_random = require "spec.fault.seeded_random"
local routes = require "adobepass.sandbox.engine.routes"

local JUNK = {
  "", " ", "/", "//", "..", "%", "%2", "%zz", "%00", "%2F", "\0", "\255\254",
  "a=b&c", "{}", "[]", "null", "{\"resources\":", "<script>", "' or 1=1--",
  ("x"):rep(5000), ("%41"):rep(500), ("["):rep(2000), "REF30", "Cablevision",
  "all", "é", "-1", "1e999", "true",
}

local function is_header(header)
  return type(header[1]) == "string" and type(header[2]) == "string"
    and not (header[1] .. header[2]):find "[\r\n%z]"
end

-- luassert's functions would take half of the time of this spec.
local function check(h, request)
  local response = h.sandbox:handle(request)
  assert(type(response) == "table")
  assert(type(response.status) == "number")
  assert(type(response.body) == "string")
  for _, header in ipairs(response.headers) do
    if not is_header(header) then error("invalid header " .. json.encode(header)) end
  end
  return response
end

-- Asserts that no request caused an error in the engine: it would respond with
-- internal_server_error and record the cause in the journal.
local function no_failure(h)
  for _, entry in ipairs(h.sandbox.state.journal) do
    assert(entry.failure == nil, entry.failure)
  end
end

describe("a hostile request", function()
  it("[sandbox-hostile-may-no-request] sandbox: survives a value that is not a "
    .. "request", function()
    local h = fixture.new()
    for _, request in ipairs { {}, 5, "x", true,
        { method = {}, path = 5, headers = "x", body = {}, query = 1 },
        { headers = { [1] = "x", a = {}, B = "c" } } } do
      check(h, request)
    end
    check(h, nil)
    no_failure(h)
  end)

  it("[sandbox-hostile-may-any-path] sandbox: survives any path", function()
    local h = fixture.new()
    for _, malformed in ipairs(JUNK) do
      for _, method in ipairs { "GET", "POST", "DELETE", "", "BREW" } do
        for _, path in ipairs { malformed, "/" .. malformed, "/api/v2/"
          .. malformed,
            "/api/v2/REF30/profiles/" .. malformed, "/sandbox/" .. malformed,
            "/api/v2/" .. malformed .. "/profiles/code/" .. malformed,
            "/api/v2/authenticate/" .. malformed .. "/" .. malformed } do
          check(h, { method = method, path = path, query = malformed,
                     headers = h:headers(), body = malformed,
                     remote_addr = "127.0.0.1" })
        end
      end
    end
    no_failure(h)
  end)

  it("[sandbox-hostile-bad-escape-400] sandbox: refuses a malformed escape "
    .. "with 400", function()
    local h = fixture.new()
    assert.equal(400, check(h, {
      method = "GET", path = "/api/v2/%zz/profiles" }).status)
  end)

  it("[sandbox-hostile-may-any-header] sandbox: survives any "
    .. "header", function()
    local h = fixture.new()
    for _, malformed in ipairs(JUNK) do
      for _, name in ipairs { "authorization", "ap-device-identifier",
          "x-device-info", "ap-temppass-identity", "ad-service-token",
          "adobe-subject-token", "ap-partner-framework-status",
          "x-forwarded-for", "content-type", "x-sso-link", "host" } do
        for _, value in ipairs { malformed, "fingerprint " .. malformed,
            "Bearer " .. malformed, core.base64.encode(malformed) } do
          check(h, { method = "GET",
            path = "/api/v2/REF30/profiles/flexibleTempPass",
            headers = h:headers { [name] = value } })
        end
      end
    end
    no_failure(h)
  end)

  it("[sandbox-hostile-may-any-body] sandbox: survives any body", function()
    local h = fixture.new()
    for _, route in ipairs(routes.list) do
      if route.method == "POST" then
        local path = route.path:gsub("{sp}", "REF30")
          :gsub("{mvpd}", "Cablevision"):gsub("{partner}", "Apple")
        for _, malformed in ipairs(JUNK) do
          for _, media in ipairs { "application/json",
              "application/x-www-form-urlencoded", "text/plain" } do
            check(h, { method = "POST", path = path, body = malformed,
                       headers = h:headers { ["content-type"] = media } })
          end
        end
      end
    end
    no_failure(h)
  end)

  it("[sandbox-hostile-json-shape] sandbox: survives JSON of any "
    .. "shape", function()
    local h = fixture.new()
    h:register()
    local shapes = { 1, "x", true, json.null, json.array {}, {}, { {} },
                     { a = { b = { c = json.null } } } }
    local names = { "resources", "devices", "software_statement",
                    "redirect_uri", "code", "kind", "count", "mvpd" }
    for _, shape in ipairs(shapes) do
      local body = {}
      for _, name in ipairs(names) do body[name] = shape end
      for _, path in ipairs { "/o/client/register", "/api/REF30/unlink",
          "/api/v2/REF30/decisions/authorize/Dish", "/sandbox/login",
          "/sandbox/faults", "/sandbox/revoke", "/sandbox/degradation",
          "/sandbox/clock", "/sandbox/statement", "/sandbox/identity",
          "/sandbox/saml" } do
        check(h, { method = "POST", path = path, body = json.encode(body),
          headers = h:headers { ["content-type"] = "application/json" },
          remote_addr = "127.0.0.1" })
      end
    end
    no_failure(h)
  end)

  it("[sandbox-hostile-leaves-memory] sandbox: its state can be encoded as "
    .. "JSON after hostile requests", function()
    local h = fixture.new()
    local deep = ('{"a":'):rep(60) .. "1" .. ("}"):rep(60)
    local result = h:session(nil, {
      ["X-Device-Info"] = core.base64.encode(deep),
      ["X-Forwarded-For"] = "\255\254" })
    assert.equal(200, result.status)
    assert.is_string(json.encode(h.control.snapshot()))
  end)

  it("[sandbox-hostile-may-huge] sandbox: survives huge "
    .. "requests", function()
    local h = fixture.new()
    local big = ("x"):rep(2 * 1024 * 1024)
    assert.equal(413, check(h, { method = "POST",
      path = "/o/client/register", body = big }).status)
    check(h, { method = "GET", path = "/" .. big })
    check(h, { method = "GET", path = "/api/v2/REF30/profiles",
               headers = { authorization = "Bearer " .. big } })
    no_failure(h)
  end)

  -- With a pattern that takes quadratic or cubic time, each of these requests takes
  -- minutes to hours: .ci/spec_file would end this file at its time limit.
  it("[sandbox-hostile-slow-patterns] sandbox: processes malformed MRSS and SAML "
    .. "in linear time", function()
    local h = fixture.new()
    h:log_in("kim", "Cablevision")
    for _, open in ipairs { "<title>", "<media:rating>", "<media:rating " } do
      local resource = open .. (" "):rep(8191 - #open) .. "x"
      local response = h:authorize("Cablevision", { resource })
      assert.is_true(response.json.decisions[1].authorized, open)
    end
    local saml = core.base64.encode(("<samlp:Response "):rep(40000))
    local response = h:post_form("/api/v2/REF30/profiles/sso/Apple",
      { SAMLResponse = saml },
      { ["AP-Partner-Framework-Status"] = h:partner_status() })
    assert.equal("invalid_parameter_saml_response", response.json.code)
    no_failure(h)
  end)

  it("[sandbox-hostile-cannot-inject] sandbox: a redirect URL cannot inject a "
    .. "header", function()
    local h = fixture.new()
    for _, url in ipairs { "https://a.test/\r\nX-Bad: 1", "https://a\0b" } do
      assert.equal(400, h:session { redirectUrl = url }.status)
    end
  end)

  it("[sandbox-hostile-seeded-die] sandbox: survives pseudorandom "
    .. "requests", function()
    local count = seeded_random.choose_count(300, 3000)
    local roll = fixture.random(20251115 + seeded_random.before_first(1))
    local function pick(list)
      local a, b = roll(2):byte(1, 2)
      return list[(a * 256 + b) % #list + 1]
    end
    local h = fixture.new { random = fixture.random(9) }
    local code = h:session().json.code
    local parts = { "REF30", "REF40", "Cablevision", "TempPass", "Apple",
                    code, "code", "sso" }
    for _, malformed in ipairs(JUNK) do parts[#parts + 1] = malformed end
    for _ = 1, count do
      local route = pick(routes.list)
      local path = route.path:gsub("{%w+}", function() return pick(parts) end)
      local headers = h:headers()
      headers[pick { "x-device-info", "ap-device-identifier", "x-sso-id",
                     "ad-service-token", "x-nothing" }] = pick(JUNK)
      headers["content-type"] = pick { "application/json",
                                       "application/x-www-form-urlencoded" }
      check(h, { method = pick { route.method, "GET", "POST" }, path = path,
                 query = "mvpd_id=" .. pick(parts) .. "&requestor_id=REF30",
                 headers = headers, body = pick { pick(JUNK), roll(40),
                   '{"resources":["' .. pick { "A", "B" } .. '"]}',
                   "mvpd=" .. pick(parts) } })
    end
    no_failure(h)
  end)
end)
