local cache = require "adobepass.policy.cache"

describe("cache", function()
  local function size(of)
    local keys, count = {}, 0
    for _, generation in ipairs { of.young, of.old } do
      for key in pairs(generation) do keys[key] = true end
    end
    for _ in pairs(keys) do count = count + 1 end
    return count
  end

  it("[cache-keeps-value-end] cache: keeps a value until it expires", function()
    local cached = cache.new(10)
    cached:set("a", "x", 5)
    assert.equal("x", cached:get("a", 0))
    assert.equal("x", cached:get("a", 4.999))
    assert.is_nil(cached:get("a", 5))
    assert.is_nil(cached:get("b", 0))
  end)

  it("[cache-keeps-false-newest] cache: keeps false, and the newest value of a "
    .. "key", function()
    local cached = cache.new(10)
    cached:set("a", false, 5)
    assert.is_false(cached:get("a", 0))
    cached:set("a", "new", 9)
    assert.equal("new", cached:get("a", 8))
    assert.is_nil(cached:get("a", 9))
  end)

  it("[cache-never-finds-older-value] cache: after a value expires, an older "
    .. "value of its key is not returned", function()
    local cached = cache.new(4)
    cached:set("a", "older", 100)
    cached:set("b", 1, 100)
    cached:set("c", 1, 100) -- moves a and b to the old generation
    cached:set("a", "newer", 5)
    assert.equal("newer", cached:get("a", 4))
    assert.is_nil(cached:get("a", 6))
    assert.is_nil(cached:get("a", 6))
    cached:set("d", 1, 100)
    assert.is_nil(cached:get("a", 6))
  end)

  for _, most in ipairs { 2, 3, 10, 1000, 1001 } do
    it("[cache-holds-entries-most] "
      .. ("cache: holds at most %d entries"):format(most), function()
      local cached, largest = cache.new(most), 0
      for key = 1, 5 * most do
        cached:set(key, key, 1e9)
        cached:get(math.ceil(key / 2), 0)
        -- Counting takes long in a large cache.
        if most <= 10 or key > 4 * most then
          largest = math.max(largest, size(cached))
        end
      end
      assert.is_true(largest <= most, largest)
      assert.is_true(largest >= most - 1, largest)
      assert.equal(5 * most, cached:get(5 * most, 0))
    end)
  end

  it("[cache-forgets-asked-not-asked] cache: evicts an entry that is not read "
    .. "before one that is", function()
    local cached = cache.new(10)
    cached:set("wanted", true, 1e9)
    cached:set("unwanted", true, 1e9)
    for key = 1, 100 do
      cached:set(key, key, 1e9)
      assert.is_true(cached:get("wanted", 0))
    end
    assert.is_nil(cached:get("unwanted", 0))
  end)

  it("[cache-not-filled-key-set] cache: setting one key repeatedly evicts no "
    .. "other key", function()
    local cached = cache.new(4)
    cached:set("other", true, 1e9)
    for turn = 1, 100 do cached:set("a", turn, 1e9) end
    assert.is_true(cached:get("other", 0))
    assert.equal(100, cached:get("a", 0))
  end)

  it("[cache-lets-go-ended] cache: releases an expired value", function()
    local cached = cache.new(10)
    local held = setmetatable({ {} }, { __mode = "v" })
    cached:set("a", held[1], 5)
    assert.is_nil(cached:get("a", 5))
    collectgarbage()
    collectgarbage()
    assert.is_nil(held[1])
    cached:set("a", "again", 10)
    assert.equal("again", cached:get("a", 6))
  end)
end)
