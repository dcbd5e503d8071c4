--- Parses AP-Partner-Framework-Status, the state of the device's own sign-on.
-- Page: appendix/headers AP-Partner-Framework-Status.
-- @module adobepass.sandbox.data.partner_status

local device = require "adobepass.sandbox.engine.device"

local partner_status = {}

local function refused(what)
  return nil, "invalid_header_pfs_" .. what
end

local function table_at(object, key)
  local value = object and object[key]
  return type(value) == "table" and value or {}
end

--- Returns the id of the mvpd with a partner's provider id, or nil.
local function mvpd_for(world, partner_id)
  for id, row in pairs(world.mvpds) do
    if row.partner_id and row.partner_id == partner_id then return id end
  end
end

local function permission(object)
  local status =
    table_at(object, "frameworkPermissionInfo").accessStatus
  if type(status) ~= "string" or status == "" then
    return refused "permission_access_not_present"
  elseif status == "notDetermined" then
    return refused "permission_access_not_determined"
  elseif status ~= "granted" then
    return refused "permission_access_not_granted"
  end
  return true
end

-- Returns a date in milliseconds, which the page requires as a string; otherwise nil.
local function milliseconds(sandbox, date)
  if type(date) == "string" and date:find "^%d+$"
      or type(date) == "number" and sandbox:is_lenient "numeric_expiration_date" then
    return tonumber(date)
  end
end

--- Validates the header.
-- @param value the header's value or nil
-- @return mvpd id | nil, error code
function partner_status.read(sandbox, value)
  local object = value and device.decode_object(value)
  local ok, code = permission(object)
  if not ok then return nil, code end
  local provider = table_at(object, "frameworkProviderInfo")
  local mvpd_id = provider.id and mvpd_for(sandbox.world, provider.id)
  if not mvpd_id then return refused "provider_id_not_determined" end
  local expires = milliseconds(sandbox, provider.expirationDate)
  if not expires or expires <= sandbox:now() then
    return refused "provider_info_expired"
  end
  return mvpd_id
end

return partner_status
