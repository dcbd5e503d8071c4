--- Loads the gateway with simulated viewers: the traffic of one hour in a few
-- minutes, or requests while nginx is reloaded again and again.

local adobepass = require "adobepass"
local core = require "adobepass.core"
local gateway_nodes = require "spec.examples.gateway_nodes"
local many_clients = require "spec.support.many_clients"
local service = require "examples.openresty.service"
local shell = require "adobepass.util.shell"
local gateway_client = require "spec.examples.gateway_client"
local tools = require "bench.gateway_tools"

local say = tools.say

local MVPD = "Cablevision"

-- A new device sends two requests from the gateway's address. Adobe accepts one
-- request per second from an address that is not on its list. The requests of
-- viewers' addresses are limited in any case.
local LISTED = { throttle = false, settings = { allow_listed = true } }

local function load_of(running)
  local driver = adobepass.driver.tick {}
  local transport = assert(core.http.new { timeout = 60 })
  return { driver = driver, transport = transport, running = running,
    control = many_clients.control(running.sandbox), count = {}, errors = {},
    wait = function(_, transfer)
      driver.wait(transport, transfer, driver.now() + 60)
    end }
end

-- Runs all tasks to their ends; calls `each` with the time.
local function run(load, each)
  repeat
    load.transport:step(0.002)
    each(load.driver.now())
  until load.driver.update() == 0
end

