--- A store for programs that draw frames: reads return at once; writes run in a
-- thread, because they wait for the disk.
--
-- A value that was changed since the start is read from memory, any other from disk.
-- Only one program may use the folder.

local adobepass = require "adobepass"
local interface = require "adobepass.store.interface"

local store = {}

-- A failed write is reported at the next change.
local function order(self, ...)
  local trouble = self.responses:pop()
  if trouble then return interface.failed(trouble) end
  self.orders:push { ... }
  return true
end

local function was_cleared(self, key)
  for _, prefix in ipairs(self.cleared) do
    if key:sub(1, #prefix) == prefix then return true end
  end
  return false
end

local does = {}

function does.get(self, key)
  if self.changed[key] or was_cleared(self, key) then
    return self.memory:get(key)
  end
  return self.disk:get(key)
end

function does.set(self, key, value, seconds)
  self.changed[key] = true
  self.memory:set(key, value, seconds)
  return order(self, "set", key, value, seconds)
end

function does.add(self, key, value, seconds)
  local there, message, code = does.get(self, key)
  if code then return nil, message, code end
  if there then return false end
  return does.set(self, key, value, seconds)
end

-- The comparison and the write are two steps, which is safe because no other program
-- changes the folder.
function does.replace(self, key, value, expected, seconds)
  local there, message, code = does.get(self, key)
  if code then return nil, message, code end
  if there ~= expected then return false end
  return does.set(self, key, value, seconds)
end

function does.delete(self, key, value)
  local there, message, code = does.get(self, key)
  if code then return nil, message, code end
  if value and there ~= value then return true end
  self.changed[key] = true
  self.memory:delete(key)
  return order(self, "delete", key)
end

function does.clear(self, prefix)
  self.cleared[#self.cleared + 1] = prefix or ""
  self.memory:clear(prefix)
  return order(self, "clear", prefix)
end

local make = interface.class(does)

--- Creates a store in a folder.
-- @string folder created if it is missing, readable by the owner only
function store.new(folder)
  local orders, responses = love.thread.newChannel(), love.thread.newChannel()
  local writer = love.thread.newThread "store_writer.lua"
  writer:start(package.path, package.cpath, folder, orders, responses)
  return make { memory = adobepass.store.memory(), changed = {}, cleared = {},
    disk = adobepass.store.file(folder), orders = orders, responses = responses,
    writer = writer }
end

--- Waits for all writes, and ends the thread.
function store.close(self)
  self.orders:push "end"
  self.writer:wait()
end

return store
