--- Compare-and-swap for nginx's shared memory, which has none.
--
-- A key `k` holds a number, the base. The values of `k` are entries of their
-- own, "k\0n" for generation n: 1, 2, 3, ... The present value is the entry of
-- the highest generation; an entry says in its first byte whether it is a value
-- or stands for "no value". A write adds generation n + 1 with `safe_add`, of
-- which the dictionary lets only one succeed: that call is the commit. Then the
-- writer increments the base (`incr` is atomic) and deletes the entry below it.
--
-- 1. base <= highest generation: each successful write increments it once.
-- 2. Every generation from the base to the highest has its entry: entries never
--    expire in the dictionary, and only those below the base are deleted.
-- 3. The base never decreases and is never removed.
--
-- A reader walks up from the base, then reads the base again: if it is the
-- same, nothing that was read had been deleted meanwhile. A worker that dies
-- after its `safe_add` leaves the base one lower than it could be: one entry
-- more stays, and readers walk one step more. A worker that pauses between its
-- read and its `safe_add` finds the generation taken; or deleted already, in
-- which case the base is above it (3), no reader looks at its entry (2), and it
-- reports that it does not know whether it wrote.
--
-- docs/credentials.md says why this is safe.
-- @module adobepass.store.generations

local core = require "adobepass.core"
local interface = require "adobepass.store.interface"

local generations = {}

--- Expects any value, or none.
generations.ANY = {}

local failed = interface.failed

-- Each attempt that fails means that another worker has succeeded.
local MOST_ATTEMPTS = 100

local NO_VALUE = "-"

local function now_ms() return math.floor(core.clock.monotonic() * 1000) end

-- "+value", or "end value", end in milliseconds of the monotonic clock: the
-- dictionary does not survive a restart of the machine, and the time of day may
-- jump. Whole numbers, since a locale may write decimals with a comma.
local function encode(value, seconds)
  if value == nil then return NO_VALUE end
  if not seconds then return "+" .. value end
  return ("%.0f "):format(now_ms() + math.ceil(seconds * 1000)) .. value
end

local function decode(entry)
  if not entry or entry == NO_VALUE then return nil end
  if entry:sub(1, 1) == "+" then return entry:sub(2) end
  local ends, start = entry:match("^(%d+) ()")
  if now_ms() >= tonumber(ends) then return nil end
  return entry:sub(start)
end

local function name(key, generation)
  return key .. ("\0%.0f"):format(generation)
end

-- The highest generation and its entry, or nil: the base has changed.
local function highest(dict, key, base)
  local generation, entry = base, dict:get(name(key, base))
  while true do
    local above = dict:get(name(key, generation + 1))
    if not above then break end
    generation, entry = generation + 1, above
  end
  if dict:get(key) == base then return generation, entry end
end

--- Whether a key of the dictionary is an entry of another key.
function generations.is_entry(dict, key)
  local owner = key:match("^(.+)%c%d+$") -- Lua 5.1 has no \0 in patterns
  return owner ~= nil and key:byte(#owner + 1) == 0
    and type(dict:get(owner)) == "number"
end

local function busy()
  return failed "The shared dictionary's entry changes all the time."
end

--- The value of a key, or nil.
-- @param dict the dictionary
-- @string key
-- @number base the number that the dictionary holds under the key
function generations.get(dict, key, base)
  for _ = 1, MOST_ATTEMPTS do
    local generation, entry = highest(dict, key, base)
    if generation then return decode(entry) end
    base = dict:get(key)
  end
  return busy()
end

-- After the commit. The entry two below is there if its writer was killed.
local function commit(dict, key, generation)
  local base = dict:get(key)
  if type(base) ~= "number" or base > generation then
    dict:delete(name(key, generation))
    return failed "The write may have been replaced already."
  end
  base = dict:incr(key, 1)
  dict:delete(name(key, base - 1))
  dict:delete(name(key, base - 2))
  return true
end

-- The number that the key holds; made, if there is nothing.
local function base_of(dict, key, add)
  local base = dict:get(key)
  if base == nil then
    local done, reason = add(dict, key, 0)
    if not done and reason ~= "exists" then return nil, reason end
    base = dict:get(key)
  end
  if type(base) == "number" then return base end
  return nil, "the key was written with set or add"
end

--- Writes a value, if the present one is `expected`.
-- @param dict the dictionary
-- @param add its `safe_add`, which may make room: `add(dict, key, value)`
-- @string key
-- @string[opt] value nil: no value
-- @param expected a string, nil or generations.ANY
-- @number[opt] seconds to live
-- @return true, false or nil and a message; with a code if the message is ours
function generations.replace(dict, add, key, value, expected, seconds)
  for _ = 1, MOST_ATTEMPTS do
    local base, problem = base_of(dict, key, add)
    if not base then return nil, problem end
    local generation, entry = highest(dict, key, base)
    if generation then
      if expected ~= generations.ANY and decode(entry) ~= expected then return false end
      local done, reason = add(dict, name(key, generation + 1),
        encode(value, seconds))
      if done then return commit(dict, key, generation + 1) end
      if reason ~= "exists" then return nil, reason end
    end
  end
  return busy()
end

return generations
