--- The request and the response of each operation, as Adobe documents them.

local core = require "adobepass.core"
local json = require "adobepass.util.json"
local operations = require "adobepass.api.operations"
local operation_setup = require "spec.support.operation_setup"
local client_fixture = require "spec.support.client_fixture"
local wire = require "adobepass.sandbox.engine.url_encoding"

-- luacheck: read_globals math.type
local math_type = math.type or function() return "integer" end

-- The rows of the reference: { method, path, required headers, optional
-- headers, content type }. Headers are letters of NAMES; Accept is always sent.
local FORM, JSON = "application/x-www-form-urlencoded", "application/json"
local ROWS = {
  register = { "POST", "/o/client/register", "I", "", JSON },
  token = { "POST", "/o/client/token", "I", "", FORM },
  configuration = { "GET", "/api/v2/REF30/configuration", "ADI", "F" },
  create_session = { "POST", "/api/v2/REF30/sessions", "ADI", "FSV", FORM },
  resume_session = { "POST", "/api/v2/REF30/sessions/{code}", "A", "FV",
    FORM },
  session = { "GET", "/api/v2/REF30/sessions/{code}", "A", "FV" },
  profiles = { "GET", "/api/v2/REF30/profiles", "ADI", "FSPV" },
  profile = { "GET", "/api/v2/REF30/profiles/{mvpd}", "ADI", "FSPTV" },
  profile_for_code = { "GET", "/api/v2/REF30/profiles/code/{code}", "A",
    "FTV" },
  authorize = { "POST", "/api/v2/REF30/decisions/authorize/{mvpd}", "ADI",
    "FSPTV", JSON },
  preauthorize = { "POST", "/api/v2/REF30/decisions/preauthorize/{mvpd}",
    "ADI", "FSPV", JSON },
  logout = { "GET", "/api/v2/REF30/logout/{mvpd}", "ADI", "FSV" },
  partner_session = { "POST", "/api/v2/REF30/sessions/sso/{partner}", "ADI",
    "FPV", FORM },
  partner_profile = { "POST", "/api/v2/REF30/profiles/sso/{partner}", "ADI",
    "FPV", FORM },
  reset_temp_pass = { "DELETE", "/reset-tempass/v3/reset", "A", "" },
  reset_temp_pass_key = { "DELETE", "/reset-tempass/v3/reset/generic", "A",
    "" },
  service_token = { "POST", "/api/REF30/serviceToken", "ADIX", "" },
  refresh_service_token = { "GET", "/api/REF30/serviceToken", "AJ", "" },
  link = { "POST", "/api/REF30/link", "ADJ", "" },
  unlink = { "POST", "/api/REF30/unlink", "ADJ", "", JSON },
  list_devices = { "GET", "/api/REF30/list", "ADJ", "" },
}

local NAMES = {
  A = { "authorization" }, D = { "ap-device-identifier" },
  I = { "x-device-info" }, F = { "x-forwarded-for" },
  V = { "ap-visitor-identifier" }, T = { "ap-temppass-identity" },
  P = { "ap-partner-framework-status" },
  S = { "adobe-subject-token", "ad-service-token" },
  X = { "x-sso-id" }, J = { "ad-service-token" },
}

-- Fields of each documented response, with a check of the value.
local function is_list(value) return value[1] ~= nil end
local function is_text(value) return type(value) == "string" end
local function is_map(value) return type(value) == "table" end
local function is_time(value)
  return type(value) == "number" and value > 1e12 and value < 1e13
    and math_type(value) == "integer"
    and ("%d"):format(value):find("^%d%d%d%d%d%d%d%d%d%d%d%d%d$") ~= nil
