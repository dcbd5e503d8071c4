--- Operations 4 to 7: authentication sessions and their codes.
-- Pages: rest-api-v2/apis/sessions-apis.
-- @module adobepass.sandbox.operations.sessions

local degradation = require "adobepass.sandbox.data.degradation"
local device = require "adobepass.sandbox.engine.device"
local json = require "adobepass.util.json"
local profile_store = require "adobepass.sandbox.data.profile_store"
local http_response = require "adobepass.sandbox.engine.http_response"
local redirect = require "adobepass.sandbox.engine.redirect"
local url_encoding = require "adobepass.sandbox.engine.url_encoding"

local sessions = {}

-- Without I, O, 0 and 1, which are easily confused.
local ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"

local function new_code(sandbox)
  local code
  repeat
    code = sandbox:random(7):gsub(".", function(byte)
      local at = byte:byte() % #ALPHABET + 1
      return ALPHABET:sub(at, at)
    end)
  until not sandbox.state.sessions[code]
  return code
end

local function ms_text(ms)
  return ("%.0f"):format(ms) -- sessions carry times as text
end

-- The samples call the parameter domainName "domain".
local PARAMETERS = {
  { field = "mvpd", sent = "mvpd", named = "mvpd" },
  { field = "domain_name", sent = "domainName", named = "domain" },
  { field = "redirect_url", sent = "redirectUrl", named = "redirectUrl" },
}

