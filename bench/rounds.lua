--- Contenders that do the same work in turn, in one run: what else the machine
-- does falls on all alike, so that the ratio of their times means something.

local shell = require "adobepass.util.shell"

local rounds = {}

-- Whether the server runs where its client does, or has to be woken elsewhere,
-- makes more of a difference than what is compared. So contenders share the
-- first processor and servers the last, as two machines would.
local processors = tonumber((shell.read "nproc")) or 1
local may_pin = processors > 1 and select(2,
  shell.read "taskset -c 0 true") == 0

--- For nginx's directive worker_cpu_affinity.
rounds.server_place = may_pin and "1" .. ("0"):rep(processors - 1)
  or ("1"):rep(processors)

--- A process that reads "job count argument" and answers a number: asked
-- through a pipe, it answers through a FIFO.
function rounds.contender(name, command, folder, label)
  local fifo = ("%s/%s.fifo"):format(folder, name)
  assert(shell.execute(shell.line("mkfifo", fifo)) == 0)
  local pipe = assert(io.popen(("exec %s%s %s > %s"):format(
    may_pin and "taskset -c 0 " or "", command, shell.quote(folder),
    shell.quote(fifo)), "w"))
  local answers = assert(io.open(fifo))
  os.remove(fifo) -- both ends have it; the next of that name makes its own
  local function ask(job, count, argument)
    pipe:write(("%s %d %s\n"):format(job, count, argument or "-"))
    pipe:flush()
    local line = assert(answers:read "*l", name .. " has ended")
    return tonumber(line)
  end
  return { name = label or name, ask = ask,
    close = function()
      pipe:close()
      answers:close()
    end }
end

--- The same on one Lua, by its name; `number` tells several of it apart.
function rounds.lua(name, script, folder, number)
  return rounds.contender(name .. (number or ""), ("env LUA_PATH='lua/?.lua;"
    .. "lua/?/init.lua;?.lua;;' LUA_CPATH='build/%s/?.so;;' %s %s"):format(
    name, name, script), folder, name)
end

--- The value at a part of a list, in order: 0.5 for the median.
function rounds.part(list, part)
  local sorted = {}
  for index, value in ipairs(list) do sorted[index] = value end
  table.sort(sorted)
  local place = 1 + (#sorted - 1) * (part or 0.5)
  local low = math.floor(place)
  local high = math.min(low + 1, #sorted)
  return sorted[low] + (sorted[high] - sorted[low]) * (place - low)
end

-- How many turns take about so long.
local function calibrate(ask, seconds)
  local count = 1
  while true do
    local took = ask(count)
    if took > seconds / 4 then
      return math.max(1, math.ceil(count * seconds / took))
    end
    count = count * 2
  end
end

--- Seconds of one turn, by asker and round. `askers`: functions of a count;
-- the first one says how many turns; the order goes round.
function rounds.measure(askers, plan)
  local times = {}
  for index, ask in ipairs(askers) do
    ask(1) -- to warm up
    times[index] = {}
  end
  local count = calibrate(askers[1], plan.seconds)
  for round = 1, plan.rounds do
    for place = 1, #askers do
      local index = (place + round) % #askers + 1
      times[index][round] = askers[index](count) / count
    end
  end
  return times
end

--- The first asker's time over another's, a value for each round.
function rounds.ratios(times, index)
  local list = {}
  for round, seconds in ipairs(times[index]) do
    list[round] = times[1][round] / seconds
  end
  return list
end

return rounds
