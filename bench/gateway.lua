-- What bench/gateway.sh runs.

local adobepass = require "adobepass"
local core = require "adobepass.core"
local flight = require "spec.support.flight"
local json = require "adobepass.json"
local nodes = require "spec.examples.nodes"
local redis = require "spec.support.redis"
local results = require "bench.results"
local service = require "examples.openresty.service"
local shell = require "adobepass.shell"
local television = require "spec.examples.television"
local tv = require "spec.support.tv"
local wrk_script = require "bench.wrk"

local MVPD = "Cablevision"

local function median(list)
  table.sort(list)
  return (list[math.ceil(#list / 2)] + list[math.floor(#list / 2) + 1]) / 2
end

local function say(format, ...) print(format:format(...)) end

local kept -- what is kept for bench/report

local TICKS = 100 -- a second: what /proc counts in

local function cpu_seconds(pids)
  local sum = 0
  for _, pid in ipairs(pids) do
    local stat = shell.read_file("/proc/" .. pid .. "/stat") or ""
    local user, system = stat:match
      "%) %S+ %S+ %S+ %S+ %S+ %S+ %S+ %S+ %S+ %S+ %S+ (%d+) (%d+)"
    sum = sum + (tonumber(user) or 0) + (tonumber(system) or 0)
  end
  return sum / TICKS
end

-- --- wrk --------------------------------------------------------------------

-- wrk's own Lua: each request with the headers of the next viewer.
local WRK = [[
local list, at = %s, 0
function request()
  at = at %% #list + 1
  local one = list[at]
  return wrk.format(one.method, one.path, one.headers, one.body)
end
]]

local function wrk(folder, url, requests, seconds, connections)
  local script = folder .. "/wrk.lua"
  assert(shell.write_file(script, WRK:format(wrk_script.literal(requests))))
  local text, status = shell.read(shell.line("wrk", "-t", "1", "-c",
    connections or 16, "-d", seconds .. "s", "-s", script, url))
  assert(status == 0, text)
  assert(not text:find "Non%-2xx" and not text:find "Socket errors", text)
  return tonumber(text:match "Requests/sec:%s+([%d.]+)")
end

-- --- guarded and unguarded files --------------------------------------------

local FREE = [[
    location /free/ { alias @MEDIA@/hls/; }
    location = /refused {]]

local function with_free_files(text)
  local media = text:match "root (%S+);"
  return (text:gsub("    location = /refused {",
    (FREE:gsub("@MEDIA@", media)), 1))
end

-- One round: how many a second, and how many a second of the worker's CPU.
local function fetch(running, path, cookies)
  local pids = nodes.workers(running.nodes[1])
  local before, seconds = cpu_seconds(pids), 2
  local rate = wrk(running.folder, running.nodes[1].url, { { method = "GET",
    path = path, headers = { Cookie = cookies } } }, seconds)
  return { rate, rate * seconds / (cpu_seconds(pids) - before) }
end

local PREFIXES = { guarded = "/hls", free = "/free" }

-- The order changes each round.
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

local function one_file(running, screen, name, rounds)
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
  kept:figure(name .. ", guarded beside unguarded",
    ("%.2f (%.2f .. %.2f)"):format(spread(ratios)), "", ">= 0.8")
  kept:figure(name .. ", the same by the worker's CPU time",
    ("%.2f (%.2f .. %.2f)"):format(spread(by_cpu)), "", ">= 0.8")
  return median(ratios)
end

local function files(rounds)
  local running = assert(service.start { nodes = 1, workers = 1,
    throttle = false, edit = with_free_files,
    settings = { ticket_seconds = 3600 } })
  local control = flight.control(running.sandbox)
  local screen = television.new()
  screen:sign_in(control, running.nodes[1].url)
  assert(screen:post(running.nodes[1].url .. "/play/cnn") == 200)
  say("one worker, wrk -t1 -c16, %d rounds of 2 s each, in turn; median "
    .. "(range)", rounds)
  local segment = one_file(running, screen, "/cnn/segment1.ts", rounds)
  one_file(running, screen, "/cnn/index.m3u8", rounds)
  control:close()
  running:stop()
  return segment >= 0.8
end

-- --- /play beside the sandbox alone -----------------------------------------

local function without_limit(text)
  return (text:gsub("limit_req zone=[^;]*;", ""))
end

local VIEWERS = 64

local INFO = core.base64.encode(json.encode { primaryHardwareType = "TV",
  model = "Living room", version = "1", osName = "Linux", osVersion = "6",
  connectionType = "WiFi" })

local function plays(running, control)
  local list = {}
  for index = 1, VIEWERS do
    local screen = television.new { ip = "192.0.2." .. index }
    screen:sign_in(control, running.nodes[1].url)
    list[index] = { method = "POST", path = "/play/cnn", body = "{}",
      headers = { ["Content-Type"] = "application/json",
        ["X-Device-Info"] = INFO, ["X-Forwarded-For"] = screen.ip,
        Cookie = "gateway_device=" .. screen:cookie "gateway_device" } }
    screen:close()
  end
  return list
end

local function authorizations(running, control)
  local screen = tv.new { session = assert(core.session {
    ca_file = running.sandbox.ca }), api = running.sandbox.api,
    statement = running.sandbox.statement }
  local code = screen:code()
  control:ask("POST", "/sandbox/login", { code = code, mvpd = MVPD,
    username = "bob" })
  return { { method = "POST", body = '{"resources":["CNN"]}',
    path = "/api/v2/REF30/decisions/authorize/" .. MVPD,
    headers = { Authorization = screen.bearer, Accept = "application/json",
      ["Content-Type"] = "application/json", ["X-Device-Info"] = INFO,
      ["AP-Device-Identifier"] = screen:identifier() } } }
end

local function workers_of_all(running)
  local list = {}
  for _, node in ipairs(running.nodes) do
    for _, pid in ipairs(nodes.workers(node)) do list[#list + 1] = pid end
  end
  return list
end

local function play(seconds)
  local running = assert(service.start { throttle = false,
    edit = without_limit, settings = { pace = false } })
  local control = flight.control(running.sandbox)
  local through, direct = plays(running, control),
    authorizations(running, control)
  local own, sandbox = workers_of_all(running),
    nodes.workers(running.sandbox)
  local rounds, ratios, rates, costs = 3, {}, { {}, {} }, { {}, {} }
  for round = 1, rounds do
    local ours, theirs = cpu_seconds(own), cpu_seconds(sandbox)
    local rate = wrk(running.folder, running.nodes[1].url, through, seconds,
      VIEWERS)
    local count = rate * seconds
    costs[1][round] = (cpu_seconds(own) - ours) / count
    costs[2][round] = (cpu_seconds(sandbox) - theirs) / count
    rates[1][round] = rate
    rates[2][round] = wrk(running.folder, running.sandbox.api, direct,
      seconds, VIEWERS)
    ratios[round] = rate / rates[2][round]
  end
  local mine, its = median(costs[1]) * 1000, median(costs[2]) * 1000
  say("%d viewers, wrk -t1 -c%d, %d rounds of %d s; median", VIEWERS,
    VIEWERS, rounds, seconds)
  say("/play through the gateway     %7.0f /s", median(rates[1]))
  say("authorize, the sandbox alone  %7.0f /s", median(rates[2]))
  say("ratio                         %7.2f", median(ratios))
  say("CPU of one /play: gateway %.2f ms, sandbox %.2f ms: the gateway's "
    .. "share is %.0f %%", mine, its, 100 * mine / (mine + its))
  say("the sandbox's one worker was busy for %.0f %% of the time, the "
    .. "gateway's %d for %.0f %% of a core", its * median(rates[1]) / 10,
    #own, mine * median(rates[1]) / 10)
  kept:figure("/play through the gateway", ("%.0f"):format(median(rates[1])),
    "/s")
  kept:figure("authorize, the sandbox alone",
    ("%.0f"):format(median(rates[2])), "/s")
  kept:figure("ratio", ("%.2f"):format(median(ratios)), "")
  kept:figure("CPU of one /play, gateway", ("%.2f"):format(mine), "ms")
  kept:figure("CPU of one /play, sandbox", ("%.2f"):format(its), "ms")
  kept:figure("the sandbox's worker was busy",
    ("%.0f"):format(its * median(rates[1]) / 10), "%")
  control:close()
  running:stop()
  return true
end

-- --- viewers, many of them ------------------------------------------------

-- Adobe takes two requests a new device, from one address one a second: too
-- slow for a crowd, unless the address is on Adobe's list. Viewers' own
-- addresses are paced all the same.
local LISTED = { throttle = false, settings = { allow_listed = true } }

local function crowd_of(running)
  local driver = adobepass.driver.tick {}
  local session = assert(core.session { timeout = 60 })
  return { driver = driver, session = session, running = running,
    control = flight.control(running.sandbox), count = {}, errors = {},
    slowest = {}, wait = function(_, transfer)
      driver.wait(session, transfer, driver.now() + 60)
    end }
end

-- Steps everybody until `done()`; `each` is called about ten times a second.
local function run(crowd, done, each)
  local next_look = 0
  repeat
    crowd.session:step(0.002)
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
  return television.new { ip = address(index), session = crowd.session,
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
catalogue, plays a channel, and fetches the playlist and a segment every 6 s;
and signs out at the end.]]

local function watch(crowd, screen, factor, until_when)
  local channel = ({ "cnn", "tbs", "late-night" })[math.random(3)]
  ask(crowd, "catalogue", screen, "GET", "/catalogue")
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
  local pids, rows, next_row = workers_of_all(crowd.running), {}, 0
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

local function hour(seconds)
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
  redis.await_end(running.sandbox.server.pid)
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
  return flight.counts(control:journal()).register
end

local function outage(seconds)
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
      local response = tv.fetch(crowd.control.session, {
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

-- --- the command ------------------------------------------------------------

local JOBS = { files = { files, 10 }, play = { play, 5 },
  outage = { outage, 30 }, hour = { hour, 300 } }

local job = JOBS[arg[1]]
if not job then
  io.stderr:write("usage: bench/gateway.sh files|play|outage|hour [number]\n")
  os.exit(2)
end
local number = tonumber(arg[2]) or job[2]
kept = results.new("gateway-" .. arg[1],
  ("bench/gateway.sh %s %d"):format(arg[1], number))
local fine = job[1](number)
kept:write()
print(fine and "all is well" or "a target is MISSED")
os.exit(fine and 0 or 1)
