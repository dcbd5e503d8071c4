--- Operations 1 and 2: statements, credentials, tokens.
local core = require "adobepass.core"
local fixture = require "spec.sandbox.fixture"
local json = require "adobepass.util.json"
local jws = require "adobepass.util.jws"

local function register(h, body, headers)
  return h:send {
    method = "POST", path = "/o/client/register",
    headers = headers or { ["Content-Type"] = "application/json" },
    body = type(body) == "string" and body or json.encode(body),
  }
end

local function token(h, body, headers)
  return h:send {
    method = "POST", path = "/o/client/token", body = body,
    headers = headers
      or { ["Content-Type"] = "application/x-www-form-urlencoded" },
  }
end

describe("register", function()
  it("[registration-responses-201] sandbox registration: returns 201 with "
    .. "credentials and scopes", function()
    local h = fixture.new()
    local response = register(h, {
      software_statement = h.control.statement(),
      redirect_uri = "myapp://done" })
    assert.equal(201, response.status)
    assert.same({ "api:client:v2" }, response.json.scopes)
    assert.same({ "myapp://done" }, response.json.redirect_uris)
    assert.same({ "client_credentials" }, response.json.grant_types)
    assert.equal(fixture.START / 1000, response.json.client_id_issued_at)
  end)

  it("[registration-gives-each] sandbox registration: returns new "
    .. "credentials for each registration", function()
    local h = fixture.new()
    local body = { software_statement = h.control.statement() }
    local one, two = register(h, body).json, register(h, body).json
    assert.are_not.equal(one.client_id, two.client_id)
    assert.are_not.equal(one.client_secret, two.client_secret)
  end)

  local h = fixture.new()
  local good = h.control.statement()
  local revoked = h.control.statement()
  h.control.revoke { statement = revoked }
  h:register()
  local refusals = {
    { "no statement", {}, "invalid_request" },
    { "a statement that is a number", { software_statement = 1 },
      "invalid_request" },
    { "a body that is not JSON", "software_statement=" .. good, "invalid_request" },
    { "a malformed statement", { software_statement = "a.b.c" },
      "invalid_software_statement" },
    { "a statement that was changed",
      { software_statement = good:sub(1, -5) .. "AAAA" },
      "invalid_software_statement" },
    { "an access token", { software_statement = h.token },
      "invalid_software_statement" },
    { "a revoked statement", { software_statement = revoked },
      "unapproved_software_statement" },
    { "a bad redirect URI",
      { software_statement = good, redirect_uri = "no scheme" },
      "invalid_redirect_uri" },
  }
  for _, case in ipairs(refusals) do
    it("[registration-refuses] sandbox registration: refuses "
      .. case[1], function()
      local response = register(h, case[2])
      assert.equal(400, response.status)
      assert.same({ error = case[3] }, response.json)
    end)
  end

  it("[registration-refuses-form] sandbox registration: refuses a "
    .. "form", function()
    local response = register(h, { software_statement = good },
      { ["Content-Type"] = "application/x-www-form-urlencoded" })
    assert.same({ error = "invalid_request" }, response.json)
  end)
end)

describe("token", function()
  local function body(h, changes)
    local fields = { client_id = h.client.client_id,
                     client_secret = h.client.client_secret,
                     grant_type = "client_credentials" }
    for name, value in pairs(changes or {}) do
      fields[name] = value or nil
    end
    return fixture.form(fields)
  end

  it("[registration-201-signed-jwt] sandbox token: returns 201 with a "
    .. "signed JWT for six hours", function()
    local h = fixture.new():register()
    local response = token(h, body(h))
    assert.equal(201, response.status)
    assert.equal(21600, response.json.expires_in)
    assert.equal(fixture.START, response.json.created_at)
    local key = core.public_key(h.control.certificates().tokens)
    local payload =
      jws.verify("RS256", key, response.json.access_token)
    local claims = json.decode(payload)
    assert.equal(h.client.client_id, claims.sub)
    assert.equal("auth.adobe.com", claims.iss)
    assert.equal("api:client:v2", claims.scopes)
    assert.equal(21600, claims.exp - claims.iat)
  end)

  it("[registration-query-openapi-file] sandbox token: accepts the query of "
    .. "the OpenAPI file", function()
    local h = fixture.new():register()
    local response = h:send { method = "POST", path = "/o/client/token",
                            query = body(h), headers = {}, body = "" }
    assert.equal(201, response.status)
  end)

  it("[registration-refuses-documented] sandbox token: refuses with the "
    .. "documented errors", function()
    local h = fixture.new():register()
    for _, case in ipairs {
      { { grant_type = false }, "invalid_request" },
      { { client_secret = false }, "invalid_request" },
      { { grant_type = "password" }, "unsupported_grant_type" },
      { { client_secret = "wrong" }, "invalid_client" },
      { { client_id = "unknown" }, "invalid_client" },
    } do
      local response = token(h, body(h, case[1]))
      assert.equal(400, response.status)
      assert.same({ error = case[2] }, response.json)
    end
    local twice = token(h, body(h) .. "&client_id=x")
    assert.same({ error = "invalid_request" }, twice.json)
  end)

  it("[registration-ends-client] sandbox token: a revoked client or statement also "
    .. "ends the access token", function()
    for _, name in ipairs { "statement", "client_id" } do
      local h = fixture.new():register()
      h.control.revoke { [name] = h[name] or h.client[name] }
      assert.same({ error = "invalid_client" }, token(h, body(h)).json)
      local response = h:get "/api/v2/REF30/profiles"
      assert.equal(401, response.status)
      assert.equal("invalid_access_token_client_application", response.json.code)
    end
  end)
end)

describe("an access token", function()
  local function status(h)
    return h:get("/api/v2/REF30/profiles").status
  end

  it("[registration-ends-six-hours] sandbox access token: expires after six "
    .. "hours", function()
    local h = fixture.new():register()
    h.control.clock { advance = 21599 * 1000 }
    assert.equal(200, status(h))
    h.control.clock { advance = 1000 }
    assert.equal(401, status(h))
  end)

  it("[registration-ends-revoked] sandbox access token: revoking one "
    .. "affects no other", function()
    local h = fixture.new():register()
    local other = h:new_token(h.client).json.access_token
    h.control.revoke { token = h.token }
    assert.equal(401, status(h))
    h.token = other
    assert.equal(200, status(h))
  end)

  it("[registration-needs-scope-v2] sandbox access token: requires the "
    .. "scope of the v2 API", function()
    local h = fixture.new():register { scopes = { "api:client:v1" } }
    local response = h:get "/api/v2/REF30/profiles"
    assert.equal(401, response.status)
    assert.equal("invalid_access_token_client_application",
                 response.json.code)
  end)

  it("[registration-not-service-token] sandbox access token: a service "
    .. "token is refused as a bearer", function()
    local h = fixture.new():register()
    h.token = h:post_form("/api/REF30/serviceToken", {}, {
      ["X-SSO-ID"] = h.client.client_id }).json.serviceToken
    local response = h:get "/api/v2/REF30/profiles"
    assert.equal(401, response.status)
    assert.is_nil(response.json.code)
  end)
end)
