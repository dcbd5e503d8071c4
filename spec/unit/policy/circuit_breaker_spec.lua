--- The circuit of each operation: when it opens, for how long, and what counts.

local circuit_breaker = require "adobepass.policy.circuit_breaker"
local timeline = require "spec.support.timeline"

-- luacheck: read_globals table.unpack unpack
local table_unpack = table.unpack or unpack

describe("circuit_breaker", function()
  local breaker

  before_each(function()
    breaker = circuit_breaker.new { failures = 3, base = 1, cap = 8 }
  end)

  local function fail(times, now, name)
    local seconds
    for _ = 1, times do seconds = breaker:fail(name or "a", now) end
    return seconds
  end

  it("[breaker-opens-row] circuit_breaker: opens after the given number of failures "
    .. "in a row", function()
    assert.is_nil(fail(2, 0))
    breaker:succeed "a"
    assert.is_nil(fail(2, 0))
    assert.equal(0, breaker:reserve("a", 0))
    assert.equal(1, fail(1, 0))
    assert.equal(1, breaker:reserve("a", 0))
    assert.equal(0.25, breaker:open_for("a", 0.75))
    assert.equal(0, breaker:open_for("a", 1))
  end)

  it("[breaker-trial-one] circuit_breaker: lets one request through when the time is "
    .. "over", function()
    fail(3, 0)
    assert.equal(0, breaker:reserve("a", 1))
    assert.equal(1, breaker:reserve("a", 1))
    breaker:succeed "a"
    assert.equal(0, breaker:reserve("a", 1))
    assert.equal(0, breaker:reserve("a", 1))
    assert.is_nil(fail(2, 1))
  end)

  it("[breaker-grows-cap] circuit_breaker: opens for twice as long after each failed "
    .. "trial, up to the cap", function()
    local now, times = 0, {}
    fail(2, 0)
    for index = 1, 6 do
      times[index] = breaker:fail("a", now)
      now = now + times[index]
      assert.equal(0, breaker:reserve("a", now))
    end
    assert.same({ 1, 2, 4, 8, 8, 8 }, times)
  end)

  it("[breaker-late-failures] circuit_breaker: failures of requests that were in "
    .. "flight do not open it for longer", function()
    fail(3, 0)
    assert.is_nil(fail(100, 0.5))
    assert.equal(0.5, breaker:open_for("a", 0.5))
  end)

  it("[breaker-lost-trial] circuit_breaker: lets another request through when the "
    .. "first one never ended", function()
    fail(3, 0)
    assert.equal(0, breaker:reserve("a", 1))
    assert.equal(0, breaker:reserve("a", 2))
  end)

  it("[breaker-connection-once] circuit_breaker: counts requests that fail with their "
    .. "connection once, unless they were sent after the last failure", function()
    for sent_at = 0, 19 do assert.is_nil(breaker:fail("a", 20, sent_at)) end
    assert.is_nil(breaker:fail("a", 21, 20))
    assert.is_nil(breaker:fail("a", 21, 20))
    assert.equal(1, breaker:fail("a", 22, 21))
  end)

  it("[breaker-lost-connections] circuit_breaker: counts one failure a second if "
    .. "requests that were sent long ago fail on many connections", function()
    local now, opened = 5, nil
    while not opened and now < 60 do
      now = now + 0.1
      opened = breaker:fail("a", now, now - 5)
    end
    assert.is_true(now < 9, now)
    assert.is_true(circuit_breaker.is_of_connection { code = "connection_lost" })
    assert.is_false(circuit_breaker.is_of_connection { code = "connect_failed" })
  end)

  it("[breaker-trial-late-loss] circuit_breaker: a request that was sent before the "
    .. "circuit opened and fails with its connection does not end the trial", function()
    fail(3, 5)
    assert.equal(0, breaker:reserve("a", 6))
    assert.is_nil(breaker:fail("a", 6, 0))
    assert.equal(2, breaker:fail("a", 6.5, 6))
  end)

  it("[breaker-operation-own] circuit_breaker: each operation has its own "
    .. "circuit", function()
    fail(3, 0, "a")
    assert.equal(1, breaker:reserve("a", 0))
    assert.equal(0, breaker:reserve("b", 0))
  end)

  it("[breaker-off] circuit_breaker: false turns it off, true takes the "
    .. "defaults", function()
    breaker = circuit_breaker.new(false)
    assert.is_nil(fail(1000, 0))
    assert.equal(0, breaker:reserve("a", 0))
    assert.equal(10, circuit_breaker.new(true).failures)
  end)

  it("[breaker-counts] circuit_breaker: counts a 5xx and a request without a "
    .. "response, and nothing else", function()
    local function counts(status, code, action)
      return circuit_breaker.is_failure { http_status = status, code = code,
        action = action or "none" }
    end
    assert.is_true(counts(500, "internal_server_error"))
    assert.is_true(counts(503, "http_503", "retry"))
    for _, code in ipairs { "timeout", "resolve_failed", "connect_failed",
      "connection_lost", "proxy_failed", "protocol_error", "tls_failed",
      "transfer_failed" } do
      assert.is_true(counts(nil, code), code)
    end
    assert.is_false(counts(500, "invalid_configuration_platform", "configuration"))
    assert.is_false(counts(500, "invalid_configuration_temporary_access", "none"))
    assert.is_false(counts(403, "authenticated_profile_missing", "authentication"))
    assert.is_false(counts(429, "too_many_requests", "retry"))
    assert.is_false(counts(200, "network_received_error", "retry"))
    for _, code in ipairs { "closed", "cancelled", "malformed_response", "too_large",
      "invalid_url", "store_failed", "circuit_open" } do
      assert.is_false(counts(nil, code), code)
    end
  end)
end)

