--- Operations 4 to 7: codes, from the TV to the browser.
-- Pages: rest-api-v2/apis/sessions-apis.
-- @module adobepass.sandbox.operations.sessions

local degradation = require "adobepass.sandbox.data.degradation"
local device = require "adobepass.sandbox.engine.device"
local json = require "adobepass.util.json"
local profile_store = require "adobepass.sandbox.data.profile_store"
local respond = require "adobepass.sandbox.engine.respond"
local wire = require "adobepass.sandbox.engine.url_encoding"

local sessions = {}

-- No letter that is easily taken for a digit on a TV across the room.
local ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"

local function new_code(box)
  local code
  repeat
    code = box:random(7):gsub(".", function(byte)
      local at = byte:byte() % #ALPHABET + 1
      return ALPHABET:sub(at, at)
    end)
  until not box.state.sessions[code]
  return code
end

local function ms_text(ms)
  return ("%.0f"):format(ms) -- sessions carry times as text
end

-- The samples say "domain" of the parameter domainName.
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

--- Reads the parameters of a form onto a session.
-- @return true | nil, refusal
local function fill(call, session)
  local mvpd_id = call:parameter "mvpd"
  if mvpd_id then
    call.params.mvpd = mvpd_id
    local refusal = call.box:check(call, { "mvpd", "configured" })
    if refusal then return nil, refusal end
  end
  local redirect_url = call:parameter "redirectUrl"
  if redirect_url and not wire.safe_url(redirect_url) then
    return nil, { code = "invalid_parameter_redirect_url" }
  end
  for _, parameter in ipairs(PARAMETERS) do
    session[parameter.field] =
      call:parameter(parameter.sent) or session[parameter.field]
  end
  return true
end

local SSO = { platformSSO = true, serviceTokenSSO = true, appleSSO = true }

--- Why no login is needed: a reasonType, or nil.
function sessions.no_login_reason(call)
  if not call.mvpd then return nil end
  if call.mvpd.temp_pass then return "temporary" end
  local rule = degradation.rule(call.box, call.provider.id, call.mvpd.id)
  if rule == "AuthNAll" then return "degraded" end
  local entry = profile_store.find(call, call.mvpd.id)
  if not entry then return nil end
  return SSO[entry.type] and "authenticatedSSO" or "authenticated"
end

--- The answer that needs no login.
function sessions.authorize(call, reason, session_id)
  return respond.json(200, {
    actionName = "authorize", actionType = "direct", reasonType = reason,
    url = ("/api/v2/%s/decisions/authorize/%s")
      :format(call.provider.id, call.mvpd.id),
    sessionId = session_id, mvpd = call.mvpd.id,
    serviceProvider = call.provider.id,
  })
end

--- Gives a session its code; the older code of the same device dies.
function sessions.open(call, session)
  local box, owner = call.box, call:owner()
  local old = box.state.sessions[box.state.current[owner]]
  if old then old.superseded = true end
  session.code = new_code(box)
  session.not_before = box:now()
  session.not_after =
    session.not_before + box.world.lifetimes.code * 1000
  box.state.sessions[session.code] = session
  box.state.current[owner] = session.code
  return session
end

--- A session not yet opened, with what the headers say.
function sessions.draft(call)
  return {
    id = call.box:uuid(), service_provider = call.provider.id,
    identities = call:identities(),
    device = {
      id = call.device, info = call.info, address = call:address(),
      user_agent = call:header "user-agent",
    },
  }
end

local NEXT = {
  login = { "authenticate", "interactive", "/api/v2/authenticate/%s/%s" },
  create = { "resume", "direct", "/api/v2/%s/sessions/%s" },
  resume = { "retry", "direct", "/api/v2/%s/sessions/%s" },
}

--- The answer that carries a code.
-- @param by "create" or "resume": what a missing parameter is asked for with
function sessions.code_answer(session, reason, by)
  local missing = missing_parameters(session)
  local action = NEXT[missing and by or "login"]
  return respond.json(200, {
    actionName = action[1], actionType = action[2], reasonType = reason,
    url = action[3]:format(session.service_provider, session.code),
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

local function remember_mvpd(call, session)
  if session.mvpd then
    call.box.state.last_mvpd[call:owner()] = session.mvpd
  end
end

--- 4. Create.
function sessions.create(call)
  local session = sessions.draft(call)
  local ok, refusal = fill(call, session)
  if not ok then return nil, refusal end
  remember_mvpd(call, session)
  local reason = sessions.no_login_reason(call)
  if reason then return sessions.authorize(call, reason, session.id) end
  return sessions.code_answer(sessions.open(call, session), "none", "create")
end

--- 5. Resume: the second screen gives what the TV could not.
function sessions.resume(call)
  local session = call.session
  local ok, refusal = fill(call, session)
  if not ok then return nil, refusal end
  remember_mvpd(call, session)
  call.mvpd = call.box:mvpd(session.mvpd)
  local reason = sessions.no_login_reason(call)
  if reason then return sessions.authorize(call, reason, session.id) end
  return sessions.code_answer(session, "none", "resume")
end

local function existing_parameters(session)
  local result = { serviceProvider = session.service_provider }
  for _, parameter in ipairs(PARAMETERS) do
    result[parameter.named] = session[parameter.field]
  end
  return result
end

--- 6. Status: what a second screen needs to know of a typed code.
function sessions.status(call)
  local session = call.session
  return respond.json(200, {
    existingParameters = existing_parameters(session),
    missingParameters = missing_parameters(session),
    device = device.describe(session.device.info, session.device.user_agent,
                             session.device.address),
    notBefore = ms_text(session.not_before),
    notAfter = ms_text(session.not_after),
  })
end

--- 7. The browser is sent to the mvpd's login page.
function sessions.authenticate(call)
  local session = call.session
  local mvpd = call.box:mvpd(session.mvpd)
  if sessions.has_missing(session) or mvpd.temp_pass then
    return nil, { code = "invalid_authentication_session" }
  end
  return respond.redirect(("%s/mvpd/%s/login?code=%s"):format(
    call.box.api, wire.escape(session.mvpd), session.code))
end

return sessions
