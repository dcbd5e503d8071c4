--- What a driver says in the wrong host.

local adobepass = require "adobepass"
local child_process = require "spec.support.child_process"
local core = require "adobepass.core"
local device_fields = require "spec.support.device_fields"
local host = require "adobepass.driver.host"
local sandbox = require "adobepass.sandbox"
local uv = require "luv" -- kept: its loop must outlive the next file that loads luv

describe("a driver in the wrong host", function()
  it("[driver-host-no-nginx] driver.ngx: says outside of nginx which driver to "
    .. "use", function()
    assert.has_error(function() adobepass.driver.ngx() end, "driver.ngx: this process "
      .. "is not nginx with lua-nginx-module; use driver.block in a script, or the "
      .. "driver of your event loop")
  end)

  it("[driver-host-missing-module] driver: says how to install the module of its event "
    .. "loop", function()
    for name, remedy in pairs {
      luv = "install it (Debian: lua-luv, LuaRocks: luv), or give libuv's module as "
        .. "the option uv (Neovim: vim.uv)",
      cqueues = "install it (Debian: lua-cqueues, LuaRocks: cqueues)" } do
      local output = child_process.run(([[
        package.preload[%q] = function() error "no such module" end
        print(select(2, pcall(require("adobepass").driver.%s)))]]):format(name, name))
      assert.equal(("driver.%s: the module '%s' cannot be loaded; %s"):format(name,
        name, remedy), output)
    end
  end)

  it("[driver-host-flow-outside] driver: a flow outside of a coroutine says how to "
    .. "start one", function()
    for name, start in pairs { tick = "driver.start(function() ... end), and "
      .. "driver.update() in each frame",
      luv = "coroutine.wrap(function() ... end)(), then run the loop with uv.run()" } do
      local instance = sandbox.new()
      local client = adobepass.new { service_provider = "REF30",
        environment = { api = instance.api, mgmt = instance.mgmt },
        software_statement = instance.control.statement(),
        transport = instance:transport(),
        driver = adobepass.driver[name](name == "luv" and { uv = uv } or nil),
        device = { id = "living-room", info = device_fields.INFO } }
      assert.has_error(function() client:login { mvpd = "Cablevision" } end,
        ("driver.%s: wait was called outside of a coroutine; call the client in %s")
          :format(name, start))
    end
  end)

  it("[driver-host-phases] driver.ngx: says in which phases nginx cannot "
    .. "wait", function()
    local phase
    _G.ngx = { get_phase = function() return phase end, sleep = core.clock.sleep }
    finally(function() _G.ngx = nil end)
    package.loaded["adobepass.driver.ngx"] = nil
    local driver = require "adobepass.driver.ngx"()
    for _, name in ipairs { "init", "init_worker", "header_filter", "log" } do
      phase = name
      assert.has_error(function() driver.sleep(0) end, ("driver.ngx: sleep was called "
        .. "in nginx's phase %s, which cannot wait; start a timer with "
        .. "ngx.timer.at(0, fn), and call the client in fn"):format(name))
    end
    phase = "timer"
    driver.sleep(0)
  end)

  it("[driver-host-coroutine] driver.host: returns the running coroutine", function()
    local thread
    thread = coroutine.create(function()
      assert.equal(thread, host.check_coroutine("x", "y"))
    end)
    assert(coroutine.resume(thread))
  end)
end)
