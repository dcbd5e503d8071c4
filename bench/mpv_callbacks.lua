-- Measures the callbacks of an mpv script that starts afterward, and writes a file when
-- mpv ends: each line has the milliseconds of one callback, and how many of them it
-- waited for a processor. Loaded by examples/mpv/main.lua for bench/player.

local core = require "adobepass.core"

local path = ...
local lines = {}

-- Linux: nanoseconds on a processor, nanoseconds in its queue, ...; see
-- Documentation/scheduler/sched-stats.rst of the kernel.
local function queued()
  local file = assert(io.open "/proc/thread-self/schedstat")
  local _, waited = file:read("*n", "*n")
  file:close()
  return waited / 1e6
end

local function measured(fn)
  return fn and function(...)
    local waited, started = queued(), core.clock.monotonic()
    fn(...)
    local took = core.clock.monotonic() - started
    lines[#lines + 1] = ("%.3f,%.3f\n"):format(took * 1000, queued() - waited)
  end
end

mp.register_event("shutdown", function()
  local file = assert(io.open(path, "w"))
  file:write(table.concat(lines))
  file:close()
end)

-- The functions of mpv that the app uses.
for _, name in ipairs { "add_periodic_timer", "register_event",
  "command_native_async" } do
  local original = mp[name]
  mp[name] = function(what, fn, ...) return original(what, measured(fn), ...) end
end
for _, name in ipairs { "add_forced_key_binding", "observe_property" } do
  local original = mp[name]
  mp[name] = function(what, how, fn, ...)
    return original(what, how, measured(fn), ...)
  end
end
