--- Runs the simulation: `make simulate SEEDS=n [SEED=first] [VERBOSE=1]`.

local defects = require "spec.simulation.defects"
local simulation = require "spec.simulation.simulation"

local first, seeds = tonumber(arg[1]) or 1, tonumber(arg[2]) or 1000
local trace, planted = arg[3] == "1", arg[4] and arg[4] ~= "" and arg[4]
local started = os.clock()
local world = simulation.new(planted and assert(defects[planted], "unknown defect"))

local function report()
  local total, kinds, sum = world.total, {}, 0
  for kind, number in pairs(total.faults) do
    kinds[#kinds + 1] = ("  %-22s %d"):format(kind, number)
    sum = sum + number
  end
  table.sort(kinds)
  print(("%d seeds, %d registrations, %d tokens, %d faults, %.1f s"):format(
    total.seeds, total.registrations, total.tokens, sum, os.clock() - started))
  print(table.concat(kinds, "\n"))
end

for seed = first, first + seeds - 1 do
  local good, why = pcall(world.run, world, seed, trace)
  if not good then
    print(("seed %d: %s"):format(seed, tostring(why)))
    print(("replay: make simulate SEED=%d SEEDS=1 VERBOSE=1"):format(seed))
    report()
    os.exit(1)
  end
end
report()
