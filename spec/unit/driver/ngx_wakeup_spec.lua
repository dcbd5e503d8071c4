--- The loop of adobepass.driver.ngx with a simulated nginx and clock;
-- spec/integration/driver/ngx_spec.lua tests it in nginx.

local core = require "adobepass.core"

local MODULE = "adobepass.driver.ngx_wakeup"

local function pass() return true end

describe("driver.ngx loop", function()
  local now, timers, collections, transport, opener, ngx_wakeup
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
    originals = { ngx = rawget(_G, "ngx"), collect = collectgarbage,
      monotonic = core.clock.monotonic, wakeup = core.wakeup,
      module = package.loaded[MODULE], semaphore = package.loaded["ngx.semaphore"] }
    rawset(_G, "ngx", { WARN = 5, log = error, socket = { tcp = new_socket },
      worker = { exiting = function() return false end },
      timer = { at = function(_, handler, loop)
        timers[#timers + 1] = { handler = handler, loop = loop }
        return true
      end } })
    rawset(_G, "collectgarbage", function() collections = collections + 1 end)
    core.clock.monotonic = function() return now end
    core.wakeup = function()
      return { path = tostring, start = pass, watch = pass, after = pass, close = pass }
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

  it("[ngx-wakeup-exit-collections] driver.ngx loop: an exiting worker collects "
    .. "garbage once in five seconds while a transfer waits", function()
    local transfer = { ended = function() return false end }
    assert.is_false(ngx_wakeup.wait(transport, transfer, 60)) -- starts the loop
    local loop = coroutine.wrap(timers[1].handler)
    loop(false, timers[1].loop)
    coroutine.wrap(ngx_wakeup.wait)(transport, transfer, 60)
    timers[2].handler(true, timers[2].loop) -- the worker exits
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
end)
