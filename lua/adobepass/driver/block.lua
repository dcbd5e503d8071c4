--- A driver for programs that may wait: scripts, commands, workers.
--
-- `wait` and `sleep` block the whole program, until what they wait for has
-- come. Requests that were submitted together still run together.
--
-- @module adobepass.driver.block

local core = require "adobepass.core"
local options = require "adobepass.util.options"

local clock = core.clock

-- The stand-alone Lua hears Ctrl-C between two steps only.
local LONGEST_STEP = 1
local LONGEST_SLEEP = 86400 -- what the core takes
-- So that a transport which cannot move (it was closed, or it never had this
-- transfer) makes us slow instead of hot.
local IDLE = 0.01

-- Whether anything runs on.
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

-- In pieces: a signal ends each of them, and Lua then hears it.
local function sleep(seconds)
  local wake = clock.monotonic() + seconds
  local left = seconds
  while left > 0 do
    clock.sleep(math.min(left, LONGEST_SLEEP))
    left = wake - clock.monotonic()
  end
end

--- A driver that blocks.
-- @function block
-- @treturn table `wait(transport, transfer, deadline)`, `sleep(seconds)`,
-- `now()`
return function(given)
  options.check("driver.block", given or {}, {})
  return { wait = wait, sleep = sleep, now = clock.monotonic }
end
