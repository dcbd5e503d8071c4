--- A driver for libuv's loop: luv, luvit, Neovim.
--
--   local driver = adobepass.driver.luv()
--   coroutine.wrap(function() client:login { ... } end)()
--   uv.run()
--
-- `wait` and `sleep` yield, so call them in a coroutine; the loop resumes it.
-- Any number of coroutines may wait for one transport. The driver polls the
-- descriptors that the transport reports (on Linux one epoll descriptor for
-- all of its sockets, elsewhere each socket) and its timeout. While no
-- coroutine waits, the driver has no active handle, so the loop can end.
--
-- The work is done in a prepare handle, just before the loop blocks. By then
-- all events are known: data, a timer, or a coroutine that cancelled another
-- one's transfer.
--
-- libuv aborts the process when it polls a descriptor that has been closed
-- (epoll_ctl in uv__io_poll), and libcurl may close one in any step, or when a
-- transfer is collected. Therefore sockets() is called last, after all
-- coroutines were resumed; the garbage collector is stopped from there until
-- the loop has polled; and every step registers the descriptors again, since
-- the number of a closed one may be reused. A socket that is still missed is
-- found after at most LONGEST seconds.
--
-- An error in a coroutine that the driver resumes goes to `on_error(error,
-- thread)`; without `on_error` it is raised in the loop, where luv ends the
-- program with a traceback.
--
-- @module adobepass.driver.luv

local core = require "adobepass.core"
local host = require "adobepass.driver.host"
local options = require "adobepass.util.options"

local OPTIONS = { uv = "table?", on_error = "function?" }

-- The longest time between two steps, in seconds.
local LONGEST = 0.05
-- The same while not all sockets can be polled.
local BLIND = 0.01

local now = core.clock.monotonic

-- LuaJIT may collect garbage when it leaves compiled code, even while its
-- collector is stopped (lj_trace_exit in lj_trace.c), so this file is not
-- compiled.
local jit = rawget(_G, "jit")
if jit then jit.off(true, true) end

local function milliseconds(seconds)
  return math.ceil(math.max(0, seconds) * 1000)
end

local REMEDY = "call the client in coroutine.wrap(function() ... end)(), then run the "
  .. "loop with uv.run()"

-- Resumes a coroutine; returns nil, or its error with a traceback when there is
-- no `on_error`.
local function resume(state, thread, ...)
  local fine, reason = coroutine.resume(thread, ...)
  if fine then return nil end
  if state.on_error then
    state.on_error(reason, thread)
    return nil
  end
  return debug.traceback(thread, tostring(reason))
end

-- The coroutines that wait for one transport, and its poll handles.
local Watch = {}
Watch.__index = Watch

function Watch:stop_watching(fd)
  self.polls[fd]:stop()
  self.polls[fd]:close()
  self.polls[fd] = nil
end

function Watch:close()
  for fd in pairs(self.polls) do self:stop_watching(fd) end
  self.timer:close()
  self.state.watches[self.transport] = nil
end

-- Returns whether the descriptor is now polled.
function Watch:start_watching(fd, events)
  local poll = self.polls[fd] or self.uv.new_poll(fd)
  if not poll then return false end -- another handle polls it
  self.polls[fd] = poll
  return poll:start(events, self.on_event) == 0
end

-- Polls the transport's descriptors; returns false if not all can be polled.
function Watch:poll_sockets(renew)
  if not self.transport.sockets then return false end
  local sockets, all = self.transport:sockets(), true
  for fd in pairs(self.polls) do
    if not sockets[fd] then self:stop_watching(fd) end
  end
  for fd, events in pairs(sockets) do
    if renew or not self.polls[fd] then
      all = self:start_watching(fd, events) and all
    end
  end
  return all
end

-- Returns the seconds until the next step is due even without data.
function Watch:seconds_to_step(all)
  if self.stale then return 0 end
  local wanted = self.transport:timeout() or LONGEST
  local seconds = math.min(wanted, all and LONGEST or BLIND)
  for _, waiter in ipairs(self.waiters) do
    seconds = math.min(seconds, waiter.deadline - now())
  end
  return seconds
end

