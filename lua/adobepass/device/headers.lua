--- A device: who streams. Its headers are made once; a gateway has thousands.
--
-- Facts from Adobe's pages appendix/headers. A letter stands for the headers
-- that an operation may send:
--
--   D AP-Device-Identifier     I X-Device-Info
--   F X-Forwarded-For          V AP-Visitor-Identifier
--   T AP-TempPass-Identity     P AP-Partner-Framework-Status
--   S Adobe-Subject-Token or X-Roku-Reserved-Roku-Connect-Token, and
--     AD-Service-Token
-- @module adobepass.device

local core = require "adobepass.core"
local json = require "adobepass.util.json"

local device = {}

-- Misuse, found deep below the call of the programmer's: raised without a
-- position, to be given one at the top.
local function refuse(field, should)
  error({ misuse = ("device.%s should be %s"):format(field, should) }, 0)
end

-- Calls f, and raises its misuse where the caller of the caller stands; which
-- is lost where the caller leaves by a tail call.
local function at_caller(f, ...)
  local ok, result = pcall(f, ...)
  if ok then return result end
  if type(result) == "table" and result.misuse then
    error(result.misuse, 3)
  end
  error(result, 0)
end

local MOST_BYTES = 512

local function identifier(field, value)
  if type(value) ~= "string" or value == "" or #value > MOST_BYTES then
    refuse(field, "a string of 1 to 512 bytes")
  end
  return "fingerprint " .. core.base64.encode(value)
end

local function line(field, value)
  if type(value) ~= "string" or value == "" or value:find "%c" then
    refuse(field, "a string without control characters")
  end
  return value
end

local function encoded(field, value)
  if type(value) == "string" and value:find "^[%w%+/_%-]+=*$" then
    return value
  elseif type(value) ~= "table" or json.is_array(value) then
    refuse(field, "a table, or its JSON in base64")
  end
  local ok, text = pcall(json.encode, value)
  if not ok then refuse(field, "a table that JSON can hold") end
  return core.base64.encode(text)
end

local HASH_FIRST = "hashed before it is given, for example with "
  .. "core.digest.hex(core.digest.sha256(email)): %s is no SHA-256 or SHA-512"

