local base64 = require("adobepass.core").base64

describe("core.base64", function()
  -- RFC 4648 section 10.
  local vectors = { [""] = "", f = "Zg==", fo = "Zm8=", foo = "Zm9v",
    foob = "Zm9vYg==", fooba = "Zm9vYmE=", foobar = "Zm9vYmFy",
    ["\251\255\254"] = "+//+", ["\0"] = "AA==" }

  it("[base64-responses-ways] core.base64: encodes and decodes the test "
    .. "vectors of RFC 4648", function()
    for bytes, text in pairs(vectors) do
      assert.equal(text, base64.encode(bytes))
      assert.equal(bytes, base64.decode(text))
    end
  end)

  it("[base64-responses-base64url-ways] core.base64: encodes and decodes the "
    .. "test vectors as base64url", function()
    for bytes, text in pairs(vectors) do
      local url = text:gsub("=", ""):gsub("%+", "-"):gsub("/", "_")
      assert.equal(url, base64.url_encode(bytes))
      assert.equal(bytes, base64.url_decode(url))
    end
  end)

  it("[base64-brings-length-byte] core.base64: decodes what it encoded, for "
    .. "every length and byte", function()
    local all = {}
    for i = 0, 255 do all[#all + 1] = string.char(i) end
    local bytes = table.concat(all)
    for length = 0, 256 do
      local part = bytes:sub(1, length)
      assert.equal(part, base64.decode(base64.encode(part)))
      assert.equal(part, base64.url_decode(base64.url_encode(part)))
    end
  end)

  local function assert_refused(decode, text)
    local value, message, code = decode(text)
    assert.is_nil(value, text)
    assert.equal("invalid_base64", code)
    assert.is_string(message)
  end

  it("[base64-refuses-spelling] core.base64: refuses non-canonical "
    .. "base64", function()
    for _, text in ipairs { "Zg", "Zg=", "Zg===", "Z===", "====", "=", "Zm9v=",
      "Zm9vYg==Zm9v", "Zm 9v", "Zm9v\n", "\nZm9v", "Zm9_", "Zm9-", "Zh==",
      "Zm9=", "Zm9v\0", "Zg=a", "a", "Z=g=", "Zm9\195" } do
      assert_refused(base64.decode, text)
    end
  end)

  it("[base64-spelling-base64url] core.base64: refuses non-canonical "
    .. "base64url", function()
    for _, text in ipairs { "Zg==", "Zm8=", "Z", "Zm9vY", "Zh", "Zm9", "+A",
      "/A", "Zm9v\n", "Zm 9", "Zg\0" } do
      assert_refused(base64.url_decode, text)
    end
  end)

  it("[base64-raises-no-string] core.base64: an argument that is not a string "
    .. "raises", function()
    for _, name in ipairs { "encode", "decode", "url_encode",
      "url_decode" } do
      assert.error_matches(function() base64[name](12) end,
        "string expected")
    end
  end)
end)
