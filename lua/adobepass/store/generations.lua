--- Compare-and-swap on nginx's shared dictionaries, which have no such operation.
--
-- The dictionary's entry `k` is a number, the base. Each value of `k` has its own
-- entry "k\0n", where n is its generation: 1, 2, 3, ... The current value is the
-- one of the highest generation. The first byte of an entry distinguishes a value
-- from "no value". A write adds generation n + 1 with `safe_add`, which succeeds
-- for only one worker: this call is the commit. The writer then increments the
-- base (`incr` is atomic) and deletes the entry below it.
--
-- 1. base <= highest generation: each write increments the base at most once.
-- 2. Every generation from the base to the highest has an entry: entries never
--    expire in the dictionary, and only those below the base are deleted.
-- 3. The base never decreases and is never removed.
--
-- A reader looks up the generations from the base upward, then reads the base
-- again. If the base is unchanged, no entry that it read was deleted meanwhile.
-- When a worker is killed after its `safe_add`, the base stays one too low: one
-- old entry remains, and each reader makes one more lookup. When a worker pauses
-- between its read and its `safe_add`, either the generation exists and the worker
-- tries again, or the generation was already deleted. Then the base is above it
-- (3), no reader uses the new entry (2), and `replace` fails, because the worker
-- cannot know whether its value was written.
--
-- docs/credentials.md explains why this is safe.
-- @module adobepass.store.generations

local core = require "adobepass.core"
local interface = require "adobepass.store.interface"

local generations = {}

--- As `expected`: any value, or none.
generations.ANY = {}

local failed = interface.failed

-- An attempt fails only when another worker has written.
local MOST_ATTEMPTS = 100

local NO_VALUE = "-"

local function now_ms() return math.floor(core.clock.monotonic() * 1000) end

-- Returns "+value" without an expiry time, else "end value". The end is in ms of
-- the monotonic clock, since the wall clock may jump and the dictionary is lost at
-- a reboot. It is a whole number, because string.format writes the decimal point
-- of the locale.
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

-- Returns the highest generation and its entry; nil if the base has changed.
local function highest(dict, key, base)
  local generation, entry = base, dict:get(name(key, base))
  while true do
    local above = dict:get(name(key, generation + 1))
    if not above then break end
    generation, entry = generation + 1, above
  end
  if dict:get(key) == base then return generation, entry end
end

local function busy()
  return failed(("Other workers changed the shared dictionary's entry during %d "
    .. "attempts: try again later."):format(MOST_ATTEMPTS))
end

--- Returns the value of a key; nil if there is none; nil, a message and a code on
-- failure.
-- @param dict the dictionary
-- @string key
-- @number base the number stored at the key
function generations.get(dict, key, base)
  for _ = 1, MOST_ATTEMPTS do
    local generation, entry = highest(dict, key, base)
    if generation then return decode(entry) end
    base = dict:get(key)
  end
  return busy()
end

-- Updates the base after the commit. The second deletion removes the entry that a
-- killed writer left.
local function commit(dict, key, generation)
  local base = dict:get(key)
  if type(base) ~= "number" or base > generation then
    dict:delete(name(key, generation))
    return failed("Another worker wrote at the same time: it is not known whether "
      .. "this value was written.")
  end
  base = dict:incr(key, 1)
  dict:delete(name(key, base - 1))
  dict:delete(name(key, base - 2))
  return true
end

-- Returns the base of a key and creates it if missing; nil and a message on
-- failure.
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

--- Writes a value if the current one is `expected`.
-- @param dict the dictionary
-- @param add called as `add(dict, key, value)`: `safe_add`, repeated when the
-- dictionary was full of expired entries
-- @string key
-- @string[opt] value nil: no value
-- @param expected a string; nil for no value; or generations.ANY
-- @number[opt] seconds until the value expires
-- @return[1] true; false if the current value is another one
-- @treturn[2] nil
-- @treturn[2] string message: the dictionary's error text, or a sentence with a
-- code
-- @treturn[2] ?string code, `store_failed`
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
