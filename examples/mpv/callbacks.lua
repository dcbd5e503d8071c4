--- Measures the script's callbacks, if TV_FRAMES names a file: at the end, each line
-- has the seconds of one callback.

local core = require "adobepass.core"

local callbacks = {}

local path = os.getenv "TV_FRAMES"
local times = {}

--- Returns a function that calls `fn`, and records its time if wanted.
function callbacks.wrap(fn)
  if not path then return fn end
  return function(...)
    local started = core.clock.monotonic()
    fn(...)
    times[#times + 1] = ("%.6f"):format(core.clock.monotonic() - started)
  end
end

--- Writes the times.
function callbacks.write()
  if not path then return end
  local file = assert(io.open(path, "w"))
  file:write(table.concat(times, "\n"), "\n")
  file:close()
end

return callbacks
