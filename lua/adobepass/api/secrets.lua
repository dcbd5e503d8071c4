--- Lists the texts of a request that must not appear in an error.
--
-- A request identifies the device and its viewer. A server may repeat those
-- values in its response, and errors end up in logs.
-- @module adobepass.api.secrets

local request = require "adobepass.api.request"

local secrets = {}

-- Replacing shorter texts would damage unrelated words of a message.
local MIN_LENGTH = 8
local PARAMS = { "client_secret", "software_statement", "saml_response",
  "device", "key" }
local NOT_SECRET = { Accept = true, ["Content-Type"] = true }

--- Returns the list of secret texts of one request.
-- @param device its record
-- @tparam table headers of the request, from name to value
-- @tparam table params of the call
-- @param held the access token in use, see adobepass.auth.access_token; or nil
function secrets.list(device, headers, params, held)
  local list = {}
  local function add(text)
    list[#list + 1] = text
    list[#list + 1] = request.escape(text)
  end
  for name, value in pairs(headers) do
    value = value:gsub("^fingerprint ", "")
    if not NOT_SECRET[name] and #value >= MIN_LENGTH then add(value) end
  end
  if #device.id >= MIN_LENGTH then add(device.id) end
  if held then add((held.token:reveal())) end
  for _, name in ipairs(PARAMS) do
    if params[name] then add(params[name]) end
  end
  return list
end

return secrets
