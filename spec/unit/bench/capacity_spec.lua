--- The simulation of bench/capacity.lua, compared with results of queueing theory.

local capacity = require "bench.capacity"
local child_process = require "spec.support.child_process"

-- Benchmarks run on Lua 5.4.
if child_process.interpreter() ~= "lua5.4" then return end

local sum = capacity.total

local function model(changes)
  local made = {}
  for name, value in pairs(capacity.MODEL) do made[name] = value end
  for name, value in pairs(changes) do made[name] = value end
  return made
end

local SMALL = model { devices = 1.6e5 }

local function run(options)
  options.nodes, options.shards = options.nodes or 20, options.shards or 4
  options.model = options.model or SMALL
  return capacity.simulate(options)
end

describe("capacity simulation", function()
  it("[capacity-seed] capacity simulation: the same seed gives the same minutes",
    function()
      assert.same(run { seed = 7 }, run { seed = 7 })
      assert.not_same(run { seed = 7 }, run { seed = 8 })
    end)

  it("[capacity-little] capacity simulation: the use of a worker is its requests "
    .. "times their cost", function()
    local minutes = run { costs = setmetatable({}, { __index = function()
      return { cpu = 0.01, redis = 0.001, adobe = 1 }
    end }) }
    local workers = 20 * SMALL.workers
    local expected = sum(minutes, "requests") / workers * 0.01
    local cpu = sum(minutes, "cpu")
    assert.is_true(math.abs(cpu / expected - 1) < 0.05, cpu .. " " .. expected)
    local redis = sum(minutes, "redis")
    assert.is_true(math.abs(redis / (cpu * 0.1 * workers / 4) - 1) < 0.1)
  end)

  it("[capacity-nodes] capacity simulation: half of the nodes are used twice as much, "
    .. "and requests wait longer", function()
    local few, many = run { nodes = 10 }, run { nodes = 20 }
    local ratio = sum(few, "cpu") / sum(many, "cpu")
    assert.is_true(ratio > 1.8 and ratio < 2.2, ratio)
    assert.is_true(sum(few, "p99") > sum(many, "p99"))
  end)

  it("[capacity-limited] capacity simulation: without an exemption, all nodes "
    .. "register a burst and then one device per two seconds", function()
    local made = model { devices = 8e3, new_share = 1 }
    local listed = run { model = made }
    local limited = run { model = made, is_listed = false }
    assert.is_true(sum(listed, "registered") > 4e3)
    local most = 3600 / 2 + 10 -- 1 request/s is half a device/s
    local count = sum(limited, "registered")
    assert.is_true(count <= most and count > 0.8 * most, count .. " of " .. most)
  end)

  it("[capacity-limited-timeout] capacity simulation: a device that would wait longer "
    .. "than the timeout gets 503, and repeats after Retry-After", function()
    local made = model { devices = 8e3, new_share = 1, timeout = 20 }
    local limited = run { model = made, is_listed = false }
    assert.equal(0, sum(run { model = made }, "failed"))
    -- 5,000 devices have arrived: all of the rush, a quarter of the evening.
    local waiting = 5000 - sum(limited, "registered")
    local ratio = limited[#limited].failed / (waiting * 60 / 20)
    assert.is_true(math.abs(ratio - 1) < 0.1, ratio)
  end)

  it("[capacity-failover] capacity simulation: devices of the failed shard get 503, "
    .. "and repeat until it responds", function()
    local usual = run {}
    local failed = run { redis_down = 900, redis_up = 915 }
    assert.equal(0, sum(usual, "failed"))
    assert.is_true(failed[16].failed > 0)
    assert.equal(failed[16].failed, sum(failed, "failed"))
    local ratio = sum(failed, "adobe") / sum(usual, "adobe")
    assert.is_true(math.abs(ratio - 1) < 0.05, ratio) -- no request is lost
  end)
end)
