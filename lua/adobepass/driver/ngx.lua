--- A driver for OpenResty, and nginx with lua-nginx-module.
--
-- `wait` and `sleep` yield to nginx, so the worker serves other requests
-- meanwhile. They work wherever ngx.sleep does: in requests, timers and light
-- threads, not in init_by_lua. Create transports after nginx has forked, too.
--
-- Lua code in nginx cannot poll a foreign socket (lua-nginx-module #450 was
-- closed, #2440 is open), so the driver steps the transport repeatedly: after
-- 1 ms at first, then at growing intervals up to 10 ms. The cost of a step
-- does not depend on the number of waiting coroutines: on Linux the transport
-- polls its sockets with epoll.
--
-- @module adobepass.driver.ngx

-- luacheck: globals ngx

local core = require "adobepass.core"
local options = require "adobepass.util.options"

local SHORTEST, LONGEST, GROWTH = 0.001, 0.01, 1.5

-- Not ngx.now: it returns the wall clock, which can jump, as nginx cached it.
local now = core.clock.monotonic

local function wait(transport, transfer, deadline)
  local pause = SHORTEST
  while true do
    transport:step(0)
    if transfer:ended() then return true end
    local left = deadline - now()
    if left <= 0 then return false end
    -- ngx.sleep has a resolution of 1 ms; 0 would busy-wait.
    ngx.sleep(math.max(SHORTEST, math.min(pause, left)))
    pause = math.min(pause * GROWTH, LONGEST)
  end
end

-- nginx's timers start from its cached time, so they may fire early.
local function sleep(seconds)
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
  if not ngx then error("driver.ngx: works only inside nginx", 2) end
  return { wait = wait, sleep = sleep, now = now }
end