local function missing_parameters(session)
  local list = {}
  for _, parameter in ipairs(PARAMETERS) do
    if not session[parameter.field] then
      list[#list + 1] = parameter.named
    end
  end
  if #list > 0 then return json.array(list) end
end

--- Checks redirectUrl and domainName against the provider's domains.
-- @return true | nil, refusal
function sessions.check_parameters(context)
  local url = context:parameter "redirectUrl"
  if url and not redirect.is_allowed(context.sandbox, context.provider, url) then
    return nil, { code = "invalid_parameter_redirect_url" }
  end
  local domain = context:parameter "domainName"
  if domain and not redirect.is_domain_allowed(
      context.sandbox, context.provider, domain) then
    return nil, http_response.bad_request(
      "domainName is not a domain of the service provider.")
  end
  return true
end

-- Copies the parameters of a form to a session.
-- @return true | nil, refusal
local function fill(context, session)
  local mvpd_id = context:parameter "mvpd"
  if mvpd_id then
    context.params.mvpd = mvpd_id
    local refusal = context.sandbox:check(context, { "mvpd", "configured" })
    if refusal then return nil, refusal end
  end
  local ok, refused = sessions.check_parameters(context)
  if not ok then return nil, refused end
  for _, parameter in ipairs(PARAMETERS) do
    session[parameter.field] =
      context:parameter(parameter.sent) or session[parameter.field]
  end
  return true
end

local SSO = { platformSSO = true, serviceTokenSSO = true, appleSSO = true }

--- Returns the reasonType if no login is needed, else nil.
function sessions.no_login_reason(context)
  if not context.mvpd then return nil end
  if context.mvpd.temp_pass then return "temporary" end
  local rule = degradation.rule(context.sandbox, context.provider.id, context.mvpd.id)
  if rule == "AuthNAll" then return "degraded" end
  local entry = profile_store.find(context, context.mvpd.id)
  if not entry then return nil end
  return SSO[entry.type] and "authenticatedSSO" or "authenticated"
end

--- Returns the response when no login is needed.
function sessions.authorize(context, reason, session_id)
  return http_response.json(200, {
    actionName = "authorize", actionType = "direct", reasonType = reason,
    url = ("/api/v2/%s/decisions/authorize/%s")
      :format(url_encoding.escape(context.provider.id),
        url_encoding.escape(context.mvpd.id)),
    sessionId = session_id, mvpd = context.mvpd.id,
    serviceProvider = context.provider.id,
  })
end

--- Assigns a new code to a session. Marks the device's previous code as superseded.
function sessions.open(context, session)
  local sandbox, device_key = context.sandbox, context:device_key()
  local old = sandbox.state.sessions[sandbox.state.current[device_key]]
  if old then old.superseded = true end
  session.code = new_code(sandbox)
  session.not_before = sandbox:now()
  session.not_after =
    session.not_before + sandbox.world.lifetimes.code * 1000
  sandbox.state.sessions[session.code] = session
  sandbox.state.current[device_key] = session.code
  return session
end

--- Returns a session without a code, built from the request's headers.
function sessions.draft(context)
  return {
    id = context.sandbox:uuid(), service_provider = context.provider.id,
    client_id = context.client.id,
    identities = context:identities(),
    device = {
      id = context.device, info = context.info, address = context:address(),
      user_agent = context:header "user-agent",
    },
  }
end

local NEXT = {
  login = { "authenticate", "interactive", "/api/v2/authenticate/%s/%s" },
  create = { "resume", "direct", "/api/v2/%s/sessions/%s" },
  resume = { "retry", "direct", "/api/v2/%s/sessions/%s" },
}

--- Returns the response that carries a code.
-- @param by "create" or "resume": the operation to call if parameters are missing
function sessions.code_response(session, reason, by)
  local missing = missing_parameters(session)
  local action = NEXT[missing and by or "login"]
  return http_response.json(200, {
    actionName = action[1], actionType = action[2], reasonType = reason,
    url = action[3]:format(url_encoding.escape(session.service_provider),
      session.code),
    missingParameters = missing, code = session.code,
    sessionId = session.id, mvpd = session.mvpd,
    serviceProvider = session.service_provider,
    notBefore = ms_text(session.not_before),
    notAfter = ms_text(session.not_after),
  })
end

function sessions.has_missing(session)
  return missing_parameters(session) ~= nil
end

local function remember_mvpd(context, session)
  if session.mvpd then
    context.sandbox.state.last_mvpd[context:device_key()] = session.mvpd
  end
end

--- 4. Creates a session.
function sessions.create(context)
  local session = sessions.draft(context)
  local ok, refusal = fill(context, session)
  if not ok then return nil, refusal end
  remember_mvpd(context, session)
  local reason = sessions.no_login_reason(context)
  if reason then return sessions.authorize(context, reason, session.id) end
  return sessions.code_response(sessions.open(context, session), "none", "create")
end

--- 5. Resumes a session with parameters that the device did not send.
function sessions.resume(context)
  local session = context.session
  local ok, refusal = fill(context, session)
  if not ok then return nil, refusal end
  remember_mvpd(context, session)
  context.mvpd = context.sandbox:mvpd(session.mvpd)
  local reason = sessions.no_login_reason(context)
  if reason then return sessions.authorize(context, reason, session.id) end
  return sessions.code_response(session, "none", "resume")
end

local function existing_parameters(session)
  local result = { serviceProvider = session.service_provider }
  for _, parameter in ipairs(PARAMETERS) do
    result[parameter.named] = session[parameter.field]
  end
  return result
end

--- 6. Returns the status of a session to a second screen.
function sessions.status(context)
  local session = context.session
  return http_response.json(200, {
    existingParameters = existing_parameters(session),
    missingParameters = missing_parameters(session),
    device = device.describe(session.device.info, session.device.user_agent,
                             session.device.address),
    notBefore = ms_text(session.not_before),
    notAfter = ms_text(session.not_after),
  })
end

--- 7. Redirects the browser to the mvpd's login page.
function sessions.authenticate(context)
  local session = context.session
  local mvpd = context.sandbox:mvpd(session.mvpd)
  if sessions.has_missing(session) or mvpd.temp_pass then
    return nil, { code = "invalid_authentication_session" }
  end
  return http_response.redirect(("%s/mvpd/%s/login?code=%s"):format(
    context.sandbox:origin(context.request), url_encoding.escape(session.mvpd),
    session.code))
end

return sessions
