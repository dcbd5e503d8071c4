--- Random scenarios with faults of service, network and clocks: each call ends in
-- time with a result or a known error, no client has a permit that the service
-- did not give, and no secret is visible.
--
-- A failure names its seed: ADOBEPASS_SEED=123 runs that scenario again, a list
-- ("7,9") several. ADOBEPASS_SCENARIOS is the number of scenarios.

local seeded_random = require "spec.fault.seeded_random"
local open_handles = require "spec.support.open_handles"
local random_scenario = require "spec.fault.random_scenario"

local RUNS = tonumber(os.getenv "ADOBEPASS_SCENARIOS")
  or seeded_random.choose_count(60, 3000)

-- In KiB. A scenario must leave no garbage; a leak of 200 scenarios exceeds it.
local MOST_GROWN = 256

local function kilobytes()
  open_handles.collect()
  return collectgarbage "count"
end

describe("random scenarios", function()
  teardown(function()
    random_scenario.close()
    open_handles.assert_none()
  end)

  it("[hostile-scenario-scenarios] random scenarios: violate no invariant in "
    .. RUNS .. " runs", function()
    local settled
    seeded_random.each("ADOBEPASS_SEED", RUNS, function(generator)
      random_scenario.run(generator)
      if random_scenario.total.runs == 10 then settled = kilobytes() end
    end)
    local total = random_scenario.total
    print(("random scenarios: %d runs, %d actions, %d requests, %d faults")
      :format(total.runs, total.actions, total.requests, total.faults))
    local grown = kilobytes() - (settled or math.huge)
    assert(grown < MOST_GROWN, ("%.0f KiB more than before"):format(grown))
  end)
end)
