--- The simulation of processes on one store: docs/credentials.md, "Simulation".
-- A failure names its seed: make simulate SEED=n SEEDS=1 VERBOSE=1.

local defects = require "spec.simulation.defects"
local modules = require "spec.simulation.modules"
local simulation = require "spec.simulation.simulation"

local RUNS = os.getenv "ADOBEPASS_THOROUGH" and 2000 or 200

-- The first seed that finds each planted defect, and the invariant that fails.
local FINDS = {
  A = { 53, "C1: .* overwrote good credentials" },
  B = { 31, "C2: .* wrote a result without the lock" },
  C = { 43, "C5: a cancelled task of .* left its lock" },
  D = { 7, "C2: .* wrote over a live lock" },
  F = { 87, "C4: .* failed although a valid token is stored" },
  G = { 20, "C5: a newcomer failed: timeout" },
}

describe("simulation of processes on one store", function()
  it("[simulation-seeds] simulation: violates no invariant in " .. RUNS
    .. " seeds", function()
    local world = simulation.new()
    for seed = 1, RUNS do
      local good, why = pcall(world.run, world, seed)
      assert(good, ("seed %d: %s"):format(seed, tostring(why)))
    end
    assert.is_true(world.total.registrations > RUNS)
    assert.is_true(world.total.tokens > RUNS)
  end)

  for name, found in pairs(FINDS) do
    it("[simulation-finds-" .. name:lower() .. "] simulation: finds planted "
      .. "defect " .. name, function()
      local world = simulation.new(defects[name])
      local good, why = pcall(world.run, world, found[1])
      assert.is_false(good)
      assert.matches(found[2], why)
    end)
  end

  it("[simulation-defect-gone] simulation: refuses a planted defect whose text "
    .. "is no longer in the source", function()
    local load_module = modules.new({}, { {
      module = "adobepass.policy.cache", from = "no such text", to = "" } })
    assert.has_error(function() load_module "adobepass.policy.cache" end,
      "planted defect: adobepass.policy.cache does not contain: no such text")
  end)
end)
