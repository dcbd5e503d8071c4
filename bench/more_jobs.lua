--- The jobs of bench/more.lua in Lua: reads lines of "job count argument",
-- answers each with a number: the seconds that it took, or what it measured.

local adobepass = require "adobepass"
local core = require "adobepass.core"
local json = require "adobepass.util.json"
local shell = require "adobepass.util.shell"
local workload = require "spec.guard.workload"

local folder = assert((...), "usage: more_jobs.lua FOLDER")
local now = core.clock.monotonic

local PROVIDERS, WAITERS, LOGINS = 2000, 1000, 1000
local MESSAGE = ("\0"):rep(832)
local PROFILES = workload.PROFILES

local jobs = {}
local transport, key

local function timed(count, f, ...)
  local start = now()
  for _ = 1, count do f(...) end
  return now() - start
end

-- --- beside plain C ---

local function need_session(options)
  options = options or {}
  options.ca_file, options.timeout = folder .. "/server-ca.pem", 600
  options.connect_timeout = 60
  transport = transport or assert(core.http.new(options))
  return transport
end

local function crowd(size, url)
  local transfers = {}
  for index = 1, size do
    transfers[index] = assert(transport:submit { url = url })
  end
  while assert(transport:step(1)) > 0 do end
  for _, transfer in ipairs(transfers) do
    assert(assert(transfer:result()).status == 200)
    transfer:close()
  end
end

function jobs.crowd(count, argument)
  local size, url = argument:match "^(%d+):(.*)$"
  need_session { http2 = false, max_connections = tonumber(size) }
  return timed(count, crowd, tonumber(size), url)
end

function jobs.sign(count)
  key = key or assert(core.private_key(assert(
    shell.read_file(folder .. "/private.pem"))))
  return timed(count, function() assert(key:sign(MESSAGE)) end)
end

-- --- JSON ---

local CONFIGURATION = workload.configuration(PROVIDERS)

function jobs.bytes() return #CONFIGURATION end

function jobs.json(count)
  return timed(count, function() assert(json.decode(CONFIGURATION)) end)
end

function jobs.configuration(count)
  local client = workload.client(CONFIGURATION)
  assert(client.api:configuration())
  return timed(count, function() assert(client.api:configuration()) end)
end

-- A list from the cache: sorted and copied for the caller.
function jobs.providers(count)
  local client = workload.client(CONFIGURATION)
  return timed(count, function()
    assert(#assert(client:providers()) == PROVIDERS)
  end)
end

function jobs.permits(count)
  local ask = workload.cached()
  return timed(count, ask)
end

-- --- one flight for many ---

-- Its token request hangs until `release`.
local function held_client(driver)
  local inner, state = workload.transport(PROFILES), { tokens = 0, held = true }
  local client = workload.client(PROFILES,
    { driver = driver, transport = inner })
  local submit = inner.submit
  function inner.submit(self, request)
    local transfer = submit(self, request)
    if request.url:find("/o/client/token", 1, true) then
      state.tokens = state.tokens + 1
      function transfer.ended() return not state.held end
    end
    return transfer
  end
  return client, state
end

local function flight()
  local time = 0
  local driver = adobepass.driver.tick { now = function() return time end }
  local client, state = held_client(driver)
  for _ = 1, WAITERS do
    driver.start(function() assert(client.api:profiles()) end)
  end
  for frame = 1, 1e6 do
    time = time + 1 / 60
    state.held = frame < 10
    if client:update() == 0 then break end
  end
  assert(state.tokens == 1, "more than one token request")
end

function jobs.flight(count) return timed(count, flight) end

-- --- memory ---

local function used()
  collectgarbage()
  collectgarbage()
  return collectgarbage "count" * 1024
end

local function resident()
  return tonumber((shell.read_file "/proc/self/status")
    :match "VmRSS:%s+(%d+)") * 1024
end

-- Bytes of memory that each transfer takes while it waits for its answer.
local function transfers(count, url, http2)
  need_session { http2 = http2 }
  crowd(1, (url:gsub("silent$", "answer"))) -- opens what is there once
  local list, before = {}, resident()
  for index = 1, count do
    list[index] = assert(transport:submit { url = url })
  end
  local stop = now() + 2
  while now() < stop do assert(transport:step(0.05) == #list) end
  return (resident() - before) / #list
end

function jobs.transfer(count, url) return transfers(count, url, false) end
function jobs.transfer2(count, url) return transfers(count, url, true) end

local SESSION = json.encode { actionName = "authenticate", code = "ABCDEFG",
  actionType = "interactive", url = "/api/v2/authenticate/REF30/ABCDEFG" }

local function log_in_many(client, driver)
  local tasks, told = {}, 0
  for index = 1, LOGINS do
    local view = client:device { id = "viewer-" .. index }
    tasks[index] = driver.start(function()
      view:login { mvpd = "Cablevision", domain_name = "adobe.com",
        redirect_url = "https://adobe.com", on_code = function()
          told = told + 1
        end }
    end)
  end
  for _ = 1, 5 do driver.update() end
  assert(told == LOGINS, "not everybody waits")
  return tasks
end

-- Bytes of Lua's memory of one who waits for a second screen.
function jobs.login()
  local driver = adobepass.driver.tick { now = function() return 0 end }
  local function answer(request)
    local is_session = request.url:find("/sessions", 1, true)
    return is_session and SESSION or '{"profiles":{}}'
  end
  local client = workload.client(answer, { driver = driver, device = false,
    store = adobepass.store.memory { max = 100 * LOGINS } })
  local before = used()
  local tasks = log_in_many(client, driver)
  local each = (used() - before) / LOGINS
  assert(#tasks == LOGINS)
  return each
end

-- --- growth ---

local views

local function each_asks()
  for index = 1, #views do
    assert(views[index].api:profiles())
  end
end

-- Makes so many devices that each have a token; bytes of Lua's memory each.
function jobs.devices(count)
  views = nil
  local client = workload.client(PROFILES, { device = false,
    store = adobepass.store.memory { max = 10 * count + 10 } })
  local before = used()
  views = {}
  for index = 1, count do
    views[index] = client:device { id = ("device-%05d"):format(index) }
  end
  each_asks()
  return (used() - before) / count
end

--- Seconds of one call, among so many devices that take turns: of the
-- processor's time, since others may want the processor meanwhile.
function jobs.asks(count)
  local rounds = math.max(1, math.floor(count / #views))
  local start = os.clock()
  for _ = 1, rounds do each_asks() end
  return (os.clock() - start) / rounds / #views
end

jobs["end"] = function()
  if transport then transport:close() end
  transport, views = nil, nil
  collectgarbage()
  return 0
end

io.stdout:setvbuf "line"
for line in io.lines() do
  local name, count, argument = line:match "^(%S+) (%d+) (%S+)$"
  print(("%.9f"):format(jobs[name](tonumber(count), argument)))
end
