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

it("[guard-seen-each] guard: reports a count above its ceiling and a count without "
  .. "one", function()
  local row = { kind = "requests", name = "login", measured = 4, ceiling = 4 }
  assert.is_nil(comparison.complaint(row))
  row.measured = 5
  assert.equal("login: 5 requests, the ceiling is 4", comparison.complaint(row))
  row.ceiling = nil
  assert.equal("login: no ceiling for its requests", comparison.complaint(row))
end)

describe("costs of operations", function()
  it("[guard-below-limit-instructions] operations: instructions and "
    .. "allocations are below their ceilings", function()
    local obstacle = counter.obstacle()
    if obstacle then return pending(obstacle) end
    all_below(counter.measure())
  end)
end)

describe("costs of flows", function()
  it("[guard-below-limit-requests] flows: requests and handshakes are below "
    .. "their ceilings", function()
    all_below(flow_costs.measure())
  end)
end)
