--- A random generator with a seed.
--
--   local random = seeded_random.new(7)
--   random:upto(6)         an integer from 1 to 6
--   random:pick { "a" }    one element of a list
--   random:chance(0.5)     true with this probability
--   random.bytes(16)       a string

local sandbox_fixture = require "spec.sandbox.fixture"

local seeded_random = {}
local Random = {}
Random.__index = Random

--- Returns an integer from 1 to n.
function Random:upto(n)
  local high, middle, low = self.bytes(3):byte(1, 3)
  return (high * 65536 + middle * 256 + low) % n + 1
end

function Random:pick(list) return list[self:upto(#list)] end

function Random:chance(probability)
  return self:upto(1000) <= probability * 1000
end

--- Returns at least one element of a list, in its order.
function Random:pick_some(list)
  local chosen = {}
  for _, item in ipairs(list) do
    if self:chance(0.5) then chosen[#chosen + 1] = item end
  end
  if #chosen == 0 then chosen[1] = self:pick(list) end
  return chosen
end

--- Returns a generator. Successive seeds give different sequences.
function seeded_random.new(seed)
  local bytes = sandbox_fixture.random(seed * 48271 % 2147483646 + 1)
  bytes(16)
  return setmetatable({ bytes = bytes }, Random)
end

local LUAS = { ["lua5.4"] = 0, luajit = 1, ["lua5.3"] = 2, ["lua5.2"] = 3,
  ["lua5.1"] = 4 }

--- Returns the number before the first of `count` seeds. Each Lua has seeds of its
-- own; those of Lua 5.4 begin at 1.
function seeded_random.before_first(count)
  return (LUAS[os.getenv "ADOBEPASS_LUA"] or 0) * count
end

--- Returns the seeds of a spec: those of an environment variable, "7" or
-- "7,9,12", or the `count` seeds of this Lua.
function seeded_random.seeds(variable, count)
  local list = {}
  for seed in (os.getenv(variable) or ""):gmatch "%d+" do
    list[#list + 1] = tonumber(seed)
  end
  local before = seeded_random.before_first(count)
  for index = 1, #list == 0 and count or 0 do list[index] = before + index end
  return list
end

--- Calls a function for each seed; adds the seed to the message of an error.
function seeded_random.each(variable, count, body)
  for _, seed in ipairs(seeded_random.seeds(variable, count)) do
    local good, why = pcall(body, seeded_random.new(seed), seed)
    if not good then
      error(("%s=%d: %s"):format(variable, seed, tostring(why)), 0)
    end
  end
end

--- Returns the number of runs: `many` if ADOBEPASS_THOROUGH is set.
function seeded_random.choose_count(few, many)
  return os.getenv "ADOBEPASS_THOROUGH" and many or few
end

return seeded_random
