--- A whole story, made by a die: a gateway with three devices and their
-- viewers, each of whom does this and that, after each other or at once,
-- while everything goes wrong.
--
--   tale.run(die)          raises where the product does not hold
--   tale.run(die, twist)   twist(on) may break it first, or choose `on.acts`
--   tale.total             runs, acts, requests and faults so far
--   tale.close()           lets go of the sandbox

local adobepass = require "adobepass"
local acts = require "spec.fault.viewer_actions"
local core = require "adobepass.core"
local fake_driver = require "spec.support.fake_driver"
local helper = require "spec.sandbox.fixture"
local memory = require "adobepass.store.memory"
local network = require "spec.fault.faulty_transport"
local witness = require "spec.fault.invariants"

-- luacheck: read_globals table.unpack unpack
local unpack = table.unpack or unpack

local tale = { total = { runs = 0, acts = 0, requests = 0, faults = 0 } }

-- --- one sandbox for all stories --------------------------------------------

local box, fresh, statement, listener

local function open_box()
  if box then return end
  box = helper.new({ mgmt = "https://mgmt.test", throttle = true }).box
  statement = box.control.statement()
  fresh = box.control.snapshot()
  local handle = box.handle
  function box.handle(self, request)
    local response = handle(self, request)
    listener(request, response)
    return response
  end
end

-- --- clocks -----------------------------------------------------------------

local KEPT = { monotonic = core.clock.monotonic, wall = core.clock.wall }

local function set_clocks(on)
  function core.clock.monotonic() return 1000 + on.driver.now() end
  function core.clock.wall()
    return box:now() / 1000 + on.transport.wall
  end
end

local function restore_clocks()
  for name, clock in pairs(KEPT) do core.clock[name] = clock end
end

-- --- who is there -----------------------------------------------------------

local DEVICES = {
  { name = "hall", viewers = { "ann", "home" } },
  { name = "kitchen", viewers = { "bob", "ann" } },
  { name = "attic", viewers = { "kim", "bob", "stranger", "gone" } },
}

local function info_of(name)
  return { primaryHardwareType = "TV", model = name, version = "1",
    osName = "Linux", osVersion = "6", connectionType = "WiFi" }
end

local function new_client(on)
  local die = on.die
  return adobepass.new {
    service_provider = "REF30", software_statement = statement,
    environment = { api = box.api, mgmt = box.mgmt },
    transport = on.transport, driver = on.driver,
    store = memory { now = on.driver.now }, timeout = on.timeout,
    rate_limit = box.is_throttled,
    random = function() return die:upto(1000) / 1000 end,
    on_event = function(event) on.witness:told(event) end,
  }
end

local function add_devices(on)
  for index, row in ipairs(DEVICES) do
    local id = "device-of-the-" .. row.name
    on.witness:keep_secret(id)
    on.people[index] = { name = row.name, viewers = row.viewers,
      viewer = on.die:pick(row.viewers), client = on.client:device {
        id = id, info = info_of(row.name), ip = "192.0.2." .. index } }
    on.witness:told(tostring(on.people[index].client))
  end
end

-- A few acts, done again and again, meet each other more often than many do.
local function repertoire(die)
  local chosen = {}
  for index = 1, 4 do chosen[index] = die:pick(acts.list) end
  return chosen
end

local function new_story(die)
  open_box()
  assert(box.control.restore(fresh))
  box.is_throttled = die:chance(0.3)
  local on = { die = die, box = box, control = box.control, people = {},
    acts = repertoire(die),
    witness = witness.new(), timeout = die:pick { 2, 10, 30 },
    driver = fake_driver.new(box) }
  on.transport = network.new { die = die, box = box, witness = on.witness,
    part = die:pick { 0, 0.1, 0.3, 0.6 } }
  listener = on.transport.heard_by_box
  set_clocks(on)
  on.witness:keep_secret(statement)
  on.client = new_client(on)
  add_devices(on)
  return on
end

-- --- the story --------------------------------------------------------------

-- Time is whole milliseconds, and a wait is never shorter than asked for.
local SLACK = 0.1

local function check_time(on, act, started, jumped)
  local took = on.driver.now() - started - (on.transport.jumped - jumped)
  local most = act.timeouts * on.timeout + act.seconds + SLACK
  assert(took <= most, ("took %.3f s of %.3f"):format(took, most))
end

local function carry_out(on, who, act)
  local started, jumped = on.driver.now(), on.transport.jumped
  tale.total.acts = tale.total.acts + 1
  local good, why = xpcall(function()
    act.run(on, who)
    check_time(on, act, started, jumped)
  end, debug.traceback)
  if not good then
    error(("%s of %s: %s"):format(act.name, who.name, tostring(why)), 0)
  end
end

-- Coroutines, not calls protected, surround what waits: Lua 5.1 cannot yield
-- across the latter.
local function step(on, who, act)
  local started, jumped = on.driver.now(), on.transport.jumped
  tale.total.acts = tale.total.acts + 1
  on.now[who.name] = act.name
  act.run(on, who)
  check_time(on, act, started, jumped)
end

local function evening(on, who, how)
  return function()
    for _ = 1, on.die:upto(5) do how(on, who, on.die:pick(on.acts)) end
  end
end

local function together(on)
  on.now = {}
  local parts = {}
  for index, who in ipairs(on.people) do
    parts[index] = evening(on, who, step)
  end
  local good, why = pcall(on.driver.run, unpack(parts))
  if good then return end
  local now = {}
  for name, act in pairs(on.now) do now[#now + 1] = name .. ": " .. act end
  error(table.concat(now, ", ") .. ": " .. tostring(why), 0)
end

local function one_by_one(on)
  for _, who in ipairs(on.people) do evening(on, who, carry_out)() end
end

local function play(on, twist)
  if twist then twist(on) end
  if on.die:chance(0.3) then together(on) else one_by_one(on) end
  on.witness:judge()
end

function tale.run(die, twist)
  local on = new_story(die)
  local good, why = pcall(play, on, twist)
  restore_clocks()
  local total = tale.total
  total.runs = total.runs + 1
  total.requests = total.requests + on.witness.requests
  total.faults = total.faults + on.transport.faults
  for _, entry in ipairs(box.state.journal) do
    assert(entry.failure == nil, entry.failure)
  end
  assert(good, why)
  return on
end

--- The sandbox and its keys may be collected.
function tale.close()
  box, fresh, statement, listener = nil, nil, nil, nil
end

return tale
