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

-- Returns the value of an entry that has not expired.
local function living(self, key)
  local ends = self.ends[key]
  if ends and ends > self.now() then return self.values[key] end
end

local function drop(self, key)
  if not self.ends[key] then return end
  self.values[key], self.ends[key] = nil, nil
  self.count = self.count - 1
end

-- Removes expired entries. Visits the entries only if at least one has expired;
-- otherwise each write to a full store would visit them all.
local function sweep(self)
  local now, soonest = self.now(), NEVER
  if self.soonest > now then return end
  for key, ends in pairs(self.ends) do
    if ends <= now then
      drop(self, key)
    elseif ends < soonest then
      soonest = ends
    end
  end
  self.soonest = soonest
end

local function put(self, key, value, seconds)
  if not self.ends[key] then
    if self.count >= self.max then sweep(self) end
    if self.count >= self.max then
      return interface.failed(("The store is full: it holds %d entries.")
        :format(self.count))
    end
    self.count = self.count + 1
  end
  local ends = seconds and self.now() + seconds or NEVER
  self.values[key], self.ends[key] = value, ends
  self.soonest = math.min(self.soonest, ends)
  return true
end

local memory = { get = living, set = put }

-- Atomic, because it does not yield.
function memory.add(self, key, value, seconds)
  if living(self, key) then return false end
  return put(self, key, value, seconds)
end

-- Atomic for the same reason.
function memory.replace(self, key, value, expected, seconds)
  if living(self, key) ~= expected then return false end
  return put(self, key, value, seconds)
end

function memory.delete(self, key, value)
  if value == nil or living(self, key) == value then drop(self, key) end
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
  return make { max = max, now = given.now or core.clock.monotonic, values = {},
    ends = {}, count = 0, soonest = NEVER }
end
