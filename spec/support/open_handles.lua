--- No spec leaves a handle of the core behind.

local core = require "adobepass.core"

local live = {}

--- Collects all that can be. What LuaJIT compiled holds on to what it saw.
function live.collect()
  if package.loaded.jit then package.loaded.jit.flush() end
  collectgarbage()
  collectgarbage()
end

--- How many handles of each kind nobody could collect.
function live.counted()
  live.collect()
  return core.handle_count()
end

-- What the files before this one still hold on to is theirs.
local before = live.counted()

--- Collects what can be, then wants nothing to be open that was not before.
function live.assert_none()
  for kind, count in pairs(live.counted()) do
    local more = count - before[kind]
    assert(more <= 0, ("%d %s left open"):format(more, kind))
  end
end

return live
