-- luacheck: read_globals math.type
local clock = require "adobepass.policy.server_clock"

local DATE, AT = "Sun, 06 Nov 1994 08:49:37 GMT", 784111777
local MONTHS = "Sun, 06 Nov 1994 08:%02d:%02d GMT"

-- Returns the Date header `seconds` after DATE.
local function date(later)
  local seconds = 49 * 60 + 37 + later
  return MONTHS:format(math.floor(seconds / 60), seconds % 60)
end

describe("server clock", function()
  local monotonic, wall, server

  before_each(function()
    monotonic, wall = 1000, 315532800 -- 1980: the device's clock is wrong
    server = clock.new { monotonic = function() return monotonic end,
      wall = function() return wall end }
  end)

  it("[server-clock-device-time-learned] server clock: uses the device's time "
    .. "until it has learned the server's", function()
    assert.is_false(server:known())
    assert.equal(315532800000, server:now_ms())
  end)

  it("[server-clock-learns-time-device] server clock: learns the server's "
    .. "time, whatever the device's time", function()
    server:learn(DATE, 1000, 0)
    assert.is_true(server:known())
    assert.equal(AT * 1000 + 500, server:now_ms())
    monotonic, wall = 1060.25, 0
    assert.equal(AT * 1000 + 60750, server:now_ms())
  end)

  it("[server-clock-integers-lua] server clock: returns integers where Lua has "
    .. "them", function()
    server:learn(DATE, 1000.0123, 0.0456)
    local text = tostring(server:now_ms())
    if math.type then
      assert.equal("integer", math.type(server:now_ms()))
      assert.truthy(text:find "^%d+$")
    end
  end)

  it("[server-clock-counts-millisecond] server clock: advances by each "
    .. "millisecond", function()
    server:learn(DATE, 1000.1, 0)
    for ms = 0, 999 do
      monotonic = 1000.1 + ms / 1000
      assert.equal(AT * 1000 + 500 + ms, server:now_ms())
    end
  end)

  it("[server-clock-puts-date-middle] server clock: assumes the Date header in "
    .. "the middle of the round trip", function()
    server:learn(DATE, 1000, 4)
    assert.equal(AT * 1000 + 2500, server:now_ms())
  end)

  local ignored = {
    { "a missing header", nil }, { "invalid text", "yesterday" },
    { "a number", 784111777 }, { "a table", {} },
  }
  for _, case in ipairs(ignored) do
    it("[server-clock-ignores] server clock: ignores " .. case[1], function()
      server:learn(case[2], 1000, 0)
      assert.is_false(server:known())
    end)
  end

  it("[server-clock-not-jitter-two] server clock: differences below two "
    .. "seconds do not change it", function()
    server:learn(DATE, 1000, 0.05)
    local before = server:now_ms()
    for later = -1, 1 do
      server:learn(date(later), 1000, 0.06)
      assert.equal(before, server:now_ms())
    end
  end)

  it("[server-clock-prefers-shorter] server clock: prefers the shorter round "
    .. "trip", function()
    server:learn(DATE, 1000, 2)
    server:learn(date(1), 1000, 0.5)
    assert.equal(AT * 1000 + 1750, server:now_ms())
    server:learn(DATE, 1000, 0.02)
    assert.equal(AT * 1000 + 510, server:now_ms())
  end)

  it("[server-clock-follows-set] server clock: follows a server whose clock "
    .. "was set", function()
    server:learn(DATE, 1000, 0.02)
    server:learn(date(3), 1000, 0.2)
    assert.equal(AT * 1000 + 3600, server:now_ms())
    server:learn(date(-3), 1000, 0.2)
    assert.equal(AT * 1000 - 2400, server:now_ms())
  end)

  it("[server-clock-not-slow-response] server clock: a slow response is not "
    .. "taken for a changed clock", function()
    server:learn(DATE, 1000, 0.02)
    local before = server:now_ms()
    server:learn(date(0), 1000, 20) -- dated just before the response arrived
    server:learn(date(-20), 1000, 20) -- dated just after the request was sent
    assert.equal(before, server:now_ms())
    server:learn(date(-40), 1000, 20) -- dated before the request was sent
    assert.equal(before - 30010, server:now_ms())
  end)

  it("[server-clock-never-further-half] server clock: is off by at most half a "
    .. "round trip plus half a second",
    function()
      for i = 0, 2000 do
        -- The server sets the Date header at `1 - share` of the round trip: 0 is
        -- the start, 1 the arrival of the response.
        local round_trip, share = i % 7 / 3, i % 11 / 10
        local stamped = AT + i * 0.37 % 600
        local measured = clock.new { monotonic = function() return 50 end,
          wall = os.time }
        measured:learn(date(math.floor(stamped) - AT), 50, round_trip)
        local truth = stamped + round_trip * share
        local off = math.abs(measured:now_ms() / 1000 - truth)
        assert.is_true(off <= 0.502 + round_trip / 2)
      end
    end)

  local misuse = {
    { "monotonic", { wall = os.time } }, { "wall", { monotonic = os.time } },
    { "monotonic", { monotonic = 1, wall = os.time } },
    { "wal", { monotonic = os.time, wall = os.time, wal = 1 } },
  }
  for i, case in ipairs(misuse) do
    it("[server-clock-raises-misuse-names] server clock: usage error "
      .. i .. " raises and names " .. case[1], function()
      local ok, message = pcall(clock.new, case[2])
      assert.is_false(ok)
      assert.truthy(message:find(case[1], 1, true))
    end)
  end
end)
