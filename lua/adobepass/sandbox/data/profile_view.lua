--- Converts a stored profile to the API's format, with the viewer's metadata.
-- Page: features-standard/entitlements/user-metadata.
-- @module adobepass.sandbox.data.profile_view

local core = require "adobepass.core"
local json = require "adobepass.util.json"
local users = require "adobepass.sandbox.data.users"

local profile_view = {}

local function collect(viewer, profile)
  local user = users.id(profile.mvpd, profile.username)
  local values = {
    userID = user, upstreamUserID = user, mvpd = profile.mvpd,
  }
  for name, value in pairs(viewer.attributes or {}) do values[name] = value end
  if profile.authorized then
    for name, value in pairs(viewer.after_authorization or {}) do
      values[name] = value
    end
  end
  if viewer.home then values.hba_status = profile.at_home or false end
  return values
end

local function encrypted(sandbox, value)
  local text = type(value) == "string" and value or json.encode(value)
  return core.base64.encode(sandbox.keys:public("metadata"):encrypt(text, "pkcs1"))
end

local function must_encrypt(integration)
  local set = {}
  for _, name in ipairs(integration.encrypt or {}) do set[name] = true end
  return set
end

-- @return name -> { value, state } | nil, refusal
local function attributes(context, profile)
  local sandbox = context.sandbox
  local viewer = sandbox.world.viewers[profile.username] or {}
  local secret = must_encrypt(
    sandbox:integration(context.provider.id, profile.mvpd) or {})
  local result = {}
  for name, value in pairs(collect(viewer, profile)) do
    if not secret[name] then
      result[name] = { value = value, state = "plain" }
    elseif context.provider.certificate == false then
      return nil, { code = "invalid_configuration_user_metadata_certificate" }
    else
      result[name] = { value = encrypted(sandbox, value), state = "enc" }
    end
  end
  return result
end

--- Converts a profile.
-- @param entry { profile, type } of `profile_store`
-- @return the documented profile | nil, refusal
function profile_view.one(context, entry)
  local profile = entry.profile
  local values, refusal = attributes(context, profile)
  if not values then return nil, refusal end
  return {
    notBefore = profile.not_before, notAfter = profile.not_after,
    issuer = profile.issuer, type = entry.type, attributes = values,
  }
end

return profile_view
