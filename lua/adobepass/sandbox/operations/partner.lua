--- Operations 14 and 15: single sign-on of the device platform (Apple).
-- Pages: rest-api-v2/apis/partner-single-sign-on-apis and
-- flows/single-sign-on-access-flows, partner.
-- @module adobepass.sandbox.operations.partner

local degradation = require "adobepass.sandbox.data.degradation"
local json = require "adobepass.util.json"
local partner_status = require "adobepass.sandbox.data.partner_status"
local profile_store = require "adobepass.sandbox.data.profile_store"
local profile_view = require "adobepass.sandbox.data.profile_view"
local http_response = require "adobepass.sandbox.engine.http_response"
local saml = require "adobepass.sandbox.data.saml"
local sessions = require "adobepass.sandbox.operations.sessions"
local url_encoding = require "adobepass.sandbox.engine.url_encoding"

local partner = {}

local function status_of(context)
  return partner_status.read(context.sandbox,
                             context:header "ap-partner-framework-status")
end

local function draft(context, mvpd_id)
  local session = sessions.draft(context)
  session.mvpd = mvpd_id
  session.domain_name = context:parameter "domainName"
  session.redirect_url = context:parameter "redirectUrl"
  return session
end

local function fall_back(context, session, reason)
  return sessions.code_response(sessions.open(context, session), reason, "create")
end

local function saml_request(context, session)
  return http_response.json(200, {
    actionName = "partner_profile", actionType = "direct",
    reasonType = "none",
    url = ("/api/v2/%s/profiles/sso/%s")
      :format(url_encoding.escape(context.provider.id),
        url_encoding.escape(context.params.partner)),
    sessionId = session.id, mvpd = context.mvpd.id,
    serviceProvider = context.provider.id,
    authenticationRequest = {
      type = "saml", request = saml.request(context),
      attributesNames = json.array { "uid", "NameID", "uniqueId" },
    },
  })
end

-- Falls back to the basic login, with the mvpd that this device used last: the partner
-- status names no usable mvpd.
local function without_status(context)
  local session =
    draft(context, context.sandbox.state.last_mvpd[context:device_key()])
  return fall_back(context, session, "pfs_fallback")
end

--- 14. Returns the SAML request that the device passes to the mvpd.
function partner.session(context)
  local ok, refused = sessions.check_parameters(context)
  if not ok then return nil, refused end
  local mvpd_id = status_of(context)
  if not mvpd_id then return without_status(context) end
  context.params.mvpd = mvpd_id
  local refusal = context.sandbox:check(context, { "mvpd" })
  if refusal then return nil, refusal end
  local session = draft(context, mvpd_id)
  local reason = sessions.no_login_reason(context)
  if reason then return sessions.authorize(context, reason, session.id) end
  if sessions.has_missing(session) then
    return fall_back(context, session, "missing_parameters_fallback")
  end
  if context.integration.misconfigured
      or context.integration.partner_sso == false then
    return fall_back(context, session, "configuration_fallback")
  end
  return saml_request(context, session)
end

local function save(context, assertion)
  local now = context.sandbox:now()
  local profile = {
    mvpd = context.mvpd.id, username = assertion.username,
    type = context.partner.profile_type, issuer = context.params.partner,
    not_before = now,
    not_after = now + context.sandbox.world.lifetimes.profile * 1000,
    identities = {},
  }
  local owner = context:device_key()
  profile_store.save(context.sandbox, owner, profile)
  return { profile = profile, type = profile.type, owner = owner }
end

local function created(context, entry)
  local view, refusal = profile_view.one(context, entry)
  if not view then return nil, refusal end
  return http_response.json(201, { profiles = { [context.mvpd.id] = view } })
end

local function read_response(context)
  local text = context:parameter "SAMLResponse"
  local assertion = text and saml.read_response(context, text)
  if not assertion then
    return nil, { code = "invalid_parameter_saml_response" }
  end
  if assertion.mvpd ~= context.mvpd.id then
    return nil, { code = "invalid_header_pfs_provider_id_mismatch" }
  end
  saml.spend(context.sandbox, assertion)
  return assertion
end

--- 15. Creates a profile from the mvpd's SAML response.
function partner.profile(context)
  local mvpd_id, code = status_of(context)
  if not mvpd_id then return nil, { code = code } end
  context.params.mvpd = mvpd_id
  local refusal = context.sandbox:check(context, { "mvpd", "configured" })
  if refusal then return nil, refusal end
  local rule = degradation.rule(context.sandbox, context.provider.id, mvpd_id)
  if rule == "AuthNAll" then
    return http_response.json(200, { profiles = {
      [mvpd_id] = degradation.profile(context.sandbox, context) } })
  end
  local assertion, no = read_response(context)
  if not assertion then return nil, no end
  return created(context, save(context, assertion))
end

return partner
