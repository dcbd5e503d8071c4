--- Compares a run of the gateway with the simulation of the same devices, which
-- bench/capacity.lua computes from the costs of single requests.

local capacity = require "bench.capacity"
local costs = require "bench.gateway_costs"
local gateway_client = require "spec.examples.gateway_client"
local json = require "adobepass.util.json"
local tools = require "bench.gateway_tools"

local ask, look, say = costs.ask, costs.look, tools.say

local RATE = 30 -- devices per second
local INTERVAL, BETWEEN_PLAYS = 6, 10 -- seconds: between polls, until /play is repeated
local PROBES = 10 -- per second

-- Each device registers, polls twice, and requests the catalog and two tickets.
local function model_of(count)
  local model = {}
  for name, value in pairs(capacity.MODEL) do model[name] = value end
  local seconds = count / RATE
  model.devices, model.new_share, model.workers = count, 1, 1
  model.rush, model.evening = seconds, seconds
  model.horizon = 60 * math.ceil((seconds + 120) / 60)
  model.polls, model.poll_interval = 2, INTERVAL
  model.watch, model.renewal = 0, BETWEEN_PLAYS
  return model
end

-- Returns the figures of the simulation.
local function predict(count)
  local minutes = capacity.simulate { nodes = 1, shards = 1, model = model_of(count) }
  local function sum(field) return 60 * capacity.total(minutes, field) end
  return { requests = sum "requests", adobe = sum "adobe", cpu = sum "cpu",
    redis_cpu = sum "redis",
    busiest = capacity.peak(minutes, "cpu"), wait = capacity.peak(minutes, "p99"),
    redis_memory = count * capacity.REDIS_BYTES }
end

-- --- the run -------------------------------------------------------------------------

-- The viewer types the code.
local function type_code(bench, code)
  local control = bench.control
  local transfer = assert(control.transport:submit { method = "POST",
    url = control.url .. "/sandbox/login",
    headers = { ["Content-Type"] = "application/json" },
    body = json.encode { code = code, username = "bob", mvpd = costs.MVPD } })
  bench.driver.wait(control.transport, transfer, bench.driver.now() + 60)
  assert(assert(transfer:result()).status == 200)
  transfer:close()
end

local function live(bench, device)
  local sleep, url = bench.driver.sleep, bench.node.url
  local function request(...)
    bench.requests = bench.requests + 1
    return ask(device, ...)
  end
  local code = request("POST", url .. "/login", { mvpd = costs.MVPD }).code
  sleep(INTERVAL)
  request("GET", url .. "/login/status")
  type_code(bench, code)
  sleep(INTERVAL)
  assert(request("GET", url .. "/login/status").state == "done")
  request("GET", url .. "/catalog")
  sleep(BETWEEN_PLAYS * math.random())
  request("POST", url .. "/play/cnn", {})
  sleep(BETWEEN_PLAYS)
  request("POST", url .. "/play/cnn", {})
end

-- A request without Redis and Adobe takes as long as it waits for the worker.
local function probe(bench, prober)
  local started = bench.driver.now()
  assert(prober:get(bench.node.operator .. "/health/live") == 200)
  table.insert(bench.waits, bench.driver.now() - started)
end

local function p99(list)
  table.sort(list)
  return list[math.max(1, math.ceil(#list * 0.99))] or 0
end

-- Records the minute that has ended.
local function end_minute(bench)
  local now = look(bench)
  local passed = now.time - bench.last.time
  table.insert(bench.minutes, { cpu = (now.cpu - bench.last.cpu) / passed,
    p99 = p99(bench.waits) })
  bench.last, bench.waits = now, {}
  local minute = bench.minutes[#bench.minutes]
  say("%4.0f s %7d requests, CPU %2.0f %%, 99 %% wait less than %.1f ms",
    now.time - bench.first.time, bench.requests, 100 * minute.cpu, 1000 * minute.p99)
end

local function arrivals(count)
  local list = {}
  for index = 1, count do list[index] = math.random() * count / RATE end
  table.sort(list)
  return list
end

local function new_prober(bench)
  return gateway_client.new { transport = bench.transport,
    wait = function(_, transfer)
      bench.driver.wait(bench.transport, transfer, bench.driver.now() + 60)
    end }
end

-- Starts the devices at their times, and a probe ten times a second.
local function run(bench)
  local due, next_device = arrivals(#bench.devices), 1
  local prober, probes = new_prober(bench), 0
  repeat
    local passed = bench.driver.now() - bench.first.time
    while due[next_device] and due[next_device] <= passed do
      bench.driver.start(live, bench, bench.devices[next_device])
      next_device = next_device + 1
    end
    if passed * PROBES >= probes then
      bench.driver.start(probe, bench, prober)
      probes = probes + 1
    end
    if passed >= 60 * (#bench.minutes + 1) then end_minute(bench) end
    bench.transport:step(0.002)
  until bench.driver.update() == 0 and not due[next_device]
end

local function measure(count)
  local bench = costs.start(count)
  bench.requests, bench.minutes, bench.waits = 0, {}, {}
  bench.first = look(bench)
  bench.last = bench.first
  run(bench)
  if #bench.minutes == 0 then end_minute(bench) end
  local last, first = look(bench), bench.first
  local found = { requests = bench.requests, adobe = last.adobe - first.adobe,
    cpu = last.cpu - first.cpu, redis_cpu = last.redis_cpu - first.redis_cpu,
    busiest = capacity.peak(bench.minutes, "cpu"),
    wait = capacity.peak(bench.minutes, "p99"),
    redis_memory = last.redis_memory - first.redis_memory }
  costs.stop(bench)
  return found
end

local ROWS = {
  { "gateway requests", "requests", 1, "%.0f" },
  { "Adobe requests", "adobe", 1, "%.0f" },
  { "CPU time, worker", "cpu", 1, "%.0f s" },
  { "CPU time, Redis", "redis_cpu", 1, "%.1f s" },
  { "CPU use of the worker in the busiest minute", "busiest", 100, "%.0f %%" },
  { "queueing time, 99th percentile, busiest minute", "wait", 1000, "%.1f ms" },
  { "Redis memory", "redis_memory", 1e-6, "%.0f MB" },
}

local function prediction(count, kept)
  say("%d devices arrive within %.0f s; one worker.", count, count / RATE)
  local expected, found = predict(count), measure(count)
  say("| | predicted | measured | difference |\n|---|---:|---:|---:|")
  for _, row in ipairs(ROWS) do
    local name, field, factor, format = row[1], row[2], row[3], row[4]
    local text = format:format(found[field] * factor)
    say("| %s | %s | %s | %+.0f %% |", name, format:format(expected[field] * factor),
      text, 100 * (found[field] / expected[field] - 1))
    kept:figure(name, text, "")
  end
  return true
end

return { prediction = prediction }
