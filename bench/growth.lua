--- Measures the memory of a device and the time of a call as the number of
-- devices grows.
--
-- growth.lua LUA...: measures on each Lua and stores the figures.
-- growth.lua measure: measures on this Lua; prints devices, bytes of each device with
-- its entries in store.memory, bytes without them (a gateway keeps them in Redis),
-- seconds of a call, seconds of a call while the garbage collector is stopped.

local adobepass = require "adobepass"
local results = require "bench.results"
local rounds = require "bench.rounds"
local shell = require "adobepass.util.shell"
local workload = require "spec.guard.workload"

local DEVICES = { 1, 10, 100, 1000, 10000, 100000 }
local WITH_TARGET = "10000"
local ROUNDS, CALLS = 5, 10000

local function used_memory()
  collectgarbage()
  collectgarbage()
  return collectgarbage "count" * 1024
end

local function call_each(views)
  for index = 1, #views do assert(views[index].api:profiles()) end
end

local function make_views(count)
  local store = adobepass.store.memory { max = 10 * count + 10 }
  local client = workload.client(workload.PROFILES, { device = false, store = store })
  local before, views = used_memory(), {}
  for index = 1, count do
    views[index] = client:device { id = ("device-%05d"):format(index) }
  end
  call_each(views) -- each device gets a token
  local with_store = used_memory()
  store.values, store.ends, store.count = {}, {}, 0
  return views, (with_store - before) / count, (used_memory() - before) / count
end

-- Measures CPU time, because other processes use the processor meanwhile.
local function seconds_of_call(views)
  local turns = math.max(1, math.floor(CALLS / #views))
  local start = os.clock()
  for _ = 1, turns do call_each(views) end
  return (os.clock() - start) / turns / #views
end

-- The collector visits all devices, the call one.
local function seconds_uncollected(views)
  collectgarbage()
  collectgarbage "stop"
  local seconds = seconds_of_call(views)
  collectgarbage "restart"
  return seconds
end

local function median_of(measure_once, views)
  local seconds = {}
  for round = 1, ROUNDS do seconds[round] = measure_once(views) end
  return (rounds.part(seconds))
end

local function measure()
  for _, count in ipairs(DEVICES) do
    local views, with_store, bytes = make_views(count)
    print(("%d %.0f %.0f %.9f %.9f"):format(count, with_store, bytes,
      median_of(seconds_of_call, views), median_of(seconds_uncollected, views)))
  end
end

local function collect(luas)
  local found = results.new("growth", "bench/growth")
  for _, lua in ipairs(luas) do
    local first, first_uncollected
    local pipe = assert(io.popen(("LUA_CPATH='./build/%s/?.so;;' %s %s measure")
      :format(lua, lua, arg[0])))
    for line in pipe:lines() do
      local count, with_store, bytes, seconds, uncollected =
        line:match "^(%d+) (%d+) (%d+) ([%d.]+) ([%d.]+)$"
      first = first or tonumber(seconds)
      first_uncollected = first_uncollected or tonumber(uncollected)
      local label = ("%s devices, %s: "):format(count, lua)
      found:figure(label .. "memory of each", ("%.2f"):format(bytes / 1024), "KiB",
        tonumber(count) >= 1000 and "<= 2" or nil)
      found:figure(label .. "with its entries in store.memory",
        ("%.2f"):format(with_store / 1024), "KiB")
      found:figure(label .. "time of a call", ("%.1f"):format(seconds * 1e6),
        "us")
      found:figure(label .. "time relative to one device",
        ("%.2f"):format(seconds / first), "times",
        count == WITH_TARGET and "<= 1.5" or nil)
      found:figure(label .. "the same without garbage collection",
        ("%.2f"):format(uncollected / first_uncollected), "times")
    end
    pipe:close()
  end
  found:note("Load average at the end: "
    .. assert(shell.read_file "/proc/loadavg"):match "[%d.]+")
  print(found:write())
  os.exit(results.status())
end

if arg[1] == "measure" then measure() else collect(arg) end
