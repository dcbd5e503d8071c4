--- A driver for OpenResty, and nginx with Lua.
--
-- `wait` and `sleep` yield to nginx, so the worker serves others meanwhile.
-- They work wherever ngx.sleep does: in requests, timers and light threads,
-- not in init_by_lua (make transports after nginx has forked, too).
--
-- nginx lends Lua no way to watch a foreign socket (lua-nginx-module #450 was
-- closed, #2440 is open), so a transport is looked at again and again: after
-- 1 ms at first, then less and less often, at least every 10 ms. A look costs
-- the same however many wait: on Linux the transport watches their sockets.
--
-- @module adobepass.driver.ngx

-- luacheck: globals ngx

local core = require "adobepass.core"
local options = require "adobepass.util.options"

local SHORTEST, LONGEST, GROWTH = 0.001, 0.01, 1.5

-- Not ngx.now: that is the time of day, which jumps when a clock is set, and
-- as it was when nginx last looked.
local now = core.clock.monotonic

local function wait(transport, transfer, deadline)
  local pause = SHORTEST
  while true do
    transport:step(0)
    if transfer:ended() then return true end
    local left = deadline - now()
    if left <= 0 then return false end
    -- ngx.sleep counts milliseconds; 0 of them would be a hot loop.
    ngx.sleep(math.max(SHORTEST, math.min(pause, left)))
    pause = math.min(pause * GROWTH, LONGEST)
  end
end

-- Timers of nginx count from its cached time and may be early by that much.
local function sleep(seconds)
  local wake = now() + seconds
  local left = seconds
  repeat
    ngx.sleep(math.max(SHORTEST, left))
    left = wake - now()
  until left <= 0
end

--- A driver for nginx.
-- @function ngx
-- @treturn table `wait(transport, transfer, deadline)`, `sleep(seconds)`,
-- `now()`
return function(given)
  options.check("driver.ngx", given or {}, {})
  if not ngx then error("driver.ngx: only inside nginx", 2) end
  return { wait = wait, sleep = sleep, now = now }
end
