--- Operation 3: the providers that a picker shows.
-- @module adobepass.sandbox.operations.configuration

local device = require "adobepass.sandbox.engine.device"
local json = require "adobepass.util.json"
local respond = require "adobepass.sandbox.engine.respond"

local configuration = {}

local function domains(provider)
  local list = {}
  for i, name in ipairs(provider.domains) do
    list[i] = { name = name, mvpdInitiated = false }
  end
  return json.array(list)
end

-- Fields of single sign-on are only there on a device that has it.
local function add_partner_fields(entry, call, mvpd)
  if not mvpd.partner_id or not call.is_apple then return end
  local integration = call.box:integration(call.provider.id, mvpd.id)
  local is_on = integration.partner_sso ~= false
  entry.platformMappingId = mvpd.partner_id
  entry.enablePlatformServices = is_on
  entry.displayInPlatformPicker = is_on
  entry.boardingStatus = is_on and "SUPPORTED" or "PICKER"
end

local function describe(call, mvpd)
  local entry = {
    id = mvpd.id, displayName = mvpd.display_name, logoUrl = mvpd.logo_url,
    isTempPass = mvpd.temp_pass and true or nil,
    isProxy = mvpd.proxy and true or nil,
  }
  for name, value in pairs(mvpd.picker or {}) do entry[name] = value end
  add_partner_fields(entry, call, mvpd)
  return entry
end

local function mvpds(call)
  local list = {}
  for i, mvpd in ipairs(call.box:integrated(call.provider.id)) do
    list[i] = describe(call, mvpd)
  end
  return json.array(list)
end

--- Junk in X-Device-Info is no error here: Adobe's own sample has it, and is
-- answered as an unknown device.
function configuration.get(call)
  local value = call:header "x-device-info"
  local info = value and device.decode_object(value) or {}
  call.is_apple = info.osName == "tvOS" or info.osName == "iOS"
  return respond.json(200, {
    device = type(info.primaryHardwareType) == "string"
      and device.type(info) or "unknown",
    clientType = "html5",
    os = type(info.osName) == "string" and info.osName or "Unknown",
    requestor = {
      id = call.provider.id, name = call.provider.name,
      domains = domains(call.provider), mvpds = mvpds(call),
    },
  })
end

return configuration
