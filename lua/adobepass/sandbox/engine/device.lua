--- Parses the headers that describe the streaming device.
-- Pages: appendix/headers AP-Device-Identifier and X-Device-Info.
-- @module adobepass.sandbox.engine.device

local core = require "adobepass.core"
local json = require "adobepass.util.json"
local text = require "adobepass.util.text"

local device = {}

--- Decodes a header value that is base64 of a JSON object.
-- @return table | nil when the value is malformed
function device.decode_object(value)
  local plain = core.base64.decode(value)
  local object = plain and text.is_utf8(plain) and json.decode(plain)
  if type(object) ~= "table" or json.is_array(object) then return nil end
  return object
end

--- Parses X-Device-Info and keeps its scalar members.
-- @return table | nil when the value is malformed
function device.info(value)
  local object = device.decode_object(value)
  for name, item in pairs(object or {}) do
    local kind = type(item)
    if kind ~= "string" and kind ~= "number" and kind ~= "boolean" then
      object[name] = nil
    end
  end
  return object
end

--- Parses AP-Device-Identifier, `fingerprint <base64>`.
-- @return the decoded identifier, 1 to 1024 bytes | nil
function device.identifier(value)
  local encoded = (value or ""):match "^fingerprint%s+(%S+)%s*$"
  local id = encoded and core.base64.decode(encoded)
  if not id or id == "" or #id > 1024 then return nil end
  return id
end

local HARDWARE = {}
for name in ([[Camera DataCollectionTerminal Desktop EmbeddedNetworkModule
    eReader GamesConsole GeolocationTracker Glasses MediaPlayer MobilePhone
    PaymentTerminal PluginModem SetTopBox TV Tablet WirelessHotspot Wristwatch
    VehicleMultimediaSystem Projector Unknown]]):gmatch "%S+" do
  HARDWARE[name] = true
end

function device.type(info)
  local name = info and info.primaryHardwareType
  return HARDWARE[name] and name or "Unknown"
end

local function text_or_null(value)
  if type(value) == "string" or type(value) == "number" then
    return tostring(value)
  end
  return json.null
end

-- A port is a string in the API; JSON numbers must not become "443.0".
local function port_or_null(value)
  local number = tonumber(value)
  if not number or number < 0 or number > 65535 then return json.null end
  return ("%d"):format(math.floor(number))
end

local function number_or_zero(value)
  local number = tonumber(value)
  if not number or number < 0 or number > 1e6 then return 0 end
  return math.floor(number)
end

local function version(value)
  local parts = {}
  for part in (type(value) == "string" and value or ""):gmatch "%d+" do
    parts[#parts + 1] = number_or_zero(part)
  end
  return {
    major = parts[1] or 0, minor = parts[2] or 0, patch = parts[3] or 0,
    profile = "",
  }
end

local function hardware(info)
  return {
    name = json.null,
    vendor = text_or_null(info.vendor or info.manufacturer),
    version = version(info.version),
    manufacturer = text_or_null(info.manufacturer),
  }
end

local function operating_system(info)
  return {
    name = text_or_null(info.osName),
    family = text_or_null(info.osFamily or info.osName),
    vendor = text_or_null(info.osVendor), version = version(info.osVersion),
  }
end

local function browser(info, user_agent)
  return {
    name = text_or_null(info.browserName),
    vendor = text_or_null(info.browserVendor),
    version = version(info.browserVersion),
    userAgent = text_or_null(info.userAgent or user_agent),
    originalUserAgent = text_or_null(user_agent),
  }
end

local function display(info)
  return {
    width = number_or_zero(info.displayWidth),
    height = number_or_zero(info.displayHeight),
    ppi = number_or_zero(info.displayPpi),
    name = "DISPLAY", vendor = json.null, version = json.null,
    diagonalSize = text_or_null(info.diagonalScreenSize),
  }
end

local KINDS = {
  Camera = "camera", Desktop = "computer", eReader = "reader",
  GamesConsole = "games console", MediaPlayer = "media player",
  MobilePhone = "phone", Projector = "projector", SetTopBox = "set-top box",
  TV = "TV", Tablet = "tablet", Wristwatch = "watch",
}

-- A viewer does not recognize a product number such as "AFTMM" or "iPhone15,2".
local function is_readable(model)
  return model:find "%l" ~= nil and (model:find " " ~= nil or not model:find "[^%a]")
    and model ~= "Unknown"
end

-- A longer text is no name, and the patterns of display_name take quadratic time.
local LONGEST_NAME = 100

local function name_or_empty(value)
  return type(value) == "string" and #value <= LONGEST_NAME and value or ""
end

--- Returns what a viewer calls the device: its model ("Living room TV") if this is
-- readable, else its maker and kind ("your Roku set-top box"); nil if neither is known.
function device.display_name(info)
  if type(info) ~= "table" then return nil end
  local model = text.trim((name_or_empty(info.model):gsub("%s*%b()", "")))
  if is_readable(model) then return model end
  local kind = KINDS[info.primaryHardwareType]
  local maker = name_or_empty(info.manufacturer)
  return kind and "your " .. (is_readable(maker) and maker .. " " or "") .. kind
end

--- Returns the address of the device: `connectionIp` of X-Device-Info, else the
-- address that the request came from.
-- @param where { info?, address }
function device.address(where)
  local given = where.info and where.info.connectionIp
  return type(given) == "string" and given or where.address
end

local function connection(info, address)
  return {
    ipAddress = text_or_null(
      device.address { info = info, address = address }),
    port = port_or_null(info.connectionPort),
    secure = tostring(info.connectionSecure) == "true",
    type = text_or_null(info.connectionType),
  }
end

--- Returns the documented `device` member of a session's status.
function device.describe(info, user_agent, address)
  info = info or {}
  return {
    type = device.type(info),
    model = text_or_null(info.model),
    version = version(info.version),
    hardware = hardware(info),
    operatingSystem = operating_system(info),
    browser = browser(info, user_agent),
    display = display(info),
    applicationId = text_or_null(info.applicationId),
    connection = connection(info, address),
  }
end

return device
