--- Each flow over HTTPS, with every driver.

local child_process = require "spec.support.child_process"
local adobepass = require "adobepass"
local flow_conformance = require "spec.support.flow_conformance"
local core = require "adobepass.core"
local cqueues = require "cqueues"
local open_handles = require "spec.support.open_handles"
local nginx_host = require "spec.support.nginx_host"
local sandbox_host = require "adobepass.sandbox.host"

describe("flows over HTTPS", function()
  local running, where

  setup(function()
    running = assert(sandbox_host.start { throttle = false })
    where = { api = running.api, mgmt = running.mgmt, ca = running.ca,
      control = running.control, statement = running.statement }
  end)

  teardown(function() running:stop() end)

  -- Other specs of this process may have left handles open.
  local function leaves_nothing_open()
    local before
    before_each(function() before = open_handles.count() end)
    after_each(function() assert.same(before, open_handles.count()) end)
  end

  local function each(run)
    for _, name in ipairs(flow_conformance.names()) do
      -- tags: spec.support.flow_conformance
      it(name, function() run(name) end)
    end
  end

  describe("driver.block", function()
    leaves_nothing_open()

    each(function(name)
      flow_conformance.run(name, where, adobepass.driver.block())
    end)
  end)

  describe("driver.tick", function()
    leaves_nothing_open()

    local function play(driver, fn)
      local task = driver.start(fn)
      while driver.update() > 0 do core.clock.sleep(0.0005) end
      assert.equal("done", task.status)
    end

    each(function(name)
      local driver = adobepass.driver.tick()
      play(driver, function() flow_conformance.run(name, where, driver) end)
    end)

    it("[flow-host-logs-second-screen] driver.tick: a viewer logs in on a "
      .. "second screen, polled every five seconds", function()
      local skipped, polls = 0, nil
      local driver = adobepass.driver.tick { now = function()
        return core.clock.monotonic() + skipped
      end }
      local sleep = driver.sleep
      function driver.sleep(seconds) -- skips the sleep
        skipped = skipped + seconds
        sleep(0)
      end
      play(driver, function()
        polls = flow_conformance.log_in_by_polling(where, driver)
      end)
      assert.equal(2, #polls)
      assert.is_true(polls[1] >= 5 and polls[2] >= 10)
      assert.is_true(skipped >= 14.9) -- the sleeps were skipped
    end)

    it("[flow-host-frame-frame] driver.tick: runs all flows concurrently, "
      .. "frame by frame", function()
      local driver, ended = adobepass.driver.tick(), 0
      local names = flow_conformance.names()
      for _, name in ipairs(names) do
        driver.start(function()
          flow_conformance.run(name, where, driver)
          ended = ended + 1
        end)
      end
      while driver.update() > 0 do core.clock.sleep(0.0005) end
      assert.equal(#names, ended)
    end)
  end)

  -- The calls run in nginx, so one Lua is enough.
  if child_process.interpreter() == "lua5.4" then
    describe("driver.ngx", function()
      local host

      setup(function() host = nginx_host.start {} end)
      teardown(function() host:stop() end)

      each(function(name)
        for kind, count in pairs(host:call(
          "spec.integration.flow.in_nginx", "run",
          { name = name, where = where })) do
          assert.equal(0, count, kind)
        end
      end)
    end)
  end

  describe("driver.cqueues", function()
    leaves_nothing_open()

    local function play(driver, list)
      local controller, ended = cqueues.new(), 0
      for _, fn in ipairs(list) do
        controller:wrap(function()
          fn(driver)
          ended = ended + 1
        end)
      end
      assert(controller:loop())
      assert.equal(#list, ended)
      assert.is_true(controller:empty())
    end

    each(function(name)
      play(adobepass.driver.cqueues(), { function(driver)
        flow_conformance.run(name, where, driver)
      end })
    end)

    -- 1,000 logins take nine seconds, most of them in the sandbox.
    local logins = os.getenv "ADOBEPASS_THOROUGH" and 1000 or 50

    it("[flow-host-cqueues-logins] driver.cqueues: logs many devices in at once in "
      .. "one loop", function()
      local driver = adobepass.driver.cqueues()
      local viewers = flow_conformance.new_viewers(where, driver, logins)
      local list = {}
      for index = 1, logins do list[index] = viewers.log_in end
      play(driver, list)
      assert.equal(logins, viewers.logged_in)
      viewers.close()
    end)
  end)

  local has_luv, uv = pcall(require, "luv")
  if not has_luv then return end

  describe("driver.luv", function()
    leaves_nothing_open()

    each(function(name)
      local failure, done
      local driver = adobepass.driver.luv { on_error = function(message)
        failure = message
        uv.stop()
      end }
      local thread = coroutine.create(function()
        flow_conformance.run(name, where, driver)
        done = true
      end)
      local ok, message = coroutine.resume(thread)
      if ok then uv.run() else failure = message end
      if failure then error(failure, 0) end
      assert.is_true(done)
      assert.is_false(uv.loop_alive())
    end)
  end)
end)
