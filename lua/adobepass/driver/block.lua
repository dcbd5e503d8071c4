--- A driver for programs that may block: scripts, commands, workers.
--
-- `wait` and `sleep` block the process. Requests that were submitted together
-- still run concurrently.
--
-- @module adobepass.driver.block

local core = require "adobepass.core"
local options = require "adobepass.util.options"

local clock = core.clock

-- Seconds. The stand-alone Lua handles Ctrl-C only between two steps, so a step is
-- short.
local LONGEST_STEP = 1
local LONGEST_SLEEP = 86400 -- the core's maximum
-- Avoids a busy loop with a transport that is closed or does not have this
-- transfer.
local IDLE = 0.01

-- Returns whether a transfer is still running.
local function step(transport, seconds)
  local running = transport:step(math.min(seconds, LONGEST_STEP))
  return running ~= nil and running > 0
end

local function wait(transport, transfer, deadline)
  while not transfer:ended() do
    local left = deadline - clock.monotonic()
    if left <= 0 then return false end
    if not step(transport, left) and not transfer:ended() then
      clock.sleep(math.min(left, IDLE))
    end
  end
  return true
end

-- In a loop, because a signal ends each sleep of the core early; Lua handles
-- the signal between two of them.
local function sleep(seconds)
  local wake = clock.monotonic() + seconds
  local left = seconds
  while left > 0 do
    clock.sleep(math.min(left, LONGEST_SLEEP))
    left = wake - clock.monotonic()
  end
end

--- Creates a driver that blocks.
-- @function block
-- @treturn table `wait(transport, transfer, deadline)`, `sleep(seconds)`,
-- `now()`
return function(given)
  options.check("driver.block", given or {}, {})
  return { wait = wait, sleep = sleep, now = clock.monotonic }
end
