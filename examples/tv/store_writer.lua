-- The thread of store.lua: makes the changes in order.

local path, cpath, folder, orders, responses = ...
package.path, package.cpath = path, cpath

local disk = require "adobepass.store.file" (folder)

while true do
  local order = orders:demand()
  if order == "end" then return end
  local method = order[1]
  local done, message = disk[method](disk, order[2], order[3], order[4])
  if done == nil then responses:push(message) end
end
