--- Run before an example (`lua -l spec.support.stepped_sleep example.lua`):
-- it waits
-- for a line on its standard input where it would have slept, and its clock
-- moves on by that much. So a spec can do something meanwhile, and no time
-- passes.

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
