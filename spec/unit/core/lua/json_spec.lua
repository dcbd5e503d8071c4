local core = require "adobepass.core"

local normalize = core.json.normalize_numbers

local function kind_of(value)
  return math.type and math.type(value) or type(value) -- luacheck: ignore
end

local INTEGER, FLOAT = kind_of(1), kind_of(0.5)

-- lua-cjson decodes each number as a float.
local function float(number) return number * (2 ^ 0) end

describe("core.json.normalize_numbers", function()
  local numbers = {
    { 0, INTEGER }, { -12, INTEGER }, { 1750000000123, INTEGER }, { 2 ^ 53, INTEGER },
    { -2 ^ 53, INTEGER }, { 2 ^ 53 + 2, FLOAT }, { 0.5, FLOAT },
    { -1e300, FLOAT },
  }
  for _, case in ipairs(numbers) do
    it("[json-normalize-number] normalize_numbers: a whole number up to 2^53 "
      .. "becomes an integer: " .. case[1], function()
      local value = normalize(float(case[1]))
      assert.equal(case[1], value)
      assert.equal(case[2], kind_of(value))
    end)
  end

  it("[json-normalize-other] normalize_numbers: returns other values "
    .. "unchanged", function()
    for _, value in ipairs { "1", "", true, false } do
      assert.equal(value, (normalize(value)))
    end
  end)

  it("[json-normalize-in-place] normalize_numbers: changes the given table in "
    .. "place, at any depth", function()
    local inner = { float(1), "x", float(2.5), {}, false }
    local value = { a = { b = inner }, n = float(3) }
    assert.equal(value, (normalize(value)))
    assert.equal(inner, value.a.b)
    assert.same({ a = { b = { 1, "x", 2.5, {}, false } }, n = 3 }, value)
    assert.equal(INTEGER, kind_of(inner[1]))
    assert.equal(INTEGER, kind_of(value.n))
    assert.equal(FLOAT, kind_of(inner[3]))
  end)

  it("[json-normalize-many] normalize_numbers: changes every field of a large "
    .. "table", function()
    local value = {}
    for index = 1, 1000 do
      value[index], value["k" .. index] = float(index), float(index)
    end
    normalize(value)
    for index = 1, 1000 do
      assert.equal(index, value[index])
      assert.equal(INTEGER, kind_of(value[index]))
      assert.equal(INTEGER, kind_of(value["k" .. index]))
    end
  end)

  local function assert_refused(value)
    local result, message, code = normalize(value)
    assert.is_nil(result)
    assert.equal("malformed JSON", message)
    assert.equal("malformed_json", code)
  end

  it("[json-normalize-not-finite] normalize_numbers: refuses numbers that are "
    .. "not finite", function()
    for _, number in ipairs { 1 / 0, -1 / 0, 0 / 0 } do
      assert_refused(number)
      assert_refused { number }
      assert_refused { a = { 1, { b = number } } }
    end
  end)

  it("[json-normalize-depth] normalize_numbers: refuses a value deeper than "
    .. "64, also a cycle", function()
    local value = 1
    for _ = 1, 64 do value = { value } end
    assert.equal(value, (normalize(value)))
    assert_refused { value }
    local cycle = {}
    cycle.cycle = cycle
    assert_refused(cycle)
  end)

  it("[json-normalize-argument] normalize_numbers: raises without an "
    .. "argument", function()
    assert.error_matches(function() normalize() end, "value expected")
  end)
end)
