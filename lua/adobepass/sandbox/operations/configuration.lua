--- Operation 3: the list of providers for a picker.
-- @module adobepass.sandbox.operations.configuration

local device = require "adobepass.sandbox.engine.device"
local json = require "adobepass.util.json"
local http_response = require "adobepass.sandbox.engine.http_response"

local configuration = {}

local function domains(provider)
  local list = {}
  for i, name in ipairs(provider.domains) do
    list[i] = { name = name, mvpdInitiated = false }
  end
  return json.array(list)
end

-- The fields of partner single sign-on appear only for devices that support it.
local function add_partner_fields(entry, context, mvpd)
  if not mvpd.partner_id or not context.is_apple then return end
  local integration = context.sandbox:integration(context.provider.id, mvpd.id)
  local is_on = integration.partner_sso ~= false
  entry.platformMappingId = mvpd.partner_id
  entry.enablePlatformServices = is_on
  entry.displayInPlatformPicker = is_on
  entry.enforcePlatformPermissions = false
  entry.boardingStatus = is_on and "SUPPORTED" or "PICKER"
end

local function describe(context, mvpd)
  local entry = {
    id = mvpd.id, displayName = mvpd.display_name, logoUrl = mvpd.logo_url,
    isTempPass = mvpd.temp_pass and true or nil,
    isProxy = mvpd.proxy and true or nil,
  }
  add_partner_fields(entry, context, mvpd)
  for name, value in pairs(mvpd.picker or {}) do entry[name] = value end
  return entry
end

local function mvpds(context)
  local list = {}
  for i, mvpd in ipairs(context.sandbox:integrated(context.provider.id)) do
    list[i] = describe(context, mvpd)
  end
  return json.array(list)
end

--- 3. The device headers are optional; without them the device is unknown.
function configuration.get(context)
  local refusal = context.sandbox:check(context, { "device_info" })
  if refusal then return nil, refusal end
  local value = context:header "x-device-info"
  local info = value and device.decode_object(value) or {}
  context.is_apple = info.osName == "tvOS" or info.osName == "iOS"
  return http_response.json(200, {
    device = type(info.primaryHardwareType) == "string"
      and device.type(info) or "unknown",
    clientType = "html5",
    os = type(info.osName) == "string" and info.osName or "Unknown",
    requestor = {
      id = context.provider.id, name = context.provider.name,
      domains = domains(context.provider), mvpds = mvpds(context),
    },
  })
end

return configuration
