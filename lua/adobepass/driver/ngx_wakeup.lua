--- Wakes the coroutines of adobepass.driver.ngx when their transfers end.
--
-- Lua code in nginx can wait for its own sockets only (lua-nginx-module #450 was
-- closed, #2440 is open). So a thread of the C core (`core.wakeup`) waits for the
-- transports' epoll descriptors, and writes to a Unix socket. A timer of nginx,
-- the loop, reads that socket, steps the transports, and posts the semaphore of
-- each transfer that has ended. libcurl runs on nginx's thread only.
--
-- There is one loop for each worker. It starts with the first wait, and ends when
-- the worker exits or no coroutine has waited for IDLE seconds. nginx drops the
-- handlers of timers above lua_max_running_timers. Therefore a running loop depends on
-- no timer of nginx, and after START seconds without one, another loop is started.
--
-- @module adobepass.driver.ngx_wakeup

-- luacheck: globals ngx

local core = require "adobepass.core"

local ngx_wakeup = {}

-- A transfer also ends when another coroutine closes it or its transport. So each
-- transport that a coroutine waits for is stepped at least every LONGEST seconds. If
-- the number of its running transfers has changed, or has not been checked for
-- SCAN seconds, all of its waiting transfers are checked.
local LONGEST, SCAN = 0.1, 1
local SHORTEST = 0.001 -- the resolution of nginx's timers
local IDLE = 60
-- An unused loop checks every CHECK seconds whether the worker exits.
local CHECK = 5
local START = 5
-- Seconds between two full garbage collections of an exiting worker, each of which may
-- take as long as several requests.
local COLLECTION = 5
local CONNECT_TIMEOUT, READ_TIMEOUT = 1000, 86400000 -- ms

local now = core.clock.monotonic

local Loop = {}
Loop.__index = Loop

local current        -- the loop of this worker
local is_unavailable -- starting it failed
local is_late        -- a loop has not started in time

local function release(semaphore)
  local waiters = -semaphore:count()
  if waiters > 0 then semaphore:post(waiters) end
end

-- Resumes the coroutines whose transfers have ended, or all.
local function release_ended(watch, all)
  watch.scan_at = now() + SCAN
  for transfer, semaphore in pairs(watch.waiting) do
    if all or transfer:ended() then
      watch.waiting[transfer] = nil
      release(semaphore)
    end
  end
end

function Loop:step(transport, watch)
  local ended = self.ended
  local running = transport:step(0, ended)
  for index = #ended, 1, -1 do
    local semaphore = watch.waiting[ended[index]]
    if semaphore then
      watch.waiting[ended[index]] = nil
      release(semaphore)
    end
    ended[index] = nil
  end
  return running
end

-- Makes the thread write a byte after a time. The timer is never set to a later time:
-- expiring too early costs less than setting it again.
function Loop:wake_after(seconds)
  local due = now() + seconds
  if not self.due or due < self.due then
    self.due = due
    self.wakeup:after(seconds)
  end
end

-- Makes the thread write a byte when the transport's descriptor is ready or its
-- timeout has passed.
function Loop:arm(transport, watch)
  if not watch.is_armed then
    watch.is_armed = self.wakeup:watch(watch.fd)
  end
  self:wake_after(math.min(transport:timeout() or LONGEST, LONGEST))
end

-- Runs after each wake-up. The byte does not show which descriptor is ready.
function Loop:turn()
  local is_due, is_used = self.due and now() >= self.due, false
  if is_due then self.due = nil end
  for transport, watch in pairs(self.watches) do
    watch.is_armed = false
    if next(watch.waiting) then
      local running = self:step(transport, watch)
      if is_due and (running ~= watch.running or now() >= watch.scan_at) then
        watch.running = running
        release_ended(watch)
      end
    end
    if next(watch.waiting) then
      is_used = true
      self:arm(transport, watch)
    end
  end
  local is_exiting = ngx.worker.exiting()
  if not is_used then
    self:rest(is_exiting)
  elseif is_exiting then
    self:collect()
  end
end

-- Ends the loop, or lets it wait until a coroutine uses it.
function Loop:rest(is_exiting)
  if is_exiting or now() - self.last_used >= IDLE then return self:stop() end
  self:wake_after(CHECK)
end

-- A coroutine that nginx has ended counts as waiting until it is collected.
function Loop:collect()
  if now() < self.collect_at then return end
  self.collect_at = now() + COLLECTION
  collectgarbage()
end

-- Coroutines that still wait poll from now on.
function Loop:stop()
  self.is_ready = false
  self.wakeup:close()
  for _, watch in pairs(self.watches) do release_ended(watch, true) end
  if current == self then current = nil end
end

-- Lets the loop end at once when the worker exits: nginx then calls the handlers of all
-- timers early.
local function supervise(is_exiting, loop)
  if not loop.is_ready then return end
  if is_exiting then return loop:wake_after(0) end
  ngx.timer.at(IDLE, supervise, loop)
end

local function connect(loop)
  local socket = ngx.socket.tcp()
  socket:settimeouts(CONNECT_TIMEOUT, CONNECT_TIMEOUT, READ_TIMEOUT)
  local fine, message = socket:connect("unix:" .. loop.wakeup:path())
  if fine then fine, message = loop.wakeup:start() end
  if fine then
    loop:wake_after(CHECK)
    ngx.timer.at(IDLE, supervise, loop)
  end
  return fine and socket, message
end

local function run(premature, loop)
  if premature or current ~= loop then return loop:stop() end
  local socket, message = connect(loop)
  local fine = socket
  loop.is_ready = fine
  while loop.is_ready do
    local data, reason = socket:receiveany(4096)
    if data or reason == "timeout" then
      fine, message = pcall(loop.turn, loop)
    else
      fine, message = not loop.is_ready, reason
    end
    if not fine then break end
  end
  if not fine then ngx_wakeup.give_up(message) end
  loop:stop()
  if socket then socket:close() end
end

--- Makes the driver poll until the worker ends.
-- @tparam string reason for nginx's log
function ngx_wakeup.give_up(reason)
  if is_unavailable then return end
  is_unavailable = true
  ngx.log(ngx.WARN, "adobepass.driver.ngx: polls instead of waiting for events: ",
    reason)
end

local function load_semaphore() return require "ngx.semaphore" end

local function start()
  if is_unavailable or ngx.worker.exiting() then return nil end
  local has_semaphore, semaphore = pcall(load_semaphore)
  if not has_semaphore then return ngx_wakeup.give_up("no ngx.semaphore") end
  local wakeup, message = core.wakeup()
  if not wakeup then return ngx_wakeup.give_up(message) end
  local loop = setmetatable({ wakeup = wakeup, new_semaphore = semaphore.new,
    watches = setmetatable({}, { __mode = "k" }), ended = {},
    last_used = now(), start_by = now() + START, collect_at = 0 }, Loop)
  local fine, reason = ngx.timer.at(0, run, loop)
  if not fine then
    wakeup:close()
    return ngx_wakeup.give_up(reason)
  end
  current = loop
end

-- Drops the loop if nginx has dropped the timer that starts it.
local function drop_late()
  if not current or current.is_ready or now() < current.start_by then return end
  current:stop()
  if is_late then return end
  is_late = true
  ngx.log(ngx.WARN, "adobepass.driver.ngx: polls instead of waiting for events until ",
    "nginx runs a timer: raise lua_max_running_timers")
end

-- Keys are weak, so that a transfer is cancelled after nginx ended its coroutine.
local function watch_of(loop, transport)
  local watch = loop.watches[transport]
  if not watch and type(transport) == "userdata" then
    local fd = next(transport:sockets())
    if not fd then return nil end
    watch = { fd = fd, scan_at = 0, waiting = setmetatable({}, { __mode = "k" }) }
    loop.watches[transport] = watch
  end
  return watch
end

--- Steps a transport without waiting.
function ngx_wakeup.step(transport)
  local watch = current and current.watches[transport]
  if watch then
    current:step(transport, watch)
  else
    transport:step(0)
  end
end

--- Yields until a transfer has ended, `seconds` have passed, or the loop ends.
-- @treturn boolean false: did not yield, and the caller has to poll
function ngx_wakeup.wait(transport, transfer, seconds)
  drop_late()
  if not current then start() end
  local loop = current
  local watch = loop and loop.is_ready and watch_of(loop, transport)
  if not watch then return false end
  local semaphore = watch.waiting[transfer] or loop.new_semaphore(0)
  watch.waiting[transfer] = semaphore
  loop.last_used = now()
  loop:arm(transport, watch)
  semaphore:wait(math.max(SHORTEST, seconds))
  if watch.waiting[transfer] == semaphore and semaphore:count() >= 0 then
    watch.waiting[transfer] = nil
  end
  return true
end

return ngx_wakeup
