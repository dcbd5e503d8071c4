--- A store in nginx's shared memory, which all workers of one nginx share.
--
--   lua_shared_dict adobepass 10m;                       # nginx.conf
--   store.shdict("adobepass")   or   store.shdict(ngx.shared.adobepass)
--
-- The data survives a reload of nginx, not a stop. Use the dictionary for this store
-- alone. No method blocks or yields.
--
-- The store writes with `safe_set` and `safe_add`. When the dictionary is full they
-- fail; `set` and `add` would evict the least recently used entries, which may be
-- a device's credentials.
--
-- @module adobepass.store.shdict

-- luacheck: globals ngx

local generations = require "adobepass.store.generations"
local interface = require "adobepass.store.interface"

local failed = interface.failed

-- Seconds. The dictionary has a resolution of 1 ms, and 0 means no expiry.
local SHORTEST = 0.001
local FOR_EVER = 0
-- Seconds; much longer than two consecutive calls take.
local MARGIN = 0.1

local function lifetime(seconds)
  return seconds and math.max(seconds, SHORTEST) or FOR_EVER
end

local function dict_error(reason)
  return failed(("The shared dictionary returned an error: %s."):format(reason))
end

-- Writes the old entry again. A `safe_set` that fails for lack of memory has
-- already removed the old entry, so there is room for it.
local function put_back(dict, key, old, seconds_left)
  if old then dict:safe_add(key, old, seconds_left) end
end

local function room_made(dict, reason)
  if reason ~= "no memory" then return false end
  dict:flush_expired()
  return true
end

local shdict = {}

function shdict.get(self, key)
  local value, reason = self.dict:get(key)
  if value == nil and reason then return dict_error(reason) end
  if type(value) == "number" then
    return generations.get(self.dict, key, value)
  end
  if value ~= nil and type(value) ~= "string" then
    return failed("The shared dictionary holds a value of another program: use a "
      .. "dictionary for this store alone.")
  end
  return value
end

local function add(dict, key, value, ends)
  local done, reason = dict:safe_add(key, value, ends)
  if not done and room_made(dict, reason) then
    done, reason = dict:safe_add(key, value, ends)
  end
  return done, reason
end

-- Returns the result of generations.replace, with a sentence and a code for an
-- error text of the dictionary.
local function replaced(done, message, code)
  if done == nil and not code then return dict_error(message) end
  return done, message, code
end

local function replace(self, ...)
  return replaced(generations.replace(self.dict, add, ...))
end

function shdict.set(self, key, value, seconds)
  local dict, ends = self.dict, lifetime(seconds)
  local old = dict:get(key)
  if type(old) == "number" then
    return replace(self, key, value, generations.ANY, seconds)
  end
  local left = old and dict:ttl(key)
  local done, reason = dict:safe_set(key, value, ends)
  if not done and room_made(dict, reason) then
    done, reason = dict:safe_set(key, value, ends)
  end
  if done then return true end
  put_back(dict, key, old, left)
  return dict_error(reason)
end

function shdict.add(self, key, value, seconds)
  local done, reason = add(self.dict, key, value, lifetime(seconds))
  if done then return true end
  if reason ~= "exists" then return dict_error(reason) end
  if type(self.dict:get(key)) == "number" then
    return replace(self, key, value, nil, seconds)
  end
  return false
end

shdict.replace = replace

-- The dictionary has no atomic compare-and-delete. No other code of this worker runs
-- between the two calls. Another worker adds its lock only after this entry has
-- expired, so an entry that expires within MARGIN is not deleted. A value that another
-- worker sets between the two calls, such as a profile, is deleted: it is a copy of
-- what the service knows.
local function safe_to_delete(dict, key, value)
  if dict:get(key) ~= value then return false end
  local left = dict:ttl(key)
  return left == FOR_EVER or (left ~= nil and left > MARGIN)
end

local function forget(self, key, value)
  if value == nil then value = generations.ANY end
  local done, message, code = replace(self, key, nil, value)
  if done == nil then return nil, message, code end
  return true
end

function shdict.delete(self, key, value)
  if type(self.dict:get(key)) == "number" then
    return forget(self, key, value)
  end
  if value ~= nil and not safe_to_delete(self.dict, key, value) then
    return true
  end
  local done, reason = self.dict:delete(key)
  if not done then return dict_error(reason) end
  return true
end

local make = interface.class(shdict)

--- Creates a store in a shared dictionary. Raises outside nginx and for an unknown
-- dictionary.
-- @function shdict
-- @tparam string|table dict the name of a `lua_shared_dict`, or the dictionary
return function(dict)
  if not ngx then
    error("store.shdict: works inside nginx only; use store.file or store.redis", 2)
  end
  local found = type(dict) == "string" and ngx.shared[dict] or dict
  if type(found) ~= "table" or not found.safe_add then
    error(("store.shdict: no lua_shared_dict '%s'; add it to the block http of "
      .. "nginx.conf"):format(tostring(dict)), 2)
  end
  return make { dict = found }
end
