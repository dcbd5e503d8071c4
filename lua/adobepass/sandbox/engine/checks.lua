--- What must hold before an operation runs: one check each.
-- A guard is function(call) -> nil | refusal. Routes name them in order.
-- @module adobepass.sandbox.engine.checks

local device = require "adobepass.sandbox.engine.device"
local tokens = require "adobepass.sandbox.data.tokens"

local guards = {}

local API_SCOPE = "api:client:v2"

local function refuse(code)
  return { code = code }
end

local function has_scope(claims)
  for scope in tostring(claims.scopes):gmatch "%S+" do
    if scope == API_SCOPE then return true end
  end
  return false
end

--- A living access token of a known client that may use the v2 API.
function guards.bearer(call)
  local value = call:header "authorization" or ""
  local compact = value:match "^[Bb]earer +(%S+)%s*$"
  local claims = compact and tokens.read_access(call.box, compact)
  if not claims then return refuse "unauthorized" end
  local client = call.box.state.clients[claims.sub]
  if not client or client.revoked or not has_scope(claims) then
    return { code = "invalid_access_token_client_application",
             status = call.route.unknown_client_status }
  end
  call.client = client
end

local function may_speak_for(client, provider_id)
  for _, id in ipairs(client.providers) do
    if id == provider_id then return true end
  end
  return false
end

--- A known service provider.
function guards.provider(call)
  local id = call.params.sp or call:query().requestor_id
  call.provider = call.box:provider(id)
  if not call.provider then
    return refuse "invalid_parameter_service_provider"
  end
end

--- ... for which the client's software statement was made.
function guards.own_provider(call)
  local refusal = guards.provider(call)
  if refusal then return refusal end
  if not may_speak_for(call.client, call.provider.id) then
    return refuse "invalid_access_token_service_provider"
  end
end

function guards.device_identifier(call)
  call.device = device.identifier(call:header "ap-device-identifier")
  if not call.device then
    return refuse "invalid_header_device_identifier"
  end
end

--- X-Device-Info may be missing (then the platform is unknown), but not junk.
function guards.device_info(call)
  local value = call:header "x-device-info"
  if not value then return end
  call.info = device.info(value)
  if not call.info then return refuse "invalid_header_device_info" end
end

--- A known mvpd with an enabled integration.
function guards.mvpd(call)
  call.mvpd = call.box:mvpd(call.params.mvpd or call:query().mvpd_id)
  if not call.mvpd then return refuse "invalid_parameter_mvpd" end
  call.integration =
    call.box:integration(call.provider.id, call.mvpd.id)
  if not call.integration then return refuse "invalid_integration" end
end

--- An integration that the Dashboard has right.
function guards.configured(call)
  if call.integration and call.integration.misconfigured then
    return refuse(call.integration.misconfigured)
  end
end

function guards.temp_pass(call)
  if not call.mvpd.temp_pass then return refuse "invalid_parameter_mvpd" end
end

local DEAD = "invalid_authentication_session"

local function check_code(call, accept_used)
  local session, why = call.box:find_session(call.params.code or "")
  if why == "unknown" or session and
      session.service_provider ~= call.provider.id then
    return refuse "invalid_parameter_code"
  end
  if why == "used" and accept_used then
    session = call.box.state.sessions[call.params.code]
  elseif not session then
    return refuse(DEAD)
  end
  call.session, call.device, call.info =
    session, session.device.id, session.device.info
  -- Of the streaming device, not of the second screen that asks.
  call.identity_values = session.identities
end

--- A code that is alive and still waits for a login.
function guards.open_code(call)
  return check_code(call, false)
end

--- A code that is alive, logged in with or not.
function guards.code(call)
  return check_code(call, true)
end

function guards.partner(call)
  call.partner = call.box.world.partners[call.params.partner]
  if not call.partner then return refuse "invalid_parameter_partner" end
end

local function is_name(value)
  return type(value) == "string" and value:find "%S" ~= nil
    and #value <= 8192
end

--- `resources`: a non-empty array of strings.
function guards.resources(call)
  local object = call:object()
  local list = object and object.resources
  if type(list) ~= "table" or #list == 0 then
    return refuse "invalid_parameter_resources"
  end
  for key, value in pairs(list) do
    if type(key) ~= "number" or not is_name(value) then
      return refuse "invalid_parameter_resources"
    end
  end
  call.resources = list
end

-- The SSO Service has error codes of its own.

local function missing(name, status)
  return { code = "header_missing", status = status or 400,
           action = "check_headers",
           message = "A required header is missing: " .. name }
end

function guards.sso_device(call)
  call.device = device.identifier(call:header "ap-device-identifier")
  if not call.device then return missing "AP-Device-Identifier" end
end

local BAD_TOKEN = {
  code = "header_invalid", status = 401, action = "get_new_token",
  message = "The signature or subject of AD-Service-Token is not valid",
}

local OLD_TOKEN = {
  code = "token_expired", status = 401, action = "get_new_token",
  message = "The token has expired",
}

local function read_service_token(call, missing_status, grace)
  local compact = call:header "ad-service-token"
  if not compact then return missing("AD-Service-Token", missing_status) end
  local subject, why = tokens.read_service(call.box, compact, grace)
  if not subject then return why == "expired" and OLD_TOKEN or BAD_TOKEN end
  call.subject = subject
end

function guards.service_token(call)
  return read_service_token(call, 401)
end

--- A service token that ended lately may still be renewed.
function guards.renewable_service_token(call)
  return read_service_token(
    call, 400, call.box.world.lifetimes.service_token_refresh)
end

return guards
