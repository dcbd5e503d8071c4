local options = require "adobepass.util.options"
local assert_raises = require "spec.support.assert_raises"

local FIELDS = { domain_name = "string?", redirect_url = "string?",
  mvpd = "string?", on_poll = "function?", device = "table or string?",
  interval = options.number(3, 10), attempts = options.number(1, 10, true) }

local function check(given)
  options.check("client:login", given, FIELDS)
end

describe("options.check", function()
  it("[options-accepts] options.check: returns options that are "
    .. "valid", function()
    local given = { domain_name = "x", device = {}, interval = 3.5,
      attempts = 10, on_poll = print }
    assert.equal(given, options.check("f", given, FIELDS))
    assert.same({}, options.check("f", {}, FIELDS))
  end)

  it("[options-names-type] options.check: an error names the option and its "
    .. "type", function()
    assert_raises("client:login: options should be a table, not string", function()
      check "x"
    end)
    assert_raises("client:login: mvpd should be a string, not number",
      function()
      check { mvpd = 1 }
    end)
    assert_raises("device should be a table or string, not boolean", function()
      check { device = true }
    end)
    local function f(given) options.check("f", given, { id = "string" }) end
    assert_raises("f: id should be a string, not nil", function() f {} end)
  end)

  it("[options-one-or-more] options.check: one_or_more takes a value, or a list of "
    .. "values, of a type", function()
    local fields = { key = options.one_or_more "string",
      more = options.one_or_more("number", true) }
    local function f(given) options.check("f", given, fields) end
    for _, value in ipairs { "a", { "a" }, { "a", "b" } } do
      f { key = value, more = { 1 } }
      f { key = value }
    end
    for _, value in ipairs { 5, {}, { "a", 5 }, { "a", x = "b" }, { x = "a" },
      { [2] = "a" }, true } do
      assert_raises("f: key should be a string, or a list of them", function()
        f { key = value }
      end)
    end
    assert_raises("key should be a string", function() f {} end)
    assert_raises("more should be a number", function()
      f { key = "a", more = {} }
    end)
    assert.same({ { 1 }, { 1, 2 } }, { options.list(1), options.list { 1, 2 } })
  end)

  it("[options-range] options.check: refuses a number outside its "
    .. "range", function()
    for _, value in ipairs { 2.9, 10.1, -1, 0 / 0, 1 / 0, -1 / 0, "5", true,
      {} } do
      assert_raises("client:login: interval should be a number from 3 to 10",
        function() check { interval = value } end)
    end
    for _, value in ipairs { 0, 11, 1.5, 0 / 0, "1" } do
      assert_raises("client:login: attempts should be a whole number from 1 to 10",
        function() check { attempts = value } end)
    end
  end)

  local suggestions = {
    { "domain", "domain_name" }, { "redirect_uri", "redirect_url" },
    { "mvdp", "mvpd" }, { "mvp", "mvpd" }, { "pvmd", nil },
    { "onpoll", "on_poll" }, { "devices", "device" },
    { "interval_seconds", "interval" }, { "attempt", "attempts" },
    { "x", nil }, { "nonsense", nil }, { ("domain_name"):rep(6), nil },
    { 1, nil },
  }
  for _, case in ipairs(suggestions) do
    local name, known = case[1], case[2]
    it("[options-suggests] options.check: suggests " .. tostring(known) .. " for "
      .. tostring(name), function()
      local good, message = pcall(function() check { [name] = 1 } end)
      assert.is_false(good)
      assert.equal(("client:login: unknown option '%s'%s"):format(
        tostring(name), known and (": did you mean '%s'?"):format(known)
          or ""), (message:gsub("^.-:%d+: ", "", 1)))
    end)
  end

  -- tags: [options-lists-few]
  it("[options-lists-few] options.check: lists the names of up to six options when "
    .. "none is similar", function()
    local function check_few(given)
      options.check("f", given, { key = "string?", device = "string?" })
    end
    assert_raises("f: unknown option 'user': expected one of device, key",
      function() check_few { user = 1 } end)
    assert_raises("f: unknown option 'keys': did you mean 'key'?",
      function() check_few { keys = 1 } end)
  end)

  it("[options-suggests-order] options.suggest: of equally close names, "
    .. "returns the first in order", function()
    for _ = 1, 20 do
      assert.equal(": did you mean 'paa'?",
        options.suggest("pax", { pac = 1, pab = 1, paa = 1 }))
    end
  end)
end)
