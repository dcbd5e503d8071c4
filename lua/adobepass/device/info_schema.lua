--- The keys of X-Device-Info and the values that each may have.
-- @module adobepass.device.info_schema

local core = require "adobepass.core"
local json = require "adobepass.util.json"

local info_schema = {}

local function one_of(text)
  local values = {}
  for value in text:gmatch "[^,]+" do values[value:match "^ *(.*)$"] = true end
  return { values = values, text = text }
end

-- From the header's page: a closed set of values, "text", "number" (or its
-- digits) or "flag".
local KEYS = {
  primaryHardwareType = one_of("Camera, DataCollectionTerminal, Desktop, "
    .. "EmbeddedNetworkModule, eReader, GamesConsole, GeolocationTracker, "
    .. "Glasses, MediaPlayer, MobilePhone, PaymentTerminal, PluginModem, "
    .. "SetTopBox, TV, Tablet, WirelessHotspot, Wristwatch, Unknown"),
  osName = one_of("Android, Chrome OS, Linux, Mac OS, OS X, OpenBSD, "
    .. "Roku OS, Windows, iOS, tvOS, webOS"),
  osFamily = one_of("Android, BSD, Linux, PlayStation OS, Roku OS, Symbian, "
    .. "Tizen, Windows, iOS, tvOS, macOS, webOS"),
  osVendor = one_of("Amazon, Apple, Google, LG, Microsoft, Mozilla, "
    .. "Nintendo, Nokia, Roku, Samsung, Sony, Tizen Project"),
  browserName = one_of("Android Browser, Chrome, Edge, Firefox, "
    .. "Internet Explorer, Opera, Safari, SeaMonkey, Symbian Browser"),
  browserVendor = one_of("Amazon, Apple, Google, Microsoft, Motorola, "
    .. "Mozilla, Netscape, Nintendo, Nokia, Samsung, Sony Ericsson"),
  connectionSecure = "flag",
  model = "text", version = "text", manufacturer = "text", vendor = "text",
  osVersion = "text", browserVersion = "text", userAgent = "text",
  connectionType = "text", connectionIp = "text", applicationId = "text",
  displayWidth = "number", displayHeight = "number", displayPpi = "number",
  diagonalScreenSize = "number", connectionPort = "number",
}

local REQUIRED =
  { "model", "version", "osName", "osVersion", "connectionType" }

local checks = {
  text = function(value)
    if type(value) ~= "string" or value == "" then return "a string" end
  end,
  number = function(value)
    if type(value) == "table" or not tonumber(value) then return "a number" end
  end,
  flag = function(value)
    local text = tostring(value)
    if text ~= "true" and text ~= "false" then return "true or false" end
  end,
}

-- The keys of the device itself: neither its connection nor its application, nor
-- what a server adds.
local PLATFORM = { "primaryHardwareType", "model", "version", "manufacturer",
  "vendor", "osName", "osFamily", "osVendor", "osVersion", "browserName",
  "browserVendor", "browserVersion" }

--- Returns a key that all devices of one platform type share.
-- @tparam ?table|string info as for `adobepass.device.record`
function info_schema.platform_key(info)
  local values = {}
  info = info_schema.table_of(info) or {}
  for index, key in ipairs(PLATFORM) do
    values[index] = tostring(info[key] or "")
  end
  return table.concat(values, "\n")
end

-- Returns what the value of a documented key should be; nil if it is valid.
local function wanted(key, value)
  local kind = KEYS[key]
  if type(kind) == "table" then
    return not kind.values[value] and "one of " .. kind.text or nil
  end
  return checks[kind](value)
end

local function check_value(key, value)
  if not KEYS[key] then
    return ("info.%s is not a key that Adobe documents"):format(tostring(key))
  end
  local should = wanted(key, value)
  return should and ("info.%s should be %s"):format(key, should)
end

--- Returns the table of an info that may be its JSON in base64; nil if it is
-- neither.
function info_schema.table_of(info)
  local text = type(info) == "string" and core.base64.decode(info)
  if text then info = json.decode(text) end
  return type(info) == "table" and info or nil
end

--- Returns what an info lacks of the keys that Adobe requires: the end of a
-- sentence; nil if it lacks nothing. An empty value is missing.
-- @tparam table info
function info_schema.lacks(info)
  local keys = {}
  for _, key in ipairs(REQUIRED) do
    local value = info[key]
    if value == nil or value == "" or value == json.null then
      keys[#keys + 1] = key
    end
  end
  if #keys == 0 then return nil end
  return ("lacks %s: Adobe requires %s"):format(table.concat(keys, ", "),
    table.concat(REQUIRED, ", "))
end

--- Checks a device's info. Adobe treats a device with an invalid info as an
-- unknown platform, whose logins are shorter.
-- @tparam table|string info as for `adobepass.device.record`
-- @treturn {string,...} warnings, sorted; none if the info is valid
function info_schema.check(info)
  local warnings = {}
  info = info_schema.table_of(info)
  if not info then return { "info should be a table" } end
  for _, key in ipairs(REQUIRED) do
    if info[key] == nil then
      warnings[#warnings + 1] = ("info.%s is missing"):format(key)
    end
  end
  for key, value in pairs(info) do
    warnings[#warnings + 1] = check_value(key, value)
  end
  table.sort(warnings)
  return warnings
end

-- Returns the documented keys with a wrong value, sorted, and how many other keys
-- there are.
local function problems_of(info)
  local keys, unknown = {}, 0
  for key, value in pairs(info) do
    if not KEYS[key] then unknown = unknown + 1
    elseif wanted(key, value) then keys[#keys + 1] = key end
  end
  table.sort(keys)
  return keys, unknown
end

local function counted(count, noun)
  return ("%d %s%s"):format(count, noun, count == 1 and "" or "s")
end

local MOST_NAMES = 5

local function names_of(keys)
  local text = table.concat(keys, ", ", 1, math.min(#keys, MOST_NAMES))
  if #keys <= MOST_NAMES then return text end
  return ("%s and %d more"):format(text, #keys - MOST_NAMES)
end

--- Summarizes the problems of an info that lacks no required key, for a log. The
-- text is short and holds neither a value nor an undocumented key: both may be
-- personal data.
-- @tparam table|string info as for `adobepass.device.record`
-- @treturn ?string a sentence; nil if the info is valid
function info_schema.summary(info)
  info = info_schema.table_of(info)
  if not info then return "The device info should be a table." end
  local keys, unknown = problems_of(info)
  local parts = {}
  if unknown > 0 then parts[1] = counted(unknown, "unknown key") end
  if #keys > 0 then
    parts[#parts + 1] = "wrong: " .. names_of(keys)
  end
  if #parts == 0 then return nil end
  return ("The device info has %s: %s."):format(
    counted(#keys + unknown, "problem"), table.concat(parts, "; "))
end

return info_schema
