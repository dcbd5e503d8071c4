--- The simulation of processes on one store: docs/credentials.md, "Simulation".
-- A failure names its seed: make simulate SEED=n SEEDS=1 VERBOSE=1.

local defects = require "spec.simulation.defects"
local modules = require "spec.simulation.modules"
local seeded_random = require "spec.fault.seeded_random"
local simulation = require "spec.simulation.simulation"

local RUNS = seeded_random.choose_count(80, 2000)

-- `seed` is the first one that finds the defect.
local function assert_found(name, seed, violation)
  local world = simulation.new(defects[name])
  local good, why = pcall(world.run, world, seed)
  assert.is_false(good)
  assert.matches(violation, why)
end

describe("simulation of processes on one store", function()
  it("[simulation-seeds] simulation: violates no invariant in " .. RUNS
    .. " seeds", function()
    local world = simulation.new()
    local before = seeded_random.before_first(RUNS)
    for seed = before + 1, before + RUNS do
      local good, why = pcall(world.run, world, seed)
      assert(good, ("seed %d: %s"):format(seed, tostring(why)))
    end
    assert.is_true(world.total.registrations > RUNS)
    assert.is_true(world.total.tokens > RUNS)
  end)

  it("[simulation-finds-a] simulation: finds "
    .. "unsaved credentials that overwrite newer ones", function()
    assert_found("A", 53,
      "C1: .* overwrote good credentials")
  end)

  it("[simulation-finds-b] simulation: finds "
    .. "an owner that writes after its lock was taken over", function()
    assert_found("B", 31,
      "C2: .* wrote a result without the lock")
  end)

  it("[simulation-finds-c] simulation: finds "
    .. "a cancelled task that leaves its lock", function()
    assert_found("C", 43,
      "C5: a cancelled task of .* left its lock")
  end)

  it("[simulation-finds-d] simulation: finds "
    .. "a lock whose age follows the wall clock", function()
    assert_found("D", 7,
      "C2: .* wrote over a live lock")
  end)

  it("[simulation-finds-f] simulation: finds "
    .. "a failed renewal that discards a valid token", function()
    assert_found("F", 87,
      "C4: .* failed although a valid token is stored")
  end)

  it("[simulation-finds-clock-step] simulation: finds a stored token that is not "
    .. "used after a clock step", function()
    assert_found("clock_step", 16589,
      "C4: .* failed although a valid token is stored")
  end)

  it("[simulation-finds-g] simulation: finds "
    .. "a wait for the rate limit that shortens a refresh", function()
    assert_found("G", 20,
      "C5: a newcomer failed: timeout")
  end)

  it("[simulation-defect-gone] simulation: refuses a planted defect whose text "
    .. "is no longer in the source", function()
    local load_module = modules.new({}, { {
      module = "adobepass.policy.cache", from = "no such text", to = "" } })
    assert.has_error(function() load_module "adobepass.policy.cache" end,
      "planted defect: adobepass.policy.cache does not contain: no such text")
  end)
end)
