--- The calls of one process or nginx worker in `make kill`. Plain Lua without
-- busted, which nginx does not have.

-- luacheck: globals ngx

local core = require "adobepass.core"
local adobepass = require "adobepass"
local json = require "adobepass.util.json"
local many_clients = require "spec.support.many_clients"

local caller = {}

local INFO = { primaryHardwareType = "TV", model = "Living room", version =
  "1", osName = "Linux", osVersion = "6", connectionType = "WiFi" }

--- Seconds of a call, and of a lock (adobepass.auth.refresh_lock).
caller.TIMEOUT = 1.5
caller.LOCK = caller.TIMEOUT * 2 / 3

--- Seconds by which responses of the service and writes to the store are late, so
-- that the faults hit each step of a registration about as often.
caller.LATENCY = 0.03

-- Counts the profiles of a response.
local function count(profiles)
  local number = 0
  for _ in pairs(profiles or {}) do number = number + 1 end
  return number
end

local function slow_store(at, driver)
  local store = adobepass.store[at.store[1]](at.store[2])
  return setmetatable({ replace = function(_, ...)
    driver.sleep(caller.LATENCY)
    return store:replace(...)
  end }, { __index = store })
end

local function new_client(at, worker, on_event)
  local driver = adobepass.driver[at.driver or "block"]()
  return many_clients.new_client(at, { timeout = caller.TIMEOUT,
    store = slow_store(at, driver), driver = driver, on_event = on_event,
    device = { id = at.device, info = INFO,
      user_agent = "worker-" .. worker } })
end

--- Makes one call, which registers the device and requests a token if needed.
-- Returns `outcome`, `profiles` (a number), `worker`, and `is_slow`: a
-- registration may have lasted longer than the lock, or its response came late.
-- @tparam table at see many_clients.new_named; and `device`, its id
-- @param worker the process id, which the service receives as User-Agent
function caller.call(at, worker)
  local registered_at
  local client = new_client(at, worker, function(event)
    if event.type == "registration" then registered_at = core.clock.monotonic() end
  end)
  local response, err = client.api:profiles()
  local is_slow = registered_at and (not response
    or core.clock.monotonic() - registered_at > caller.LOCK * 0.8)
  client:close()
  return { outcome = many_clients.outcome_of(response, err), worker = worker,
    profiles = response and count(response.profiles), is_slow = is_slow or false }
end

--- Makes one call in a worker of nginx.
function caller.in_nginx(at)
  return caller.call(at, tostring(ngx.worker.pid()))
end

--- Main function of a process: prints `begin`, repeats the call until it succeeds,
-- and prints the result of each as a line of JSON.
function caller.main(text)
  local at, worker = json.decode(text), os.getenv "WORKER"
  local result
  io.stdout:setvbuf "no"
  print "begin"
  repeat
    result = caller.call(at, worker)
    print(json.encode(result))
    if result.outcome ~= "ok" then core.clock.sleep(0.05) end
  until result.outcome == "ok"
end

--- Returns the client_id that a store has for a device; nil if there is none.
function caller.stored(at)
  local client = new_client(at, "observer")
  local id, err = client:client_id()
  client:close()
  assert(not err, err)
  return id
end

return caller
