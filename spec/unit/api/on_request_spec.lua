--- The option `on_request`: headers that the application adds, such as traceparent.

local json = require "adobepass.util.json"
local timeline = require "spec.support.timeline"

local TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

describe("on_request", function()
  local scenario, calls

  -- Creates a client whose hook keeps each call and adds what `add` returns.
  local function start(add)
    calls = {}
    scenario = timeline.new { on_request = function(request)
      calls[#calls + 1] = request
      for name, value in pairs(add and add(request) or {}) do
        request.headers[name] = value
      end
    end }
    return scenario.client
  end

  -- Returns the header of each sent request, by name in lower case.
  local function sent(name)
    local list = {}
    for index, entry in ipairs(scenario.requests) do
      list[index] = false
      for key, value in pairs(entry.request.headers) do
        if key:lower() == name then list[index] = value end
      end
    end
    return list
  end

  it("[on-request-adds] on_request: adds a header to every request, those for "
    .. "credentials and tokens too", function()
    local client = start(function() return { traceparent = TRACE } end)
    assert(client.api:profiles())
    assert.same({ TRACE, TRACE, TRACE }, sent "traceparent")
    local seen = {}
    for index, call in ipairs(calls) do
      seen[index] = { call.operation, call.method, call.attempt }
    end
    assert.same({ { "register", "POST", 1 }, { "token", "POST", 1 },
      { "profiles", "GET", 1 } }, seen)
    assert.equal(client:event_name(), calls[3].device)
  end)

  it("[on-request-attempt] on_request: is called again for a retry, and a header of "
    .. "the first attempt is not repeated", function()
    local client = start(function(request)
      return { ["X-Attempt-" .. request.attempt] = "yes" }
    end)
    local failures = 1
    scenario:set_responder(function(_, operation)
      if operation ~= "profiles" or failures == 0 then return nil end
      failures = failures - 1
      return { status = 503 }
    end)
    assert(client.api:profiles())
    assert.same({ "yes", "yes", "yes", false }, sent "x-attempt-1")
    assert.same({ false, false, false, "yes" }, sent "x-attempt-2")
    assert(client.api:profiles())
    assert.is_false(sent "x-attempt-2"[5])
  end)

  it("[on-request-keeps] on_request: cannot replace a header of the request, in any "
    .. "case", function()
    local client = start(function(request)
      return { ACCEPT = "text/html", ["ap-device-identifier"] =
        request.operation == "profiles" and "other" or nil }
    end)
    assert(client.api:profiles())
    local request = scenario.requests[3].request
    assert.equal("application/json", request.headers.Accept)
    assert.is_nil(request.headers.ACCEPT)
    assert.is_nil(request.headers["ap-device-identifier"])
    assert.truthy(request.headers["AP-Device-Identifier"])
  end)

  it("[on-request-refuses] on_request: a header that only the client may set, or with "
    .. "a control character, raises", function()
    for name, value in pairs { Authorization = "Bearer x", Host = "evil.test",
        ["content-length"] = "1", ["X-A"] = "a\r\nb", ["X B"] = "c", ["X-C"] = 5 } do
      local client = start(function() return { [name] = value } end)
      local good, message = pcall(client.api.profiles, client.api)
      assert.is_false(good)
      assert.matches("on_request: ", message, nil, true)
      assert.equal(0, #scenario.requests)
    end
  end)

  it("[on-request-no-secret] on_request: receives no secret of a login, a decision and "
    .. "a logout", function()
    local client = start()
    local login = assert(client:start_login(timeline.login_options()))
    scenario:sign_in(login.code)
    assert(client:poll_login(login))
    local decision = assert(client:authorize "CNN")
    assert(client:logout { redirect_url = "https://adobe.com" })
    local secrets = { login.code, decision.media_token, scenario.statement,
      client:client_id() }
    local text, bearers = json.encode(calls), 0
    for _, entry in ipairs(scenario.requests) do
      local bearer = entry.request.bearer
      if bearer then
        bearers = bearers + 1
        secrets[#secrets + 1] = bearer:reveal()
      end
      for name, value in pairs(entry.request.headers) do
        if name:find "^AP%-" or name == "X-Device-Info" then
          secrets[#secrets + 1] = value
        end
      end
    end
    assert.is_true(bearers >= 4 and #calls == #scenario.requests)
    for _, secret in ipairs(secrets) do
      assert.is_true(#secret >= 5)
      assert.is_nil(text:find(secret, 1, true))
    end
  end)

  it("[on-request-custom] on_request: adds to client:request, whose own header wins",
    function()
    local client = start(function() return { traceparent = TRACE, b = "2" } end)
    scenario:set_responder(function(_, operation)
      return operation == "other" and { body = "{}" } or nil
    end)
    assert(client:request { base = "mgmt", path = "/esm/v3/year",
      headers = { Traceparent = "mine" } })
    local headers = scenario.requests[#scenario.requests].request.headers
    assert.same({ "mine", nil, "2" }, { headers.Traceparent, headers.traceparent,
      headers.b })
  end)
end)
