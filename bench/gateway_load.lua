--- The gateway and many viewers of our own: an hour's traffic in some minutes,
-- and a service that is gone for a while.

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

-- Adobe takes two requests a new device, from one address one a second: too
-- slow for a crowd, unless the address is on Adobe's list. Viewers' own
-- addresses are paced all the same.
local LISTED = { throttle = false, settings = { allow_listed = true } }

local function crowd_of(running)
  local driver = adobepass.driver.tick {}
  local transport = assert(core.http.new { timeout = 60 })
  return { driver = driver, transport = transport, running = running,
    control = many_clients.control(running.sandbox), count = {}, errors = {},
    slowest = {}, wait = function(_, transfer)
      driver.wait(transport, transfer, driver.now() + 60)
    end }
end

-- Steps everybody until `done()`; `each` is called about ten times a second.
local function run(crowd, done, each)
  local next_look = 0
  repeat
    crowd.transport:step(0.002)
    crowd.driver.update()
    local now = crowd.driver.now()
    if now >= next_look then
      next_look = now + 0.1
      if each then each(now) end
    end
  until done(now)
end

local function ask(crowd, what, screen, method, path, body)
  local node = crowd.running.nodes[math.random(#crowd.running.nodes)]
  local started = crowd.driver.now()
  local status, answer = screen:finish(screen:submit(method,
    node.url .. path, body))
  crowd.count[what] = (crowd.count[what] or 0) + 1
  crowd.slowest[what] = math.max(crowd.slowest[what] or 0,
    crowd.driver.now() - started)
  if status ~= 200 then
    local name = ("%s: %s %s"):format(what, tostring(status),
      type(answer) == "table" and answer.code or tostring(answer))
    crowd.errors[name] = (crowd.errors[name] or 0) + 1
  end
  return status, answer
end

local function address(index)
  return ("10.1.%d.%d"):format(math.floor(index / 250), index % 250 + 1)
end

local function new_screen(crowd, index)
  return gateway_client.new { ip = address(index), transport = crowd.transport,
    wait = crowd.wait }
end

-- The television asks all the time; Adobe is asked every real five seconds.
local function log_in(crowd, screen, factor)
  local _, login = ask(crowd, "login", screen, "POST", "/login",
    { mvpd = MVPD })
  if not login.code then return end
  local typed = crowd.driver.now() + 30 / factor
  repeat
    crowd.driver.sleep(math.max(5 / factor, 0.2))
    if typed and crowd.driver.now() >= typed then
      typed = crowd.control:ask("POST", "/sandbox/login", { code = login.code,
        username = "bob", mvpd = MVPD }) and nil
    end
    local _, answer = ask(crowd, "status", screen, "GET", "/login/status")
  until answer.state ~= "pending"
end

-- --- an hour in some minutes ------------------------------------------------

local MODEL = [[
An hour of 500 viewers in %d s: %.0f times as fast, and so by %.0f viewers.
Each signs in (30 s to type, asking every 5 s), then ten times: looks at the
catalog, plays a channel, and fetches the playlist and a segment every 6 s;
and signs out at the end.]]

local function watch(crowd, screen, factor, until_when)
  local channel = ({ "cnn", "tbs", "late-night" })[math.random(3)]
  ask(crowd, "catalog", screen, "GET", "/catalog")
  if ask(crowd, "play", screen, "POST", "/play/" .. channel, {}) ~= 200 then
    return crowd.driver.sleep(1)
  end
  repeat
    ask(crowd, "playlist", screen, "GET", "/hls/" .. channel .. "/index.m3u8")
    ask(crowd, "segment", screen, "GET", ("/hls/%s/segment%d.ts"):format(
      channel, math.random(3)))
    crowd.driver.sleep(6 / factor)
  until crowd.driver.now() >= until_when
end

local PLAYS = 10

local function live(crowd, index, factor, ends)
  local screen = new_screen(crowd, index)
  crowd.driver.sleep(math.random() * 300 / factor) -- they come in 5 minutes
  log_in(crowd, screen, factor)
  local begun = crowd.driver.now()
  for turn = 1, PLAYS do
    watch(crowd, screen, factor, begun + (ends - begun) * turn / PLAYS)
  end
  ask(crowd, "logout", screen, "POST", "/logout", {})
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

-- A row every so often; answers how much each worker weighed at each.
local function table_of_memory(crowd, started, seconds)
  local pids, rows, next_row = tools.workers(crowd.running), {}, 0
  say("%8s %10s %12s %12s %8s", "second", "requests", "workers, KB",
    "largest, KB", "errors")
  return rows, function(now)
    if now < next_row then return end
    next_row = now + seconds / ROWS
    local sum, most = memory(pids)
    rows[#rows + 1] = sum / #pids
    say("%8.0f %10d %12d %12d %8d", now - started, total(crowd.count), sum,
      most, total(crowd.errors))
  end
end

local function tell(crowd)
  local names = {}
  for name in pairs(crowd.count) do names[#names + 1] = name end
  table.sort(names)
  for _, name in ipairs(names) do
    say("%-10s %8d, the slowest took %6.0f ms", name, crowd.count[name],
      1000 * crowd.slowest[name])
  end
  for name, count in pairs(crowd.errors) do
    say("ERROR %s: %d", name, count)
  end
end

-- What a worker may grow by in the second half; caches are full by then.
local BOUND_KB = 4096

local function hour(seconds, kept)
  local factor = 3600 / seconds
  local viewers = math.max(2, math.floor(500 * seconds / 300))
  say(MODEL, seconds, factor, viewers)
  local crowd = crowd_of(assert(service.start(LISTED)))
  local started = crowd.driver.now()
  local ends = started + seconds
  for index = 1, viewers do
    crowd.driver.start(live, crowd, index, factor, ends)
  end
  local left = viewers
  local rows, look = table_of_memory(crowd, started, seconds)
  run(crowd, function() return left == 0 end, function(now)
    look(now)
    left = crowd.driver.update()
  end)
  tell(crowd)
  local growth = rows[#rows] - rows[math.ceil(#rows / 2)]
  say("growth of a worker in the second half: %.0f KB, bound %d KB", growth,
    BOUND_KB)
  kept:figure("viewers", viewers, "")
  kept:figure("answers", total(crowd.count), "")
  kept:figure("errors", total(crowd.errors), "", "<= 0")
  kept:figure("growth of a worker in the second half",
    ("%.0f"):format(growth), "KB", "<= " .. BOUND_KB)
  crowd.control:close()
  crowd.running:stop()
  return total(crowd.errors) == 0 and growth <= BOUND_KB
end

-- --- the sandbox is gone for a while ----------------------------------------

local OUTAGE_VIEWERS = 20

local function keep_watching(crowd, screen, state)
  while not state.over do
    ask(crowd, "segment", screen, "GET", "/hls/cnn/segment1.ts")
    crowd.driver.sleep(0.1)
  end
end

local function keep_playing(crowd, screen, state)
  while not state.over do
    local status, answer = ask(crowd, "play", screen, "POST", "/play/cnn", {})
    if state.back and status == 200 and not state.healed then
      state.healed = crowd.driver.now() - state.back
    end
    crowd.driver.sleep(status == 200 and 1 or answer.retry_after or 1)
  end
end

local function stop_sandbox(running)
  shell.read("kill -TERM " .. running.sandbox.server.pid)
  redis_server.await_end(running.sandbox.server.pid)
end

-- One viewer has a code on the screen when it begins, and signs in after it.
local function sign_in_later(crowd, state)
  local screen = new_screen(crowd, OUTAGE_VIEWERS + 1)
  local _, login = ask(crowd, "login", screen, "POST", "/login",
    { mvpd = MVPD })
  while not state.back do
    crowd.driver.sleep(1)
    ask(crowd, "status", screen, "GET", "/login/status")
  end
  crowd.control:ask("POST", "/sandbox/login", { code = login.code,
    username = "bob", mvpd = MVPD })
  repeat
    crowd.driver.sleep(1)
    local _, answer = ask(crowd, "status", screen, "GET", "/login/status")
    state.signed_in = answer.state == "done"
  until state.signed_in or state.over
end

local function everybody_watches(crowd, state)
  for index = 1, OUTAGE_VIEWERS do
    crowd.driver.start(function()
      local screen = new_screen(crowd, index)
      screen:sign_in(crowd.control, crowd.running.nodes[1].url)
      ask(crowd, "play", screen, "POST", "/play/cnn", {})
      state.ready = (state.ready or 0) + 1
      crowd.driver.start(keep_playing, crowd, screen, state)
      keep_watching(crowd, screen, state)
    end)
  end
  crowd.driver.start(sign_in_later, crowd, state)
end

local function count_registrations(control)
  return many_clients.counts(control:journal()).register
end

local function outage(seconds, kept)
  local crowd, state = crowd_of(assert(service.start(LISTED))), {}
  everybody_watches(crowd, state)
  run(crowd, function()
    return state.ready == OUTAGE_VIEWERS and crowd.count.login
  end)
  local registered = count_registrations(crowd.control)
  say("%d viewers watch; the sandbox goes for %d s", OUTAGE_VIEWERS, seconds)
  crowd.count, crowd.errors, crowd.slowest = { login = 1 }, {}, { login = 0 }
  stop_sandbox(crowd.running)
  local gone, ready, asked_ready = crowd.driver.now(), 0, 0
  run(crowd, function() return crowd.driver.now() - gone >= seconds end,
    function()
      asked_ready = asked_ready + 1
      local response = tv_client.fetch(crowd.control.transport, {
        url = crowd.running.nodes[1].operator .. "/health/ready" })
      ready = ready + (response and response.status == 200 and 1 or 0)
    end)
  say("while it is gone (ready %d of %d times):", ready, asked_ready)
  tell(crowd)
  local segments_lost = 0
  for name, count in pairs(crowd.errors) do
    if name:find "^segment" then segments_lost = segments_lost + count end
  end
  assert(crowd.running.sandbox.server:restart())
  state.back = crowd.driver.now()
  run(crowd, function()
    return state.healed and state.signed_in
      or crowd.driver.now() - state.back > 60
  end)
  state.over = true
  say("back: the first /play after %.1f s; the login that was under way %s; "
    .. "%d registrations, %d before", state.healed or -1,
    state.signed_in and "ended well" or "was LOST",
    count_registrations(crowd.control), registered)
  kept:figure("segments while it was gone", crowd.count.segment or 0, "")
  kept:figure("segments lost", segments_lost, "", "<= 0")
  kept:figure("first /play after it came back",
    ("%.1f"):format(state.healed or -1), "s")
  kept:figure("registrations that this cost",
    count_registrations(crowd.control) - registered, "", "<= 0")
  crowd.control:close()
  crowd.running:stop()
  return segments_lost == 0 and state.healed ~= nil
    and state.signed_in == true
end

return { hour = hour, outage = outage }
