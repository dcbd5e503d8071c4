--- Checks the costs of operations and flows against their ceilings. The counts do
-- not depend on the load of the machine. `make guards` prints them.

local ceilings = require "spec.guard.ceilings"
local counter = require "spec.guard.counter"
local comparison = require "spec.guard.comparison"
local flow_costs = require "spec.guard.flow_costs"
local child_process = require "spec.support.child_process"

-- Operations are counted on Lua 5.4. The requests of a flow are the same on every Lua.
if child_process.interpreter() ~= "lua5.4" then return end

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

describe("costs of operations", function()
  local measured
  local obstacle = counter.obstacle()

  setup(function() measured = not obstacle and counter.measure() end)

  it("[guard-below-limit-instructions] operations: instructions and "
    .. "allocations are below their ceilings", function()
    if obstacle then return pending(obstacle) end
    all_below(measured)
  end)

  it("[guard-seen-each] operations: each guard reports a count above its "
    .. "ceiling", function()
    if obstacle then return pending(obstacle) end
    each_can_fail(measured)
  end)
end)

describe("costs of flows", function()
  local measured

  setup(function() measured = flow_costs.measure() end)

  it("[guard-below-limit-requests] flows: requests and handshakes are below "
    .. "their ceilings", function()
    all_below(measured)
  end)

  it("[guard-seen-each-2] flows: each guard reports a count above its "
    .. "ceiling", function() each_can_fail(measured) end)
end)
