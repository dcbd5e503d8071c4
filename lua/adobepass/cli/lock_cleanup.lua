--- Releases the locks of a store when Ctrl-C ends the program.
--
-- Who refreshes a token holds a lock in the store, so that others wait. Ctrl-C
-- ends us in the midst of it, and whoever starts the command again would wait
-- until the lock's time is over.
--
-- @module adobepass.cli.lock_cleanup

local lock_cleanup = {}

local held = {}

-- The one lock of the client's that is freed at the end of the work.
local LOCK = "^refresh:"

local Around = {}
Around.__index = Around

for _, name in ipairs { "get", "set", "replace", "delete", "clear" } do
  Around[name] = function(self, ...)
    return self.store[name](self.store, ...)
  end
end

function Around:add(key, value, seconds)
  if key:find(LOCK) then
    held[key] = { store = self.store, value = value }
  end
  return self.store:add(key, value, seconds)
end

--- The same store.
function lock_cleanup.around(store)
  return setmetatable({ store = store }, Around)
end

--- Lets go of what this program holds; another's stays, since the value is
-- not ours.
function lock_cleanup.release()
  for key, claim in pairs(held) do
    claim.store:delete(key, claim.value)
  end
  held = {}
end

return lock_cleanup
