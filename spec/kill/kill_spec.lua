--- A short form of `make kill`: two processes on one file store, and two nginx hosts
-- on one Redis, are killed and stopped at random moments. See spec.kill.trial for
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
