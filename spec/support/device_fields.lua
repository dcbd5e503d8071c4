--- A device with every field, for specs.

local assert = require "luassert"
local core = require "adobepass.core"
local json = require "adobepass.util.json"

local device_fields = {}

local INFO = { model = "TV-9", version = "2.1", osName = "Linux",
  osVersion = "6.1", connectionType = "LAN", primaryHardwareType = "TV" }
local HASH = core.digest.hex(core.digest.sha256 "user@domain.com")

device_fields.INFO, device_fields.HASH = INFO, HASH

--- Returns the options of record.new, with some of them changed; json.null
-- removes one.
function device_fields.full(change)
  local options = { id = "ba23d141", info = INFO, ip = "203.0.113.7",
    visitor_id = "20265673158980419722735089753036633573",
    subject_token = "subject.token", service_token = "service.token",
    partner_status = { frameworkPermissionInfo = { accessStatus = "granted" },
      frameworkProviderInfo = { id = "x", expirationDate = "17356896" } },
    user = { email = HASH } }
  for name, value in pairs(change or {}) do
    if value == json.null then value = nil end
    options[name] = value
  end
  return options
end

--- Returns the table that a header holds as JSON in base64.
function device_fields.decoded(text)
  return json.decode(core.base64.decode(text))
end

--- Asserts that a call raises a message with `name` in it, and returns it.
function device_fields.raises(name, f, ...)
  local ok, message = pcall(f, ...)
  assert.is_false(ok)
  assert.equal("string", type(message))
  assert.truthy(message:find(name, 1, true), message)
  return message
end

return device_fields
