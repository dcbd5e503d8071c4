--- A bounded memory of things that end. Two generations: what was not asked
-- for while a whole one filled up is forgotten.
-- @module adobepass.policy.cache

local cache = {}

local Cache = {}
Cache.__index = Cache

--- @int most how many entries at the most: two or more
function cache.new(most)
  return setmetatable({ most = math.floor(most / 2), count = 0, young = {},
    old = {} }, Cache)
end

--- Keeps a value until a time of the caller's clock.
function Cache:set(key, value, ends)
  if self.young[key] == nil then
    if self.count >= self.most then
      self.old, self.young, self.count = self.young, {}, 0
    end
    self.count = self.count + 1
  end
  self.young[key] = { value = value, ends = ends }
end

local function drop(self, key)
  self.old[key] = nil
  if self.young[key] then
    self.young[key], self.count = nil, self.count - 1
  end
end

--- The value, if its end has not come.
function Cache:get(key, now)
  local entry = self.young[key] or self.old[key]
  if not entry then return nil end
  if now >= entry.ends then
    drop(self, key)
    return nil
  end
  if not self.young[key] then self:set(key, entry.value, entry.ends) end
  return entry.value
end

return cache
