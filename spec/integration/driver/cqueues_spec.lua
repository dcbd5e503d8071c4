local cqueues_driver = require "adobepass.driver.cqueues"
local core = require "adobepass.core"
local cqueues = require "cqueues"
local https_server = require "spec.support.https_server"
local open_handles = require "spec.support.open_handles"
local socket = require "cqueues.socket"

describe("driver.cqueues", function()
  local nginx, driver, transport, controller

  setup(function() nginx = https_server.start() end)
  teardown(function() nginx.stop() end)

  before_each(function()
    driver, controller = cqueues_driver(), cqueues.new()
    transport = assert(core.http.new { ca_file = nginx.files.good.ca,
      timeout = 60 })
  end)

  after_each(function()
    transport:close()
    controller:close()
    open_handles.assert_none()
  end)

  local function submit(rest, place)
    return assert(transport:submit { url = nginx:url(place or "GOOD", rest) })
  end

  local function wait(transfer, seconds)
    return driver.wait(transport, transfer, driver.now() + (seconds or 60))
  end

  local function run(...)
    for _, fn in ipairs { ... } do controller:wrap(fn) end
    assert(controller:loop())
    assert.is_true(controller:empty())
  end

  it("[driver-cqueues-loop-end] driver.cqueues: lets the loop end while a request "
    .. "is in flight", function()
    local silent = submit("/silent")
    run(function() assert.is_false(wait(silent, 0.005)) end)
    assert.equal("pending", (select(3, silent:result())))
    silent:close()
  end)

  it("[driver-cqueues-closed-transport] driver.cqueues: polls no closed descriptor "
    .. "when a transport is closed during a wait", function()
    local code, response
    run(function()
      local silent = submit("/silent")
      assert.is_true(wait(silent))
      code = select(3, silent:result())
    end, function()
      driver.sleep(0.002)
      transport:close()
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
    local responses = 0
    local function one()
      for _ = 1, 20 do
        local transfer = assert(transport:submit { url = nginx:url("HTTP", "/hello"),
          headers = { Connection = "close" } })
        assert.is_true(wait(transfer))
        responses = responses + assert(transfer:result()).status / 200
      end
    end
    run(one, one, one)
    assert.equal(60, responses)
  end)

  it("[driver-cqueues-two-transports] driver.cqueues: waits for two transports and "
    .. "with two drivers at once", function()
    local other, ended = assert(core.http.new { ca_file = nginx.files.good.ca }), 0
    local function one(which, waiter)
      return function()
        for _ = 1, 5 do
          local transfer = assert(which:submit { url = nginx:url("GOOD", "/hello") })
          assert(waiter.wait(which, transfer, waiter.now() + 60))
        end
        ended = ended + 1
      end
    end
    run(one(transport, driver), one(other, driver),
      one(transport, cqueues_driver()))
    other:close()
    assert.equal(3, ended)
  end)

  it("[driver-cqueues-error] driver.cqueues: returns the error of a function from "
    .. "the loop and resumes the others", function()
    local ended
    local transfer = submit("/hello")
    controller:wrap(function()
      driver.sleep(0)
      error("boom", 0)
    end)
    controller:wrap(function() ended = wait(transfer) end)
    assert.same({ false, "boom" }, { (function(fine, message)
      return fine, message
    end)(controller:loop()) })
    assert(controller:loop())
    assert.is_true(ended)
  end)

  it("[driver-cqueues-dropped] driver.cqueues: cancels the transfers of a controller "
    .. "that is closed", function()
    controller:wrap(function() wait(submit("/silent")) end)
    controller:loop(0.005)
    controller:close()
    controller = cqueues.new()
    collectgarbage()
    collectgarbage()
    assert.equal(0, transport:step(0))
  end)

  it("[driver-cqueues-outside] driver.cqueues: names the remedy outside of a "
    .. "controller", function()
    local transfer = submit("/hello")
    local expected = "driver.cqueues: %s was called outside of a controller; start "
      .. "the function with controller:wrap(fn), then call controller:loop()"
    assert.has_error(function() driver.sleep(0) end, expected:format "sleep")
    assert.has_error(function() wait(transfer) end, expected:format "wait")
    transfer:close()
  end)

  it("[driver-cqueues-options] driver.cqueues: raises for an unknown "
    .. "option", function()
    assert.error_matches(function() cqueues_driver { loop = 1 } end,
      "driver.cqueues: unknown option 'loop'")
  end)
end)
