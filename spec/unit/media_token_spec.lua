--- Media tokens: fields and verification.

local core = require "adobepass.core"
local http_date = require "adobepass.util.http_date"
local keyring = require "adobepass.sandbox.data.keyring"
local media_token = require "adobepass.media_token"
local memory = require "adobepass.store.memory"
local timeline = require "spec.support.timeline"

local KEYS = keyring.new()
local KEY = KEYS:public "media"
local NOW = 1750000000000
local SEVEN_MINUTES = 7 * 60 * 1000

local function element(name, content)
  return content and "<" .. name .. ">" .. content .. "</" .. name .. ">" or ""
end

local FIELDS = { "sessionGUID", "requestorID", "resourceID", "ttl",
  "issueTime", "mvpdId", "proxyMvpdId" }

-- Returns the signed part. `changes` replaces fields; false omits a field.
local function body(changes)
  local values = { sessionGUID = "guid", requestorID = "REF30",
    resourceID = "CNN", ttl = ("%d"):format(SEVEN_MINUTES),
    issueTime = ("%d"):format(NOW), mvpdId = "Cablevision" }
  for name, value in pairs(changes or {}) do values[name] = value end
  local parts = {}
  for _, name in ipairs(FIELDS) do
    parts[#parts + 1] = element(name, values[name] or nil)
  end
  return element("shortAuthorizationToken", table.concat(parts))
end

local function signed(text, role)
  return core.base64.encode(KEYS:private(role or "media"):sign(text))
end

local function pack(text, signature)
  return core.base64.encode(element("signatureInfo",
    signature or signed(text)) .. text)
end

local function token(changes) return pack(body(changes)) end

local function verify(serialized, changes)
  local options = { key = KEY, now_ms = NOW }
  for name, value in pairs(changes or {}) do options[name] = value end
  local fields, message, status = media_token.verify(serialized, options)
  if fields then return "VALID_TOKEN", fields end
  assert(type(message) == "string")
  return status, message
end

describe("a media token of the sandbox", function()
  local scenario, decision

  local function authorize(resource)
    scenario = timeline.new()
    scenario:signed_in()
    decision = assert(scenario.client:authorize(resource,
      { mvpd = "Cablevision" }))
    assert.is_true(decision.permitted)
  end

  local function check(changes)
    local options = { key = assert(core.public_key(
      scenario.control.certificates().media)),
        now_ms = scenario.client:now_ms() }
    for name, value in pairs(changes or {}) do options[name] = value end
    return verify(decision.media_token, options)
  end

  it("[media-token-says] media token: inspect returns its fields", function()
    authorize "CNN"
    local fields = assert(media_token.inspect(decision.media_token))
    assert.equal("REF30", fields.requestor)
    assert.equal("CNN", fields.resource)
    assert.equal("Cablevision", fields.mvpd)
    assert.equal(SEVEN_MINUTES, fields.ttl)
    assert.matches("^2025/06/15 .* GMT %+0000$", fields.issue_time)
    assert.is_string(fields.session_guid)
    assert.is_nil(fields.proxy_mvpd)
    assert.is_nil(fields.signature)
  end)

  it("[media-token-resource-requestor] media token: is valid for its resource "
    .. "and requestor, for seven minutes", function()
    authorize "CNN"
    assert.equal("VALID_TOKEN", check())
    assert.equal("VALID_TOKEN",
      check { resource = "CNN", requestor = "REF30" })
    assert.equal("INVALID_RESOURCE_ID", check { resource = "TBS" })
    assert.equal("INVALID_REQUESTOR_ID", check { requestor = "REF40" })
    local ends = decision.media_token_not_after
    assert.equal("VALID_TOKEN", check { now_ms = ends - 1 })
    assert.equal("TOKEN_EXPIRED", check { now_ms = ends })
  end)

  for _, resource in ipairs { "Tom's & Jerry's \"Best\" <1>",
    "Gr\195\188\195\159e", "a&amp;b", "&#39;", "&lt;ttl&gt;1&lt;/ttl&gt;",
    '<rss><channel><title>CNN</title></channel></rss>' } do
    it("[media-token-good] media token: is valid for " .. resource, function()
      authorize(resource)
      local status, fields = check { resource = resource }
      assert.equal("VALID_TOKEN", status)
      assert.equal(resource, fields.resource)
    end)
  end
end)

describe("media_token.verify", function()
  it("[media-token-several-keys] media_token.verify: accepts a signature by any of "
    .. "several keys", function()
    local text = body()
    local other = KEYS:public "tokens"
    for _, keys in ipairs { { KEY }, { other, KEY }, { KEY, other } } do
      assert.equal("VALID_TOKEN", verify(pack(text), { key = keys }))
    end
    assert.equal("INVALID_SIGNATURE",
      verify(pack(text), { key = { other, other } }))
  end)

  it("[media-token-authentic-key] media_token.verify: refuses a signature of "
    .. "another key or text", function()
    local text = body()
    assert.equal("VALID_TOKEN", verify(pack(text)))
    assert.equal("INVALID_SIGNATURE",
      verify(pack(text, signed(text, "tokens"))))
    assert.equal("INVALID_SIGNATURE",
      verify(pack(text), { key = KEYS:public "tokens" }))
    for _, signature in ipairs { "", "AAAA", "not base64!",
      signed(body { resourceID = "TBS" }) } do
      assert.equal("INVALID_SIGNATURE", verify(pack(text, signature)))
    end
  end)

  it("[media-token-refuses-changed-byte] media_token.verify: refuses any "
    .. "changed byte of the decoded token", function()
    local plain = core.base64.decode(token())
    for at = 1, #plain do
      local byte = plain:byte(at)
      for _, other in ipairs { (byte + 1) % 256, byte == 0 and 1 or 0,
        byte == 32 and 60 or 32 } do
        local changed = plain:sub(1, at - 1) .. string.char(other)
          .. plain:sub(at + 1)
        assert(verify(core.base64.encode(changed)) ~= "VALID_TOKEN", at)
      end
    end
  end)

  it("[media-token-refuses-changed] media_token.verify: refuses any changed, "
    .. "missing or added byte of the serialized token", function()
    local serialized = token()
    for at = 1, #serialized do
      local before, after = serialized:sub(1, at - 1), serialized:sub(at + 1)
      local other = serialized:sub(at, at) == "A" and "B" or "A"
      for _, changed in ipairs { before .. other .. after, before .. after,
        before .. "\0" .. after, before .. "A" .. serialized:sub(at),
        before .. "\n" .. serialized:sub(at) } do
        assert(verify(changed) ~= "VALID_TOKEN", at)
      end
    end
  end)

  it("[media-token-refuses-two-elements] media_token.verify: refuses any "
    .. "content besides the two elements", function()
    local text = body()
    local info = element("signatureInfo", signed(text))
    local INVALID = "INVALID_TOKEN_FORMAT"
    for plain, expected in pairs {
      [text .. info] = "VALID_TOKEN", [info .. "\n" .. text .. "\n"] =
        "VALID_TOKEN", [info .. text .. "x"] = INVALID,
      ["x" .. info .. text] = INVALID, [info .. "x" .. text] = INVALID,
      [info .. text .. "\0"] = INVALID, [text] = INVALID, [info] = INVALID,
      [info .. text .. text] = INVALID, [info .. info .. text] = INVALID,
      [info .. body { resourceID = "TBS" } .. text] = INVALID,
      [element("a", info .. text)] = INVALID,
      [info .. element("shortAuthorizationToken", text)] = INVALID,
      [element("signatureInfo", info) .. text] = INVALID,
      [element("shortAuthorizationToken", info .. "<ttl>9</ttl>")] = INVALID,
      [info .. text:gsub("^<", "</", 1)] = INVALID,
      [info .. text:upper()] = INVALID,
      [info .. text:gsub("<short%a+>", "%0 ", 1):gsub("> <", " ><", 1)] =
        INVALID,
      ["</signatureInfo><signatureInfo>" .. text] = INVALID,
    } do
      assert.equal(expected, (verify(core.base64.encode(plain))), plain)
    end
  end)

  it("[media-token-never-signature] media_token.verify: never reads the "
    .. "signature from the signed text", function()
    local inner = body { resourceID = element("signatureInfo", "AAAA") }
    assert.equal("INVALID_TOKEN_FORMAT",
      (verify(core.base64.encode(inner))))
    assert.equal("VALID_TOKEN", (verify(pack(inner))))
  end)

  it("[media-token-field-twice-within] media_token.verify: a repeated or "
    .. "nested field counts as missing",
    function()
      local twice = body():gsub("<resourceID>.-</resourceID>",
        "%0<resourceID>TBS</resourceID>")
      for _, resource in ipairs { "CNN", "TBS" } do
        assert.equal("INVALID_RESOURCE_ID",
          (verify(pack(twice), { resource = resource })))
      end
      local nested = body { resourceID = "<resourceID>CNN</resourceID>" }
      assert.equal("INVALID_RESOURCE_ID",
        (verify(pack(nested), { resource = "CNN" })))
      local longer = body { resourceID = "x<ttl>999999999</ttl>" }
      assert.equal("TOKEN_EXPIRED", (verify(pack(longer))))
    end)

  it("[media-token-holds-wanted-against] media_token.verify: a required field "
    .. "that is missing is an error", function()
    local none = token { resourceID = false, requestorID = false }
    assert.equal("VALID_TOKEN", (verify(none)))
    assert.equal("INVALID_RESOURCE_ID", (verify(none, { resource = "CNN" })))
    assert.equal("INVALID_REQUESTOR_ID",
      (verify(none, { requestor = "REF30" })))
    assert.equal("INVALID_RESOURCE_ID", (verify(none, { resource = "" })))
    for _, missing in ipairs { "ttl", "issueTime" } do
      assert.equal("TOKEN_EXPIRED", (verify(token { [missing] = false })))
    end
  end)

  it("[media-token-signature-first-last] media_token.verify: checks the "
    .. "signature first and the resource last", function()
    local text = body { resourceID = "TBS" }
    local wanted = { resource = "CNN", now_ms = NOW + 1e9 }
    assert.equal("INVALID_SIGNATURE", (verify(pack(text, "AAAA"), wanted)))
    assert.equal("TOKEN_EXPIRED", (verify(pack(text), wanted)))
  end)

  it("[media-token-refuses-junk] media_token.verify: malformed text gives "
    .. "INVALID_TOKEN_FORMAT", function()
    local huge = ("A"):rep(4 * 1024 * 1024)
    for _, malformed in ipairs { "", "x", "\0", "====", "AAAA", huge, "null",
      core.base64.encode "", core.base64.encode "<a/>",
      core.base64.encode(("<"):rep(20000)), core.base64.encode("\0\255"),
      core.base64.encode("<signatureInfo>"), token():sub(1, -2),
      token() .. token(), " " .. token(), token() .. "\n",
      token { resourceID = ("x"):rep(40000) } } do
      assert.equal("INVALID_TOKEN_FORMAT", (verify(malformed)),
        malformed:sub(1, 40))
      local fields, message, status = media_token.inspect(malformed)
      assert.is_nil(fields)
      assert.is_string(message)
      assert.equal("INVALID_TOKEN_FORMAT", status)
    end
  end)

  it("[media-token-keeps-nul-apart] media_token.verify: compares fields "
    .. "including NUL bytes", function()
    local status, fields = verify(token { resourceID = "CNN\0evil" },
      { resource = "CNN\0evil" })
    assert.equal("VALID_TOKEN", status)
    assert.equal("CNN\0evil", fields.resource)
    assert.equal("INVALID_RESOURCE_ID",
      (verify(token { resourceID = "CNN\0evil" }, { resource = "CNN" })))
  end)

  it("[media-token-reads-entity-none] media_token.inspect: decodes entities "
    .. "once and keeps invalid ones", function()
    for text, expected in pairs {
      ["&amp;lt;"] = "&lt;", ["&#38;lt;"] = "&lt;", ["&#x27;"] = "'",
      ["&nbsp;"] = "&nbsp;", ["&#0;"] = "&#0;", ["&#999999;"] = "&#999999;",
      ["&#xZZ;"] = "&#xZZ;", ["&#;"] = "&#;", ["&;"] = "&;",
      ["&#9e9;"] = "&#9e9;", ["%s%1"] = "%s%1",
    } do
      local fields = assert(media_token.inspect(token { resourceID = text }))
      assert.equal(expected, fields.resource)
    end
  end)

  -- Cubic time would take days.
  it("[media-token-long-issue-time] media_token.ends: refuses a malformed issue time "
    .. "in linear time", function()
    local issued = "2009/11/08 14:53:47" .. (" "):rep(20000)
    assert.is_nil(media_token.ends { issue_time = issued .. "!", ttl = 1 })
    assert.is_number(media_token.ends { issue_time = issued, ttl = 1 })
  end)

  describe("period of validity", function()
    local function at(issue_time, changes)
      return (verify(token { issueTime = issue_time }, changes))
    end

    it("[media-token-millisecond-minute] media_token.verify: the period is "
      .. "exact to the millisecond and starts a minute early", function()
      for now, expected in pairs {
        [NOW] = "VALID_TOKEN", [NOW + SEVEN_MINUTES - 1] = "VALID_TOKEN",
        [NOW + SEVEN_MINUTES] = "TOKEN_EXPIRED", [NOW - 60000] =
          "VALID_TOKEN", [NOW - 60001] = "TOKEN_EXPIRED", [0] =
          "TOKEN_EXPIRED", [1e300] = "TOKEN_EXPIRED", [0 / 1] =
          "TOKEN_EXPIRED",
      } do
        assert.equal(expected, (verify(token(), { now_ms = now })))
      end
      assert.equal("TOKEN_EXPIRED", (verify(token(), { now_ms = 0 / 0 })))
    end)

    local EPOCH = http_date.epoch(2009, 11, 8, 14, 53, 47) * 1000
    local HOUR = 3600 * 1000

    -- { [issue time] = hours west of UTC }
    for text, hours in pairs {
      ["2009/11/08 14:53:47 GMT -0800"] = 8,
      ["2009/11/08 14:53:47 GMT +0000"] = 0,
      ["2009/11/08 14:53:47 GMT"] = 0, ["2009/11/08 14:53:47 UTC"] = 0,
      ["2009/11/08 14:53:47 GMT +05:30"] = -5.5,
      ["2009-11-08T14:53:47Z"] = 0, ["2009-11-08T14:53:47.123Z"] = 0,
      ["2009-11-08T14:53:47+02:00"] = -2, ["2009-11-08 14:53:47 -0130"] = 1.5,
      ["2009/11/08 14:53:47"] = 0,
    } do
      it("[media-token-valid-time] media_token.verify: reads the issue time "
        .. text, function()
        local issued = EPOCH + hours * HOUR
        assert.equal("VALID_TOKEN", at(text, { now_ms = issued }))
        assert.equal("VALID_TOKEN",
          at(text, { now_ms = issued + SEVEN_MINUTES - 1 }))
        assert.equal("TOKEN_EXPIRED",
          at(text, { now_ms = issued + SEVEN_MINUTES }))
        assert.equal("TOKEN_EXPIRED", at(text, { now_ms = issued - 60001 }))
      end)
    end

    for _, text in ipairs {
      "2009/11/08 14:53:47 PST", "2009/11/08 14:53:47 CET +0100",
      "2009/11/08 14:53:47 GMT -8", "2009/11/08 14:53:47 GMT 0800",
      "2009/11/08 14:53:470800", "2009/11/08 14:53:47 +-0800",
      "2009/13/08 14:53:47 GMT", "2009/02/30 14:53:47 GMT",
      "2009/11/08 24:53:47 GMT", "08/11/2009 14:53:47 GMT", "", " ", "now",
      "0x123", "1e12", "-1", "nan", "1257692027.5",
      "9999999999999999999999", "2009/11/08 14:53:47 GMT -0800 x",
    } do
      it("[media-token-invalid-time] media_token.verify: refuses the issue "
        .. "time '" .. text .. "'", function()
        for hours = -12, 12 do
          assert.equal("TOKEN_EXPIRED",
            at(text, { now_ms = EPOCH + hours * HOUR }))
        end
      end)
    end

    it("[media-token-no-life-these] media_token.verify: refuses an invalid "
      .. "ttl", function()
      for _, ttl in ipairs { "", "-1", "0", "1e9", "0x7fffffff", "inf", "nan",
        "420000.5", "999999999999999999999", "7 minutes" } do
        assert.equal("TOKEN_EXPIRED", (verify(token { ttl = ttl })))
      end
    end)
  end)

  describe("with a store", function()
    local now, store

    before_each(function()
      now = 0
      store = memory { now = function() return now end }
    end)

    local function verify_once(serialized, changes)
      local options = { once = store }
      for name, value in pairs(changes or {}) do options[name] = value end
      return (verify(serialized, options))
    end

    it("[media-token-takes-once-long] media_token.verify with a store: accepts "
      .. "a token once while it is valid", function()
      local one, other = token(), token { sessionGUID = "other" }
      assert.equal("VALID_TOKEN", verify_once(one))
      assert.equal("TOKEN_USED", verify_once(one))
      assert.equal("VALID_TOKEN", verify_once(other))
      now = SEVEN_MINUTES / 1000 + 59
      assert.equal("TOKEN_USED", verify_once(one))
      assert.equal("TOKEN_USED", verify_once(other))
    end)

    it("[media-token-however-written] media_token.verify with a store: "
      .. "recognizes a used token in another encoding", function()
      local text = body()
      local signature = signed(text)
      assert.equal("VALID_TOKEN", verify_once(pack(text)))
      for _, plain in ipairs {
        element("signatureInfo", signature) .. "\n" .. text,
        element("signatureInfo", signature:sub(1, 64) .. "\n"
          .. signature:sub(65)) .. text,
        text .. element("signatureInfo", signature),
      } do
        assert.equal("TOKEN_USED", verify_once(core.base64.encode(plain)))
      end
    end)

    it("[media-token-uses-none-refused] media_token.verify with a store: a "
      .. "refused token is not marked as used", function()
      assert.equal("INVALID_RESOURCE_ID", verify_once(token(), { resource = "TBS" }))
      assert.equal("TOKEN_EXPIRED", verify_once(token(), { now_ms = 0 }))
      assert.equal("VALID_TOKEN", verify_once(token()))
    end)

    it("[media-token-keeps-no-only] media_token.verify with a store: stores "
      .. "only a hash of the token", function()
      verify_once(token())
      for name, value in pairs(store.values) do
        assert.matches("^media_token:%x+$", name)
        assert.equal("1", value)
      end
    end)

    it("[media-token-refuses-store-broken] media_token.verify with a store: "
      .. "fails when the store fails", function()
      store.add = function() return nil, "on fire", "store_failed" end
      assert.equal("store_failed", verify_once(token()))
      store.add = function() return nil, "on fire" end
      assert.equal("store_failed", verify_once(token()))
    end)
  end)

  it("[media-token-raises-programmer] media_token.verify: usage errors "
    .. "raise", function()
    for _, options in ipairs { {}, { key = KEY }, { now_ms = NOW },
      { key = "PEM", now_ms = NOW }, { key = {}, now_ms = NOW },
      { key = { KEY, "PEM" }, now_ms = NOW }, { key = KEY, now_ms = "now" },
      { key = KEY, now_ms = NOW, nope = 1 },
      { key = KEY, now_ms = NOW, once = true } } do
      local good, message = pcall(function()
        media_token.verify(token(), options)
      end)
      assert.is_false(good)
      assert.matches("media_token_spec.lua:%d+: media_token.verify: ",
        message)
    end
  end)

  it("[media-token-refuses-nginx] media_token.verify: a value that is not a "
    .. "string gives INVALID_TOKEN_FORMAT", function()
    for _, wrong in ipairs { true, 5, {}, { token() } } do
      assert.equal("INVALID_TOKEN_FORMAT", (verify(wrong)))
      assert.is_nil((media_token.inspect(wrong)))
    end
    assert.equal("INVALID_TOKEN_FORMAT", (verify(nil)))
  end)
end)
