--- A store in nginx's shared memory: for all workers of one nginx.
--
--   lua_shared_dict adobepass 10m;                       # nginx.conf
--   store.shdict("adobepass")   or   store.shdict(ngx.shared.adobepass)
--
-- It is gone when nginx stops, and survives a reload. Give it a dictionary of
-- its own: `clear` without a prefix empties all of it. Nothing here blocks or
-- yields.
--
-- Only the safe calls of the dictionary are used: a full one refuses instead
-- of pushing out what was used least, which may be a device's credentials.
--
-- @module adobepass.store.shdict

-- luacheck: globals ngx

local generations = require "adobepass.store.generations"
local interface = require "adobepass.store.interface"

local failed = interface.failed

-- The dictionary counts milliseconds, and takes 0 as "for ever".
local SHORTEST = 0.001
local FOR_EVER = 0
-- Far longer than two calls in a row take.
local MARGIN = 0.1

local function lifetime(seconds)
  return seconds and math.max(seconds, SHORTEST) or FOR_EVER
end

local function said(reason)
  return failed(("The shared dictionary refused: %s."):format(reason))
end

-- The dictionary takes the old entry out before it looks for room, and when it
-- finds none the entry is lost; but then its room is free, so it fits again.
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
  if value == nil and reason then return said(reason) end
  if type(value) == "number" then
    return generations.get(self.dict, key, value)
  end
  if value ~= nil and type(value) ~= "string" then
    return failed("The shared dictionary holds something of others.")
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

-- The result of generations.replace, whose failures are the dictionary's words.
local function replaced(done, message, code)
  if done == nil and not code then return said(message) end
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
  return said(reason)
end

function shdict.add(self, key, value, seconds)
  local done, reason = add(self.dict, key, value, lifetime(seconds))
  if done then return true end
  if reason ~= "exists" then return said(reason) end
  if type(self.dict:get(key)) == "number" then
    return replace(self, key, value, nil, seconds)
  end
  return false
end

shdict.replace = replace

-- A dictionary cannot compare and delete in one. Nothing of this worker runs
-- between our two calls, and another worker puts its own value there only
-- when this one's time is over; so an entry that has less than MARGIN to live
-- is left to end by itself.
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
  if not done then return said(reason) end
  return true
end

-- Lists every key, and holds the dictionary up for all workers meanwhile. What
-- `replace` wrote leaves its number and an entry without a value: a worker that
-- stopped within `replace` must find that time has passed.
function shdict.clear(self, prefix)
  local dict = self.dict
  prefix = prefix or ""
  for _, key in ipairs(dict:get_keys(0)) do
    if key:sub(1, #prefix) == prefix
        and not generations.is_entry(dict, key) then
      local done, message, code = shdict.delete(self, key)
      if not done then return nil, message, code end
    end
  end
  dict:flush_expired()
  return true
end

local make = interface.class(shdict)

--- A store in a shared dictionary.
-- @function shdict
-- @tparam string|table dict the name of a `lua_shared_dict`, or itself
return function(dict)
  if not ngx then error("store.shdict: only inside nginx", 2) end
  local found = type(dict) == "string" and ngx.shared[dict] or dict
  if type(found) ~= "table" or not found.safe_add then
    error(("store.shdict: no lua_shared_dict '%s'"):format(tostring(dict)), 2)
  end
  return make { dict = found }
end
