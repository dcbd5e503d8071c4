--- Bad input: of the programmer, of the viewer, of the server.

local adobepass = require "adobepass"
local errors = require "adobepass.errors"
local fake_driver = require "spec.support.fake_driver"
local header_table = require "adobepass.request".header_table
local helper = require "spec.sandbox.helper"
local json = require "adobepass.json"
local memory = require "adobepass.store.memory"
local operations = require "adobepass.operations"
local scenes = require "spec.support.scenes"
local scripted = require "spec.support.scripted_session"
local stage = require "spec.support.stage"

-- Raised at the line of this spec, with these words.
local function assert_raises(words, body)
  local good, why = pcall(body)
  assert.is_false(good, "did not raise: " .. words)
  assert.is_string(why)
  assert.truthy(why:find "options_spec%.lua:%d+: ", why)
  assert.truthy(why:find(words, 1, true), words .. " <- " .. why)
end

-- --- adobepass.new ---------------------------------------------------------

local statement = helper.new().control.statement()

local function good_fields()
  return { service_provider = "REF30", software_statement = statement,
    environment = "release-staging", device = { id = "a-device" } }
end

local function without(object, method)
  local copy = {}
  for name, value in pairs(object) do copy[name] = value end
  local methods = getmetatable(object)
  for name, value in pairs(methods and methods.__index or {}) do
    copy[name] = value
  end
  copy[method] = nil
  return copy
end

local NAN, HUGE = 0 / 0, math.huge
local function f() end

-- field -> wrong values; a pair is a value and the words of the message.
local WRONG = {
  service_provider = { 5, {}, "", "a/b", "..", "a\nb", ("x"):rep(200) },
  software_statement = { 5, {}, "", "no statement", "a.b.c", "a.b" },
  redirect_uri = { 5, "", "no address", "a:b c" },
  environment = { 5, true, "production", "", {}, { api = 5 },
    { { api = "sp.auth.adobe.com" }, "environment.api" },
    { { api = "https://host/path" }, "environment.api" },
    { { api = "https://user@host" }, "environment.api" },
    { { api = "ftp://host" }, "environment.api" },
    { { api = "https://" }, "environment.api" },
    { { api = "https://h", mgmt = "h" }, "environment.mgmt" },
    { { api = "https://h", mgmt = 5 }, "mgmt" },
    { { api = "https://h", host = "x" }, "unknown option 'host'" } },
  device = { 5, "id", { {}, "device.id" }, { { id = "" }, "device.id" },
    { { id = 5 }, "device.id" }, { { id = ("x"):rep(600) }, "device.id" },
    { { id = "x", info = 5 }, "device.info" },
    { { id = "x", info = { 1, 2 } }, "device.info" },
    { { id = "x", info = { f = f } }, "device.info" },
    { { id = "x", ip = "a\nb" }, "device.ip" },
    { { id = "x", visitor_id = "" }, "device.visitor_id" },
    { { id = "x", service_token = 5 }, "device.service_token" },
    { { id = "x", subject_token = "a", roku_token = "b" },
      "device.roku_token" },
    { { id = "x", partner_status = "no base64!" }, "device.partner_status" },
    { { id = "x", identity = { email = "user@domain.com" } },
      "device.identity" },
    { { id = "x", fingerprint = "y" }, "fingerprint" } },
  store = { 5, "memory", { {}, "store has no method 'get'" } },
  driver = { 5, "block", { {}, "driver has no method 'wait'" } },
  on_event = { 5, "log", {} },
  timeout = { "30", 0, -1, NAN, HUGE, 4000 },
  http = { 5, { { ca_fil = "x" }, "ca_fil" }, { { ca_file = 5 }, "ca_file" },
    { { min_tls = "1.0" }, "min_tls" }, { { timeout = -1 }, "timeout" } },
  session = { 5, "x" },
  pace = { 5, "x", { { rate = 0 }, "rate" }, { { burst = 0 }, "burst" },
    { { rate = "1" }, "rate" }, { { rate = NAN }, "rate" },
    { { speed = 1 }, "speed" },
    { { reserve = print }, "pace has no method 'cancel'" } },
  retry = { 5, false, { { attempts = 0 }, "attempts" },
    { { attempts = 1.5 }, "attempts" }, { { base = -1 }, "base" },
    { { cap = HUGE }, "cap" }, { { tries = 3 }, "tries" } },
  token_margin = { "60", -1, NAN, HUGE }, token_jitter = { "5", -1, NAN, 1e9 },
  random = { 5, "x" },
}

