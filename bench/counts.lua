--- Stores what other checks found, for the report. Started by bench/counts, with the
-- number of simulations.

local results = require "bench.results"
local shell = require "adobepass.util.shell"

local function fuzz()
  local found = results.new("fuzz", "make fuzz FUZZ_SECONDS=300")
  for line in (shell.read_file "build/fuzz/table" or ""):gmatch "[^\n]+" do
    local target, seconds, runs, edges, finds =
      line:match "^| ([%w_]+) | (%d+) | (%d+) | (%d+) | (%d+) |"
    if target then
      found:figure(target .. ": inputs in " .. seconds .. " s", runs)
      found:figure(target .. ": covered edges", edges)
      found:figure(target .. ": failures", finds, "", "<= 0")
    end
  end
  found:write()
end

-- The newest row of the table in RESULTS.md.
local function mutation()
  local commit, seed, lua, c, killed, total = shell.read_file
    "spec/mutation/RESULTS.md":match("\n| [%d-]+ | (%w+)[^|]* | (%d+) | ([^|]-) | "
      .. "([^|]-) | (%d+) of (%d+)")
  local found = results.new("mutation", ("make mutation N=%s SEED=%s"):format(total,
    seed))
  found:figure("killed", ("%.0f"):format(100 * killed / total), "%", ">= 90")
  found:figure("killed of Lua", lua)
  found:figure("killed of C", c)
  found:note("Commit " .. commit .. "; spec/mutation/RESULTS.md lists the others.")
  found:write()
end

-- Stores each number of a line such as "types: 143 functions, 583 fields".
local function numbers(found, command)
  local text, is_fine = shell.read(command)
  assert(is_fine, text)
  local name, list = text:match "(%w+): (%d[^\n]*)"
  for number, what in list:gmatch "(%d+) ([^,]+)" do
    found:figure(name .. ": " .. what, number)
  end
end

local function documentation()
  local found = results.new("documentation", ".ci/reference check")
  numbers(found, ".ci/reference check")
  numbers(found, ".ci/types check")
  numbers(found, ".ci/conformance check")
  found:write()
end

-- Stores the states of the protocol's searches, and whether each defect was found.
local function model()
  local found, errors = results.new("model", "make model"), 0
  local text, status = shell.read "spec/model/run"
  for name, budget, states, seconds, verdict in text:gmatch(
      "(%w+) +([%w_]+)[^\n]- (%d+) states[^\n]- ([%d.]+) s +([^\n]+)") do
    local is_planted = name == "planted"
    local label = is_planted and "defect " .. budget or "the protocol, " .. budget
    if (verdict == "no error") == is_planted then errors = errors + 1 end
    found:figure(label .. ": states", states)
    found:figure(label .. ": time", seconds, "s")
  end
  found:figure("errors of the protocol, and defects not found",
    status == 0 and errors or errors + 1, "", "<= 0")
  found:write()
end

local function simulation(seeds)
  local command = "make simulate SEEDS=" .. seeds
  local found = results.new("simulation", command)
  local text, status = shell.read("lua5.4 spec/simulation/main.lua 1 " .. seeds)
  local totals = text:match "(%d+ seeds[^\n]*) faults"
  assert(totals, text)
  for number, what in (totals .. " faults"):gmatch "(%d+) (%w+)" do
    found:figure(what, number)
  end
  found:figure("simulations that failed", status == 0 and 0 or 1, "", "<= 0")
  found:write()
end

-- Runs the specs of faults on two Luas; `.ci/specs` writes a line for each.
local function faults()
  local found = results.new("faults", "make test SPECS=spec/fault")
  local path = "build/counts.faults"
  os.remove(path)
  shell.read(("COUNTS=%s sh .ci/specs 'lua5.4 luajit' spec/fault"):format(path))
  local lines = assert(shell.read_file(path)):gmatch "(%d+) (%d+)"
  for _, lua in ipairs { "lua5.4", "luajit" } do
    local passed, failed = lines()
    found:figure(lua .. ": specs passed", passed)
    found:figure(lua .. ": specs failed", failed, "", "<= 0")
  end
  found:write()
end

-- The rows of the last `make ports`: target, Lua, passed, failed, minutes, KiB of the
-- core, KiB of the TV app, KiB of its private memory.
local function ports()
  local text = shell.read "cat build/ports/*.log"
  local found, is_run = results.new("ports", "make ports"), false
  for target, lua, passed, failed, minutes, core, app, own in text:gmatch(
      "\n| (%w+) | ([%w. -]+) | (%d+) | (%d+) | ([%d.]+) | (%d+) | (%d+) | (%d+) |") do
    local label = ("%s, %s: "):format(target, lua)
    found:figure(label .. "specs passed", passed)
    found:figure(label .. "specs failed", failed, "", "<= 0")
    found:figure(label .. "time", minutes, "minutes")
    found:figure(label .. "size of the core", core, "KiB")
    found:figure(label .. "memory of the TV app", app, "KiB")
    found:figure(label .. "of it, private memory", own, "KiB")
    is_run = true
  end
  if is_run then found:write() end
end

fuzz()
mutation()
model()
simulation(arg[1])
faults()
ports()
documentation()
os.exit(results.status())
