--- Bytes of a client that are not UTF-8: every response remains valid JSON.
local core = require "adobepass.core"
local fixture = require "spec.sandbox.fixture"
local json = require "adobepass.util.json"
local text = require "adobepass.util.text"

local LATIN_1 = "caf\233"
-- A device identifier that is a digest, not text.
local DIGEST = core.digest.sha256 "hardware"
local DEVICE = { ["AP-Device-Identifier"] =
  "fingerprint " .. core.base64.encode(DIGEST) }

-- Sends a request to the control API, and requires a response in UTF-8.
local function control(h, method, name, body)
  local response = h:send { method = method, path = "/sandbox/" .. name,
    headers = { ["Content-Type"] = "application/json" }, body = body }
  assert.equal(200, response.status, response.body)
  assert.equal(response.body, text.to_utf8(response.body))
  return response.json.result
end

describe("sandbox text", function()
  it("[invalid-text-journal] sandbox journal: replaces bytes that are not UTF-8 over "
    .. "HTTP", function()
    local h = fixture.new()
    h:post_json("/api/v2/REF30/decisions/authorize/Dish", "\31\139\8",
      { ["User-Agent"] = LATIN_1 })
    local entries = control(h, "GET", "journal")
    local entry = entries[#entries]
    assert.equal("caf\239\191\189", entry.headers["user-agent"])
    assert.equal("\31\239\191\189\8", entry.body)
  end)

  it("[invalid-text-session] sandbox: replaces bytes of User-Agent that are not "
    .. "UTF-8", function()
    local h = fixture.new()
    local code = h:session({}, { ["User-Agent"] = LATIN_1 }).json.code
    local response = h:get("/api/v2/REF30/sessions/" .. code)
    assert.equal("caf\239\191\189", response.json.device.browser.originalUserAgent)
  end)

  it("[invalid-text-body] sandbox: refuses a JSON body that is not UTF-8 with the "
    .. "operation's error", function()
    local h = fixture.new()
    local response = h:authorize("Dish", { LATIN_1 })
    assert.same({ 400, "invalid_parameter_resources" },
      { response.status, response.json.code })
    response = h:get("/api/v2/REF30/profiles",
      { ["X-Device-Info"] = fixture.encode { model = LATIN_1 } })
    assert.same({ 400, "invalid_header_device_info" },
      { response.status, response.json.code })
  end)

  it("[invalid-text-device] sandbox SSO Service: lists a device identifier that is "
    .. "not UTF-8 in base64", function()
    local h = fixture.new()
    local function post(path, headers, body)
      for name, value in pairs(DEVICE) do headers[name] = value end
      return h:post_json(path, body or {}, headers).json
    end
    local token = post("/api/REF30/serviceToken", { ["X-SSO-ID"] = "a" }).serviceToken
    local function list()
      return h:get("/api/REF30/list", { ["AD-Service-Token"] = token }).json.devices
    end
    local name = core.base64.encode(DIGEST)
    assert.equal("SetTopBox", list()[name].deviceType)
    assert.same({ name }, post("/api/REF30/unlink",
      { ["AD-Service-Token"] = token }, { devices = { name } }).unlinkedDevices)
    assert.same({}, list())
  end)

  it("[invalid-text-snapshot] sandbox snapshot: keeps bytes that are not UTF-8 over "
    .. "HTTP", function()
    local h = fixture.new()
    h.device = DIGEST
    h:log_in "ann"
    local before = control(h, "GET", "snapshot")
    h.control.reset()
    assert.is_true(control(h, "PUT", "snapshot", json.encode(before)))
    assert.truthy(h:get("/api/v2/REF30/profiles").json.profiles.Cablevision)
    h.device = "base64:YQ=="
    h:log_in "ann"
    control(h, "PUT", "snapshot", json.encode(control(h, "GET", "snapshot")))
    assert.truthy(h:get("/api/v2/REF30/profiles").json.profiles.Cablevision)
  end)
end)