-- A wrong value that is a table itself comes as { value, words }.
local function split(field, item)
  if type(item) == "table" and type(item[2]) == "string" then
    return item[1], item[2]
  end
  return item, field
end

describe("adobepass.new", function()
  local function new_with(field, value)
    local given = good_fields()
    given[field] = value
    return function()
      local client = adobepass.new(given)
      return client
    end
  end

  it("takes what is right", function()
    assert.is_table(adobepass.new(good_fields()).api)
    for _, name in ipairs { "release-production", "prequal-production",
      "release-staging", "prequal-staging" } do
      assert.is_table(new_with("environment", name)())
    end
    for _, value in ipairs { true, false, { rate = 5 } } do
      assert.is_table(new_with("pace", value)())
    end
    assert.is_table(new_with("environment", { api = "https://h:8443/" })())
    assert.is_table(new_with("software_statement", nil)())
  end)

  it("names the field that is wrong, at the caller's line", function()
    local count = 0
    for field, values in pairs(WRONG) do
      for _, item in ipairs(values) do
        local value, words = split(field, item)
        assert_raises(words, new_with(field, value))
        count = count + 1
      end
    end
    print(("wrong options: %d of %d"):format(count, count))
  end)

  it("knows each of its fields in this spec", function()
    for field in pairs(good_fields()) do assert.is_table(WRONG[field]) end
    assert_raises("unknown option 'servce_provider'",
      new_with("servce_provider", "REF30"))
    assert_raises("unknown option '1'", new_with(1, "REF30"))
  end)

  it("wants what it cannot do without", function()
    for _, field in ipairs { "service_provider", "environment" } do
      assert_raises(field, new_with(field, nil))
    end
    assert_raises("a table of options", function()
      local client = adobepass.new()
      return client
    end)
  end)

  it("wants every method of a store and of a driver", function()
    for _, method in ipairs { "get", "set", "add", "delete", "clear" } do
      assert_raises(("store has no method '%s'"):format(method),
        new_with("store", without(memory(), method)))
    end
    for _, method in ipairs { "wait", "sleep", "now" } do
      assert_raises(("driver has no method '%s'"):format(method),
        new_with("driver", without(fake_driver.new(), method)))
    end
  end)

  it("shows in the message what the environments are", function()
    for _, name in ipairs { "release-production", "prequal-production",
      "release-staging", "prequal-staging" } do
      assert_raises(name, new_with("environment", "live"))
    end
  end)
end)

-- --- calls -----------------------------------------------------------------

local MVPD = "Cablevision"

-- operation -> wrong parameters, and words of the message.
local MISUSE = {
  { "profile", {}, "mvpd should be a string, not nil" },
  { "profile", { mvpd = 5 }, "mvpd should be a string" },
  { "profile", { mvp = MVPD }, "unknown parameter 'mvp'" },
  { "profile", "Cablevision", "a table of parameters" },
  { "profile", { mvpd = MVPD, timeout = "5" }, "timeout should be" },
  { "profile", { mvpd = MVPD, timeout = 0 }, "timeout should be" },
  { "profile", { mvpd = MVPD, timeout = NAN }, "timeout should be" },
  { "profile", { mvpd = MVPD, timeout = HUGE }, "timeout should be" },
  { "profile", { mvpd = MVPD, identity = 5 }, "identity should be" },
  { "profile", { mvpd = MVPD, identity = { email = "a@b.c" } }, "SHA-256" },
  { "profile", { mvpd = MVPD, visitor_id = "a\r\nb" }, "visitor_id" },
  { "profile", { mvpd = MVPD, service_token = 5 }, "service_token" },
  { "profile", { mvpd = MVPD, roku_token = "a", subject_token = "b" },
    "roku_token" },
  { "profile", { mvpd = MVPD, everyone = true }, "everyone" },
  { "authorize", { mvpd = MVPD }, "resources should be a list of strings" },
  { "authorize", { mvpd = MVPD, resources = "CNN" }, "resources should be" },
  { "authorize", { resources = { "CNN" } }, "mvpd should be" },
  { "session", {}, "code should be a string" },
  { "session", { code = 123456 }, "code should be a string" },
  { "create_session", { mvpd = MVPD, domainName = "x" }, "domainName" },
  { "create_session", { redirect_url = {} }, "redirect_url should be" },
  { "partner_session", {}, "partner should be" },
  { "partner_profile", { partner = "Apple" }, "saml_response should be" },
  { "service_token", {}, "either sso_id or link" },
  { "service_token", { sso_id = "a", link = "b" }, "either sso_id or link" },
  { "link", {}, "token should be" },
  { "unlink", { token = "x" }, "devices should be" },
  { "register", {}, "software_statement should be" },
  { "authenticate_url", {}, "code should be" },
}

