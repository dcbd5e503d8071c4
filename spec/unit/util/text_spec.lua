local text = require "adobepass.util.text"

describe("text", function()
  it("[text-trim] text.trim: removes white space at the start and the end, in linear "
    .. "time", function()
    for given, expected in pairs { [""] = "", [" \t\r\n"] = "", [" a b\n"] = "a b",
      a = "a", ["\0 "] = "\0" } do
      assert.equal(expected, text.trim(given))
    end
    local inside = "a" .. (" "):rep(2000000) .. "b" -- quadratic: hours
    assert.equal(inside, text.trim(" " .. inside .. " "))
    assert.equal("", text.trim((" "):rep(2000000)))
  end)

  it("[text-to-utf8] text.to_utf8: replaces bytes that are not UTF-8", function()
    local mark = "\239\191\189"
    for _, valid in ipairs { "", "a\0b", "\194\128", "\223\191", "\224\160\128",
        "\237\159\191", "\238\128\128", "\240\144\128\128", "\244\143\191\191",
        mark, "a\195\169\226\130\172z" } do
      assert.equal(valid, text.to_utf8(valid))
      assert.is_true(text.is_utf8(valid))
    end
    for invalid, expected in pairs { ["\128"] = mark, ["\193\191"] = mark,
        ["\195"] = mark, ["\195(\169"] = mark .. "(" .. mark,
        ["\224\159\191"] = mark, ["\226\130a"] = mark .. "a", -- overlong, cut
        ["\237\160\128"] = mark, -- a surrogate
        ["\240\143\191\191"] = mark, ["\244\144\128\128"] = mark,
        ["\245\128\128\128"] = mark, ["\233\233"] = mark .. mark,
        ["\195\169\169z"] = "\195\169" .. mark .. "z" } do
      assert.equal(expected, text.to_utf8(invalid))
      assert.is_false(text.is_utf8(invalid))
    end
  end)
end)
