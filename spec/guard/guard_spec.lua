--- Checks the costs of operations and flows against their ceilings. The counts do
-- not depend on the load of the machine. `make guards` prints them.

local ceilings = require "spec.guard.ceilings"
local counter = require "spec.guard.counter"
local comparison = require "spec.guard.comparison"
local flow_costs = require "spec.guard.flow_costs"

local function all_below(measured)
  for _, row in ipairs(comparison.rows(measured, ceilings)) do
    assert.is_nil(comparison.complaint(row))
  end
  assert.same({}, comparison.unused(measured, ceilings))
end

-- Checks that each guard reports a count above its ceiling.
local function each_can_fail(measured)
  for _, row in ipairs(comparison.rows(measured, ceilings)) do
    if row.measured > 0 then
      row.ceiling = row.measured * 0.99
      assert.matches("the ceiling is", comparison.complaint(row))
    end
    row.ceiling = nil
    assert.matches("no ceiling", comparison.complaint(row))
  end
end

describe("what an operation costs", function()
  local measured
  local obstacle = counter.obstacle()

  setup(function() measured = not obstacle and counter.measure() end)

  it("[guard-below-limit-instructions] is below its ceiling, in instructions "
    .. "and in allocations", function()
    if obstacle then return pending(obstacle) end
    all_below(measured)
  end)

  it("[guard-seen-each] would be seen, each of them", function()
    if obstacle then return pending(obstacle) end
    each_can_fail(measured)
  end)
end)

describe("what a story costs", function()
  local measured

  setup(function() measured = flow_costs.measure() end)

  it("[guard-below-limit-requests] is below its ceiling, in requests and in "
    .. "handshakes", function()
    all_below(measured)
  end)

  it("[guard-seen-each-2] would be seen, each of "
    .. "them", function() each_can_fail(measured) end)
end)
