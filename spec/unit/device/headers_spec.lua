local adobepass = require "adobepass"
local core = require "adobepass.core"
local device = require "adobepass.device.headers"
local json = require "adobepass.util.json"

local INFO = { model = "TV-9", version = "2.1", osName = "Linux",
  osVersion = "6.1", connectionType = "LAN", primaryHardwareType = "TV" }
local HASH = core.digest.hex(core.digest.sha256 "user@domain.com")

local function full(change)
  local options = { id = "ba23d141", info = INFO, ip = "203.0.113.7",
    visitor_id = "20265673158980419722735089753036633573",
    subject_token = "subject.token", service_token = "service.token",
    partner_status = { frameworkPermissionInfo = { accessStatus = "granted" },
      frameworkProviderInfo = { id = "x", expirationDate = "17356896" } },
    identity = { email = HASH } }
  for name, value in pairs(change or {}) do
    if value == json.null then value = nil end
    options[name] = value
  end
  return options
end

local function decoded(text)
  return json.decode(core.base64.decode(text))
end

local function raises(name, f, ...)
  local ok, message = pcall(f, ...)
  assert.is_false(ok)
  assert.equal("string", type(message))
  assert.truthy(message:find(name, 1, true), message)
  return message
end

describe("device.headers", function()
  local everything = {
    ["AP-Device-Identifier"] = "fingerprint YmEyM2QxNDE=",
    ["X-Device-Info"] = core.base64.encode(json.encode(INFO)),
    ["X-Forwarded-For"] = "203.0.113.7",
    ["AP-Visitor-Identifier"] = "20265673158980419722735089753036633573",
    ["Adobe-Subject-Token"] = "subject.token",
    ["AD-Service-Token"] = "service.token",
    ["AP-Partner-Framework-Status"] =
      core.base64.encode(json.encode(full().partner_status)),
    ["AP-TempPass-Identity"] =
      core.base64.encode('{"email":"' .. HASH .. '"}'),
  }

  it("[device-makes-every-header] makes every header", function()
    assert.same(everything, device.headers(device.new(full()), "DIFSPTV"))
  end)

  local by_letter = {
    D = { "AP-Device-Identifier" }, I = { "X-Device-Info" },
    F = { "X-Forwarded-For" }, V = { "AP-Visitor-Identifier" },
    S = { "Adobe-Subject-Token", "AD-Service-Token" },
    P = { "AP-Partner-Framework-Status" }, T = { "AP-TempPass-Identity" },
    A = {}, [""] = {},
  }
  for letter, names in pairs(by_letter) do
    it("[device-sends-belongs] sends for '"
      .. letter .. "' what belongs to it", function()
      local expected = {}
      for _, name in ipairs(names) do expected[name] = everything[name] end
      assert.same(expected, device.headers(device.new(full()), letter))
    end)
  end

  it("[device-reads-letters-reference] reads the letters as the reference "
    .. "writes them", function()
    local viewer = device.new(full())
    assert.same(device.headers(viewer, "DIF"),
      device.headers(viewer, "A D I F"))
  end)

  it("[device-leaves-out] leaves out what the device does not have", function()
    assert.same({ ["AP-Device-Identifier"] = "fingerprint eA==" },
      device.headers(device.new { id = "x" }, "DIFSPTV"))
  end)

  it("[device-sends-roku-token] sends Roku's token in the place of the "
    .. "subject's", function()
    local viewer = device.new { id = "x", roku_token = "roku" }
    assert.same({ ["X-Roku-Reserved-Roku-Connect-Token"] = "roku" },
      device.headers(viewer, "S"))
  end)

  it("[device-values-call] takes other values for one call", function()
    local viewer = device.new(full())
    local sent = device.headers(viewer, "FPTV", { ip = "198.51.100.1",
      identity = { phone = HASH }, visitor_id = false })
    assert.equal("198.51.100.1", sent["X-Forwarded-For"])
    assert.same({ phone = HASH }, decoded(sent["AP-TempPass-Identity"]))
    assert.is_nil(sent["AP-Visitor-Identifier"])
    assert.equal(everything["AP-Partner-Framework-Status"],
      sent["AP-Partner-Framework-Status"])
    assert.same(everything, device.headers(viewer, "DIFSPTV"))
  end)

  it("[device-sends-no-value-operation] sends no other value that the "
    .. "operation does not take", function()
    assert.same({}, device.headers(device.new { id = "x" }, "A",
      { ip = "198.51.100.1" }))
  end)

  it("[device-token-call-kinds] lets a token of one call stand for both "
    .. "kinds", function()
    local roku = device.new { id = "x", roku_token = "roku" }
    assert.same({ ["Adobe-Subject-Token"] = "s" },
      device.headers(roku, "S", { subject_token = "s" }))
    local subject = device.new { id = "x", subject_token = "s" }
    assert.same({ ["X-Roku-Reserved-Roku-Connect-Token"] = "r" },
      device.headers(subject, "S", { roku_token = "r" }))
  end)

  it("[device-checks-values-call] checks the values of one call", function()
    local viewer = device.new(full())
    raises("device.ip", device.headers, viewer, "F", { ip = "a\nb" })
    raises("ipp", device.headers, viewer, "F", { ipp = "1" })
    raises("roku_token", device.headers, viewer, "S",
      { roku_token = "r", subject_token = "s" })
  end)
end)

