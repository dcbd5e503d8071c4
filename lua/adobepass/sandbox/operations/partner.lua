--- Operations 14 and 15: single sign-on of the device itself (Apple).
-- Pages: rest-api-v2/apis/partner-single-sign-on-apis and
-- flows/single-sign-on-access-flows, partner.
-- @module adobepass.sandbox.operations.partner

local degradation = require "adobepass.sandbox.data.degradation"
local json = require "adobepass.util.json"
local partner_status = require "adobepass.sandbox.data.partner_status"
local profile_store = require "adobepass.sandbox.data.profile_store"
local profile_view = require "adobepass.sandbox.data.profile_view"
local respond = require "adobepass.sandbox.engine.respond"
local saml = require "adobepass.sandbox.data.saml"
local sessions = require "adobepass.sandbox.operations.sessions"
local wire = require "adobepass.sandbox.engine.url_encoding"

local partner = {}

local function status_of(call)
  return partner_status.read(call.box,
                             call:header "ap-partner-framework-status")
end

local function draft(call, mvpd_id)
  local session = sessions.draft(call)
  session.mvpd = mvpd_id
  session.domain_name = call:parameter "domainName"
  session.redirect_url = call:parameter "redirectUrl"
  return session
end

local function fall_back(call, session, reason)
  return sessions.code_answer(sessions.open(call, session), reason, "create")
end

local function saml_request(call, session)
  local request, id = saml.request(call.box, call.mvpd.id)
  call.box.state.partner_requests[id] = call.box:now()
  return respond.json(200, {
    actionName = "partner_profile", actionType = "direct",
    reasonType = "none",
    url = ("/api/v2/%s/profiles/sso/%s")
      :format(call.provider.id, wire.escape(call.params.partner)),
    sessionId = session.id, mvpd = call.mvpd.id,
    serviceProvider = call.provider.id,
    authenticationRequest = {
      type = "saml", request = request,
      attributesNames = json.array { "uid", "NameID", "uniqueId" },
    },
  })
end

-- The device's sign-on does not say which mvpd, or may not: then the basic
-- login follows, with the mvpd that this device chose last, if any.
local function without_status(call)
  local session =
    draft(call, call.box.state.last_mvpd[call:owner()])
  return fall_back(call, session, "pfs_fallback")
end

local function has_bad_redirect(call)
  local url = call:parameter "redirectUrl"
  return url and not wire.safe_url(url)
end

--- 14. The request that the device's sign-on passes to the mvpd.
function partner.session(call)
  if has_bad_redirect(call) then
    return nil, { code = "invalid_parameter_redirect_url" }
  end
  local mvpd_id = status_of(call)
  if not mvpd_id then return without_status(call) end
  call.params.mvpd = mvpd_id
  local refusal = call.box:check(call, { "mvpd" })
  if refusal then return nil, refusal end
  local session = draft(call, mvpd_id)
  local reason = sessions.no_login_reason(call)
  if reason then return sessions.authorize(call, reason, session.id) end
  if sessions.has_missing(session) then
    return fall_back(call, session, "missing_parameters_fallback")
  end
  if call.integration.misconfigured
      or call.integration.partner_sso == false then
    return fall_back(call, session, "configuration_fallback")
  end
  return saml_request(call, session)
end

local function save(call, assertion)
  local now = call.box:now()
  local profile = {
    mvpd = call.mvpd.id, username = assertion.username,
    type = call.partner.profile_type, issuer = call.params.partner,
    not_before = now,
    not_after = now + call.box.world.lifetimes.profile * 1000,
    identities = {},
  }
  profile_store.save(call.box, call:owner(), profile)
  return { profile = profile, type = profile.type, owner = call:owner() }
end

local function created(call, entry)
  local view, refusal = profile_view.one(call, entry)
  if not view then return nil, refusal end
  return respond.json(201, { profiles = { [call.mvpd.id] = view } })
end

local function read_response(call)
  local text = call:parameter "SAMLResponse"
  local assertion = text and saml.read_response(call.box, text)
  if not assertion then
    return nil, { code = "invalid_parameter_saml_response" }
  end
  if assertion.mvpd ~= call.mvpd.id then
    return nil, { code = "invalid_header_pfs_provider_id_mismatch" }
  end
  saml.spend(call.box, assertion)
  return assertion
end

--- 15. The mvpd's answer becomes a profile.
function partner.profile(call)
  local mvpd_id, code = status_of(call)
  if not mvpd_id then return nil, { code = code } end
  call.params.mvpd = mvpd_id
  local refusal = call.box:check(call, { "mvpd", "configured" })
  if refusal then return nil, refusal end
  local rule = degradation.rule(call.box, call.provider.id, mvpd_id)
  if rule == "AuthNAll" then
    return respond.json(200, { profiles = {
      [mvpd_id] = degradation.profile(call.box, call) } })
  end
  local assertion, no = read_response(call)
  if not assertion then return nil, no end
  return created(call, save(call, assertion))
end

return partner
