--- Operation 13: deletes the profiles and returns the mvpd's logout URL.
-- Pages: rest-api-v2/apis/logout-apis and flows/single-sign-on-access-flows, logout.
-- @module adobepass.sandbox.operations.logout

local degradation = require "adobepass.sandbox.data.degradation"
local json = require "adobepass.util.json"
local profile_store = require "adobepass.sandbox.data.profile_store"
local http_response = require "adobepass.sandbox.engine.http_response"
local redirect = require "adobepass.sandbox.engine.redirect"
local url_encoding = require "adobepass.sandbox.engine.url_encoding"

local logout = {}

local function logout_path(context, redirect_url)
  return ("/mvpd/%s/logout?requestor_id=%s&redirect_url=%s"):format(
    url_encoding.escape(context.mvpd.id), url_encoding.escape(context.provider.id),
    url_encoding.escape(redirect_url or ""))
end

local SSO = { platformSSO = true, serviceTokenSSO = true }

-- As in the samples: absolute after a regular login, relative to the API host
-- after single sign-on. A client must resolve both.
local function logout_url(context, entry, redirect_url)
  local path = logout_path(context, redirect_url)
  return SSO[entry.type] and path or context.sandbox:origin(context.request) .. path
end

local function without_profile(context)
  local rule = degradation.rule(context.sandbox, context.provider.id, context.mvpd.id)
  if context.mvpd.temp_pass or rule == "AuthNAll" then
    return { actionName = "complete", actionType = "none" }
  end
  return { actionName = "invalid", actionType = "none" }
end

local function with_profile(context, entry, redirect_url)
  if entry.type == "appleSSO" then
    return { actionName = "partner_logout",
             actionType = "partner_interactive" }
  elseif not context.mvpd.logout then
    return { actionName = "complete", actionType = "none" }
  end
  return { actionName = "logout", actionType = "interactive",
           url = logout_url(context, entry, redirect_url) }
end

-- The logout request has no partner status header, so an Apple profile is
-- looked up without it.
local function find(context)
  local entry = profile_store.find(context, context.mvpd.id)
  if entry then return entry end
  local owner = context:device_key()
  local own = context.sandbox.state.profiles[owner]
  local profile = own and own[context.mvpd.id]
  if profile and profile.type == "appleSSO"
      and context.sandbox:now() < profile.not_after then
    return { profile = profile, type = "appleSSO", owner = owner }
  end
end

--- 13. Logout.
function logout.start(context)
  local redirect_url = context:query().redirectUrl
  if redirect_url == "" then redirect_url = nil end
  if not redirect_url and not context.sandbox:is_lenient "no_logout_redirect"
      or redirect_url and not redirect.is_allowed(
        context.sandbox, context.provider, redirect_url) then
    return nil, { code = "invalid_parameter_redirect_url" }
  end
  local entry = find(context)
  local action
  if entry then
    profile_store.remove_all(context, entry)
    action = with_profile(context, entry, redirect_url)
  else
    action = without_profile(context)
  end
  action.mvpd = context.mvpd.id
  return http_response.json(200,
    { logouts = json.object { [context.mvpd.id] = action } })
end

return logout
