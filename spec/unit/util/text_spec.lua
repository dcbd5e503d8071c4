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
end)
