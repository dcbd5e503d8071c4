--- The processes of a gateway's nodes.

local folder = require "spec.support.folder"
local process = require "spec.support.process"
local redis_server = require "spec.support.redis_server"

local gateway_nodes = {}

--- Returns the process ids of a node's workers.
function gateway_nodes.workers(node)
  local pid, list = node.server.pid, {}
  for child in folder.run(("cat /proc/%d/task/%d/children"):format(pid, pid))
    :gmatch "%d+" do
    list[#list + 1] = tonumber(child)
  end
  return list
end

--- Waits for the end of all processes.
function gateway_nodes.await_end(list)
  for _, pid in ipairs(list) do redis_server.await_end(pid) end
end

--- As process.eventually.
gateway_nodes.eventually = process.eventually

--- Kills all processes of a node and waits for their end.
function gateway_nodes.kill(node)
  local list = gateway_nodes.workers(node)
  table.insert(list, 1, node.server.pid)
  folder.run("kill -9 " .. table.concat(list, " "))
  gateway_nodes.await_end(list)
end

return gateway_nodes
