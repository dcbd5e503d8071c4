--- A short form of `make kill`: two processes on one file store, and two nginx hosts
-- on one Redis, are killed and stopped at random times. See spec.kill.trial for
-- the checks. How many faults hit a request depends on the machine's speed; the
-- checks do not.

local many_clients = require "spec.support.many_clients"
local sandbox_host = require "adobepass.sandbox.host"
local seeded_random = require "spec.fault.seeded_random"
local trial = require "spec.kill.trial"

local KILLS, STOPS = 20, 5

describe("processes that are killed and stopped", function()
  local running, control, fleet

  setup(function()
    running = assert(sandbox_host.start { throttle = false })
    control = many_clients.control(running)
  end)
  teardown(function()
    control:close()
    running:stop()
  end)
  after_each(function()
    if fleet then fleet:stop() end
    fleet = nil
  end)

  local function check(name)
    if not os.getenv "ADOBEPASS_THOROUGH" then
      return pending "ADOBEPASS_THOROUGH is not set"
    end
    fleet = require("spec.kill." .. name).new(running)
    local total = trial.run { fleet = fleet, control = control, kills = KILLS,
      stops = STOPS, random = seeded_random.new(1) }
    assert.is_true(total.kills >= KILLS)
    assert.equal(STOPS, total.stops)
  end

  it("[kill-processes-file-store] two processes on one file store: register each "
    .. "device once when they are killed and stopped", function()
    check "processes"
  end)

  it("[kill-hosts-redis] two nginx hosts on one Redis: register each device once "
    .. "when their workers are killed and stopped", function()
    check "hosts"
  end)
end)

describe("checks of make kill", function()
  -- Runs a trial whose processes, journal and store are tables. `change` receives
  -- them after each part of a device.
  local function run(change)
    local journal, made = {}, { worker = "1", profiles = 1, outcome = "ok" }
    local function register(worker)
      journal[#journal + 1] = { operation = "register", status = 201,
        headers = { ["user-agent"] = "worker-" .. worker } }
    end
    local fleet = { wait = function() end, resume = function() end,
      stored = function(self) return self.id end }
    function fleet:begin(device)
      if self.device ~= device then register "1" end
      self.device, self.id = device, self.device == device and self.id or "id-1"
      journal[#journal + 1] = { operation = "token", body = "client_id=id-1",
        headers = { authorization = "Bearer b" } }
    end
    function fleet.kill() return "2", "call", {} end
    function fleet.pause() return "3" end
    function fleet.finish()
      if change then change(fleet, journal, made, register) end
      return { made }
    end
    local control = { fault = function() end, ask = function() end,
      revoke = function() end, journal = function() return journal end }
    function control.take()
      local all = journal
      journal = {}
      return all
    end
    return trial.run { fleet = fleet, control = control, kills = 3, stops = 1,
      random = seeded_random.new(1) }
  end

  it("[kill-checks-nothing-lost] make kill: counts faults and registrations",
    function()
      local total = run()
      assert.same({ 1, total.devices, 0 },
        { total.stops, total.registrations, total.lost })
      assert.is_true(total.kills >= 3)
    end)

  it("[kill-checks-violations] make kill: fails when credentials are replaced or "
    .. "lost, or a second process registers", function()
    local changes = {
      ["stored credentials were replaced"] = function(fleet)
        fleet.id = fleet.is_changed and "id-2" or fleet.id
        fleet.is_changed = true
      end,
      ["stored credentials were lost"] = function(fleet)
        fleet.id = not fleet.is_changed and fleet.id or nil
        fleet.is_changed = true
      end,
      ["a token was requested with other credentials"] = function(_, journal)
        journal[#journal + 1] = { operation = "token", body = "client_id=id-2",
          headers = {} }
      end,
      ["2 processes that were not disturbed registered"] = function(fleet, _, _,
          register)
        if not fleet.is_changed then register "4" end
        fleet.is_changed = true
      end,
      ["the viewer's profile was lost"] = function(_, _, made)
        made.profiles = 0
      end,
    }
    for message, change in pairs(changes) do
      local good, why = pcall(run, change)
      assert.is_false(good, message)
      assert.equal("device 1: " .. message, why)
    end
  end)

  it("[kill-checks-explained] make kill: accepts a registration of a process that "
    .. "was killed", function()
    local total = run(function(fleet, _, _, register)
      if fleet.device == "device 3" and not fleet.is_changed then register "2" end
      fleet.is_changed = fleet.device == "device 3"
    end)
    assert.equal(1, total.lost)
  end)
end)
