local core = require "adobepass.core"
local device_fields = require "spec.support.device_fields"
local headers = require "adobepass.device.headers"
local json = require "adobepass.util.json"
local record = require "adobepass.device.record"

local INFO, HASH = device_fields.INFO, device_fields.HASH
local SENT_INFO = { connectionIp = "203.0.113.7" } -- from the option ip
for name, value in pairs(INFO) do SENT_INFO[name] = value end
local full, decoded, raises = device_fields.full, device_fields.decoded,
  device_fields.raises

describe("device.headers", function()
  local everything = {
    ["AP-Device-Identifier"] = "fingerprint YmEyM2QxNDE=",
    ["X-Device-Info"] = core.base64.encode(json.encode(SENT_INFO)),
    ["X-Forwarded-For"] = "203.0.113.7",
    ["AP-Visitor-Identifier"] = "20265673158980419722735089753036633573",
    ["Adobe-Subject-Token"] = "subject.token",
    ["AD-Service-Token"] = "service.token",
    ["AP-Partner-Framework-Status"] =
      core.base64.encode(json.encode(full().partner_status)),
    ["AP-TempPass-Identity"] =
      core.base64.encode('{"email":"' .. HASH .. '"}'),
  }

  it("[device-makes-every-header] device.headers: builds every "
    .. "header", function()
    assert.same(everything, headers.build(record.new(full()), "DIFSPTV"))
  end)

  local by_letter = {
    D = { "AP-Device-Identifier" }, I = { "X-Device-Info" },
    F = { "X-Forwarded-For" }, V = { "AP-Visitor-Identifier" },
    S = { "Adobe-Subject-Token", "AD-Service-Token" },
    P = { "AP-Partner-Framework-Status" }, T = { "AP-TempPass-Identity" },
    A = {}, [""] = {},
  }
  for letter, names in pairs(by_letter) do
    it("[device-sends-belongs] device.headers: the letter '"
      .. letter .. "' selects its headers", function()
      local expected = {}
      for _, name in ipairs(names) do expected[name] = everything[name] end
      assert.same(expected, headers.build(record.new(full()), letter))
    end)
  end

  it("[device-identity-of-call] device.headers: the letter 't' sends the user of a "
    .. "call, and not that of the device", function()
    local viewer = record.new(full())
    assert.same({}, headers.build(viewer, "t"))
    assert.same({}, headers.build(viewer, "t", { ip = "192.0.2.1" }))
    local sent = headers.build(viewer, "t", { user = { phone = HASH } })
    assert.same({ phone = HASH }, decoded(sent["AP-TempPass-Identity"]))
    assert.same({}, headers.build(viewer, "t", { user = false }))
  end)

  it("[device-reads-letters-reference] device.headers: accepts spaces between "
    .. "letters, as in the reference", function()
    local viewer = record.new(full())
    assert.same(headers.build(viewer, "DIF"),
      headers.build(viewer, "A D I F"))
  end)

  it("[device-leaves-out] device.headers: omits headers that have no "
    .. "value", function()
    assert.same({ ["AP-Device-Identifier"] = "fingerprint eA==" },
      headers.build(record.new { id = "x" }, "DIFSPTV"))
  end)

  it("[device-sends-roku-token] device.headers: sends Roku's token in place of "
    .. "the subject token", function()
    local viewer = record.new { id = "x", roku_token = "roku" }
    assert.same({ ["X-Roku-Reserved-Roku-Connect-Token"] = "roku" },
      headers.build(viewer, "S"))
  end)

  it("[device-values-call] device.headers: values of one call replace the "
    .. "device's", function()
    local viewer = record.new(full())
    local sent = headers.build(viewer, "FPTV", { ip = "198.51.100.1",
      user = { phone = HASH }, visitor_id = false })
    assert.equal("198.51.100.1", sent["X-Forwarded-For"])
    assert.same({ phone = HASH }, decoded(sent["AP-TempPass-Identity"]))
    assert.is_nil(sent["AP-Visitor-Identifier"])
    assert.equal(everything["AP-Partner-Framework-Status"],
      sent["AP-Partner-Framework-Status"])
    assert.same(everything, headers.build(viewer, "DIFSPTV"))
  end)

  it("[device-sends-no-value-operation] device.headers: omits a call's value "
    .. "that the operation does not take", function()
    assert.same({}, headers.build(record.new { id = "x" }, "A",
      { ip = "198.51.100.1" }))
  end)

  it("[device-token-call-kinds] device.headers: a token of one call replaces "
    .. "the device's token of either kind", function()
    local roku = record.new { id = "x", roku_token = "roku" }
    assert.same({ ["Adobe-Subject-Token"] = "s" },
      headers.build(roku, "S", { subject_token = "s" }))
    local subject = record.new { id = "x", subject_token = "s" }
    assert.same({ ["X-Roku-Reserved-Roku-Connect-Token"] = "r" },
      headers.build(subject, "S", { roku_token = "r" }))
  end)

  it("[device-checks-values-call] device.headers: an invalid value of one call "
    .. "raises", function()
    local viewer = record.new(full())
    raises("device.ip", headers.build, viewer, "F", { ip = "a\nb" })
    raises("ipp", headers.build, viewer, "F", { ipp = "1" })
    raises("roku_token", headers.build, viewer, "S",
      { roku_token = "r", subject_token = "s" })
  end)
end)
