--- The interface of a store: five methods over strings.
--
--   store:get(key)                  the value, or nil: no value is stored
--   store:set(key, value, seconds)  true; without `seconds` it never expires
--   store:add(key, value, seconds)  true, or false: a value is stored
--   store:replace(key, value, expected, seconds)
--                                   true, or false: the value is not `expected`
--                                   (nil: no value is stored)
--   store:delete(key, value)        true; with `value`, only if that is stored
--
-- Each method returns nil, a message and "store_failed" when the store fails.
-- When a write fails, the value may have been written or not. When a read fails,
-- `get` returns the message and the code, not nil alone.
--
-- `add` and `replace` are atomic between all users of the store, even when one of
-- them is stopped or killed at any instruction: of several calls of `replace` that
-- expect the same value, at most one returns true (docs/credentials.md). Write a
-- key either with `replace`, or with `set` and `add`: a store may fail to
-- `replace` a value that `set` or `add` wrote, as store.shdict does.
--
-- Wrong arguments raise. Any table with these five methods is a store for
-- `adobepass.new`.
--
-- @module adobepass.store.interface

local interface = {}

-- Thirty years. Longer lifetimes are reduced to this, so that no store can
-- overflow when it computes with them.
local LONGEST = 1e9

-- Level 4 is the line that called the store's method.
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

--- Returns nil, the message and the code `store_failed`.
-- @string message a sentence, without a secret
function interface.failed(message)
  return nil, message, "store_failed"
end

--- Creates a constructor of stores from five functions. They are called with the
-- store's state and checked arguments.
-- @tparam table does `get`, `set`, `add`, `replace` and `delete`
-- @treturn function that turns a state, a table, into the store and returns it
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

  return function(state) return setmetatable(state, Store) end
end

return interface