local function ask(load, what, screen, method, path, body)
  local node = load.running.nodes[math.random(#load.running.nodes)]
  local status, response = screen:finish(screen:submit(method,
    node.url .. path, body))
  load.count[what] = (load.count[what] or 0) + 1
  if status ~= 200 then
    local name = ("%s: %s %s"):format(what, tostring(status),
      type(response) == "table" and response.code or tostring(response))
    load.errors[name] = (load.errors[name] or 0) + 1
  end
  return status, response
end

local function address(index)
  return ("10.1.%d.%d"):format(math.floor(index / 250), index % 250 + 1)
end

local function new_screen(load, index)
  return gateway_client.new { ip = address(index), transport = load.transport,
    wait = load.wait }
end

-- The TV polls the gateway; the gateway polls Adobe every five real seconds.
local function log_in(load, screen, factor)
  local _, login = ask(load, "login", screen, "POST", "/login",
    { mvpd = MVPD })
  if not login.code then return end
  local typed = load.driver.now() + 30 / factor
  repeat
    load.driver.sleep(math.max(5 / factor, 0.2))
    if typed and load.driver.now() >= typed then
      typed = load.control:ask("POST", "/sandbox/login", { code = login.code,
        username = "bob", mvpd = MVPD }) and nil
    end
    local _, response = ask(load, "status", screen, "GET", "/login/status")
  until response.state ~= "pending"
end

local MODEL = [[
One hour of 500 viewers in %d s: %.0f times as fast, by %.0f viewers.
Each viewer logs in (types for 30 s, polls every 5 s), then ten times requests the
catalog, plays a channel, and fetches the playlist and a segment every 6 s; and
logs out.]]

local function watch(load, screen, factor, until_when)
  local channel = ({ "cnn", "tbs", "late-night" })[math.random(3)]
  ask(load, "catalog", screen, "GET", "/catalog")
  if ask(load, "play", screen, "POST", "/play/" .. channel, {}) ~= 200 then
    return load.driver.sleep(1)
  end
  repeat
    ask(load, "playlist", screen, "GET", "/hls/" .. channel .. "/index.m3u8")
    ask(load, "segment", screen, "GET", ("/hls/%s/segment%d.ts"):format(
      channel, math.random(3)))
    load.driver.sleep(6 / factor)
  until load.driver.now() >= until_when
end

local PLAYS = 10

local function live(load, index, factor, ends)
  local screen = new_screen(load, index)
  load.driver.sleep(math.random() * 300 / factor) -- arrive within 5 minutes
  log_in(load, screen, factor)
  local begun = load.driver.now()
  for turn = 1, PLAYS do
    watch(load, screen, factor, begun + (ends - begun) * turn / PLAYS)
  end
  ask(load, "logout", screen, "POST", "/logout", {})
end

-- Returns the mean memory of processes, in KB.
local function memory(pids)
  local sum = 0
  for _, pid in ipairs(pids) do
    sum = sum + (tonumber((shell.read_file("/proc/" .. pid .. "/status") or "")
      :match "VmRSS:%s+(%d+)") or 0)
  end
  return sum / #pids
end

local function total(counts)
  local sum = 0
  for _, count in pairs(counts) do sum = sum + count end
  return sum
end

local ROWS = 12

-- Returns the memory of a worker at each `seconds / ROWS`, and a function to call
-- with the time.
local function memory_rows(load, started, seconds)
  local pids, rows, next_row = tools.workers(load.running), {}, 0
  return rows, function(now)
    if now < next_row then return end
    next_row = now + seconds / ROWS
    rows[#rows + 1] = memory(pids)
    say("%4.0f s %8d requests %6.0f KB per worker", now - started,
      total(load.count), rows[#rows])
  end
end

-- Allowed growth of a worker in the second half, when the caches are full.
local BOUND_KB = 4096

local function hour(seconds, kept)
  local factor = 3600 / seconds
  local viewers = math.max(2, math.floor(500 * seconds / 300))
  say(MODEL, seconds, factor, viewers)
  local load = load_of(assert(service.start(LISTED)))
  local started = load.driver.now()
  local ends = started + seconds
  for index = 1, viewers do
    load.driver.start(live, load, index, factor, ends)
  end
  local rows, look = memory_rows(load, started, seconds)
  run(load, look)
  for name, count in pairs(load.errors) do say("ERROR %s: %d", name, count) end
  local growth = rows[#rows] - rows[math.ceil(#rows / 2)]
  say("growth of a worker in the second half: %.0f KB, limit %d KB", growth,
    BOUND_KB)
  kept:figure("viewers", viewers, "")
  kept:figure("responses", total(load.count), "")
  kept:figure("errors", total(load.errors), "", "<= 0")
  kept:figure("growth of a worker in the second half",
    ("%.0f"):format(growth), "KB", "<= " .. BOUND_KB)
  load.control:close()
  load.running:stop()
  return total(load.errors) == 0 and growth <= BOUND_KB
end

-- --- reloads -------------------------------------------------------------------

local VIEWERS, WORKERS, ADOBE_SECONDS, END_SECONDS = 32, 2, 0.05, 10
local ROUND = 15 -- a viewer waits 6 / ROUND seconds after four requests

-- Counts the workers that are not in a set.
local function count_new(node, former)
  local count = 0
  for _, pid in ipairs(gateway_nodes.workers(node)) do
    if not former[pid] then count = count + 1 end
  end
  return count
end

-- Reloads when all viewers are logged in; each time waits for the new workers.
local function reload_often(load, count)
  local node = load.running.nodes[1]
  repeat load.driver.sleep(0.1) until load.logged_in == VIEWERS
  for _ = 1, count do
    local former = {}
    for _, pid in ipairs(gateway_nodes.workers(node)) do former[pid] = true end
    assert(shell.execute("kill -HUP " .. node.server.pid) == 0)
    repeat load.driver.sleep(0.05) until count_new(node, former) == WORKERS
  end
  load.is_over = true
end

local function watch_until_over(load, index)
  local screen = new_screen(load, index)
  log_in(load, screen, 300)
  load.logged_in = load.logged_in + 1
  repeat watch(load, screen, ROUND, 0) until load.is_over
end

-- Returns how many workers of former configurations still run after a time.
local function left_over(node)
  local deadline = core.clock.monotonic() + END_SECONDS
  while true do
    local count = #gateway_nodes.workers(node) - WORKERS
    if count == 0 or core.clock.monotonic() > deadline then return count end
    core.clock.sleep(0.1)
  end
end

local function reload(count, kept)
  local load = load_of(assert(service.start { nodes = 1, workers = WORKERS,
    throttle = false, settings = { rate_limit = false } }))
  local node = load.running.nodes[1]
  load.logged_in = 0
  assert(load.control:fault { kind = "delay", operation = "*",
    seconds = ADOBE_SECONDS, count = 1000000 })
  for index = 1, VIEWERS do load.driver.start(watch_until_over, load, index) end
  load.driver.start(reload_often, load, count)
  local started = load.driver.now()
  run(load, function() end)
  local seconds, workers = load.driver.now() - started, left_over(node)
  for name, failed in pairs(load.errors) do say("ERROR %s: %d", name, failed) end
  say("%d reloads in %.0f s, %d requests: %d failed; %d workers left over", count,
    seconds, total(load.count), total(load.errors), workers)
  say("nginx's error log: %s", node.server:log())
  kept:figure("reloads", count, "")
  kept:figure("requests meanwhile", total(load.count), "")
  kept:figure("requests lost or refused", total(load.errors), "", "<= 0")
  kept:figure("workers left over after " .. END_SECONDS .. " s", workers, "", "<= 0")
  load.control:close()
  load.running:stop()
  return total(load.errors) == 0 and workers == 0
end

return { hour = hour, reload = reload }
