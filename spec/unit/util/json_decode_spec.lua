local child_process = require "spec.support.child_process"
local cjson = require "cjson"
local folder = require "spec.support.folder"
local json = require "adobepass.util.json"
local locale = require "spec.support.locale"

local decode = json.decode

local function kind_of(value)
  return math.type and math.type(value) or type(value) -- luacheck: ignore
end

local function assert_refused(text)
  local value, message, code = decode(text)
  assert.is_nil(value, text)
  assert.equal("malformed JSON", message)
  assert.equal("malformed_json", code)
end

local INTEGER = kind_of(1)

describe("json.decode", function()
  -- RFC 8259, sections 3 to 7.
  local known = {
    { "null", cjson.null }, { "true", true }, { "false", false },
    { " \t\r\n1 \t\r\n", 1 }, { "{}", {} }, { "[]", {} }, { "[ ]", {} },
    { "{ }", {} }, { '""', "" }, { '"\127\255"', "\127\255" },
    { '[1,[2,[]],{"a":{"b":null}}]',
      { 1, { 2, {} }, { a = { b = cjson.null } } } },
    { '{"a":1,"b":2,"a":3}', { a = 3, b = 2 } }, { '{"":0}', { [""] = 0 } },
    { [["\"\\\/\b\f\n\r\t"]], "\"\\/\b\f\n\r\t" },
    { [["\u0041\u00e9\u20AC\uD834\uDD1E"]], "A\195\169\226\130\172"
      .. "\240\157\132\158" },
    { [["\u0000"]], "\0" }, { [["\u007f\u0080\u07ff\u0800\uffff"]],
      "\127\194\128\223\191\224\160\128\239\191\191" },
    { [["\udbff\udfff"]], "\244\143\191\191" },
    { [[{"\u0061":"x"}]], { a = "x" } },
    { '"a\tb"', "a\tb" }, -- some services send unescaped tabs
  }
  for index, case in ipairs(known) do
    it("[core-json-knows-response] json.decode: decodes sample " .. index, function()
      assert.same(case[2], (decode(case[1])))
    end)
  end

  local numbers = {
    { "0", 0, INTEGER }, { "-0", 0, INTEGER }, { "1750000000123", 1750000000123,
      INTEGER }, { "-12", -12, INTEGER }, { "2.0", 2, INTEGER }, { "1e3", 1000,
      INTEGER }, { "1E+2", 100, INTEGER }, { "120e-1", 12, INTEGER },
    { "999999999999999", 999999999999999, INTEGER },
    { "9007199254740992", 2 ^ 53, INTEGER },
    { "-9007199254740992", -2 ^ 53, INTEGER },
    { "9007199254740994", 2 ^ 53 + 2 }, { "0.1", 0.1 }, { "-1.5e-3", -0.0015 },
    { "5e-324", 5e-324 }, { "1.7976931348623157e308", 1.7976931348623157e308 },
    { "0." .. ("3"):rep(126), 1 / 3 }, { "1e-400", 0, INTEGER },
  }
  for _, case in ipairs(numbers) do
    it("[core-json-reads-number] json.decode: reads the number "
      .. case[1]:sub(1, 24), function()
      for _, text in ipairs { case[1], "[" .. case[1] .. "]" } do
        local value = decode(text)
        if type(value) == "table" then value = value[1] end
        assert.equal(case[2], value)
        assert.equal(case[3] or kind_of(0.5), kind_of(value))
      end
    end)
  end

  -- The decimal point is a comma in German. In Pashto it has two bytes, which
  -- lua-cjson cannot handle: fractions are refused. (glibc keeps LOCPATH in
  -- memory until the process ends, which a sanitizer reports as a leak.)
  for language, case in pairs {
    German = { "de_DE", "true\ttrue\ttrue\ttrue" },
    Pashto = { "ps_AF", "nil\ttrue\ttrue\tnil" },
  } do
    it("[core-json-goes-no-locale] json.decode: works after the host set the "
      .. "locale to " .. language, function()
      local name, place = case[1], folder.make()
      local script = ([[
        local decode = require("adobepass.util.json").decode
        assert(decode "1.5" == 3 / 2)
        assert(os.setlocale("%s.utf8", "numeric"))
        local function is(text, number)
          local value = decode(text)
          return value and value == number
        end
        print(is("1.5", 3 / 2), decode "12345678901234567890" > 1e19,
          is("5", 5), is("-12.75e2", -1275))
        assert(os.setlocale("C", "numeric"))
        assert(decode "1.5" == 3 / 2)]]):format(name)
      local output = locale.make(name, place) and folder.run(
        ("LOCPATH=%s ASAN_OPTIONS=detect_leaks=0 %s"):format(place,
          child_process.command(script)))
      folder.remove(place)
      if not output then return pending("no " .. language .. " here") end
      assert.equal(case[2], output)
    end)
  end

  local bad = {
    "", " ", "\0", "nul", "nulll", "True", "+1", "01", "-01", "-", ".5",
    "1e", "1e+", "0x10", "1 2", "1,", "NaN", "-Infinity", "1e999", "-1e999",
    ("1"):rep(400),
    '"', '"a', '"\\', '"\\"', [["\x"]], [["\u"]], [["\u12"]], [["\u12G4"]],
    [["\ud800"]], [["\ud800x"]], [["\ud800\u0041"]], [["\udc00"]],
    [["\ud800\ud800"]], '"\0"', "'a'", "[", "]", "[1", "[1,", "[1,]", "[,1]",
    "[1 2]", "[1}", "{", "}", '{"a"', '{"a":', '{"a":1', '{"a":1,', '{"a":1,}',
    '{,"a":1}', '{"a" 1}', "{a:1}", "{1:1}", '{"a":1]', '{"a":}', '{"a"}',
    '{"a":1 "b":2}', '{"a"::1}', "[1]]", "{}{}", "/**/1", "\239\187\191{}",
    '{"a":[{"b":[1,{"c":nope}]}]}',
  }
  for _, text in ipairs(bad) do
    it("[core-json-refuses] json.decode: refuses "
      .. ("%q"):format(text:sub(1, 20)), function()
      assert_refused(text)
      assert_refused('{"a":' .. text)
    end)
  end

  it("[core-json-refuses-beginning-text] json.decode: refuses truncated text "
    .. "and any byte after the text", function()
    local text = [[{"a":[1,-2.5e3,"x\u00e9\n",true,false,null,{"b":{}}]}]]
    for length = 0, #text - 1 do assert_refused(text:sub(1, length)) end
    for byte = 0, 255 do
      local more = text .. string.char(byte)
      if more:find "%s$" and byte ~= 11 and byte ~= 12 then
        assert.is_table((decode(more)))
      else
        assert_refused(more)
      end
    end
  end)

  it("[core-json-64-deep-no-deeper] json.decode: accepts a depth of 64 and no "
    .. "more", function()
    for _, pair in ipairs { { "[", "]" }, { '{"a":', "}" } } do
      local function nested(depth)
        return pair[1]:rep(depth) .. "1" .. pair[2]:rep(depth)
      end
      assert.is_table((decode(nested(64))))
      assert_refused(nested(65))
      assert_refused(pair[1]:rep(100000))
    end
  end)

  it("[core-json-fields-items] json.decode: accepts any number of fields and "
    .. "items", function()
    for _, count in ipairs { 15, 16, 17, 32, 33, 5000 } do
      local fields, items, expected = {}, {}, {}
      for i = 1, count do
        fields[i] = ('"k%d":%d'):format(i, i)
        items[i] = ("%d"):format(i)
        expected["k" .. i] = i
      end
      assert.same(expected, (decode("{" .. table.concat(fields, ",") .. "}")))
      assert.equal(count,
        #decode("[" .. table.concat(items, ",") .. "]"))
    end
  end)

  -- Not in RFC 8259, but lua-cjson accepts them.
  local accepted = {
    { "1.", 1, INTEGER }, { "-1.", -1, INTEGER }, { "1.e1", 10, INTEGER },
    { "0.", 0, INTEGER }, { "-.5", -0.5 },
    { ("1"):rep(129), tonumber(("1"):rep(129)) },
    { "0." .. ("3"):rep(127), 1 / 3 },
    { '"a\tb"', "a\tb" }, { '"\1\31"', "\1\31" }, -- control characters
    { '"\255\192\128"', "\255\192\128" }, -- invalid UTF-8
    { '"\237\160\128"', "\237\160\128" }, -- an encoded surrogate
  }
  for _, case in ipairs(accepted) do
    it("[json-accepts-cjson] json.decode: accepts "
      .. ("%q"):format(case[1]:sub(1, 20)), function()
      local value = decode(case[1])
      assert.equal(case[2], value)
      if type(value) == "number" then
        assert.equal(case[3] or kind_of(0.5), kind_of(value))
      end
    end)
  end

  it("[json-number-hidden] json.decode: does not detect a non-finite number "
    .. "whose name is repeated later", function()
    assert_refused '{"a":1,"a":1e999}'
    assert.same({ a = 1 }, (decode '{"a":1e999,"a":1}'))
  end)

  it("[json-nul-byte] json.decode: refuses a NUL byte at any place", function()
    for _, text in ipairs { "[1]\0", "[1]\0x", "\0[1]", "[\0]", "[1\0]",
      '"a\0b"', '{"a\0":1}', "1\0" } do
      assert_refused(text)
    end
  end)

  it("[json-own-instance] json.decode: neither uses nor changes the host's "
    .. "settings of lua-cjson", function()
    local depth = cjson.decode_max_depth()
    local is_lax = cjson.decode_invalid_numbers()
    cjson.decode_max_depth(1)
    cjson.decode_invalid_numbers(true)
    local value = decode "[[1]]"
    assert_refused "NaN"
    assert.equal(1, cjson.decode_max_depth())
    assert.is_true(cjson.decode_invalid_numbers())
    cjson.decode_max_depth(depth)
    cjson.decode_invalid_numbers(is_lax)
    assert.same({ { 1 } }, value)
  end)
end)
