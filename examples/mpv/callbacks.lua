--- Measures the script's callbacks, if TV_FRAMES names a file: each line has the
-- milliseconds of one callback, and how many of them it waited for a processor.

local core = require "adobepass.core"

local callbacks = {}

local path = os.getenv "TV_FRAMES"
local lines = {}

-- Linux: nanoseconds on a processor, nanoseconds in its queue, ...; see
-- Documentation/scheduler/sched-stats.rst of the kernel.
local function queued()
  local file = assert(io.open("/proc/thread-self/schedstat"))
  local _, waited = file:read("*n", "*n")
  file:close()
  return waited / 1e6
end

--- Returns a function that calls `fn`, and measures it if wanted.
function callbacks.wrap(fn)
  if not path then return fn end
  return function(...)
    local waited, started = queued(), core.clock.monotonic()
    fn(...)
    local took = core.clock.monotonic() - started
    lines[#lines + 1] = ("%.3f,%.3f\n"):format(took * 1000, queued() - waited)
  end
end

--- Writes the file.
function callbacks.write()
  if not path then return end
  local file = assert(io.open(path, "w"))
  file:write(table.concat(lines))
  file:close()
end

return callbacks
