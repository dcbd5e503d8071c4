local cqueues_driver = require "adobepass.driver.cqueues"
local core = require "adobepass.core"
local cqueues = require "cqueues"
local descriptor_limit = require "spec.support.descriptor_limit"
local https_server = require "spec.support.https_server"
local loop_world = require "spec.support.loop_world"
local open_handles = require "spec.support.open_handles"
local socket = require "cqueues.socket"

describe("driver.cqueues", function()
  local nginx, world, controller

  setup(function() nginx = https_server.start() end)
  teardown(function() nginx.stop() end)

  before_each(function()
    controller = cqueues.new()
    world = loop_world.new(nginx, cqueues_driver(), function(...)
      for _, fn in ipairs { ... } do controller:wrap(fn) end
      assert(controller:loop())
      assert.is_true(controller:empty())
    end)
  end)

  after_each(function()
    world.transport:close()
    controller:close()
    open_handles.assert_none()
  end)

  it("[driver-cqueues-loop-end] driver.cqueues: lets the loop end while a request "
    .. "is in flight", function()
    world:ends_with_a_request()
  end)

  it("[driver-cqueues-closed-transport] driver.cqueues: polls no closed descriptor "
    .. "when a transport is closed during a wait", function()
    local code, response
    world.run(function()
      local silent = world:submit "/silent"
      assert.is_true(world:wait(silent))
      code = select(3, silent:result())
    end, function()
      world.driver.sleep(0.002)
      world.transport:close()
      -- Has the number of the closed descriptor.
      local peer, other = socket.pair()
      peer:write "hello\n"
      peer:flush()
      response = other:read "*l"
    end)
    assert.equal("closed", code)
    assert.equal("hello", response)
  end)

  it("[driver-cqueues-descriptors] driver.cqueues: handles descriptor numbers that "
    .. "are reused for other connections", function()
    world:reuses_descriptors()
  end)

  it("[driver-cqueues-no-descriptors] driver.cqueues: steps the transport "
    .. "periodically while its descriptor cannot be duplicated", function()
    world.run(function() assert.is_true(world:wait(world:submit "/hello")) end)
    local status
    controller:wrap(function()
      local hello = world:submit "/hello" -- uses the open connection
      assert.is_true(world:wait(hello))
      assert.is_false(world:wait(world:submit "/silent", 0.005))
      status = assert(hello:result()).status
    end)
    local limit = descriptor_limit.set_own(200) -- opening 20,000 files takes a second
    assert(descriptor_limit.exhaust(function() return controller:loop() end))
    descriptor_limit.set_own(limit)
    assert.equal(200, status)
  end)

  it("[driver-cqueues-two-transports] driver.cqueues: waits for two transports and "
    .. "with two drivers at once", function()
    local other = assert(core.http.new { ca_file = nginx.files.good.ca })
    world:waits_at_once({ world.transport, world.driver }, { other, world.driver },
      { world.transport, cqueues_driver() })
    other:close()
  end)

  it("[driver-cqueues-error] driver.cqueues: returns the error of a function from "
    .. "the loop and resumes the others", function()
    local ended
    local transfer = world:submit "/hello"
    controller:wrap(function()
      world.driver.sleep(0)
      error("boom", 0)
    end)
    controller:wrap(function() ended = world:wait(transfer) end)
    assert.same({ false, "boom" }, { (function(fine, message)
      return fine, message
    end)(controller:loop()) })
    assert(controller:loop())
    assert.is_true(ended)
  end)

  it("[driver-cqueues-dropped] driver.cqueues: cancels the transfers of a controller "
    .. "that is closed", function()
    controller:wrap(function() world:wait(world:submit "/silent") end)
    controller:loop(0.005)
    controller:close()
    controller = cqueues.new()
    collectgarbage()
    collectgarbage()
    assert.equal(0, world.transport:step(0))
  end)

  it("[driver-cqueues-outside] driver.cqueues: names the remedy outside of a "
    .. "controller", function()
    local transfer = world:submit "/hello"
    local expected = "driver.cqueues: %s was called outside of a controller; start "
      .. "the function with controller:wrap(fn), then call controller:loop()"
    assert.has_error(function() world.driver.sleep(0) end, expected:format "sleep")
    assert.has_error(function() world:wait(transfer) end, expected:format "wait")
    transfer:close()
  end)

  it("[driver-cqueues-deadline-poll] driver.cqueues: lets no coroutine sleep past "
    .. "its deadline", function()
    local poll, longest = cqueues.poll, 0
    finally(function() cqueues.poll = poll end)
    function cqueues.poll(...)
      -- The coroutine that steps the transport also polls a descriptor.
      local _, seconds = ...
      if select("#", ...) == 2 then longest = math.max(longest, seconds) end
      return poll(...)
    end
    world.run(function()
      local silent = world:submit "/silent"
      -- A deadline that has passed already needs no sleep.
      repeat assert.is_false(world:wait(silent, 0.01)) until longest > 0
      silent:close()
    end)
    assert.is_true(longest < 0.011)
  end)

  it("[driver-cqueues-options] driver.cqueues: raises for an unknown "
    .. "option", function()
    assert.error_matches(function() cqueues_driver { loop = 1 } end,
      "driver.cqueues: unknown option 'loop'")
  end)
end)
