--- Functions that the specs of the ngx driver run inside nginx.

-- luacheck: globals ngx

local driver_conformance = require "spec.support.driver_conformance"
local core = require "adobepass.core"
local descriptor_limit = require "spec.support.descriptor_limit"
local open_handles = require "spec.support.open_handles"
local together = require "spec.support.nginx_threads"

local in_nginx = {}

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

local function thread_count()
  local count = 0
  for line in io.lines "/proc/self/status" do
    count = tonumber(line:match "^Threads:%s*(%d+)") or count
  end
  return count
end

-- Makes requests in sequence until the loop of the worker has started or failed.
local function warm_up(world)
  for _ = 1, 20 do
    local transfer = assert(world.transport:submit {
      url = world.url("GOOD", "/hello") })
    assert(world.driver.wait(world.transport, transfer,
      world.driver.now() + 60))
    ngx.sleep(0.001)
  end
end

--- Returns the number of threads of the worker after some requests; with
-- `no_thread`, none can be started. argument: { ca =, urls =, no_thread = }
function in_nginx.count_threads(argument)
  local new_wakeup = core.wakeup
  if argument.no_thread then
    core.wakeup = function() -- luacheck: ignore 122
      local wakeup = assert(new_wakeup())
      return { path = function() return wakeup:path() end,
        start = function() return nil, "no thread is left", "unsupported" end,
        close = function() wakeup:close() end }
    end
  end
  local world = new_world(argument)
  warm_up(world)
  core.wakeup = new_wakeup -- luacheck: ignore 122
  world.transport:close()
  return thread_count()
end

-- The transport of `fetch`, which the requests of a worker share.
local shared

--- Returns the body of a response. argument: { ca =, urls =, path =, warm_up = }
function in_nginx.fetch(argument)
  shared = shared or new_world(argument)
  if argument.warm_up then warm_up(shared) end
  local transfer = assert(shared.transport:submit {
    url = shared.url("GOOD", argument.path) })
  assert(shared.driver.wait(shared.transport, transfer,
    shared.driver.now() + 60))
  return { body = assert(transfer:result()).body, pid = ngx.worker.pid() }
end

local function fetch_by(world, transport)
  local transfer, message, code = transport:submit { url = world.url("GOOD", "/hello") }
  if not transfer then return nil, message, code end
  assert(world.driver.wait(transport, transfer, world.driver.now() + 60))
  return transfer:result()
end

--- While the worker has no descriptor left, fetches with a transport from before, and
-- creates one. Then fetches with free descriptors. Returns the code and message of each
-- failure, and the bodies. argument: { ca =, urls = }
function in_nginx.without_descriptors(argument)
  local world, failed = new_world(argument), {}
  warm_up(world)
  local function new_transport()
    return core.http.new { ca_file = argument.ca, timeout = 60 }
  end
  local early = assert(new_transport())
  descriptor_limit.exhaust(function()
    local _, message, code = fetch_by(world, early)
    failed[1] = { code, message }
    _, message, code = new_transport()
    failed[2] = { code, message }
  end)
  local bodies = {}
  for index, transport in ipairs { early, assert(new_transport()), world.transport } do
    bodies[index] = assert(fetch_by(world, transport)).body
    transport:close()
  end
  return { failed = failed, bodies = bodies }
end

local function fetch_often(argument, count)
  for _ = 1, count do
    assert(in_nginx.fetch(argument).body == "hello")
  end
  return count
end

--- Fetches at once in the request, in light threads, and in timers. Returns how
-- many responses arrived. argument: as `fetch` takes it
function in_nginx.fetch_everywhere(argument)
  local threads, in_timers, pending = {}, 0, 4
  for index = 1, 4 do
    threads[index] = ngx.thread.spawn(fetch_often, argument, 10)
    assert(ngx.timer.at(0, function()
      local count = fetch_often(argument, 10)
      in_timers = in_timers + count
      pending = pending - 1
    end))
  end
  local responses = fetch_often(argument, 10)
  for _, thread in ipairs(threads) do
    local _, count = assert(ngx.thread.wait(thread))
    responses = responses + count
  end
  while pending > 0 do ngx.sleep(0.001) end
  return responses + in_timers
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
