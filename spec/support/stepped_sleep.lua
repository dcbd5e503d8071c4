--- Loaded before an example (`lua -l spec.support.stepped_sleep example.lua`).
-- Instead of sleeping, the example waits for a line on standard input, and its
-- clock advances by the duration of the sleep.

local core = require "adobepass.core"

local NAME = "adobepass.driver.block"

local block = require(NAME)

local slept = 0

local function now() return core.clock.monotonic() + slept end

package.loaded[NAME] = function(given)
  local driver = block(given)
  return {
    now = now,
    wait = function(transport, transfer, deadline)
      return driver.wait(transport, transfer, deadline - slept)
    end,
    sleep = function(seconds)
      io.stdout:flush()
      if io.read() then slept = slept + seconds end
    end,
  }
end
