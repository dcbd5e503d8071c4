local tick = require "adobepass.driver.tick"

for _, reuse in ipairs { false, true } do
describe("driver.tick, reuse = " .. tostring(reuse) .. ",", function()
  local time, driver, failures

  before_each(function()
    time, failures = 0, {}
    driver = tick { reuse = reuse, now = function() return time end,
      on_error = function(reason, task)
        failures[#failures + 1] = { reason = reason, task = task }
      end }
  end)

  local function new_transfer()
    local transfer = {}
    function transfer.ended() return transfer.response ~= nil end
    function transfer.close() transfer.is_closed = true end
    return transfer
  end

  local function new_transport()
    local transport = { steps = {} }
    function transport:step(seconds)
      self.steps[#self.steps + 1] = seconds
      return 1
    end
    return transport
  end

  it("[driver-tick-begins-task-next] driver.tick: the next update starts a "
    .. "task with its arguments", function()
    local got
    local task = driver.start(function(...) got = { n = select("#", ...), ... }
    end, 1, nil, "three", nil)
    assert.is_nil(got)
    assert.equal("running", task.status)
    assert.equal(0, driver.update())
    assert.same({ n = 4, 1, nil, "three", nil }, got)
    assert.equal("done", task.status)
  end)

  it("[driver-tick-keeps-results-nils] driver.tick: keeps all results of a "
    .. "task, also nil", function()
    local task = driver.start(function() return nil, "why", nil end)
    driver.update()
    assert.same({ n = 3, nil, "why", nil }, task.results)
  end)

  it("[driver-tick-counts-results-none] driver.tick: a task without results "
    .. "has results.n = 0", function()
    local task = driver.start(function() end)
    driver.update()
    assert.same({ n = 0 }, task.results)
  end)

  it("[driver-tick-asks-no-result] driver.tick: never calls the metamethod "
    .. "__eq of a result", function()
    local strange = setmetatable({}, { __eq = function(one, other)
      return one.id == other.id
    end })
    local sent = driver.start(function() return strange end)
    local yields = driver.start(function()
      coroutine.yield(strange)
      return "end"
    end)
    driver.update()
    assert.equal("done", sent.status)
    assert.is_true(rawequal(strange, sent.results[1]))
    assert.equal("running", yields.status)
    driver.update()
    assert.equal("end", yields.results[1])
  end)

  it("[driver-tick-resumes-task-update] driver.tick: each update resumes every "
    .. "task once, in order", function()
    local order = {}
    for i = 1, 3 do
      driver.start(function()
        for turn = 1, i do
          order[#order + 1] = i .. ":" .. turn
          driver.sleep(0)
        end
      end)
    end
    local left = {}
    for update = 1, 5 do left[update] = driver.update() end
    assert.same({ 3, 2, 1, 0, 0 }, left)
    assert.equal("1:1 2:1 3:1 2:2 3:2 3:3", table.concat(order, " "))
  end)

  it("[driver-tick-begins-task-starts] driver.tick: a task started by a task "
    .. "begins in the next update", function()
    local seen = {}
    driver.start(function()
      driver.start(function() seen[#seen + 1] = "inner" end)
      seen[#seen + 1] = "outer"
    end)
    assert.equal(1, driver.update())
    assert.same({ "outer" }, seen)
    assert.equal(0, driver.update())
    assert.same({ "outer", "inner" }, seen)
  end)

  it("[driver-tick-steps-session-waited] driver.tick: update steps each "
    .. "awaited transport once, without blocking", function()
    local one, other, transfer = new_transport(), new_transport(), new_transfer()
    for _, transport in ipairs { one, one, other } do
      driver.start(function() driver.wait(transport, transfer, 100) end)
    end
    driver.update()
    assert.same({}, one.steps)
    driver.update()
    driver.update(one)
    assert.same({ 0, 0 }, one.steps)
    assert.same({ 0, 0 }, other.steps)
    transfer.response = {}
    assert.equal(0, driver.update())
    driver.update()
    assert.same({ 0, 0, 0 }, one.steps)
  end)

  it("[driver-tick-steps-session] driver.tick: update steps a given transport, "
    .. "for coroutines that are not tasks", function()
    local transport, transfer, ended = new_transport(), new_transfer(), nil
    local mine = coroutine.wrap(function()
      ended = driver.wait(transport, transfer, 100)
    end)
    mine()
    assert.equal(0, driver.update(transport))
    assert.same({ 0 }, transport.steps)
    transfer.response = {}
    mine()
    assert.is_true(ended)
  end)

  it("[driver-tick-waits-deadline-clock] driver.tick: wait ends at the "
    .. "deadline on the driver's clock", function()
    local ended
    driver.start(function()
      ended = driver.wait(new_transport(), new_transfer(), 5)
    end)
    time = 4.999
    driver.update()
    assert.is_nil(ended)
    time = 5
    driver.update()
    assert.is_false(ended)
  end)

  it("[driver-tick-task-turns-coroutine] driver.tick: a task runs in each "
    .. "update while its inner coroutine waits", function()
    local transfer, turns = new_transfer(), 0
    driver.start(function()
      local inner = coroutine.wrap(function()
        return driver.wait(new_transport(), transfer, 5)
      end)
      while not inner() do
        turns = turns + 1
        coroutine.yield()
      end
    end)
    for _ = 1, 3 do assert.equal(1, driver.update()) end
    assert.equal(3, turns)
    transfer.response = {}
    assert.equal(0, driver.update())
    assert.equal(3, turns)
  end)

  it("[driver-tick-two-inner] driver.tick: update steps the transport of an inner "
    .. "coroutine while another one sleeps", function()
    local transport = new_transport()
    driver.start(function()
      local waiting = coroutine.wrap(function()
        driver.wait(transport, new_transfer(), 100)
      end)
      local sleeping = coroutine.wrap(function() driver.sleep(100) end)
      while true do
        waiting()
        sleeping()
        coroutine.yield()
      end
    end)
    for _ = 1, 4 do driver.update() end
    assert.equal(3, #transport.steps)
  end)

  it("[driver-tick-no-turn-task] driver.tick: a waiting task is not resumed "
    .. "before its transfer has ended", function()
    local transfer, turns = new_transfer(), 0
    local task = driver.start(function()
      return driver.wait(new_transport(), transfer, 5)
    end)
    local yield = coroutine.yield
    finally(function() rawset(coroutine, "yield", yield) end)
    rawset(coroutine, "yield", function(...)
      turns = turns + 1
      return yield(...)
    end)
    for _ = 1, 10 do driver.update() end
    assert.equal(1, turns)
    transfer.response = {}
    driver.update()
    assert.is_true(task.results[1])
  end)

  it("[driver-tick-sleeps-clock-update] driver.tick: sleep uses the driver's "
    .. "clock and lasts at least one update", function()
    local awake = {}
    driver.start(function()
      driver.sleep(0)
      awake[#awake + 1] = time
      driver.sleep(10)
      awake[#awake + 1] = time
    end)
    assert.equal(1, driver.update())
    assert.same({}, awake)
    for _ = 1, 11 do
      driver.update()
      time = time + 1
    end
    assert.same({ 0, 10 }, awake)
  end)

  -- A resumed task would read the clock once more.
  it("[driver-tick-sleeper-not-resumed] driver.tick: does not resume a sleeping "
    .. "task before its time", function()
    local reads = 0
    local own = tick { reuse = reuse, now = function()
      reads = reads + 1
      return time
    end }
    local task = own.start(function() own.sleep(10) end)
    own.update()
    reads = 0
    for _ = 1, 9 do
      time = time + 1
      own.update()
    end
    assert.equal(9, reads)
    time = time + 1
    assert.equal(0, own.update())
    assert.equal("done", task.status)
  end)

  describe("an error in a task", function()
    local function raise_error() error({ code = "boom" }) end

    it("[driver-tick-kept-task-traceback] driver.tick: an error is kept in the "
      .. "task with a traceback and passed to on_error", function()
      local task = driver.start(raise_error)
      assert.equal(0, driver.update())
      assert.equal("failed", task.status)
      assert.same({ code = "boom" }, task.error)
      assert.matches("traceback", task.traceback)
      assert.equal(1, #failures)
      assert.equal(task, failures[1].task)
      assert.equal(task.error, failures[1].reason)
      driver.update()
      assert.equal(1, #failures)
    end)

    it("[driver-tick-not-keep-turn] driver.tick: an error in one task does not "
      .. "stop the other tasks", function()
      local turns = 0
      for i = 1, 3 do
        driver.start(function()
          turns = turns + 1
          if i < 3 then raise_error() end
          driver.sleep(0)
        end)
      end
      assert.equal(1, driver.update())
      assert.equal(3, turns)
      assert.equal(2, #failures)
    end)

    it("[driver-tick-raised-turn-hears] driver.tick: without on_error, update "
      .. "raises a task's error after all tasks ran", function()
      driver = tick { reuse = reuse }
      local other
      local task = driver.start(function() error("boom at dawn") end)
      driver.start(function() other = true driver.sleep(0) end)
      assert.error_matches(driver.update, "boom at dawn.*traceback")
      assert.is_true(other)
      assert.equal("failed", task.status)
      assert.equal(0, driver.update())
    end)
  end)

  describe("cancel", function()
    it("[driver-tick-stops-task-waits] task:cancel: stops a waiting task and "
      .. "is idempotent", function()
      local after = false
      local task = driver.start(function()
        driver.sleep(0)
        after = true
      end)
      driver.update()
      task:cancel()
      task:cancel()
      assert.equal("cancelled", task.status)
      assert.equal(0, driver.update())
      assert.is_false(after)
      assert.equal(0, #failures)
    end)

    it("[tick-cancel-closes-transfer] task:cancel: closes the transfer that the "
      .. "task waits for, at once", function()
      local transfer, kept = new_transfer(), new_transfer()
      local task = driver.start(function()
        driver.wait(new_transport(), transfer, 10)
      end)
      driver.start(function() driver.wait(new_transport(), kept, 10) end)
      driver.update()
      assert.is_nil(transfer.is_closed)
      task:cancel()
      assert.is_true(transfer.is_closed)
      assert.equal(1, driver.update())
      assert.is_nil(kept.is_closed)
    end)

    it("[driver-tick-stops-never-began] task:cancel: stops a task that has not "
      .. "begun, also from another task", function()
      local never = driver.start(function() error "no" end)
      never:cancel()
      local victim
      driver.start(function() victim:cancel() end)
      victim = driver.start(function() error "no" end)
      assert.equal(0, driver.update())
      assert.equal("cancelled", victim.status)
      assert.equal(0, #failures)
    end)

    it("[driver-tick-stops-task-cancels] task:cancel: a task that cancels "
      .. "itself stops at its next yield", function()
      local task, after
      task = driver.start(function()
        task:cancel()
        driver.sleep(0)
        after = true
      end)
      assert.equal(0, driver.update())
      driver.update()
      assert.is_nil(after)
      assert.equal("cancelled", task.status)
    end)

    -- Starts a task that waits, with functions to call if it is cancelled.
    local function start_with(cleanups)
      local task = driver.start(function()
        driver.task().cleanups = cleanups
        driver.sleep(10)
      end)
      driver.update()
      return task
    end

    it("[tick-cleanup-waits] task:cancel: a cleanup may wait, and then ends in later "
      .. "updates", function()
      local order = {}
      local task = start_with { function()
        order[#order + 1] = driver.task() ~= nil
        coroutine.yield()
        order[#order + 1] = "ended"
      end }
      -- By the application, and by another task, which stays the running one.
      task:cancel()
      assert.same({ true }, order)
      driver.update()
      assert.same({ true, "ended" }, order)
      assert.equal(0, driver.update())
      task = start_with { function() coroutine.yield() end }
      local other, is_current
      other = driver.start(function()
        task:cancel()
        is_current = driver.task() == other
      end)
      driver.update()
      assert.is_true(is_current)
      assert.equal(0, driver.update())
      assert.same({}, failures)
    end)

    it("[tick-cleanup-fails] task:cancel: an error in a cleanup does not skip the "
      .. "others, and the next update reports it", function()
      local count = 0
      local function cleanup()
        count = count + 1
        error "broken"
      end
      start_with({ cleanup, a = cleanup, b = function() count = count + 1 end })
        :cancel()
      assert.equal(3, count)
      assert.equal(0, #failures)
      assert.equal(0, driver.update())
      assert.equal(2, #failures)
      assert.matches("broken", failures[1].reason)
      driver.update()
      assert.equal(2, #failures)
    end)

    -- Runs a task that cancels itself, and then calls `go_on`. Returns the task and how
    -- often a cleanup was called that it registered before and after.
    local function cancel_itself(go_on)
      local task
      local calls = { before = 0, after = 0 }
      local function register(name)
        task.cleanups = task.cleanups or {}
        task.cleanups[name] = function() calls[name] = calls[name] + 1 end
      end
      task = driver.start(function()
        register "before"
        task:cancel()
        register "after"
        go_on()
      end)
      assert.equal(0, driver.update())
      assert.equal("cancelled", task.status)
      assert.equal(0, #failures)
      return calls
    end

    it("[tick-cancel-itself-transfer] task:cancel: closes the transfer for which a "
      .. "task waits after it has cancelled itself", function()
      local transfer = new_transfer()
      local calls = cancel_itself(function()
        driver.wait(new_transport(), transfer, 10)
      end)
      assert.is_true(transfer.is_closed)
      assert.same({ before = 1, after = 1 }, calls)
    end)

    it("[tick-cancel-itself-cleanups] task:cancel: calls each cleanup once when a task "
      .. "that has cancelled itself sleeps, returns or raises an error", function()
      for _, go_on in ipairs { function() driver.sleep(1) end, function() end,
          function() error "boom" end } do
        assert.same({ before = 1, after = 1 }, cancel_itself(go_on))
      end
    end)

    it("[driver-tick-leaves-done] task:cancel: does not change a finished "
      .. "task", function()
      local task = driver.start(function() return 1 end)
      driver.update()
      task:cancel()
      assert.equal("done", task.status)
      assert.equal(1, task.results[1])
    end)

    it("[driver-tick-lets-go-waited] task:cancel: releases the values that the "
      .. "task held", function()
      local held = setmetatable({}, { __mode = "v" })
      local task = driver.start(function()
        local thing = {}
        held[1] = thing
        driver.sleep(0)
        return thing
      end)
      driver.update()
      task:cancel()
      driver.update()
      collectgarbage()
      collectgarbage()
      assert.is_nil(held[1])
    end)
  end)

  it("[driver-tick-raises-used-outside] driver.tick: sleep and wait outside of "
    .. "a task raise", function()
    assert.error_matches(function() driver.sleep(1) end,
      "sleep was called outside of a coroutine; call the client in driver.start")
    assert.error_matches(function()
      driver.wait(new_transport(), new_transfer(), 1)
    end, "wait was called outside of a coroutine")
  end)

  it("[driver-tick-raises-task-updates] driver.tick: update inside of a task "
    .. "raises", function()
    driver.start(function() driver.update() end)
    driver.update()
    assert.matches("tick_spec.lua:%d+: driver.tick: update was called inside a task",
      failures[1].reason)
  end)

  it("[driver-tick-raises-programmer] driver.tick: usage errors "
    .. "raise", function()
    assert.error_matches(function() tick { clock = 1 } end,
      "driver.tick: unknown option 'clock'")
    assert.error_matches(function() tick { on_error = 1 } end,
      "on_error should be a")
    local _, why = pcall(function()
      local task = driver.start(nil)
      return task
    end)
    assert.matches("tick_spec.lua:%d+: driver.tick: start expects a function",
      why)
  end)
end)
end

describe("driver.tick that reuses coroutines", function()
  local driver

  before_each(function()
    driver = tick { reuse = true, on_error = function() end }
  end)

  -- Runs tasks one after another; returns the number of coroutines used.
  local function coroutines_of(tasks)
    local seen, count = {}, 0
    for _, fn in ipairs(tasks) do
      local task
      task = driver.start(function()
        local thread = coroutine.running()
        if not seen[thread] then
          seen[thread] = true
          count = count + 1
        end
        return fn(task)
      end)
      while driver.update() > 0 do end
    end
    return count
  end

  local function good() return "good", nil, 3 end
  local function sleepy()
    driver.sleep(0)
    return "good"
  end
  local function bad() error "bad" end

  local function canceller(task) task:cancel() end

  it("[driver-tick-serve-however] driver.tick with reuse: one coroutine runs "
    .. "many tasks", function()
    assert.equal(1, coroutines_of { good, sleepy, good, sleepy })
  end)

  it("[driver-tick-new-error-task] driver.tick with reuse: the coroutine of a "
    .. "failed or cancelled task is not reused",
    function()
      assert.equal(2, coroutines_of { good, bad, good })
      assert.equal(2, coroutines_of { sleepy, canceller, sleepy })
    end)

  it("[driver-tick-not-told] driver.tick without reuse: each task has a new "
    .. "coroutine", function()
    driver = tick()
    assert.equal(3, coroutines_of { good, sleepy, good })
  end)

  it("[driver-tick-task-arguments] driver.tick with reuse: each task has its "
    .. "own arguments and results", function()
    local function echo(...)
      driver.sleep(0)
      return ...
    end
    for round = 1, 3 do
      local first = driver.start(echo, round, nil, "a", nil)
      local second = driver.start(echo)
      while driver.update() > 0 do end
      assert.same({ n = 4, round, nil, "a", nil }, first.results)
      assert.same({ n = 0 }, second.results)
    end
  end)

  it("[driver-tick-task-ends-start] driver.tick with reuse: a task may start "
    .. "the next task as it ends", function()
    local order = {}
    local function chain(left)
      order[#order + 1] = left
      if left > 0 then driver.start(chain, left - 1) end
    end
    driver.start(chain, 50)
    while driver.update() > 0 do end
    assert.equal(51, #order)
    assert.equal(0, order[51])
  end)

  it("[driver-tick-keeps-no-later] driver.tick with reuse: keeps at most 1024 "
    .. "idle coroutines", function()
    local held = setmetatable({}, { __mode = "k" })
    local function hold() held[coroutine.running()] = true end
    for _ = 1, 1500 do driver.start(hold) end
    assert.equal(0, driver.update())
    collectgarbage()
    collectgarbage()
    local count = 0
    for _ in pairs(held) do count = count + 1 end
    assert.equal(1024, count)
  end)

  it("[driver-tick-keeps-task] driver.tick with reuse: an idle coroutine keeps "
    .. "no values of its task", function()
    local held = setmetatable({}, { __mode = "v" })
    driver.start(function(thing)
      held[1] = thing
      return thing
    end, {})
    driver.update()
    collectgarbage()
    collectgarbage()
    assert.is_nil(held[1])
  end)
end)
