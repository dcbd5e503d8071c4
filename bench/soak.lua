--- Runs many devices of one client under a steady load. bench/soak starts it in
-- `adobepass sandbox --exec`, once on each Lua.
--
-- A turn of a device is one call: profiles, preauthorize or authorize. One device in
-- twenty instead logs in through a second screen and logs out. A sample every five
-- seconds is written to build/soak/LUA.csv.

local adobepass = require "adobepass"
local core = require "adobepass.core"
local json = require "adobepass.util.json"
local shell = require "adobepass.util.shell"

local NAME = assert(arg[1], "usage: soak.lua NAME")
local MINUTES = tonumber(os.getenv "MINUTES")
local DEVICES = tonumber(os.getenv "DEVICES")
local RATE = tonumber(os.getenv "RATE")

local SAMPLE, PRINT, COLLECT = 5, 30, 60 -- seconds
local MOST_AT_ONCE = 400   -- turns; a turn above this limit is skipped and counted
local LOGINS = 20          -- one device in LOGINS logs in and out

local INFO = { primaryHardwareType = "TV", model = "Living room TV",
  version = "1", osName = "Linux", osVersion = "6.1",
  connectionType = "WiFi" }
local TITLES = { "CNN", "TBS", "REF30", "Title 1", "Title 2" }
local LOGIN = { mvpd = "Cablevision", domain_name = "adobe.com",
  redirect_url = "https://adobe.com" }

local COLUMNS = { "seconds", "rss_kb", "lua_kb", "live_kb", "descriptors",
  "requests", "errors", "left_out", "p50_ms", "p99_ms", "max_ms",
  "in_flight", "sandbox_kb" }

local driver = adobepass.driver.tick()
local now = driver.now
local control_url = os.getenv "ADOBEPASS_CONTROL" .. "/sandbox"
local server = os.getenv "ADOBEPASS_PID"

-- Counts since the last sample.
local function fresh_counts()
  return { requests = 0, errors = 0, left_out = 0, latencies = {} }
end

local counts, reasons = fresh_counts(), {}

local function note_error(code)
  counts.errors = counts.errors + 1
  reasons[code] = (reasons[code] or 0) + 1
end

local function on_event(event)
  if event.type ~= "request" then return end
  counts.requests = counts.requests + 1
  table.insert(counts.latencies, event.seconds * 1000)
  if event.error or event.status >= 400 then
    note_error(("%s of %s"):format(event.error or event.status,
      event.operation))
  end
end

-- Passes a transport to the client, so that the loop can wait in its `step`.
local transport = assert(core.http.new {
  ca_file = os.getenv "ADOBEPASS_CA" })

local client = adobepass.new {
  service_provider = "REF30", rate_limit = false, driver = driver,
  environment = { api = os.getenv "ADOBEPASS_API",
    mgmt = os.getenv "ADOBEPASS_MGMT" },
  software_statement = os.getenv "ADOBEPASS_STATEMENT",
  store = adobepass.store.memory { max = 20 * DEVICES },
  transport = transport, on_event = on_event,
}

-- --- turns of a device ---

-- Logs a viewer in at the sandbox. The request is not measured.
local function sign_in(body)
  body.username = "ann"
  local transfer = assert(transport:submit { method = "POST",
    url = control_url .. "/login", body = json.encode(body),
    headers = { ["Content-Type"] = "application/json" } })
  driver.wait(transport, transfer, now() + 30)
  local response = transfer:result()
  transfer:close()
  if not response or response.status ~= 200 then note_error "sign in" end
end

local function arrive(device)
  assert(device.view.api:configuration())
  sign_in { service_provider = "REF30", device = device.id,
    mvpd = "Cablevision" }
  return device.view:login {}
end

local turns = {
  function(view) return view.api:profiles() end,
  function(view) return view:preauthorize(TITLES) end,
  function(view)
    return view.api:preauthorize { mvpd = "Cablevision", resources = TITLES }
  end,
  function(view) return view:authorize "CNN" end,
  function(view) return view.api:profile { mvpd = "Cablevision" } end,
}

