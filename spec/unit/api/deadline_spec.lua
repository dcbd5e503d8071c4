--- One deadline bounds all steps of a call. The clock is virtual and advances
-- only in waits, so each request's time is exact to the millisecond.

local operation_setup = require "spec.support.operation_setup"
local client_fixture = require "spec.support.client_fixture"

-- Returns a fixture whose client has a token and a full rate limit.
local function ready(changes)
  local fixture = client_fixture.new(changes)
  assert(fixture.client.api:profiles())
  fixture.driver.sleep(100)
  fixture.control.clear_journal()
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

local function passed(fixture)
  return ("%.0f"):format((fixture.driver.now() - fixture.started) * 1000)
end

local function chance(value) return function() return value end end

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
  { "[deadline-nothing-wrong] nothing wrong", {}, "0", 0, "value" },

  { "[deadline-429-waits-second] a 429 waits for a second and the backoff",
    { throttled(1) },
    "0 1250", 1250, "value" },
  { "[deadline-each-429] each 429 does",
    { throttled(ALWAYS) }, "0 1250 2750", 2750,
    "too_many_requests" },
  { "[deadline-429-luck-waits] a 429 without luck waits for a second all the "
    .. "same",
    { throttled(ALWAYS) }, "0 1000 2000", 2000, "too_many_requests",
    { random = chance(0) } },
  { "[deadline-retry-after-429-obeyed] the Retry-After of a 429 is obeyed",
    { throttled(1, 7) }, "0 7250",
    7250, "value" },
  { "[deadline-retry-after-below] a Retry-After below a second is a second",
    { throttled(1, 0) },
    "0 1250", 1250, "value" },
  { "[deadline-retry-after-time] a Retry-After that takes all the time is "
    .. "given up at once",
    { throttled(1, 30) }, "0", 0, "too_many_requests" },
  { "[deadline-one-takes-more] so is one that takes more",
    { throttled(1, 3600) }, "0", 0,
    "too_many_requests" },
  { "[deadline-fits-obeyed] one that just fits is obeyed",
    { throttled(1, 29) }, "0 29250", 29250,
    "value" },

  { "[deadline-retry-after-503-obeyed] the Retry-After of a 503 is obeyed",
    { status(503, ALWAYS, 2) },
    "0 2250 4750", 4750, "http_503" },
  { "[deadline-given-up-once] or given up at once",
    { status(503, 1, 60) }, "0", 0, "http_503" },
  { "[deadline-503-repeated] a 503 without it is repeated",
    { status(503, 1) }, "0 250", 250,
    "value" },

  { "[deadline-500-repeated] a 500 is repeated",
    { status(500, 1) }, "0 250", 250, "value" },
  { "[deadline-three-times] three times in all",
    { status(500, ALWAYS) }, "0 250 750", 750,
    "http_500" },
  { "[deadline-full-jitter-begins] full jitter begins at nothing",
    { status(500, ALWAYS) }, "0 0 0", 0,
    "http_500", { random = chance(0) } },
  { "[deadline-ends-whole] and ends at the whole",
    { status(500, ALWAYS) }, "0 500 1500", 1500,
    "http_500", { random = chance(1) } },
  { "[deadline-backoff-grows-cap] the backoff grows to its cap",
    { status(500, ALWAYS) },
    "0 1000 3000 5000 7000", 7000, "http_500", { random = chance(1),
      retry = { attempts = 5, base = 1, cap = 2 } } },
  { "[deadline-one-attempt-one] one attempt is one",
    { status(500, ALWAYS) }, "0", 0, "http_500",
    { retry = { attempts = 1 } } },
  { "[deadline-refusal-not-repeated] a refusal is not repeated",
    { status(404, ALWAYS) }, "0", 0,
    "http_404" },

  { "[deadline-repeat-late] a repeat that would come late is not made",
    { status(500, ALWAYS) },
    "0 500", 500, "http_500", { random = chance(1), timeout = 1.2 } },
  { "[deadline-no-time-left] nor one with no time left for it",
    { status(500, ALWAYS) }, "0", 0,
    "http_500", { random = chance(1), timeout = 0.52 } },

  { "[deadline-lost-connection] a lost connection is repeated",
    { { kind = "reset_before" } },
    "0 250", 250, "value" },
  { "[deadline-response-time] an answer may take its time",
    { { kind = "delay", seconds = 29 } },
    "0", 29000, "value" },
  { "[deadline-until] until the deadline",
    { { kind = "delay", seconds = 31 } }, "0", 30000,
    "timeout" },
  { "[deadline-client] which is the client's",
    { { kind = "delay", seconds = 31 } }, "0",
    5000, "timeout", { timeout = 5 } },
  { "[deadline-body-slowly] a body may come slowly",
    { { kind = "drip", seconds = 1, bytes = 1 } }, "0", 15000, "value" },
  { "[deadline-until-too] until the deadline, too",
    { { kind = "drip", seconds = 3, bytes = 1 } }, "0", 30000, "timeout" },
  { "[deadline-repeat-left] a repeat has what is left",
    { status(500, 1), { kind = "delay", seconds = 31 } }, "0 250", 30000,
    "timeout" },
  { "[deadline-wrong-time] all that goes wrong is in the same time",
    { throttled(1, 10),
      status(503, 1, 10), { kind = "delay", seconds = 31 } },
    "0 10250 20750", 30000, "timeout" },
}

