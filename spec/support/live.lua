--- No spec leaves a handle of the core behind.

local core = require "adobepass.core"

local live = {}

--- Collects what can be, then wants every count to be zero.
function live.assert_none()
  collectgarbage()
  collectgarbage()
  for kind, count in pairs(core.live()) do
    assert(count == 0, ("%d %s left open"):format(count, kind))
  end
end

return live
