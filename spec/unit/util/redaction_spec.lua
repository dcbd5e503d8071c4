local core = require "adobepass.core"
local client_fixture = require "spec.support.client_fixture"
local documented = require "adobepass.sandbox.engine.errors"
local field = require "adobepass.device.field"
local folder = require "spec.support.folder"
local json = require "adobepass.util.json"
local operation_setup = require "spec.support.operation_setup"
local operations = require "adobepass.api.operations"
local recorder = require "adobepass.util.recorder"
local recording = require "adobepass.util.recording"
local redaction = require "adobepass.util.redaction"
local replay = require "adobepass.sandbox.replay"
local samples = require "spec.support.samples"

local function request(fields)
  local given = { method = "GET", path = "/o/client/token", headers = {} }
  for name, value in pairs(fields) do given[name] = value end
  return given
end

-- Returns a response's redacted body, decoded.
local function body_of(redactor, value)
  local result = redactor:response { status = 200,
    headers = { ["content-type"] = "application/json" }, body = json.encode(value) }
  return json.decode(result.body)
end

describe("redaction", function()
  local redactor

  before_each(function() redactor = redaction.new() end)

  it("[redaction-equal-values] redaction: gives equal values equal placeholders",
    function()
    local first = redactor:request(request {
      headers = { authorization = "Bearer one" } })
    local second = redactor:request(request {
      headers = { authorization = "bearer two" } })
    assert.equal("Bearer redacted-token-1", first.headers.authorization)
    assert.equal("Bearer redacted-token-2", second.headers.authorization)
    assert.same({ access_token = "redacted-token-1" },
      body_of(redactor, { access_token = "one" }))
  end)

  it("[redaction-keeps-placeholders] redaction: keeps placeholders, and gives no "
    .. "value a reserved one", function()
    redactor = redaction.new { ["redacted-token-1"] = true }
    local kept = redactor:request(request {
      headers = { authorization = "Bearer redacted-token-1" } })
    assert.equal("Bearer redacted-token-1", kept.headers.authorization)
    local own = redactor:request(request { headers = { authorization = "Bearer x" } })
    assert.equal("Bearer redacted-token-2", own.headers.authorization)
  end)

  it("[redaction-all-identity-headers] redaction: redacts each header that "
    .. "identifies a device or viewer, and drops the others", function()
    local headers = { cookie = "secret-cookie", ["user-agent"] = "secret-agent",
      authorization = "Basic secret-basic", ["x-sso-id"] = "secret-sso",
      ["x-sso-link"] = "secret-link" }
    for name, header in pairs(field.HEADERS) do
      if name ~= "user_agent" then headers[header:lower()] = "secret-" .. name end
    end
    local result = redactor:request(request { headers = headers }).headers
    for name, value in pairs(result) do
      assert.is_nil(value:find("secret", 1, true), name)
      assert.is_truthy(value:find "^redacted%-", name)
    end
    for name in pairs(headers) do
      assert.equal(name ~= "cookie" and name ~= "user-agent", result[name] ~= nil, name)
    end
  end)

  it("[redaction-unknown-names] redaction: redacts paths, names and values "
    .. "when the name is not listed", function()
    local result = redactor:request(request { method = "POST",
      path = "/other/secret-path", query = "secret-name=secret%20value&mvpd=Dish",
      headers = { ["content-type"] = "application/json; charset=secret" },
      body = json.encode { ["secret-key"] = { "secret-a", { x = "secret-b" } } } })
    assert.is_nil(json.encode(result):find("secret", 1, true))
    assert.equal("mvpd=Dish&redacted-key-1=redacted-value-1", result.query)
    assert.equal("application/json", result.headers["content-type"])
    local text = redactor:response { status = 500, body = "secret page",
      headers = { ["set-cookie"] = "secret", location = "https://a.test/secret?b=c" } }
    assert.is_nil(json.encode(text):find("secret", 1, true))
  end)

  it("[redaction-below-listed-names] redaction: redacts an object below a listed "
    .. "name", function()
    assert.same({ state = { ["redacted-key-1"] = "redacted-value-1" } },
      body_of(redactor, { state = { secret = "secret" } }))
    for _, name in ipairs { "message", "url", "code", "error", "profiles" } do
      local result = body_of(redactor, { [name] = { { secret = "secret" } } })
      assert.is_nil(json.encode(result):find("secret", 1, true), name)
    end
  end)

  it("[redaction-codes] redaction: keeps error codes and redacts authentication "
    .. "codes", function()
    assert.same({ code = "access_denied", message = "No access." },
      body_of(redactor, { code = "access_denied", message = "No access." }))
    assert.same({ code = "redacted-code-1" }, body_of(redactor, { code = "8ER640M" }))
    assert.same({ code = "redacted-code-2", message = "m" },
      body_of(redactor, { code = "AB12", message = "m" }))
    local path = redactor:request(request { path = "/api/v2/REF30/sessions/8ER640M" })
    assert.equal("/api/v2/REF30/sessions/redacted-code-1", path.path)
  end)

  it("[redaction-texts] redaction: redacts a message that repeats a value, or may "
    .. "hold a token or user information", function()
    body_of(redactor, { profiles = { Dish = { attributes = {
      userID = { value = "ann", state = "plain" } } } } })
    for _, message in ipairs { "ann may not watch.", "Not allowed: ann.",
      ("x"):rep(33), "No login for bob@tv.", "Not https://bob:s3cret@tv" } do
      assert.is_truthy(body_of(redactor, { message = message }).message
        :find "^redacted%-text%-%d+$", message)
    end
    assert.same({ message = "Not allowed." },
      body_of(redactor, { message = "Not allowed." }))
  end)

  it("[redaction-text-identifiers] redaction: redacts a message that contains a "
    .. "code, an address or an identifier", function()
    for _, text in ipairs { "No session with code=AB12CD3.", "Unknown code AB12CD3",
      "ip=203.0.113.9", "203.0.113.9:443 refused", "[203.0.113.9]", "{AB-CD}", "AB|x",
      "visitor:visitor-mark", "from 2001:db8::17", "from ab:cd::ef", "No /sessions/AB",
      "id=ann", "householdID=H-4711" } do
      assert.is_truthy(body_of(redactor, { message = text }).message
        :find "^redacted%-text%-%d+$", text)
    end
  end)

  it("[redaction-text-order] redaction: redacts a message that repeats a value after "
    .. "it in the body", function()
    local text = "User ann may not watch."
    for _, body in ipairs { { message = text, userID = "ann" },
      { error = { message = text }, userID = "ann" } } do
      local result = json.encode(body_of(redaction.new(), body))
      assert.is_nil(result:find("ann", 1, true), result)
    end
  end)

  it("[redaction-documented-texts] redaction: keeps the messages of Adobe's samples "
    .. "and of the sandbox's errors", function()
    local count = 0
    local function check(value)
      if type(value) ~= "table" then return end
      if type(value.message) == "string" then
        assert.same({ message = value.message },
          body_of(redactor, { message = value.message }))
        count = count + 1
      end
      for _, item in pairs(value) do check(item) end
    end
    for _, sample in ipairs(samples.all()) do check(sample.response.json) end
    check(documented.known)
    assert.is_true(count > 60)
  end)

  it("[redaction-user-information] redaction: keeps no origin of a URL that has, or "
    .. "may have, user information", function()
    local urls = { "https://ann:s3cret@tv/x", "https://ann:s3cret@tv",
      "https://ann@tv/", "HTTPS://ann:s3cret@[::1]:8443/x",
      "https://ann%3As3cret@tv", "//ann:s3cret@tv/x",
      "https://ann:s3/cret@tv/x", "https://ann:1/cret@tv", "https://ann:1?cret@tv",
      "https://ann:s3cret", "https://ann:1\\cret@tv", "https:\\\\ann:s3cret@tv/x",
      "https://tv\\@ann/x", "https://ann.s3cret:@tv/api/v2/REF30/profiles",
      "https://[ann:s3cret]/x", "https:/ann:s3cret@tv/x", "https:ann:s3cret@tv" }
    for _, url in ipairs(urls) do
      local value = body_of(redactor, { url = url }).url
      assert.is_truthy(value:find "^/redacted%-url%-%d+$", url .. " became " .. value)
      local response = redactor:response { status = 302,
        headers = { location = url }, body = "" }
      assert.equal(value, response.headers.location)
    end
  end)

  -- Quadratic time would take hours.
  it("[redaction-long-urls] redaction: redacts long malformed URLs in linear "
    .. "time", function()
    local digits = ("1"):rep(2000000)
    for _, url in ipairs { "https://" .. digits .. "!/x",
      "https://tv.test/" .. digits .. "#x" } do
      local value = body_of(redactor, { redirectUrl = url }).redirectUrl
      assert.is_truthy(value:find "/redacted%-url%-%d+$")
    end
  end)

  it("[redaction-origins] redaction: keeps the origin of other URLs", function()
    for url, origin in pairs { ["https://tv.test/x"] = "https://tv.test",
      ["https://tv?x"] = "https://tv", ["HTTPS://TV:8443#x"] = "HTTPS://TV:8443",
      ["https://[2001:db8::1]:8443/x"] = "https://[2001:db8::1]:8443",
      ["adobepass://com.programmer/x"] = "adobepass://com.programmer" } do
      local value = body_of(redactor, { redirectUrl = url }).redirectUrl
      assert.equal(origin, value:match "^(.*)/redacted%-url%-%d+$", url)
    end
    assert.equal("https://[::1]/", body_of(redactor, { url = "https://[::1]/" }).url)
  end)

  it("[redaction-metadata] redaction: redacts each value of user metadata, and the "
    .. "names in it", function()
    local result = body_of(redactor, { profiles = { Dish = { attributes = {
      zip = { value = { "77754", "12345" }, state = "enc" },
      onNet = { value = 1, state = "plain" }, is_hoh = { value = true },
      maxRating = { value = { MPAA = "R" }, state = "plain" },
      remaining_resources = { value = 2, state = "plain" } } } } })
    local attributes = result.profiles.Dish.attributes
    assert.same({ "redacted-metadata-4", "redacted-metadata-5" }, attributes.zip.value)
    assert.equal("enc", attributes.zip.state)
    assert.is_truthy(attributes.onNet.value:find "^redacted%-metadata")
    assert.is_truthy(attributes.is_hoh.value:find "^redacted%-metadata")
    assert.same({ ["redacted-key-1"] = "redacted-metadata-2" },
      attributes.maxRating.value)
    assert.equal(2, attributes.remaining_resources.value)
  end)

  it("[redaction-knows-all-paths] redaction: knows the path of each operation",
    function()
    for _, operation in ipairs(operations) do
      local path = operation.path:gsub("{[%w_]+}", "x")
      assert.is_true(redaction.is_documented(path), operation.name)
    end
    assert.is_false(redaction.is_documented "/activate")
    assert.is_false(redaction.is_documented "/esm/v3/media-company")
  end)

  it("[redaction-samples] redaction: leaves no secret of Adobe's samples", function()
    local count = 0
    for _, sample in ipairs(samples.all()) do
      local headers = {}
      for name, value in pairs(sample.headers) do headers[name] = tostring(value) end
      local body = type(sample.body) == "table" and json.encode(sample.body)
        or sample.body
      local text = json.encode(redactor:request { method = sample.method,
        path = sample.path, headers = headers, body = body })
        .. json.encode(redactor:response { status = sample.response.status,
          headers = {}, body = json.encode(sample.response.json or {}) })
      for _, secret in ipairs { "BASE64_value", "eyJ", "PHN", "YmEyM2Qx",
        sample.params.client_secret, sample.params.software_statement,
        sample.params.saml_response, sample.params.code } do
        assert.is_nil(text:find(secret, 1, true), sample.title .. ": " .. secret)
      end
      count = count + 1
    end
    assert.is_true(count > 60)
  end)
end)