-- Removes and returns the waiters that are due, without their transfers: the
-- coroutine must hold the only reference to its transfer.
function Watch:take_ready()
  local ready, waiting, time = {}, {}, now()
  for _, waiter in ipairs(self.waiters) do
    local has_ended = waiter.transfer:ended()
    if has_ended or waiter.deadline <= time then
      ready[#ready + 1] = { thread = waiter.thread, has_ended = has_ended }
    else
      waiting[#waiting + 1] = waiter
    end
  end
  self.waiters = waiting
  return ready
end

function Watch:wake_ready()
  local first_error
  for _, waiter in ipairs(self:take_ready()) do
    self.stale = true
    local message = resume(self.state, waiter.thread, waiter.has_ended)
    first_error = first_error or message
  end
  return first_error
end

-- Stops the collector until the loop has polled, which it does between its
-- prepare and check handles. Lua 5.1 does not report whether the collector was
-- running; there it always runs afterwards.
local function hold_collector(state)
  if state.is_holding then return end
  local knows, runs = pcall(collectgarbage, "isrunning")
  state.is_holding = not knows or runs
  collectgarbage("stop")
end

local function release_collector(state)
  if not state.is_holding then return end
  state.is_holding = false
  collectgarbage("restart")
end

local function leave_loop(state)
  release_collector(state)
  state.prepare:close()
  state.check:close()
  state.prepare, state.check = nil, nil
end

-- Polls while a coroutine waits; otherwise closes.
function Watch:watch()
  if #self.waiters == 0 then return self:close() end
  local all = self:poll_sockets(self.has_moved or self.stale)
  self.timer:start(milliseconds(self:seconds_to_step(all)), 0, self.on_event)
end

-- Steps the transport and resumes the coroutines that are due.
function Watch:move()
  self.has_moved = self.stale
  self.stale = false
  if self.has_moved then self.transport:step(0) end
  return self:wake_ready()
end

-- Runs before the loop blocks. All coroutines are resumed before anything is
-- polled, because one may close another one's transport.
local function turn(state)
  local first_error
  local watches = {}
  for _, watch in pairs(state.watches) do watches[#watches + 1] = watch end
  for _, watch in ipairs(watches) do
    local message = watch:move()
    first_error = first_error or message
  end
  hold_collector(state)
  for _, watch in pairs(state.watches) do watch:watch() end
  if not next(state.watches) then leave_loop(state) end
  if first_error then error(first_error, 0) end
end

local function enter_loop(state)
  if state.prepare then return end
  state.prepare, state.check = state.uv.new_prepare(), state.uv.new_check()
  state.prepare:start(function() turn(state) end)
  state.check:start(function() release_collector(state) end)
end

local function new_watch(state, transport)
  local self = setmetatable({ state = state, uv = state.uv, polls = {},
    transport = transport, waiters = {}, timer = state.uv.new_timer() }, Watch)
  self.on_event = function() self.stale = true end
  state.watches[transport] = self
  enter_loop(state)
  return self
end

local function wait(state, transport, transfer, deadline)
  local thread = host.check_coroutine("driver.luv: wait", REMEDY)
  if transfer:ended() then return true end
  if deadline <= now() then return false end
  local watch = state.watches[transport] or new_watch(state, transport)
  watch.waiters[#watch.waiters + 1] =
    { thread = thread, transfer = transfer, deadline = deadline }
  -- A new transfer starts in the next step, so the loop must not block.
  watch.stale = true
  watch.timer:start(0, 0, watch.on_event)
  return coroutine.yield()
end

-- libuv's timers start from the loop's cached time, which may be old.
local function start_timer(state, timer, seconds, callback)
  state.uv.update_time()
  timer:start(milliseconds(seconds), 0, callback)
end

local function sleep(state, seconds)
  local thread = host.check_coroutine("driver.luv: sleep", REMEDY)
  local timer, wake = state.uv.new_timer(), now() + seconds
  local function on_timer()
    local left = wake - now()
    if left > 0 then return start_timer(state, timer, left, on_timer) end
    timer:close()
    local first_error = resume(state, thread)
    if first_error then error(first_error, 0) end
  end
  start_timer(state, timer, seconds, on_timer)
  coroutine.yield()
end

local function load_luv() return require "luv" end

--- Creates a driver for libuv.
-- @function luv
-- @tparam[opt] table options `uv`: luv's module, where it has another name
-- (Neovim's vim.uv); `on_error(error, thread)`: called when a coroutine fails
-- after the driver resumed it
-- @treturn table `wait(transport, transfer, deadline)`, `sleep(seconds)`,
-- `now()`
return function(given)
  given = options.check("driver.luv", given or {}, OPTIONS)
  local uv = given.uv or host.load("driver.luv", "luv", load_luv,
    "install it (Debian: lua-luv, LuaRocks: luv), or give libuv's module as the "
    .. "option uv (Neovim: vim.uv)")
  local state = { uv = uv, watches = {}, on_error = given.on_error }
  return {
    now = now,
    wait = function(...) return wait(state, ...) end,
    sleep = function(seconds) sleep(state, seconds) end,
  }
end
