--- A device record. Its header values are encoded once, because a gateway has
-- thousands of devices.
-- @module adobepass.device.record

local core = require "adobepass.core"
local field = require "adobepass.device.field"
local info_schema = require "adobepass.device.info_schema"
local options = require "adobepass.util.options"

local record = {}

local Record = {
  __name = "adobepass.device",
  __newindex = function(_, name)
    error("a device cannot be changed: " .. tostring(name), 2)
  end,
  __tostring = function() return "adobepass.device" end,
}

local function port_of(port)
  if port == nil then return nil end
  local number = tonumber(port)
  if number and number >= 1 and number <= 65535 and number % 1 == 0 then
    return math.floor(number)
  end
  error("device.port should be a whole number from 1 to 65535")
end

-- Returns the info with the caller's values for the connection: a server has the
-- address of a device, which the device itself may not have.
local function with_connection(given)
  local port, info = port_of(given.port), info_schema.table_of(given.info)
  if not info or not (given.ip or port or given.user_agent) then
    return given.info
  end
  local result = {}
  for key, value in pairs(info) do result[key] = value end
  result.connectionIp = given.ip or info.connectionIp
  result.connectionPort = port or info.connectionPort
  result.userAgent = given.user_agent or info.userAgent
  return result
end

local function new(given)
  local values, info = {}, with_connection(given)
  for name, value in pairs(given) do
    if name == "info" then value = info end
    if name ~= "port" then values[name] = field.encode(name, value) end
  end
  if not values.id then field.encode("id", nil) end
  field.check_tokens(given)
  return setmetatable({ id = given.id, ip = given.ip, values = values },
    Record)
end

--- Creates a device. Raises, at the caller's line, for a wrong field.
-- @tparam table given `id`, and any of `info`, `ip`, `port`, `user_agent`, `user`, and
-- the constant fields of adobepass.util.identity. `info` and `partner_status` are
-- tables, or their JSON in base64 as the device sent it; `user` is a table from name
-- to hash, or its JSON in base64. `info` must have the keys that Adobe requires. A
-- server gives
-- `ip`, `port` and `user_agent` of the device: they replace connectionIp,
-- connectionPort and userAgent of `info`; `ip` is also sent as X-Forwarded-For, and
-- `user_agent` as User-Agent.
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
