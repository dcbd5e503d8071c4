--- The fields of a device: the header and the encoding of each (Adobe's pages
-- appendix/headers).
-- @module adobepass.device.field

local core = require "adobepass.core"
local identity = require "adobepass.util.identity"
local info_schema = require "adobepass.device.info_schema"
local json = require "adobepass.util.json"
local options = require "adobepass.util.options"
local temp_pass = require "adobepass.util.temp_pass"

local field = {}

local IN_IDENTITY = {}
for _, name in ipairs(identity.NAMES) do IN_IDENTITY[name] = true end

-- The callers raise this again at the application's line: options.at_caller.
local function refuse(name, should)
  error(("%s.%s should be %s"):format(
    IN_IDENTITY[name] and "identity" or "device", name, should))
end

local MOST_BYTES = 512

local function identifier(name, value)
  if type(value) ~= "string" or value == "" or #value > MOST_BYTES then
    refuse(name, "a string of 1 to 512 bytes")
  end
  return "fingerprint " .. core.base64.encode(value)
end

local function line(name, value)
  if type(value) ~= "string" or value == "" or value:find "%c" then
    refuse(name, "a string without control characters")
  end
  return value
end

local function encoded(name, value)
  if type(value) == "string" and value:find "^[%w%+/_%-]+=*$" then
    return value
  elseif type(value) ~= "table" or json.is_array(value) then
    refuse(name, "a table, or its JSON in base64")
  end
  local ok, text = pcall(json.encode, value)
  if not ok then refuse(name, "a table that JSON can hold") end
  return core.base64.encode(text)
end

local function device_info(name, value)
  local info = info_schema.table_of(value)
  if not info or json.is_array(info) then
    refuse(name, "a table, or its JSON in base64")
  end
  local lacks = info_schema.lacks(info)
  if lacks then error(("device.%s %s"):format(name, lacks)) end
  return encoded(name, value)
end

local HASH_FIRST = "hashed by the caller, for example with core.digest.hex("
  .. "core.digest.sha256(email)): %s is not a SHA-256 or SHA-512"

-- Adobe accepts no personal data, only hashes of the user.
local function user(name, value)
  if type(value) == "string" and value:find("@", 1, true) then
    refuse(name, HASH_FIRST:format "it")
  elseif type(value) == "table" then
    for key, item in pairs(value) do
      if not temp_pass.is_hash(item) then
        refuse(name, HASH_FIRST:format(tostring(key)))
      end
    end
  end
  return encoded(name, value)
end

local FIELDS = {
  id = { "AP-Device-Identifier", identifier },
  info = { "X-Device-Info", device_info },
  user_agent = { "User-Agent", line },
  ip = { "X-Forwarded-For", line },
  visitor_id = { "AP-Visitor-Identifier", line },
  subject_token = { "Adobe-Subject-Token", line },
  roku_token = { "X-Roku-Reserved-Roku-Connect-Token", line },
  service_token = { "AD-Service-Token", line },
  partner_status = { "AP-Partner-Framework-Status", encoded },
  user = { "AP-TempPass-Identity", user },
}

--- The header of each field.
field.HEADERS = {}
for name, entry in pairs(FIELDS) do field.HEADERS[name] = entry[1] end

--- Raises for an unknown name.
function field.check_name(name)
  if not FIELDS[name] then
    error(("device: unknown field '%s'%s"):format(tostring(name),
      options.suggest(name, FIELDS)))
  end
end

-- Bytes of a header. For a field of more than 8 KiB, nginx ends an HTTP/2 connection,
-- which carries the requests of all devices.
local LONGEST = 8000

--- Returns the header value of a field. Raises for an unknown name or a wrong
-- value.
function field.encode(name, value)
  field.check_name(name)
  local text = FIELDS[name][2](name, value)
  if #text > LONGEST then
    refuse(name, ("shorter: its header has %d bytes, the limit is %d"):format(#text,
      LONGEST))
  end
  return text
end

--- Raises when both `subject_token` and `roku_token` are given.
function field.check_tokens(given)
  if given.subject_token and given.roku_token then
    refuse("roku_token", "left out when subject_token is given")
  end
end

return field