describe("device.new", function()
  it("[device-record-shows-id] gives a record that shows its id and its "
    .. "address", function()
    local viewer = device.new(full())
    assert.equal("ba23d141", viewer.id)
    assert.equal("203.0.113.7", viewer.ip)
    assert.equal("adobepass.device", tostring(viewer))
  end)

  it("[device-record-no-new-fields] gives a record that takes no new "
    .. "fields", function()
    local viewer = device.new { id = "x" }
    raises("info", function() viewer.info = {} end)
  end)

  it("[device-not-follow-later-changes] does not follow later changes of the "
    .. "tables", function()
    local info = { model = "a" }
    local viewer = device.new { id = "x", info = info }
    info.model = "b"
    local sent = device.headers(viewer, "I")
    assert.same({ model = "a" }, decoded(sent["X-Device-Info"]))
  end)

  it("[device-writes-info-way] writes the same info in the same "
    .. "way", function()
    local a, b = {}, {}
    for i = 1, 20 do a["k" .. i], b["k" .. 21 - i] = 1, 1 end
    assert.same(device.headers(device.new { id = "x", info = a }, "I"),
      device.headers(device.new { id = "x", info = b }, "I"))
  end)

  it("[device-encoded-already] takes what is encoded already", function()
    local text = core.base64.encode "{\n \"model\": \"a\"}"
    local viewer = device.new { id = "x", info = text, partner_status = text,
      identity = "eyJlbWFpbCI6ImZvb0BiYXIuY29tIn0=" }
    assert.same({ ["X-Device-Info"] = text,
      ["AP-Partner-Framework-Status"] = text,
      ["AP-TempPass-Identity"] = "eyJlbWFpbCI6ImZvb0BiYXIuY29tIn0=" },
      device.headers(viewer, "IPT"))
  end)

  it("[device-sha-256-sha-512-case] takes SHA-256 and SHA-512, in any case of "
    .. "letters", function()
    for _, hash in ipairs { HASH, HASH:upper(), HASH .. HASH } do
      assert.truthy(device.new { id = "x", identity = { email = hash } })
    end
  end)

  local good = { ("x"):rep(512), "\0\1\2", "é", " " }
  for i, id in ipairs(good) do
    it("[device-takes-good-id] takes the good id " .. i, function()
      assert.equal(id, device.new { id = id }.id)
    end)
  end

  local bad = {
    { "device.id", { id = json.null } }, { "device.id", { id = "" } },
    { "device.id", { id = ("x"):rep(513) } }, { "device.id", { id = 5 } },
    { "device.ip", { ip = "1.2.3.4\r\nX: y" } }, { "device.ip", { ip = "" } },
    { "device.ip", { ip = 1 } }, { "device.ip", { ip = "a\127" } },
    { "device.visitor_id", { visitor_id = "a\0b" } },
    { "device.subject_token", { subject_token = "a\nb" } },
    { "device.service_token", { service_token = {} } },
    { "device.info", { info = "not base64!" } }, { "device.info",
      { info = "" } }, { "device.info", { info = { "a" } } },
    { "device.info", { info = true } },
    { "device.info", { info = { f = print } } },
    { "device.partner_status", { partner_status = 1 } },
    { "device.partner_status", { partner_status = "{}" } },
    { "roku_token", { roku_token = "r" } },
    { "colour", { colour = "red" } },
    { "core.digest", { identity = { email = "user@domain.com" } } },
    { "core.digest", { identity = "user@domain.com" } },
    { "core.digest", { identity = { email = HASH:sub(2) } } },
    { "core.digest", { identity = { email = HASH:gsub("^.", "g") } } },
    { "core.digest", { identity = { email = true } } },
    { "device.identity", { identity = true } },
    { "device.identity", { identity = { HASH } } },
  }
  for i, case in ipairs(bad) do
    it("[device-refuses-bad-input] refuses bad input "
      .. i .. " and names " .. case[1], function()
      raises(case[1], device.new, full(case[2]))
    end)
  end

  it("[device-names-no-viewer-refuses] names no viewer where it refuses an "
    .. "identity", function()
    local message = raises("email", device.new, full {
      identity = { email = "user@domain.com" } })
    assert.is_nil(message:find("user@domain.com", 1, true))
  end)

  it("[device-says-misuse-stands] says where the misuse stands", function()
    local ok, message = pcall(function()
      local viewer = device.new { id = "" }
      return viewer
    end)
    assert.is_false(ok)
    assert.truthy(message:find "headers_spec.lua:%d+: device.id")
  end)

  it("[device-light-2-kib] is light: 2 KiB beyond its data at most", function()
    local devices, data = {}, 0
    collectgarbage()
    collectgarbage()
    local before = collectgarbage "count"
    for i = 1, 10000 do
      local viewer = device.new { id = ("device-%05d"):format(i),
        info = INFO, ip = ("10.%d.%d.1"):format(math.floor(i / 256), i % 256),
        visitor_id = ("visitor-%030d"):format(i),
        service_token = ("t"):rep(200) .. i }
      devices[i] = viewer
      data = data + #viewer.id + #viewer.ip
      for _, value in pairs(device.headers(viewer, "DIFSV")) do
        data = data + #value
      end
    end
    collectgarbage()
    collectgarbage()
    local each = (collectgarbage "count" - before - data / 1024) / 10000
    assert.is_true(each < 2, each .. " KiB")
    assert.equal(10000, #devices)
  end)
end)

describe("device.check", function()
  it("[device-nothing-say-good] has nothing to say on good info", function()
    assert.same({}, device.check(INFO))
    assert.same({}, device.check(core.base64.encode(json.encode(INFO))))
  end)

  it("[device-key-header-page] knows every key of the header's "
    .. "page", function()
    local info = { primaryHardwareType = "SetTopBox", model = "m",
      version = "1", manufacturer = "m", vendor = "v", osName = "Roku OS",
      osFamily = "PlayStation OS", osVendor = "Tizen Project",
      osVersion = "1", browserName = "Internet Explorer",
      browserVendor = "Sony Ericsson", browserVersion = "6", userAgent = "u",
      displayWidth = 1920, displayHeight = "1080", displayPpi = 294,
      diagonalScreenSize = 5.5, connectionIp = "8.8.4.4",
      connectionPort = 53124, connectionType = "WiFi",
      connectionSecure = true, applicationId = "REF30" }
    assert.same({}, device.check(info))
    info.connectionSecure = "false"
    assert.same({}, device.check(info))
  end)

  local required =
    { "model", "version", "osName", "osVersion", "connectionType" }
  for _, key in ipairs(required) do
    it("[device-misses] misses " .. key, function()
      local info = {}
      for name, value in pairs(INFO) do info[name] = value end
      info[key] = nil
      assert.same({ "info." .. key .. " is missing" }, device.check(info))
    end)
  end

  local bad = {
    { "primaryHardwareType", "tv" }, { "osName", "Fuchsia" },
    { "osName", "Tizen" }, { "osFamily", "Mac OS" }, { "osVendor", "LGE" },
    { "browserName", "Netscape" }, { "browserVendor", "Sony" },
    { "connectionSecure", "yes" }, { "connectionSecure", 1 },
    { "osName", 5 }, { "osName", "text" }, { "osName", 0 / 0 },
    { "model", 5 }, { "model", "" }, { "model", {} },
    { "displayWidth", "wide" }, { "displayWidth", {} },
    { "displayWidth", true }, { "connectionPort", json.null },
    { "colour", "red" }, { "OSName", "Linux" },
  }
  for i, case in ipairs(bad) do
    it("[device-warns-bad-value] warns of bad value "
      .. i .. ", of " .. case[1], function()
      local info = {}
      for name, value in pairs(INFO) do info[name] = value end
      info[case[1]] = case[2]
      local warnings = device.check(info)
      assert.equal(1, #warnings)
      assert.truthy(warnings[1]:find("info." .. case[1] .. " ", 1, true))
    end)
  end

  it("[device-names-values] names the values that are known", function()
    local warning = device.check { osName = "x" }[3]
    assert.truthy(warning:find("Linux, Mac OS, OS X", 1, true))
  end)

  it("[device-keeps-order-key] keeps an order and takes any key", function()
    assert.same({ "info.1 is no key that Adobe documents",
      "info.b is no key that Adobe documents",
      "info.connectionType is missing", "info.model is missing",
      "info.osName is missing", "info.osVersion is missing",
      "info.version is missing" }, device.check { "a", b = 1 })
  end)

  for i, value in ipairs { false, 5, "not base64!", "WzE=", json.null } do
    it("[device-warns-info-none] warns of info that is none " .. i, function()
      assert.same({ "info should be a table" }, device.check(value))
    end)
  end
  it("[device-warns-no-info] warns of no info", function()
    assert.same({ "info should be a table" }, device.check(nil))
  end)
end)

describe("device.platform", function()
  local ROUTES = "Iface\tDestination\tGateway\n%s\t00000000\t01010A0A\t0003\n"
    .. "docker0\t000011AC\t00000000\t0001\n"

  local function platform(sources)
    return device.platform(function(source) return sources[source] end)
  end

  it("[device-reads-linux] reads what Linux says", function()
    assert.same({ osName = "Linux", osFamily = "Linux", osVersion = "6.1.0",
      model = "NUC 9", version = "K1", manufacturer = "Intel",
      connectionType = "LAN" }, platform {
        ["/proc/sys/kernel/ostype"] = "Linux\n",
        ["/proc/sys/kernel/osrelease"] = "6.1.0\n",
        ["/sys/class/dmi/id/product_name"] = " NUC 9 \n",
        ["/sys/class/dmi/id/product_version"] = "K1\n",
        ["/sys/class/dmi/id/sys_vendor"] = "Intel\n",
        ["/proc/net/route"] = ROUTES:format "enp3s0" })
  end)

  it("[device-reads-board] reads what a board says", function()
    local info = platform { ["/proc/device-tree/model"] = "Raspberry Pi 4\0",
      ["/proc/net/route"] = ROUTES:format "wlan0" }
    assert.same({ model = "Raspberry Pi 4", connectionType = "WiFi" }, info)
  end)

  it("[device-asks-uname-no-proc] asks uname where there is no "
    .. "/proc", function()
    assert.same({ osName = "Mac OS", osFamily = "macOS", osVendor = "Apple",
      osVersion = "23.1.0", model = "arm64" }, platform {
        ["uname -s"] = "Darwin\n", ["uname -r"] = "23.1.0\n",
        ["uname -m"] = "arm64\n" })
    assert.same({ osFamily = "BSD" }, platform { ["uname -s"] = "FreeBSD\n" })
  end)

  it("[device-leaves-firmware-left] leaves out what firmware left "
    .. "out", function()
    for _, text in ipairs { "", "\n", "None", "To Be Filled By O.E.M.\n",
      "Default string", "Not Specified" } do
      assert.same({}, platform { ["/sys/class/dmi/id/product_name"] = text,
        ["/sys/class/dmi/id/sys_vendor"] = text })
    end
  end)

  it("[device-keeps-no-controls-bounds] keeps no controls and bounds what it "
    .. "reads", function()
    local info = platform { ["uname -r"] = ("x"):rep(4000),
      ["uname -m"] = "a\27[2J", ["/proc/net/route"] = "ppp0 \0 junk" }
    assert.same({ osVersion = ("x"):rep(100), model = "a" }, info)
  end)

  it("[device-machine-warning-missing] knows this machine, without a warning "
    .. "but for what is missing",
    function()
      local info = device.platform()
      assert.truthy(info.osVersion)
      for _, warning in ipairs(device.check(info)) do
        assert.truthy(warning:find "missing", warning)
      end
    end)

  it("[device-caller-table] gives each caller a table of its own", function()
    device.platform().model = "changed"
    assert.not_equal("changed", device.platform().model)
  end)
end)

describe("device.generate_id", function()
  it("[device-64-hexadecimal-digits] gives 64 hexadecimal digits, never the "
    .. "same", function()
    local seen = {}
    for _ = 1, 100 do
      local id = device.generate_id()
      assert.truthy(id:find "^[0-9a-f]+$")
      assert.equal(64, #id)
      assert.is_nil(seen[id])
      seen[id] = true
    end
  end)

  it("[device-core-error-no-randomness] gives the core's error where there is "
    .. "no randomness", function()
    local bytes = core.random.bytes
    finally(function() core.random.bytes = bytes end)
    core.random.bytes = function() return nil, "none", "no_random" end
    assert.same({ nil, "none", "no_random" }, { device.generate_id() })
    local store = adobepass.store.memory()
    assert.same({ nil, "none", "no_random" }, { adobepass.device_id(store) })
    assert.is_nil((store:get "device_id"))
  end)
end)
