--- A response of any shape gives a value or an error, never a Lua error.

local adobepass = require "adobepass"
local errors = require "adobepass.api.errors"
local fake_driver = require "spec.support.fake_driver"
local valid_options = require "spec.support.valid_options"
local sandbox_fixture = require "spec.sandbox.fixture"
local json = require "adobepass.util.json"
local operations = require "adobepass.api.operations"
local operation_setup = require "spec.support.operation_setup"
local seeded_random = require "spec.fault.seeded_random"
local scripted_transport = require "spec.support.scripted_transport"
local client_fixture = require "spec.support.client_fixture"

-- Returns the sandbox's response to an operation, and the parameters.
local function documented(operation)
  local here, response = client_fixture.new(), nil
  local handle = here.sandbox.handle
  function here.sandbox:handle(request)
    response = handle(self, request)
    return response
  end
  local params = operation_setup[operation](here)
  assert(here.client.api[operation](here.client.api, params))
  return response, params
end

local function new_client(transport)
  local given = valid_options()
  given.transport, given.driver, given.rate_limit = transport, fake_driver.new(), false
  given.random = function() return 0.5 end
  return adobepass.new(given)
end

local JUNK = { "null", "true", "[]", "{}", '"x"', "-1", "1e999", "[1,2]",
  '{"a":null}', ("["):rep(100) .. ("]"):rep(100), '"\\u0000\\ud800"',
  "99999999999999999999", '""', '{"":{"":[[]]}}' }

