--- Reads a device's info from this machine.
-- @module adobepass.device.platform

local core = require "adobepass.core"

local platform = {}

-- The sources that are read with uname(2), named like the shell command.
local UNAME = { ["uname -s"] = "sysname", ["uname -r"] = "release",
  ["uname -m"] = "machine" }

local function read_file(path)
  local file = io.open(path)
  if not file then return nil end
  local text = file:read(4096)
  file:close()
  return text
end

local function read_source(source)
  local field = UNAME[source]
  if not field then return read_file(source) end
  local names = core.system.uname()
  return names and names[field]
end

-- Placeholders for missing values in firmware.
local NOTHING = { [""] = true, ["none"] = true, ["default string"] = true,
  ["not specified"] = true, ["to be filled by o.e.m."] = true }

local function first(read, ...)
  for _, source in ipairs { ... } do
    local text = (read(source) or ""):match "^%s*([^%c]*)"
    text = text:gsub("%s+$", ""):sub(1, 100)
    if not NOTHING[text:lower()] then return text end
  end
end

local SYSTEMS = {
  Linux = { osName = "Linux", osFamily = "Linux" },
  Darwin = { osName = "Mac OS", osFamily = "macOS", osVendor = "Apple" },
  OpenBSD = { osName = "OpenBSD", osFamily = "BSD" },
  FreeBSD = { osFamily = "BSD" }, NetBSD = { osFamily = "BSD" },
}

-- From the interface of the default route, by the usual prefix of its name.
local function connection_type(read)
  local routes = read "/proc/net/route" or ""
  local interface = routes:match "\n(%w+)%s+00000000%s" or ""
  if interface:find "^wl" then return "WiFi" end
  return interface:find "^e" and "LAN" or nil
end

-- A key that Adobe requires and this machine does not report.
local UNKNOWN = "Unknown"

local function look(read)
  local info = {
    osVersion = first(read, "/proc/sys/kernel/osrelease", "uname -r") or UNKNOWN,
    model = first(read, "/sys/class/dmi/id/product_name",
      "/proc/device-tree/model", "uname -m") or UNKNOWN,
    version = first(read, "/sys/class/dmi/id/product_version") or UNKNOWN,
    manufacturer = first(read, "/sys/class/dmi/id/sys_vendor"),
    connectionType = connection_type(read) or UNKNOWN,
  }
  local system = first(read, "/proc/sys/kernel/ostype", "uname -s")
  for key, value in pairs(SYSTEMS[system] or {}) do info[key] = value end
  return info
end

local known

--- Returns what files below /proc and /sys and uname(2) report about this
-- machine, for `device.info`. The application adds the rest, and replaces "Unknown"
-- if it has the value. osName is missing on a system that Adobe does not list.
-- @func[opt] read returns the content of a file, given its path, or a name of
-- the system, given `uname -s`, `uname -r` or `uname -m`; nil when there is
-- none. The default reads from this machine, once.
-- @treturn table a new info
function platform.get(read)
  if read then return look(read) end
  known = known or look(read_source)
  local copy = {}
  for key, value in pairs(known) do copy[key] = value end
  return copy
end

return platform
