--- One simulated run: several processes on one store, in virtual time, with
-- seeded faults. See docs/credentials.md, "Simulation".
--
--   simulation.new(defect):run(seed, trace)  raises when an invariant is violated

local device_record = require "adobepass.device.record"
local json = require "adobepass.util.json"
local machines = require "spec.simulation.machine"
local sandbox_fixture = require "spec.sandbox.fixture"
local service = require "spec.simulation.service"
local store = require "spec.simulation.store"
local tools = require "spec.simulation.tools"

local next_number, upto, chance = tools.next_number, tools.upto, tools.chance
local pick, bytes, log = tools.pick, tools.bytes, tools.log
local count, violated, touch = tools.count, tools.violated, tools.touch
local is_noisy = tools.is_noisy

local simulation = {}
local Simulation = {}
Simulation.__index = Simulation

local QUIET_AT, END_AT = tools.QUIET_AT, 5000

-- --- processes and tasks -----------------------------------------------------

local function driver_of(process)
  local self = process.world
  return { now = function() return self.time end,
    task = function() return self.task end,
    sleep = function(seconds)
      self.task.wake = self.time + math.max(seconds, 0.001)
      coroutine.yield()
    end,
    wait = function(_, transfer, deadline)
      self.task.wake = math.min(transfer.due, deadline)
      coroutine.yield()
    end }
end

-- Returns whether the record that the process read last has a valid token.
local function has_valid_token(process)
  local token = process.token
  return token ~= nil
    and token.expires_in - (process.world.time - process.issued) > 1
end

local function start_memory(process)
  local self = process.world
  local load = process.machine.require
  process.store = store.new(process)
  process.connection = load("adobepass.api.connection").new {
    service_provider = "REF30", statement = self.statement,
    origins = { api = service.API, mgmt = service.API }, store = process.store,
    driver = driver_of(process), timeout = self.timeout,
    transport = { submit = function(_, given)
      return service.submit(process, given)
    end },
    rate_limit = load("adobepass.policy.rate_limiter").new(
      not self.is_burst and { rate = 100 } or nil),
    retry = load("adobepass.policy.retry").new(),
    circuit_breaker = load("adobepass.policy.circuit_breaker").new(),
    chance = function() return next_number(self) end,
    clock = load("adobepass.policy.server_clock").new {
      monotonic = function() return self.time end,
      wall = process.machine.clock.wall } }
  process.tokens = {}
end

local function tokens_of(process, device)
  local found = process.tokens[device]
  if not found then
    found = process.machine.require("adobepass.auth.access_token").new(
      process.connection, { record = device_record.new { id = device,
        info = sandbox_fixture.INFO, ip = "192.0.2.1" },
        key = device, headers = {} }, process.connection, device)
    process.tokens[device] = found
  end
  return found
end

local function request_token(process, device, refusal)
  local self = process.world
  process.store_failed, process.last_read, process.token = false, nil, nil
  process.request = (process.request or 0) + 1
  local deadline = self.time + self.timeout
  local held, err = tokens_of(process, device):get(deadline, refusal)
  if held then
    self.total.tokens = self.total.tokens + 1
    process.served, process.id = true, held.id
    log(self, process, "has a token")
  else
    log(self, process, "failed: %s", err.code)
    if self.time < deadline and not process.store_failed and not refusal
        and has_valid_token(process) then
      violated("C4: %s failed although a valid token is stored", process.name)
    end
    if self.is_burst then violated("C5: a newcomer failed: %s", err.code) end
  end
end