local MUTATIONS = {
  function(body, random) return body:sub(1, random(#body)) end,
  function(body, random) return body:sub(random(#body) + 1) end,
  function(body, random) -- change one byte
    local at = random(#body) + 1
    return body:sub(1, at - 1) .. string.char(random(256)) .. body:sub(at + 1)
  end,
  function(body, random) -- repeat a part
    local at = random(#body) + 1
    return body:sub(1, at) .. body:sub(at - random(at), at) .. body:sub(at + 1)
  end,
  function(body, random) -- replace the value of a field
    local places = {}
    for place in body:gmatch '":()' do places[#places + 1] = place end
    if #places == 0 then return JUNK[random(#JUNK) + 1] end
    local place = places[random(#places) + 1]
    local rest = body:sub(place):gsub('^"?[^,}"%]]*"?', "", 1)
    return body:sub(1, place - 1) .. JUNK[random(#JUNK) + 1] .. rest
  end,
  function(_, random) return JUNK[random(#JUNK) + 1] end,
  function(body) return body .. body end,
  function(body, random) return body:rep(1 + random(3)):reverse() end,
}

local function new_random(seed)
  local bytes = sandbox_fixture.random(seed + seeded_random.before_first(100))
  return function(n) -- 0 to n - 1
    if n < 1 then return 0 end
    local a, b = bytes(2):byte(1, 2)
    return (a * 256 + b) % n
  end
end

-- Returns true if a required top-level field is missing or has a wrong type.
local function must_fail(operation, body)
  local value = json.decode(body)
  if type(value) ~= "table" or json.is_array(value) then return true end
  for name, wanted in pairs(operation.response or {}) do
    local other = (operation.also or {})[name]
    local found = value[name]
    if found == nil and other then found = value[other] end
    wanted = wanted == "list" and "table" or wanted
    if type(found) ~= wanted then return true end
  end
  local code = operation.has_code and value.code
  if code and code ~= json.null then
    return type(code) ~= "string" or not code:find "^[%w_-]+$" or #code > 64
  end
  return operation.has_code and code == false
end

describe("a response", function()
  local function call(result, operation, params)
    local client = new_client(scripted_transport.adobe(result, operation))
    local good, value, err = pcall(client.api[operation], client.api, params)
    assert(good, value)
    if value == nil then
      assert(errors.is(err))
      assert(#tostring(err) < 4000, tostring(err))
    end
    return value, err
  end

  it("[client-response-damaged] response: a damaged body gives "
    .. "malformed_response, never a Lua error", function()
    local ROUNDS = seeded_random.choose_count(20, 60)
    local total, malformed = 0, 0
    for number, operation in ipairs(operations) do
      if operation.response then
        local response, params = documented(operation.name)
        local random = new_random(1000 + number)
        for round = 1, ROUNDS + #JUNK do
          local mutate = MUTATIONS[round % #MUTATIONS + 1]
          local body = JUNK[round - ROUNDS]
            or mutate(response.body, random)
          local value, err = call({ status = response.status, body = body },
            operation.name, params)
          if must_fail(operation, body) then
            assert(value == nil, body)
            assert(err.code == "malformed_response", body)
            malformed = malformed + 1
          else
            assert(value ~= nil or err.code == "malformed_response", body)
          end
          total = total + 1
        end
      end
    end
    assert.is_true(malformed > total / 3)
    print(("hostile responses: %d, of which %d malformed"):format(total,
      malformed))
  end)

  it("[client-response-status-body] response: any status and body gives a "
    .. "value or an error", function()
    local random = new_random(77)
    for _, operation in ipairs(operations) do
      if not operation.url_only then
        local params = operation_setup[operation.name](client_fixture.new())
        for _ = 1, seeded_random.choose_count(8, 20) do
          local status = 100 + random(500)
          local _, err = call({ status = status,
            body = JUNK[random(#JUNK) + 1],
            headers = { ["retry-after"] = ("x"):rep(random(50)),
              date = "Mon, 99 Foo 20000 99:99:99 GMT" } },
            operation.name, params)
          if err and err.http_status then
            assert(err.http_status == status, status)
          end
        end
      end
    end
  end)

  it("[client-response-registration] response: damaged credentials or tokens "
    .. "never raise a Lua error", function()
    local random, total = new_random(78), 0
    local texts = {
      register = '{"client_id":"a","client_secret":"b"}',
      token = '{"access_token":"a","expires_in":3600,"created_at":1}' }
    for name, text in pairs(texts) do
      for round = 1, seeded_random.choose_count(80, 200) do
        local body = MUTATIONS[round % #MUTATIONS + 1](text, random)
        local transport = scripted_transport.new { function(request)
          for at, whole in pairs(texts) do
            if request.url:find("/o/client/" .. at, 1, true) then
              return { status = 201, body = at == name and body or whole }
            end
          end
          return { body = '{"profiles":{}}' }
        end }
        local client = new_client(transport)
        local good, value, err = pcall(client.api.profiles, client.api)
        assert(good, body .. ": " .. tostring(value))
        assert(value ~= nil or errors.is(err), body)
        total = total + 1
      end
    end
    print(("hostile credentials and tokens: %d of %d"):format(total, total))
  end)

  local EXPIRES = { "null", "-1", "0", "1e308", "1e999", '"3600"', '"x"',
    "{}", "[]", "true", "0.5", '"-5"', '"nan"', '"inf"', '"0x10"' }

  it("[client-response-token-operation] response: any expires_in of a token "
    .. "gives a value or an error", function()
    for _, expires in ipairs(EXPIRES) do
      local client = new_client(scripted_transport.new { function(request)
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

  -- Proxies and load balancers respond with HTML and cookies.
  it("[client-response-html-cookies-429] response: a 429 in HTML gives "
    .. "too_many_requests, and its cookies are not sent back", function()
    local client = new_client(scripted_transport.adobe { status = 429,
      body = "<html>429</html>", headers = { ["set-cookie"] = "a=b" } })
    local value, err = client.api:profiles()
    assert.is_nil(value)
    assert.equal("too_many_requests", err.code)
    assert.equal("retry", err.action)
    assert.equal(429, err.http_status)
    for _, request in ipairs(client.context.connection.transport.requests) do
      assert.is_nil(request.headers.Cookie)
    end
  end)

  it("[client-response-empty-401] response: an empty 401 gives the error "
    .. "unauthorized", function()
    local _, err = call({ status = 401 }, "profiles")
    assert.equal("unauthorized", err.code)
    assert.equal(401, err.http_status)
  end)

  it("[client-response-code-action] response: an unknown code and action reach "
    .. "the caller unchanged", function()
    local _, err = call({ status = 403, body = json.encode {
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

  it("[client-response-code-status] response: without a code, the error has "
    .. "the code http_<status> and an action", function()
    for status, action in pairs { [400] = "none", [404] = "none",
      [500] = "retry", [502] = "retry", [503] = "retry", [599] = "retry" } do
      local _, err = call({ status = status, body = "<html>" }, "profiles")
      assert.equal("http_" .. status, err.code)
      assert.equal(action, err.action)
      assert.equal(status, err.http_status)
    end
  end)

  it("[client-response-form-dcr-code] response: an error in the form of DCR "
    .. "keeps its code", function()
    for _, code in ipairs { "invalid_request", "invalid_redirect_uri",
      "invalid_software_statement", "unapproved_software_statement",
      "unauthorized_client", "unsupported_grant_type", "of_tomorrow" } do
      local _, err = call({ status = 400,
        body = json.encode { error = code } }, "register",
        { software_statement = "x" })
      assert.equal(code, err.code)
      assert.equal("register", err.operation)
    end
  end)

  it("[client-response-leads-elsewhere] response: a redirect is an error and "
    .. "is not followed", function()
    for _, status in ipairs { 301, 302, 303, 307, 308 } do
      local transport = scripted_transport.adobe { status = status,
        headers = { location = "https://evil.test/" } }
      local client = new_client(transport)
      local value, err = client.api:profiles()
      assert.is_nil(value)
      assert.equal("http_" .. status, err.code)
      for _, request in ipairs(transport.requests) do
        assert.is_nil(request.url:find("evil", 1, true))
      end
    end
  end)

  it("[client-response-never-core-code] response: a failed transfer gives an "
    .. "error with the core's code", function()
    for _, code in ipairs { "timeout", "connection_lost", "tls_failed",
      "too_large", "resolve_failed", "connect_failed", "closed" } do
      local _, err = call({ error = code }, "profiles")
      assert.equal(code, err.code)
      assert.is_nil(err.http_status)
    end
  end)
end)
