--- The interface of a store: six methods over strings.
--
--   store:get(key)                  the value, or nil: no value is stored
--   store:set(key, value, seconds)  true; without `seconds` it never expires
--   store:add(key, value, seconds)  true, or false: a value is stored
--   store:replace(key, value, expected, seconds)
--                                   true, or false: the value is not `expected`
--                                   (nil: no value is stored)
--   store:delete(key, value)        true; with `value`, only if that is stored
--   store:clear(prefix)             true; without `prefix`, everything
--
-- Each method returns nil, a message and "store_failed" when the store fails.
-- After such a failure of a write the caller does not know whether the write
-- happened. A store that cannot read never returns nil alone.
--
-- `add` and `replace` are atomic for all who share the store, also when one of
-- them is stopped or killed at any instruction: of several calls of `replace`
-- that expect the same value, at most one returns true (docs/credentials.md).
-- A store may fail to `replace` what `set` or `add` wrote: nginx's shared memory
-- does. So write a key with `replace`, or with `set` and `add`, not with both.
--
-- Wrong arguments raise. Any table with these six methods is a store for
-- `adobepass.new`.
--
-- @module adobepass.store.interface

local interface = {}

-- Thirty years. What shall live longer is cut to this, so that no store needs
-- to know where its own arithmetic ends.
local LONGEST = 1e9

-- Level 4: the caller of the method whose argument this is.
local function refuse(method, name, wanted, value)
  local got = type(value)
  if got == "number" then got = tostring(value) end
  if value == "" then got = "an empty one" end
  error(("bad argument '%s' to '%s' (%s expected, got %s)"):format(name,
    method, wanted, got), 4)
end

local function check_text(method, name, value)
  if type(value) ~= "string" then refuse(method, name, "string", value) end
end

local function check_key(method, key)
  if type(key) ~= "string" or key == "" then
    refuse(method, "key", "non-empty string", key)
  end
end

local function check_seconds(method, seconds)
  if type(seconds) ~= "number" or seconds ~= seconds or seconds <= 0 then
    refuse(method, "seconds", "number above 0", seconds)
  end
  return math.min(seconds, LONGEST)
end

--- What a broken store answers.
-- @string message a sentence, without a secret
function interface.failed(message)
  return nil, message, "store_failed"
end

--- Makes a kind of store of six functions, which get its state and arguments
-- that are right.
-- @tparam table does `get`, `set`, `add`, `replace`, `delete` and `clear`
-- @treturn function from a state to the store, which is the same table
function interface.class(does)
  local Store = {}
  Store.__index = Store

  function Store:get(key)
    check_key("get", key)
    return does.get(self, key)
  end

  function Store:set(key, value, seconds)
    check_key("set", key)
    check_text("set", "value", value)
    return does.set(self, key, value,
      seconds ~= nil and check_seconds("set", seconds) or nil)
  end

  function Store:add(key, value, seconds)
    check_key("add", key)
    check_text("add", "value", value)
    return does.add(self, key, value, check_seconds("add", seconds))
  end

  function Store:replace(key, value, expected, seconds)
    check_key("replace", key)
    check_text("replace", "value", value)
    if expected ~= nil then check_text("replace", "expected", expected) end
    return does.replace(self, key, value, expected,
      seconds ~= nil and check_seconds("replace", seconds) or nil)
  end

  function Store:delete(key, value)
    check_key("delete", key)
    if value ~= nil then check_text("delete", "value", value) end
    return does.delete(self, key, value)
  end

  function Store:clear(prefix)
    if prefix ~= nil then check_text("clear", "prefix", prefix) end
    return does.clear(self, prefix)
  end

  return function(state) return setmetatable(state, Store) end
end

return interface
