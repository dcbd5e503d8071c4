local core = require "adobepass.core"
local folder = require "spec.support.folder"
local open_handles = require "spec.support.open_handles"
local jws = require "adobepass.util.jws"

local base64, sign, peek = core.base64, core.jws.sign, core.jws.peek

-- RFC 7515 appendix A.2: the modulus, and the token signed with its key.
local MODULUS = "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmf"
  .. "HQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b"
  .. "32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS"
  .. "-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxX"
  .. "FvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"
local TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzOD"
  .. "AsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3"
  .. "hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2F"
  .. "p5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h"
  .. "6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOk"
  .. "HWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXL"
  .. "IhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"

-- Returns the PEM of a public key: modulus of 2048 bits, exponent 65537.
local function public_pem(modulus)
  local der = "\48\130\1\34\48\13\6\9\42\134\72\134\247\13\1\1\1\5\0\3\130\1"
    .. "\15\0\48\130\1\10\2\130\1\1\0" .. modulus .. "\2\3\1\0\1"
  local text = base64.encode(der):gsub(("."):rep(64), "%0\n")
  return "-----BEGIN PUBLIC KEY-----\n" .. text .. "\n-----END PUBLIC KEY-----"
end

describe("a JSON Web Signature", function()
  local path, key, public

  setup(function()
    path = folder.make()
    folder.run("openssl genrsa -out " .. path .. "/rsa.pem 2048")
    folder.run(("cd %s && openssl rsa -in rsa.pem -pubout -out public.pem")
      :format(path))
  end)

  teardown(function() folder.remove(path) end)

  before_each(function()
    key = assert(core.private_key(folder.read(path .. "/rsa.pem")))
    public = assert(core.public_key(folder.read(path .. "/public.pem")))
  end)

  after_each(function()
    key:close()
    public:close()
    open_handles.assert_none()
  end)

  it("[jws-verifies-example-rfc] JWS: verifies the example of RFC "
    .. "7515", function()
    local rfc_key = assert(core.public_key(
      public_pem(base64.url_decode(MODULUS))))
    local payload, header = jws.verify("RS256", rfc_key, TOKEN)
    assert.equal('{"iss":"joe",\r\n "exp":1300819380,\r\n '
      .. '"http://example.com/is_root":true}', payload)
    assert.equal('{"alg":"RS256"}', header)
    rfc_key:close()
  end)

  it("[jws-brings-signed] JWS: verifying returns the signed payload, whatever "
    .. "its bytes", function()
    for _, payload in ipairs { "{}", "", "\0\255", ("x"):rep(20000) } do
      local token = assert(sign("RS256", key, payload))
      assert.equal(payload, (jws.verify("RS256", public, token)))
      assert.equal(payload, (peek(token)))
    end
  end)

  it("[jws-writes-header-asked] JWS: sign writes the given typ and kid into "
    .. "the header", function()
    local function header(options)
      return select(2, peek(sign("RS256", key, "{}", options)))
    end
    assert.equal('{"alg":"RS256","typ":"JWT"}', header())
    assert.equal('{"alg":"RS256","typ":"JOSE","kid":"key-1"}',
      header { typ = "JOSE", kid = "key-1" })
  end)

  local function assert_refused(wanted, token)
    local payload, message, code = jws.verify("RS256", public, token)
    assert.is_nil(payload)
    assert.equal(wanted, code)
    assert.is_string(message)
  end

  -- Returns a token with this header and a valid RS256 signature.
  local function signed(header)
    local text = base64.url_encode(header) .. "." .. base64.url_encode("{}")
    return text .. "." .. base64.url_encode(key:sign(text))
  end

  it("[jws-algorithm-token] JWS: only RS256 is accepted, whatever the token's "
    .. "header says", function()
    assert_refused("wrong_algorithm", signed '{"alg":"none"}')
    assert_refused("wrong_algorithm", signed '{"alg":"HS256"}')
    assert_refused("wrong_algorithm", signed '{"alg":"RS512"}')
    assert_refused("wrong_algorithm", signed '{"alg":"rs256"}')
    assert_refused("wrong_algorithm", base64.url_encode('{"alg":"none"}') .. ".e30.")
    local pem = folder.read(path .. "/public.pem")
    local text = base64.url_encode('{"alg":"HS256"}') .. ".e30"
    assert_refused("wrong_algorithm", text .. "." .. base64.url_encode(
      core.digest.hmac_sha256(pem, text)))
  end)

  it("[jws-refuses-headers-two] JWS: refuses ambiguous and malformed "
    .. "headers", function()
    for _, header in ipairs {
      '{"alg":"RS256","alg":"none"}', '{"alg":"none","alg":"RS256"}',
      '{"\\u0061lg":"none","alg":"RS256"}', '{"alg":["RS256"]}',
      '{"alg":null}', "{}", "[]", "", '"RS256"', '{"alg":"RS256"',
      '{"alg":"RS256"}}', '{"alg":"RS256"} x', '{"alg" "RS256"}',
      '{"alg":"RS256",}', '{"x":{"alg":"RS256"}}',
      '{"alg":"RS256","crit":["b64"]}', '{"alg":"RS256',
      '{"x":' .. ("["):rep(40) .. ("]"):rep(40) .. ',"alg":"RS256"}',
      '{"alg":"RS256\0"}', "\0", '{"x":\0,"alg":"RS256"}',
      '{"alg":"RS\\u003256"}', '{"alg":"RS256","alg":"RS256"}',
      '{"alg":"RS256","cri\\u0074":["b64"]}', '{"crit":[],"alg":"RS256"}',
      '{"x":"\\\\","alg":"none","y":"\\",\\"alg\\":\\"RS256"}',
      '{"x":"y",":":1,"crit":["b64"],"alg":"RS256"}',
      '{"x":"}","alg":"none","y":{"alg":"RS256"}}',
      '{"x":["{","alg"],"y":"alg","z":"RS256"}', '["alg","RS256"]',
      '{"x":' .. ("["):rep(16) .. ("]"):rep(16) .. ',"alg":"RS256"}',
      '{"alg":"RS256"}\0', '{"alg":{"x":1},"y":"RS256"}',
    } do
      local code = select(3, jws.verify("RS256", public, signed(header)))
      assert.is_true(code == "invalid_token" or code == "wrong_algorithm",
        header)
    end
  end)

  it("[jws-reads-headers-however] JWS: accepts valid headers with any layout "
    .. "and further fields", function()
    for _, header in ipairs { '{"alg":"RS256"}', ' { "alg" : "RS256" } ',
      '{"kid":"a,b}\\"c","alg":"RS256","n":[1,{"alg":"x"},-2.5e3,null]}',
      '\t{"x":{},"y":[],\r\n"alg":"RS256"}',
      '{"x":"]}:","y:":{"]":["crit"]},"alg":"RS256","z":"alg"}',
      '{"x":' .. ("["):rep(15) .. ("]"):rep(15) .. ',"alg":"RS256"}' } do
      local payload = jws.verify("RS256", public, signed(header))
      assert.equal("{}", payload, header)
    end
  end)

  it("[jws-refuses-changed-byte] JWS: refuses a token with any changed "
    .. "byte", function()
    local token = sign("RS256", key, '{"iss":"x"}')
    for at = 1, #token do
      local c = token:sub(at, at)
      local changed = token:sub(1, at - 1) .. (c == "A" and "B" or "A")
        .. token:sub(at + 1)
      assert.is_nil((jws.verify("RS256", public, changed)), at)
    end
  end)

  it("[jws-refuses-no-token] JWS: refuses text that is not a signed "
    .. "token", function()
    for _, text in ipairs { "", ".", "..", "a.b", "a.b.c.d", "a.b.c",
      "e30.e30", "e30=.e30.e30", "e30.e3 0.e30", ("a"):rep(70000) .. "..",
      "\0.\0.\0" } do
      assert_refused("invalid_token", text)
    end
    assert_refused("encrypted_token", "a.b.c.d.e")
    assert.equal("encrypted_token", select(3, peek("a.b.c.d.e")))
    assert.equal("invalid_token", select(3, peek("nothing")))
  end)

  it("[jws-not-sign-not-verify] JWS: refuses to sign a large payload or with a "
    .. "public key", function()
    assert.equal("too_large",
      select(3, sign("RS256", key, ("x"):rep(60000))))
    assert.equal("private_key_needed",
      select(3, sign("RS256", public, "{}")))
  end)

  it("[jws-raises-programmer-wrong] JWS: usage errors raise", function()
    for _, algorithm in ipairs { "none", "HS256", "RS512" } do
      assert.error_matches(function() sign(algorithm, key, "") end,
        "invalid option")
      assert.error_matches(function() jws.verify(algorithm, key, "") end,
        "invalid option")
    end
    assert.error_matches(function() jws.verify(nil, key, "") end,
      "bad argument #1")
    assert.error_matches(function() jws.verify("RS256", "pem", "") end,
      "bad argument #2")
    assert.error_matches(function()
      sign("RS256", key, "", { kid = 'a"b' })
    end, "option 'kid' should be plain ASCII")
    assert.error_matches(function()
      sign("RS256", key, "", { alg = "none" })
    end, "unknown option 'alg'")
    local closed = assert(core.public_key(folder.read(path .. "/public.pem")))
    closed:close()
    assert.error_matches(function() jws.verify("RS256", closed, "") end,
      "the key is closed")
  end)
end)