describe("a recording of each operation", function()
  local place

  setup(function() place = folder.make() end)
  teardown(function() folder.remove(place) end)

  -- What the sandbox's control API does for the preparation of an operation; a
  -- replay has none.
  local NO_CONTROL = { login = function() return true end,
    saml = function() return "c2FtbA==" end }

  local function call(fixture, operation)
    local params = operation_setup[operation.name](fixture)
    return (assert(fixture.client.api[operation.name](fixture.client.api, params)))
  end

  for _, operation in ipairs(operations) do
    if not operation.url_only then
      it("[record-each-operation] " .. operation.name .. ": is recorded without "
        .. "secrets and replayed", function()
        local path = place .. "/" .. operation.name .. ".jsonl"
        local fixture = client_fixture.new { record = path }
        call(fixture, operation)
        fixture.client:close()
        local text = assert(folder.read(path))
        for _, secret in ipairs { operation_setup.DEVICE, fixture.statement, "eyJ",
          core.base64.encode(operation_setup.DEVICE), "viewer-1", ("0f"):rep(32) } do
          assert.is_nil(text:find(secret, 1, true), secret)
        end
        local source = assert(replay.new(path))
        fixture.control = NO_CONTROL
        fixture.client = fixture:new_client { transport = source,
          driver = source:driver() }
        call(fixture, operation)
        assert.is_true(source:finish())
      end)
    end
  end
end)

