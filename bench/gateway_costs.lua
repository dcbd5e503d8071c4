--- Measures what one device costs the gateway: CPU of the worker, CPU and commands of
-- Redis, requests to Adobe, and memory.

local adobepass = require "adobepass"
local core = require "adobepass.core"
local gateway_client = require "spec.examples.gateway_client"
local many_clients = require "spec.support.many_clients"
local service = require "examples.openresty.service"
local shell = require "adobepass.util.shell"
local tools = require "bench.gateway_tools"

local say = tools.say

local MVPD, TASKS = "Cablevision", 16

local function info_of(redis, section, ...)
  local text, values = redis:ask("info " .. section), {}
  for index, name in ipairs { ... } do
    values[index] = tonumber(text:match(name .. ":([%d.]+)"))
  end
  return values
end

local function adobe_requests(bench)
  local _, text = bench.operator:get(bench.node.operator .. "/metrics")
  local sum = 0
  for count in text:gmatch "gateway_adobe_requests_total{[^}]*} (%d+)" do
    sum = sum + count
  end
  return sum
end

local function resident(pid)
  return tonumber(shell.read_file("/proc/" .. pid .. "/status")
    :match "VmRSS:%s+(%d+)") * 1024
end

-- Returns the counters at this moment.
local function look(bench)
  local redis = bench.running.redis
  local cpu = info_of(redis, "cpu", "used_cpu_sys", "used_cpu_user")
  local pid = tools.workers(bench.running)[1]
  return { cpu = tools.cpu_seconds { pid }, redis_cpu = cpu[1] + cpu[2],
    commands = info_of(redis, "stats", "total_commands_processed")[1],
    redis_memory = info_of(redis, "memory", "used_memory")[1],
    adobe = adobe_requests(bench), memory = resident(pid),
    time = core.clock.monotonic() }
end

-- Calls a function for each device, for TASKS of them at once.
local function for_each(bench, what)
  local next_one = 0
  local function work()
    while next_one < #bench.devices do
      next_one = next_one + 1
      what(bench.devices[next_one], next_one)
    end
  end
  for _ = 1, TASKS do bench.driver.start(work) end
  repeat bench.transport:step(0.002) until bench.driver.update() == 0
end

local FIELDS = { "cpu", "redis_cpu", "commands", "adobe", "redis_memory" }

-- Measures one request of each device. Returns the costs of one device.
local function measure(bench, name, what)
  local before = look(bench)
  for_each(bench, what)
  local after, cost = look(bench), {}
  for _, field in ipairs(FIELDS) do
    cost[field] = (after[field] - before[field]) / #bench.devices
  end
  cost.commands = cost.commands - 4 / #bench.devices -- the INFO commands
  say("%-14s %6.2f ms CPU, %5.2f ms Redis, %5.2f commands, %4.2f Adobe, "
    .. "%6.0f bytes in Redis, %5.0f /s, worker %4.0f MB", name, cost.cpu * 1000,
    cost.redis_cpu * 1000, cost.commands, cost.adobe, cost.redis_memory,
    #bench.devices / (after.time - before.time), after.memory / 1e6)
  return cost
end

local function ask(device, method, path, body)
  local status, response = device:finish(device:submit(method, path, body))
  assert(status == 200, path .. ": " .. tostring(status) .. " "
    .. tostring(type(response) == "table" and response.code or response))
  return response
end

local function without_limit(text)
  return (text:gsub("limit_%l+ [^;]*;", ""))
end

-- Starts the gateway and creates clients. The sandbox would save the state of all
-- devices each second.
local function start(count)
  local running = assert(service.start { nodes = 1, workers = 1, throttle = false,
    saves_state = false, edit = without_limit,
    settings = { rate_limit = false, timeout = 60 } })
  local driver = adobepass.driver.tick {}
  local bench = { running = running, node = running.nodes[1], driver = driver,
    transport = assert(core.http.new { timeout = 60 }), devices = {},
    operator = gateway_client.new(),
    control = many_clients.control(running.sandbox) }
  for index = 1, count do
    bench.devices[index] = gateway_client.new { transport = bench.transport,
      ip = ("10.%d.%d.%d"):format(1 + math.floor(index / 62500),
        math.floor(index / 250) % 250, index % 250 + 1),
      wait = function(_, transfer)
        driver.wait(bench.transport, transfer, driver.now() + 60)
      end }
  end
  return bench
end

local function phases(bench)
  local url, found = bench.node.url, {}
  local function phase(name, what) found[name] = measure(bench, name, what) end
  local codes = {}
  phase("registration", function(device, index)
    codes[index] = ask(device, "POST", url .. "/login", { mvpd = MVPD }).code
  end)
  phase("poll", function(device) ask(device, "GET", url .. "/login/status") end)
  for_each(bench, function(_, index)
    bench.control:ask("POST", "/sandbox/login", { code = codes[index],
      username = "bob", mvpd = MVPD })
  end)
  bench.driver.start(bench.driver.sleep, 6) -- the interval between two polls
  repeat bench.transport:step(0.01) until bench.driver.update() == 0
  phase("login", function(device) ask(device, "GET", url .. "/login/status") end)
  phase("catalog", function(device) ask(device, "GET", url .. "/catalog") end)
  phase("play", function(device) ask(device, "POST", url .. "/play/cnn", {}) end)
  phase("play again", function(device) ask(device, "POST", url .. "/play/cnn", {}) end)
  return found
end

local function stop(bench)
  bench.control:close()
  bench.operator:close()
  bench.running:stop()
end

local function costs(count, kept)
  local bench = start(count)
  say("%d devices, one worker, %d at once; costs of one device:", count, TASKS)
  local found = phases(bench)
  for name, cost in pairs(found) do
    kept:figure(name, ("%.2f ms CPU, %.2f ms Redis, %.2f commands, %.2f Adobe")
      :format(cost.cpu * 1000, cost.redis_cpu * 1000, cost.commands, cost.adobe), "")
  end
  stop(bench)
  return true
end

return { costs = costs, start = start, stop = stop, look = look, ask = ask,
  MVPD = MVPD }
