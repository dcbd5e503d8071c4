--- Reads and checks the X-Device-Info that a streaming device sent to a server.
-- @module adobepass.device

require "adobepass.util.core_check" -- before the core is required
local core = require "adobepass.core"
local errors = require "adobepass.api.errors"
local info_schema = require "adobepass.device.info_schema"
local json = require "adobepass.util.json"
local record = require "adobepass.device.record"

local device = {}

-- Bytes of the header, as it was received and as the client encodes it again. Devices
-- send a few hundred. The rest of what one header may have (adobepass.device.field) is
-- for the address, port and user agent that a server adds.
local LONGEST = 4096

local function refuse(message)
  return nil, errors.new { code = "invalid_header_device_info",
    action = "none", message = "X-Device-Info " .. message .. "." }
end

-- Returns what is wrong with an info that the client would send to Adobe.
local function unsendable(info)
  local text = json.encode(info)
  if #core.base64.encode(text) > LONGEST then return "is too long" end
  -- The other escapes in an encoded text are of control characters.
  if text:gsub('\\[\\"]', ""):find("\\", 1, true) then
    return "contains control characters"
  end
end

--- Parses an X-Device-Info header from the network: base64 of a JSON object with
-- the keys that Adobe requires, without control characters, and of at most 4,096 bytes.
-- The result is valid as `info` of client:device. A gateway responds to an error with
-- status 400 and `err.message`.
-- @string header nil if the request has none
-- @treturn[1] table the info
-- @treturn[2] nil
-- @return[2] an error with the code `invalid_header_device_info`; its message names
-- the missing keys, and holds no value of the header
function device.parse(header)
  if type(header) ~= "string" or header == "" then return refuse "is missing" end
  if #header > LONGEST then return refuse "is too long" end
  local text = core.base64.decode(header)
  local info = text and json.decode(text)
  if type(info) ~= "table" or json.is_array(info) then
    return refuse "should be a JSON object in base64"
  end
  local problem = info_schema.lacks(info) or unsendable(info)
  if problem then return refuse(problem) end
  return info
end

--- Checks an info: returns a list of warnings about missing keys, and about keys and
-- values that Adobe does not document; empty if there are none.
-- @tparam table|string info as for client:device
device.check = info_schema.check

--- Returns a new random device id; nil, a message and a code without a source of
-- randomness. Keep the id as long as the device exists.
device.generate_id = record.generate_id

return device