describe("the client's circuit breaker", function()
  local scenario, client, events

  local function start(changes)
    local fields = { on_event = function(event) events[#events + 1] = event end }
    for name, value in pairs(changes or {}) do fields[name] = value end
    events = {}
    scenario = timeline.new(fields)
    client = scenario.client
    scenario:signed_in()
  end

  local function fault(operation, count)
    assert(scenario.control.fault { operation = operation, kind = "status",
      status = 503, count = count or 1000 })
  end

  local function count(operation) return #scenario:received(operation) end

  it("[breaker-fails-fast] client: fails at once after 10 failures of an operation, "
    .. "without a request, and recovers", function()
    start()
    fault "profiles"
    for _ = 1, 4 do
      local list, err = client:profiles()
      assert.is_nil(list)
      assert.equal("http_503", err.code)
    end
    assert.equal(10, count "profiles")
    local began = scenario.driver.now()
    local list, err = client:profiles()
    assert.is_nil(list)
    assert.equal("circuit_open", err.code)
    assert.equal("retry", err.action)
    assert.is_true(err.retry_after > 0 and err.retry_after <= 1)
    assert.equal("profiles", err.operation)
    assert.equal(began, scenario.driver.now())
    assert.equal(10, count "profiles")
    -- Other operations work.
    assert(client.api:configuration())
    -- One request after the time, then twice the time.
    scenario.driver.sleep(1)
    assert.equal("http_503", select(2, client:profiles()).code)
    assert.equal(11, count "profiles")
    scenario.driver.sleep(1.5)
    assert.equal("circuit_open", select(2, client:profiles()).code)
    scenario.control.fault { clear = true }
    scenario.driver.sleep(0.5)
    assert(client:profiles())
    assert(client:profiles())
    local opened = {}
    for _, event in ipairs(events) do
      if event.type == "circuit_open" then opened[#opened + 1] = event.seconds end
    end
    assert.same({ 1, 2 }, opened)
  end)

  -- Sends requests of many devices at once; each takes 0.3 seconds.
  local function profiles_of_devices(devices)
    local wait, results, calls = scenario.driver.wait, {}, {}
    function scenario.driver.wait(...)
      scenario.driver.sleep(0.3)
      return wait(...)
    end
    for index, device in ipairs(devices) do
      calls[index] = function()
        local _, err = device.api:profiles()
        results[index] = err and err.code or "fine"
      end
    end
    scenario.driver.run(table_unpack(calls))
    scenario.driver.wait = wait
    return results
  end

  local function many_devices()
    local devices = {}
    for index = 1, 20 do
      devices[index] = client:device { id = "device-" .. index }
      assert(devices[index].api:profiles())
    end
    return devices
  end

  it("[breaker-shared-connection] client: repeats all requests that a lost connection "
    .. "carried", function()
    start()
    local devices = many_devices()
    local began = scenario.driver.now()
    scenario:set_responder(function(_, _, seconds)
      return seconds < began + 0.3 and { error = "connection_lost" } or nil
    end)
    for _, result in ipairs(profiles_of_devices(devices)) do
      assert.equal("fine", result)
    end
  end)

  it("[breaker-dead-service] client: opens the circuit while each connection of many "
    .. "devices is lost, or all their requests time out", function()
    for code, rounds in pairs { connection_lost = 4, timeout = 1 } do
      local chance = 0
      start { random = function()
        chance = (chance + 0.37) % 1
        return chance
      end }
      local devices = many_devices()
      scenario:set_responder(function() return { error = code } end)
      for _ = 1, rounds do profiles_of_devices(devices) end
      local opened = 0
      for _, event in ipairs(events) do
        if event.type == "circuit_open" then opened = opened + 1 end
      end
      assert.is_true(opened > 0, code)
    end
  end)

  it("[breaker-token-separate] client: the circuit of the token endpoint is its "
    .. "own", function()
    start { circuit_breaker = { failures = 2, base = 60, cap = 60 } }
    fault "token"
    assert.equal("http_503", select(2, client:profiles()).code)
    -- This device remembers its failed refresh; another one has none.
    local other = client:device { id = "another" }
    local list, err = other:profiles()
    assert.is_nil(list)
    assert.equal("circuit_open", err.code)
    assert.equal("token", err.operation)
    assert.equal(2, count "token")
    assert.equal(0, count "profiles")
    scenario.control.fault { clear = true }
    scenario.driver.sleep(60)
    assert(other:profiles())
  end)

  it("[breaker-devices-share] client: all devices of a client share the "
    .. "circuits", function()
    start { circuit_breaker = { failures = 3, base = 5 } }
    fault "profiles"
    assert.equal("http_503", select(2, client:profiles()).code)
    local other = client:device { id = "another" }
    assert.equal("circuit_open", select(2, other:profiles()).code)
  end)

  it("[breaker-poll-continues] login: continues to poll while the circuit is "
    .. "open", function()
    start { circuit_breaker = { failures = 2, base = 7, cap = 7 } }
    local profile, err = scenario:run(function()
      return client:login(timeline.login_options { fresh = true, mvpd = "Spectrum",
        on_code = function(flow)
          fault("profile_for_code", 3)
          scenario:sign_in(flow.code, "ann", "Spectrum")
        end })
    end)
    assert.equal("Spectrum", assert(profile, tostring(err)).mvpd)
  end)

  it("[breaker-false] client: circuit_breaker = false sends every request", function()
    start { circuit_breaker = false }
    fault "profiles"
    for _ = 1, 10 do client:profiles() end
    assert.equal(30, count "profiles")
  end)
end)
