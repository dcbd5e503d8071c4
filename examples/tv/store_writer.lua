-- The thread of store.lua: makes the changes in order.

local path, cpath, folder, orders, responses, pause = ...
package.path, package.cpath = path, cpath

local disk = require "adobepass.store.file" (folder)
local queued_store = require "examples.shared.queued_store"

while true do
  local order = orders:demand()
  if order == "end" then return end
  local done, message = queued_store.write(disk, pause, order[1], order[2], order[3],
    order[4])
  if not done then responses:push(message) end
end
