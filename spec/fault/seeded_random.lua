--- A seeded die: the same throws each time that it gets the same seed.
--
--   local die = die.new(7)
--   die:upto(6)  die:pick { "a", "b" }  die:chance(0.5)  die.bytes(16)

local helper = require "spec.sandbox.fixture"

local die = {}
local Die = {}
Die.__index = Die

--- From 1 to n.
function Die:upto(n)
  local high, middle, low = self.bytes(3):byte(1, 3)
  return (high * 65536 + middle * 256 + low) % n + 1
end

function Die:pick(list) return list[self:upto(#list)] end

function Die:chance(part) return self:upto(1000) <= part * 1000 end

--- Some of a list, in its order: one at the least.
function Die:some(list)
  local chosen = {}
  for _, item in ipairs(list) do
    if self:chance(0.5) then chosen[#chosen + 1] = item end
  end
  if #chosen == 0 then chosen[1] = self:pick(list) end
  return chosen
end

--- Neighbouring seeds shall not begin alike.
function die.new(seed)
  local bytes = helper.random(seed * 48271 % 2147483646 + 1)
  bytes(16)
  return setmetatable({ bytes = bytes }, Die)
end

--- The seeds of a spec: those of the environment variable, "7" or "7,9,12",
-- or from 1 to `count`.
function die.seeds(variable, count)
  local list = {}
  for seed in (os.getenv(variable) or ""):gmatch "%d+" do
    list[#list + 1] = tonumber(seed)
  end
  for seed = 1, #list == 0 and count or 0 do list[seed] = seed end
  return list
end

--- Runs a body for each seed; where it raises, says which seed it was.
function die.each(variable, count, body)
  for _, seed in ipairs(die.seeds(variable, count)) do
    local good, why = pcall(body, die.new(seed), seed)
    if not good then
      error(("%s=%d: %s"):format(variable, seed, tostring(why)), 0)
    end
  end
end

--- How many runs: many on the Lua that is measured, some elsewhere.
function die.count(few, many)
  return os.getenv "ADOBEPASS_THOROUGH" and many or few
end

return die
