--- Functions that the specs of the ngx driver run inside nginx.

-- luacheck: globals ngx

local driver_conformance = require "spec.support.driver_conformance"
local core = require "adobepass.core"
local open_handles = require "spec.support.open_handles"

local in_nginx = {}

local function together(list)
  local threads = {}
  for index, fn in ipairs(list) do threads[index] = ngx.thread.spawn(fn) end
  for _, thread in ipairs(threads) do assert(ngx.thread.wait(thread)) end
end

local function new_world(argument)
  return {
    driver = require("adobepass.driver.ngx")(),
    transport = assert(core.http.new { ca_file = argument.ca, timeout = 60 }),
    url = function(place, rest) return argument.urls[place] .. rest end,
    together = together,
  }
end

--- Runs one case of the conformance. argument: { ca =, urls =, name = }
function in_nginx.conform(argument)
  local world = new_world(argument)
  driver_conformance.run(argument.name, world)
  world.transport:close()
  return open_handles.count()
end

--- Returns whether the worker serves another request while one waits; the waiting
-- request ends after the other one. argument: { ca =, urls = }
function in_nginx.serves_others(argument)
  local world, turns = new_world(argument), 0
  local transfer = assert(world.transport:submit {
    url = world.url("GOOD", "/silent") })
  local other = ngx.thread.spawn(function()
    for _ = 1, 3 do
      ngx.sleep(0.001)
      turns = turns + 1
    end
    transfer:close()
  end)
  local ended = world.driver.wait(world.transport, transfer,
    world.driver.now() + 60)
  ngx.thread.wait(other)
  world.transport:close()
  return { ended = ended, turns = turns }
end

--- Returns how often a transport is polled within `seconds`. argument: { seconds = }
function in_nginx.count_polls(argument)
  local driver, steps = require("adobepass.driver.ngx")(), 0
  local transport = { step = function() steps = steps + 1 end }
  local transfer = { ended = function() return false end }
  local started = driver.now()
  local ended = driver.wait(transport, transfer, started + argument.seconds)
  return { ended = ended, steps = steps, took = driver.now() - started }
end

--- Returns the message of a usage error.
function in_nginx.refusal()
  local _, message = pcall(require "adobepass.driver.ngx", { rate_limit = 1 })
  return message
end

return in_nginx
