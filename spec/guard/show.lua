--- Prints each count beside its ceiling, and keeps them for bench/report:
-- `make guards`. Status 1 where a ceiling is broken.

local ceilings = require "spec.guard.ceilings"
local count = require "spec.guard.counter"
local judge = require "spec.guard.comparison"
local results = require "bench.results"
local stories = require "spec.guard.flow_costs"

local LINE = "%-13s %-31s %12s %12s %6s"

local function measure()
  local obstacle, measured = count.obstacle(), stories.count()
  if obstacle then
    print("Nothing counted of operations: " .. obstacle)
    return measured
  end
  for kind, names in pairs(count.work()) do measured[kind] = names end
  return measured
end

local function print_row(row)
  local room = row.ceiling and row.measured > 0
    and ("%.0f %%"):format((row.ceiling / row.measured - 1) * 100) or ""
  print(LINE:format(row.kind, row.name, judge.number(row.measured),
    row.ceiling and judge.number(row.ceiling) or "none", room))
end

local found, broken = results.new("guards", "make guards"), false
print(LINE:format("", "", "measured", "ceiling", "room"))
for _, row in ipairs(judge.rows(measure(), ceilings)) do
  print_row(row)
  found:figure(row.name, judge.number(row.measured), row.kind,
    row.ceiling and "<= " .. judge.number(row.ceiling))
  local complaint = judge.complaint(row)
  if complaint then
    print("  " .. complaint)
    broken = true
  end
end
print(found:write())
os.exit(broken and 1 or 0)
