--- Loads the gateway with simulated viewers: the traffic of one hour in a few
-- minutes, and an outage of the service.

local adobepass = require "adobepass"
local core = require "adobepass.core"
local many_clients = require "spec.support.many_clients"
local redis_server = require "spec.support.redis_server"
local service = require "examples.openresty.service"
local shell = require "adobepass.util.shell"
local gateway_client = require "spec.examples.gateway_client"
local tools = require "bench.gateway_tools"
local tv_client = require "spec.support.tv_client"

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
    slowest = {}, wait = function(_, transfer)
      driver.wait(transport, transfer, driver.now() + 60)
    end }
end

-- Runs all tasks until `done()`; calls `each` about ten times per second.
local function run(load, done, each)
  local next_look = 0
  repeat
    load.transport:step(0.002)
    load.driver.update()
    local now = load.driver.now()
    if now >= next_look then
      next_look = now + 0.1
      if each then each(now) end
    end
  until done(now)
end

local function ask(load, what, screen, method, path, body)
  local node = load.running.nodes[math.random(#load.running.nodes)]
  local started = load.driver.now()
  local status, response = screen:finish(screen:submit(method,
    node.url .. path, body))
  load.count[what] = (load.count[what] or 0) + 1
  load.slowest[what] = math.max(load.slowest[what] or 0,
    load.driver.now() - started)
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

-- --- one hour of traffic ------------------------------------------------

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

local function memory(pids)
  local sum, most = 0, 0
  for _, pid in ipairs(pids) do
    local kb = tonumber((shell.read_file("/proc/" .. pid .. "/status") or "")
      :match "VmRSS:%s+(%d+)") or 0
    sum, most = sum + kb, math.max(most, kb)
  end
  return sum, most
end

local function total(counts)
  local sum = 0
  for _, count in pairs(counts) do sum = sum + count end
  return sum
end

local ROWS = 12

-- Prints a row every `seconds / ROWS`. Returns the memory of a worker at each row,
-- and a function to call with the time.
local function table_of_memory(load, started, seconds)
  local pids, rows, next_row = tools.workers(load.running), {}, 0
  say("%8s %10s %12s %12s %8s", "second", "requests", "workers, KB",
    "largest, KB", "errors")
  return rows, function(now)
    if now < next_row then return end
    next_row = now + seconds / ROWS
    local sum, most = memory(pids)
    rows[#rows + 1] = sum / #pids
    say("%8.0f %10d %12d %12d %8d", now - started, total(load.count), sum,
      most, total(load.errors))
  end
end

local function print_counts(load)
  local names = {}
  for name in pairs(load.count) do names[#names + 1] = name end
  table.sort(names)
  for _, name in ipairs(names) do
    say("%-10s %8d, slowest %6.0f ms", name, load.count[name],
      1000 * load.slowest[name])
  end
  for name, count in pairs(load.errors) do
    say("ERROR %s: %d", name, count)
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
  local left = viewers
  local rows, look = table_of_memory(load, started, seconds)
  run(load, function() return left == 0 end, function(now)
    look(now)
    left = load.driver.update()
  end)
  print_counts(load)
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

-- --- outage of the service ----------------------------------------

local OUTAGE_VIEWERS = 20

local function keep_watching(load, screen, state)
  while not state.over do
    ask(load, "segment", screen, "GET", "/hls/cnn/segment1.ts")
    load.driver.sleep(0.1)
  end
end

local function keep_playing(load, screen, state)
  while not state.over do
    local status, response = ask(load, "play", screen, "POST", "/play/cnn", {})
    if state.back and status == 200 and not state.healed then
      state.healed = load.driver.now() - state.back
    end
    load.driver.sleep(status == 200 and 1 or response.retry_after or 1)
  end
end

local function stop_sandbox(running)
  shell.read("kill -TERM " .. running.sandbox.server.pid)
  redis_server.await_end(running.sandbox.server.pid)
end

-- One viewer has a code when the outage begins, and logs in after it.
local function sign_in_later(load, state)
  local screen = new_screen(load, OUTAGE_VIEWERS + 1)
  local _, login = ask(load, "login", screen, "POST", "/login",
    { mvpd = MVPD })
  while not state.back do
    load.driver.sleep(1)
    ask(load, "status", screen, "GET", "/login/status")
  end
  load.control:ask("POST", "/sandbox/login", { code = login.code,
    username = "bob", mvpd = MVPD })
  repeat
    load.driver.sleep(1)
    local _, response = ask(load, "status", screen, "GET", "/login/status")
    state.signed_in = response.state == "done"
  until state.signed_in or state.over
end

local function start_viewers(load, state)
  for index = 1, OUTAGE_VIEWERS do
    load.driver.start(function()
      local screen = new_screen(load, index)
      screen:sign_in(load.control, load.running.nodes[1].url)
      ask(load, "play", screen, "POST", "/play/cnn", {})
      state.ready = (state.ready or 0) + 1
      load.driver.start(keep_playing, load, screen, state)
      keep_watching(load, screen, state)
    end)
  end
  load.driver.start(sign_in_later, load, state)
end

local function count_registrations(control)
  return many_clients.counts(control:journal()).register
end

local function outage(seconds, kept)
  local load, state = load_of(assert(service.start(LISTED))), {}
  start_viewers(load, state)
  run(load, function()
    return state.ready == OUTAGE_VIEWERS and load.count.login
  end)
  local registered = count_registrations(load.control)
  say("%d viewers watch; the sandbox is down for %d s", OUTAGE_VIEWERS, seconds)
  load.count, load.errors, load.slowest = { login = 1 }, {}, { login = 0 }
  stop_sandbox(load.running)
  local gone, ready, asked_ready = load.driver.now(), 0, 0
  run(load, function() return load.driver.now() - gone >= seconds end,
    function()
      asked_ready = asked_ready + 1
      local response = tv_client.fetch(load.control.transport, {
        url = load.running.nodes[1].operator .. "/health/ready" })
      ready = ready + (response and response.status == 200 and 1 or 0)
    end)
  say("during the outage (ready %d of %d times):", ready, asked_ready)
  print_counts(load)
  local segments_lost = 0
  for name, count in pairs(load.errors) do
    if name:find "^segment" then segments_lost = segments_lost + count end
  end
  assert(load.running.sandbox.server:restart())
  state.back = load.driver.now()
  run(load, function()
    return state.healed and state.signed_in
      or load.driver.now() - state.back > 60
  end)
  state.over = true
  say("after the outage: first /play after %.1f s; the pending login %s; "
    .. "%d registrations, %d before", state.healed or -1,
    state.signed_in and "completed" or "was LOST",
    count_registrations(load.control), registered)
  kept:figure("segments during the outage", load.count.segment or 0, "")
  kept:figure("segments lost", segments_lost, "", "<= 0")
  kept:figure("first /play after the outage",
    ("%.1f"):format(state.healed or -1), "s")
  kept:figure("registrations caused by the outage",
    count_registrations(load.control) - registered, "", "<= 0")
  load.control:close()
  load.running:stop()
  return segments_lost == 0 and state.healed ~= nil
    and state.signed_in == true
end

return { hour = hour, outage = outage }