end
local RESPONSES = {
  register = { client_id = is_text, client_secret = is_text,
    grant_types = is_list, redirect_uris = is_list },
  token = { access_token = is_text, created_at = is_time },
  configuration = { requestor = is_map, ["requestor.mvpds"] = is_list },
  create_session = { code = is_text, url = is_text, notAfter = is_text },
  resume_session = { code = is_text, url = is_text, notAfter = is_text },
  session = { existingParameters = is_map, device = is_map },
  profiles = { ["profiles.Cablevision.notAfter"] = is_time,
    ["profiles.Cablevision.attributes.channelID.value"] = is_list },
  profile = { ["profiles.Cablevision.notBefore"] = is_time },
  profile_for_code = { ["profiles.Cablevision.notAfter"] = is_time },
  authorize = { decisions = is_list, ["decisions.1.notAfter"] = is_time,
    ["decisions.1.token.notAfter"] = is_time },
  preauthorize = { decisions = is_list,
    ["decisions.2.resource"] = is_text },
  logout = { ["logouts.Cablevision.url"] = is_text },
  partner_session = { ["authenticationRequest.attributesNames"] = is_list },
  partner_profile = { ["profiles.Cablevision.notAfter"] = is_time },
  reset_temp_pass = {}, reset_temp_pass_key = {},
  service_token = { serviceToken = is_text, notAfter = is_time },
  refresh_service_token = { serviceToken = is_text, notAfter = is_time },
  link = { code = is_text, notAfter = is_time },
  unlink = { ["unlinkedDevices"] = is_list },
  list_devices = { devices = is_map },
}

local function field(value, path)
  for name in path:gmatch "[^.]+" do
    value = value[name] or value[tonumber(name)]
  end
  return value
end

