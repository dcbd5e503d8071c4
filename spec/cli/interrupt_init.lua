--- LUA_INIT of a command in spec/cli/interrupt_spec.lua: sends a real SIGINT to this
-- process before or after a call of core.file. The point is the number in the
-- variable INTERRUPT_POINT: 2n - 1 is before the nth call, 2n after it, before the
-- caller receives the result. 0: never; then the number of points is written to the
-- file named by INTERRUPT_COUNT_FILE.

local core = require "adobepass.core"

local wanted, point = tonumber(os.getenv "INTERRUPT_POINT"), 0

local function next_point()
  point = point + 1
  if point == wanted then io.popen("kill -s INT $PPID"):close() end
  if wanted == 0 then
    local file = assert(io.open(os.getenv "INTERRUPT_COUNT_FILE", "w"))
    file:write(point)
    file:close()
  end
end

for _, name in ipairs { "lock", "read", "write", "make_folder" } do
  local call = core.file[name]
  core.file[name] = function(...)
    next_point()
    local value, message, code = call(...)
    next_point()
    return value, message, code
  end
end
