--- Devices with a wrong time of day: lifetimes use the monotonic clock, the
-- server's time is learned, and timestamps survive a restart.

local adobepass = require "adobepass"
local core = require "adobepass.core"
local fake_clock = require "spec.support.fake_clock"
local many_clients = require "spec.support.many_clients"
local json = require "adobepass.util.json"
local timestamp = require "adobepass.policy.timestamp"

local HOUR, YEAR = 3600, 365 * 86400
local TODAY = 1790000000

describe("a client whose time of day is wrong", function()
  local time, at, store

  local function start(wall)
    time = fake_clock.start { wall = wall, server = TODAY }
    at = many_clients.new_sandbox(time)
    store = adobepass.store.memory()
  end

  after_each(function()
    time.stop()
    at, store = nil, nil
  end)

  local function client(more)
    local options = { store = store }
    for name, value in pairs(more or {}) do options[name] = value end
    return many_clients.new_client(at, options)
  end

  local function count_token_requests(one)
    assert.equal("ok", many_clients.outcome_of(one.api:profiles()))
    local counts = select(2, at.control.take())
    return counts.token
  end

  for title, wall in pairs { ["is right"] = TODAY, ["is in 1970"] = 7,
    ["is 30 years ahead"] = TODAY + 30 * YEAR,
    ["is 10 years behind"] = TODAY - 10 * YEAR } do
    it("[client-clock-reuses-refreshes] client: refreshes its token in time when "
      .. "the time of day " .. title, function()
      start(wall)
      local one = client { token_jitter = 0 }
      assert.equal(1, count_token_requests(one))
      time:advance(6 * HOUR - 301)
      assert.equal(0, count_token_requests(one))
      assert.equal(0, count_token_requests(client { token_jitter = 0 }))
      time:advance(2) -- within the margin of 300 s: due
      assert.equal(1, count_token_requests(one))
      assert.equal(0, count_token_requests(client { token_jitter = 0 }))
      time:advance(6 * HOUR - 301)
      assert.equal(0, count_token_requests(one))
      time:advance(302) -- expired
      assert.equal(1, count_token_requests(client()))
    end)

    it("[client-clock-learns-server-time] client: learns the server's time when "
      .. "the time of day " .. title, function()
      start(wall)
      local one = client()
      count_token_requests(one)
      local known = one.context.connection.clock
      local off = known:now_ms() - time:server_ms()
      assert.is_true(math.abs(off) < 1500)
      time:set_wall(wall + 3 * YEAR)
      assert.equal(off, known:now_ms() - time:server_ms())
    end)
  end

  it("[client-clock-not-care-set] client: setting the time of day does not "
    .. "affect its token", function()
    start(7)
    local one = client()
    assert.equal(1, count_token_requests(one))
    for _, wall in ipairs { TODAY, 12, TODAY + 20 * YEAR, 1 } do
      time:set_wall(wall)
      time:advance(HOUR)
      assert.equal(0, count_token_requests(one))
      assert.equal(0, count_token_requests(client())) -- another process
    end
  end)

  it("[client-clock-refreshes-time] client: refreshes a token from the store "
    .. "in time", function()
    start(TODAY)
    count_token_requests(client())
    local other = client { token_jitter = 0 }
    time:advance(3 * HOUR)
    assert.equal(0, count_token_requests(other))
    for _, seconds in ipairs { 2.5 * HOUR, 0.4 * HOUR } do
      time:advance(seconds)
      assert.equal(0, count_token_requests(other))
    end
    time:advance(0.05 * HOUR) -- 180 s before the token expires
    assert.equal(1, count_token_requests(other))
  end)

  it("[client-clock-staggers-share] client: jitter spreads the refreshes of a "
    .. "shared token", function()
    start(TODAY)
    local early = client { random = function() return 1 end }
    local late = client { random = function() return 0 end }
    count_token_requests(early)
    count_token_requests(late)
    time:advance(6 * HOUR - 350)
    assert.equal(0, count_token_requests(late))
    assert.equal(1, count_token_requests(early))
  end)
end)

describe("timestamp", function()
  local time

  before_each(function() time = fake_clock.start { wall = TODAY } end)
  after_each(function() time.stop() end)

  -- Returns a timestamp as it is read from a store.
  local function stored()
    return json.decode(json.encode(timestamp.stamp {}))
  end

  local function restarted(record)
    time:restart()
    record.boot = "another"
    return record
  end

  local function assert_near(wanted, got)
    assert.is_true(math.abs(wanted - got) < 0.01,
      ("wanted %g, got %g"):format(wanted, got))
  end

  it("[client-clock-monotonic-machine] timestamp: age uses the monotonic clock "
    .. "until a restart", function()
    local record = stored()
    time:advance(100)
    assert_near(100, timestamp.age(record))
    time:set_wall(3)
    assert_near(100, timestamp.age(record))
    time:set_wall(TODAY + 9 * YEAR)
    assert_near(100, timestamp.age(record))
  end)

  it("[client-clock-time-day-restart] timestamp: age uses the time of day "
    .. "after a restart", function()
    local record = stored()
    time:advance(HOUR)
    assert_near(HOUR, timestamp.age(restarted(record)))
  end)

  it("[client-clock-day-runs-backwards] timestamp: age is infinite when the "
    .. "time of day went back", function()
    local record = stored()
    time:set_wall(7)
    assert.equal(math.huge, timestamp.age(restarted(record)))
  end)

  it("[client-clock-bears-machines] timestamp: age is 0 when the time of day "
    .. "went back by two seconds", function()
    local record = stored()
    time:set_wall(TODAY - 2)
    assert.equal(0, timestamp.age(restarted(record)))
  end)

  it("[client-clock-knows-nothing] timestamp: age is infinite for an "
    .. "incomplete record", function()
    for _, record in ipairs { {}, { wall = "x" }, { boot = false },
      { wall = false, monotonic = 3 } } do
      assert.equal(math.huge, timestamp.age(record))
    end
    local record = stored()
    record.monotonic = nil
    assert.equal(math.huge, timestamp.age(record))
    assert.number(core.clock.wall())
  end)

  it("[client-clock-token-survives] access token: is reused after a restart "
    .. "unless the time of day went back", function()
    local at = many_clients.new_sandbox(time)
    local store = adobepass.store.memory { now = function()
      return time.elapsed
    end }
    local function count_token_requests()
      local one = many_clients.new_client(at, { store = store })
      assert.equal("ok", many_clients.outcome_of(one.api:profiles()))
      return (select(2, at.control.take())).token
    end
    local function restart()
      time:restart()
      for key, text in pairs(store.values) do
        if key:find "^access" then
          local record = json.decode(text)
          record.token.boot = "the run before"
          store.values[key] = json.encode(record)
        end
      end
    end
    assert.equal(1, count_token_requests())
    restart()
    assert.equal(0, count_token_requests())
    time:set_wall(7) -- a device whose clock has no battery
    assert.equal(1, count_token_requests())
    restart()
    time:advance(HOUR)
    assert.equal(0, count_token_requests())
    time:set_wall(TODAY)
    assert.equal(1, count_token_requests())
  end)
end)
