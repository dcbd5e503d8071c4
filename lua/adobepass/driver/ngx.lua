--- A driver for OpenResty, and nginx with lua-nginx-module.
--
-- `wait` and `sleep` yield to nginx, so the worker serves other requests
-- meanwhile. They work wherever ngx.sleep does: in requests, timers and light
-- threads, not in init_by_lua. Create transports after nginx has forked, too.
-- Requests, timers and light threads of a worker may share a transport.
--
-- A coroutine that waits is resumed when its transfer ends, see
-- adobepass.driver.ngx_wakeup. That needs Linux, a thread, a Unix socket below
-- TMPDIR or /tmp, ngx.semaphore, and one timer below lua_max_running_timers. Without
-- one of these, while the worker exits, and for a transport that is not the core's, the
-- driver steps the transport repeatedly instead: after 1 ms at first, then at growing
-- intervals up to 10 ms. The driver logs one warning when something is missing.
--
-- @module adobepass.driver.ngx

-- luacheck: globals ngx

local core = require "adobepass.core"
local ngx_wakeup = require "adobepass.driver.ngx_wakeup"
local options = require "adobepass.util.options"

local SHORTEST, LONGEST, GROWTH = 0.001, 0.01, 1.5

-- Not ngx.now: it returns the wall clock, which can jump, as nginx cached it.
local now = core.clock.monotonic

-- nginx allows no yield there.
local NO_WAIT = { init = true, init_worker = true, exit_worker = true, set = true,
  header_filter = true, body_filter = true, balancer = true, log = true }

local function check_phase(what)
  local phase = ngx.get_phase()
  if not NO_WAIT[phase] then return end
  error(("driver.ngx: %s was called in nginx's phase %s, which cannot wait; start a "
    .. "timer with ngx.timer.at(0, fn), and call the client in fn"):format(what,
    phase), 0)
end

local function wait(transport, transfer, deadline)
  if transfer:ended() then return true end
  check_phase "wait"
  local pause = SHORTEST
  while not transfer:ended() do
    ngx_wakeup.step(transport)
    if transfer:ended() then return true end
    local left = deadline - now()
    if left <= 0 then return false end
    if not ngx_wakeup.wait(transport, transfer, left) then
      -- ngx.sleep has a resolution of 1 ms; 0 would busy-wait.
      ngx.sleep(math.max(SHORTEST, math.min(pause, left)))
      pause = math.min(pause * GROWTH, LONGEST)
    end
  end
  return true
end

-- nginx's timers start from its cached time, so they may fire early.
local function sleep(seconds)
  check_phase "sleep"
  local wake = now() + seconds
  local left = seconds
  repeat
    ngx.sleep(math.max(SHORTEST, left))
    left = wake - now()
  until left <= 0
end

--- Creates a driver for nginx.
-- @function ngx
-- @treturn table `wait(transport, transfer, deadline)`, `sleep(seconds)`,
-- `now()`
return function(given)
  options.check("driver.ngx", given or {}, {})
  if not (ngx and ngx.get_phase) then
    error("driver.ngx: this process is not nginx with lua-nginx-module; use "
      .. "driver.block in a script, or the driver of your event loop", 0)
  end
  return { wait = wait, sleep = sleep, now = now }
end
