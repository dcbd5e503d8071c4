--- The providers that denied access until the viewer authenticates again, although
-- the service may still have a profile: the store's record `denied`.
--
-- A login does not return the profile of such a provider, unless the viewer
-- authenticated after the denial. A denial by itself sends no
-- logout, and changes neither the profile of another provider nor of another device.
-- @module adobepass.flow.denials

local tables = require "adobepass.util.tables"

local denials = {}

-- A login or logout deletes a denial earlier.
local SECONDS = 30 * 24 * 3600

-- The values of a call that leaves out the identifiers of single sign-on.
local NO_SSO = { service_token = false, subject_token = false, roku_token = false }

--- Returns the providers that denied access: a table from mvpd to the time of the
-- denial in ms, or to true if the time is not known; nil and an error when the store
-- fails.
function denials.recall(context)
  local record, err = context:recall("denied")
  if err then return nil, err end
  return record and record.mvpds or {}
end

-- Changes the record of one provider; starts again if another process has written.
local function change(context, mvpd, value)
  while true do
    local record, err, text = context:recall("denied")
    if err then return nil, err end
    local mvpds = record and record.mvpds or {}
    if mvpds[mvpd] == value then return true end
    mvpds[mvpd] = value
    local done, why = context:replace("denied", { mvpds = mvpds }, text, SECONDS)
    if done ~= false then return done, why end
  end
end

--- Records the denial of a provider.
function denials.add(context, mvpd)
  return change(context, mvpd, context:knows_time() and context:now_ms() or true)
end

--- Returns whether a denial concerns a profile: not one that began after it.
-- @param context
-- @tparam table denied of `recall`
-- @tparam table profile
function denials.concerns(context, denied, profile)
  local time = denied[profile.mvpd]
  return time ~= nil
    and not (type(time) == "number" and context:is_after(profile, time))
end

--- Deletes the denial of a provider. Returns true; nil and an error when the store
-- fails.
function denials.remove(context, mvpd) return change(context, mvpd, nil) end

--- Ends this device's own profile at a provider that denied access. Without the
-- identifiers of single sign-on the logout concerns no other device. Returns whether
-- the service ended the profile; if not, an event names the cause, such as a missing
-- redirect URL.
-- @param context
-- @string mvpd
-- @tparam table options of the login
function denials.end_profile(context, mvpd, options)
  local kept, _, text = context:recall("profile")
  local params = { mvpd = mvpd, visitor_id = options.visitor_id,
    redirect_url = options.redirect_url or options.activation_url }
  local done, err = context.api:logout(tables.add(params, NO_SSO))
  if not done then
    context:emit { type = "warning", code = err.code, message = err.message }
    return false
  end
  context:note_logout(mvpd)
  if kept and kept.mvpd == mvpd then context:forget("profile", text) end
  denials.remove(context, mvpd)
  return true
end

local IS_SHARED = { platformSSO = true, serviceTokenSSO = true }

--- Makes the service require authentication of the next session: with a profile, it
-- requires none. Ends this device's own profile, and leaves out the identifiers that
-- show the profile of another device.
-- @param context
-- @tparam table options of the login; changed
-- @tparam {table,...} profiles of providers that denied access
function denials.require_authentication(context, options, profiles)
  for _, item in ipairs(profiles) do
    if IS_SHARED[item.type] then
      tables.add(options, NO_SSO)
    elseif item.type == "regular" then
      denials.end_profile(context, item.mvpd, options)
    end
  end
end

return denials
