--- Starts the processes that a benchmark compares, and computes medians.

local shell = require "adobepass.util.shell"

local rounds = {}

-- Contenders run on the first processor and servers on the last. If both share a
-- processor, the times change by more than the difference to measure (see
-- docs/performance.md).
local processors = tonumber((shell.read "nproc")) or 1
local may_pin = processors > 1 and select(2,
  shell.read "taskset -c 0 true") == 0

--- The argument of nginx's directive worker_cpu_affinity for one worker: the last
-- processor, or all if processes cannot be pinned.
rounds.server_place = may_pin and "1" .. ("0"):rep(processors - 1)
  or ("1"):rep(processors)

--- Starts a process that reads lines "job count argument" from a pipe and writes
-- one number per line to a FIFO in `folder`. Returns a table with `name`,
-- `ask(job, count, argument)` and `close()`.
function rounds.contender(name, command, folder)
  local fifo = ("%s/%s.fifo"):format(folder, name)
  assert(shell.execute(shell.line("mkfifo", fifo)) == 0)
  local pipe = assert(io.popen(("exec %s%s %s > %s"):format(
    may_pin and "taskset -c 0 " or "", command, shell.quote(folder),
    shell.quote(fifo)), "w"))
  local responses = assert(io.open(fifo))
  os.remove(fifo) -- both ends are open
  local function ask(job, count, argument)
    pipe:write(("%s %d %s\n"):format(job, count, argument or "-"))
    pipe:flush()
    local line = assert(responses:read "*l", name .. " ended unexpectedly")
    return tonumber(line)
  end
  return { name = name, ask = ask,
    close = function()
      pipe:close()
      responses:close()
    end }
end

--- Starts a script as a contender on the Lua called `name`.
function rounds.lua(name, script, folder)
  return rounds.contender(name, ("env LUA_PATH='lua/?.lua;lua/?/init.lua;"
    .. "?.lua;;' LUA_CPATH='build/%s/?.so;;' %s %s"):format(name, name,
    script), folder)
end

--- Returns a quantile of a list of numbers; `part` is 0 to 1 (0.5, the median).
function rounds.part(list, part)
  local sorted = {}
  for index, value in ipairs(list) do sorted[index] = value end
  table.sort(sorted)
  local place = 1 + (#sorted - 1) * (part or 0.5)
  local low = math.floor(place)
  local high = math.min(low + 1, #sorted)
  return sorted[low] + (sorted[high] - sorted[low]) * (place - low)
end

return rounds
