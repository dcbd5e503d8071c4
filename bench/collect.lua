--- Reads what a run printed that keeps no results itself, and keeps them for
-- bench/report: collect.lua KIND COMMAND < its output. Status 1 where nothing
-- could be read, or a target is missed.

local results = require "bench.results"

local KIND, COMMAND = arg[1], arg[2]
local found = results.new(KIND, COMMAND)
local count, missed = 0, false

local function figure(name, value, unit, target)
  count = count + 1
  found:figure(name, value, unit, target)
  missed = missed or results.met { value = value, target = target or "" }
    == false
end

local readers = {}

-- The table of bench/compare.lua.
local luas
function readers.speed(line)
  local names = line:match "^%s*target%s+plain C%s+(.*)$"
  if names then
    luas = {}
    for name in names:gmatch "%S+" do luas[#luas + 1] = name end
  end
  local label, target, cells =
    line:match "^(.-)%s+([<>]=? [%d.]+)[ us]*%s+[%d.]+ us%s+(.*)$"
  if label then
    local index = 0
    for cell in cells:gmatch "[%d.]+ %([%d.]+ %.%. [%d.]+%)" do
      index = index + 1
      figure(label .. ", " .. (luas and luas[index] or index), cell,
        target:find "^<" and "us" or "of plain C", target)
    end
    return
  end
  local lua, ms, bytes = line:match
    "^10,000 devices of one client, (%S+): (%d+) ms, (%d+) bytes each$"
  if lua then
    figure("10,000 devices of one client, " .. lua .. ": all made", ms, "ms")
    figure("10,000 devices of one client, " .. lua .. ": each", bytes,
      "bytes")
  end
end

-- The lines that specs print, and busted's last one; "== name" is a Lua's.
local lua = "?"
function readers.faults(line)
  lua = line:match "^== (%S+)" or lua
  local name, value, all = line:match "(%a[%w ,-]*): (%d+) of (%d+)$"
  if name then
    return figure(("%s, %s"):format(name, lua), value, "cases", "= " .. all)
  end
  local good, failures, broken =
    line:match "^(%d+) success%S* / (%d+) failure%S* / (%d+) error"
  if good then
    figure("tests passed, " .. lua, good, "", ">= 1")
    figure("tests failed, " .. lua, failures + broken, "", "<= 0")
    return
  end
  local said = line:match "^[%+%-]*(%l[%w ,-]*: [%w%p ]+)$"
  if said then found:note(("%s (%s)"):format(said, lua)) end
end

function readers.fuzz(line)
  local name, runs, seconds, edges = line:match
    "^fuzz (%S+)%s+(%d+) runs%s+(%d+) s%s+(%d+) edges covered"
  if name then
    figure(name .. ": found", 0, "", "<= 0")
    figure(name .. ": runs", runs, ("in %d s"):format(seconds))
    figure(name .. ": reached", edges, "edges")
  end
  name = line:match "^fuzz (%S+): FOUND"
  if name then figure(name .. ": found", 1, "", "<= 0") end
end

local read = assert(readers[KIND], "no such kind of run")
for line in io.lines() do
  print(line)
  read(line)
end
if count == 0 then
  io.stderr:write("collect: nothing in it that could be read\n")
  os.exit(1)
end
found:write()
os.exit(missed and 1 or 0)
