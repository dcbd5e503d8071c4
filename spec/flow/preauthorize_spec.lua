--- Preauthorization of a catalog.

local assert_client_error = require "spec.support.assert_client_error"
local json = require "adobepass.util.json"
local tick = require "adobepass.driver.tick"
local timeline = require "spec.support.timeline"

local function names(count, prefix)
  local list = {}
  for index = 1, count do list[index] = (prefix or "R") .. index end
  return list
end

local function resources_of(request) return json.decode(request.body).resources
end

-- Returns the resources of each request.
local function batches(scenario)
  local list = {}
  for _, entry in ipairs(scenario.requests) do
    if entry.operation == "preauthorize" then
      list[#list + 1] = resources_of(entry.request)
    end
  end
  return list
end

local function sizes(scenario)
  local list = {}
  for index, batch in ipairs(batches(scenario)) do list[index] = #batch end
  return list
end

local function denied(list)
  local result = {}
  for index, decision in ipairs(list) do result[index] = decision.resource end
  return result
end

-- Returns one decision in the format of the service.
local function item(resource, code, action)
  return { resource = resource, serviceProvider = "REF30", mvpd =
    "Cablevision", source = "mvpd", authorized = code == nil,
    error = code and { code = code, action = action or "none",
      status = 403, message = "No." } or nil }
end

describe("preauthorize", function()
  local scenario, client
  after_each(function() scenario, client = nil, nil end)
  before_each(function()
    scenario = timeline.new()
    client = scenario.client
    scenario:signed_in("Cablevision", "bob")
    assert(client:login {})
    scenario:clear_requests()
  end)

  -- Sets how the service decides: `decide(resource, number of the request)`.
  local function new_scenario(decide)
    local count = 0
    scenario:set_responder(function(request, operation)
      if operation ~= "preauthorize" then return nil end
      count = count + 1
      local list = {}
      for _, resource in ipairs(resources_of(request)) do
        local given = decide(resource, count)
        if given and (given.status or given.error and not given.resource) then
          return given
        end
        list[#list + 1] = given
      end
      return { body = { decisions = json.array(list) } }
    end)
  end

  it("[preauthorize-degraded-not-cached] preauthorize: asks again for a permit of a "
    .. "degradation, which ends with the rule", function()
    assert(scenario.control.degrade { service_provider = "REF30",
      mvpd = "Cablevision", rule = "AuthZAll", seconds = 600 })
    local list = { "CNN", "HBO" }
    assert.same(list, assert(client:preauthorize(list)).permitted)
    scenario.driver.sleep(601)
    assert.same({ "CNN" }, assert(client:preauthorize(list)).permitted)
    -- A permit of the provider is cached.
    assert.same({ "CNN" }, assert(client:preauthorize { "CNN" }).permitted)
    assert.same({ list, list }, batches(scenario))
  end)

  it("[preauthorize-filtered-order] preauthorize: returns decisions in the "
    .. "order of the application's resources", function()
    local result = assert(client:preauthorize { "TBS", "HBO", "CNN", "Live" })
    assert.equal("Cablevision", result.mvpd)
    assert.same({ "TBS", "CNN" }, result.permitted)
    assert.same({ "HBO", "Live" }, denied(result.denied))
    for index, name in ipairs { "TBS", "HBO", "CNN", "Live" } do
      assert.equal(name, result.decisions[index].resource)
    end
  end)

  it("[preauthorize-why-denied-sentence] preauthorize: returns the reason of a "
    .. "denial as a sentence", function()
    local decision = client:preauthorize({ "HBO" }).denied[1]
    assert.equal("preauthorization_denied_by_mvpd", decision.error.code)
    assert.truthy(decision.error.details:find "HBO")
    assert.equal(decision.error.details, decision.reason)
    assert.equal("mvpd", decision.source)
  end)

  it("[preauthorize-no-right-play] preauthorize: returns neither a right to "
    .. "play nor a media token", function()
    local result = client:preauthorize { "CNN" }
    assert.is_false(result.is_right_to_play)
    assert.is_nil(result.decisions[1].media_token)
  end)

  it("[preauthorize-size-five-request] preauthorize: sends each resource once, "
    .. "five in a request", function()
    local list = names(14)
    list[#list + 1], list[#list + 2] = "R3", "R14"
    local result = assert(client:preauthorize(list))
    assert.same(names(14), result.permitted)
    assert.same({ 5, 5, 4 }, sizes(scenario))
  end)

  it("[preauthorize-empty-asked] preauthorize: sends no request for an empty "
    .. "list", function()
    local result = assert(client:preauthorize {})
    assert.same({}, result.permitted)
    assert.same({}, scenario:counts())
  end)

  it("[preauthorize-asked-flight] preauthorize: sends the requests of a large "
    .. "catalog concurrently", function()
    assert(scenario.control.fault { kind = "delay", seconds = 3, count = 3,
      operation = "preauthorize" })
    local before = scenario.driver.now()
    assert(client:preauthorize(names(14)))
    local times = scenario:request_times "preauthorize"
    assert.same({ before, before, before }, times)
    assert.equal(before + 3, scenario.driver.now())
  end)

  it("[preauthorize-one-hour] preauthorize: ends after an hour at most", function()
    local patient = scenario:new_client { timeout = 3600,
      store = client.context.connection.store }
    assert(scenario.control.fault { kind = "drip", operation = "preauthorize",
      seconds = 300 })
    local before = scenario.driver.now()
    assert_client_error("timeout", patient:preauthorize { "CNN" })
    assert.equal(before + 3600, scenario.driver.now())
  end)

  it("[preauthorize-keeps-rate-limit] preauthorize: sends one request per "
    .. "second after the burst, for a catalog of any size",
    function()
      local store = client.context.connection.store
      local paced = scenario:new_client { rate_limit = {}, store = store,
        timeout = 5 }
      local before = scenario.driver.now()
      local result = assert(paced:preauthorize(names(200)))
      assert.equal(200, #result.permitted)
      local times = scenario:request_times "preauthorize"
      assert.equal(40, #times)
      for index = 11, 40 do
        assert.is_true(times[index] - before >= index - 11)
      end
    end)

  -- Returns when the service received the requests, in s after the first.
  local function received_at()
    local list = {}
    for index, entry in ipairs(scenario:received "preauthorize") do
      list[index] = entry.time / 1000
    end
    for index = #list, 1, -1 do list[index] = list[index] - list[1] end
    return list
  end

  it("[preauthorize-sent-at-once] preauthorize: the service receives each request when "
    .. "the rate limit allows it", function()
    local paced = scenario:new_client { rate_limit = { burst = 2 },
      store = client.context.connection.store }
    assert(paced:preauthorize(names(25)))
    assert.same({ 0, 0, 1, 2, 3 }, received_at())
  end)

  it("[preauthorize-receives-meanwhile] preauthorize: receives responses while other "
    .. "requests wait for the rate limit", function()
    local paced = scenario:new_client { rate_limit = { burst = 1 },
      store = client.context.connection.store }
    assert(scenario.control.fault { kind = "delay", seconds = 2.5, count = 3,
      operation = "preauthorize" })
    local before = scenario.driver.now()
    assert(paced:preauthorize(names(15)))
    assert.same({ 0, 1, 2 }, received_at())
    assert.equal(before + 4.5, scenario.driver.now())
  end)

  it("[preauthorize-response-time] preauthorize: an event has the response time of a "
    .. "response that arrived while another request waited", function()
    local seconds = {}
    local paced = scenario:new_client { rate_limit = { burst = 1 },
      store = client.context.connection.store, on_event = function(event)
        if event.type == "request" then
          seconds[#seconds + 1] = ("%.1f"):format(event.seconds)
        end
      end }
    assert(scenario.control.fault { kind = "delay", seconds = 0.2, count = 3,
      operation = "preauthorize" })
    assert(paced:preauthorize(names(15)))
    assert.same({ "0.2", "0.2", "0.2" }, seconds)
  end)

  it("[preauthorize-retry-meanwhile] preauthorize: receives responses while a request "
    .. "waits for its retry", function()
    assert(scenario.control.fault { kind = "status", status = 503, count = 1,
      retry_after = 5, operation = "preauthorize" })
    assert(scenario.control.fault { kind = "delay", seconds = 3, count = 1,
      operation = "preauthorize" })
    scenario.driver.slept = {}
    assert(client:preauthorize(names(10)))
    -- The retry waits 5.25 s: first for the response that takes 3 s.
    assert.same({ "2.25" }, { ("%.2f"):format(scenario.driver.slept[1]) })
    assert.same({ 0, 0, 5.25 }, received_at())
  end)

  -- Starts preauthorize of 15 resources in a task, with slow responses. Returns the
  -- task, the driver, and a function that returns the number of requests in flight.
  local function start_in_task(options)
    assert(scenario.control.fault { kind = "delay", seconds = 5, count = 3,
      operation = "preauthorize" })
    local driver = tick { now = scenario.driver.now }
    options.driver, options.store = driver, client.context.connection.store
    local own = scenario:new_client(options)
    local task = driver.start(function() return own:preauthorize(names(15)) end)
    driver.update()
    return task, driver, function() return own.context.connection.transport:step(0) end
  end

  it("[preauthorize-cancelled-requests] preauthorize: cancelling its task ends all of "
    .. "its requests", function()
    local task, _, in_flight = start_in_task {}
    assert.equal(3, in_flight())
    task:cancel()
    assert.equal(0, in_flight())
  end)

  it("[preauthorize-cancelled-waiting] preauthorize: cancelling its task during a wait "
    .. "for the rate limit ends the requests that were sent", function()
    local task, _, in_flight = start_in_task { rate_limit = { burst = 2 } }
    assert.equal(2, in_flight())
    task:cancel()
    assert.equal(0, in_flight())
  end)

  it("[preauthorize-no-cleanup-left] preauthorize: leaves no cleanup in its "
    .. "task", function()
    local task, driver = start_in_task {}
    scenario.driver.sleep(6)
    while driver.update() > 0 do end
    assert.equal("done", task.status)
    assert.is_nil(next(task.cleanups or {}))
  end)

  it("[preauthorize-refused-token] preauthorize: sends the later requests of a large "
    .. "catalog with a new token when the first one is refused", function()
    client = scenario:new_client { rate_limit = {} }
    assert(client:login {})
    scenario.control.revoke { tokens = true }
    local old, refused = nil, 0
    scenario:set_responder(function(request, operation)
      if operation ~= "preauthorize" then return nil end
      old = old or request.bearer
      if request.bearer == old then
        refused = refused + 1
        return { status = 401 }
      end
      local list = {}
      for index, resource in ipairs(resources_of(request)) do
        list[index] = item(resource)
      end
      return { body = { decisions = list } }
    end)
    scenario:clear_requests()
    local catalog = assert(client:preauthorize(names(300)))
    assert.equal(300, #catalog.permitted)
    assert.is_true(refused <= 10) -- the burst of the rate limit
    assert.equal(60 + refused, #batches(scenario))
  end)

  it("[preauthorize-early-failure] preauthorize: a retry of the first request does not "
    .. "delay the others", function()
    client = scenario:new_client { rate_limit = { burst = 1 } }
    assert(client:login {})
    local is_first = true
    scenario:set_responder(function(_, operation)
      if operation == "preauthorize" and is_first then
        is_first = false
        return { status = 503, headers = { ["retry-after"] = "20" } }
      end
    end)
    scenario:clear_requests()
    assert.equal(15, #assert(client:preauthorize(names(15))).decisions)
    local times = scenario:request_times "preauthorize"
    assert.equal(4, #times)
    assert.is_true(times[3] - times[1] < 3)
    assert.is_true(times[4] - times[1] >= 20)
  end)

  it("[preauthorize-learns-resources] preauthorize: learns how many resources "
    .. "a provider accepts", function()
    scenario:signed_in("Strict", "bob")
    local result = assert(client:preauthorize(names(13),
      { mvpd = "Strict" }))
    assert.same(names(13), result.permitted)
    assert.same({ 5, 5, 3, 2, 2, 2, 2, 2, 2, 1 }, sizes(scenario))
    scenario:clear_requests()
    assert(client:preauthorize(names(4, "S"), { mvpd = "Strict" }))
    assert.same({ 2, 2 }, sizes(scenario))
    scenario:clear_requests()
    assert(client:preauthorize(names(4, "S")))
    assert.same({ 4 }, sizes(scenario))
  end)

  it("[preauthorize-learns-refusal] preauthorize: learns the number of "
    .. "resources from a refused request", function()
    new_scenario(function(resource, count)
      if count == 1 then
        return { status = 403, body = { code = "too_many_resources",
          action = "configuration", status = 403 } }
      end
      return item(resource)
    end)
    local result = assert(client:preauthorize(names(4)))
    assert.same(names(4), result.permitted)
    assert.same({ 4, 2, 2 }, sizes(scenario))
  end)

  it("[preauthorize-ends-resource] preauthorize: ends when the service refuses "
    .. "even one resource", function()
    new_scenario(function(resource)
      return item(resource, "too_many_resources", "configuration")
    end)
    local result = assert(client:preauthorize(names(2)))
    assert.same({ "R1", "R2" }, denied(result.denied))
    assert.same({ 2, 1, 1 }, sizes(scenario))
  end)

  describe("retries", function()
    it("[preauthorize-asks-again-alone] preauthorize: retries only the "
      .. "resources that failed", function()
      local result = assert(client:preauthorize { "CNN", "Flaky", "HBO" })
      assert.same({ "CNN", "Flaky" }, result.permitted)
      assert.same({ { "CNN", "Flaky", "HBO" }, { "Flaky" } }, batches(scenario))
    end)

    it("[preauthorize-asks-three-times] preauthorize: sends at most three "
      .. "requests for a resource, with growing delays", function()
      local result = assert(client:preauthorize { "CNN", "Unreachable" })
      assert.same({ "CNN" }, result.permitted)
      assert.equal("network_connection_timeout",
        result.denied[1].error.code)
      assert.same({ { "CNN", "Unreachable" }, { "Unreachable" },
        { "Unreachable" } }, batches(scenario))
      local at = scenario:request_times "preauthorize"
      assert.is_true(at[2] > at[1])
      assert.is_true(at[3] - at[2] > at[2] - at[1])
    end)

    it("[preauthorize-asks-no-retry] preauthorize: does not retry a resource "
      .. "whose error has no action retry", function()
      new_scenario(function(resource)
        return item(resource, "something_new", "configuration")
      end)
      assert.equal(2, #assert(client:preauthorize { "A", "B" }).denied)
      assert.equal(1, #scenario:request_times "preauthorize")
    end)

    it("[preauthorize-loses-batch-fails] preauthorize: returns all other "
      .. "decisions when one batch fails", function()
      new_scenario(function(resource)
        if resource == "R6" then return { error = "connect_failed" } end
        return item(resource)
      end)
      local result = assert(client:preauthorize(names(12)))
      assert.same({ "R1", "R2", "R3", "R4", "R5", "R11", "R12" },
        result.permitted)
      assert.same({ "R6", "R7", "R8", "R9", "R10" }, denied(result.denied))
      for _, decision in ipairs(result.denied) do
        assert.equal("connect_failed", decision.error.code)
        assert.equal("string", type(decision.reason))
      end
    end)

    it("[preauthorize-repeats-failing] preauthorize: sends a failing batch "
      .. "three times, not nine times", function()
      new_scenario(function(resource)
        if resource == "R6" then return { status = 500 } end
        return item(resource)
      end)
      assert(client:preauthorize(names(10)))
      assert.equal(1 + 3, #scenario:request_times "preauthorize")
    end)

    it("[preauthorize-asks-response-left] preauthorize: requests a resource "
      .. "again that the response omitted", function()
      new_scenario(function(resource, count)
        if resource == "B" and count == 1 then return nil end
        return item(resource)
      end)
      local result = assert(client:preauthorize { "A", "B" })
      assert.same({ "A", "B" }, result.permitted)
      assert.same({ { "A", "B" }, { "B" } }, batches(scenario))
    end)

    it("[preauthorize-denies-response] preauthorize: denies a resource that no "
      .. "response contains", function()
      new_scenario(function(resource)
        return resource == "A" and item(resource) or nil
      end)
      local result = assert(client:preauthorize { "A", "B" })
      assert.equal("no_decision", result.denied[1].error.code)
    end)

    it("[preauthorize-reads-resource] preauthorize: accepts a resource that "
      .. "the response repeats with a trailing space", function()
      new_scenario(function(resource) return item(resource .. " ") end)
      assert.same({ "A" }, assert(client:preauthorize { "A" }).permitted)
    end)

    it("[preauthorize-denies-permitted] preauthorize: denies a decision that "
      .. "is neither a permit nor a denial", function()
      new_scenario(function(resource)
        return { resource = resource, authorized = "yes" }
      end)
      local result = client:preauthorize { "A" }
      assert.same({}, result.permitted)
      assert.equal("unknown_error", result.denied[1].error.code)
    end)

    it("[preauthorize-error-decided] preauthorize: returns an error when no "
      .. "resource was decided", function()
      scenario:set_responder(function() return { error = "connect_failed" } end)
      assert_client_error("connect_failed", client:preauthorize { "A", "B" })
      scenario:set_responder(function() return { status = 500 } end)
      assert_client_error("http_500", client:preauthorize { "A", "B" })
    end)
  end)

  describe("cached permits", function()
    before_each(function()
      assert(client:preauthorize { "CNN", "HBO", "TBS" })
      scenario:clear_requests()
    end)

    it("[preauthorize-asks-not-permitted] preauthorize: requests only "
      .. "resources without a cached permit", function()
      local result = assert(client:preauthorize { "TBS", "HBO", "CNN" })
      assert.same({ "TBS", "CNN" }, result.permitted)
      assert.same({ { "HBO" } }, batches(scenario))
    end)

    it("[preauthorize-asks-permits] preauthorize: sends no request when all "
      .. "permits are cached", function()
      assert(client:preauthorize { "TBS", "CNN" })
      assert.same({}, scenario:counts())
    end)

    it("[preauthorize-asks-provider] preauthorize: does not use cached permits "
      .. "of another provider", function()
      scenario:signed_in("Spectrum", "bob")
      assert(client:preauthorize({ "CNN" }, { mvpd = "Spectrum" }))
      assert.equal(1, #scenario:request_times "preauthorize")
    end)

    it("[preauthorize-asks-device] preauthorize: does not use cached permits "
      .. "of another device", function()
      local other = client:device { id = "kitchen" }
      local result = assert(other:preauthorize({ "CNN" },
        { mvpd = "Cablevision" }))
      assert.equal("authenticated_profile_missing",
        result.denied[1].error.code)
    end)

    it("[preauthorize-asks-logout] preauthorize: does not use cached permits "
      .. "after a logout", function()
      assert(client:logout())
      scenario:signed_in("Cablevision", "bob")
      assert(client:preauthorize({ "CNN" }, { mvpd = "Cablevision" }))
      assert.equal(1, #scenario:request_times "preauthorize")
    end)

    it("[preauthorize-asks-logout-login] preauthorize: does not use cached "
      .. "permits after a logout and a login", function()
      assert(client:logout())
      scenario:signed_in("Cablevision", "bob")
      assert(client:login {})
      assert(client:preauthorize { "CNN" })
      assert.equal(1, #scenario:request_times "preauthorize")
    end)

    it("[preauthorize-asks-new-login] preauthorize: does not use cached "
      .. "permits after a new login of any kind", function()
      assert(client:login { fresh = true })
      assert(client:preauthorize { "CNN" })
      assert.equal(1, #scenario:request_times "preauthorize")
      local flow = assert(client:start_login { fresh = true,
        mvpd = "Spectrum", domain_name = "adobe.com",
        redirect_url = "https://adobe.com" })
      scenario:sign_in(flow.code)
      assert(client:poll_login(flow))
      assert(client:preauthorize({ "CNN" }, { mvpd = "Cablevision" }))
      assert.equal(2, #scenario:request_times "preauthorize")
      assert(client:login { mvpd = "DegradedMvpd" })
      assert(client:preauthorize({ "CNN" }, { mvpd = "Cablevision" }))
      assert.equal(3, #scenario:request_times "preauthorize")
    end)

    it("[preauthorize-asks-restart-memory] preauthorize: does not use cached "
      .. "permits after a restart", function()
      local again = scenario:new_client {
        store = client.context.connection.store }
      assert(again:preauthorize({ "CNN" }, { mvpd = "Cablevision" }))
      assert.equal(1, #scenario:request_times "preauthorize")
    end)

    it("[preauthorize-asks-next-day] preauthorize: does not use cached permits "
      .. "on the next day", function()
      scenario.driver.sleep(86401)
      assert(client:preauthorize { "CNN" })
      assert.equal(1, #scenario:request_times "preauthorize")
    end)

    it("[preauthorize-bounded-number] preauthorize: caches a bounded number of "
      .. "permits", function()
      for index = 1, 3000 do
        client.context:keep_permit("Cablevision", "X" .. index, { permitted = true })
      end
      local count = 0
      for index = 1, 3000 do
        if client.context:permit("Cablevision", "X" .. index) then
          count = count + 1
        end
      end
      assert.is_true(count <= 1000)
    end)
  end)

  describe("while another viewer logs in", function()
    -- Delays the next response, computed when the request is sent, by 10 s.
    local function delay(operation)
      assert(scenario.control.fault { kind = "delay", seconds = 10, count = 1,
        operation = operation })
    end

    local function change_viewer()
      scenario.driver.sleep(3)
      assert(client:logout())
      scenario:signed_in("Cablevision", "ann")
      assert(client:login {})
    end

    it("[preauthorize-late-permit] preauthorize: does not cache a permit that was "
      .. "requested before a logout or login", function()
      for _, change in ipairs { change_viewer,
          function() scenario.driver.sleep(3); assert(client:logout()) end,
          function()
            scenario.driver.sleep(3)
            assert(client:login { fresh = true })
          end } do
        scenario:signed_in("Cablevision", "bob")
        delay "preauthorize"
        scenario:at(scenario.driver.now(), change)
        local result = scenario:run(function()
          return client:preauthorize({ "CNN" }, { mvpd = "Cablevision" })
        end)
        assert.same({ "CNN" }, result.permitted)
        assert.is_nil(client.context:permit("Cablevision", "CNN"))
      end
      assert(client:preauthorize({ "CNN" }, { mvpd = "Cablevision" }))
      assert.is_not_nil(client.context:permit("Cablevision", "CNN"))
    end)

    it("[preauthorize-permit-during-logout] logout: deletes permits that arrive "
      .. "while it waits", function()
      delay "logout"
      new_scenario(function(resource) return item(resource) end)
      scenario:at(scenario.driver.now() + 3, function()
        assert(client:preauthorize({ "CNN" }, { mvpd = "Cablevision" }))
      end)
      assert(scenario:run(function() return client:logout() end))
      assert.equal(1, #scenario:request_times "preauthorize")
      assert.is_nil(client.context:permit("Cablevision", "CNN"))
    end)

    local function log_in_by(other)
      return function()
        scenario.driver.sleep(3)
        scenario:signed_in("Cablevision", "ann")
        assert(other:login { fresh = true })
      end
    end

    it("[profile-late-error] preauthorize, authorize: keep a newer profile after "
      .. "a late authenticated_profile error", function()
      local other = scenario:new_client {
        store = client.context.connection.store }
      local calls = {
        preauthorize = function() return client:preauthorize { "CNN" } end,
        authorize = function() return client:authorize "CNN" end }
      for operation, call in pairs(calls) do
        for _, who in ipairs { client, other } do
          assert(scenario.control.revoke { mvpd = "Cablevision" })
          delay(operation)
          scenario:at(scenario.driver.now(), log_in_by(who))
          local result = scenario:run(call)
          assert.matches("^authenticated_profile_",
            (result.error or result.denied[1].error).code)
          assert.equal("Cablevision", assert(client:remembered_profile()).mvpd)
        end
        assert(scenario.control.revoke { mvpd = "Cablevision" })
        call()
        assert.is_nil(client:remembered_profile())
        log_in_by(client)()
      end
    end)

    it("[profile-late-missing] refresh_profile: keeps a newer profile after a late "
      .. "response without one", function()
      local other = scenario:new_client {
        store = client.context.connection.store }
      for _, who in ipairs { client, other } do
        assert(scenario.control.revoke { mvpd = "Cablevision" })
        delay "profile"
        scenario:at(scenario.driver.now(), log_in_by(who))
        scenario:run(function() return client:refresh_profile() end)
        assert.equal("Cablevision", assert(client:remembered_profile()).mvpd)
      end
      assert(scenario.control.revoke { mvpd = "Cablevision" })
      assert_client_error("not_logged_in", client:refresh_profile())
      assert.is_nil(client:remembered_profile())
    end)

    it("[profile-replaced-meanwhile] authorize, refresh_profile: delete only the "
      .. "profile that they read", function()
      local store = client.context.connection.store
      local delete = store.delete
      local newer = assert(client:remembered_profile())
      for _, call in ipairs { function() return client:authorize "CNN" end,
          function() return client:refresh_profile() end } do
        assert(scenario.control.revoke { mvpd = "Cablevision" })
        newer.not_after = newer.not_after + 1000
        function store.delete(self, key, value)
          if key:find "^profile" then
            assert(client.context:remember("profile", newer, 3600))
          end
          return delete(self, key, value)
        end
        call()
        store.delete = nil
        assert.same(newer, client:remembered_profile())
      end
    end)
  end)

  describe("expiry of permits", function()
    local function ends_after(seconds, starts)
      new_scenario(function(resource)
        local given, now = item(resource), scenario.sandbox:now()
        given.notBefore = starts and now + starts * 1000
        given.notAfter = seconds and now + seconds * 1000
        return given
      end)
      assert(client:preauthorize { "CNN" })
    end

    local function is_kept() return client.context:permit("Cablevision", "CNN")
      ~= nil end

    it("[preauthorize-permit-ends] preauthorize: a permit is cached until its "
      .. "notAfter by the server's clock", function()
      ends_after(600)
      scenario.driver.sleep(598)
      assert.is_true(is_kept())
      scenario.driver.sleep(3)
      assert.is_false(is_kept())
      ends_after(-1)
      assert.is_false(is_kept())
    end)

    it("[preauthorize-permit-ends-day] preauthorize: a permit without notAfter, "
      .. "or with a later one, is cached for a day", function()
      for _, seconds in ipairs { false, 1e6 } do
        ends_after(seconds)
        scenario.driver.sleep(86399)
        assert.is_true(is_kept())
        scenario.driver.sleep(2)
        assert.is_false(is_kept())
      end
    end)
  end)

  it("[preauthorize-forgets-profile] preauthorize: deletes a profile that the "
    .. "service no longer has", function()
    assert(scenario.control.revoke { mvpd = "Cablevision" })
    assert.equal(1, #assert(client:preauthorize { "CNN" }).denied)
    assert_client_error("not_logged_in", client:preauthorize { "CNN" })
  end)

  it("[preauthorize-needs-login] preauthorize: requires a login or the option "
    .. "mvpd", function()
    local logged_out = scenario:new_client()
    local err = assert_client_error("not_logged_in",
      logged_out:preauthorize { "CNN" })
    assert.equal("authentication", err.action)
    assert(logged_out:preauthorize({ "CNN" }, { mvpd = "Cablevision" }))
  end)

  it("[preauthorize-strings-raises] preauthorize: raises for resources that "
    .. "are not strings", function()
    for _, wrong in ipairs { { 7 }, { "" }, "CNN", 7 } do
      local ok, message = pcall(function() client:preauthorize(wrong) end)
      assert.is_false(ok)
      assert.truthy(message:find "preauthorize_spec.*client:preauthorize",
        message)
    end
    assert.error_matches(function()
      client:preauthorize({ "CNN" }, { nonsense = 1 })
    end, "unknown option 'nonsense'")
  end)
end)
