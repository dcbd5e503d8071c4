--- Wall clock jumps, forward and back, under clients with a file store, whose
-- locks and tokens have timestamps.

local adobepass = require "adobepass"
local seeded_random = require "spec.fault.seeded_random"
local fake_clock = require "spec.support.fake_clock"
local many_clients = require "spec.support.many_clients"
local folder = require "spec.support.folder"
local json = require "adobepass.util.json"
local open_handles = require "spec.support.open_handles"
local timestamp = require "adobepass.policy.timestamp"

local RUNS, JUMPS = seeded_random.choose_count(5, 40), 20

-- Jumps of the wall clock, in seconds; the monotonic clock is unchanged.
local BY = { -1.5e9, -86400, -3600, -50, -1, 0, 1, 50, 3600, 86400, 3e8 }
local PASSES = { 0, 1, 40, 3600, 7 * 3600 }

local function jump(one, time)
  time:set_wall(1790000000 + one:pick(BY) + time.elapsed)
  time:advance(one:pick(PASSES))
  if one:chance(0.2) then time:restart() end
end

describe("wall clock jumps", function()
  local time, path

  before_each(function() time, path = fake_clock.start(), folder.make() end)
  after_each(function()
    time.stop()
    folder.remove(path)
  end)
  teardown(open_handles.assert_none)

  -- Returns clients that share only the folder, as two processes do.
  local function clients_of(at)
    local list = {}
    for index = 1, 2 do
      list[index] = many_clients.new_client(at, {
        store = adobepass.store.file(path .. "/store") })
    end
    return list
  end

  it("[crash-clock-costs] client: keeps its registration and requests few "
    .. "tokens when the wall clock jumps", function()
    seeded_random.each("ADOBEPASS_CLOCK", RUNS, function(one)
      local at = many_clients.new_sandbox(time)
      local clients = clients_of(at)
      for _ = 1, JUMPS do
        jump(one, time)
        for _, client in ipairs(clients) do
          assert(client.api:profiles())
        end
      end
      local _, counts = at.control.take()
      assert.equal(1, counts.register)
      assert.is_true(counts.token <= 2 * JUMPS)
      folder.run("rm -r " .. path .. "/store")
    end)
  end)

  it("[crash-clock-lock-future] client: ignores a lock with a timestamp in the "
    .. "future", function()
    local at = many_clients.new_sandbox(time)
    local one = clients_of(at)[1]
    assert(one.api:profiles())
    local store = one.context.connection.store
    local key = "access:" .. one.context.key
    assert(store:delete(key))
    assert(store:replace(key, json.encode { v = 1,
      lock = timestamp.stamp { owner = "a process that died", seconds = 45 } }))
    time:set_wall(1790000000 - 86400 + time.elapsed)
    time:advance(8 * 3600)
    local other = clients_of(at)[2]
    assert.equal("ok", many_clients.outcome_of(other.api:profiles()))
  end)
end)
