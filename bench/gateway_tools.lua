--- Helpers of the gateway's benchmarks.

local gateway_nodes = require "spec.examples.gateway_nodes"
local shell = require "adobepass.util.shell"

local tools = {}

function tools.median(list)
  table.sort(list)
  return (list[math.ceil(#list / 2)] + list[math.floor(#list / 2) + 1]) / 2
end

function tools.say(format, ...) print(format:format(...)) end

local TICKS = 100 -- clock ticks per second in /proc

--- Returns the CPU time that processes have used, in seconds.
function tools.cpu_seconds(pids)
  local sum = 0
  for _, pid in ipairs(pids) do
    local stat = shell.read_file("/proc/" .. pid .. "/stat") or ""
    local user, system = stat:match
      "%) %S+ %S+ %S+ %S+ %S+ %S+ %S+ %S+ %S+ %S+ %S+ (%d+) (%d+)"
    sum = sum + (tonumber(user) or 0) + (tonumber(system) or 0)
  end
  return sum / TICKS
end

--- Returns the process ids of all workers of all nodes.
function tools.workers(running)
  local list = {}
  for _, node in ipairs(running.nodes) do
    for _, pid in ipairs(gateway_nodes.workers(node)) do
      list[#list + 1] = pid
    end
  end
  return list
end

return tools
