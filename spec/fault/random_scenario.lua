--- A random scenario: a gateway with three devices, whose viewers act one after
-- the other or concurrently, while service, network and clocks have faults.
--
--   random_scenario.run(random)           raises when an invariant is violated
--   random_scenario.run(random, change)   change(scenario) may modify it first
--   random_scenario.total                 runs, actions, requests and faults
--   random_scenario.close()               releases the sandbox

local adobepass = require "adobepass"
local viewer_actions = require "spec.fault.viewer_actions"
local core = require "adobepass.core"
local fake_driver = require "spec.support.fake_driver"
local sandbox_fixture = require "spec.sandbox.fixture"
local memory = require "adobepass.store.memory"
local faulty_transport = require "spec.fault.faulty_transport"
local invariants = require "spec.fault.invariants"

-- luacheck: read_globals table.unpack unpack
local unpack = table.unpack or unpack

local random_scenario = {
  total = { runs = 0, actions = 0, requests = 0, faults = 0 } }

-- --- One sandbox for all scenarios ------------------------------------------

local sandbox, snapshot, statement, listener

local function open_sandbox()
  if sandbox then return end
  sandbox = sandbox_fixture.new(
    { mgmt = "https://mgmt.test", throttle = true }).sandbox
  statement = sandbox.control.statement()
  snapshot = sandbox.control.snapshot()
  local handle = sandbox.handle
  function sandbox.handle(self, request)
    local response = handle(self, request)
    listener(request, response)
    return response
  end
end

-- --- Clocks -----------------------------------------------------------------

local SAVED = { monotonic = core.clock.monotonic, wall = core.clock.wall }

local function set_clocks(scenario)
  function core.clock.monotonic() return 1000 + scenario.driver.now() end
  function core.clock.wall()
    return sandbox:now() / 1000 + scenario.transport.wall
  end
end

local function restore_clocks()
  for name, clock in pairs(SAVED) do core.clock[name] = clock end
end

-- --- Devices and viewers ----------------------------------------------------

local DEVICES = {
  { name = "hall", viewers = { "ann", "home" } },
  { name = "kitchen", viewers = { "bob", "ann" } },
  { name = "attic", viewers = { "kim", "bob", "stranger", "gone" } },
}

local function info_of(name)
  return { primaryHardwareType = "TV", model = name, version = "1",
    osName = "Linux", osVersion = "6", connectionType = "WiFi" }
end

local function new_client(scenario)
  local random = scenario.random
  return adobepass.new {
    service_provider = "REF30", software_statement = statement,
    environment = { api = sandbox.api, mgmt = sandbox.mgmt },
    transport = scenario.transport, driver = scenario.driver,
    store = memory { now = scenario.driver.now }, timeout = scenario.timeout,
    redirect_url = "https://adobe.com",
    rate_limit = sandbox.is_throttled,
    random = function() return random:upto(1000) / 1000 end,
    on_event = function(event) scenario.invariants:add_visible(event) end,
  }
end

local function add_devices(scenario)
  for index, row in ipairs(DEVICES) do
    local id = "device-of-the-" .. row.name
    scenario.invariants:add_secret(id)
    scenario.devices[index] = { name = row.name, viewers = row.viewers,
      viewer = scenario.random:pick(row.viewers),
      client = scenario.client:device {
        id = id, info = info_of(row.name), ip = "192.0.2." .. index } }
    scenario.invariants:add_visible(tostring(scenario.devices[index].client))
  end
end

-- A few actions, each repeated, interact more often than many different ones.
local function pick_actions(random)
  local chosen = {}
  for index = 1, 4 do chosen[index] = random:pick(viewer_actions.list) end
  return chosen
end

local function new_scenario(random)
  open_sandbox()
  assert(sandbox.control.snapshot { restore = snapshot })
  sandbox.is_throttled = random:chance(0.3)
  local scenario = { random = random, sandbox = sandbox,
    control = sandbox.control, devices = {},
    actions = pick_actions(random),
    invariants = invariants.new(), timeout = random:pick { 2, 10, 30 },
    driver = fake_driver.new(sandbox) }
  scenario.transport = faulty_transport.new { random = random,
    sandbox = sandbox, invariants = scenario.invariants,
    fault_rate = random:pick { 0, 0.1, 0.3, 0.6 } }
  listener = scenario.transport.record_response
  set_clocks(scenario)
  scenario.invariants:add_secret(statement)
  scenario.client = new_client(scenario)
  add_devices(scenario)
  return scenario
end

-- --- The scenario -----------------------------------------------------------

-- In seconds. The clock has whole milliseconds, and each wait is rounded up.
local SLACK = 0.1

local function check_time(scenario, action, started, jumped)
  local took = scenario.driver.now() - started
    - (scenario.transport.jumped - jumped)
  local most = action.timeouts * scenario.timeout + action.seconds + SLACK
  assert(took <= most, ("took %.3f s of %.3f"):format(took, most))
end

local function run_protected(scenario, device, action)
  local started, jumped = scenario.driver.now(), scenario.transport.jumped
  random_scenario.total.actions = random_scenario.total.actions + 1
  local good, why = xpcall(function()
    action.run(scenario, device)
    check_time(scenario, action, started, jumped)
  end, debug.traceback)
  if not good then
    error(("%s of %s: %s"):format(action.name, device.name, tostring(why)), 0)
  end
end

-- Without pcall: Lua 5.1 cannot yield across it.
local function run_plain(scenario, device, action)
  local started, jumped = scenario.driver.now(), scenario.transport.jumped
  random_scenario.total.actions = random_scenario.total.actions + 1
  scenario.current[device.name] = action.name
  action.run(scenario, device)
  check_time(scenario, action, started, jumped)
end

local function run_actions(scenario, device, how)
  return function()
    for _ = 1, scenario.random:upto(5) do
      how(scenario, device, scenario.random:pick(scenario.actions))
    end
  end
end

local function run_concurrently(scenario)
  scenario.current = {}
  local parts = {}
  for index, device in ipairs(scenario.devices) do
    parts[index] = run_actions(scenario, device, run_plain)
  end
  local good, why = pcall(scenario.driver.run, unpack(parts))
  if good then return end
  local now = {}
  for name, action in pairs(scenario.current) do
    now[#now + 1] = name .. ": " .. action
  end
  error(table.concat(now, ", ") .. ": " .. tostring(why), 0)
end

local function run_in_order(scenario)
  for _, device in ipairs(scenario.devices) do
    run_actions(scenario, device, run_protected)()
  end
end

local function run_checked(scenario, change)
  if change then change(scenario) end
  if scenario.random:chance(0.3) then run_concurrently(
    scenario) else run_in_order(scenario) end
  scenario.invariants:check_secrets()
end

function random_scenario.run(random, change)
  local scenario = new_scenario(random)
  local good, why = pcall(run_checked, scenario, change)
  restore_clocks()
  local total = random_scenario.total
  total.runs = total.runs + 1
  total.requests = total.requests + scenario.invariants.requests
  total.faults = total.faults + scenario.transport.faults
  for _, entry in ipairs(sandbox.state.journal) do
    assert(entry.failure == nil, entry.failure)
  end
  assert(good, why)
  return scenario
end

--- Releases the sandbox and its keys.
function random_scenario.close()
  sandbox, snapshot, statement, listener = nil, nil, nil, nil
end

return random_scenario