describe("a call's timeline", function()
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
      assert.equal(tostring(line[4]), passed(fixture))
    end)
  end

  it("[deadline-long-call-says] is as long as the call says", function()
    local fixture = ready()
    fixture.control.fault { kind = "delay", seconds = 31, count = 2 }
    local value, err = fixture.client.api:profiles { timeout = 2.5 }
    assert.is_nil(value)
    assert.equal("timeout", err.code)
    assert.equal("2500", passed(fixture))
    assert.is_table(fixture.client.api:profiles { timeout = 60 })
  end)

  it("[deadline-leaves-unsent-slow] leaves unsent what a slow store left no "
    .. "time for", function()
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

  it("[deadline-registration-token] holds registration and token "
    .. "too", function()
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
    assert.equal("30000", passed(fixture))
  end)
end)

-- --- rate limit ------------------------------------------------------------

local function view(fixture, address)
  return fixture.client:device { id = "device-"
    .. address, info = operation_setup.INFO,
    ip = address }
end

local function ask(client, count)
  for _ = 1, count do assert(client.api:profiles()) end
end

local BURST = ("0 "):rep(10)

describe("the rate limit", function()
  it("[deadline-request-second-burst] is one request a second after a burst "
    .. "of ten", function()
    local fixture = ready { rate_limit = true, sandbox = { throttle = true,
      world = function(world) world.throttle.forget_after = 60 end } }
    ask(fixture.client, 14)
    assert.equal(BURST .. "1000 2000 3000 4000", times(fixture))
    for _, entry in ipairs(fixture.control.journal()) do
      assert.is_nil(entry.throttled)
    end
  end)

  it("[deadline-comes-back-asks] comes back while nobody asks", function()
    local fixture = ready { rate_limit = true }
    ask(fixture.client, 10)
    fixture.driver.sleep(3)
    ask(fixture.client, 5)
    assert.equal(BURST .. "3000 3000 3000 4000 5000", times(fixture))
  end)

  it("[deadline-can-another-none] can be another, or none", function()
    local fixture = ready { rate_limit = { rate = 2, burst = 1 } }
    ask(fixture.client, 4)
    assert.equal("0 500 1000 1500", times(fixture))
    fixture = ready { rate_limit = false }
    ask(fixture.client, 100)
    assert.equal("0", passed(fixture))
  end)

  it("[deadline-not-hold-back-another] does not hold back another "
    .. "address", function()
    local fixture = ready { rate_limit = true }
    local one, other = view(fixture, "192.0.2.1"), view(fixture, "192.0.2.2")
    ask(one, 14) -- registration and token count for the host's own address
    ask(other, 1)
    assert.equal(BURST .. "1000 2000 3000 4000",
      times(fixture, nil, "192.0.2.1"))
    assert.equal("4000", times(fixture, nil, "192.0.2.2"))
  end)

  it("[deadline-devices-address] holds all devices of one address "
    .. "together", function()
    local fixture = ready { rate_limit = true }
    local one = view(fixture, "192.0.2.1")
    local other = fixture.client:device { id = "neighbour", ip = "192.0.2.1" }
    ask(one, 10)
    ask(other, 1)
    assert.equal(BURST .. "1000", times(fixture, nil, "192.0.2.1"))
  end)

  it("[deadline-bounded-no-turn-time] is bounded by the deadline: who has no "
    .. "turn in time is told at once",
    function()
      local fixture = ready { rate_limit = true }
      ask(fixture.client, 10)
      local value, err = fixture.client.api:profiles { timeout = 0.5 }
      assert.is_nil(value)
      assert.equal("timeout", err.code)
      assert.equal("0", passed(fixture))
      ask(fixture.client, 1) -- the failed call used no turn
      assert.equal(BURST .. "1000", times(fixture))
    end)

  it("[deadline-coroutine-turn] gives each coroutine its turn", function()
    local fixture = ready { rate_limit = true }
    local tasks = {}
    for index = 1, 15 do
      tasks[index] = function() ask(fixture.client, 1) end
    end
    fixture.driver.run((table.unpack or unpack)(tasks)) -- luacheck: ignore
    assert.equal(BURST .. "1000 2000 3000 4000 5000", times(fixture))
  end)

  it("[deadline-not-count-adobe] does not count what Adobe does "
    .. "not", function()
    local fixture = ready { rate_limit = true }
    for _ = 1, 30 do
      assert(fixture.client.api:service_token { sso_id = "me" })
    end
    assert.equal("0", passed(fixture))
  end)
end)

