--- Strict mode over HTTPS: requests that curl sends to nginx.
local child_process = require "spec.support.child_process"
local curl_host = require "spec.sandbox.curl_host"
local http_date = require "adobepass.util.http_date"
local json = require "adobepass.util.json"
local shell = require "adobepass.util.shell"

-- curl sends the requests to nginx, so one Lua is enough.
if child_process.interpreter() ~= "lua5.4" then return end

local PROFILES = "/api/v2/REF30/profiles"
local FORM, JSON = curl_host.FORM, curl_host.JSON

describe("sandbox host", function()
  local h, running, curl, api, control, register, token

  setup(function()
    h = curl_host.start { throttle = false }
    running, curl, api, control = h.running, h.curl, h.api, h.control
    register, token = h.register, h.token
  end)
  teardown(function() h.stop() end)

  it("[strict-host-no-store] sandbox: responses of registration and token "
    .. "forbid caching", function()
    local registered = register()
    assert.equal(201, registered.status)
    assert.equal("no-store", registered.headers["cache-control"])
    local issued = token(registered.json)
    assert.equal(201, issued.status)
    assert.equal("no-store", issued.headers["cache-control"])
    local refused = token { client_id = "x", client_secret = "y" }
    assert.equal("no-store", refused.headers["cache-control"])
  end)

  it("[strict-host-http2-body] sandbox: reads an HTTP/2 body without "
    .. "Content-Length", function()
    local body = json.encode { software_statement = running.statement }
    for _, version in ipairs { "--http2", "--http1.1" } do
      local output = shell.read("printf %s " .. shell.quote(body) .. " | "
        .. shell.line("curl", "-s", version, "--cacert", running.ca, "-X",
          "POST", "-H", JSON, "-H", "Content-Length:", "-T", "-",
          api "/o/client/register"))
      assert.truthy((json.decode(output) or {}).client_id, output)
    end
  end)

  it("[strict-host-401-405] sandbox: sends 401 and 405 as JSON", function()
    local response = curl(api(PROFILES))
    assert.same({ 401, 401, "Bearer" }, { response.status,
      response.json.status, response.headers["www-authenticate"] })
    response = curl("-X", "PUT", api(PROFILES))
    assert.same({ 405, 405, "GET, HEAD" }, { response.status, response.json.status,
      response.headers.allow })
  end)

  it("[strict-host-reset-empty] sandbox: sends 401 and 403 of a reset without "
    .. "a body", function()
    local path = running.mgmt .. "/reset-tempass/v3/reset"
      .. "?requestor_id=REF30&mvpd_id=TempPass"
    local response = curl("-X", "DELETE", path)
    assert.same({ 401, "" }, { response.status, response.body })
    local credentials = register().json
    local bearer = h.bearer(credentials)
    assert.equal(204, curl("-X", "DELETE", "-H", bearer, path).status)
    control("revoke", { client_id = credentials.client_id })
    response = curl("-X", "DELETE", "-H", bearer, path)
    assert.same({ 403, "" }, { response.status, response.body })
  end)

  it("[strict-host-head] sandbox: a HEAD response has the headers of "
    .. "GET", function()
    local device = h.device "curl-device"
    local get = curl(device, api(PROFILES))
    local head = curl("-I", device, api(PROFILES))
    assert.same({ 200, 200, "" }, { get.status, head.status, head.body })
    assert.equal(get.headers["content-length"],
                 head.headers["content-length"])
    assert.equal(200, curl("-I", api "/activate").status)
  end)

  it("[strict-host-cors] sandbox: only the API supports CORS preflights and "
    .. "foreign origins", function()
    local origin = { "-H", "Origin: https://app.example" }
    local preflight = { "-X", "OPTIONS", "-H",
                        "Access-Control-Request-Method: POST" }
    local response = curl(preflight, origin, api "/api/v2/REF30/sessions")
    assert.equal(204, response.status)
    assert.equal("https://app.example",
                 response.headers["access-control-allow-origin"])
    assert.equal("true", response.headers["access-control-allow-credentials"])
    assert.equal("POST,GET,OPTIONS,DELETE",
                 response.headers["access-control-allow-methods"])
    assert.truthy(response.headers["access-control-allow-headers"]
      :find("AP-Device-Identifier", 1, true))
    assert.truthy(response.headers["access-control-expose-headers"]
      :find("Authzf-Error-Code", 1, true))
    response = curl(origin, api(PROFILES))
    assert.equal("https://app.example",
                 response.headers["access-control-allow-origin"])
    for _, url in ipairs { api "/activate", running.control .. "/sandbox/",
        running.mgmt .. "/reset-tempass/v3/reset" } do
      for name in pairs(curl(origin, url).headers) do
        assert.is_nil(name:match "^access%-control")
      end
    end
  end)

  it("[strict-host-date] sandbox: moving the clock changes Date and expires a "
    .. "code", function()
    local device = h.device "curl-device"
    local code = curl(device, "-H", FORM, "-d", "mvpd=Dish",
      api "/api/v2/REF30/sessions").json.code
    local before = http_date.parse(curl(api(PROFILES)).headers.date)
    control("clock", { advance = 86400000 * 40 })
    local moved = http_date.parse(curl(api(PROFILES)).headers.date) - before
    assert.is_true(moved >= 86400 * 40 and moved < 86400 * 40 + 30, moved)
    local login = control("login", { code = code, username = "ann" })
    assert.same({ error = "invalid 'code': expected an open session, but the code \""
      .. code .. "\" is expired", field = "code" }, login.json)
    control("reset")
  end)

  it("[strict-host-foreign-page] sandbox: a foreign page cannot reach the "
    .. "control API", function()
    local url = running.control .. "/sandbox/reset"
    assert.equal(200, curl("-H", JSON, "-d", "", url).status)
    for _, header in ipairs { "Origin: https://evil.example", "Origin: null",
        "Sec-Fetch-Site: cross-site", "Sec-Fetch-Site: same-site",
        "Host: evil.example", "Origin: " .. running.api } do
      assert.equal(403, curl("-H", JSON, "-H", header, "-d", "", url).status,
                   header)
    end
    for _, kind in ipairs { "Content-Type: text/plain", "Content-Type:",
                            FORM } do
      assert.equal(400, curl("-H", kind, "-X", "POST", url).status, kind)
      assert.equal(400, curl("-H", kind, "-d", "{}", url).status, kind)
    end
  end)
end)
