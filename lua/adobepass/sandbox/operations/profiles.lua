--- Operations 8 to 10: the authenticated profiles.
-- Pages: rest-api-v2/apis/profiles-apis. An empty map means that no viewer is
-- logged in.
-- @module adobepass.sandbox.operations.profiles

local degradation = require "adobepass.sandbox.data.degradation"
local json = require "adobepass.util.json"
local profile_store = require "adobepass.sandbox.data.profile_store"
local profile_view = require "adobepass.sandbox.data.profile_view"
local http_response = require "adobepass.sandbox.engine.http_response"
local temp_pass = require "adobepass.sandbox.data.temp_pass"

local profiles = {}

local function build_response(map)
  return http_response.json(200, { profiles = json.object(map) })
end

--- 8. All profiles, without temporary and degraded ones, which require an mvpd
-- in the request.
function profiles.all(context)
  local map = {}
  for id, entry in pairs(profile_store.all(context)) do
    local view, refusal = profile_view.one(context, entry)
    if not view then return nil, refusal end
    map[id] = view
  end
  return build_response(map)
end

local function temporary(context)
  local view, code = temp_pass.profile(context)
  if not view then return nil, { code = code } end
  return build_response { [context.mvpd.id] = view }
end

--- 9. The profile at one mvpd.
function profiles.for_mvpd(context)
  if context.mvpd.temp_pass then return temporary(context) end
  local entry = profile_store.find(context, context.mvpd.id)
  if entry then
    local view, refusal = profile_view.one(context, entry)
    if not view then return nil, refusal end
    return build_response { [context.mvpd.id] = view }
  end
  local rule = degradation.rule(context.sandbox, context.provider.id, context.mvpd.id)
  if rule == "AuthNAll" then
    return build_response {
      [context.mvpd.id] = degradation.profile(context.sandbox, context) }
  end
  return build_response {}
end

--- 10. The profile of the login with a code; clients poll this operation.
function profiles.for_code(context)
  context.params.mvpd = context.session.mvpd
  if not context.params.mvpd then return build_response {} end
  local refusal = context.sandbox:check(context, { "mvpd", "configured" })
  if refusal then return nil, refusal end
  return profiles.for_mvpd(context)
end

return profiles
