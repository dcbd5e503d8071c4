--- Loads the gateway with wrk: files with and without the ticket check, /play with
-- a slow service.

package.path = "examples/openresty/lua/?.lua;" .. package.path

local core = require "adobepass.core"
local many_clients = require "spec.support.many_clients"
local json = require "adobepass.util.json"
local gateway_nodes = require "spec.examples.gateway_nodes"
local service = require "examples.openresty.service"
local shell = require "adobepass.util.shell"
local signed_uri = require "gateway.signed_uri"
local traffic_server = require "spec.support.traffic_server"
local gateway_client = require "spec.examples.gateway_client"
local tools = require "bench.gateway_tools"
local wrk_script = require "bench.wrk"

local cpu_seconds, median, say = tools.cpu_seconds, tools.median, tools.say

-- The script of wrk: each request has the headers of the next viewer.
local WRK = [[
local list, at = %s, 0
function request()
  at = at %% #list + 1
  local one = list[at]
  return wrk.format(one.method, one.path, one.headers, one.body)
end
]]

local SECONDS = { us = 1e-6, ms = 1e-3, s = 1 }

-- The target: requests with the ticket check, of requests without it.
local LEAST_RATIO = 0.85

-- Returns the requests per second, and the mean seconds until a response.
local function wrk(folder, url, requests, seconds, connections)
  local script = folder .. "/wrk.lua"
  assert(shell.write_file(script, WRK:format(wrk_script.literal(requests))))
  local text, status = shell.read(shell.line("wrk", "-t", "1", "-c",
    connections or 16, "-d", seconds .. "s", "--timeout", "10s", "-s", script, url))
  assert(status == 0, text)
  assert(not text:find "Non%-2xx" and not text:find "Socket errors", text)
  local latency, unit = text:match "Latency%s+([%d.]+)(%a+)"
  return tonumber(text:match "Requests/sec:%s+([%d.]+)"),
    tonumber(latency) * SECONDS[unit]
end

-- --- files --------------------------------------------

