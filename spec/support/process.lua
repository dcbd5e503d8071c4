--- Other processes and their files: whether they exist, and waiting for a change that
-- no event reports.

local core = require "adobepass.core"
local shell = require "adobepass.util.shell"

local process = {}

--- Returns whether a process runs. A zombie does not: an orphan stays one until the
-- init process reaps it.
function process.is_alive(pid)
  local state = shell.read_file("/proc/" .. pid .. "/stat")
  if state then return not state:find(") Z", 1, true) end
  return select(2, shell.read("kill -s 0 " .. pid)) == 0
end

--- Returns whether there is a file or folder.
function process.exists(path)
  return select(2, shell.read(shell.line("test", "-e", path))) == 0
end

local LIMIT, PAUSE = 60, 0.02 -- seconds

--- Calls a function until it returns a true value, and returns that value. Raises after
-- a minute.
-- @func check
-- @string[opt] what for the error
function process.eventually(check, what)
  local deadline = core.clock.monotonic() + LIMIT
  while true do
    local value = check()
    if value then return value end
    if core.clock.monotonic() > deadline then
      error("not in time: " .. (what or "the condition"), 2)
    end
    core.clock.sleep(PAUSE)
  end
end

--- Waits until processes have ended and files have been removed.
-- @tparam table pids
-- @string ... paths
function process.await_end(pids, ...)
  local paths = { ... }
  process.eventually(function()
    for _, pid in ipairs(pids) do
      if process.is_alive(pid) then return false end
    end
    for _, path in ipairs(paths) do
      if process.exists(path) then return false end
    end
    return true
  end, "end of " .. table.concat(pids, ", ") .. " " .. table.concat(paths, ", "))
end

return process