-- What viewers type and servers say: refused, with a code.
local REFUSED = {}

local function refuse(operation, code, params)
  REFUSED[#REFUSED + 1] = { operation, code, params }
end

local CODES = { "", "a/b", "../x", "a b", "a\nb", "a\0b", "é", "%41", "a?b",
  "a#b", "a;b", ".", "..", ("A"):rep(65), ("A"):rep(1024 * 1024) }
for _, code in ipairs(CODES) do
  for _, operation in ipairs { "session", "resume_session",
    "profile_for_code", "authenticate_url" } do
    refuse(operation, "invalid_parameter_code", { code = code })
  end
end

local WORDS = { "", ".", "..", "a\nb", "a\0b", "\127", ("x"):rep(1024 * 1024) }
for _, word in ipairs(WORDS) do
  for _, operation in ipairs { "profile", "logout", "create_session" } do
    refuse(operation, "invalid_parameter_mvpd", { mvpd = word })
  end
  refuse("authorize", "invalid_parameter_mvpd",
    { mvpd = word, resources = { "CNN" } })
  refuse("partner_session", "invalid_parameter_partner", { partner = word })
  refuse("service_token", "invalid_parameter_sso_id", { sso_id = word })
  refuse("service_token", "invalid_parameter_link", { link = word })
  refuse("link", "invalid_parameter_token", { token = word })
  refuse("unlink", "invalid_parameter_token",
    { token = word, devices = { "x" } })
end

for _, list in ipairs { {}, { "" }, { 5 }, { "a", 5 }, { [2] = "a" },
  { "a", [3] = "b" }, { "a", name = "b" }, { name = "b" }, { { "a" } },
  { json.null } } do
  for _, operation in ipairs { "authorize", "preauthorize" } do
    refuse(operation, "invalid_parameter_resources",
      { mvpd = MVPD, resources = list })
  end
  refuse("unlink", "invalid_parameter_devices",
    { token = "x", devices = list })
end

describe("a call", function()
  local on

  before_each(function()
    on = stage.new()
    on.control.clear_journal()
  end)

  after_each(function() on = nil end)

  it("raises where the programmer is wrong, and asks nobody", function()
    for _, case in ipairs(MISUSE) do
      assert_raises(case[3], function()
        local answer = on.client.api[case[1]](on.client.api, case[2])
        return answer
      end)
    end
    assert.equal(0, #on.control.journal())
    print(("misuse: %d of %d"):format(#MISUSE, #MISUSE))
  end)

  it("refuses what a viewer or a server has wrong, and asks nobody",
    function()
      for _, case in ipairs(REFUSED) do
        local answer, err = on.client.api[case[1]](on.client.api, case[3])
        assert.is_nil(answer)
        assert.equal(case[2], err.code)
        assert.equal(case[1], err.operation)
        assert.is_true(#tostring(err) < 1000)
      end
      assert.equal(0, #on.control.journal())
      print(("refused: %d of %d"):format(#REFUSED, #REFUSED))
    end)

  it("of a client without a device raises, and says what to do", function()
    local given = good_fields()
    given.device = nil
    local client = adobepass.new(given)
    for _, operation in ipairs(operations) do
      assert_raises("client:device", function()
        local answer = client.api[operation.name](client.api)
        return answer
      end)
    end
  end)

  it("takes a device later, and names what is wrong with it", function()
    assert_raises("device.id", function()
      local view = on.client:device {}
      return view
    end)
  end)
end)

-- --- hostile answers -------------------------------------------------------

local BARE = { register = true, token = true }

-- The documented answer of each operation that has one, as the sandbox has it.
local function documented(operation)
  local here, response = stage.new(), nil
  local handle = here.box.handle
  function here.box:handle(request)
    response = handle(self, request)
    return response
  end
  local params = scenes[operation](here)
  assert(here.client.api[operation](here.client.api, params))
  return response, params
end

local function client_of(session)
  local given = good_fields()
  given.session, given.driver, given.pace = session, fake_driver.new(), false
  given.random = function() return 0.5 end
  return adobepass.new(given)
end

local JUNK = { "null", "true", "[]", "{}", '"x"', "-1", "1e999", "[1,2]",
  '{"a":null}', ("["):rep(100) .. ("]"):rep(100), '"\\u0000\\ud800"',
  "99999999999999999999", '""', '{"":{"":[[]]}}' }

local MUTATIONS = {
  function(body, below) return body:sub(1, below(#body)) end,
  function(body, below) return body:sub(below(#body) + 1) end,
  function(body, below) -- a byte of another value
    local at = below(#body) + 1
    return body:sub(1, at - 1) .. string.char(below(256)) .. body:sub(at + 1)
  end,
  function(body, below) -- a piece twice
    local at = below(#body) + 1
    return body:sub(1, at) .. body:sub(at - below(at), at) .. body:sub(at + 1)
  end,
  function(body, below) -- another value for a name
    local places = {}
    for place in body:gmatch '":()' do places[#places + 1] = place end
    if #places == 0 then return JUNK[below(#JUNK) + 1] end
    local place = places[below(#places) + 1]
    local rest = body:sub(place):gsub('^"?[^,}"%]]*"?', "", 1)
    return body:sub(1, place - 1) .. JUNK[below(#JUNK) + 1] .. rest
  end,
  function(_, below) return JUNK[below(#JUNK) + 1] end,
  function(body) return body .. body end,
  function(body, below) return body:rep(1 + below(3)):reverse() end,
}

local function source(seed)
  local bytes = helper.random(seed)
  return function(n) -- 0 to n - 1
    if n < 1 then return 0 end
    local a, b = bytes(2):byte(1, 2)
    return (a * 256 + b) % n
  end
end

-- The top-level fields that an answer must have, and what they are.
local function must_fail(operation, body)
  local value = json.decode(body)
  if type(value) ~= "table" or json.is_array(value) then return true end
  for name, wanted in pairs(operation.answer or {}) do
    local other = (operation.also or {})[name]
    local found = value[name]
    if found == nil and other then found = value[other] end
    wanted = wanted == "list" and "table" or wanted
    if type(found) ~= wanted then return true end
  end
  return false
end

describe("an answer", function()
  local function ask(answer, operation, params)
    local client = client_of(scripted.adobe(answer, BARE[operation]))
    local good, value, err = pcall(client.api[operation], client.api, params)
    assert(good, value)
    if value == nil then
      assert.is_true(errors.is(err))
      assert.is_true(#tostring(err) < 4000)
    end
    return value, err
  end

  it("that is damaged is malformed_answer, never a Lua error", function()
    local ROUNDS, total, malformed = 60, 0, 0
    for number, operation in ipairs(operations) do
      if operation.answer then
        local response, params = documented(operation.name)
        local below = source(1000 + number)
        for round = 1, ROUNDS + #JUNK do
          local mutate = MUTATIONS[round % #MUTATIONS + 1]
          local body = JUNK[round - ROUNDS]
            or mutate(response.body, below)
          local value, err = ask({ status = response.status, body = body },
            operation.name, params)
          if must_fail(operation, body) then
            assert.is_nil(value, body)
            assert.equal("malformed_answer", err.code)
            malformed = malformed + 1
          else
            assert.is_true(value ~= nil or err.code == "malformed_answer")
          end
          total = total + 1
        end
      end
    end
    assert.is_true(malformed > total / 3)
    print(("hostile answers: %d, of which %d malformed"):format(total,
      malformed))
  end)

  it("with any status and body is a value or an error", function()
    local below = source(77)
    for _, operation in ipairs(operations) do
      if not operation.url_only then
        local params = scenes[operation.name](stage.new())
        for _ = 1, 20 do
          local status = 100 + below(500)
          local _, err = ask({ status = status,
            body = JUNK[below(#JUNK) + 1],
            headers = { ["retry-after"] = ("x"):rep(below(50)),
              date = "Mon, 99 Foo 20000 99:99:99 GMT" } },
            operation.name, params)
          if err and err.http_status then
            assert.equal(status, err.http_status)
          end
        end
      end
    end
  end)

  it("of registration or token may be hostile as well", function()
    local below, total = source(78), 0
    local texts = {
      register = '{"client_id":"a","client_secret":"b"}',
      token = '{"access_token":"a","expires_in":3600,"created_at":1}' }
    for name, text in pairs(texts) do
      for round = 1, 200 do
        local body = MUTATIONS[round % #MUTATIONS + 1](text, below)
        local session = scripted.new { function(request)
          for at, whole in pairs(texts) do
            if request.url:find("/o/client/" .. at, 1, true) then
              return { status = 201, body = at == name and body or whole }
            end
          end
          return { body = '{"profiles":{}}' }
        end }
        local client = client_of(session)
        local good, value, err = pcall(client.api.profiles, client.api)
        assert(good, body .. ": " .. tostring(value))
        assert.is_true(value ~= nil or errors.is(err))
        total = total + 1
      end
    end
    print(("hostile credentials and tokens: %d of %d"):format(total, total))
  end)

  local EXPIRES = { "null", "-1", "0", "1e308", "1e999", '"3600"', '"x"',
    "{}", "[]", "true", "0.5", '"-5"', '"nan"', '"inf"', '"0x10"' }

  it("of the token operation may say any time", function()
    for _, expires in ipairs(EXPIRES) do
      local client = client_of(scripted.new { function(request)
        if request.url:find("register", 1, true) then
          return { status = 201,
            body = '{"client_id":"a","client_secret":"b"}' }
        elseif request.url:find("/token", 1, true) then
          return { status = 201, body = ('{"access_token":"a",'
            .. '"expires_in":%s}'):format(expires) }
        end
        return { body = '{"profiles":{}}' }
      end })
      local good, value, err = pcall(client.api.profiles, client.api)
      assert(good, expires .. ": " .. tostring(value))
      assert.is_true(value ~= nil or errors.is(err), expires)
    end
  end)

  -- What comes from elsewhere than the API: proxies, load balancers.
  it("in HTML with cookies is a 429 that is obeyed", function()
    local client = client_of(scripted.adobe { status = 429,
      body = "<html>429</html>", headers = { ["set-cookie"] = "a=b" } })
    local value, err = client.api:profiles()
    assert.is_nil(value)
    assert.equal("too_many_requests", err.code)
    assert.equal("retry", err.action)
    assert.equal(429, err.http_status)
    for _, request in ipairs(client.shared.session.requests) do
      assert.is_nil(header_table(request).Cookie)
    end
  end)

  it("that is an empty 401 is `unauthorized`", function()
    local _, err = ask({ status = 401 }, "profiles")
    assert.equal("unauthorized", err.code)
    assert.equal(401, err.http_status)
  end)

  it("with a code and an action of tomorrow passes them on", function()
    local _, err = ask({ status = 403, body = json.encode {
      code = "brand_new", action = "dance", status = 418,
      message = "Do it.", details = "Now.", trace = "t-1",
      helpUrl = "https://help.test" } }, "profiles")
    assert.equal("brand_new", err.code)
    assert.equal("dance", err.action)
    assert.equal(403, err.http_status)
    assert.equal(418, err.status)
    assert.equal("Do it.", err.message)
    assert.equal("Now.", err.details)
    assert.equal("t-1", err.trace)
    assert.equal("https://help.test", err.help_url)
    assert.is_string(err:viewer_text())
  end)

  it("without a code has one of its status, and the action", function()
    for status, action in pairs { [400] = "none", [404] = "none",
      [500] = "retry", [502] = "retry", [503] = "retry", [599] = "retry" } do
      local _, err = ask({ status = status, body = "<html>" }, "profiles")
      assert.equal("http_" .. status, err.code)
      assert.equal(action, err.action)
      assert.equal(status, err.http_status)
    end
  end)

  it("in the form of DCR has its code", function()
    for _, code in ipairs { "invalid_request", "invalid_redirect_uri",
      "invalid_software_statement", "unapproved_software_statement",
      "unauthorized_client", "unsupported_grant_type", "of_tomorrow" } do
      local _, err = ask({ status = 400,
        body = json.encode { error = code } }, "register",
        { software_statement = "x" })
      assert.equal(code, err.code)
      assert.equal("register", err.operation)
    end
  end)

  it("that leads elsewhere is an error, and not followed", function()
    for _, status in ipairs { 301, 302, 303, 307, 308 } do
      local session = scripted.adobe { status = status,
        headers = { location = "https://evil.test/" } }
      local client = client_of(session)
      local value, err = client.api:profiles()
      assert.is_nil(value)
      assert.equal("http_" .. status, err.code)
      for _, request in ipairs(session.requests) do
        assert.is_nil(request.url:find("evil", 1, true))
      end
    end
  end)

  it("that never came has the core's code", function()
    for _, code in ipairs { "timeout", "connection_lost", "tls_failed",
      "too_large", "resolve_failed", "connect_failed", "closed" } do
      local _, err = ask({ error = code }, "profiles")
      assert.equal(code, err.code)
      assert.is_nil(err.http_status)
    end
  end)
end)
