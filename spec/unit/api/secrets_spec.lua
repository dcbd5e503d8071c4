--- Errors do not repeat what a request says about the device and its viewer.

local adobepass = require "adobepass"
local core = require "adobepass.core"
local json = require "adobepass.util.json"
local operation_setup = require "spec.support.operation_setup"
local request = require "adobepass.api.request"
local scripted_transport = require "spec.support.scripted_transport"

local function base64url_json(value)
  return core.base64.url_encode(json.encode(value))
end

local HASH = core.digest.hex(core.digest.sha256 "ann@example.com")
local TOKEN = base64url_json { alg = "RS256" } .. "."
  .. base64url_json { sub = "viewer-4711@example.com" } .. ".c2ln"

-- Returns the error response of a server that says `message`.
local function failure(message)
  return { status = 400, body = json.encode { code = "x", message = message,
    action = "none" } }
end

-- Returns a client to which the server responds with `response`.
local function client_of(response, changes)
  local given = { service_provider = "REF30", environment = "release-staging",
    software_statement = TOKEN,
    transport = scripted_transport.adobe(response),
    device = { id = "DEVICE-id-0001", info = operation_setup.INFO } }
  for name, value in pairs(changes or {}) do given[name] = value end
  return adobepass.new(given)
end

local function device(changes)
  local given = { id = "DEVICE-id-0001", info = operation_setup.INFO }
  for name, value in pairs(changes) do given[name] = value end
  return { device = given }
end

local function profiles(client) return select(2, client:profiles()) end

local info = { connectionIp = "192.168.10.20" }
for name, value in pairs(operation_setup.INFO) do info[name] = value end

-- Identifiers that a request sends encoded, in a list, or that are short: the
-- identifier, the client's options, and the call, which returns an error.
local IDENTIFIERS = {
  { "a device of unlink_devices", "TV-9f81c2-77", {}, function(client)
    return select(2, client:unlink_devices(TOKEN, { "TV-0", "TV-9f81c2-77" }))
  end },
  { "the code of check_code", "AB12CD3", {}, function(client)
    return select(2, client:check_code "AB12CD3")
  end },
  { "the code of resume_login", "AB12CD3", {}, function(client)
    return select(2, client:resume_login { code = "AB12CD3", mvpd = "Dish" })
  end },
  { "a short SSO id", "user-42", {}, function(client)
    return select(2, client:get_service_token { sso_id = "user-42" })
  end },
  { "the user of a TempPass", HASH, {}, function(client)
    local pass = client:temporary_access { mvpd = "Flex", user = { email = HASH } }
    return select(2, pass:authorize "CNN")
  end },
  { "the provider in the partner's status", "provider-77", { identity = {
    partner_status = { frameworkProviderInfo = { id = "provider-77" } } } }, profiles },
  { "the subject of a service token", "viewer-4711@example.com",
    { identity = { service_token = TOKEN } }, profiles },
  { "the address in the device info", info.connectionIp, device { info = info },
    profiles },
  { "a short address", "9.8.7.6", device { ip = "9.8.7.6" }, profiles },
  { "a short device id", "tv-0042", device { id = "tv-0042" }, profiles },
}

describe("secrets of a request", function()
  for _, case in ipairs(IDENTIFIERS) do
    it("[secrets-identifiers] error: does not contain " .. case[1], function()
      local response = failure("Unknown: " .. case[2] .. ".")
      local err = case[4](client_of(response, case[3]))
      assert.equal("Unknown: [redacted].", err.message)
      assert.is_nil(tostring(err):find(case[2], 1, true))
    end)
  end

  it("[secrets-decision-identifiers] decision: its error contains no user of a "
    .. "TempPass, device or address", function()
    local response = { status = 200, body = json.encode { decisions = { {
      resource = "CNN", authorized = false, error = { code = "y", action = "none",
        message = HASH .. " of DEVICE-id-0001 at 192.168.10.20." } } } } }
    local pass = client_of(response, device { info = info })
      :temporary_access { mvpd = "Flex", user = { email = HASH } }
    assert.equal("[redacted] of [redacted] at [redacted].",
      assert(pass:authorize "CNN").error.message)
  end)

  it("[secrets-spellings] error: does not contain a secret in another spelling",
    function()
    local saml = "PHNhbWw/YW5uP+/YW5uPw=="
    local plain = saml:gsub("=", "")
    local function lower(digits) return digits:lower() end
    for _, text in ipairs { saml, plain, (saml:gsub("/", "\\/")),
      (plain:gsub("/", "\\/")), request.escape(saml), request.escape(plain),
      (request.escape(saml):gsub("%%%x%x", lower)) } do
      local client = client_of(failure("Not " .. text .. " here"))
      local _, err = client.api:partner_profile { partner = "Apple",
        saml_response = saml }
      assert.equal("Not [redacted] here", err.message)
    end
    local client = client_of(failure("Not " .. saml:sub(1, 9) .. "\n" .. saml:sub(10)))
    local _, err = client.api:partner_profile { partner = "Apple",
      saml_response = saml }
    assert.equal("[redacted]", err.message)
  end)

  it("[secrets-request-content] client:request: its errors do not contain values of "
    .. "the query, the body and the headers", function()
    local SECRET = "hunter2 + MARK"
    local requests = { { path = "/x/y?user=hunter2+%2B%20MARK" },
      { path = "/x/y", query = { a = "b", user = { "1", SECRET } } },
      { path = "/x/y", headers = { ["X-Api-Key"] = SECRET, accept = "text/html" } },
      { path = "/x/y", method = "POST", body = { a = { 7, { b = SECRET } } } },
      { path = "/x/y", method = "POST", body = "a=b&c=hunter2+%2B+MARK" },
      { path = "/x/y", method = "POST", body = SECRET } }
    for index, given in ipairs(requests) do
      given.base = "api"
      local client = client_of(failure(SECRET .. ", text/html, b."))
      local _, err = client:request(given)
      assert.equal("[redacted], text/html, b.", err.message, index)
    end
    local client = client_of(failure "Phone 15551234567, card 1234567890123456")
    local _, err = client:request { base = "api", path = "/x", method = "PUT",
      body = { phone = 15551234567, card = 1234567890123456 } }
    assert.equal("Phone [redacted], card [redacted]", err.message)
  end)

  it("[secrets-added-headers] on_request: errors do not contain the headers that it "
    .. "added", function()
    local client = client_of(failure "Key API-key-99 is not allowed", {
      on_request = function(details) details.headers["X-Api-Key"] = "API-key-99" end })
    assert.equal("Key [redacted] is not allowed", profiles(client).message)
  end)

  it("[secrets-short-words] error: keeps words that contain a short identifier, "
    .. "and codes and actions that equal one", function()
    local response = failure "tv1 TV tv tvs 2tv _tv tv_ tv."
    assert.equal("tv1 TV [redacted] tvs 2tv _tv tv_ [redacted].",
      profiles(client_of(response, device { id = "tv" })).message)
    response = { status = 400, body = json.encode { code = "timeout", action = "retry",
      message = "m" } }
    local client = client_of(response, { retry = { attempts = 1 } })
    for _, code in ipairs { "timeout", "retry" } do
      local _, err = client:check_code(code)
      assert.same({ "timeout", "retry" }, { err.code, err.action })
    end
  end)
end)
