--- Runs the conformance specs on each driver in its real host over HTTPS.

local cqueues_driver = require "adobepass.driver.cqueues"
local block = require "adobepass.driver.block"
local child_process = require "spec.support.child_process"
local condition = require "cqueues.condition"
local cqueues = require "cqueues"
local driver_conformance = require "spec.support.driver_conformance"
local core = require "adobepass.core"
local open_handles = require "spec.support.open_handles"
local luv = require "adobepass.driver.luv"
local nginx_host = require "spec.support.nginx_host"
local https_server = require "spec.support.https_server"
local tick = require "adobepass.driver.tick"
local uv = require "luv"

describe("driver", function()
  local nginx

  setup(function() nginx = https_server.start() end)
  teardown(function() nginx.stop() end)

  local function new_world(driver, together)
    return {
      driver = driver, together = together,
      transport = assert(core.http.new { ca_file = nginx.files.good.ca,
        timeout = 60 }),
      url = function(place, rest) return nginx:url(place, rest) end,
    }
  end

  local function run(name, world)
    driver_conformance.run(name, world)
    world.transport:close()
  end

  describe("in this process,", function()
    after_each(open_handles.assert_none)

    describe("block", function()
      for _, name in ipairs(driver_conformance.names(false)) do
        -- tags: spec.support.driver_conformance
        it(name, function() run(name, new_world(block())) end)
      end
    end)

    local function under_tick(new_driver)
      local function frames(driver, list)
        for _, fn in ipairs(list) do driver.start(fn) end
        repeat core.clock.sleep(0.0005) until driver.update() == 0
      end

      for _, name in ipairs(driver_conformance.names(true)) do
        -- tags: spec.support.driver_conformance
        it(name, function()
          local driver = new_driver()
          local world = new_world(driver)
          -- Both the case and the functions that it starts run as tasks.
          world.together = driver_conformance.together(driver.start,
            function() driver.sleep(0) end)
          frames(driver, { function() run(name, world) end })
        end)
      end
    end

    describe("tick", function() under_tick(tick) end)

    describe("tick that reuses coroutines", function()
      under_tick(function() return tick { reuse = true } end)
    end)

    describe("luv", function()
      -- Starts a function in a coroutine; keeps an error in state.trouble.
      local function spawn(state, fn)
        local fine, message = coroutine.resume(coroutine.create(fn))
        if not fine then state.trouble = message end
      end

      for _, name in ipairs(driver_conformance.names(true)) do
        -- tags: spec.support.driver_conformance
        it(name, function()
          local state = {}
          local driver = luv { on_error = function(message)
            state.trouble = message
            uv.stop()
          end }
          local world = new_world(driver)
          world.together = driver_conformance.together(
            function(fn) spawn(state, fn) end)
          spawn(state, function()
            run(name, world)
            state.done = true
          end)
          uv.run()
          if state.trouble then error(state.trouble, 0) end
          assert.is_true(state.done)
          assert.is_false(uv.loop_alive())
        end)
      end
    end)

    describe("cqueues", function()
      for _, name in ipairs(driver_conformance.names(true)) do
        -- tags: spec.support.driver_conformance
        it(name, function()
          local controller = cqueues.new()
          local world = new_world(cqueues_driver())
          local ended = condition.new()
          world.together = driver_conformance.together(
            function(fn) controller:wrap(fn) end,
            function() ended:wait() end, function() ended:signal() end)
          controller:wrap(run, name, world)
          assert(controller:loop())
          assert.is_true(controller:empty())
          controller:close()
        end)
      end
    end)
  end)

  -- A loop with a virtual clock that jumps to the next deadline. Its driver checks
  -- waiting transfers every `interval` seconds.
  local function virtual_loop(interval)
    local loop, time, tasks = {}, 0, {}
    local driver = { now = function() return time end }
    function loop.start(fn) tasks[coroutine.create(fn)] = time end
    function loop.run()
      while next(tasks) do
        local thread, due
        for other, at in pairs(tasks) do
          if not due or at < due then thread, due = other, at end
        end
        time = math.max(time, due)
        tasks[thread] = nil
        local _, wake = assert(coroutine.resume(thread))
        if coroutine.status(thread) ~= "dead" and wake then tasks[thread] = wake end
      end
    end
    function driver.sleep(seconds) coroutine.yield(time + seconds) end
    function driver.wait(transport, transfer, deadline)
      while not transfer:ended() and time < deadline do
        transport:step(0)
        coroutine.yield(math.min(deadline, time + interval))
      end
      return transfer:ended()
    end
    return loop, driver
  end

  -- Runs a case with a driver that checks in time, and with one that does not.
  local function check_case(tag)
    for _, name in ipairs(driver_conformance.names(true)) do
      if name:find(tag, 1, true) then
        for interval, is_good in pairs { [0.05] = true, [3600] = false } do
          local loop, driver = virtual_loop(interval)
          local world = new_world(driver, driver_conformance.together(loop.start))
          loop.start(function() run(name, world) end)
          local fine, message = pcall(loop.run)
          world.transport:close()
          assert.equal(is_good, fine, message)
          if not is_good then assert.matches("resumed at its deadline", message) end
        end
      end
    end
  end

  it("[conformance-closed-transfer] conformance: fails a driver that does not notice a "
    .. "closed transfer", function()
    check_case "driver-wakes-waits-cancels"
  end)

  it("[conformance-closed-transport] conformance: fails a driver that does not notice "
    .. "a closed transport", function()
    check_case "driver-wakes-session-closed"
  end)

  -- The calls below run in nginx, so one Lua is enough.
  if child_process.interpreter() ~= "lua5.4" then return end

  local function in_nginx(options)
    local host

    setup(function() host = nginx_host.start(options) end)
    teardown(function() host:stop() end)

    for _, name in ipairs(driver_conformance.names(true)) do
      -- tags: spec.support.driver_conformance
      it(name, function()
        local urls = {}
        for place in pairs(nginx.ports) do
          urls[place] = nginx:url(place, "")
        end
        local handles = host:call(
          "spec.integration.driver.in_nginx", "conform",
          { ca = nginx.files.good.ca, urls = urls, name = name })
        for kind, count in pairs(handles) do assert.equal(0, count, kind) end
      end)
    end
  end

  describe("ngx", function() in_nginx {} end)

  describe("ngx that polls", function() in_nginx { tmpdir = "/nowhere" } end)
end)
