--- One deadline bounds all steps of a call. The clock is virtual and advances
-- only in waits, so each request's time is exact to the millisecond.

local adobepass = require "adobepass"
local operation_setup = require "spec.support.operation_setup"
local client_fixture = require "spec.support.client_fixture"

-- Returns a fixture whose client has a token, and has its burst still.
local function ready(changes)
  local fixture = client_fixture.new(changes)
  assert(fixture.client.api:profiles())
  local fields = { store = fixture.client.context.connection.store }
  for name, value in pairs(changes or {}) do fields[name] = value end
  fields.sandbox = nil
  fixture.client = fixture:new_client(fields)
  fixture.driver.sleep(100)
  fixture.control.journal { clear = true }
  fixture.started = fixture.driver.now()
  fixture.clock = fixture.sandbox:now()
  return fixture
end

-- Returns when an operation's requests were received, in ms after the start.
local function times(fixture, operation, header)
  local list = {}
  for _, entry in ipairs(fixture:received(operation or "profiles")) do
    if not header or entry.headers["x-forwarded-for"] == header then
      list[#list + 1] = ("%d"):format(entry.time - fixture.clock)
    end
  end
  return table.concat(list, " ")
end

local function elapsed(fixture)
  return ("%.0f"):format((fixture.driver.now() - fixture.started) * 1000)
end

local function constant(value) return function() return value end end

-- --- timelines -------------------------------------------------------------

local ALWAYS = 1000
local function status(code, count, retry_after)
  return { kind = "status", status = code, count = count,
    retry_after = retry_after }
end
local function throttled(count, retry_after)
  return { kind = "too_many_requests", count = count,
    retry_after = retry_after }
end

-- { title, faults, times of the requests (ms), time of the end (ms), result,
-- options of adobepass.new }. By default the jitter is 0.5: each delay is
-- half of the backoff (0.5, 1, 2 ... seconds).
local TIMELINES = {
  { "[deadline-nothing-wrong] call: without a fault, one request is sent at "
    .. "once", {}, "0", 0, "value" },

  { "[deadline-429-waits-second] call: a 429 is retried after one second plus "
    .. "the backoff",
    { throttled(1) },
    "0 1250", 1250, "value" },
  { "[deadline-each-429] call: every 429 is retried after one second plus the "
    .. "backoff",
    { throttled(ALWAYS) }, "0 1250 2750", 2750,
    "too_many_requests" },
  { "[deadline-429-luck-waits] call: a 429 is retried after one second even "
    .. "when the jitter is 0",
    { throttled(ALWAYS) }, "0 1000 2000", 2000, "too_many_requests",
    { random = constant(0) } },
  { "[deadline-retry-after-429-obeyed] call: a 429 is retried after its "
    .. "Retry-After plus the backoff",
    { throttled(1, 7) }, "0 7250",
    7250, "value" },
  { "[deadline-retry-after-below] call: a Retry-After below one second on a "
    .. "429 counts as one second",
    { throttled(1, 0) },
    "0 1250", 1250, "value" },
  { "[deadline-retry-after-time] call: a 429 whose Retry-After equals the "
    .. "timeout fails at once",
    { throttled(1, 30) }, "0", 0, "too_many_requests" },
  { "[deadline-one-takes-more] call: a 429 whose Retry-After exceeds the "
    .. "timeout fails at once",
    { throttled(1, 3600) }, "0", 0,
    "too_many_requests" },
  { "[deadline-fits-obeyed] call: a 429 whose Retry-After just fits the "
    .. "timeout is retried",
    { throttled(1, 29) }, "0 29250", 29250,
    "value" },

  { "[deadline-retry-after-503-obeyed] call: a 503 is retried after its "
    .. "Retry-After plus the backoff",
    { status(503, ALWAYS, 2) },
    "0 2250 4750", 4750, "http_503" },
  { "[deadline-given-up-once] call: a 503 whose Retry-After exceeds the "
    .. "timeout fails at once",
    { status(503, 1, 60) }, "0", 0, "http_503" },
  { "[deadline-503-repeated] call: a 503 without Retry-After is retried after "
    .. "the backoff",
    { status(503, 1) }, "0 250", 250,
    "value" },

  { "[deadline-500-repeated] call: a 500 is retried after the backoff",
    { status(500, 1) }, "0 250", 250, "value" },
  { "[deadline-three-times] call: sends at most three requests by default",
    { status(500, ALWAYS) }, "0 250 750", 750,
    "http_500" },
  { "[deadline-full-jitter-begins] call: with a jitter of 0, a 500 is retried "
    .. "without a delay",
    { status(500, ALWAYS) }, "0 0 0", 0,
    "http_500", { random = constant(0) } },
  { "[deadline-ends-whole] call: with a jitter of 1, a 500 is retried after "
    .. "the whole backoff",
    { status(500, ALWAYS) }, "0 500 1500", 1500,
    "http_500", { random = constant(1) } },
  { "[deadline-backoff-grows-cap] call: the backoff doubles up to its cap",
    { status(500, ALWAYS) },
    "0 1000 3000 5000 7000", 7000, "http_500", { random = constant(1),
      retry = { attempts = 5, base = 1, cap = 2 } } },
  { "[deadline-one-attempt-one] call: with retry.attempts = 1, nothing is "
    .. "retried",
    { status(500, ALWAYS) }, "0", 0, "http_500",
    { retry = { attempts = 1 } } },
  { "[deadline-refusal-not-repeated] call: a 404 is not retried",
    { status(404, ALWAYS) }, "0", 0,
    "http_404" },

  { "[deadline-repeat-late] call: no retry is sent when its backoff ends after "
    .. "the deadline",
    { status(500, ALWAYS) },
    "0 500", 500, "http_500", { random = constant(1), timeout = 1.2 } },
  { "[deadline-no-time-left] call: no retry is sent when its backoff ends just "
    .. "before the deadline",
    { status(500, ALWAYS) }, "0", 0,
    "http_500", { random = constant(1), timeout = 0.52 } },

  { "[deadline-lost-connection] call: a lost connection is retried after the "
    .. "backoff",
    { { kind = "reset_before" } },
    "0 250", 250, "value" },
  { "[deadline-response-time] call: accepts a response that comes just before "
    .. "the deadline",
    { { kind = "delay", seconds = 29 } },
    "0", 29000, "value" },
  { "[deadline-until] call: fails with timeout when no response comes before "
    .. "the deadline",
    { { kind = "delay", seconds = 31 } }, "0", 30000,
    "timeout" },
  { "[deadline-client] call: the client's option timeout sets the deadline",
    { { kind = "delay", seconds = 31 } }, "0",
    5000, "timeout", { timeout = 5 } },
  { "[deadline-body-slowly] call: accepts a slow body that ends before the "
    .. "deadline",
    { { kind = "drip", seconds = 1, bytes = 1 } }, "0", 15000, "value" },
  { "[deadline-until-too] call: fails with timeout when a slow body ends after "
    .. "the deadline",
    { { kind = "drip", seconds = 3, bytes = 1 } }, "0", 30000, "timeout" },
  { "[deadline-repeat-left] call: a retry has only the time that is left until "
    .. "the deadline",
    { status(500, 1), { kind = "delay", seconds = 31 } }, "0 250", 30000,
    "timeout" },
  { "[deadline-wrong-time] call: all delays and retries share one deadline",
    { throttled(1, 10),
      status(503, 1, 10), { kind = "delay", seconds = 31 } },
    "0 10250 20750", 30000, "timeout" },
}

describe("the deadline of a call", function()
  for _, line in ipairs(TIMELINES) do
    -- tags: TIMELINES
    it(line[1], function()
      local fixture = ready(line[6])
      for _, fault in ipairs(line[2]) do
        fault.operation = "profiles"
        assert(fixture.control.fault(fault))
      end
      local value, err = fixture.client.api:profiles()
      assert.equal(line[5], value and "value" or err.code)
      assert.equal(line[3], times(fixture))
      assert.equal(tostring(line[4]), elapsed(fixture))
    end)
  end

  it("[deadline-long-call-says] call: the parameter timeout overrides the "
    .. "client's timeout", function()
    local fixture = ready()
    fixture.control.fault { kind = "delay", seconds = 31, count = 2 }
    local value, err = fixture.client.api:profiles { timeout = 2.5 }
    assert.is_nil(value)
    assert.equal("timeout", err.code)
    assert.equal("2500", elapsed(fixture))
    assert.is_table(fixture.client.api:profiles { timeout = 60 })
  end)

  it("[deadline-leaves-unsent-slow] call: sends no request when a slow store "
    .. "used up the time", function()
    local fixture = ready()
    local store = fixture.client.context.connection.store
    local slow = setmetatable({ get = function(_, key)
      fixture.driver.sleep(10)
      return store:get(key)
    end }, { __index = function(_, name)
      return function(_, ...) return store[name](store, ...) end
    end })
    local client = fixture:new_client { store = slow, on_event = function(event)
      assert.not_equal("request", event.type)
    end }
    local value, err = client.api:profiles { timeout = 5 }
    assert.is_nil(value)
    assert.equal("timeout", err.code)
  end)

  it("[deadline-exact-unsent] call: sends no request at the deadline itself",
    function()
      local fixture, sent
      fixture = ready { identity = { visitor_id = function()
        if fixture then fixture.driver.sleep(5) end
        return "visitor"
      end }, on_event = function(event)
        if event.type == "request" then sent = event.operation end
      end }
      assert(fixture.client.api:configuration()) -- reads the stored token
      local value, err = fixture.client.api:profiles { timeout = 5 }
      assert.is_nil(value)
      assert.equal("timeout", err.code)
      assert.equal("5000", elapsed(fixture))
      assert.equal("configuration", sent)
    end)

  it("[deadline-registration-token] call: the deadline includes registration "
    .. "and the token request", function()
    local fixture = client_fixture.new()
    fixture.started, fixture.clock = fixture.driver.now(), fixture.sandbox:now()
    for _, operation in ipairs { "register", "token", "profiles" } do
      assert(fixture.control.fault { kind = "delay", operation = operation,
        seconds = operation == "profiles" and 20 or 6 })
    end
    local value, err = fixture.client.api:profiles()
    assert.is_nil(value)
    assert.equal("timeout", err.code)
    assert.equal("0", times(fixture, "register"))
    assert.equal("6000", times(fixture, "token"))
    assert.equal("12000", times(fixture))
    assert.equal("30000", elapsed(fixture))
  end)
end)

-- --- rate limit ------------------------------------------------------------

local function new_device(fixture, address)
  return fixture.client:device { id = "device-"
    .. address, info = operation_setup.INFO,
    ip = address }
end

local function send(client, count)
  for _ = 1, count do assert(client.api:profiles()) end
end

local BURST = ("0 "):rep(10)

describe("the rate limit", function()
  it("[deadline-request-second-burst] rate limit: allows a burst of ten "
    .. "requests, then one request a second", function()
    local fixture = ready { rate_limit = true, sandbox = { throttle = true,
      world = function(world) world.throttle.forget_after = 60 end } }
    send(fixture.client, 14)
    assert.equal(BURST .. "1000 2000 3000 4000", times(fixture))
    for _, entry in ipairs(fixture.control.journal()) do
      assert.is_nil(entry.throttled)
    end
  end)

  it("[deadline-burst-once] rate limit: allows the burst once, also after a "
    .. "pause", function()
    local fixture = ready { rate_limit = true }
    send(fixture.client, 10)
    fixture.driver.sleep(3)
    send(fixture.client, 5)
    assert.equal(BURST .. "3000 4000 5000 6000 7000", times(fixture))
  end)

  it("[deadline-comes-back-asks] rate limit: with refill, refills while no "
    .. "request is sent", function()
    local fixture = ready { rate_limit = { refill = true } }
    send(fixture.client, 10)
    fixture.driver.sleep(3)
    send(fixture.client, 5)
    assert.equal(BURST .. "3000 3000 3000 4000 5000", times(fixture))
  end)

  it("[deadline-can-another-none] rate limit: rate and burst are options, and "
    .. "false turns it off", function()
    local fixture = ready { rate_limit = { rate = 2, burst = 1 } }
    send(fixture.client, 4)
    assert.equal("0 500 1000 1500", times(fixture))
    fixture = ready { rate_limit = false }
    send(fixture.client, 100)
    assert.equal("0", elapsed(fixture))
  end)

  it("[deadline-not-hold-back-another] rate limit: does not delay requests of "
    .. "another IP address", function()
    local fixture = ready { rate_limit = true }
    local one = new_device(fixture, "192.0.2.1")
    local other = new_device(fixture, "192.0.2.2")
    send(one, 14) -- registration and token count for the host's own address
    send(other, 1)
    assert.equal(BURST .. "1000 2000 3000 4000",
      times(fixture, nil, "192.0.2.1"))
    assert.equal("4000", times(fixture, nil, "192.0.2.2"))
  end)

  it("[deadline-devices-address] rate limit: all devices of one IP address "
    .. "share it", function()
    local fixture = ready { rate_limit = true }
    local one = new_device(fixture, "192.0.2.1")
    local other = fixture.client:device { id = "neighbour", ip = "192.0.2.1" }
    send(one, 10)
    send(other, 1)
    assert.equal(BURST .. "1000", times(fixture, nil, "192.0.2.1"))
  end)

  it("[deadline-bounded-no-turn-time] rate limit: a call whose turn comes "
    .. "after its deadline fails at once",
    function()
      local fixture = ready { rate_limit = true }
      send(fixture.client, 10)
      local value, err = fixture.client.api:profiles { timeout = 0.5 }
      assert.is_nil(value)
      assert.same({ "timeout", 1 }, { err.code, err.retry_after })
      assert.truthy(err.message:find("option rate_limit", 1, true))
      assert.equal("0", elapsed(fixture))
      send(fixture.client, 1) -- the failed call did not count
      assert.equal(BURST .. "1000", times(fixture))
    end)

  -- With burst = 1 the second request waits for a second.
  for timeout, wanted in pairs { [1.3] = "0", [1.4] = "0 1000" } do
    it("[deadline-reserves-time] rate limit: a wait leaves a quarter of the time for "
      .. "the request, with a timeout of " .. timeout .. " s", function()
      local fixture = ready { rate_limit = { burst = 1 } }
      send(fixture.client, 1)
      fixture.client.api:profiles { timeout = timeout }
      assert.equal(wanted, times(fixture))
    end)
  end

  it("[deadline-reserves-second] rate limit: a wait leaves at most one second for the "
    .. "request", function()
    local fixture = ready { rate_limit = { rate = 0.1, burst = 1 } }
    send(fixture.client, 1)
    assert.is_nil((fixture.client.api:profiles { timeout = 10.9 }))
    assert(fixture.client.api:profiles { timeout = 11.1 })
    assert.equal("0 10000", times(fixture))
  end)

  it("[deadline-coroutine-turn] rate limit: concurrent coroutines wait for "
    .. "their turns", function()
    local fixture = ready { rate_limit = true }
    local tasks = {}
    for index = 1, 15 do
      tasks[index] = function() send(fixture.client, 1) end
    end
    fixture.driver.run((table.unpack or unpack)(tasks)) -- luacheck: ignore
    assert.equal(BURST .. "1000 2000 3000 4000 5000", times(fixture))
  end)

  it("[deadline-cancelled-wait] rate limit: a task that is cancelled while it waits "
    .. "gives its turn back", function()
    local fixture = ready { rate_limit = { burst = 1 } }
    local driver = adobepass.driver.tick { now = fixture.driver.now }
    local client = fixture:new_client { rate_limit = { burst = 1 }, driver = driver,
      store = fixture.client.context.connection.store }
    local function start() return driver.start(send, client, 1) end
    local function update()
      fixture.control.clock { advance = 20 }
      driver.update()
    end
    local function finish(task)
      repeat update() until task.status ~= "running"
      assert.equal("done", task.status)
    end
    finish(start())
    local sent = times(fixture)
    for _ = 1, 8 do
      local task = start()
      update()
      assert.equal("running", task.status)
      task:cancel()
    end
    local last = start()
    finish(last)
    assert.is_nil(next(last.cleanups or {}))
    local _, second = times(fixture):match "^(%d+) (%d+)$"
    assert.near(tonumber(sent) + 1000, tonumber(second), 60)
  end)

  it("[deadline-not-count-adobe] rate limit: does not count operations that "
    .. "Adobe does not limit", function()
    local fixture = ready { rate_limit = true }
    for _ = 1, 30 do
      assert(fixture.client.api:service_token { sso_id = "me" })
    end
    assert.equal("0", elapsed(fixture))
  end)
end)

-- --- 429 -------------------------------------------------------------------

describe("a 429", function()
  local function throttle(fixture, retry_after)
    assert(fixture.control.fault { kind = "too_many_requests",
      operation = "profiles", retry_after = retry_after })
  end

  it("[deadline-stops-device-asks] 429: delays every later request of the "
    .. "device, whatever the operation", function()
    local fixture = ready { rate_limit = true, retry = { attempts = 1 } }
    throttle(fixture)
    assert.is_nil((fixture.client.api:profiles()))
    assert(fixture.client.api:profiles())
    assert(fixture.client.api:configuration())
    assert.equal("0 1000", times(fixture))
    assert.equal("2000", times(fixture, "configuration"))
  end)

  it("[deadline-stops-long-says] 429: delays the device's requests for as long "
    .. "as its Retry-After says", function()
    local fixture = ready { rate_limit = true, retry = { attempts = 1 } }
    throttle(fixture, 5)
    assert.is_nil((fixture.client.api:profiles()))
    send(fixture.client, 2)
    assert.equal("0 5000 6000", times(fixture))
  end)

  it("[deadline-429-says-when] 429: a call that cannot wait for its Retry-After says "
    .. "when to repeat it", function()
    local fixture = ready { rate_limit = true, retry = { attempts = 1 } }
    throttle(fixture, 60)
    assert.is_nil((fixture.client.api:profiles()))
    fixture.driver.sleep(10)
    local value, err = fixture.client.api:profiles()
    assert.is_nil(value)
    assert.same({ "timeout", 50 }, { err.code, err.retry_after })
    assert.truthy(err.message:find("429", 1, true))
  end)

  it("[deadline-not-stop-address] 429: does not delay requests of another IP "
    .. "address", function()
    local fixture = ready { rate_limit = true, retry = { attempts = 1 } }
    local one = new_device(fixture, "192.0.2.1")
    local other = new_device(fixture, "192.0.2.2")
    send(one, 1)
    send(other, 1)
    throttle(fixture, 5)
    assert.is_nil((one.api:profiles()))
    send(other, 2)
    send(one, 1)
    assert.equal("0 0 5000", times(fixture, nil, "192.0.2.1"))
    assert.equal("0 0 0", times(fixture, nil, "192.0.2.2"))
  end)

  it("[deadline-wait-turn-already] 429: also delays requests that already wait "
    .. "for their turn", function()
    local fixture = ready { rate_limit = true, retry = { attempts = 1 } }
    local ends = 0
    local function once()
      fixture.client.api:profiles()
      ends = ends + 1
    end
    fixture.control.fault { kind = "delay", operation = "profiles",
      seconds = 0.5 }
    local tasks = { function()
      fixture.driver.sleep(0.6)
      throttle(fixture, 5)
      once() -- the eleventh request: waits for a second, then gets a 429
    end }
    for index = 2, 14 do tasks[index] = once end
    fixture.driver.run((table.unpack or unpack)(tasks)) -- luacheck: ignore
    local sent = times(fixture)
    assert.equal(14, ends)
    local late = 0
    for time in sent:gmatch "%d+" do
      time = tonumber(time)
      assert.is_false(time > 1000 and time < 6000, sent)
      if time >= 6000 then late = late + 1 end
    end
    assert.equal(3, late)
  end)
end)
