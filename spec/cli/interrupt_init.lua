--- LUA_INIT of a command in spec/cli/interrupt_spec.lua: sends a real SIGINT to this
-- process before or after a call of core.file. The moment is the number in the
-- variable MOMENT: 2n - 1 is before the nth call, 2n after it, before the caller
-- receives the result. 0: never; then the number of moments is written to the file
-- named by MOMENTS.

local core = require "adobepass.core"

local wanted, moment = tonumber(os.getenv "MOMENT"), 0

local function next_moment()
  moment = moment + 1
  if moment == wanted then io.popen("kill -s INT $PPID"):close() end
  if wanted == 0 then
    local file = assert(io.open(os.getenv "MOMENTS", "w"))
    file:write(moment)
    file:close()
  end
end

for _, name in ipairs { "lock", "read", "write", "make_folder" } do
  local call = core.file[name]
  core.file[name] = function(...)
    next_moment()
    local value, message, code = call(...)
    next_moment()
    return value, message, code
  end
end
