--- Runs the conformance specs on each driver in its real host over HTTPS.

local cqueues_driver = require "adobepass.driver.cqueues"
local block = require "adobepass.driver.block"
local child_process = require "spec.support.child_process"
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
            function(fn) spawn(state, fn) end, function() driver.sleep(0.001) end)
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
          world.together = driver_conformance.together(
            function(fn) controller:wrap(fn) end, function() cqueues.sleep(0.001) end)
          controller:wrap(run, name, world)
          assert(controller:loop())
          assert.is_true(controller:empty())
          controller:close()
        end)
      end
    end)
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
