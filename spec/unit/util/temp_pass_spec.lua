local core = require "adobepass.core"
local temp_pass = require "adobepass.util.temp_pass"

describe("temp_pass", function()
  local HASH = ("0123456789abcdef"):rep(4)

  it("[temp-pass-is-hash] temp_pass.is_hash: accepts 64 and 128 hexadecimal "
    .. "digits", function()
    for _, value in ipairs { HASH, HASH:upper(), HASH .. HASH } do
      assert.is_true(temp_pass.is_hash(value))
    end
    for _, value in ipairs { "", HASH:sub(2), HASH .. "0", HASH:gsub("0", "g"),
      5, {} } do
      assert.is_false(temp_pass.is_hash(value))
    end
  end)

  it("[temp-pass-hash] temp_pass.hash: ignores case and spaces, and returns a "
    .. "hash unchanged", function()
    local wanted = core.digest.hex(core.digest.sha256 "user@domain.com")
    assert.equal(wanted, temp_pass.hash " User@Domain.com\n")
    assert.equal(wanted, temp_pass.hash(wanted:upper()))
    assert.equal(wanted, temp_pass.hash(" " .. wanted .. "\n"))
    assert.equal(128, #temp_pass.hash("x", "sha512"))
  end)

  -- Quadratic time would take hours.
  it("[temp-pass-long-spaces] temp_pass: trims a long run of spaces in linear "
    .. "time", function()
    local text = "a" .. (" "):rep(2000000) .. "b"
    assert.equal(64, #temp_pass.hash(text))
    assert.is_false(temp_pass.means_everyone(text))
  end)

  it("[temp-pass-everyone] temp_pass.means_everyone: is true for '', 'all' and "
    .. "blanks", function()
    for _, name in ipairs { "", " ", "all", " ALL\n" } do
      assert.is_true(temp_pass.means_everyone(name))
    end
    assert.is_false(temp_pass.means_everyone "device")
    assert.is_false(temp_pass.means_everyone(nil))
  end)
end)
