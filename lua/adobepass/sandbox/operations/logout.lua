--- Operation 13: the profile ends here; the mvpd may want a visit too.
-- Page: rest-api-v2/apis/logout-apis.
-- @module adobepass.sandbox.operations.logout

local degradation = require "adobepass.sandbox.data.degradation"
local json = require "adobepass.util.json"
local profile_store = require "adobepass.sandbox.data.profile_store"
local respond = require "adobepass.sandbox.engine.respond"
local wire = require "adobepass.sandbox.engine.url_encoding"

local logout = {}

local function logout_path(call, redirect_url)
  return ("/mvpd/%s/logout?requestor_id=%s&redirect_url=%s"):format(
    wire.escape(call.mvpd.id), wire.escape(call.provider.id),
    wire.escape(redirect_url or ""))
end

local SSO = { platformSSO = true, serviceTokenSSO = true }

-- The samples: absolute after a login of this application, relative to the
-- API's host after single sign-on. A client must resolve both.
local function logout_url(call, entry, redirect_url)
  local path = logout_path(call, redirect_url)
  return SSO[entry.type] and path or call.box.api .. path
end

local function without_profile(call)
  local rule = degradation.rule(call.box, call.provider.id, call.mvpd.id)
  if call.mvpd.temp_pass or rule == "AuthNAll" then
    return { actionName = "complete", actionType = "none" }
  end
  return { actionName = "invalid", actionType = "none" }
end

local function with_profile(call, entry, redirect_url)
  if entry.type == "appleSSO" then
    return { actionName = "partner_logout",
             actionType = "partner_interactive" }
  elseif not call.mvpd.logout then
    return { actionName = "complete", actionType = "none" }
  end
  return { actionName = "logout", actionType = "interactive",
           url = logout_url(call, entry, redirect_url) }
end

-- Logging out takes no partner status header, so an Apple profile must be
-- found without one.
local function find(call)
  local entry = profile_store.find(call, call.mvpd.id)
  if entry then return entry end
  local own = call.box.state.profiles[call:owner()]
  local profile = own and own[call.mvpd.id]
  if profile and profile.type == "appleSSO"
      and call.box:now() < profile.not_after then
    return { profile = profile, type = "appleSSO", owner = call:owner() }
  end
end

--- 13.
function logout.start(call)
  local redirect_url = call:query().redirectUrl
  if redirect_url == "" then redirect_url = nil end
  if redirect_url and not wire.safe_url(redirect_url) then
    return nil, { code = "invalid_parameter_redirect_url" }
  end
  local entry = find(call)
  local action
  if entry then
    profile_store.remove(call.box, entry.owner, call.mvpd.id)
    profile_store.remove(call.box, call:owner(), call.mvpd.id)
    action = with_profile(call, entry, redirect_url)
  else
    action = without_profile(call)
  end
  action.mvpd = call.mvpd.id
  return respond.json(200,
    { logouts = json.object { [call.mvpd.id] = action } })
end

return logout
