--- A bounded cache whose entries expire. It keeps two generations: when the
-- young one is full it becomes the old one, and the previous old one is
-- dropped. Reading an old entry moves it to the young generation.
-- @module adobepass.policy.cache

local cache = {}

local Cache = {}
Cache.__index = Cache

--- Creates a cache.
-- @int most the maximum number of entries, at least 2
function cache.new(most)
  return setmetatable({ most = math.floor(most / 2), count = 0, young = {},
    old = {} }, Cache)
end

--- Stores a value.
-- @param key
-- @param value
-- @number ends when the entry expires, by the caller's clock
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

--- Returns the value of a key; nil when there is none or it has expired.
-- @param key
-- @number now the time of the caller's clock
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
