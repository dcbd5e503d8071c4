--- One simulated run: several processes on one store, in virtual time, with
-- seeded faults. See docs/credentials.md, "Simulation".
--
--   simulation.new(defect):run(seed, trace)  raises when an invariant is violated

local device_record = require "adobepass.device.record"
local json = require "adobepass.util.json"
local modules = require "spec.simulation.modules"
local sandbox_fixture = require "spec.sandbox.fixture"
local sandbox_tokens = require "adobepass.sandbox.data.tokens"

local simulation = {}
local Simulation = {}
Simulation.__index = Simulation

local API = "https://api.test"
local QUIET_AT, END_AT = 200, 5000

-- --- random numbers ----------------------------------------------------------

local function next_number(self)
  self.state = self.state * 16807 % 2147483647
  return self.state / 2147483647
end
local function upto(self, n) return math.floor(next_number(self) * n) + 1 end
local function chance(self, p) return next_number(self) < p end
local function pick(self, list) return list[upto(self, #list)] end

local function bytes(self, n)
  local list = {}
  for index = 1, n do list[index] = string.char(upto(self, 256) - 1) end
  return table.concat(list)
end

-- --- reports -----------------------------------------------------------------

local function log(self, who, text, ...)
  if not self.trace then return end
  print(("%9.3f %-4s " .. text):format(self.time, who and who.name or "-", ...))
end

local function count(self, kind)
  self.total.faults[kind] = (self.total.faults[kind] or 0) + 1
end

local function violated(text, ...) error("violated: " .. text:format(...), 0) end

-- A fault on a process explains an unused registration of this process.
local function touch(process, kind)
  local self = process.world
  count(self, kind)
  log(self, process, "fault: %s", kind)
  if process.registered then self.excused[process.registered] = kind end
  process.touched = true
end

local function is_noisy(self) return not self.calm and self.time < QUIET_AT end

-- --- machines ----------------------------------------------------------------

local function file_of(self)
  local file = {}
  function file.make_folder() return true end
  function file.read(path)
    local content = self.files[path]
    if content then return content end
    return nil, "There is no file.", "not_found"
  end
  function file.write(path, content)
    self.files[path] = content
    return true
  end
  function file.remove(path)
    self.files[path] = nil
    return true
  end
  function file.lock()
    local process = self.running
    if process and is_noisy(self) and chance(self, self.rate / 4) then
      touch(process, "store lock")
      return nil, "busy", "busy"
    end
    return { close = function() end }
  end
  return file
end

local function new_machine(self, number, defect)
  local machine = { wall = 0, boot = "boot" .. number, started = number * 1e4 }
  machine.clock = { monotonic = function() return machine.started + self.time end,
    wall = function() return 1.75e9 + self.time + machine.wall end }
  machine.random = { bytes = function(n) return bytes(self, n) end,
    uuid = function()
      self.uuids = self.uuids + 1
      return "uuid-" .. self.uuids
    end }
  machine.file = file_of(self)
  machine.require = modules.new(machine, defect)
  return machine
end

-- --- the store ---------------------------------------------------------------

local function redis_client(self)
  local client = {}
  local function living(key)
    local entry = self.entries[key]
    return entry and entry.ends > self.time and entry.value or nil
  end
  local function put(key, value, ms)
    self.entries[key] = { value = value,
      ends = ms and self.time + tonumber(ms) / 1000 or math.huge }
  end
  function client.get(_, key) return living(key) end
  function client.set(_, key, value, how, _, ms)
    if how == "NX" and living(key) then return nil end
    put(key, value, ms)
    return "OK"
  end
  function client.eval(_, script, _, key, expected, value, ms)
    assert(script:find("ARGV[3]", 1, true))
    if living(key) ~= expected then return 0 end
    put(key, value, ms ~= "" and ms or nil)
    return 1
  end
  return client
end

local function raw_store(self, machine)
  if self.is_file then return machine.require "adobepass.store.file" "/store" end
  local client = redis_client(self)
  return machine.require "adobepass.store.redis" {
    connect = function() return client end }
end

local function yield_in_task(process)
  local self = process.world
  if self.running ~= process or not self.task
      or coroutine.running() ~= self.task.thread then return end
  if chance(self, 0.5) then
    self.task.wake = self.time + next_number(self) * 0.01
    -- A task that is cancelled within a store call cannot know whether its lock was
    -- written; other processes wait for its end.
    self.task.is_in_store = true
    coroutine.yield()
    self.task.is_in_store = false
  end
end

local function check_credentials(process, old, new)
  local self = process.world
  local before = old and json.decode(old)
  local id = json.decode(new).client_id
  log(self, process, "credentials: %s", id)
  if before and not self.refused[before.client_id] then
    violated("C1: %s overwrote good credentials", process.name)
  end
  self.stored[id] = true
end

local function check_access(process, old, new)
  local self = process.world
  local before, after = old and json.decode(old) or {}, json.decode(new)
  local lock = before.lock
  local owner = lock and self.owners[lock.owner]
  if lock and owner.process ~= process
      and self.time < owner.since + lock.seconds then
    violated("C2: %s wrote over a live lock of %s", process.name,
      owner.process.name)
  elseif not after.lock and (not owner or owner.process ~= process) then
    violated("C2: %s wrote a result without the lock", process.name)
  end
  if after.lock then
    self.owners[after.lock.owner] = { process = process, request = process.request,
      since = after.lock.monotonic - process.machine.started }
  end
end

local function fails(process, operation)
  local self = process.world
  if not is_noisy(self) or not chance(self, self.rate / 4) then return false end
  touch(process, "store " .. operation)
  process.store_failed = true
  return true
end

local function new_store(process)
  local inner = raw_store(process.world, process.machine)
  local store = {}
  function store.get(_, key)
    yield_in_task(process)
    if fails(process, "get") then return nil, "down", "store_failed" end
    local text, message, code = inner:get(key)
    if key:find "^access" then process.last_read, process.read_wall =
        text, process.read_wall end
    yield_in_task(process)
    return text, message, code
  end
  function store.replace(_, key, value, expected, seconds)
    yield_in_task(process)
    if fails(process, "replace before") then return nil, "down", "store_failed" end
    local old = inner:get(key)
    local done, message, code = inner:replace(key, value, expected, seconds)
    if done == nil then process.store_failed = true end
    if done then
      local check = key:find "^access" and check_access or check_credentials
      check(process, old, value)
      if check == check_credentials then process.registered = nil end
      if fails(process, "replace after") then done, message = nil, "down" end
    end
    yield_in_task(process)
    return done, message, code
  end
  return store
end

-- --- the service and the network ---------------------------------------------

local Transfer = {}
Transfer.__index = Transfer
function Transfer:ended() return self.world.time >= self.due end
function Transfer:result()
  if not self:ended() then return nil, "late", "pending" end
  if self.response then return self.response end
  return nil, "The connection ended.", "connection_lost"
end
function Transfer.close() end

local REFUSALS = { 401, 403, 429, 500, 503 }

local function answer(status, body)
  return { status = status, headers = {}, body = body or "{}" }
end

local function headers_of(process, given)
  local list = {}
  local all = process.machine.require("adobepass.api.request").header_table(given)
  for name, value in pairs(all) do list[name:lower()] = value end
  return list
end

-- The processes do not read a token, and a signature takes 1 ms.
local function handle_unsigned(sandbox, request)
  local signed = sandbox_tokens.access
  sandbox_tokens.access = function() return "token-" .. sandbox:uuid() end
  local response = sandbox:handle(request)
  sandbox_tokens.access = signed
  return response
end

local function ask_service(process, given)
  local self = process.world
  local path, query = given.url:sub(#API + 1):match "^([^?]*)%??(.*)$"
  local response = handle_unsigned(self.sandbox, { method = given.method, path = path,
    query = query ~= "" and query or nil, body = given.body,
    headers = headers_of(process, given), remote_addr = "127.0.0.1" })
  local headers = {}
  for _, pair in ipairs(response.headers) do headers[pair[1]:lower()] = pair[2] end
  return { status = response.status, headers = headers, body = response.body }
end

local function note_response(process, is_register, response, given)
  local self = process.world
  log(self, process, "%s: %d", is_register and "register" or "token",
    response.status)
  if is_register and response.status == 201 then
    local id = json.decode(response.body).client_id
    self.total.registrations = self.total.registrations + 1
    self.registrations[#self.registrations + 1] = id
    process.registered = id
  elseif response.body:find "invalid_client" then
    local id = given.body:match "client_id=([%w-]+)"
    if id then self.refused[id] = true end
  end
end

local function submit(process, given)
  local self = process.world
  local is_register = given.url:find("register", 1, true) ~= nil
  local transfer = setmetatable({ world = self,
    due = self.time + 0.02 + next_number(self) * 0.3 }, Transfer)
  local kind = is_noisy(self) and chance(self, self.rate)
    and upto(self, 5) or 0
  if kind == 1 then
    count(self, "lost request")
    return transfer
  elseif kind == 2 then
    count(self, "refusal")
    transfer.response = answer(pick(self, REFUSALS))
    return transfer
  elseif kind == 3 and not is_register then
    count(self, "invalid_client")
    transfer.response = answer(400, '{"error":"invalid_client"}')
    note_response(process, false, transfer.response, given)
    return transfer
  end
  transfer.response = ask_service(process, given)
  note_response(process, is_register, transfer.response, given)
  if kind == 4 then
    touch(process, "lost response")
    transfer.response = nil
  elseif kind == 5 then
    touch(process, "late response")
    transfer.due = self.time + 60
  end
  return transfer
end

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

local function valid_token(process, refusal)
  local record = process.last_read and json.decode(process.last_read)
  local token = record and record.token
  -- A token may become valid when the clock is set after the read.
  if not token or refusal or process.read_wall ~= process.machine.wall then
    return nil
  end
  local age = process.machine.require("adobepass.policy.timestamp").age(token)
  return token.expires_in - age > 1
end

local function start_memory(process)
  local machine, self = process.machine, process.world
  local load = machine.require
  process.store = new_store(process)
  process.connection = load("adobepass.api.connection").new {
    service_provider = "REF30", statement = self.statement,
    origins = { api = API, mgmt = API }, store = process.store,
    driver = driver_of(process), timeout = self.timeout,
    transport = { submit = function(_, given) return submit(process, given) end },
    rate_limit = load("adobepass.policy.rate_limiter").new(
      not self.is_crowd and { rate = 100 } or nil),
    retry = load("adobepass.policy.retry").new(),
    chance = function() return next_number(self) end,
    clock = load("adobepass.policy.server_clock").new {
      monotonic = function() return self.time end, wall = machine.clock.wall } }
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
  process.store_failed, process.refusal = false, refusal
  process.read_wall = process.machine.wall
  process.request = (process.request or 0) + 1
  local deadline = self.time + self.timeout
  local held, err = tokens_of(process, device):get(deadline, refusal)
  if held then
    self.total.tokens = self.total.tokens + 1
    process.served, process.id = true, held.id
    log(self, process, "has a token")
  else
    log(self, process, "failed: %s", err.code)
    if self.time < deadline and not process.store_failed
        and valid_token(process, refusal) then
      violated("C4: %s failed although a valid token is stored", process.name)
    end
    if self.is_crowd then violated("C5: a newcomer failed: %s", err.code) end
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
  local raw = raw_store(self, process.machine)
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
  self.is_crowd = chance(self, 0.02)
  self.is_file = chance(self, 0.5)
  self.calm = self.is_crowd
  self.rate = pick(self, { 0.05, 0.15, 0.3, 0.5 })
  self.timeout = self.is_crowd and 30 or pick(self, { 10, 30, 60 })
  self.sandbox.world.lifetimes.access_token = pick(self, { 21600, 400 })
  for _, machine in ipairs(self.machines) do machine.wall = 0 end
  self.sandbox.state.clients, self.sandbox.state.journal = {}, {}
end

local function start_crowd(self)
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
  for number = 1, self.is_crowd and 1 or 2 + upto(self, 2) do
    add_process(self, number)
  end
  if self.is_crowd then start_crowd(self) else
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
  local fixture = sandbox_fixture.new { api = API,
    random = function(n) return bytes(self, n) end }
  self.sandbox = fixture.sandbox
  self.statement = self.sandbox.control.statement()
  self.sandbox.clock = function() return sandbox_fixture.START + self.time * 1000 end
  for number = 1, 2 do self.machines[number] = new_machine(self, number, defect) end
  return self
end

return simulation
