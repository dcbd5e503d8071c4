--- Releases the locks of a store when Ctrl-C ends the program.
--
-- A client that refreshes a token holds a lock in the store. If Ctrl-C left the
-- lock, the next command would wait until the lock expires.
--
-- @module adobepass.cli.lock_cleanup

local json = require "adobepass.util.json"

local lock_cleanup = {}

-- Key of a record -> { store, text }; `text` is the record as written, with the lock.
local held = {}

-- The keys of the records that contain a client's lock; see docs/credentials.md.
local RECORD = "^access:"

local Wrapper = {}
Wrapper.__index = Wrapper

for _, name in ipairs { "get", "set", "add", "delete" } do
  Wrapper[name] = function(self, ...)
    return self.store[name](self.store, ...)
  end
end

local function lock_of(text)
  local record = json.decode(text)
  return type(record) == "table" and record.lock and record or nil
end

-- Adds the lock to `held` before the write, because Ctrl-C may interrupt the write.
function Wrapper:replace(key, value, expected, seconds)
  if key:find(RECORD) and lock_of(value) then
    held[key] = { store = self.store, text = value }
  end
  return self.store:replace(key, value, expected, seconds)
end

--- Wraps a store. Returns a store that records the locks that it writes.
function lock_cleanup.wrap(store)
  return setmetatable({ store = store }, Wrapper)
end

--- Releases the recorded locks. A record that another process has changed since
-- stays unchanged.
function lock_cleanup.release()
  collectgarbage() -- closes the lock file of a write that was interrupted
  for key, owner in pairs(held) do
    local record = lock_of(owner.text)
    record.lock = nil
    owner.store:replace(key, json.encode(record), owner.text)
  end
  held = {}
end

return lock_cleanup
