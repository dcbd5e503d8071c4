--- Kills and stops two processes, or the workers of two nginx hosts, at random
-- times, and checks that no device loses its credentials.
--
-- Each device registers, then its viewer logs in and its token is revoked, so that
-- the processes renew it. In both parts processes are killed, and stopped for longer
-- than a lock lives. The checks, by the sandbox's journal and the store:
--
-- * credentials that were in the store once are never removed or replaced;
-- * every token request of the device uses these credentials;
-- * of the processes that were neither killed nor stopped, at most one registered;
--   each other registration is one by a process that was (docs/credentials.md, C3);
-- * every process obtains a token, and at the end each sees the viewer's profile.

local caller = require "spec.kill.caller"
local core = require "adobepass.core"
local many_clients = require "spec.support.many_clients"

local trial = {}

local Trial = {}
Trial.__index = Trial

-- Seconds of a stop: meanwhile another process takes the lock over and registers.
local STOP = caller.LOCK * 2

local function violated(self, text, ...)
  error(("%s: " .. text):format(self.device, ...), 0)
end

local function fraction(self) return self.random:upto(1e6) / 1e6 end

-- --- faults ------------------------------------------------------------------

-- Waits for a random part of the time that a call takes; at times for a part of the
-- lock's life, because the next process registers at its end.
local function wait(self)
  local range = self.window
  if self.random:chance(0.2) then range = range + caller.LOCK end
  self.fleet:wait(fraction(self) * range)
end

local function note_results(self, results)
  for _, result in ipairs(results) do
    if result.is_slow then
      self.disturbed["worker-" .. result.worker] = true
      self.total.slow = self.total.slow + 1
    end
  end
end

local function check_store(self)
  local id = self.fleet:stored()
  if self.stored and id ~= self.stored then
    violated(self, "stored credentials were %s", id and "replaced" or "lost")
  end
  self.stored = id
end

local function kill(self, index)
  local worker, place, results = self.fleet:kill(index)
  note_results(self, results)
  if place == "call" then
    self.disturbed["worker-" .. worker] = true
    self.total.in_call = self.total.in_call + 1
  end
  if place then self.total.kills = self.total.kills + 1 end
  check_store(self)
end

local function stop(self, index)
  self.disturbed["worker-" .. self.fleet:pause(index)] = true
  self.total.stops = self.total.stops + 1
  local part = fraction(self)
  self.fleet:wait(STOP * part)
  if self.random:chance(0.3) then kill(self, 3 - index) end
  self.fleet:wait(STOP * (1 - part))
  check_store(self)
  self.fleet:resume(index)
end

-- Returns the next fault, or nil. Kills and stops are mixed evenly.
local function next_fault(self)
  local kills = math.max(0, self.kills - self.total.kills)
  local stops = math.max(0, self.stops - self.total.stops)
  if kills + stops == 0 then return nil end
  return self.random:upto(kills + stops) <= kills and kill or stop
end

local function run_part(self, faults)
  self.fleet:begin(self.device)
  for _ = 1, faults do
    local fault = next_fault(self)
    if not fault then break end
    wait(self)
    fault(self, self.random:upto(2))
  end
  local results = self.fleet:finish()
  note_results(self, results)
  check_store(self)
  return results
end

-- --- one device --------------------------------------------------------------

local function log_in(self)
  self.control:ask("POST", "/sandbox/login", { service_provider = "REF30",
    device = self.device, mvpd = "Cablevision", username = "ann" })
  self.control:revoke(many_clients.bearer(self.control:journal()))
end

local function check_journal(self, journal)
  local undisturbed, count = 0, 0
  for _, entry in ipairs(journal) do
    if entry.operation == "register" and entry.status == 201 then
      count = count + 1
      if not self.disturbed[entry.headers["user-agent"]] then
        undisturbed = undisturbed + 1
      end
    elseif entry.operation == "token" then
      self.total.tokens = self.total.tokens + 1
      if not entry.body:find(self.stored, 1, true) then
        violated(self, "a token was requested with other credentials")
      end
    end
  end
  if undisturbed > 1 then
    violated(self, "%d processes that were not disturbed registered", undisturbed)
  end
  self.total.registrations = self.total.registrations + count
  self.total.lost = self.total.lost + count - 1
end

local function check_profiles(self, results)
  for _, result in ipairs(results) do
    if result.outcome == "ok" and result.profiles ~= 1 then
      violated(self, "the viewer's profile was lost")
    end
  end
end

local function run_device(self, faults)
  self.total.devices = self.total.devices + 1
  self.device = "device " .. self.total.devices
  self.disturbed, self.stored = {}, nil
  local started = core.clock.monotonic()
  run_part(self, faults)
  local seconds = core.clock.monotonic() - started
  log_in(self)
  check_profiles(self, run_part(self, faults))
  check_journal(self, self.control:take())
  return seconds
end

-- --- the trial ---------------------------------------------------------------

--- Runs a trial. Returns its figures; raises when a check fails.
-- @tparam table given `fleet` (spec.kill.processes or hosts), `control` of the
-- sandbox, `kills`, `stops`, `random`, `progress` (a function)
function trial.run(given)
  local self = setmetatable({ fleet = given.fleet, control = given.control,
    kills = given.kills, stops = given.stops, random = given.random,
    total = { devices = 0, kills = 0, in_call = 0, stops = 0, registrations = 0,
      lost = 0, tokens = 0, slow = 0 } }, Trial)
  self.control:take()
  for _, operation in ipairs { "register", "token" } do
    self.control:fault { kind = "delay", operation = operation,
      seconds = caller.LATENCY, count = 1e6 }
  end
  run_device(self, 0)
  self.window = run_device(self, 0)
  while next_fault(self) do
    run_device(self, self.random:upto(3))
    if given.progress then given.progress(self.total) end
  end
  return self.total
end

return trial
