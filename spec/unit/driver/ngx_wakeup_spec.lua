--- The loop of adobepass.driver.ngx with a simulated nginx and clock;
-- spec/integration/driver/ngx_spec.lua tests it in nginx.

local core = require "adobepass.core"

local MODULE = "adobepass.driver.ngx_wakeup"

local function pass() return true end

describe("driver.ngx loop", function()
  local now, timers, collections, transport, opener, ngx_wakeup
  local is_exiting, wakes_after, closed, warnings
  local originals

  local function new_socket()
    return { settimeouts = pass, connect = pass, close = pass,
      receiveany = coroutine.yield }
  end

  local function new_semaphore()
    return { wait = coroutine.yield, post = pass, count = function() return 0 end }
  end

  before_each(function()
    now, timers, collections = 100, {}, 0
    is_exiting, wakes_after, closed, warnings = false, nil, 0, {}
    originals = { ngx = rawget(_G, "ngx"), collect = collectgarbage,
      monotonic = core.clock.monotonic, wakeup = core.wakeup,
      module = package.loaded[MODULE], semaphore = package.loaded["ngx.semaphore"] }
    rawset(_G, "ngx", { WARN = 5, socket = { tcp = new_socket },
      log = function(_, ...) warnings[#warnings + 1] = table.concat { ... } end,
      worker = { exiting = function() return is_exiting end },
      timer = { at = function(_, handler, loop)
        timers[#timers + 1] = { handler = handler, loop = loop }
        return true
      end } })
    rawset(_G, "collectgarbage", function() collections = collections + 1 end)
    core.clock.monotonic = function() return now end
    core.wakeup = function()
      return { path = tostring, start = pass, watch = pass,
        after = function(_, seconds) wakes_after = seconds end,
        close = function() closed = closed + 1 end }
    end
    package.loaded["ngx.semaphore"] = { new = new_semaphore }
    package.loaded[MODULE] = nil
    ngx_wakeup = require(MODULE)
    transport = assert(core.http.new {})
    -- A transport has a descriptor while it has a transfer.
    opener = assert(transport:submit { url = "http://127.0.0.1:1/" })
  end)
  after_each(function()
    opener:close()
    transport:close()
    rawset(_G, "ngx", originals.ngx)
    rawset(_G, "collectgarbage", originals.collect)
    core.clock.monotonic, core.wakeup = originals.monotonic, originals.wakeup
    package.loaded[MODULE] = originals.module
    package.loaded["ngx.semaphore"] = originals.semaphore
  end)

  local transfer = { ended = function() return false end }

  -- Starts the loop; returns its coroutine.
  local function start()
    assert.is_false(ngx_wakeup.wait(transport, transfer, 60))
    local loop = coroutine.wrap(timers[1].handler)
    loop(false, timers[1].loop)
    return loop
  end

  -- Resumes the loop when the thread of the core wakes it.
  local function wake(loop)
    now = now + wakes_after
    loop "x"
  end

  it("[ngx-wakeup-exit-collections] driver.ngx loop: an exiting worker collects "
    .. "garbage once in five seconds while a transfer waits", function()
    local loop = start()
    coroutine.wrap(ngx_wakeup.wait)(transport, transfer, 60)
    is_exiting = true
    local function turn(count)
      for _ = 1, count do
        now = now + 0.1
        loop "x"
      end
    end
    turn(20)
    assert.equal(1, collections)
    turn(40)
    assert.equal(2, collections)
  end)

  -- nginx drops the handlers of timers above lua_max_running_timers.
  it("[ngx-wakeup-exit-unused] driver.ngx loop: ends within 5 s when the worker exits, "
    .. "without a timer of nginx", function()
    local loop = start()
    wake(loop)
    assert.equal(0, closed)
    is_exiting = true
    assert.is_true(wakes_after <= 5)
    wake(loop)
    assert.is_true(closed > 0)
  end)

  it("[ngx-wakeup-idle-end] driver.ngx loop: ends when no coroutine has waited for "
    .. "60 s, without a timer of nginx", function()
    local loop, started = start(), now
    while closed == 0 do wake(loop) end
    assert.is_true(now - started >= 60 and now - started <= 65)
  end)

  it("[ngx-wakeup-exit-early] driver.ngx loop: wakes at once when nginx calls its "
    .. "timer early because the worker exits", function()
    local loop = start()
    is_exiting = true
    timers[2].handler(true, timers[2].loop)
    assert.equal(0, wakes_after)
    wake(loop)
    assert.is_true(closed > 0)
    timers[2].handler(true, timers[2].loop) -- the loop has ended
  end)

  it("[ngx-wakeup-start-dropped] driver.ngx loop: starts another one, with one "
    .. "warning, when nginx has not run the timer that starts it for 5 s", function()
    local function waits() return ngx_wakeup.wait(transport, transfer, 60) end
    assert.is_false(waits())
    for _ = 1, 2 do
      now = now + 4.9
      assert.is_false(waits())
    end
    assert.equal(2, #timers)
    now = now + 5.1
    assert.is_false(waits())
    assert.equal(3, #timers)
    assert.equal(1, #warnings)
    assert.truthy(warnings[1]:find("lua_max_running_timers", 1, true))
    timers[1].handler(false, timers[1].loop) -- nginx runs a dropped one late
    coroutine.wrap(timers[3].handler)(false, timers[3].loop)
    assert.is_table(coroutine.wrap(waits)()) -- the semaphore for which it waits
    assert.equal(3, closed)
  end)
end)
