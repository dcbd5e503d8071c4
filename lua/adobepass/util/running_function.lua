--- Detects whether a function that a coroutine called is still running. A coroutine
-- that was dropped or that raised an error cannot report this itself, and Lua 5.1
-- cannot yield across a pcall that would.
-- @module adobepass.util.running_function

local running_function = {}

local RunningFunction = {}
RunningFunction.__index = RunningFunction

-- nginx replaces coroutine.status with a function for the coroutines of the current
-- request only, and keeps Lua's function as coroutine._status.
local status_of = rawget(coroutine, "_status") or coroutine.status

-- Stands for the main coroutine of Lua 5.1, where coroutine.running() returns nil.
local MAIN = {}

local WEAK = { __mode = "v" }

local function running_thread() return (coroutine.running()) or MAIN end

local function has_function(thread, body)
  local level = 0
  while true do
    local info
    if thread == running_thread() then
      info = debug.getinfo(level + 1, "f")
    elseif thread == MAIN then
      return false -- while it waits in a driver, no coroutine runs
    else
      info = debug.getinfo(thread, level, "f")
    end
    if not info then return false end
    if info.func == body then return true end
    level = level + 1
  end
end

--- Records a function that the running coroutine is about to call. Each call needs a
-- function value of its own, which must make no tail call.
-- @func body
function running_function.new(body)
  return setmetatable({ body = body,
    caller = setmetatable({ thread = running_thread() }, WEAK) }, RunningFunction)
end

--- Returns whether the running coroutine is the one that called the function.
function RunningFunction:is_own() return self.caller.thread == running_thread() end

--- Returns whether the function is on the stack of its coroutine; false if that was
-- collected.
function RunningFunction:is_running()
  local thread = self.caller.thread
  if not thread then return false end
  if thread ~= MAIN and status_of(thread) == "dead" then return false end
  return has_function(thread, self.body)
end

return running_function
