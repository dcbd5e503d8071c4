--- The app's store: a thread makes the changes. See examples/shared/queued_store.lua.

local adobepass = require "adobepass"
local interface = require "adobepass.store.interface"
local queued_store = require "examples.shared.queued_store"

local store = {}

--- Creates a store in a folder.
-- @string folder created if it is missing, readable by the owner only
-- @tparam number|nil pause see queued_store.write
function store.new(folder, pause)
  local orders, responses = love.thread.newChannel(), love.thread.newChannel()
  local writer = love.thread.newThread "store_writer.lua"
  writer:start(package.path, package.cpath, folder, orders, responses, pause)
  local function send(...)
    orders:push { ... }
    local trouble = responses:pop()
    if trouble then return interface.failed(trouble) end
    return true
  end
  return queued_store.new { disk = adobepass.store.file(folder), send = send,
    orders = orders, writer = writer }
end

--- Waits for all writes, and ends the thread.
function store.close(self)
  self.orders:push "end"
  self.writer:wait()
end

return store
