--- The option `identity` of adobepass.new and client:device: where its values are
-- sent, when its functions are called, and how service tokens are renewed.

local assert_client_error = require "spec.support.assert_client_error"
local core = require "adobepass.core"
local json = require "adobepass.util.json"
local operation_setup = require "spec.support.operation_setup"
local routes = require "adobepass.sandbox.engine.routes"
local tick = require "adobepass.driver.tick"
local timeline = require "spec.support.timeline"

local HOUR = 3600 * 1000
local HEADERS = { visitor_id = "ap-visitor-identifier",
  subject_token = "adobe-subject-token", service_token = "ad-service-token",
  roku_token = "x-roku-reserved-roku-connect-token",
  partner_status = "ap-partner-framework-status" }

describe("identity", function()
  local scenario

  before_each(function() scenario = timeline.new() end)

  -- Returns a source that counts its calls, and returns what `give` returns.
  local function counted(give)
    local source = { calls = 0 }
    function source.get(...)
      source.calls = source.calls + 1
      return give(...)
    end
    return source
  end

  local function header(operation, name, index)
    return scenario:received(operation)[index or 1].headers[HEADERS[name]]
  end

  -- Returns a client with an identity that knows the server's time.
  local function client_with(identity)
    local client = scenario:new_client { identity = identity }
    assert(client.api:configuration())
    return client
  end

  local function sso_token(subject)
    return assert(scenario:new_client():get_service_token {
      sso_id = subject or "viewer-1" })
  end

  -- Calls every flow that sends V2 requests for one viewer.
  local function use_everything(client)
    local flow = assert(client:start_login(timeline.login_options { mvpd = false }))
    assert(client:check_code(flow.code))
    assert(client:resume_login { code = flow.code, mvpd = "Cablevision" })
    assert.equal("pending", select(2, client:poll_login(flow)))
    scenario:sign_in(flow.code)
    assert(client:poll_login(flow))
    assert(client:profiles())
    assert(client:refresh_profile())
    assert(client:authorize "CNN")
    assert(client:preauthorize { "CNN" })
    assert(client:logout { redirect_url = "https://adobe.com" })
  end

  local OPERATIONS = { "create_session", "session", "resume_session",
    "profile_for_code", "profiles", "profile", "authorize", "preauthorize",
    "logout" }

  local function check_sent(given)
    for _, operation in ipairs(OPERATIONS) do
      local list = scenario:received(operation)
      assert.is_true(#list > 0, operation)
      for _, entry in ipairs(list) do
        assert.is_nil(entry.unexpected)
        for name, value in pairs(given) do
          local is_listed = routes.by_name[operation].headers[HEADERS[name]]
          assert.equal(is_listed and value or nil, entry.headers[HEADERS[name]],
            operation .. " " .. name)
        end
      end
    end
  end

  local VALUES = { visitor_id = "visitor-1", roku_token = "roku-1",
    service_token = "service-1", partner_status = operation_setup.partner_status() }

  it("[identity-values-listed] identity: its values are sent on each operation "
    .. "whose page lists the header, and on no other", function()
    use_everything(client_with(VALUES))
    check_sent(VALUES)
  end)

  it("[identity-functions-listed] identity: the values of its functions are sent on "
    .. "each operation whose page lists the header, and on no other", function()
    local sources = {}
    for name, value in pairs(VALUES) do
      sources[name] = function() return value, scenario.sandbox:now() + HOUR end
    end
    use_everything(client_with(sources))
    check_sent(VALUES)
  end)

  it("[identity-device-listed] client:device: its identity is sent instead of the "
    .. "client's, field by field", function()
    local client = scenario:new_client { identity = { visitor_id = "of the client",
      service_token = "of the client", subject_token = "of the client" } }
    use_everything(client:device { id = "another", info = operation_setup.INFO,
      identity = { visitor_id = function() return "of the device" end,
        service_token = false, roku_token = "of the device" } })
    check_sent { visitor_id = "of the device", roku_token = "of the device" }
    for _, operation in ipairs(OPERATIONS) do
      assert.is_nil(header(operation, "service_token"))
      assert.is_nil(header(operation, "subject_token"))
    end
  end)

  it("[identity-call-replaces] identity: a call may override each field", function()
    local source = counted(function() return "of the device" end)
    local client = client_with { visitor_id = source.get }
    local flow = assert(client:start_login(
      timeline.login_options { visitor_id = "of the call" }))
    client:poll_login(flow, { visitor_id = "of the poll" })
    assert(client:check_code(flow.code, { visitor_id = "of the check" }))
    assert(client:profiles { visitor_id = "of the list" })
    assert.equal("of the call", header("create_session", "visitor_id"))
    assert.equal("of the poll", header("profile_for_code", "visitor_id"))
    assert.equal("of the check", header("session", "visitor_id"))
    assert.equal("of the list", header("profiles", "visitor_id", 2))
    assert.equal(0, source.calls)
    assert(client:profiles())
    assert.equal("of the device", header("profiles", "visitor_id", 3))
  end)

  it("[identity-second-screen-visitor] identity: the calls of the second screen accept "
    .. "only the field that they send", function()
    local client = client_with {}
    for name in pairs { service_token = 1, subject_token = 1, roku_token = 1,
      partner_status = 1 } do
      local unknown = ("unknown option '%s'"):format(name)
      assert.error_matches(function()
        client:check_code("ABC1234", { [name] = "x" })
      end, unknown)
      assert.error_matches(function()
        client:resume_login { code = "ABC1234", [name] = "x" }
      end, unknown)
    end
  end)

  it("[identity-function-unexpired] identity: a function is not called while its "
    .. "value has not expired, and once after that", function()
    local source = counted(function(id)
      assert.equal(operation_setup.DEVICE, id)
      return "visitor", scenario.sandbox:now() + HOUR
    end)
    local client = client_with { visitor_id = source.get }
    assert.equal(0, source.calls)
    use_everything(client)
    assert.equal(1, source.calls)
    scenario.driver.sleep(3599)
    assert(client:profiles())
    assert.equal(1, source.calls)
    scenario.driver.sleep(2)
    assert(client:profiles())
    assert(client:profiles())
    assert.equal(2, source.calls)
  end)

  it("[identity-function-need] identity: a function without an expiry is called once "
    .. "for each request that sends its value, not again for its retries", function()
    local source = counted(function() return "visitor" end)
    local client = client_with { visitor_id = source.get }
    assert(client.api:configuration()) -- does not list the header
    assert.equal(0, source.calls)
    assert(scenario.control.fault { operation = "profiles", kind = "status",
      status = 503, count = 2 })
    assert(client:profiles())
    assert.equal(3, #scenario:received "profiles")
    assert.equal(1, source.calls)
    assert(client:profiles())
    assert.equal(2, source.calls)
  end)

  it("[identity-function-concurrent] identity: concurrent requests share one call of "
    .. "a function", function()
    local source = counted(function()
      scenario.driver.sleep(1)
      return "visitor", scenario.sandbox:now() + HOUR
    end)
    local client = client_with { visitor_id = source.get }
    local function ask() assert(client:profiles()) end
    scenario.driver.run(ask, ask, ask)
    assert.equal(1, source.calls)
    for index = 1, 3 do
      assert.equal("visitor", header("profiles", "visitor_id", index))
    end
  end)

  it("[identity-function-nil] identity: nil from a function leaves the header out, "
    .. "and an error of the client fails the request", function()
    local result, second = nil, nil
    local client = scenario:new_client { identity = {
      visitor_id = function() return result, second end } }
    assert(client:profiles())
    assert.is_nil(header("profiles", "visitor_id"))
    second = select(2, scenario.client:authorize "CNN")
    assert_client_error("not_logged_in", client:profiles())
    assert.equal(1, #scenario:received "profiles")
  end)

  it("[identity-function-nil-unexpired] identity: a function that returned nil and "
    .. "a time is not called again before that time", function()
    local source = counted(function() return nil, scenario.sandbox:now() + HOUR end)
    local client = client_with { visitor_id = source.get }
    for _ = 1, 2 do assert(client:profiles()) end
    assert.equal(1, source.calls)
    scenario.driver.sleep(3601)
    assert(client:profiles())
    assert.equal(2, source.calls)
  end)

  it("[identity-function-dropped] identity: a function whose coroutine was dropped "
    .. "is called again as soon as the timeout of that call has passed", function()
    local source = counted(function()
      coroutine.yield()
      return "visitor"
    end)
    local client = scenario:new_client { timeout = 8,
      identity = { visitor_id = source.get } }
    local function ask() return client:profiles() end
    coroutine.resume(coroutine.create(ask)) -- never resumed again
    assert.equal(1, source.calls)
    scenario.driver.sleep(8)
    local slept = #scenario.driver.slept
    coroutine.resume(coroutine.create(ask))
    assert.equal(2, source.calls)
    assert.equal(slept, #scenario.driver.slept)
  end)

  -- Lua 5.4 closes the coroutine of a cancelled task; the others leave it suspended.
  it("[identity-function-cancelled] identity: a function whose task was cancelled is "
    .. "called again at once", function()
    local driver = tick { now = scenario.driver.now }
    local source = counted(function() return "visitor" end)
    local client = scenario:new_client { driver = driver, identity = {
      visitor_id = function()
        if source.get() and source.calls == 1 then driver.sleep(5) end
        return "visitor"
      end } }
    local function start()
      local task = driver.start(function() return client:profiles() end)
      driver.update()
      return task
    end
    local first = start()
    first:cancel()
    local second = start()
    assert.equal(2, source.calls)
    while driver.update() > 0 do scenario.driver.sleep(0.1) end
    assert.is_table(second.results[1])
    assert.is_nil(next(second.cleanups or {}))
    assert.equal("cancelled", first.status) -- keeps the first task until here
  end)

  it("[identity-function-waits-itself] identity: raises when a function calls an "
    .. "operation that sends its value", function()
    local client
    local source = counted(function() return client:profiles() end)
    client = scenario:new_client { identity = { visitor_id = source.get } }
    local function ask() client:profiles() end
    local before = scenario.driver.now()
    for _, run in ipairs { ask, coroutine.wrap(ask) } do
      assert.error_matches(run, "identity.visitor_id: .* waits for itself")
    end
    assert.equal(2, source.calls)
    assert.equal(before, scenario.driver.now())
  end)

  it("[identity-function-calls-client] identity: a function may call an operation that "
    .. "does not send its value", function()
    local client
    client = scenario:new_client { identity = { visitor_id = function()
      return client.api:configuration() and "visitor"
    end } }
    assert(client:profiles())
    assert.equal("visitor", header("profiles", "visitor_id"))
  end)

  it("[identity-function-wrong] identity: raises for a result that cannot be "
    .. "sent", function()
    for _, given in ipairs { { 5 }, { "a\nb" }, { "v", "soon" }, { {} } } do
      local client = scenario:new_client { identity = {
        visitor_id = function() return given[1], given[2] end } }
      assert.error_matches(function() client:profiles() end, "identity.visitor_id")
    end
  end)

  it("[identity-function-raises] identity: an error that a function raises reaches "
    .. "the application, and the next call calls the function again at once", function()
    local source = counted(function() return "visitor" end)
    local client = scenario:new_client { identity = { visitor_id = function()
      if source.get() and source.calls == 1 then error { mine = true } end
      return "visitor"
    end } }
    local good, raised = pcall(client.profiles, client)
    assert.is_false(good)
    assert.same({ mine = true }, raised)
    local before = scenario.driver.now()
    assert(client:profiles())
    assert.equal(before, scenario.driver.now())
    assert.equal(2, source.calls)
  end)

  it("[identity-function-raises-waiter] identity: a request that waits for a function "
    .. "calls it again when it has raised an error", function()
    local source = counted(function() coroutine.yield() end)
    local client = client_with { visitor_id = function()
      source.get()
      if source.calls == 1 then error "no visitor" end
      return "visitor"
    end }
    scenario.driver.sleep = function() coroutine.yield() end
    local function ask() return (client:profiles()) end
    local first, second = coroutine.wrap(ask), coroutine.wrap(ask)
    first() -- yields in the function
    second() -- waits for the first one
    assert.equal(1, source.calls)
    assert.error_matches(first, "no visitor")
    second()
    assert.equal(2, source.calls)
    assert.is_table(second())
  end)

  it("[identity-permits-viewer] preauthorize: caches permits for the viewer that "
    .. "a function of the identity returned", function()
    local viewer = "viewer-1"
    local client = client_with { roku_token = function() return viewer end }
    scenario:signed_in()
    for _ = 1, 2 do
      assert(client:preauthorize({ "CNN" }, { mvpd = "Cablevision" }))
    end
    assert.equal(1, #scenario:received "preauthorize")
    viewer = "viewer-2"
    assert(client:preauthorize({ "CNN" }, { mvpd = "Cablevision" }))
    assert.equal(2, #scenario:received "preauthorize")
    assert.equal("viewer-2", header("preauthorize", "roku_token", 2))
  end)

  it("[identity-values-secret] identity: values of functions do not appear in "
    .. "errors", function()
    local SECRET = "visitor-of-a-function"
    local client = scenario:new_client { identity = {
      visitor_id = function() return SECRET end } }
    scenario:respond_with("authorize", { decisions = { { resource = "CNN",
      authorized = false, error = { code = "authorization_denied_by_mvpd",
        message = "for " .. SECRET, details = SECRET } } } })
    local decision = assert(client:authorize("CNN", { mvpd = "Cablevision" }))
    assert.is_nil(decision.error.message:find(SECRET, 1, true))
    assert.is_nil(decision.error.details:find(SECRET, 1, true))
  end)

  -- --- service tokens ------------------------------------------------------

  local function renewals() return #scenario:received "refresh_service_token" end

  it("[identity-token-renewed-before] identity: a token of the SSO Service is "
    .. "renewed before its notAfter", function()
    local token = sso_token()
    local client = client_with { service_token = token }
    assert(client:profiles())
    scenario.driver.sleep(3600 - 61)
    assert(client:profiles())
    assert.equal(0, renewals())
    assert.equal(token, header("profiles", "service_token", 2))
    scenario.driver.sleep(2)
    for _ = 1, 2 do assert(client:profiles()) end
    assert.equal(1, renewals())
    local fresh = header("profiles", "service_token", 3)
    assert.are_not.equal(token, fresh)
    assert.equal(fresh, header("profiles", "service_token", 4))
    assert.equal(token, header("refresh_service_token", "service_token"))
  end)

  it("[identity-token-function-renewed] identity: a function that requests a token of "
    .. "the SSO Service is called once; the client renews the token", function()
    local client
    local source = counted(function()
      return client:get_service_token { sso_id = "viewer-1" }
    end)
    client = client_with { service_token = source.get }
    for _ = 1, 6 do
      assert(client:profiles())
      scenario.driver.sleep(3000)
    end
    assert.equal(1, source.calls)
    assert.is_true(renewals() >= 2)
    for index, entry in ipairs(scenario:received "profiles") do
      local claims = json.decode((core.jws.peek(entry.headers["ad-service-token"])))
      assert.is_true(claims.exp * 1000 > entry.time, index)
    end
  end)

  it("[identity-token-renewal-fails] identity: a token that cannot be renewed is sent "
    .. "until its notAfter", function()
    local token = sso_token()
    local client = client_with { service_token = token }
    scenario.driver.sleep(3600 - 30)
    assert(scenario.control.fault { operation = "refresh_service_token",
      kind = "status", status = 503, count = 100 })
    assert(client:profiles())
    assert(client:profiles())
    assert.equal(token, header("profiles", "service_token", 2))
    local asked = renewals()
    assert.is_true(asked <= 3) -- one call with its retries
    scenario.driver.sleep(31)
    local list, err = client:profiles()
    assert.is_nil(list)
    assert.equal(503, err.http_status)
    assert.is_true(renewals() > asked)
    assert.equal(2, #scenario:received "profiles")
  end)

  it("[identity-token-own-key] identity: a token signed by the programmer is not "
    .. "renewed", function()
    local token = assert(scenario.control.identity { kind = "service",
      subject = "viewer-1", seconds = 60 })
    local client = client_with { service_token = token }
    scenario.driver.sleep(61)
    assert(client:profiles())
    assert.equal(0, renewals())
  end)

  it("[service-token-link-end] link_device: returns the notAfter of the code, and "
    .. "get_service_token and renew_service_token that of the token", function()
    local client = scenario.client
    local token, ends = client:get_service_token { sso_id = "viewer-1" }
    local now = scenario.sandbox:now()
    assert.is_true(ends > now and ends <= now + HOUR)
    local code, code_ends = client:link_device(token)
    assert.matches("^%d+$", code)
    assert.equal(now + scenario.sandbox.world.lifetimes.link_code * 1000, code_ends)
    scenario.driver.sleep(100)
    local _, renewed = client:renew_service_token(token)
    assert.is_true(renewed >= ends + 99000)
  end)

  it("[service-token-refused-renewed] service token: a 401 about the identity's "
    .. "service token renews it, and not the access token", function()
    for _, code in ipairs { "token_expired", "header_invalid" } do
      scenario = timeline.new()
      local token = sso_token()
      local client = client_with { service_token = token }
      local refused
      scenario:set_responder(function(request)
        if not refused and request.url:find "/link$" then
          refused = request.headers["AD-Service-Token"]
          return { status = 401, body = { status = "UNAUTHORIZED",
            error = { status = 401, code = code, message = "refused",
              action = "get_new_token" } } }
        end
      end)
      local before = #scenario:received "token"
      assert.matches("^%d+$", (assert(client:link_device())))
      assert.equal(token, refused)
      assert.equal(1, renewals())
      assert.are_not.equal(token, header("link", "service_token"))
      assert.equal(before, #scenario:received "token")
    end
  end)

  it("[service-token-refused-function] service token: a 401 about a function's token "
    .. "calls the function again, once for each request", function()
    local source = counted(function() return "token", scenario.sandbox:now() + HOUR end)
    local client = client_with { service_token = source.get }
    local list, err = client:linked_devices()
    assert.is_nil(list)
    assert.equal("header_invalid", err.code)
    assert.equal("get_new_token", err.action)
    assert.equal(2, source.calls)
    assert.equal(1, #scenario:received "token")
    assert.is_true(#scenario:received "list_devices" <= 2)
  end)

  it("[service-token-refused-given] service token: a 401 about the token of a call "
    .. "requests no access token", function()
    for _, call in ipairs { "link_device", "linked_devices", "renew_service_token" } do
      local value, err = scenario.client[call](scenario.client, "junk")
      assert.is_nil(value)
      assert.equal("header_invalid", err.code)
      assert.equal("get_new_token", err.action)
      assert.matches("service token", err:hint())
    end
    assert.equal(1, #scenario:received "token")
  end)

  it("[service-token-refused-not-own] service token: a call with a refused token "
    .. "is not repeated with the identity's token", function()
    local client = client_with { service_token = sso_token() }
    assert_client_error("header_invalid", client:link_device "junk")
    assert.equal(1, #scenario:received "link")
    assert.equal("junk", header("link", "service_token"))
  end)

  it("[service-token-refused-access] service token: a 401 about the access token "
    .. "renews the access token", function()
    local token = sso_token()
    local client = client_with { service_token = token }
    assert(client:linked_devices())
    assert(scenario.control.revoke { token =
      scenario:received("list_devices")[1].headers.authorization:sub(8) })
    local before = #scenario:received "token"
    assert(client:linked_devices())
    assert.equal(before + 1, #scenario:received "token")
    assert.equal(0, renewals())
  end)

  it("[service-token-none-raises] link_device: raises without a token", function()
    for _, call in ipairs { "link_device", "linked_devices", "unlink_devices" } do
      assert.error_matches(function()
        scenario.client[call](scenario.client, nil, { "x" })
      end, "service token")
    end
  end)
end)