local function is_hash(value)
  return type(value) == "string" and (#value == 64 or #value == 128)
    and not value:find "%X"
end

-- Adobe keeps no personal data, so the programmer hashes who the viewer is.
local function identity(field, value)
  if type(value) == "string" and value:find("@", 1, true) then
    refuse(field, HASH_FIRST:format "it")
  elseif type(value) == "table" then
    for name, item in pairs(value) do
      if not is_hash(item) then
        refuse(field, HASH_FIRST:format(tostring(name)))
      end
    end
  end
  return encoded(field, value)
end

local FIELDS = {
  id = { "AP-Device-Identifier", identifier },
  info = { "X-Device-Info", encoded },
  ip = { "X-Forwarded-For", line },
  visitor_id = { "AP-Visitor-Identifier", line },
  subject_token = { "Adobe-Subject-Token", line },
  roku_token = { "X-Roku-Reserved-Roku-Connect-Token", line },
  service_token = { "AD-Service-Token", line },
  partner_status = { "AP-Partner-Framework-Status", encoded },
  identity = { "AP-TempPass-Identity", identity },
}

local LETTERS = {
  D = { "id" }, I = { "info" }, F = { "ip" }, V = { "visitor_id" },
  S = { "subject_token", "roku_token", "service_token" },
  P = { "partner_status" }, T = { "identity" },
}

local function encode(name, value)
  local field = FIELDS[name]
  if not field then
    error({ misuse = "device: unknown field " .. tostring(name) }, 0)
  end
  return field[2](name, value)
end

local function refuse_both(given)
  if given.subject_token and given.roku_token then
    refuse("roku_token", "left out beside subject_token: one of the two")
  end
end

local Record = {
  __name = "adobepass.device",
  __newindex = function(_, name)
    error("a device cannot be changed: " .. tostring(name), 2)
  end,
  __tostring = function() return "adobepass.device" end,
}

local function new(options)
  local values = {}
  for name, value in pairs(options) do values[name] = encode(name, value) end
  if not values.id then identifier("id", nil) end
  refuse_both(options)
  return setmetatable({ id = options.id, ip = options.ip, values = values },
    Record)
end

--- A device.
--
-- `info` and `partner_status` are tables, or their JSON in base64 as the
-- device sent it; `identity` is a table from name to hash, or the same. What
-- is wrong with a field raises.
-- @tparam table options `id`; and any of `info`, `ip`, `visitor_id`,
-- `subject_token` or `roku_token`, `service_token`, `partner_status`,
-- `identity`
-- @treturn table with `id` and `ip`, not to be changed
function device.new(options)
  local record = at_caller(new, options)
  return record
end

-- A token given for this call stands for both kinds.
local function replaces(overrides, name)
  return name == "subject_token" and overrides.roku_token
    or name == "roku_token" and overrides.subject_token
end

local function value_of(record, name, overrides)
  local own = overrides[name]
  if own then return encode(name, own) end
  if own == false or replaces(overrides, name) then return nil end
  return record.values[name]
end

-- The fields of some letters: operations have few different ones.
local lists = {}

local function fields_of(letters)
  local list = lists[letters]
  if list then return list end
  list = {}
  for letter in letters:gmatch "%a" do
    for _, name in ipairs(LETTERS[letter] or {}) do
      list[#list + 1] = name
    end
  end
  lists[letters] = list
  return list
end

local function own_headers(record, letters)
  local result, values = {}, record.values
  for _, name in ipairs(fields_of(letters)) do
    local value = values[name]
    if value then result[FIELDS[name][1]] = value end
  end
  return result
end

local function headers(record, letters, overrides)
  local result = {}
  for name in pairs(overrides) do
    if not FIELDS[name] then encode(name) end
  end
  refuse_both(overrides)
  for _, name in ipairs(fields_of(letters)) do
    result[FIELDS[name][1]] = value_of(record, name, overrides)
  end
  return result
end

--- The headers for an operation.
-- @param record the device
-- @string letters e.g. `"DIFS"`; other letters mean nothing here
-- @tparam[opt] table overrides fields for this call, as for `device.new`;
-- false: not this time
-- @treturn table from header to value
function device.headers(record, letters, overrides)
  if not overrides or next(overrides) == nil then
    return own_headers(record, letters)
  end
  local result = at_caller(headers, record, letters, overrides)
  return result
end

--- A new identifier, to be kept for ever.
-- @treturn[1] string 64 hexadecimal digits
-- @treturn[2] nil
-- @treturn[2] string message
-- @treturn[2] string code
function device.generate_id()
  local bytes, message, code = core.random.bytes(32)
  if not bytes then return nil, message, code end
  return core.digest.hex(core.digest.sha256(bytes))
end

-- X-Device-Info -----------------------------------------------------------

local function closed(text)
  local values = {}
  for value in text:gmatch "[^,]+" do values[value:match "^ *(.*)$"] = true end
  return { values = values, text = text }
end

-- What the header's page lists: a closed set of values, "text", "number" (or
-- its digits) or "flag".
local KEYS = {
  primaryHardwareType = closed("Camera, DataCollectionTerminal, Desktop, "
    .. "EmbeddedNetworkModule, eReader, GamesConsole, GeolocationTracker, "
    .. "Glasses, MediaPlayer, MobilePhone, PaymentTerminal, PluginModem, "
    .. "SetTopBox, TV, Tablet, WirelessHotspot, Wristwatch, Unknown"),
  osName = closed("Android, Chrome OS, Linux, Mac OS, OS X, OpenBSD, "
    .. "Roku OS, Windows, iOS, tvOS, webOS"),
  osFamily = closed("Android, BSD, Linux, PlayStation OS, Roku OS, Symbian, "
    .. "Tizen, Windows, iOS, tvOS, macOS, webOS"),
  osVendor = closed("Amazon, Apple, Google, LG, Microsoft, Mozilla, "
    .. "Nintendo, Nokia, Roku, Samsung, Sony, Tizen Project"),
  browserName = closed("Android Browser, Chrome, Edge, Firefox, "
    .. "Internet Explorer, Opera, Safari, SeaMonkey, Symbian Browser"),
  browserVendor = closed("Amazon, Apple, Google, Microsoft, Motorola, "
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

local function check_value(key, value)
  local kind = KEYS[key]
  if not kind then
    return ("info.%s is no key that Adobe documents"):format(tostring(key))
  end
  local should
  if type(kind) == "table" then
    should = not kind.values[value] and "one of " .. kind.text or nil
  else
    should = checks[kind](value)
  end
  return should and ("info.%s should be %s"):format(key, should)
end

local function info_table(info)
  local text = type(info) == "string" and core.base64.decode(info)
  if text then info = json.decode(text) end
  return type(info) == "table" and info or nil
end

--- What is wrong with a device's info. Adobe takes a device that it does not
-- know for an unknown platform, with shorter logins.
-- @tparam table|string info as for `device.new`
-- @treturn {string,...} warnings; none: all is well
function device.check(info)
  local warnings = {}
  info = info_table(info)
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

-- What the platform knows -------------------------------------------------

-- Reads a file, or what a command says; nil where there is none.
local function read_source(source)
  local open = source:find "^/" and io.open or io.popen
  local ok, file = pcall(open, source)
  if not ok or not file then return nil end
  local text = file:read(4096)
  file:close()
  return text
end

-- Firmware says "To Be Filled By O.E.M." and the like where nobody did.
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

-- By the interface of the default route: its name begins so by custom.
local function connection_type(read)
  local routes = read "/proc/net/route" or ""
  local interface = routes:match "\n(%w+)%s+00000000%s" or ""
  if interface:find "^wl" then return "WiFi" end
  return interface:find "^e" and "LAN" or nil
end

local function look(read)
  local info = {
    osVersion = first(read, "/proc/sys/kernel/osrelease", "uname -r"),
    model = first(read, "/sys/class/dmi/id/product_name",
      "/proc/device-tree/model", "uname -m"),
    version = first(read, "/sys/class/dmi/id/product_version"),
    manufacturer = first(read, "/sys/class/dmi/id/sys_vendor"),
    connectionType = connection_type(read),
  }
  local system = first(read, "/proc/sys/kernel/ostype", "uname -s")
  for key, value in pairs(SYSTEMS[system] or {}) do info[key] = value end
  return info
end

local known

--- What this machine knows about itself, as far as files and uname tell: to
-- be completed by who knows the device.
-- @func[opt] read gives what stands in a file or what a command says, or nil;
-- asked anew each time. Without it the machine is asked once.
-- @treturn table a new info
function device.platform(read)
  if read then return look(read) end
  known = known or look(read_source)
  local copy = {}
  for key, value in pairs(known) do copy[key] = value end
  return copy
end

return device
