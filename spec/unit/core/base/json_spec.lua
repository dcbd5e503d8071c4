local child = require "spec.support.child_process"
local cjson = require "cjson"
local folder = require "spec.support.folder"
local shell = require "adobepass.util.shell"

local decode = require("adobepass.core").json.decode

local reader = cjson.new()
reader.decode_max_depth(64)
reader.decode_invalid_numbers(false)

local function kind_of(value)
  return math.type and math.type(value) or type(value) -- luacheck: ignore
end

local function refused(text)
  local value, message, code = decode(text)
  assert.is_nil(value, text)
  assert.equal("malformed JSON", message)
  assert.equal("malformed_json", code)
end

local WHOLE = kind_of(1)

describe("core.json.decode", function()
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
    { '"a\tb"', "a\tb" }, -- not every service escapes them
  }
  for index, case in ipairs(known) do
    it("[core-json-knows-response] knows the answer " .. index, function()
      assert.same(case[2], (decode(case[1])))
    end)
  end

  local numbers = {
    { "0", 0, WHOLE }, { "-0", 0, WHOLE }, { "1750000000123", 1750000000123,
      WHOLE }, { "-12", -12, WHOLE }, { "2.0", 2, WHOLE }, { "1e3", 1000,
      WHOLE }, { "1E+2", 100, WHOLE }, { "120e-1", 12, WHOLE },
    { "999999999999999", 999999999999999, WHOLE },
    { "9007199254740992", 2 ^ 53, WHOLE },
    { "-9007199254740992", -2 ^ 53, WHOLE },
    { "9007199254740994", 2 ^ 53 + 2 }, { "0.1", 0.1 }, { "-1.5e-3", -0.0015 },
    { "5e-324", 5e-324 }, { "1.7976931348623157e308", 1.7976931348623157e308 },
    { "0." .. ("3"):rep(126), 1 / 3 }, { "1e-400", 0, WHOLE },
  }
  for _, case in ipairs(numbers) do
    it("[core-json-reads-number] reads the number "
      .. case[1]:sub(1, 24), function()
      for _, text in ipairs { case[1], "[" .. case[1] .. "]" } do
        local value = decode(text)
        if type(value) == "table" then value = value[1] end
        assert.equal(case[2], value)
        assert.equal(case[3] or kind_of(0.5), kind_of(value))
      end
    end)
  end

  -- In German a comma stands where JSON has a point; in Pashto a character
  -- that takes two bytes. (glibc keeps LOCPATH for ever, which a sanitizer
  -- takes for a leak.)
  for language, name in pairs { German = "de_DE", Pashto = "ps_AF" } do
    it("[core-json-goes-no-locale] goes by no locale, not by that of "
      .. language, function()
      local place = folder.make()
      local _, status = shell.read(
        ("localedef -i %s -f UTF-8 %s/%s.utf8"):format(name, place, name))
      local script = ([[
        assert(os.setlocale("%s.utf8", "numeric"))
        local decode = require("adobepass.core").json.decode
        local list = decode "[1.5,12345678901234567890,5,-12.75e2]"
        print(list[1] == 3 / 2, list[2] > 1e19, list[3] == 5,
          list[4] == -1275)]]):format(name)
      local said = status == 0 and folder.run(
        ("LOCPATH=%s ASAN_OPTIONS=detect_leaks=0 %s"):format(place,
          child.command(script)))
      folder.remove(place)
      if not said then return pending("no " .. language .. " here") end
      assert.equal("true\ttrue\ttrue\ttrue", said)
    end)
  end

  local bad = {
    "", " ", "\0", "nul", "nulll", "True", "+1", "01", "-01", "-", "1.", ".5",
    "-.5", "1.e1", "1e", "1e+", "0x10", "1 2", "1,", "NaN", "-Infinity",
    "1e999", "-1e999", ("1"):rep(129), "0." .. ("3"):rep(127),
    '"', '"a', '"\\', '"\\"', [["\x"]], [["\u"]], [["\u12"]], [["\u12G4"]],
    [["\ud800"]], [["\ud800x"]], [["\ud800\u0041"]], [["\udc00"]],
    [["\ud800\ud800"]], '"\0"', "'a'", "[", "]", "[1", "[1,", "[1,]", "[,1]",
    "[1 2]", "[1}", "{", "}", '{"a"', '{"a":', '{"a":1', '{"a":1,', '{"a":1,}',
    '{,"a":1}', '{"a" 1}', "{a:1}", "{1:1}", '{"a":1]', '{"a":}', '{"a"}',
    '{"a":1 "b":2}', '{"a"::1}', "[1]]", "{}{}", "/**/1", "\239\187\191{}",
    '{"a":[{"b":[1,{"c":nope}]}]}',
  }
  for _, text in ipairs(bad) do
    it("[core-json-refuses] refuses "
      .. ("%q"):format(text:sub(1, 20)), function()
      refused(text)
      refused('{"a":' .. text)
    end)
  end

  it("[core-json-refuses-beginning-text] refuses each beginning of a text, "
    .. "and each byte after it", function()
    local text = [[{"a":[1,-2.5e3,"x\u00e9\n",true,false,null,{"b":{}}]}]]
    for length = 0, #text - 1 do refused(text:sub(1, length)) end
    for byte = 0, 255 do
      local more = text .. string.char(byte)
      if more:find "%s$" and byte ~= 11 and byte ~= 12 then
        assert.is_table((decode(more)))
      else
        refused(more)
      end
    end
  end)

  it("[core-json-64-deep-no-deeper] goes 64 deep and no deeper", function()
    for _, pair in ipairs { { "[", "]" }, { '{"a":', "}" } } do
      local function nested(depth)
        return pair[1]:rep(depth) .. "1" .. pair[2]:rep(depth)
      end
      assert.is_table((decode(nested(64))))
      refused(nested(65))
      refused(pair[1]:rep(100000))
    end
  end)

  it("[core-json-fields-items] holds as many fields and items as there "
    .. "are", function()
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

  it("[core-json-raises-no-string] raises on what is no string", function()
    for _, value in ipairs { 5, {}, true } do
      assert.error_matches(function() decode(value) end, "string expected")
    end
  end)

  it("[core-json-reads-lua-cjson-reads] reads what lua-cjson reads of every "
    .. "sample, and changes of it",
    function()
      local count = 0
      for path in folder.run("ls spec/samples/*.json"):gmatch "[^\n]+" do
        local text = folder.read(path)
        assert.same(reader.decode(text), (decode(text)), path)
        for at = 1, #text, 499 do
          local changed = text:sub(1, at - 1) .. text:sub(at + 1)
          local good, value = pcall(reader.decode, changed)
          local ours = decode(changed)
          assert.equal(good, ours ~= nil, path .. " without " .. at)
          if good then assert.same(value, ours) end
          count = count + 1
        end
      end
      assert.is_true(count > 200)
    end)
end)
