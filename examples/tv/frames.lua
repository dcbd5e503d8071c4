--- Measures each frame if TV_FRAMES names a file, and writes one line of CSV for each
-- frame, in milliseconds.
--
--   work      from the frame's begin to its end: input, update, drawing, present()
--             and a step of the garbage collector
--   interval  from this frame's begin to the next one's
--   cpu       CPU time of the main thread within `work`; the rest is waiting for the
--             graphics driver or for a processor
--   process   CPU time of all threads within `work`: a graphics driver that renders in
--             software uses threads of this process
--   network   the part of `work` that client:update() took
--   drawn     1 if the frame had a new picture, else 0

local ffi = require "ffi"

ffi.cdef [[
  typedef struct { long seconds, nanoseconds; } tv_timespec;
  int clock_gettime(int clock, tv_timespec *now);
]]

local frames = {}

local MONOTONIC, PROCESS_CPU, THREAD_CPU = 1, 2, 3 -- Linux: <time.h>
local MOST = 60 * 60 * 30 -- frames: half an hour
local WIDE = 6 -- numbers per frame
local HEAD = "work,interval,cpu,process,network,drawn,screen\n"

local spec = ffi.new "tv_timespec"

local function milliseconds(clock)
  ffi.C.clock_gettime(clock, spec)
  return tonumber(spec.seconds) * 1e3 + tonumber(spec.nanoseconds) / 1e6
end

local path = os.getenv "TV_FRAMES"
local count, screens = 0, {}
local numbers = path and ffi.new("double[?]", MOST * WIDE)
local began, cpu_began, process_began, network

--- Starts a frame, which ends the interval of the last one.
function frames.begin()
  if not path then return end
  local now = milliseconds(MONOTONIC)
  if count > 0 then numbers[(count - 1) * WIDE + 1] = now - began end
  began, network = now, 0
  process_began = milliseconds(PROCESS_CPU)
  cpu_began = milliseconds(THREAD_CPU)
end

--- Runs a function and adds its time to `network`.
function frames.network(work)
  if not path then return work() end
  local before = milliseconds(MONOTONIC)
  work()
  network = milliseconds(MONOTONIC) - before
end

--- Ends a frame; records the screen's name, and whether the frame was drawn.
function frames.finish(screen, is_drawn)
  if not path or count == MOST then return end
  local at = count * WIDE
  numbers[at] = milliseconds(MONOTONIC) - began
  numbers[at + 2] = milliseconds(THREAD_CPU) - cpu_began
  numbers[at + 3] = milliseconds(PROCESS_CPU) - process_began
  numbers[at + 4] = network
  numbers[at + 5] = is_drawn and 1 or 0
  count = count + 1
  screens[count] = screen
end

--- Writes the file, without the last frame, whose interval is unknown.
function frames.write()
  if not path then return end
  local file = assert(io.open(path, "w"))
  file:write(HEAD)
  for index = 0, count - 2 do
    for column = 0, WIDE - 1 do
      file:write(("%.3f,"):format(numbers[index * WIDE + column]))
    end
    file:write(screens[index + 1], "\n")
  end
  file:close()
end

return frames