local function spawn(process, work)
  local self = process.world
  local task = { process = process, wake = self.time, thread =
    coroutine.create(work) }
  self.tasks[#self.tasks + 1] = task
  return task
end

local function work_of(process)
  local self = process.world
  return function()
    while self.time < END_AT do
      local refusal = is_noisy(self) and process.id and chance(self, 0.2)
        and { id = process.id } or nil
      if self.time >= QUIET_AT + 700 then process.served = false end
      request_token(process, "device", refusal)
      if self.time >= QUIET_AT + 700 and process.served then
        process.settled = true
        return
      end
      self.task.wake = self.time + (is_noisy(self) and upto(self, 120) or 400)
      coroutine.yield()
    end
  end
end

local function remove(self, task)
  for index, other in ipairs(self.tasks) do
    if other == task then table.remove(self.tasks, index) end
  end
end

local function check_lock_is_released(self, task)
  local text = self.processes[1].peek()
  local lock = text and json.decode(text).lock
  local owner = lock and self.owners[lock.owner]
  if owner and owner.process == task.process
      and owner.request == task.process.request
      and not task.process.store_failed and not task.is_in_store then
    violated("C5: a cancelled task of %s left its lock", task.process.name)
  end
end

local function cancel(self, task)
  local process = task.process
  touch(process, "cancellation")
  remove(self, task)
  self.task, self.running = nil, process
  for _, cleanup in pairs(task.cleanups or {}) do cleanup() end
  check_lock_is_released(self, task)
  spawn(process, work_of(process)).wake = self.time + 0.1
end

local function restart(self, task)
  local process = task.process
  touch(process, "restart")
  remove(self, task)
  process.registered, process.id = nil, nil
  start_memory(process)
  spawn(process, work_of(process)).wake = self.time + 0.1
end

local STEPS = { -1, 60, 1e9, -60 }

local function disturb(self, task)
  local process, kind = task.process, upto(self, 5)
  if kind == 1 then
    touch(process, "pause")
    task.wake = self.time + 30 + upto(self, 60)
  elseif kind == 2 then
    cancel(self, task)
  elseif kind == 3 then
    count(self, "clock step")
    log(self, process, "fault: clock step")
    process.machine.wall = process.machine.wall + pick(self, STEPS)
  elseif kind == 4 then
    restart(self, task)
  else
    local id = self.registrations[#self.registrations]
    local client = id and self.sandbox.state.clients[id]
    if not client then return end
    count(self, "loss by the service")
    log(self, nil, "the service forgets %s", id)
    client.revoked, self.refused[id] = true, true
  end
end

-- --- the scheduler -----------------------------------------------------------

local function resume(self, task)
  self.time = math.max(self.time, task.wake)
  self.task, self.running = task, task.process
  local good, why = coroutine.resume(task.thread)
  self.task, self.running = nil, nil
  if not good then error(why, 0) end
  if coroutine.status(task.thread) == "dead" then
    remove(self, task)
  elseif is_noisy(self) and chance(self, self.rate / 8) then
    disturb(self, task)
  end
end

local function next_task(self)
  local soonest
  for _, task in ipairs(self.tasks) do
    if not soonest or task.wake < soonest.wake then soonest = task end
  end
  return soonest
end

local function check_end(self)
  for _, process in ipairs(self.processes) do
    if not process.settled then
      violated("C5: %s has no token after the faults ended", process.name)
    end
  end
  for _, id in ipairs(self.registrations) do
    if not self.stored[id] and not self.excused[id] then
      violated("C3: a registration was not needed")
    end
  end
end

local function add_process(self, number)
  local process = { world = self, name = "p" .. number,
    machine = self.machines[self.is_file and 1 or (number - 1) % 2 + 1] }
  start_memory(process)
  local raw = store.raw(self, process.machine)
  function process.peek() return (raw:get "access:device") end
  self.processes[number] = process
end

local function reset(self, seed, trace)
  self.state = (seed * 48271) % 2147483646 + 1
  for _ = 1, 8 do next_number(self) end
  self.time, self.uuids, self.trace, self.tasks = 0, 0, trace, {}
  self.files, self.entries, self.processes = {}, {}, {}
  self.refused, self.stored, self.excused = {}, {}, {}
  self.owners, self.registrations = {}, {}
  self.is_burst = chance(self, 0.02)
  self.is_file = chance(self, 0.5)
  self.calm = self.is_burst
  self.rate = pick(self, { 0.05, 0.15, 0.3, 0.5 })
  self.timeout = self.is_burst and 30 or pick(self, { 10, 30, 60 })
  self.sandbox.world.lifetimes.access_token = pick(self, { 21600, 400 })
  for _, machine in ipairs(self.machines) do machine.wall = 0 end
  self.sandbox.state.clients, self.sandbox.state.journal = {}, {}
end

local function start_burst(self)
  for index = 1, 18 do
    spawn(self.processes[1], function()
      request_token(self.processes[1], "device" .. index)
    end)
  end
  self.processes[1].settled = true
end

--- Runs one seed. Raises when an invariant is violated.
function Simulation:run(seed, trace)
  reset(self, seed, trace)
  self.total.seeds = self.total.seeds + 1
  for number = 1, self.is_burst and 1 or 2 + upto(self, 2) do
    add_process(self, number)
  end
  if self.is_burst then start_burst(self) else
    for _, process in ipairs(self.processes) do spawn(process, work_of(process)) end
  end
  local steps = 0
  while #self.tasks > 0 do
    steps = steps + 1
    if steps > 20000 then violated "C5: the processes do not end" end
    resume(self, next_task(self))
  end
  check_end(self)
end

--- Creates a simulation; `defect` as in spec.simulation.modules.
function simulation.new(defect)
  local self = setmetatable({ time = 0, state = 1, machines = {},
    total = { seeds = 0, registrations = 0, tokens = 0, faults = {} } },
    Simulation)
  local fixture = sandbox_fixture.new { api = service.API,
    random = function(n) return bytes(self, n) end }
  self.sandbox = fixture.sandbox
  self.statement = self.sandbox.control.statement()
  self.sandbox.clock = function() return sandbox_fixture.START + self.time * 1000 end
  for number = 1, 2 do self.machines[number] = machines.new(self, number, defect) end
  return self
end

return simulation
