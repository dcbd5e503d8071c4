--- Processes that run a script, read lines from standard input and print lines.

local child_process = require "spec.support.child_process"
local folder = require "spec.support.folder"

local worker_processes = {}

local Worker = {}
Worker.__index = Worker

function Worker:send(line)
  self.input:write(line, "\n")
  self.input:flush()
end

function Worker:line() return self.output:read("*l") end

--- Kills the process and waits for its end. It cannot be ended by closing its input,
-- because processes that were started later inherited the pipe.
function Worker:kill()
  folder.run("kill -9 " .. self.pid)
  self.input:close()
  self.output:close()
end

--- Starts a process.
function worker_processes.start(path, name, script)
  local fifo = folder.quote(("%s/%s.fifo"):format(path, name))
  folder.run("mkfifo " .. fifo)
  local output = assert(io.popen(("exec <%s; echo $$; exec %s"):format(fifo,
    child_process.command(script))))
  local input = assert(io.open(("%s/%s.fifo"):format(path, name), "w"))
  local pid = assert(tonumber(output:read("*l")))
  return setmetatable({ output = output, input = input, pid = pid },
    Worker)
end

--- Sends a line to each process, then reads a line from each.
function worker_processes.ask_all(workers, line)
  for _, worker in ipairs(workers) do worker:send(line) end
  local lines = {}
  for index, worker in ipairs(workers) do lines[index] = worker:line() end
  return lines
end

return worker_processes
