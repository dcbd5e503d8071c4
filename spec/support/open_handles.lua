--- Checks that a spec leaves no handle of the core open.

local core = require "adobepass.core"

local open_handles = {}

--- Collects garbage. Compiled traces of LuaJIT keep objects alive.
function open_handles.collect()
  if package.loaded.jit then package.loaded.jit.flush() end
  collectgarbage()
  collectgarbage()
end

--- Returns the number of open handles of each kind after a collection.
function open_handles.count()
  open_handles.collect()
  return core.handle_count()
end

-- Earlier specs may still hold handles.
local before = open_handles.count()

--- Raises if more handles are open than when this module was loaded.
function open_handles.assert_none()
  for kind, count in pairs(open_handles.count()) do
    local more = count - before[kind]
    assert(more <= 0, ("%d %s left open"):format(more, kind))
  end
end

return open_handles
