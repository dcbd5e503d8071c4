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

-- Returns a kind of which more handles are open than before, and how many.
local function left_open(counts)
  for kind, count in pairs(counts) do
    if count > before[kind] then return kind, count - before[kind] end
  end
end

--- Raises if more handles are open than when this module was loaded. It collects
-- garbage only if that may close some.
function open_handles.assert_none()
  if not left_open(core.handle_count()) then return end
  local kind, more = left_open(open_handles.count())
  assert(not kind, ("%s %s left open"):format(tostring(more), tostring(kind)))
end

return open_handles
