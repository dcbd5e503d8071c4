--- A driver for programs with a frame: games, LÖVE, a UI's timer.
--
--   local driver = adobepass.driver.tick { on_error = show }
--   local task = driver.start(function() return client:login { ... } end)
--   function love.update() driver.update() end       -- never blocks
--   if task.status == "done" then use(task.results[1], task.results[2]) end
--
-- `wait` and `sleep` are plain coroutine.yield()s, so they belong into a task,
-- or into any coroutine that you resume each frame yourself.
--
-- A task has `status`: "running", "done", "failed" or "cancelled"; `results`,
-- with their number in `n`; `error`, whatever was raised, and `traceback`.
--
-- An error in a task is a mistake in a program (what a service does comes back
-- as nil, err), so it is not kept quiet: `update` gives every task its turn
-- and then calls `on_error(error, task)`, or raises with the task's traceback
-- where there is no `on_error`. It is kept in the task in either case.
--
-- With `reuse` the coroutine of a task that ended serves the next one. A crowd
-- of short tasks takes less memory and time by that. Then nobody may hold on
-- to a coroutine beyond its task's end: who resumes it disturbs another task,
-- and what was kept under it (`kept[coroutine.running()]`) another task finds.
--
-- Runs on plain Lua 5.1: there is no pcall around a yield.
--
-- @module adobepass.driver.tick

local core = require "adobepass.core"
local options = require "adobepass.util.options"

local OPTIONS = { now = "function?", on_error = "function?",
  reuse = "boolean?" }

local function pack(...) return { n = select("#", ...), ... } end

local function complain(what)
  error(("driver.tick: %s outside of a task: begin with driver.start")
    :format(what), 3)
end

local Task = {}
Task.__index = Task

--- Stops a task where it waits. What it waited for is dropped, and a request
-- that nobody holds is cancelled when it is collected.
-- @function task:cancel
function Task:cancel()
  if self.status ~= "running" then return end
  self.status = "cancelled"
  -- From Lua 5.4 on this closes the variables of the task that are <close>.
  local close = rawget(coroutine, "close")
  if close and coroutine.status(self.thread) == "suspended" then
    close(self.thread)
  end
  self.thread, self.transport, self.transfer = nil, nil, nil
end

local function fail(task, reason)
  task.status, task.error = "failed", reason
  task.traceback = debug.traceback(task.thread, tostring(reason))
end

-- What a coroutine that serves one task after another says before its
-- results.
local SERVED = {}
local MOST_IDLE = 1024

local function keep_thread(state, thread)
  local idle = state.idle
  if #idle == MOST_IDLE then return end
  coroutine.resume(thread)
  idle[#idle + 1] = thread
end

-- What became of a task's turn; whether it failed in it.
local function settle(state, task, good, ...)
  state.current = nil
  if task.status ~= "running" then return false end -- it cancelled itself
  if not good then
    fail(task, (...))
  elseif rawequal((...), SERVED) then
    keep_thread(state, task.thread)
    task.status, task.results = "done", pack(select(2, ...))
  elseif coroutine.status(task.thread) == "dead" then
    task.status, task.results = "done", pack(...)
  end
  return task.status == "failed"
end

local function take_turn(state, task)
  state.current = task
  return settle(state, task, coroutine.resume(task.thread))
end

-- Who waits for a transfer has no turn before there is something to see.
local function is_due(task, now)
  local transfer = task.transfer
  return not transfer or transfer:ended() or now >= task.deadline
end

-- Each transport that somebody waits for moves once.
local function step(tasks, transport)
  local moved = {}
  if transport then transport:step(0) end
  for _, task in ipairs(tasks) do
    local own = task.transport
    if own and own ~= transport and not moved[own] then
      moved[own] = true
      own:step(0)
    end
  end
end

-- Tasks that are started meanwhile begin with the next update.
local function resume_all(state)
  local failures, now = {}, state.now()
  for index = 1, #state.tasks do
    local task = state.tasks[index]
    if task.status == "running" and is_due(task, now)
        and take_turn(state, task) then
      failures[#failures + 1] = task
    end
  end
  return failures
end

local function keep_running(state)
  local tasks, kept = state.tasks, 0
  local count = #tasks
  for index = 1, count do
    local task = tasks[index]
    if task.status == "running" then
      kept = kept + 1
      tasks[kept] = task
    end
  end
  for index = kept + 1, count do tasks[index] = nil end
end

local function report(failures, on_error)
  for _, task in ipairs(failures) do
    if not on_error then error(task.traceback, 0) end
    on_error(task.error, task)
  end
end

local function update(state, transport)
  if state.current then error("driver.tick: update inside of a task", 3) end
  step(state.tasks, transport)
  local failures = resume_all(state)
  keep_running(state)
  report(failures, state.on_error)
  return #state.tasks
end

-- Holds the arguments until the task's first turn.
local function begin(fn, ...)
  coroutine.yield()
  return fn(...)
end

-- Waits for a task and serves it. Idle, it holds nothing of the one before.
local function serve()
  while true do coroutine.yield(SERVED, begin(coroutine.yield())) end
end

local function thread_for(state)
  if not state.reuse then return coroutine.create(begin) end
  local idle = table.remove(state.idle)
  if idle then return idle end
  local thread = coroutine.create(serve)
  coroutine.resume(thread)
  return thread
end

local function start(state, fn, ...)
  if type(fn) ~= "function" then
    error("driver.tick: start expects a function", 3)
  end
  local thread = thread_for(state)
  coroutine.resume(thread, fn, ...)
  -- What is nil here has room for what it becomes.
  local task = setmetatable({ status = "running", thread = thread,
    transport = nil, transfer = nil, deadline = nil, results = nil }, Task)
  state.tasks[#state.tasks + 1] = task
  return task
end

-- A coroutine within a task yields to that task, which then has its turns.
local function wait(state, transport, transfer, deadline)
  local thread, is_main = coroutine.running()
  if not thread or is_main then complain "wait" end
  local task = state.current
  local is_own = task and task.thread == thread
  while not transfer:ended() do
    if state.now() >= deadline then return false end
    if task then task.transport = transport end
    if is_own then task.transfer, task.deadline = transfer, deadline end
    coroutine.yield()
    if task then task.transport, task.transfer = nil, nil end
  end
  return true
end

local function sleep(state, seconds)
  local thread, is_main = coroutine.running()
  if not thread or is_main then complain "sleep" end
  local wake = state.now() + seconds
  repeat coroutine.yield() until state.now() >= wake
end

--- A driver that is moved once in each frame.
-- @function tick
-- @tparam[opt] table options `now`: seconds that never go back;
-- `on_error(error, task)`: hears of tasks that failed; `reuse` (false): see
-- above
-- @treturn table `wait(transport, transfer, deadline)`, `sleep(seconds)`,
-- `now()`; `start(fn, ...)`: a task, which begins with the next update;
-- `update(transport)`: steps the transport (default: those that tasks wait for)
-- without waiting, resumes every task once that can go on, and tells how many
-- still run
return function(given)
  given = options.check("driver.tick", given or {}, OPTIONS)
  local state = { tasks = {}, idle = {}, reuse = given.reuse,
    on_error = given.on_error,
    now = given.now or core.clock.monotonic }
  return {
    now = state.now,
    wait = function(transport, transfer, deadline)
      return wait(state, transport, transfer, deadline)
    end,
    sleep = function(seconds) sleep(state, seconds) end,
    -- No tail calls: their errors name the line that called.
    start = function(...)
      local task = start(state, ...)
      return task
    end,
    update = function(transport)
      local running = update(state, transport)
      return running
    end,
  }
end
