local child_process = require "spec.support.child_process"
local core = require "adobepass.core"
local loop_world = require "spec.support.loop_world"
local open_handles = require "spec.support.open_handles"
local luv = require "adobepass.driver.luv"
local https_server = require "spec.support.https_server"
local shell = require "adobepass.util.shell"
local uv = require "luv"

describe("driver.luv", function()
  local nginx, world, failures

  setup(function() nginx = https_server.start() end)
  teardown(function() nginx.stop() end)

  before_each(function()
    failures = {}
    local function on_error(reason) failures[#failures + 1] = reason end
    world = loop_world.new(nginx, luv { on_error = on_error }, function(...)
      for _, fn in ipairs { ... } do coroutine.wrap(fn)() end
      uv.run()
    end)
  end)

  after_each(function()
    world.transport:close()
    assert.is_false(uv.loop_alive())
  end)

  local function handles()
    local count = 0
    uv.walk(function(handle)
      if not handle:is_closing() then count = count + 1 end
    end)
    return count
  end

  it("[driver-luv-leaves-no-handle-loop] driver.luv: leaves no handle in the "
    .. "loop", function()
    local before = handles()
    world.run(function()
      for _ = 1, 3 do
        assert(world:wait(world:submit "/hello"))
        world.driver.sleep(0.001)
        local silent = world:submit "/silent"
        assert.is_false(world:wait(silent, 0.005))
        silent:close()
      end
    end)
    assert.equal(before, handles())
  end)

  it("[driver-luv-loop-end-request] driver.luv: lets the loop end while a "
    .. "request is in flight", function()
    world:ends_with_a_request()
  end)

  it("[driver-luv-follows-descriptors] driver.luv: handles descriptor numbers "
    .. "that are reused for other connections", function()
    world:reuses_descriptors()
  end)

  -- The server OLD has only HTTP/1.1, so a collected transfer closes its
  -- connection.
  it("[driver-luv-outlives-requests] driver.luv: handles transfers that are "
    .. "collected at any time", function()
    local ended = 0
    local function drop()
      for _ = 1, 30 do
        world:wait(world:submit("/silent", "OLD"), core.random.bytes(1):byte() / 100000)
        collectgarbage("step", 10)
      end
      ended = ended + 1
    end
    local function use()
      for _ = 1, 30 do assert.is_true(world:wait(world:submit("/hello", "OLD"))) end
      ended = ended + 1
    end
    world.run(drop, use, drop, use)
    assert.equal(4, ended)
  end)

  it("[driver-luv-outlives-session] driver.luv: handles a transport that is "
    .. "closed in a callback", function()
    local timer, code = uv.new_timer(), nil
    local pipe = uv.new_pipe(false)
    timer:start(2, 0, function()
      world.transport:close()
      timer:close()
      pipe:close()
    end)
    world.run(function()
      local silent = world:submit("/silent", "OLD")
      assert.is_true(world:wait(silent))
      code = select(3, silent:result())
    end)
    assert.equal("closed", code)
  end)

  it("[driver-luv-waits-two-sessions] driver.luv: waits for two transports at "
    .. "once", function()
    local other = assert(core.http.new { ca_file = nginx.files.good.ca })
    world:waits_at_once({ world.transport, world.driver }, { other, world.driver })
    other:close()
  end)

  it("[driver-luv-lives-session] driver.luv: shares a transport with another "
    .. "driver", function()
    world:waits_at_once({ world.transport, world.driver }, { world.transport, luv() })
  end)

  it("[driver-luv-coroutine-fails-wakes] driver.luv: reports the error of a "
    .. "coroutine and resumes the others", function()
    local ended = false
    local transfer = world:submit "/hello"
    world.run(function()
      world:wait(transfer)
      error("boom after a wait", 0)
    end, function()
      ended = world:wait(transfer)
    end, function()
      world.driver.sleep(0.001)
      error("boom after a sleep", 0)
    end)
    assert.is_true(ended)
    table.sort(failures)
    assert.same({ "boom after a sleep", "boom after a wait" }, failures)
  end)

  it("[driver-luv-ends-program] driver.luv: ends the program with a traceback "
    .. "if no error handler is set", function()
    local output, status = shell.read(child_process.command([[
      local driver = require "adobepass.driver.luv"()
      coroutine.wrap(function()
        driver.sleep(0)
        error "boom"
      end)()
      require("luv").run()
    ]]))
    assert.not_equal(0, status)
    assert.matches("boom", output)
    assert.matches("traceback", output)
  end)

  it("[driver-luv-leaves-collector] driver.luv: does not change the state of "
    .. "the garbage collector", function()
    local knows = pcall(collectgarbage, "isrunning")
    if not knows then return pending("this Lua has no isrunning") end
    finally(function() collectgarbage("restart") end)
    local function runs_after(word)
      collectgarbage(word)
      world.run(function() world:wait(world:submit "/hello") end)
      return collectgarbage("isrunning")
    end
    assert.is_true(runs_after "restart")
    -- LuaJIT's stopped collector can restart by itself, which is rare.
    assert.is_false(runs_after "stop" and runs_after "stop" and runs_after "stop")
  end)

  it("[driver-luv-session-waits] driver.luv: releases a transport without "
    .. "waiting coroutines", function()
    world.run(function() world:wait(world:submit "/hello") end)
    world.transport:close()
    world.transport = assert(core.http.new())
    assert.equal(1, open_handles.count().transports)
    world.transport:close()
    open_handles.assert_none()
  end)

  it("[driver-luv-raises-used-outside] driver.luv: raises outside of a "
    .. "coroutine", function()
    assert.error_matches(function() world.driver.sleep(0) end,
      "sleep was called outside of a coroutine")
    local transfer = world:submit "/hello"
    assert.error_matches(function() world:wait(transfer) end,
      "wait was called outside of a coroutine")
    transfer:close()
  end)

  it("[driver-luv-takes-under-another] driver.luv: uses the luv module of the "
    .. "option uv", function()
    local used = false
    local mine = setmetatable({ new_timer = function()
      used = true
      return uv.new_timer()
    end }, { __index = uv })
    world.driver = luv { uv = mine }
    world.run(function() world.driver.sleep(0) end)
    assert.is_true(used)
  end)

  it("[driver-luv-deadline-timer] driver.luv: sets the loop's timer no later than "
    .. "the first deadline", function()
    local longest, at_first_end = 0, nil
    local mine = setmetatable({ new_timer = function()
      local timer = uv.new_timer()
      return {
        start = function(_, milliseconds, ...)
          longest = math.max(longest, milliseconds)
          return timer:start(milliseconds, ...)
        end,
        close = function() timer:close() end,
      }
    end }, { __index = uv })
    world.driver = luv { uv = mine }
    local silent, waits = world:submit "/silent", {}
    for index, seconds in ipairs { 0.03, 0.01, 0.02 } do
      waits[index] = function()
        assert.is_false(world:wait(silent, seconds))
        at_first_end = at_first_end or longest
      end
    end
    world.run(waits[1], waits[2], waits[3])
    assert.is_true(at_first_end <= 10)
    silent:close()
  end)

  it("[driver-luv-raises-programmer] driver.luv: raises for invalid "
    .. "options", function()
    assert.error_matches(function() luv { loop = 1 } end,
      "driver.luv: unknown option 'loop'")
  end)
end)
