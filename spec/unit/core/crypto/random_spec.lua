local random = require("adobepass.core").random

describe("core.random", function()
  it("[random-bytes-asked-time] core.random: bytes returns the given number of "
    .. "bytes, different each time", function()
    assert.equal(1, #random.bytes(1))
    assert.equal(70000, #random.bytes(70000))
    assert.not_equal(random.bytes(32), random.bytes(32))
  end)

  it("[random-uses-value-byte] core.random: bytes uses all values of a "
    .. "byte", function()
    local seen, count = {}, 0
    for c in random.bytes(65536):gmatch(".") do
      if not seen[c] then seen[c], count = true, count + 1 end
    end
    assert.is_true(count >= 250)
  end)

  it("[random-uuids-version-4] core.random: uuid returns distinct UUIDs of "
    .. "version 4", function()
    local seen = {}
    for _ = 1, 1000 do
      local uuid = random.uuid()
      assert.matches("^%x%x%x%x%x%x%x%x%-%x%x%x%x%-4%x%x%x%-[89ab]%x%x%x%-"
        .. "%x%x%x%x%x%x%x%x%x%x%x%x$", uuid)
      assert.is_nil(seen[uuid])
      seen[uuid] = true
    end
  end)

  it("[random-raises-count] core.random: an invalid count raises", function()
    for _, count in ipairs { 0, -1, 1.5, 1048577, 0 / 0, 1 / 0 } do
      assert.error_matches(function() random.bytes(count) end,
        "bad argument #1")
    end
    assert.error_matches(function() random.bytes("8") end, "number expected")
    assert.error_matches(function() random.bytes() end, "bad argument #1")
  end)
end)