-- --- 429 -------------------------------------------------------------------

describe("a 429", function()
  local function throttle(fixture, retry_after)
    assert(fixture.control.fault { kind = "too_many_requests",
      operation = "profiles", retry_after = retry_after })
  end

  it("[deadline-stops-device-asks] stops the whole device, for whoever "
    .. "asks", function()
    local fixture = ready { rate_limit = true, retry = { attempts = 1 } }
    throttle(fixture)
    assert.is_nil((fixture.client.api:profiles()))
    assert(fixture.client.api:profiles())
    assert(fixture.client.api:configuration())
    assert.equal("0 1000", times(fixture))
    assert.equal("2000", times(fixture, "configuration"))
  end)

  it("[deadline-stops-long-says] stops it for as long as it says", function()
    local fixture = ready { rate_limit = true, retry = { attempts = 1 } }
    throttle(fixture, 5)
    assert.is_nil((fixture.client.api:profiles()))
    ask(fixture.client, 2)
    assert.equal("0 5000 6000", times(fixture))
  end)

  it("[deadline-not-stop-address] does not stop another address", function()
    local fixture = ready { rate_limit = true, retry = { attempts = 1 } }
    local one, other = view(fixture, "192.0.2.1"), view(fixture, "192.0.2.2")
    ask(one, 1)
    ask(other, 1)
    throttle(fixture, 5)
    assert.is_nil((one.api:profiles()))
    ask(other, 2)
    ask(one, 1)
    assert.equal("0 0 5000", times(fixture, nil, "192.0.2.1"))
    assert.equal("0 0 0", times(fixture, nil, "192.0.2.2"))
  end)

  it("[deadline-wait-turn-already] holds back those who wait for their turn "
    .. "already", function()
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