local FREE = [[
    location /free/ { alias @MEDIA@/hls/; }
    location = /refused {]]

local function with_free_files(text)
  local media = text:match "root (%S+);"
  return (text:gsub("    location = /refused {",
    (FREE:gsub("@MEDIA@", media)), 1))
end

-- Returns { requests per second, requests per second of the worker's CPU time }.
local function fetch(running, path, cookies)
  local pids = gateway_nodes.workers(running.nodes[1])
  local before, seconds = cpu_seconds(pids), 2
  local rate = wrk(running.folder, running.nodes[1].url, { { method = "GET",
    path = path, headers = { Cookie = cookies } } }, seconds)
  return { rate, rate * seconds / (cpu_seconds(pids) - before) }
end

local PREFIXES = { guarded = "/hls", free = "/free" }

-- Measures guarded and unguarded files; the order alternates with each round.
local function both(running, name, cookies, round)
  local order, found = { "guarded", "free" }, {}
  for step = 1, 2 do
    local kind = order[(round + step) % 2 + 1]
    found[kind] = fetch(running, PREFIXES[kind] .. name, cookies)
  end
  return found
end

local function spread(list)
  return median(list), list[1], list[#list]
end

local function one_file(running, screen, name, rounds, kept)
  local cookies = ("gateway_device=%s; gateway_ticket=%s"):format(
    screen:cookie "gateway_device", (screen:cookie "gateway_ticket"))
  local guarded, free, ratios, by_cpu = {}, {}, {}, {}
  for round = 1, rounds do
    local found = both(running, name, cookies, round)
    guarded[round], free[round] = found.guarded[1], found.free[1]
    ratios[round] = found.guarded[1] / found.free[1]
    by_cpu[round] = found.guarded[2] / found.free[2]
  end
  say("%-18s guarded %6.0f /s, unguarded %6.0f /s", name, median(guarded),
    median(free))
  say("  ratio            %.2f (%.2f .. %.2f)", spread(ratios))
  say("  ratio by CPU     %.2f (%.2f .. %.2f)", spread(by_cpu))
  kept:figure(name .. ", guarded", ("%.0f"):format(median(guarded)), "/s")
  kept:figure(name .. ", ratio to unguarded",
    ("%.2f (%.2f .. %.2f)"):format(spread(ratios)), "", ">= " .. LEAST_RATIO)
  kept:figure(name .. ", the same by CPU time of the worker",
    ("%.2f (%.2f .. %.2f)"):format(spread(by_cpu)), "", ">= " .. LEAST_RATIO)
  return median(ratios)
end

local function files(rounds, kept)
  local running = assert(service.start { nodes = 1, workers = 1,
    throttle = false, edit = with_free_files,
    settings = { ticket_seconds = 3600 } })
  local control = many_clients.control(running.sandbox)
  local screen = gateway_client.new()
  screen:sign_in(control, running.nodes[1].url)
  assert(screen:post(running.nodes[1].url .. "/play/cnn") == 200)
  say("one worker, wrk -t1 -c16, %d rounds of 2 s each; median (range)", rounds)
  local segment = one_file(running, screen, "/cnn/segment1.ts", rounds,
    kept)
  one_file(running, screen, "/cnn/index.m3u8", rounds, kept)
  control:close()
  running:stop()
  return segment >= LEAST_RATIO
end

-- --- files through Traffic Server ---------------------

-- Measures segments through Traffic Server, which checks a signed URL for each.
local function cdn(rounds, kept)
  local running = assert(service.start { nodes = 1, workers = 1 })
  local config = { issuer = "gateway", keys = { { id = "a", secret = ("s"):rep(32) } } }
  local server = traffic_server.start { origin = running.nodes[1].origin,
    plugin_config = signed_uri.plugin_config(config) }
  config.url = ""
  local requests, rates = {}, {}
  for index = 1, 1000 do -- one token for each viewer
    requests[index] = { method = "GET", path = signed_uri.issue(config,
      { channel = "cnn", expires = os.time() + 3600 + index })
      :gsub("index%.m3u8$", "segment1.ts") }
  end
  for round = 1, rounds do
    rates[round] = wrk(running.folder, server.url, requests, 2)
  end
  say("segments of 188 kB through Traffic Server, one thread, wrk -t1 -c16, %d "
    .. "rounds of 2 s each; median (range)", rounds)
  say("  %.0f /s (%.0f .. %.0f)", spread(rates))
  kept:figure("segments", ("%.0f (%.0f .. %.0f)"):format(spread(rates)), "/s")
  server:stop()
  running:stop()
  return true
end

-- --- /play -----------------------------------------

local function without_limit(text)
  return (text:gsub("limit_%l+ [^;]*;", ""))
end

local INFO = core.base64.encode(json.encode { primaryHardwareType = "TV",
  model = "Living room", version = "1", osName = "Linux", osVersion = "6",
  connectionType = "WiFi" })

local function plays(running, control, viewers)
  local list = {}
  for index = 1, viewers do
    local screen = gateway_client.new {
      ip = ("10.1.%d.%d"):format(math.floor(index / 250), index % 250 + 1) }
    screen:sign_in(control, running.nodes[1].url)
    list[index] = { method = "POST", path = "/play/cnn", body = "{}",
      headers = { ["Content-Type"] = "application/json",
        ["X-Device-Info"] = INFO, ["X-Forwarded-For"] = screen.ip,
        Cookie = "gateway_device=" .. screen:cookie "gateway_device" } }
    screen:close()
  end
  return list
end

-- --- slow service ------------------------------------------

-- Limit of the workers' CPU use, in percent of a core.
local BOUND_CPU = 25

-- Seconds of each response. The sandbox needs 1 to 3 ms of CPU for each decision, most
-- of it for the signature of the media token. With 400 viewers and 1 s it would be the
-- limit, not the waiting.
local DELAY = 2

-- Measures the CPU time of the gateway while all viewers wait for the service.
local function slow(viewers, kept)
  local running = assert(service.start { throttle = false,
    edit = without_limit, settings = { rate_limit = false } })
  local control, seconds = many_clients.control(running.sandbox), 40
  local requests = plays(running, control, viewers)
  control:ask("POST", "/sandbox/faults", { kind = "delay", seconds = DELAY,
    operation = "authorize", count = 1e6 })
  local own = tools.workers(running)
  local before = cpu_seconds(own)
  -- Each viewer waits for one response all the time. Counting the responses would leave
  -- out those in flight at the end, which is up to DELAY of the run.
  local _, latency = wrk(running.folder, running.nodes[1].url, requests, seconds,
    viewers)
  local rate = viewers / latency
  local busy = 100 * (cpu_seconds(own) - before) / seconds
  local most = viewers / DELAY
  say("%d viewers at one node; each response takes the service %d s", viewers, DELAY)
  say("/play                         %7.0f /s of %d", rate, most)
  say("CPU use of the gateway's workers: %.0f %% of a core", busy)
  kept:figure("waiting viewers", viewers, "")
  kept:figure("/play", ("%.2f"):format(rate / most),
    "of the maximum", ">= 0.9")
  kept:figure("CPU use of the gateway's workers", ("%.0f"):format(busy),
    "% of a core", "<= " .. BOUND_CPU)
  control:close()
  running:stop()
  return rate >= 0.9 * most and busy <= BOUND_CPU
end

return { files = files, cdn = cdn, slow = slow }
