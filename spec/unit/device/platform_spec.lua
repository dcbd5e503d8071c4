local adobepass = require "adobepass"
local core = require "adobepass.core"
local info_schema = require "adobepass.device.info_schema"
local platform = require "adobepass.device.platform"

describe("platform.get", function()
  local ROUTES = "Iface\tDestination\tGateway\n%s\t00000000\t01010A0A\t0003\n"
    .. "docker0\t000011AC\t00000000\t0001\n"

  local function get_from(sources)
    return platform.get(function(source) return sources[source] end)
  end

  -- Adds the values of the required keys that a machine does not report.
  local function with_unknown(info)
    for _, key in ipairs { "model", "version", "osVersion", "connectionType" } do
      info[key] = info[key] or "Unknown"
    end
    return info
  end

  it("[device-reads-linux] platform.get: reads the system files of "
    .. "Linux", function()
    assert.same({ osName = "Linux", osFamily = "Linux", osVersion = "6.1.0",
      model = "NUC 9", version = "K1", manufacturer = "Intel",
      connectionType = "LAN" }, get_from {
        ["/proc/sys/kernel/ostype"] = "Linux\n",
        ["/proc/sys/kernel/osrelease"] = "6.1.0\n",
        ["/sys/class/dmi/id/product_name"] = " NUC 9 \n",
        ["/sys/class/dmi/id/product_version"] = "K1\n",
        ["/sys/class/dmi/id/sys_vendor"] = "Intel\n",
        ["/proc/net/route"] = ROUTES:format "enp3s0" })
  end)

  it("[device-reads-board] platform.get: reads the device tree of a "
    .. "board", function()
    local info = get_from { ["/proc/device-tree/model"] = "Raspberry Pi 4\0",
      ["/proc/net/route"] = ROUTES:format "wlan0" }
    assert.same(with_unknown { model = "Raspberry Pi 4",
      connectionType = "WiFi" }, info)
  end)

  it("[device-asks-uname-no-proc] platform.get: calls uname where there is no "
    .. "/proc", function()
    assert.same(with_unknown { osName = "Mac OS", osFamily = "macOS",
      osVendor = "Apple", osVersion = "23.1.0", model = "arm64" }, get_from {
        ["uname -s"] = "Darwin\n", ["uname -r"] = "23.1.0\n",
        ["uname -m"] = "arm64\n" })
    assert.same(with_unknown { osFamily = "BSD" },
      get_from { ["uname -s"] = "FreeBSD\n" })
  end)

  it("[device-leaves-firmware-left] platform.get: omits placeholders of the "
    .. "firmware", function()
    for _, text in ipairs { "", "\n", "None", "To Be Filled By O.E.M.\n",
      "Default string", "Not Specified" } do
      assert.same(with_unknown {}, get_from {
        ["/sys/class/dmi/id/product_name"] = text,
        ["/sys/class/dmi/id/sys_vendor"] = text })
    end
  end)

  it("[device-keeps-no-controls-bounds] platform.get: removes control "
    .. "characters and limits the length", function()
    local info = get_from { ["uname -r"] = ("x"):rep(4000),
      ["uname -m"] = "a\27[2J", ["/proc/net/route"] = "ppp0 \0 junk" }
    assert.same(with_unknown { osVersion = ("x"):rep(100), model = "a" }, info)
  end)

  it("[device-machine-warning-missing] platform.get: info of this machine is "
    .. "valid and has every required key",
    function()
      local info = platform.get()
      assert.truthy(info.osVersion)
      assert.same({}, info_schema.check(info))
      assert.is_nil(info_schema.lacks(info))
    end)

  it("[device-caller-table] platform.get: returns a new table to each "
    .. "caller", function()
    platform.get().model = "changed"
    assert.not_equal("changed", platform.get().model)
  end)

  it("[device-platform-uname] platform.get: uses core.system.uname when no "
    .. "file can be read", function()
    local open, name = io.open, "adobepass.device.platform"
    local loaded = package.loaded[name]
    finally(function() package.loaded[name] = loaded end)
    package.loaded[name] = nil
    local fresh = require(name)
    io.open = function() return nil, "no such file" end -- luacheck: ignore
    local names, info = core.system.uname(), fresh.get()
    io.open = open -- luacheck: ignore
    assert.equal(names.release, info.osVersion)
    assert.equal(names.machine, info.model)
    assert.equal(names.sysname == "Linux" and "Linux", info.osName)
  end)

  it("[device-platform-public] adobepass.platform: returns the same as "
    .. "platform.get", function()
    assert.same(platform.get(), adobepass.platform())
  end)
end)
