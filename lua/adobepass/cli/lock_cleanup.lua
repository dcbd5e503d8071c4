--- Releases the locks of a store when Ctrl-C ends the program.
--
-- A client that refreshes a token holds a lock in the store. If Ctrl-C left the
-- lock, the next command would wait until the lock expires.
--
-- @module adobepass.cli.lock_cleanup

local lock_cleanup = {}

local held = {}

-- The client's locks that are held during a request.
local LOCK = "^refresh:"

local Wrapper = {}
Wrapper.__index = Wrapper

for _, name in ipairs { "get", "set", "replace", "delete", "clear" } do
  Wrapper[name] = function(self, ...)
    return self.store[name](self.store, ...)
  end
end

function Wrapper:add(key, value, seconds)
  if key:find(LOCK) then
    held[key] = { store = self.store, value = value }
  end
  return self.store:add(key, value, seconds)
end

--- Wraps a store. Returns a store that records the locks that it adds.
function lock_cleanup.wrap(store)
  return setmetatable({ store = store }, Wrapper)
end

--- Deletes the recorded locks. A lock that another process has acquired since
-- has another value, and stays.
function lock_cleanup.release()
  for key, lock in pairs(held) do
    lock.store:delete(key, lock.value)
  end
  held = {}
end

return lock_cleanup
