--- The processes of a gateway's nodes.

local core = require "adobepass.core"
local folder = require "spec.support.folder"
local redis = require "spec.support.redis_server"

local nodes = {}

--- The process ids of a node's workers.
function nodes.workers(node)
  local pid, list = node.server.pid, {}
  for child in folder.run(("cat /proc/%d/task/%d/children"):format(pid, pid))
    :gmatch "%d+" do
    list[#list + 1] = tonumber(child)
  end
  return list
end

--- Waits until all of them are gone.
function nodes.await_end(list)
  for _, pid in ipairs(list) do redis.await_end(pid) end
end

local LIMIT = 30 -- seconds; what is waited for comes far sooner

--- Looks ten times a second, which is no abuse yet, until it is true.
function nodes.eventually(check)
  local deadline = core.clock.monotonic() + LIMIT
  while not check() do
    assert(core.clock.monotonic() < deadline, "it did not happen")
    core.clock.sleep(0.1)
  end
end

--- Ends a node as a power cut would, and waits until it is gone.
function nodes.kill(node)
  local list = nodes.workers(node)
  table.insert(list, 1, node.server.pid)
  folder.run("kill -9 " .. table.concat(list, " "))
  nodes.await_end(list)
end

return nodes
