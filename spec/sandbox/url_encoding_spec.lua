--- Escapes, forms, URLs and media types.
local url_encoding = require "adobepass.sandbox.engine.url_encoding"

describe("url_encoding", function()
  it("[url-encoding-unescapes-says] url_encoding: decodes escapes, and returns "
    .. "nil for malformed ones", function()
    assert.equal("a b/é\0", url_encoding.unescape "a%20b%2F%C3%A9%00")
    assert.equal("%41", url_encoding.unescape "%2541")
    for _, bad in ipairs { "%", "a%2", "%zz", "%%", "% 1" } do
      assert.is_nil(url_encoding.unescape(bad), bad)
    end
  end)

  it("[url-encoding-escapes-must-comes] url_encoding: escapes reserved bytes, "
    .. "and decoding restores them", function()
    assert.equal("a-b._~%20%2F%26%25", url_encoding.escape "a-b._~ /&%")
    local all = {}
    for byte = 0, 255 do all[#all + 1] = string.char(byte) end
    local text = table.concat(all)
    assert.equal(text, url_encoding.unescape(url_encoding.escape(text)))
  end)

  it("[url-encoding-reads-forms] url_encoding: parses forms", function()
    assert.same({ a = "1 2", b = "", ["c d"] = "x=y" },
                (url_encoding.form "a=1+2&b=&c+d=x%3Dy&&"))
    assert.same({ a = "1" }, (url_encoding.form "a=1&a=2"))
    assert.is_true((select(2, url_encoding.form "a=1&a=2")).a)
    assert.same({}, (url_encoding.form(nil)))
    assert.is_nil(url_encoding.form "a=%zz")
  end)

  it("[url-encoding-safe-addresses] url_encoding: recognizes safe "
    .. "URLs", function()
    for _, url in ipairs { "https://a.test", "http://a/b?c#d", "app://done",
                           "com.app-x+1://y" } do
      assert.is_true(url_encoding.safe_url(url), url)
    end
    for _, url in ipairs { "a.test", "//a.test", "/x", "https:/a", "https://",
                           "https:///x", "1x://a", "https://a\\b", "data://x",
                           "javascript://x", "https://'x", ("https://"
                             .. ("x"):rep(3000)) } do
      assert.is_false(url_encoding.safe_url(url), url)
    end
    assert.is_false(url_encoding.safe_url(nil))
  end)

  it("[url-encoding-reads-media-types] url_encoding: parses media "
    .. "types", function()
    assert.equal("application/json",
                 url_encoding.media_type " Application/JSON ; charset=UTF-8")
    assert.equal("", url_encoding.media_type(nil))
  end)
end)
