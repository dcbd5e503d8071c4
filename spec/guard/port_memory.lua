--- Prints the resident KiB of a small TV app on this processor and Lua: of all pages,
-- and of its own. `make ports` runs it. Exit status 1 if one exceeds its ceiling.

local ceilings = require "spec.guard.ceilings"
local comparison = require "spec.guard.comparison"
local flow_costs = require "spec.guard.flow_costs"
local sandbox_host = require "adobepass.sandbox.host"

local running = assert(sandbox_host.start { throttle = false })
local ok, measured = pcall(flow_costs.memory, running)
running:stop()
if not ok then error(measured, 0) end
print(("%d %d"):format(measured["a TV app"], measured["a TV app, private memory"]))
local status = 0
for _, row in ipairs(comparison.rows({ ["KiB of memory"] = measured }, ceilings)) do
  local complaint = comparison.complaint(row)
  if complaint then
    io.stderr:write(complaint, "\n")
    status = 1
  end
end
os.exit(status)
