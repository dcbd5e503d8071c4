--- A store for a program with frames: it reads by itself, which takes no time
-- to speak of, and lets a thread write, since a write waits for the disk.
--
-- What was changed since the start is in memory; all else is as the disk has
-- it. One program owns the folder, so nobody else changes it meanwhile.

local adobepass = require "adobepass"
local interface = require "adobepass.store.interface"

local store = {}

-- A write that failed is told at the next change.
local function order(self, ...)
  local trouble = self.answers:pop()
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

-- One program owns the folder, so no comparison is needed on the disk.
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

--- A store in a folder.
-- @string folder made, for the owner alone, if it is missing
function store.new(folder)
  local orders, answers = love.thread.newChannel(), love.thread.newChannel()
  local writer = love.thread.newThread "store_writer.lua"
  writer:start(package.path, package.cpath, folder, orders, answers)
  return make { memory = adobepass.store.memory(), changed = {}, cleared = {},
    disk = adobepass.store.file(folder), orders = orders, answers = answers,
    writer = writer }
end

--- Waits until all is written, and ends the thread.
function store.close(self)
  self.orders:push "end"
  self.writer:wait()
end

return store
