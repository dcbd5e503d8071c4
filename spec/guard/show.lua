--- `make guards`: prints each count and its ceiling, and writes them for
-- bench/report. Exit status 1 if a count exceeds its ceiling.

local ceilings = require "spec.guard.ceilings"
local counter = require "spec.guard.counter"
local comparison = require "spec.guard.comparison"
local results = require "bench.results"
local flow_costs = require "spec.guard.flow_costs"

local LINE = "%-13s %-31s %12s %12s %6s"

local function measure()
  local obstacle, measured = counter.obstacle(), flow_costs.measure()
  if obstacle then
    print("Nothing counted of operations: " .. obstacle)
    return measured
  end
  for kind, names in pairs(counter.measure()) do measured[kind] = names end
  return measured
end

local function print_row(row)
  local room = row.ceiling and row.measured > 0
    and ("%.0f %%"):format((row.ceiling / row.measured - 1) * 100) or ""
  print(LINE:format(row.kind, row.name, comparison.number(row.measured),
    row.ceiling and comparison.number(row.ceiling) or "none", room))
end

local found, broken = results.new("guards", "make guards"), false
print(LINE:format("", "", "measured", "ceiling", "room"))
for _, row in ipairs(comparison.rows(measure(), ceilings)) do
  print_row(row)
  found:figure(row.name, comparison.number(row.measured), row.kind,
    row.ceiling and "<= " .. comparison.number(row.ceiling))
  local complaint = comparison.complaint(row)
  if complaint then
    print("  " .. complaint)
    broken = true
  end
end
print(found:write())
os.exit(broken and 1 or 0)
