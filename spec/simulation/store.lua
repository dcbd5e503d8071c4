--- The store of a simulated process: the real store of its machine, with faults, and
-- checks of each write.

local json = require "adobepass.util.json"
local tools = require "spec.simulation.tools"

local next_number, chance, log = tools.next_number, tools.chance, tools.log
local violated, touch, is_noisy = tools.violated, tools.touch, tools.is_noisy

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

--- Returns the store of a machine without faults.
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
  if after.lock and lock and owner.process ~= process then
    process.took_over = owner.process.registered ~= nil
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

-- Notes the record that a process reads, and when its token was issued by the clocks
-- at that time. The wall clock may be set between two reads; the oldest age counts,
-- since the process may have dropped the token at that read.
local function note_read(process, text)
  local token = text and json.decode(text).token
  local age = token and process.machine.require("adobepass.policy.timestamp")
    .age(token)
  local issued = age and process.world.time - age
  if issued and text == process.last_read then
    issued = math.min(issued, process.issued)
  end
  process.last_read, process.token, process.issued = text, token, issued
end

--- Creates the store of a process.
local function new_store(process)
  local inner = raw_store(process.world, process.machine)
  local store = {}
  function store.get(_, key)
    yield_in_task(process)
    if fails(process, "get") then return nil, "down", "store_failed" end
    local text, message, code = inner:get(key)
    yield_in_task(process)
    if key:find "^access" then note_read(process, text) end
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

return { new = new_store, raw = raw_store }
