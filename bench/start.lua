--- Measures the start of a program: the interpreter alone, the module, a client, and a
-- new device's first permit, from the sandbox over https.
--
-- start.lua LUA...: measures on each Lua and stores the figures.
-- start.lua step STEP: does one step; prints the CPU milliseconds since the process
-- began, its resident KiB, and the requests and handshakes of the client.

local PROCESSES = 21
local STEPS = { "interpreter", "module", "client", "permit" }
local NAMES = { interpreter = "the interpreter alone", module = "the module loaded",
  client = "a client created", permit = "the first permit, of a TempPass" }

local counts = { requests = 0, handshakes = 0 }

local function count(event)
  if event.type ~= "request" then return end
  counts.requests = counts.requests + 1
  if not event.reused then counts.handshakes = counts.handshakes + 1 end
end

local function new_client(adobepass, device)
  return adobepass.new {
    service_provider = "REF30",
    environment = { api = os.getenv "ADOBEPASS_API",
      mgmt = os.getenv "ADOBEPASS_MGMT" },
    software_statement = os.getenv "ADOBEPASS_STATEMENT",
    http = { ca_file = os.getenv "ADOBEPASS_CA" },
    device = { id = device, info = adobepass.platform() }, on_event = count }
end

local function run(step, device)
  if step == "interpreter" then return end
  local adobepass = require "adobepass"
  if step == "module" then return end
  local client = new_client(adobepass, device)
  if step == "client" then return end
  local pass = assert(client:temporary_access { mvpd = "TempPass" })
  assert(assert(pass:authorize "CNN").permitted)
end

local function resident_pages()
  local file = assert(io.open "/proc/self/statm")
  local pages = file:read("*a"):match "^%d+ (%d+)"
  file:close()
  return tonumber(pages)
end

local function show(step, device)
  run(step, device)
  print(("%.3f %d %d %d"):format(os.clock() * 1000, resident_pages() * 4,
    counts.requests, counts.handshakes))
end

-- Returns four lists: CPU milliseconds, KiB, requests, handshakes.
local function measure(lua, step)
  local shell = require "adobepass.util.shell"
  local lists = { {}, {}, {}, {} }
  for process = 1, PROCESSES do
    local text = shell.read(("LUA_CPATH='./build/%s/?.so;;' %s %s step %s %s"):format(
      lua, lua, arg[0], step, ("start-%s-%d"):format(lua, process)))
    local index = 0
    for value in text:gmatch "%S+" do
      index = index + 1
      lists[index][process] = assert(tonumber(value), text)
    end
  end
  return lists
end

local function collect(luas)
  local results, rounds = require "bench.results", require "bench.rounds"
  local found = results.new("start", "bench/start")
  for _, lua in ipairs(luas) do
    for _, step in ipairs(STEPS) do
      local label = ("%s: %s"):format(lua, NAMES[step])
      local lists = measure(lua, step)
      found:figure(label, ("%.1f"):format(rounds.part(lists[1])), "ms of CPU")
      found:figure(label, ("%.0f"):format(rounds.part(lists[2])), "KiB resident")
      if step == "permit" then
        found:figure(label, rounds.part(lists[3], 1), "requests", "<= 3")
        found:figure(label, rounds.part(lists[4], 1), "handshakes", "<= 1")
      end
    end
  end
  print(found:write())
  os.exit(results.status())
end

if arg[1] == "step" then show(arg[2], arg[3]) else collect(arg) end
