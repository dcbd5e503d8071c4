--- A store in the memory of one Lua state, lost when the state is closed.
--
--   store.memory { now = function() -> seconds, max = 10000 }
--
-- All coroutines of the Lua state share it. It holds at most `max` entries. When
-- it is full, expired entries are removed; if there are none, `set` and `add`
-- fail. An entry that has not expired is never removed to make room: this could
-- log a viewer out or release a lock. No method blocks.
--
-- @module adobepass.store.memory

local core = require "adobepass.core"
local interface = require "adobepass.store.interface"
local options = require "adobepass.util.options"

local OPTIONS = { now = "function?", max = "number?" }
local NEVER = math.huge

local function living(self, key)
  local entry = self.entries[key]
  if entry and entry.ends > self.now() then return entry end
end

-- Removes expired entries. Visits the entries only if at least one has expired;
-- otherwise each write to a full store would visit them all.
local function sweep(self)
  local now, soonest = self.now(), NEVER
  if self.soonest > now then return end
  for key, entry in pairs(self.entries) do
    if entry.ends <= now then
      self.entries[key] = nil
      self.count = self.count - 1
    elseif entry.ends < soonest then
      soonest = entry.ends
    end
  end
  self.soonest = soonest
end

local function put(self, key, value, seconds)
  if not self.entries[key] then
    if self.count >= self.max then sweep(self) end
    if self.count >= self.max then
      return interface.failed(("The store is full: it holds %d entries.")
        :format(self.count))
    end
    self.count = self.count + 1
  end
  local ends = seconds and self.now() + seconds or NEVER
  self.entries[key] = { value = value, ends = ends }
  self.soonest = math.min(self.soonest, ends)
  return true
end

local function drop(self, key)
  if self.entries[key] then
    self.entries[key] = nil
    self.count = self.count - 1
  end
end

local memory = { set = put }

function memory.get(self, key)
  local entry = living(self, key)
  return entry and entry.value
end

-- Atomic, because it does not yield.
function memory.add(self, key, value, seconds)
  if living(self, key) then return false end
  return put(self, key, value, seconds)
end

-- Atomic for the same reason.
function memory.replace(self, key, value, expected, seconds)
  local entry = living(self, key)
  if (entry and entry.value) ~= expected then return false end
  return put(self, key, value, seconds)
end

function memory.delete(self, key, value)
  local entry = living(self, key)
  if value == nil or (entry and entry.value == value) then drop(self, key) end
  return true
end

function memory.clear(self, prefix)
  for key in pairs(self.entries) do
    if key:sub(1, #(prefix or "")) == (prefix or "") then drop(self, key) end
  end
  return true
end

local make = interface.class(memory)

--- Creates a store in memory. Raises for wrong options.
-- @function memory
-- @tparam[opt] table options `now`: a function that returns seconds that never
-- go backwards (default: core.clock.monotonic); `max`: entries at most (10,000)
return function(given)
  given = options.check("store.memory", given or {}, OPTIONS)
  local max = given.max or 10000
  if max < 1 or max % 1 ~= 0 then
    error("store.memory: max should be a whole number above 0", 2)
  end
  return make { entries = {}, count = 0, soonest = NEVER, max = max,
    now = given.now or core.clock.monotonic }
end
