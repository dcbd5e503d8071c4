--- Whole stories against a service, a network and clocks that all go wrong:
-- each ends in time, in a result or an error with a name; nobody gets what
-- nobody gave; and no secret is told.
--
-- A failure names its seed: ADOBEPASS_STORY=123 plays that story again.
-- ADOBEPASS_STORIES says how many there are.

local die = require "spec.fault.seeded_random"
local live = require "spec.support.open_handles"
local tale = require "spec.fault.random_scenario"

local RUNS = tonumber(os.getenv "ADOBEPASS_STORIES")
  or die.count(300, 6000)

-- Kibibytes; a story leaves none, and 200 of them would be seen.
local MOST_GROWN = 256

local function kilobytes()
  live.collect()
  return collectgarbage "count"
end

describe("a hostile service", function()
  teardown(function()
    tale.close()
    live.assert_none()
  end)

  it("[hostile-scenario-scenarios] is borne in "
    .. RUNS .. " stories", function()
    local settled
    die.each("ADOBEPASS_STORY", RUNS, function(one, seed)
      tale.run(one)
      if seed == 100 then settled = kilobytes() end
    end)
    local total = tale.total
    print(("hostile stories: %d runs, %d acts, %d requests, %d faults")
      :format(total.runs, total.acts, total.requests, total.faults))
    local grown = kilobytes() - (settled or math.huge)
    assert(grown < MOST_GROWN, ("%.0f KiB more than before"):format(grown))
  end)
end)
