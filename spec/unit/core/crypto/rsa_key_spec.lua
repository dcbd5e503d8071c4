local core = require "adobepass.core"
local folder = require "spec.support.folder"
local open_handles = require "spec.support.open_handles"

describe("core.private_key and core.public_key", function()
  local path, secret, public, certificate

  local function file(name) return folder.read(path .. "/" .. name) end

  local function openssl(line, ...)
    return folder.run(("cd %s && openssl " .. line):format(
      folder.quote(path), ...))
  end

  setup(function()
    path = folder.make()
    openssl("genrsa -out rsa.pem 2048")
    openssl("rsa -in rsa.pem -pubout -out public.pem")
    openssl("rsa -in rsa.pem -aes256 -passout pass:sesame -out locked.pem")
    openssl("req -x509 -new -key rsa.pem -subj /CN=t -days 2 -out cert.pem")
    openssl("genrsa -out small.pem 1024")
    openssl("ecparam -name prime256v1 -genkey -noout -out ec.pem")
    openssl("ec -in ec.pem -pubout -out ecpublic.pem")
    openssl("genrsa -out other.pem 2048")
  end)

  teardown(function() folder.remove(path) end)

  before_each(function()
    secret = assert(core.private_key(file("rsa.pem")))
    public = assert(core.public_key(file("public.pem")))
    certificate = assert(core.public_key(file("cert.pem")))
  end)

  after_each(function()
    secret:close()
    public:close()
    certificate:close()
    open_handles.assert_none()
  end)

  it("[key-signs-openssl-command] RSA key: signs like the openssl "
    .. "command", function()
    folder.write(path .. "/text", "some bytes \0 and more")
    openssl("dgst -sha256 -sign rsa.pem -out signature text")
    assert.equal(core.digest.hex(file("signature")),
      core.digest.hex(secret:sign("some bytes \0 and more")))
  end)

  it("[key-verifies-openssl-command] RSA key: verifies a signature of the "
    .. "openssl command", function()
    folder.write(path .. "/text", "")
    openssl("dgst -sha256 -sign rsa.pem -out signature text")
    for _, key in ipairs { secret, public, certificate } do
      assert.is_true(key:verify("", file("signature")))
    end
  end)

  it("[key-refuses-bytes-signatures] RSA key: refuses a signature for other "
    .. "bytes or of another key", function()
    local signature = secret:sign("bytes")
    local other = assert(core.private_key(file("other.pem")))
    for _, case in ipairs {
      { public, "Bytes", signature }, { other, "bytes", signature },
      { public, "bytes", signature .. "\0" },
      { public, "bytes", signature:sub(1, -2) }, { public, "bytes", "" },
      { public, "bytes", ("\0"):rep(256) },
      { public, "bytes", ("\255"):rep(256) },
    } do
      local good, message, code = case[1]:verify(case[2], case[3])
      assert.is_nil(good)
      assert.equal("invalid_signature", code)
      assert.is_string(message)
    end
    other:close()
  end)

  local paddings = {
    pkcs1 = "-pkeyopt rsa_padding_mode:pkcs1",
    oaep = "-pkeyopt rsa_padding_mode:oaep",
    ["oaep-sha256"] = "-pkeyopt rsa_padding_mode:oaep "
      .. "-pkeyopt rsa_oaep_md:sha256",
  }

  it("[key-decrypts-openssl-command] RSA key: decrypts text that the openssl "
    .. "command encrypted", function()
    folder.write(path .. "/zip", "94105")
    for padding, options in pairs(paddings) do
      openssl("pkeyutl -encrypt -pubin -inkey public.pem %s -in zip -out c",
        options)
      assert.equal("94105", secret:decrypt(file("c"), padding))
    end
  end)

  it("[key-encrypts-openssl-command] RSA key: encrypts text that the openssl "
    .. "command can decrypt", function()
    for padding, options in pairs(paddings) do
      folder.write(path .. "/c", assert(public:encrypt("94105", padding)))
      assert.equal("94105",
        openssl("pkeyutl -decrypt -inkey rsa.pem %s -in c", options))
    end
  end)

  it("[key-pkcs-1-v1] RSA key: the default padding is PKCS#1 v1.5", function()
    assert.equal("x", secret:decrypt(certificate:encrypt("x")))
    assert.equal("x", secret:decrypt(certificate:encrypt("x"), "pkcs1"))
  end)

  it("[key-response-cannot-decrypted] RSA key: every decryption failure has "
    .. "the same message and code", function()
    local sealed = public:encrypt("94105", "oaep")
    local first = select(2, secret:decrypt("", "oaep"))
    -- OpenSSL >= 3.2 returns random text on bad PKCS#1 padding (implicit
    -- rejection), against Bleichenbacher attacks.
    local other, why = secret:decrypt(sealed, "pkcs1")
    assert.is_not.equal("94105", other)
    assert.equal(first, why or first)
    for _, bytes in ipairs { sealed, "", "x", ("\0"):rep(256),
      ("\255"):rep(256), ("x"):rep(300) } do
      local text, message, code = secret:decrypt(bytes, "oaep-sha256")
      assert.is_nil(text)
      assert.equal("decrypt_failed", code)
      assert.equal(first, message)
    end
  end)

  it("[key-text-encrypt] RSA key: encrypting a text that is too long gives "
    .. "encrypt_failed", function()
    assert.equal("encrypt_failed",
      select(3, public:encrypt(("x"):rep(300))))
  end)

  it("[key-not-sign-decrypt-public] RSA key: a public key neither signs nor "
    .. "decrypts", function()
    assert.equal("private_key_needed", select(3, public:sign("x")))
    assert.equal("private_key_needed", select(3, public:decrypt("x")))
  end)

  it("[key-opens-locked-passphrase] RSA key: an encrypted key opens only with "
    .. "its passphrase", function()
    local key = assert(core.private_key(file("locked.pem"), "sesame"))
    assert.equal(2048, key:bits())
    key:close()
    for _, wrong in ipairs { "Sesame", "", ("s"):rep(5000), false } do
      local got, message, code =
        core.private_key(file("locked.pem"), wrong or nil)
      assert.is_nil(got)
      assert.equal("invalid_key", code)
      assert.is_nil(message:find("esame", 1, true))
    end
  end)

  it("[key-refuses-weak-keys] RSA key: refuses short keys, other kinds of keys "
    .. "and invalid PEM", function()
    assert.equal("weak_key", select(3, core.private_key(file("small.pem"))))
    assert.equal("invalid_key", select(3, core.private_key(file("ec.pem"))))
    assert.equal("invalid_key",
      select(3, core.public_key(file("ecpublic.pem"))))
    assert.equal("invalid_key", select(3, core.public_key(file("rsa.pem"))))
    assert.equal("invalid_key",
      select(3, core.private_key(file("public.pem"))))
    for _, text in ipairs { "", "rubbish", "\0\0\0",
      "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
      file("rsa.pem"):sub(1, 200) } do
      assert.equal("invalid_key", select(3, core.private_key(text)))
      assert.equal("invalid_key", select(3, core.public_key(text)))
    end
  end)

  it("[key-tells-no-more] RSA key: tostring gives only the kind and the "
    .. "size", function()
    assert.equal("adobepass.key (RSA, 2048 bits, private)", tostring(secret))
    assert.equal("adobepass.key (RSA, 2048 bits, public)", tostring(public))
    assert.equal(2048, certificate:bits())
  end)

  it("[key-cannot-used-closed] RSA key: raises after close", function()
    secret:close()
    secret:close()
    assert.equal("adobepass.key (closed)", tostring(secret))
    assert.error_matches(function() secret:sign("x") end,
      "the key is closed")
  end)

  it("[key-raises-programmer-wrong] RSA key: usage errors raise", function()
    assert.error_matches(function() core.private_key(1) end,
      "string expected")
    assert.error_matches(function() core.private_key("x", 1) end,
      "bad argument #2")
    assert.error_matches(function() core.private_key("x", "a\0b") end,
      "should hold no NUL")
    assert.error_matches(function() core.public_key() end, "string expected")
    assert.error_matches(function() secret:decrypt("x", "none") end,
      "invalid option 'none'")
    assert.error_matches(function() secret:sign({}) end, "string expected")
    assert.error_matches(function() secret:verify("x") end, "string expected")
  end)
end)
