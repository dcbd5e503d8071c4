--- Measures the app of examples/mpv: the times of its callbacks, and the frames that
-- mpv drops with the app and without it. Started by bench/player.

local adobepass = require "adobepass"
local core = require "adobepass.core"
local gateway = require "examples.mpv.gateway"
local folder = require "spec.support.folder"
local screen_app = require "spec.support.screen_app"
local many_clients = require "spec.support.many_clients"
local results = require "bench.results"
local shell = require "adobepass.util.shell"
local start = require "examples.mpv.start"

local ROUNDS = 2
local FILES = 3 -- files of twenty seconds in each run
local LIMIT = 2 -- milliseconds
local CHANNEL = { id = "news", resource = "News Now" }

local OUTPUT = " --vo=x11 --ao=null --script=" .. shell.quote(
  shell.read "pwd" .. "/bench/mpv_drops.lua")

-- Returns the options of the app.
local function service(running, frames)
  local sandbox = running.sandbox
  return { api = sandbox.api, mgmt = sandbox.mgmt, ca = sandbox.ca,
    statement = sandbox.statement, gateway = running.nodes[1].url, frames = frames }
end

-- Signs in, plays, signs out.
local function use(app, control)
  app:await "^list\tproviders\t"
  app:focus("Cablevision", "Down", "Down")
  app:press "Return"
  local _, code = app:await "^code\tCablevision\t\t(%w+)$"
  control:ask("POST", "/sandbox/login", { code = code, username = "bob",
    mvpd = "Cablevision" })
  app:await "^list\tchannels\tNews Now\t"
  app:press "Return"
  for _ = 1, FILES do
    app:await "^playing\tNews Now\t\t[1-9] s$"
    app:await "^playing\tNews Now\t\t1[5-9] s$"
  end
  app:await "^playing\tNews Now\t\t[0-9] s$"
  app:press "Escape"
  app:await "^list\tchannels\tNews Now\t"
  app:focus("Sign out", "Down", "Down", "Down", "Down", "Down", "Down")
  app:press "Return"
  app:await "^list\tsigned out\t"
end

local function with_app(running, control, frames, drops)
  local app = screen_app.new("env MPV_DROPS=" .. shell.quote(drops) .. " "
    .. start.command() .. OUTPUT)
  app:switch_on(service(running, frames), true)
  use(app, control)
  app:switch_off()
  app:stop()
end

-- Plays the same file from the gateway as often.
local function without_app(running, drops)
  local client = many_clients.new_client(running.sandbox)
  local pass = client:temporary_access { mvpd = "TempPass_10mins" }
  local url = assert(gateway.playlist(running.nodes[1].url,
    adobepass.driver.block(), CHANNEL,
    assert(pass:authorize(CHANNEL.resource)).media_token))
  client:close()
  local app = screen_app.new("env MPV_DROPS=" .. shell.quote(drops)
    .. " mpv --no-config --really-quiet --geometry=1280x720 --osc=no" .. OUTPUT
    .. " " .. shell.line("--loop-playlist=" .. FILES, url))
  app:switch_on({}, true)
  core.clock.sleep(20 * FILES + 3)
  app:switch_off()
  app:stop()
end

-- Returns the sums of the columns of mpv_drops.lua.
local function sums(path)
  local total = { 0, 0, 0, 0 }
  for line in io.lines(path) do
    local column = 0
    for value in line:gmatch "%d+" do
      column = column + 1
      total[column] = total[column] + tonumber(value)
    end
  end
  return total
end

local function read_callbacks(paths)
  local times = {}
  for _, path in ipairs(paths) do
    for took, queued in folder.read(path):gmatch "([%d.]+),([%d.]+)\n" do
      times[#times + 1] = math.max(0, took - queued)
    end
  end
  table.sort(times)
  return times
end

local function report(times, with, without)
  local found = results.new("player", "bench/player")
  local fast = 0
  for _, time in ipairs(times) do
    if time < LIMIT then fast = fast + 1 end
  end
  found:figure("callbacks", #times, "")
  found:figure("callback, median", ("%.3f"):format(times[math.ceil(#times / 2)]), "ms")
  found:figure("callback, 99.9 %",
    ("%.2f"):format(times[math.ceil(#times * 0.999)]), "ms")
  found:figure("callback, longest", ("%.2f"):format(times[#times]), "ms")
  found:figure("callbacks below 2 ms", ("%.2f"):format(100 * fast / #times), "%",
    ">= 99.9")
  for name, total in pairs { ["with the app"] = with, ["without it"] = without } do
    found:figure("seconds played " .. name, total[1], "s")
    found:figure("frames dropped " .. name, total[2] + total[3], "")
    found:figure("frames late " .. name, total[4], "")
  end
  found:write()
  for _, figure in ipairs(results.read("player").figures) do
    print(("%-40s %s %s"):format(figure.name, figure.value, figure.unit))
  end
end

local path = folder.make()
local running = assert(start.services { throttle = false })
local control = many_clients.control(running.sandbox)
local ok, problem = pcall(function()
  local callbacks = {}
  for round = 1, ROUNDS do
    callbacks[round] = ("%s/%d.csv"):format(path, round)
    with_app(running, control, callbacks[round], path .. "/with")
    without_app(running, path .. "/without")
  end
  report(read_callbacks(callbacks), sums(path .. "/with"), sums(path .. "/without"))
end)
control:close()
running:stop()
folder.remove(path)
assert(ok, problem)
os.exit(results.status())