local function view_turn(device)
  if device.turn == 0 then return arrive(device) end
  return turns[(device.turn + device.index) % #turns + 1](device.view)
end

-- Polls three times, logs in, then logs out.
local function login_turn(device)
  local view = device.view
  if not device.flow then
    local flow, err = view:start_login(LOGIN)
    device.flow, device.polls = flow, 0
    return flow, err
  end
  device.polls = device.polls + 1
  if device.polls > 3 then sign_in { code = device.flow.code } end
  local profile, state = view:poll_login(device.flow)
  if not profile then
    if state ~= "pending" then device.flow = nil end
    return state == "pending", state
  end
  device.flow = nil
  return view:logout { redirect_url = "https://adobe.com" }
end

local function take_turn(device)
  local act = device.logs_in and login_turn or view_turn
  local good, err = act(device)
  device.turn, device.busy = device.turn + 1, false
  if not good then note_error(type(err) == "table" and err.code or err) end
end

local function make_devices()
  local devices = {}
  for index = 1, DEVICES do
    local id = ("%s-device-%05d"):format(NAME, index)
    devices[index] = { index = index, turn = 0, id = id,
      logs_in = index % LOGINS == 0,
      view = client:device { id = id, info = INFO } }
  end
  return devices
end

-- --- samples ---

local function memory_of(pid)
  local text = shell.read_file(("/proc/%s/status"):format(pid)) or ""
  return tonumber(text:match "VmRSS:%s+(%d+)")
end

local function worker_of(pid)
  local text = shell.read_file(("/proc/%s/task/%s/children"):format(pid, pid))
  return text and text:match "%d+"
end

local function descriptors()
  return tonumber((shell.read "ls /proc/$PPID/fd | wc -l"))
end

local function part(sorted, share)
  return sorted[math.max(1, math.ceil(#sorted * share))] or 0
end

-- Returns the heap in use, measured once a minute because a full collection
-- pauses the loop.
local live_kb, next_look = 0, 0
local function live()
  if now() >= next_look then
    next_look = now() + COLLECT
    collectgarbage()
    collectgarbage()
    live_kb = collectgarbage "count"
  end
  return live_kb
end

local function sample(file, started, running)
  local last = counts
  counts = fresh_counts()
  table.sort(last.latencies)
  local row = { ("%.1f"):format(now() - started), memory_of "self",
    ("%.0f"):format(collectgarbage "count"), ("%.1f"):format(live()),
    descriptors(), last.requests,
    last.errors, last.left_out, ("%.2f"):format(part(last.latencies, 0.5)),
    ("%.2f"):format(part(last.latencies, 0.99)),
    ("%.2f"):format(part(last.latencies, 1)), running,
    memory_of(worker_of(server) or "none") or 0 }
  file:write(table.concat(row, ","), "\n")
  return row
end

local function print_row(row)
  local minutes = tonumber(row[1]) / 60
  io.stderr:write(("%-7s %5.1f min  RSS %6.1f MiB  Lua %6.1f MiB  "
    .. "%3d descriptors  %5.0f requests/s  p99 %6.1f ms  %d errors\n")
    :format(NAME, minutes, row[2] / 1024, row[4] / 1024, row[5],
      row[6] / SAMPLE, tonumber(row[10]), row[7]))
end

-- --- the load ---

-- The first turn of a device takes five requests and a handshake, so devices
-- arrive at a third of the rate.
local function turns_due(load)
  local time = now()
  local rate = load.count < DEVICES and RATE / 3 or RATE
  load.due = load.due + (time - load.time) * rate
  load.time = time
  return math.floor(load.due)
end

-- Each device has a turn every DEVICES / RATE seconds.
local function start_turns(load, devices)
  local due = turns_due(load)
  while load.count < due do
    load.count = load.count + 1
    local device = devices[(load.count - 1) % DEVICES + 1]
    if device.busy or load.running >= MOST_AT_ONCE then
      counts.left_out = counts.left_out + 1
    else
      device.busy, load.running = true, load.running + 1
      driver.start(take_turn, device)
    end
  end
end

local function parent()
  return (shell.read_file "/proc/self/stat" or ""):match "%) %a (%d+)"
end

local starter = parent()

-- Returns whether the parent and the server are alive. If not, the run ends: nginx
-- would otherwise continue, because this process holds the keeper's pipe open.
local function has_sandbox()
  return parent() == starter and memory_of(server) ~= nil
end

local function run(load, devices, file)
  local next_sample, next_print = load.started + SAMPLE, load.started + PRINT
  while now() < load.started + MINUTES * 60 do
    start_turns(load, devices)
    transport:step(0.002)
    load.running = client:update()
    if now() >= next_sample then
      local row = sample(file, load.started, load.running)
      next_sample = next_sample + SAMPLE
      if now() >= next_print then
        print_row(row)
        next_print = next_print + PRINT
      end
      if not has_sandbox() then return end
    end
  end
end

local function print_reasons()
  for reason, count in pairs(reasons) do
    io.stderr:write(("%-7s error: %s, %d times\n"):format(NAME, reason, count))
  end
end

local file = assert(io.open(("build/soak/%s.csv"):format(NAME), "w"))
file:setvbuf "line"
file:write(table.concat(COLUMNS, ","), "\n")
local devices = make_devices()
local load = { started = now(), time = now(), due = 0, count = 0,
  running = 0 }
local fine, why = pcall(run, load, devices, file)
print_reasons()
file:close()
client:close()
-- Ctrl-C raises "interrupted!" in the stand-alone Lua; the samples so far are kept.
if not fine and not tostring(why):find("interrupted!", 1, true) then
  error(why, 0)
end
