--- Stores what other checks found, for the report. Started by bench/counts.

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

fuzz()
mutation()
documentation()
