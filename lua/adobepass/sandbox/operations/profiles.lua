--- Operations 8 to 10: who is logged in.
-- Pages: rest-api-v2/apis/profiles-apis. An empty map means nobody (yet).
-- @module adobepass.sandbox.operations.profiles

local degradation = require "adobepass.sandbox.data.degradation"
local json = require "adobepass.util.json"
local profile_store = require "adobepass.sandbox.data.profile_store"
local profile_view = require "adobepass.sandbox.data.profile_view"
local respond = require "adobepass.sandbox.engine.respond"
local temp_pass = require "adobepass.sandbox.data.temp_pass"

local profiles = {}

local function answer(map)
  return respond.json(200, { profiles = json.object(map) })
end

--- 8. Every profile. Temporary and degraded ones are not listed here: each
-- belongs to an mvpd that must be named.
function profiles.all(call)
  local map = {}
  for id, entry in pairs(profile_store.all(call)) do
    local view, refusal = profile_view.one(call, entry)
    if not view then return nil, refusal end
    map[id] = view
  end
  return answer(map)
end

local function temporary(call)
  local view, code = temp_pass.profile(call)
  if not view then return nil, { code = code } end
  return answer { [call.mvpd.id] = view }
end

--- 9. The profile with one mvpd.
function profiles.for_mvpd(call)
  if call.mvpd.temp_pass then return temporary(call) end
  local entry = profile_store.find(call, call.mvpd.id)
  if entry then
    local view, refusal = profile_view.one(call, entry)
    if not view then return nil, refusal end
    return answer { [call.mvpd.id] = view }
  end
  local rule = degradation.rule(call.box, call.provider.id, call.mvpd.id)
  if rule == "AuthNAll" then
    return answer { [call.mvpd.id] = degradation.profile(call.box, call) }
  end
  return answer {}
end

--- 10. The profile that a code led to: what a client polls.
function profiles.for_code(call)
  call.params.mvpd = call.session.mvpd
  if not call.params.mvpd then return answer {} end
  local refusal = call.box:check(call, { "mvpd", "configured" })
  if refusal then return nil, refusal end
  return profiles.for_mvpd(call)
end

return profiles
