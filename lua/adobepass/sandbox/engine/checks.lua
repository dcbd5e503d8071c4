--- What must hold before an operation runs: one check each.
-- A guard is function(call) -> nil | refusal. Routes name them in order.
-- @module adobepass.sandbox.engine.checks

local device = require "adobepass.sandbox.engine.device"
local tokens = require "adobepass.sandbox.data.tokens"

local checks = {}

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
function checks.bearer(context)
  local value = context:header "authorization" or ""
  local compact = value:match "^[Bb]earer +(%S+)%s*$"
  local claims = compact and tokens.read_access(context.sandbox, compact)
  if not claims then return refuse "unauthorized" end
  local client = context.sandbox.state.clients[claims.sub]
  if not client or client.revoked or not has_scope(claims) then
    return { code = "invalid_access_token_client_application",
             status = context.route.unknown_client_status }
  end
  context.client = client
end

local function may_speak_for(client, provider_id)
  for _, id in ipairs(client.providers) do
    if id == provider_id then return true end
  end
  return false
end

--- A known service provider.
function checks.provider(context)
  local id = context.params.sp or context:query().requestor_id
  context.provider = context.sandbox:provider(id)
  if not context.provider then
    return refuse "invalid_parameter_service_provider"
  end
end

--- ... for which the client's software statement was made.
function checks.own_provider(context)
  local refusal = checks.provider(context)
  if refusal then return refusal end
  if not may_speak_for(context.client, context.provider.id) then
    return refuse "invalid_access_token_service_provider"
  end
end

function checks.device_identifier(context)
  context.device = device.identifier(context:header "ap-device-identifier")
  if not context.device then
    return refuse "invalid_header_device_identifier"
  end
end

--- X-Device-Info may be missing (then the platform is unknown), but not junk.
function checks.device_info(context)
  local value = context:header "x-device-info"
  if not value then return end
  context.info = device.info(value)
  if not context.info then return refuse "invalid_header_device_info" end
end

--- A known mvpd with an enabled integration.
function checks.mvpd(context)
  context.mvpd = context.sandbox:mvpd(context.params.mvpd or context:query().mvpd_id)
  if not context.mvpd then return refuse "invalid_parameter_mvpd" end
  context.integration =
    context.sandbox:integration(context.provider.id, context.mvpd.id)
  if not context.integration then return refuse "invalid_integration" end
end

--- An integration that the Dashboard has right.
function checks.configured(context)
  if context.integration and context.integration.misconfigured then
    return refuse(context.integration.misconfigured)
  end
end

function checks.temp_pass(context)
  if not context.mvpd.temp_pass then return refuse "invalid_parameter_mvpd" end
end

local DEAD = "invalid_authentication_session"

local function check_code(context, accept_used)
  local session, why = context.sandbox:find_session(context.params.code or "")
  if why == "unknown" or session and
      session.service_provider ~= context.provider.id then
    return refuse "invalid_parameter_code"
  end
  if why == "used" and accept_used then
    session = context.sandbox.state.sessions[context.params.code]
  elseif not session then
    return refuse(DEAD)
  end
  context.session, context.device, context.info =
    session, session.device.id, session.device.info
  -- Of the streaming device, not of the second screen that asks.
  context.identity_values = session.identities
end

--- A code that is alive and still waits for a login.
function checks.open_code(context)
  return check_code(context, false)
end

--- A code that is alive, logged in with or not.
function checks.code(context)
  return check_code(context, true)
end

function checks.partner(context)
  context.partner = context.sandbox.world.partners[context.params.partner]
  if not context.partner then return refuse "invalid_parameter_partner" end
end

local function is_name(value)
  return type(value) == "string" and value:find "%S" ~= nil
    and #value <= 8192
end

--- `resources`: a non-empty array of strings.
function checks.resources(context)
  local object = context:object()
  local list = object and object.resources
  if type(list) ~= "table" or #list == 0 then
    return refuse "invalid_parameter_resources"
  end
  for key, value in pairs(list) do
    if type(key) ~= "number" or not is_name(value) then
      return refuse "invalid_parameter_resources"
    end
  end
  context.resources = list
end

-- The SSO Service has error codes of its own.

local function missing(name, status)
  return { code = "header_missing", status = status or 400,
           action = "check_headers",
           message = "A required header is missing: " .. name }
end

function checks.sso_device(context)
  context.device = device.identifier(context:header "ap-device-identifier")
  if not context.device then return missing "AP-Device-Identifier" end
end

local BAD_TOKEN = {
  code = "header_invalid", status = 401, action = "get_new_token",
  message = "The signature or subject of AD-Service-Token is not valid",
}

local OLD_TOKEN = {
  code = "token_expired", status = 401, action = "get_new_token",
  message = "The token has expired",
}

local function read_service_token(context, missing_status, grace)
  local compact = context:header "ad-service-token"
  if not compact then return missing("AD-Service-Token", missing_status) end
  local subject, why = tokens.read_service(context.sandbox, compact, grace)
  if not subject then return why == "expired" and OLD_TOKEN or BAD_TOKEN end
  context.subject = subject
end

function checks.service_token(context)
  return read_service_token(context, 401)
end

--- A service token that ended lately may still be renewed.
function checks.renewable_service_token(context)
  return read_service_token(
    context, 400, context.sandbox.world.lifetimes.service_token_refresh)
end

return checks
