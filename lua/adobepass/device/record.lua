--- A device record. Its header values are encoded once, because a gateway has
-- thousands of devices.
-- @module adobepass.device.record

local core = require "adobepass.core"
local field = require "adobepass.device.field"
local options = require "adobepass.util.options"

local record = {}

local Record = {
  __name = "adobepass.device",
  __newindex = function(_, name)
    error("a device cannot be changed: " .. tostring(name), 2)
  end,
  __tostring = function() return "adobepass.device" end,
}

local function new(given)
  local values = {}
  for name, value in pairs(given) do
    values[name] = field.encode(name, value)
  end
  if not values.id then field.encode("id", nil) end
  field.check_tokens(given)
  return setmetatable({ id = given.id, ip = given.ip, values = values },
    Record)
end

--- Creates a device. Raises, at the caller's line, for a wrong field.
-- @tparam table given `id`, and any of `info`, `ip`, `visitor_id`,
-- `subject_token` or `roku_token`, `service_token`, `partner_status`,
-- `identity`. `info` and `partner_status` are tables, or their JSON in base64
-- as the device sent it; `identity` is a table from name to hash, or the same.
-- @treturn table read-only, with `id` and `ip`
function record.new(given)
  local made = options.at_caller(new, given)
  return made
end

--- Returns a new random identifier. Keep it as long as the device exists.
-- @treturn[1] string 64 hexadecimal digits
-- @treturn[2] nil
-- @treturn[2] string message
-- @treturn[2] string code
function record.generate_id()
  local bytes, message, code = core.random.bytes(32)
  if not bytes then return nil, message, code end
  return core.digest.hex(core.digest.sha256(bytes))
end

return record
