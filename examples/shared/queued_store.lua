--- A store for programs that must not wait for the disk: reads return at once; another
-- thread or process makes the changes.
--
-- A value that was changed since the start is read from memory, any other from disk.
-- Only one program may use the disk's store.

local core = require "adobepass.core"
local interface = require "adobepass.store.interface"
local memory = require "adobepass.store.memory"

local queued_store = {}

local ATTEMPTS, PAUSE = 5, 0.2 -- seconds between two attempts

local does = {}

function does.get(self, key)
  if self.changed[key] then return self.memory:get(key) end
  return self.disk:get(key)
end

function does.set(self, key, value, seconds)
  self.changed[key] = true
  self.memory:set(key, value, seconds)
  return self.send("set", key, value, seconds)
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
  return self.send("delete", key)
end

local make = interface.class(does)

--- Creates a store.
-- @tparam table fields `disk`: a store that is only read; `send(method, key, value,
-- seconds)`: queues a change and returns true, or nil, a message and the code
-- `store_failed` if an earlier change failed or no change can be queued; other fields
-- are kept
function queued_store.new(fields)
  fields.memory, fields.changed = memory(), {}
  return make(fields)
end

--- Makes a queued change on the disk, in the other thread or process. Repeats a failed
-- change, because the cause may be temporary, such as a full disk. Returns true, or nil
-- and a message.
-- @param disk the store
-- @tparam number|nil pause in seconds between two attempts
-- @param ... as `send` received them
function queued_store.write(disk, pause, method, ...)
  local done, message
  for attempt = 1, ATTEMPTS do
    if attempt > 1 then core.clock.sleep(pause or PAUSE) end
    done, message = disk[method](disk, ...)
    if done then return true end
  end
  return nil, message
end

return queued_store
