--- The processes of a gateway's nodes.

local core = require "adobepass.core"
local folder = require "spec.support.folder"
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

local LIMIT = 30 -- seconds

--- Calls a function ten times a second until it returns true.
function gateway_nodes.eventually(check)
  local deadline = core.clock.monotonic() + LIMIT
  while not check() do
    assert(core.clock.monotonic() < deadline, "the condition was not met in time")
    core.clock.sleep(0.1)
  end
end

--- Kills all processes of a node and waits for their end.
function gateway_nodes.kill(node)
  local list = gateway_nodes.workers(node)
  table.insert(list, 1, node.server.pid)
  folder.run("kill -9 " .. table.concat(list, " "))
  gateway_nodes.await_end(list)
end

return gateway_nodes