local function sorted_names(headers)
  local names = {}
  for name in pairs(headers) do names[#names + 1] = name end
  table.sort(names)
  return table.concat(names, " ")
end

-- Returns the names of the headers that a row requires, sorted.
local function names_of(letters, content_type)
  local wanted = { accept = true, host = true }
  wanted["content-type"] = content_type and true or nil
  for letter in letters:gmatch "%a" do
    for _, name in ipairs(NAMES[letter]) do wanted[name] = true end
  end
  return sorted_names(wanted)
end

local function fill_in(path, params)
  return (path:gsub("{(%w+)}", function(name) return params[name] end))
end

local function run(fixture, operation)
  local params = operation_setup[operation](fixture)
  fixture.control.journal { clear = true }
  local result, err = fixture.client.api[operation](fixture.client.api, params)
  assert(result, tostring(err))
  local received = fixture:received(operation)
  assert.equal(1, #received)
  return result, received[1], params
end

describe("client.api", function()
  it("[api-22-operations-reference] client.api: has the 22 operations of the "
    .. "reference, with their numbers", function()
    assert.equal(22, #operations)
    for number, operation in ipairs(operations) do
      assert.equal(number, operation.number)
      assert.is_true(operation.url_only or ROWS[operation.name] ~= nil)
    end
  end)

  for operation, row in pairs(ROWS) do
    it("[api-sends-row-lists] "
      .. operation .. ": sends the documented method, path and headers "
      .. "only", function()
      local _, entry, params = run(client_fixture.new(), operation)
      assert.equal(row[1], entry.method)
      assert.equal(fill_in(row[2], params), entry.path)
      local status = params.partner_status and "P" or ""
      assert.equal(names_of(row[3] .. status, row[5]),
        sorted_names(entry.headers))
      assert.equal(row[5], entry.headers["content-type"])
      assert.equal("application/json", entry.headers.accept)
      assert.is_nil(entry.unexpected)
    end)

    it("[api-sends-optional-headers] "
      .. operation .. ": sends its optional headers when they are given",
      function()
      local user = { email = ("0f"):rep(32) }
      local fixture = client_fixture.new {
        device = { id = operation_setup.DEVICE,
        info = operation_setup.INFO, ip = "192.0.2.7", user = user, identity = {
          visitor_id = "visitor", subject_token = "subject",
          service_token = "service",
          partner_status = operation_setup.partner_status() } } }
      local _, entry = run(fixture, operation)
      assert.equal(names_of(row[3] .. row[4], row[5]),
        sorted_names(entry.headers))
      assert.is_nil(entry.unexpected)
      local sent = entry.headers
      if row[4]:find "F" then
        assert.equal("192.0.2.7", sent["x-forwarded-for"])
      end
      if row[4]:find "V" then
        assert.equal("visitor", sent["ap-visitor-identifier"])
      end
      if row[4]:find "S" then
        assert.equal("subject", sent["adobe-subject-token"])
        assert.equal("service", sent["ad-service-token"])
      end
      if row[4]:find "T" then
        assert.same(user, json.decode(core.base64.decode(
          sent["ap-temppass-identity"])))
      end
    end)

    it("[api-documented-response] "
      .. operation .. ": returns the documented response", function()
      local fixture = client_fixture.new()
      local response
      local handle = fixture.sandbox.handle
      function fixture.sandbox:handle(request)
        response = handle(self, request)
        return response
      end
      local result = run(fixture, operation)
      if response.body == "" then
        assert.is_true(result)
      else
        assert.same(json.decode(response.body), result)
      end
      for path, fits in pairs(RESPONSES[operation]) do
        assert.is_true(fits(field(result, path)), path)
      end
    end)
  end

  -- The device caches its headers; the second call prepares them for the core.
  it("[api-sends-headers] client.api: repeated calls send the same "
    .. "headers", function()
    local fixture = client_fixture.new()
    for _ = 1, 4 do
      assert(fixture.client.api:profiles())
      assert(fixture.client.api:preauthorize { mvpd = "Cablevision",
        resources = { "CNN" } })
    end
    for _, operation in ipairs { "profiles", "preauthorize" } do
      local sent = fixture:received(operation)
      assert.equal(4, #sent)
      for index = 2, 4 do assert.same(sent[1].headers, sent[index].headers) end
    end
  end)

  it("[api-sends-call-headers] client.api: headers given to a call replace the "
    .. "device's", function()
    local fixture = client_fixture.new { device = { id = operation_setup.DEVICE,
      identity = { subject_token = "subject", visitor_id = "visitor" } } }
    assert(fixture.client.api:profiles { roku_token = "roku",
      visitor_id = "another" })
    local sent = fixture:received "profiles"[1].headers
    assert.equal("roku", sent["x-roku-reserved-roku-connect-token"])
    assert.is_nil(sent["adobe-subject-token"])
    assert.equal("another", sent["ap-visitor-identifier"])
  end)

  it("[api-not-change-given] client.api: does not change the given "
    .. "parameters", function()
    local fixture = client_fixture.new()
    local resources = { "REF30", "CNN" }
    local params = { mvpd = "Cablevision", resources = resources }
    fixture.client.api:preauthorize(params)
    assert.same({ mvpd = "Cablevision", resources = { "REF30", "CNN" } },
      params)
    assert.equal(resources, params.resources)
    assert.is_nil(getmetatable(resources))
  end)
end)

describe("response fields with two spellings", function()
  local function in_world(fields)
    return client_fixture.new { sandbox = { world = function(world)
      for name, value in pairs(fields) do world.sso_service[name] = value end
    end } }
  end

  for _, spelling in ipairs { "serviceToken", "jws" } do
    it("[api-service-token] service_token: accepts the response field "
      .. spelling, function()
      local fixture = in_world { token_field = spelling }
      local result = assert(fixture.client.api:service_token { sso_id = "me" })
      assert.is_string(result.serviceToken)
      assert.equal(result.serviceToken, result[spelling])
      result = assert(fixture.client.api:refresh_service_token {
        token = result.serviceToken })
      assert.is_string(result.serviceToken)
    end)
  end

  for _, spelling in ipairs { "code", "link" } do
    it("[api-link-code] link: accepts the response field " .. spelling, function()
      local fixture = in_world { link_field = spelling }
      local token = assert(fixture.client.api:service_token { sso_id = "me" })
      local result = assert(
        fixture.client.api:link { token = token.serviceToken })
      assert.equal(result[spelling], result.code)
      local other = fixture.client:device { id = "another",
        info = operation_setup.INFO }
      assert(other.api:service_token { link = result.code })
      local sent = fixture:received "service_token"[2].headers
      assert.equal(result.code, sent["x-sso-link"])
      assert.is_nil(sent["x-sso-id"])
    end)
  end
end)

describe("authenticate_url", function()
  it("[api-absolute-asks-browser] authenticate_url: returns an absolute URL "
    .. "that a browser can open, and sends nothing", function()
    local fixture = client_fixture.new()
    local code = assert(fixture.client.api:create_session(
      operation_setup.create_session())).code
    fixture.control.journal { clear = true }
    local url = assert(fixture.client.api:authenticate_url { code = code })
    assert.equal(fixture.sandbox.api .. "/api/v2/authenticate/REF30/"
      .. code, url)
    assert.equal(0, #fixture.control.journal())
    local transport = fixture.sandbox:transport()
    local transfer = transport:submit { url = url }
    transport:step(0)
    assert.equal(302, transfer:result().status)
  end)
end)

describe("resetting temporary access", function()
  it("[api-names-device-key] reset_temp_pass: sends one device or key, "
    .. "escaped, to the management host", function()
    local fixture = client_fixture.new()
    assert.is_true(fixture.client.api:reset_temp_pass {
      mvpd = "TempPass_TEST40", device = "a b&c=d%/" })
    local entry = fixture:received "reset_temp_pass"[1]
    assert.equal("mgmt", entry.host_role)
    assert.same({ requestor_id = "REF30", mvpd_id = "TempPass_TEST40",
      device_id = "a b&c=d%/" }, (wire.form(entry.query)))
    assert.is_true(fixture.client.api:reset_temp_pass_key {
      mvpd = "flexibleTempPass", key = "0f" })
    assert.same({ requestor_id = "REF30", mvpd_id = "flexibleTempPass",
      key = "0f" },
        (wire.form(fixture:received "reset_temp_pass_key"[1].query)))
  end)

  it("[api-resets-everybody] reset_temp_pass: resets every device only with "
    .. "everyone = true", function()
    local fixture = client_fixture.new()
    for operation, name in pairs { reset_temp_pass = "device_id",
      reset_temp_pass_key = "key" } do
      local api = fixture.client.api
      assert.is_true(api[operation](api, { mvpd = "TempPass_TEST40",
        everyone = true }))
      assert.equal("all", wire.form(fixture:received(operation)[1].query)[name])
      for _, params in ipairs { { mvpd = "TempPass" },
        { mvpd = "TempPass", everyone = false },
        { mvpd = "TempPass", everyone = "yes" },
        { mvpd = "TempPass", everyone = true, device = "x", key = "x" } } do
        assert.error(function() api[operation](api, params) end)
      end
      assert.equal(1, #fixture:received(operation))
    end
  end)
end)

describe("a response's URL", function()
  it("[api-followed-configured] response URL: is followed only on the "
    .. "configured API", function()
    local client = client_fixture.new().client
    for url, absolute in pairs {
      ["/api/v2/REF30/x?y"] = "https://api.test/api/v2/REF30/x?y",
      ["https://api.test/x"] = "https://api.test/x",
      ["HTTPS://API.test/x"] = "HTTPS://API.test/x",
    } do
      assert.equal(absolute, client.context:absolute_url(url, "direct"))
    end
    for _, url in ipairs { "https://evil.test/x", "//evil.test/x",
      "/\\evil.test", "https://api.test@evil.test/", "https://api.test:1/",
      "https://api.test\\@evil.test/", "http://api.test/x", "javascript:x",
      "https://api.test.evil.test/", "https://api.test/ x", "x", "",
      "https://api.test\n.evil.test/", "https://:pw@api.test/" } do
      local absolute, err = client.context:absolute_url(url, "direct")
      assert.is_nil(absolute, url)
      assert.equal("foreign_url", err.code)
    end
    assert.equal("foreign_url", select(2, client.context:absolute_url(5)).code)
    assert.equal("foreign_url", select(2, client.context:absolute_url()).code)
  end)

  it("[api-lead-browser-elsewhere] response URL: may lead a browser to another "
    .. "host, but only over https", function()
    local client = client_fixture.new().client
    assert.equal("https://mvpd.test/x",
      client.context:absolute_url("https://mvpd.test/x", "interactive"))
    for _, url in ipairs { "http://mvpd.test/x", "javascript:alert(1)" } do
      assert.is_nil((client.context:absolute_url(url, "interactive")))
    end
  end)
end)
