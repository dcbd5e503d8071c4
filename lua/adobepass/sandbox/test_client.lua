--- A client for the tests of an application: client and sandbox in this process, on a
-- virtual clock. No socket is opened, and nothing sleeps: a wait advances the clock.
--
--   local client, control, clock = require("adobepass.sandbox").test_client {}
--
-- @module adobepass.sandbox.test_client

local adobepass = require "adobepass"
local options_of = require "adobepass.util.options"

local START = 1750000000000 -- 2025-06-15; a fixed time, so that tests are repeatable

local OPTIONS = { world = "table?", throttle = "boolean?",
  time = options_of.number(0, 4102444800000), client = "table?" }

-- The options of the client that this module sets.
local OWN = { "environment", "transport", "driver" }

local DEVICE = { id = "test-device", info = {
  primaryHardwareType = "TV", model = "Test TV", version = "1",
  manufacturer = "adobepass", osName = "Linux", osVersion = "6",
  connectionType = "WiFi" } }

local function check(options)
  options_of.check("test_client", options, OPTIONS)
  for _, name in ipairs(OWN) do
    if options.client and options.client[name] ~= nil then
      error(("test_client: client.%s is set by the test client"):format(name))
    end
  end
end

-- Advances the sandbox's clock by whole milliseconds, at least one, since a wait that
-- does not advance it would never end. The tolerance is a float's rounding error.
local function advance(control, seconds)
  assert(control.clock { advance = math.max(1, math.ceil(seconds * 1000 - 1e-3)) })
end

-- Returns a function that returns the seconds since its creation. A control call may
-- set the clock back; the client's time then continues.
local function elapsed(sandbox)
  local last, passed = sandbox:now(), 0
  return function()
    local now = sandbox:now()
    passed, last = passed + math.max(0, now - last), now
    return passed / 1000
  end
end

local function driver_of(sandbox, control)
  local now = elapsed(sandbox)
  local function sleep(seconds) advance(control, seconds) end
  local function wait(transport, transfer, deadline)
    while not transfer:ended() do
      local left = deadline - now()
      if left <= 0 then return false end
      local running = transport:step(left)
      if running == 0 and not transfer:ended() then sleep(left) end
    end
    return true
  end
  local function wall() return sandbox:now() / 1000 end
  return { wait = wait, sleep = sleep, now = now,
    clock = { monotonic = now, wall = wall } }
end

local function new_client(sandbox, driver, given)
  local sp = given.service_provider or "REF30"
  local statement, message = given.software_statement, nil
  if not statement then
    statement, message = sandbox.control.statement { service_provider = sp }
  end
  if not statement then error("test_client: client: " .. message) end
  local fields = { service_provider = sp, software_statement = statement,
    environment = { api = sandbox.api, mgmt = sandbox.mgmt },
    transport = sandbox:transport(), driver = driver, device = DEVICE,
    store = adobepass.store.memory { now = driver.now },
    redirect_url = "https://adobe.com", random = function() return 0.5 end }
  for name, value in pairs(given) do fields[name] = value end
  return adobepass.new(fields)
end

--- Creates a sandbox and a client of it.
-- @param new the function that creates a sandbox: `adobepass.sandbox.new`
-- @tparam[opt] table options
--
-- * `world`: the sandbox's data, merged over `adobepass.sandbox.data.world`
-- * `throttle`: false disables the sandbox's rate limit
-- * `time`: the first time, in milliseconds since 1970
-- * `client`: options of adobepass.new; `environment`, `transport` and
--   `driver` are set here; `service_provider` (REF30), `software_statement`, `device`,
--   `redirect_url`, `store` and `random` have defaults
--
-- @treturn table client
-- @treturn table control the control calls, such as `control.login { ... }`
-- @treturn table clock `sleep(seconds)`, and `now()`: milliseconds since 1970
return function(new, options)
  options = options or {}
  check(options)
  local start = options.time or START
  local sandbox = new(options.world, { throttle = options.throttle,
    now = function() return start end })
  local control = sandbox.control
  local driver = driver_of(sandbox, control)
  local clock = { sleep = driver.sleep, now = function() return sandbox:now() end }
  return new_client(sandbox, driver, options.client or {}), control, clock
end
