--- Escapes, forms and addresses.
local wire = require "adobepass.sandbox.engine.url_encoding"

describe("wire", function()
  it("[url-encoding-unescapes-says] unescapes, or says that it "
    .. "cannot", function()
    assert.equal("a b/é\0", wire.unescape "a%20b%2F%C3%A9%00")
    assert.equal("%41", wire.unescape "%2541")
    for _, bad in ipairs { "%", "a%2", "%zz", "%%", "% 1" } do
      assert.is_nil(wire.unescape(bad), bad)
    end
  end)

  it("[url-encoding-escapes-must-comes] escapes what it must, and comes "
    .. "back", function()
    assert.equal("a-b._~%20%2F%26%25", wire.escape "a-b._~ /&%")
    local all = {}
    for byte = 0, 255 do all[#all + 1] = string.char(byte) end
    local text = table.concat(all)
    assert.equal(text, wire.unescape(wire.escape(text)))
  end)

  it("[url-encoding-reads-forms] reads forms", function()
    assert.same({ a = "1 2", b = "", ["c d"] = "x=y" },
                (wire.form "a=1+2&b=&c+d=x%3Dy&&"))
    assert.same({ a = "1" }, (wire.form "a=1&a=2"))
    assert.is_true((select(2, wire.form "a=1&a=2")).a)
    assert.same({}, (wire.form(nil)))
    assert.is_nil(wire.form "a=%zz")
  end)

  it("[url-encoding-escapes-xml] escapes for XML", function()
    assert.equal("&amp;&lt;&gt;&quot;&#39;x", wire.xml "&<>\"'x")
    assert.equal("5", wire.xml(5))
  end)

  it("[url-encoding-safe-addresses] knows safe addresses", function()
    for _, url in ipairs { "https://a.test", "http://a/b?c#d", "app://done",
                           "com.app-x+1://y" } do
      assert.is_true(wire.safe_url(url), url)
    end
    for _, url in ipairs { "a.test", "//a.test", "/x", "https:/a", "https://",
                           "https:///x", "1x://a", "https://a\\b", "data://x",
                           "javascript://x", "https://'x", ("https://"
                             .. ("x"):rep(3000)) } do
      assert.is_false(wire.safe_url(url), url)
    end
    assert.is_false(wire.safe_url(nil))
  end)

  it("[url-encoding-reads-media-types] reads media types", function()
    assert.equal("application/json",
                 wire.media_type " Application/JSON ; charset=UTF-8")
    assert.equal("", wire.media_type(nil))
  end)
end)
