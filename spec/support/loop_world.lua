--- A driver in its event loop with a transport, and the cases that the drivers for luv
-- and cqueues share. Cases for every driver are in spec/support/driver_conformance.lua.

local assert = require "luassert"
local core = require "adobepass.core"

-- luacheck: read_globals table.unpack unpack
local unpack = table.unpack or unpack

local loop_world = {}

local World = {}
World.__index = World

--- Creates a world.
-- @tparam table nginx of spec.support.https_server
-- @tparam table driver
-- @tparam function run runs functions in coroutines, until the loop ends
function loop_world.new(nginx, driver, run)
  return setmetatable({ nginx = nginx, driver = driver, run = run,
    transport = assert(core.http.new { ca_file = nginx.files.good.ca,
      timeout = 60 }) }, World)
end

function World:submit(path, place)
  return assert(self.transport:submit { url = self.nginx:url(place or "GOOD", path) })
end

function World:wait(transfer, seconds)
  return self.driver.wait(self.transport, transfer,
    self.driver.now() + (seconds or 60))
end

--- The loop ends while a request is in flight.
function World:ends_with_a_request()
  local silent
  self.run(function()
    silent = self:submit "/silent"
    assert.is_false(self:wait(silent, 0.005))
  end)
  assert.equal("pending", (select(3, silent:result())))
  silent:close()
end

--- HTTP/1.1 without keep-alive: each descriptor is closed after its request and its
-- number is reused for the next one.
function World:reuses_descriptors()
  local responses = 0
  local function one()
    for _ = 1, 20 do
      local transfer = assert(self.transport:submit {
        url = self.nginx:url("HTTP", "/hello"), headers = { Connection = "close" } })
      assert.is_true(self:wait(transfer))
      assert.equal(200, assert(transfer:result()).status)
      responses = responses + 1
    end
  end
  self.run(one, one, one)
  assert.equal(60, responses)
end

--- Waits at once for each pair of a transport and a driver.
function World:waits_at_once(...)
  local ended, list = 0, {}
  for index, pair in ipairs { ... } do
    local transport, driver = pair[1], pair[2]
    list[index] = function()
      for _ = 1, 5 do
        local transfer = assert(transport:submit {
          url = self.nginx:url("GOOD", "/hello") })
        assert(driver.wait(transport, transfer, driver.now() + 60))
      end
      ended = ended + 1
    end
  end
  self.run(unpack(list))
  assert.equal(#list, ended)
end

return loop_world
