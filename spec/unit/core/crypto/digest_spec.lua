local core = require "adobepass.core"
local digest = core.digest

local function bytes(hex)
  return (hex:gsub("%x%x", function(pair)
    return string.char(tonumber(pair, 16))
  end))
end

describe("core.digest", function()
  -- Examples of FIPS 180-4, and the value on Adobe's TempPass page.
  local sha256 = {
    [""] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    ["abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"] =
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
    [("a"):rep(1000000)] =
      "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
    ["user@domain.com"] =
      "f7ee5ec7312165148b69fcca1d29075b14b8aef0b5048a332b18b88d09069fb7",
  }
  local sha512 = {
    [""] = "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"
      .. "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e",
    abc = "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
      .. "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
    [("a"):rep(1000000)] =
      "e718483d0ce769644e2e42c7bc15b4638e1f98b13b2044285632a803afa973eb"
      .. "de0ff244877ea60a4cb0432ce577c31beb009c5c2c49aa2e4eadb217ad8cc09b",
  }

  it("[digest-responses-sha-256] core.digest: SHA-256 matches the test vectors "
    .. "of FIPS 180-4", function()
    for text, expected in pairs(sha256) do
      assert.equal(expected, digest.hex(digest.sha256(text)))
    end
  end)

  it("[digest-responses-sha-512] core.digest: SHA-512 matches the test vectors "
    .. "of FIPS 180-4", function()
    for text, expected in pairs(sha512) do
      assert.equal(expected, digest.hex(digest.sha512(text)))
    end
  end)

  it("[digest-keeps-next] core.digest: one digest does not affect the "
    .. "next", function()
    local first = digest.sha256("one")
    digest.sha512("another")
    assert.equal(first, digest.sha256("one"))
  end)

  -- RFC 4231 sections 4.2 to 4.8.
  local hmac = {
    { ("\11"):rep(20), "Hi There",
      "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
      "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde"
      .. "daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854" },
    { "Jefe", "what do ya want for nothing?",
      "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
      "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
      .. "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737" },
    { ("\170"):rep(20), ("\221"):rep(50),
      "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
      "fa73b0089d56a284efb0f0756c890be9b1b5dbdd8ee81a3655f83e33b2279d39"
      .. "bf3e848279a722c806b485a47e67c807b946a337bee8942674278859e13292fb" },
    { ("\170"):rep(131),
      "Test Using Larger Than Block-Size Key - Hash Key First",
      "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
      "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f352"
      .. "6b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598" },
  }

  it("[digest-responses-hmac] core.digest: HMAC matches the test vectors of "
    .. "RFC 4231", function()
    for _, case in ipairs(hmac) do
      assert.equal(case[3], digest.hex(digest.hmac_sha256(case[1], case[2])))
      assert.equal(case[4], digest.hex(digest.hmac_sha512(case[1], case[2])))
    end
  end)

  it("[digest-empty-key-empty] core.digest: HMAC accepts an empty key and an "
    .. "empty text", function()
    assert.equal(
      "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad",
      digest.hex(digest.hmac_sha256("", "")))
  end)

  it("[digest-writes-bytes-lower-case] core.digest: hex returns lower-case "
    .. "hexadecimal", function()
    assert.equal("00ff10", digest.hex("\0\255\16"))
    assert.equal("", digest.hex(""))
    assert.equal(bytes("00ff10"), "\0\255\16")
  end)

  it("[digest-compares-strings-nul] core.digest: equal compares whole strings, "
    .. "with NUL bytes and length", function()
    assert.is_true(digest.equal("", ""))
    assert.is_true(digest.equal("a\0b", "a\0b"))
    assert.is_false(digest.equal("a\0b", "a\0c"))
    assert.is_false(digest.equal("abc", "abcd"))
    assert.is_false(digest.equal("abcd", "abc"))
  end)

  it("[digest-raises-no-string] core.digest: an argument that is not a string "
    .. "raises", function()
    for _, name in ipairs { "sha256", "sha512", "hex" } do
      assert.error_matches(function() digest[name](1) end, "string expected")
      assert.error_matches(function() digest[name]() end, "string expected")
    end
    assert.error_matches(function() digest.hmac_sha256("k") end,
      "bad argument #2")
    assert.error_matches(function() digest.equal("a", 1) end,
      "bad argument #2")
  end)
end)