describe("the limits of a recording", function()
  local place, path

  setup(function() place = folder.make() end)
  teardown(function() folder.remove(place) end)
  before_each(function()
    path = place .. "/limit.jsonl"
    assert(recording.create(path))
  end)

  local RESPONSE = { status = 200, headers = {}, body = "" }

  it("[record-limit-values] recording: ends, and reports recording_full once, "
    .. "when it has 20,000 different values", function()
    local made, codes = assert(recording.open(path)), {}
    for index = 1, 460 do
      local values = {} -- 399 requests have 50 each, the others one
      for n = 1, index < 400 and 50 or 1 do values[n] = index * 50 + n end
      local exchange = made:begin(request { body = json.encode(values) })
      local _, _, code = made:finish(exchange, RESPONSE)
      codes[#codes + 1] = code
    end
    assert.same({ "recording_full" }, codes)
    local list = assert(recording.read(path))
    assert.is_true(list.has_ended)
    assert.equal(399 + 49, #list)
  end)

  it("[record-limit-body] recording: writes no body above 1 MiB", function()
    local made = assert(recording.open(path))
    local large = ("x"):rep(1024 * 1024 + 1)
    made:finish(made:begin(request {}), { status = 200, headers = {}, body = large })
    local list = assert(recording.read(path))
    assert.equal("too_large", list[1].failure)
    assert.is_nil(list[1].response)
    local _, _, code = made:finish(made:begin(request { body = large }), RESPONSE)
    assert.equal("recording_full", code)
  end)

  it("[record-not-continued] recording: a second process does not continue it",
    function()
    local made = assert(recording.open(path))
    made:finish(made:begin(request {}), RESPONSE)
    assert.equal("not_empty", (select(3, recording.open(path))))
    made:close()
  end)

  it("[record-order-of-requests] recording: has concurrent exchanges in the order "
    .. "of their requests", function()
    local made = assert(recording.open(path))
    local first, second = made:begin(request { method = "GET" }),
      made:begin(request { method = "POST" })
    made:finish(second, RESPONSE)
    made:finish(first, nil, "timeout")
    local list = assert(recording.read(path))
    assert.equal("GET", list[1].request.method)
    assert.equal("timeout", list[1].failure)
    assert.equal("POST", list[2].request.method)
  end)

  it("[record-warns-when-ended] client: emits a warning when its recording cannot "
    .. "be written, and continues", function()
    local broken = { begin = function() return {} end, close = function() end,
      finish = function() return nil, "The disk is full.", "file" end }
    local ends, transport = {}, { submit = function()
      return { result = function() return RESPONSE end }
    end }
    local wrapped = recorder.wrap(transport, broken, function(message, code)
      ends[#ends + 1] = code .. ": " .. message
    end)
    local transfer = wrapped:submit { url = "https://a.test/x" }
    assert.equal(RESPONSE, (transfer:result()))
    assert.same({ "file: The disk is full." }, ends)
  end)

  it("[record-appends-own-transfers] recorder: step appends the recorder's transfers "
    .. "that have ended to the list", function()
    local ended = {}
    local transport = { submit = function() return {} end,
      step = function(_, seconds, list)
        for _, inner in ipairs(list and ended or {}) do list[#list + 1] = inner end
        return seconds
      end }
    local wrapped = recorder.wrap(transport, { begin = function() return {} end })
    local list, transfers = { "earlier" }, {}
    for index = 1, 3 do
      transfers[index] = wrapped:submit { url = "https://a.test/x" }
      ended[index] = transfers[index].inner
    end
    assert.equal(5, wrapped:step(5))
    table.remove(transfers, 2)
    collectgarbage()
    collectgarbage()
    assert.equal(0, wrapped:step(0, list))
    assert.equal(3, #list) -- without the transfer that was collected
    assert.is_true(rawequal(transfers[1], list[2]))
    assert.is_true(rawequal(transfers[2], list[3]))
  end)
end)
