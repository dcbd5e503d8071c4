local memory = require "adobepass.store.memory"

describe("store.memory", function()
  local time, store

  local function open(max)
    time = 0
    store = memory { now = function() return time end, max = max }
  end

  before_each(function() open(3) end)

  local function assert_full(...)
    local value, message, code = ...
    assert.is_nil(value)
    assert.equal("store_failed", code)
    assert.matches("^The store is full: it holds 3 entries%.$", message)
  end

  it("[store-memory-refuses-full-lives] store.memory: a full store refuses new "
    .. "entries", function()
    for i = 1, 3 do assert(store:set("k" .. i, "v")) end
    assert_full(store:set("k4", "v"))
    assert_full(store:add("k4", "v", 1))
    for i = 1, 3 do assert.equal("v", store:get("k" .. i)) end
  end)

  it("[store-memory-replaces-deletes] store.memory: a full store still "
    .. "replaces and deletes", function()
    for i = 1, 3 do assert(store:set("k" .. i, "v")) end
    assert.is_true(store:set("k1", "w"))
    assert.is_true(store:delete("k2"))
    assert.is_true(store:set("k4", "v"))
    assert_full(store:set("k5", "v"))
    assert.equal("w", store:get("k1"))
  end)

  it("[store-memory-lets-over-make] store.memory: only expired entries make "
    .. "room for new ones", function()
    assert(store:set("for ever", "v"))
    assert(store:set("short", "v", 1))
    assert(store:set("long", "v", 100))
    time = 1
    assert.is_true(store:set("new", "v", 5))
    assert.equal("v", store:get("for ever"))
    assert.equal("v", store:get("long"))
    assert_full(store:set("newer", "v"))
    time = 6
    assert.is_true(store:set("newer", "v"))
    assert.is_nil(store:get("new"))
  end)

  it("[store-memory-looks-room-once] store.memory: a full store does not "
    .. "search again before an entry can have expired", function()
    local looks = 0
    open(3)
    for i = 1, 3 do assert(store:set("k" .. i, "v", 100)) end
    setmetatable(store.ends, { __index = function() looks = looks + 1 end })
    assert_full(store:set("k4", "v"))
    assert_full(store:set("k5", "v"))
    assert.equal(2, looks) -- one look-up of each key, and no search
  end)

  it("[store-memory-counts-happens] store.memory: counts its entries correctly "
    .. "after any operation", function()
    for round = 1, 50 do
      for i = 1, 3 do assert(store:set("k" .. i, "v", 1)) end
      assert_full(store:set("k4", "v"))
      for i = 1, round % 4 do assert(store:delete("k" .. i)) end
      assert(store:delete("none"))
      time = time + 2
    end
    assert(store:add("k1", "v", 1))
  end)

  it("[store-memory-ten-thousand] store.memory: holds 10,000 entries by "
    .. "default", function()
    store = memory()
    for i = 1, 10000 do assert(store:set("k" .. i, "v")) end
    assert.is_nil((store:set("k10001", "v")))
  end)

  it("[store-memory-runs-monotonic] store.memory: uses the monotonic clock by "
    .. "default", function()
    store = memory()
    assert(store:set("k", "v", 0.001))
    assert(store:set("l", "v", 600))
    require("adobepass.core").clock.sleep(0.002)
    assert.is_nil(store:get("k"))
    assert.equal("v", store:get("l"))
  end)

  it("[store-memory-else] store.memory: two stores share no entries", function()
    local other = memory()
    assert(store:set("k", "v"))
    assert.is_nil(other:get("k"))
  end)

  it("[store-memory-raises-options] store.memory: invalid options "
    .. "raise", function()
    for _, max in ipairs { 0, -1, 1.5, 0 / 0 } do
      assert.error_matches(function() memory { max = max } end,
        "store.memory: max should be a whole number above 0")
    end
    assert.error_matches(function() memory { maximum = 1 } end,
      "unknown option 'maximum'")
    assert.error_matches(function() memory { now = 1 } end,
      "now should be a function")
    assert.error_matches(function() memory "x" end,
      "options should be a table, not string")
  end)
end)
