local core = require "adobepass.core"
local info_schema = require "adobepass.device.info_schema"
local json = require "adobepass.util.json"

local INFO = require("spec.support.device_fields").INFO

describe("info_schema.check", function()
  it("[device-nothing-say-good] info_schema.check: valid info gives no "
    .. "warnings", function()
    assert.same({}, info_schema.check(INFO))
    assert.same({}, info_schema.check(core.base64.encode(json.encode(INFO))))
  end)

  it("[device-key-header-page] info_schema.check: accepts every documented "
    .. "key", function()
    local info = { primaryHardwareType = "SetTopBox", model = "m",
      version = "1", manufacturer = "m", vendor = "v", osName = "Roku OS",
      osFamily = "PlayStation OS", osVendor = "Tizen Project",
      osVersion = "1", browserName = "Internet Explorer",
      browserVendor = "Sony Ericsson", browserVersion = "6", userAgent = "u",
      displayWidth = 1920, displayHeight = "1080", displayPpi = 294,
      diagonalScreenSize = 5.5, connectionIp = "8.8.4.4",
      connectionPort = 53124, connectionType = "WiFi",
      connectionSecure = true, applicationId = "REF30" }
    assert.same({}, info_schema.check(info))
    info.connectionSecure = "false"
    assert.same({}, info_schema.check(info))
  end)

  local required =
    { "model", "version", "osName", "osVersion", "connectionType" }
  for _, key in ipairs(required) do
    it("[device-misses] info_schema.check: warns of the missing key " .. key, function()
      local info = {}
      for name, value in pairs(INFO) do info[name] = value end
      info[key] = nil
      assert.same({ "info." .. key .. " is missing" }, info_schema.check(info))
    end)
  end

  local bad = {
    { "primaryHardwareType", "tv" }, { "primaryHardwareType", "Browser" },
    { "osName", "Fuchsia" },
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
    it("[device-warns-bad-value] info_schema.check: warns of bad value "
      .. i .. ", of " .. case[1], function()
      local info = {}
      for name, value in pairs(INFO) do info[name] = value end
      info[case[1]] = case[2]
      local warnings = info_schema.check(info)
      assert.equal(1, #warnings)
      assert.truthy(warnings[1]:find("info." .. case[1] .. " ", 1, true))
    end)
  end

  it("[device-names-values] info_schema.check: a warning lists the known "
    .. "values", function()
    local warning = info_schema.check { osName = "x" }[3]
    assert.truthy(warning:find("Linux, Mac OS, OS X", 1, true))
  end)

  it("[device-keeps-order-key] info_schema.check: accepts any key and sorts "
    .. "its warnings", function()
    assert.same({ "info.1 is not a key that Adobe documents",
      "info.b is not a key that Adobe documents",
      "info.connectionType is missing", "info.model is missing",
      "info.osName is missing", "info.osVersion is missing",
      "info.version is missing" }, info_schema.check { "a", b = 1 })
  end)

  it("[device-info-summary] summary: counts problems, names documented keys, "
    .. "quotes no unknown key and no value", function()
    assert.is_nil(info_schema.summary(INFO))
    assert.equal("The device info should be a table.",
      info_schema.summary(false))
    local info = {}
    for name, value in pairs(INFO) do info[name] = value end
    info.osName, info["ann@example.com"] = "s3kret", "s3kret"
    assert.equal("The device info has 2 problems: 1 unknown key; wrong: "
      .. "osName.", info_schema.summary(info))
    assert.equal(info_schema.summary(info),
      info_schema.summary(core.base64.encode(json.encode(info))))
    info.osName = INFO.osName
    assert.equal("The device info has 1 problem: 1 unknown key.",
      info_schema.summary(info))
    local many = { browserName = 1, osFamily = 1, osVendor = 1, model = 1,
      connectionType = 1, osName = 1, osVersion = 1, version = 1 }
    for index = 1, 300 do many["x" .. index], many[index] = 1, 1 end
    local text = info_schema.summary(many)
    assert.equal("The device info has 608 problems: 600 unknown keys; wrong: "
      .. "browserName, connectionType, model, osFamily, osName and 3 "
      .. "more.", text)
  end)

  for i, value in ipairs { false, 5, "not base64!", "WzE=", json.null } do
    it("[device-warns-info-none] info_schema.check: warns of info that is not "
      .. "a table " .. i, function()
      assert.same({ "info should be a table" }, info_schema.check(value))
    end)
  end
  it("[device-warns-no-info] info_schema.check: warns of missing "
    .. "info", function()
    assert.same({ "info should be a table" }, info_schema.check(nil))
  end)
end)
