local adobepass = require "adobepass"
local core = require "adobepass.core"
local device_fields = require "spec.support.device_fields"
local headers = require "adobepass.device.headers"
local json = require "adobepass.util.json"
local record = require "adobepass.device.record"

local INFO, HASH = device_fields.INFO, device_fields.HASH
local full, decoded, raises = device_fields.full, device_fields.decoded,
  device_fields.raises

local function info_with(changes)
  local info = {}
  for name, value in pairs(INFO) do info[name] = value end
  for name, value in pairs(changes) do info[name] = value end
  return info
end

describe("record.new", function()
  it("[device-record-shows-id] device record: has the fields id and "
    .. "ip", function()
    local viewer = record.new(full())
    assert.equal("ba23d141", viewer.id)
    assert.equal("203.0.113.7", viewer.ip)
    assert.equal("adobepass.device", tostring(viewer))
  end)

  it("[device-record-no-new-fields] device record: setting a field "
    .. "raises", function()
    local viewer = record.new { id = "x" }
    raises("info", function() viewer.info = {} end)
  end)

  it("[device-not-follow-later-changes] device record: later changes of the "
    .. "given tables have no effect", function()
    local info = info_with { model = "a" }
    local viewer = record.new { id = "x", info = info }
    info.model = "b"
    local sent = headers.build(viewer, "I")
    assert.same(info_with { model = "a" }, decoded(sent["X-Device-Info"]))
  end)

  it("[device-writes-info-way] device record: equal info gives equal headers, "
    .. "whatever the order of keys", function()
    local a, b = info_with {}, info_with {}
    for i = 1, 20 do a["k" .. i], b["k" .. 21 - i] = 1, 1 end
    assert.same(headers.build(record.new { id = "x", info = a }, "I"),
      headers.build(record.new { id = "x", info = b }, "I"))
  end)

  it("[device-encoded-already] device record: accepts values that are already "
    .. "encoded", function()
    local text = core.base64.encode("\n" .. json.encode(INFO))
    local viewer = record.new { id = "x", info = text, partner_status = text,
      user = "eyJlbWFpbCI6ImZvb0BiYXIuY29tIn0=" }
    assert.same({ ["X-Device-Info"] = text,
      ["AP-Partner-Framework-Status"] = text,
      ["AP-TempPass-Identity"] = "eyJlbWFpbCI6ImZvb0BiYXIuY29tIn0=" },
      headers.build(viewer, "IPT"))
  end)

  for _, key in ipairs { "model", "version", "osName", "osVersion",
    "connectionType" } do
    it("[device-requires] device record: raises for an info without "
      .. key, function()
      local info = info_with {}
      info[key] = nil
      for _, given in ipairs { info, core.base64.encode(json.encode(info)) } do
        local message = raises("device.info lacks " .. key .. ":", record.new,
          full { info = given })
        assert.is_nil(message:find("TV%-9"))
      end
    end)
  end

  it("[device-connection] device record: what a server knows of the connection "
    .. "replaces that of the info", function()
    local info = info_with { connectionIp = "192.168.1.7", connectionPort = 1 }
    for _, given in ipairs { info, core.base64.encode(json.encode(info)) } do
      local viewer = record.new { id = "x", info = given, ip = "203.0.113.7",
        port = "53124", user_agent = "TV/1" }
      assert.equal("203.0.113.7", viewer.ip)
      local sent = headers.build(viewer, "F I")
      assert.same({ "203.0.113.7", "TV/1" },
        { sent["X-Forwarded-For"], sent["User-Agent"] })
      assert.same(info_with { connectionIp = "203.0.113.7",
        connectionPort = 53124, userAgent = "TV/1" },
        decoded(sent["X-Device-Info"]))
      assert.truthy(core.base64.decode(sent["X-Device-Info"]):find(
        '"connectionPort":53124,', 1, true))
    end
    local unchanged = headers.build(record.new { id = "x", info = info }, "I")
    assert.same(info, decoded(unchanged["X-Device-Info"]))
  end)

  it("[device-sha-256-sha-512-case] device record: accepts SHA-256 and SHA-512 "
    .. "hashes, in either case", function()
    for _, hash in ipairs { HASH, HASH:upper(), HASH .. HASH } do
      assert.truthy(record.new { id = "x", user = { email = hash } })
    end
  end)

  local good = { ("x"):rep(512), "\0\1\2", "é", " " }
  for i, id in ipairs(good) do
    it("[device-takes-good-id] device record: accepts valid id " .. i, function()
      assert.equal(id, record.new { id = id }.id)
    end)
  end

  local bad = {
    { "device.id", { id = json.null } }, { "device.id", { id = "" } },
    { "device.id", { id = ("x"):rep(513) } }, { "device.id", { id = 5 } },
    { "device.ip", { ip = "1.2.3.4\r\nX: y" } }, { "device.ip", { ip = "" } },
    { "device.ip", { ip = 1 } }, { "device.ip", { ip = "a\127" } },
    { "identity.visitor_id", { visitor_id = "a\0b" } },
    { "identity.subject_token", { subject_token = "a\nb" } },
    { "identity.service_token", { service_token = {} } },
    { "device.info", { info = "not base64!" } }, { "device.info",
      { info = "" } }, { "device.info", { info = { "a" } } },
    { "device.info", { info = true } }, { "device.info", { info = "aGVsbG8=" } },
    { "device.info", { info = "WzEsMl0=" } },
    { "device.info lacks model", { info = {} } },
    { "device.info lacks version", { info = core.base64.encode
      '{"model":"a","osName":"Linux","osVersion":"6","connectionType":"LAN"}' } },
    { "device.info lacks osVersion", { info = info_with { osVersion = "" } } },
    { "device.info lacks osName",
      { info = info_with { osName = json.null } } },
    { "device.port", { port = 0 } }, { "device.port", { port = 65536 } },
    { "device.port", { port = 1.5 } }, { "device.port", { port = "http" } },
    { "device.user_agent", { user_agent = "" } },
    { "device.user_agent", { user_agent = "a\r\nX: y" } },
    { "device.info", { info = info_with { f = print } } },
    { "device.info", { info = info_with { model = ("x"):rep(6000) } } },
    { "device.info", { info = info_with { model = ("\127"):rep(1000) } } },
    { "device.info", { info = core.base64.encode(json.encode(INFO):sub(1, -2)
      .. (" "):rep(6000) .. "}"), ip = json.null } },
    { "device.user_agent", { user_agent = ("x"):rep(8001), info = json.null } },
    { "identity.partner_status", { partner_status = { a = ("x"):rep(6000) } } },
    { "identity.partner_status", { partner_status = 1 } },
    { "identity.partner_status", { partner_status = "{}" } },
    { "roku_token", { roku_token = "r" } },
    { "colour", { colour = "red" } },
    { "core.digest", { user = { email = "user@domain.com" } } },
    { "core.digest", { user = "user@domain.com" } },
    { "core.digest", { user = { email = HASH:sub(2) } } },
    { "core.digest", { user = { email = HASH:gsub("^.", "g") } } },
    { "core.digest", { user = { email = true } } },
    { "device.user", { user = true } },
    { "device.user", { user = { HASH } } },
  }
  for i, case in ipairs(bad) do
    it("[device-refuses-bad-input] device record: refuses bad input "
      .. i .. " and names " .. case[1], function()
      raises(case[1], record.new, full(case[2]))
    end)
  end

  it("[device-names-no-viewer-refuses] device record: the error about an "
    .. "invalid identity does not contain it", function()
    local message = raises("email", record.new, full {
      user = { email = "user@domain.com" } })
    assert.is_nil(message:find("user@domain.com", 1, true))
  end)

  it("[device-says-misuse-stands] device record: a usage error names the "
    .. "caller's line", function()
    local ok, message = pcall(function()
      local viewer = record.new { id = "" }
      return viewer
    end)
    assert.is_false(ok)
    assert.truthy(message:find "record_spec.lua:%d+: device.id")
  end)

  it("[device-light-2-kib] device record: uses at most 2 KiB of memory beyond "
    .. "its data", function()
    local devices, data = {}, 0
    collectgarbage()
    collectgarbage()
    local before = collectgarbage "count"
    for i = 1, 1000 do
      local viewer = record.new { id = ("device-%05d"):format(i),
        info = INFO, ip = ("10.%d.%d.1"):format(math.floor(i / 256), i % 256),
        visitor_id = ("visitor-%030d"):format(i),
        service_token = ("t"):rep(200) .. i }
      devices[i] = viewer
      data = data + #viewer.id + #viewer.ip
      for _, value in pairs(headers.build(viewer, "DIFSV")) do
        data = data + #value
      end
    end
    collectgarbage()
    collectgarbage()
    local each = (collectgarbage "count" - before - data / 1024) / 1000
    assert.is_true(each < 2, each .. " KiB")
    assert.equal(1000, #devices)
  end)
end)

describe("record.generate_id", function()
  it("[device-64-hexadecimal-digits] generate_id: returns 64 hexadecimal "
    .. "digits, different each time", function()
    local seen = {}
    for _ = 1, 100 do
      local id = record.generate_id()
      assert.truthy(id:find "^[0-9a-f]+$")
      assert.equal(64, #id)
      assert.is_nil(seen[id])
      seen[id] = true
    end
  end)

  it("[device-core-error-no-randomness] generate_id: missing randomness gives "
    .. "the core's error", function()
    local bytes = core.random.bytes
    finally(function() core.random.bytes = bytes end)
    core.random.bytes = function() return nil, "none", "no_random" end
    assert.same({ nil, "none", "no_random" }, { record.generate_id() })
    local store = adobepass.store.memory()
    assert.same({ nil, "none", "no_random" }, { adobepass.device_id(store) })
    assert.is_nil((store:get "device_id"))
  end)
end)
