--- A driver for programs with a frame loop: games, LÖVE, UI timers.
--
--   local driver = adobepass.driver.tick { on_error = show }
--   local task = driver.start(function() return client:login { ... } end)
--   function love.update() driver.update() end       -- never blocks
--   if task.status == "done" then use(task.results[1], task.results[2]) end
--
-- `wait` and `sleep` call coroutine.yield(), so call them in a task, or in a
-- coroutine that you resume in each frame yourself.
--
-- A task has `status`: "running", "done", "failed" or "cancelled"; `results`,
-- with their number in `n`; `error`, the value that was raised, and
-- `traceback`.
--
-- An error raised in a task is a bug, since failures of the service are
-- returned as nil, err. `update` first resumes every task, then calls
-- `on_error(error, task)` for each failed one; without `on_error` it raises
-- the task's traceback. The task keeps the error in either case.
--
-- With `reuse`, the coroutine of a finished task runs the next one, which
-- saves memory and time with many short tasks. Do not use a coroutine after
-- its task has ended: resuming it would resume another task, and values stored
-- by coroutine (`kept[coroutine.running()]`) would be visible to another task.
--
-- Works on plain Lua 5.1: no pcall around a yield.
--
-- @module adobepass.driver.tick

local core = require "adobepass.core"
local host = require "adobepass.driver.host"
local options = require "adobepass.util.options"

local OPTIONS = { now = "function?", on_error = "function?",
  reuse = "boolean?" }
local REMEDY = "call the client in driver.start(function() ... end), and "
  .. "driver.update() in each frame"

local function pack(...) return { n = select("#", ...), ... } end

local Task = {}
Task.__index = Task

-- Calls the functions that a task registered for the case that it is cancelled or
-- fails, for example to release the lock of an access token. Each runs in a task of its
-- own, since the application's store may yield.
local function run_cleanups(task)
  local cleanups = task.cleanups
  task.cleanups = nil
  for _, cleanup in pairs(cleanups or {}) do task.run(cleanup) end
end

-- Ends a cancelled task. Lua 5.4: closes the task's <close> variables.
local function stop(task)
  local close = rawget(coroutine, "close")
  if close and coroutine.status(task.thread) == "suspended" then
    close(task.thread)
  end
  if task.transfer then task.transfer:close() end
  task.thread, task.transport, task.transfer = nil, nil, nil
  run_cleanups(task)
end

--- Cancels a task, and closes the transfer that it waits for: the request ends at
-- once, although the service may have received it. A transfer of another coroutine
-- that the task created is cancelled when it is collected. A task that cancels itself
-- ends when it next waits.
-- @function task:cancel
function Task:cancel()
  if self.status ~= "running" then return end
  self.status = "cancelled"
  if coroutine.status(self.thread) == "suspended" then stop(self) end
end

local function fail(task, reason)
  task.status, task.error = "failed", reason
  task.traceback = debug.traceback(task.thread, tostring(reason))
  run_cleanups(task)
end

-- A reused coroutine yields this before the results of its task.
local SERVED = {}
local MOST_IDLE = 1024

local function keep_thread(state, thread)
  local idle = state.idle
  if #idle == MOST_IDLE then return end
  coroutine.resume(thread)
  idle[#idle + 1] = thread
end

-- Updates a task after coroutine.resume; returns whether the task failed.
local function settle(state, task, good, ...)
  state.current = nil
  if task.status == "cancelled" then -- by itself
    stop(task)
  elseif not good then
    fail(task, (...))
  elseif rawequal((...), SERVED) then
    keep_thread(state, task.thread)
    task.status, task.results = "done", pack(select(2, ...))
  elseif coroutine.status(task.thread) == "dead" then
    task.status, task.results = "done", pack(...)
  end
  return task.status == "failed"
end

-- Resumes a task: in `update`, or a cleanup of a task that another one cancels.
local function take_turn(state, task)
  local current = state.current
  state.current = task
  if settle(state, task, coroutine.resume(task.thread)) then
    table.insert(state.failures, task)
  end
  state.current = current
end

-- A task that waits or sleeps is resumed at its deadline, or when its transfer has
-- ended.
local function is_due(task, now)
  local transfer, deadline = task.transfer, task.deadline
  return not deadline or now >= deadline
    or transfer ~= nil and transfer:ended()
end

-- Steps each transport that a task waits for, once.
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

-- Tasks started meanwhile begin with the next update.
local function resume_all(state)
  local now = state.now()
  for index = 1, #state.tasks do
    local task = state.tasks[index]
    if task.status == "running" and is_due(task, now) then take_turn(state, task) end
  end
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
  if state.current then
    error("driver.tick: update was called inside a task; call it in the frame loop", 3)
  end
  step(state.tasks, transport)
  resume_all(state)
  keep_running(state)
  local failures = state.failures
  state.failures = {}
  report(failures, state.on_error)
  return #state.tasks
end

-- Keeps the arguments until the task is first resumed.
local function begin(fn, ...)
  coroutine.yield()
  return fn(...)
end

-- Runs one task after another. While idle it holds no reference to the
-- previous task.
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
  -- The nil fields reserve room in the table.
  local task = setmetatable({ status = "running", thread = thread,
    transport = nil, transfer = nil, deadline = nil, results = nil,
    cleanups = nil, run = state.run }, Task)
  state.tasks[#state.tasks + 1] = task
  return task
end

-- Ends the task's turn. A coroutine created by a task yields to the task, which is then
-- resumed in each frame.
local function pause(task, thread, deadline, transport, transfer)
  if not task then return coroutine.yield() end
  if transport then task.transport = transport end
  if task.thread == thread then
    task.transfer, task.deadline = transfer, deadline
  end
  coroutine.yield()
  if transport then task.transport = nil end
  task.transfer, task.deadline = nil, nil
end

local function wait(state, transport, transfer, deadline)
  local thread = host.check_coroutine("driver.tick: wait", REMEDY)
  while not transfer:ended() do
    if state.now() >= deadline then return false end
    pause(state.current, thread, deadline, transport, transfer)
  end
  return true
end

local function sleep(state, seconds)
  local thread = host.check_coroutine("driver.tick: sleep", REMEDY)
  local wake = state.now() + seconds
  repeat pause(state.current, thread, wake) until state.now() >= wake
end

--- Creates a driver that the application updates once in each frame.
-- @function tick
-- @tparam[opt] table options `now`: returns seconds that never go backwards;
-- `on_error(error, task)`: called for each failed task; `reuse` (false): see
-- above
-- @treturn table `wait(transport, transfer, deadline)`, `sleep(seconds)`,
-- `now()`; `task()`: returns the running task or nil; `start(fn, ...)`: returns a
-- task, which begins with the next update; `update(transport)`: steps the
-- transport and those that tasks wait for, without waiting, resumes once every
-- task that can continue, and returns the number of running tasks
return function(given)
  given = options.check("driver.tick", given or {}, OPTIONS)
  local state = { tasks = {}, idle = {}, reuse = given.reuse,
    on_error = given.on_error, failures = {},
    now = given.now or core.clock.monotonic }
  function state.run(fn) take_turn(state, start(state, fn)) end
  return {
    now = state.now,
    task = function() return state.current end,
    wait = function(transport, transfer, deadline)
      return wait(state, transport, transfer, deadline)
    end,
    sleep = function(seconds) sleep(state, seconds) end,
    -- No tail calls: error levels count the caller.
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
