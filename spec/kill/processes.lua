--- Two processes on one file store, for `make kill`.

local caller = require "spec.kill.caller"
local child_process = require "spec.support.child_process"
local core = require "adobepass.core"
local folder = require "spec.support.folder"
local json = require "adobepass.util.json"

local Processes = {}
Processes.__index = Processes

-- Starts a process, or starts it again. It makes one successful call and ends.
local function start(self, index)
  local pipe = assert(io.popen("echo $$; WORKER=$$ exec "
    .. child_process.command(self.script)))
  self.members[index] = { pipe = pipe, worker = assert(pipe:read "*l") }
end

-- Reads the output to its end. Returns the results, and whether the process
-- had begun a call.
local function finish(member)
  local results, has_begun = {}, false
  for line in member.pipe:lines() do
    if line == "begin" then
      has_begun = true
    else
      results[#results + 1] = assert(json.decode(line))
    end
  end
  member.pipe:close()
  return results, has_begun
end

local function is_done(results)
  return #results > 0 and results[#results].outcome == "ok"
end

--- Starts both processes with a new device, or with the same one.
function Processes:begin(device)
  self.at.device = device
  self.script = ("require('spec.kill.caller').main(%q)"):format(
    json.encode(self.at))
  for index = 1, 2 do start(self, index) end
end

function Processes.wait(_, seconds) core.clock.sleep(seconds) end

--- Kills a process and starts it again. Returns its name and where it was killed:
-- "call", "start", or nil if it had ended; and the results of its calls.
function Processes:kill(index)
  local member = self.members[index]
  folder.run("kill -9 " .. member.worker)
  local results, has_begun = finish(member)
  start(self, index)
  local place = has_begun and "call" or "start"
  return member.worker, not is_done(results) and place or nil, results
end

--- Stops a process. Returns its name.
function Processes:pause(index)
  local worker = self.members[index].worker
  folder.run("kill -STOP " .. worker)
  return worker
end

function Processes:resume(index)
  folder.run("kill -CONT " .. self.members[index].worker)
end

--- Waits until both processes have made a successful call. Returns their results.
function Processes:finish()
  local all = {}
  for _, member in ipairs(self.members) do
    local results = finish(member)
    assert(is_done(results), "a process ended without a token")
    for _, result in ipairs(results) do all[#all + 1] = result end
  end
  return all
end

--- Returns the client_id in the store; nil if there is none.
function Processes:stored() return caller.stored(self.at) end

--- Ends processes that a failed check left, and removes the store.
function Processes:stop()
  for _, member in ipairs(self.members) do
    if io.type(member.pipe) == "file" then
      folder.run("kill -9 " .. member.worker)
      member.pipe:close()
    end
  end
  folder.remove(self.path)
end

local processes = {}

--- Creates the pair. `running` is a sandbox.
function processes.new(running)
  local path = folder.make()
  return setmetatable({ path = path, members = {}, at = { api = running.api,
    mgmt = running.mgmt, ca = running.ca, statement = running.statement,
    store = { "file", path .. "/store" } } }, Processes)
end

return processes
