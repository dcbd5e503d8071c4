--- Checks that run before an operation.
--
-- A check is `function(context) -> nil | refusal`. A route lists its checks in
-- order; the first refusal ends the request. A check stores its results in the
-- context. For the fields of a refusal see
-- `adobepass.sandbox.engine.http_response`.
-- @module adobepass.sandbox.engine.checks

local device = require "adobepass.sandbox.engine.device"
local http_response = require "adobepass.sandbox.engine.http_response"
local request_rules = require "adobepass.sandbox.engine.request_rules"
local tokens = require "adobepass.sandbox.data.tokens"

local checks = {}

local API_SCOPE = "api:client:v2"

local function refuse(code)
  return { code = code }
end

local function has_scope(claims, wanted)
  for scope in tostring(claims.scopes):gmatch "%S+" do
    if scope == wanted then return true end
  end
  return false
end

for _, name in ipairs { "listed_headers", "one_platform_token", "listed_parameters",
    "unrepeated_parameters", "form_body", "one_client_authentication" } do
  checks[name] = request_rules[name]
end

local function read_bearer(context)
  local value = context:header "authorization" or ""
  local compact = value:match "^[Bb][Ee][Aa][Rr][Ee][Rr] +(%S+)%s*$"
  return compact and tokens.read_access(context.sandbox, compact)
end

--- Requires a valid access token with the scope of management calls
-- (`world.management.scope`). Sets `context.client`.
function checks.management_bearer(context)
  local claims = read_bearer(context)
  if not claims then return http_response.UNAUTHORIZED end
  local client = tokens.client(context.sandbox, claims.sub)
  if not client or not has_scope(
      claims, context.sandbox.world.management.scope) then
    return { status = 403, message = "The client lacks the management scope." }
  end
  context.client = client
end

--- Requires a valid access token of a registered client with the scope of the
-- v2 API. Sets `context.client`.
function checks.bearer(context)
  local claims = read_bearer(context)
  if not claims then return http_response.UNAUTHORIZED end
  context.client = tokens.client(context.sandbox, claims.sub)
  if not context.client or not has_scope(claims, API_SCOPE) then
    return refuse "invalid_access_token_client_application"
  end
end

local function has_provider(client, provider_id)
  for _, id in ipairs(client.providers) do
    if id == provider_id then return true end
  end
  return false
end

--- Requires a known service provider, from the path or the parameter
-- `requestor_id`. Sets `context.provider`.
function checks.provider(context)
  local id = context.params.sp or context:query().requestor_id
  context.provider = context.sandbox:provider(id)
  if not context.provider then
    return refuse "invalid_parameter_service_provider"
  end
end

--- Requires a known service provider that the client's software statement lists.
function checks.own_provider(context)
  local refusal = checks.provider(context)
  if refusal then return refusal end
  if not has_provider(context.client, context.provider.id) then
    return refuse "invalid_access_token_service_provider"
  end
end

--- Requires AP-Device-Identifier. Sets `context.device`, and records the client as the
-- last one that used the device.
function checks.device_identifier(context)
  context.device = device.identifier(context:header "ap-device-identifier")
  if not context.device then
    return refuse "invalid_header_device_identifier"
  end
  context.sandbox.state.device_clients[context:device_key()] = context.client.id
end

--- Parses X-Device-Info. The header may be missing (the platform is then
-- unknown); a malformed value is refused. Sets `context.info`.
function checks.device_info(context)
  local value = context:header "x-device-info"
  if not value then return end
  context.info = device.info(value)
  if not context.info and not context.sandbox:is_lenient "malformed_device_info" then
    return refuse "invalid_header_device_info"
  end
end

--- Requires a known mvpd that the provider has an enabled integration with.
-- Sets `context.mvpd` and `context.integration`.
function checks.mvpd(context)
  context.mvpd = context.sandbox:mvpd(context.params.mvpd or context:query().mvpd_id)
  if not context.mvpd then return refuse "invalid_parameter_mvpd" end
  context.integration =
    context.sandbox:integration(context.provider.id, context.mvpd.id)
  if not context.integration then return refuse "invalid_integration" end
end

--- Refuses an integration that the world marks as misconfigured.
function checks.configured(context)
  if context.integration and context.integration.misconfigured then
    return refuse(context.integration.misconfigured)
  end
end

function checks.temp_pass(context)
  if not context.mvpd.temp_pass then return refuse "invalid_parameter_mvpd" end
end

local function check_code(context, accept_used)
  local session = context.sandbox.state.sessions[context.params.code]
  if not session or session.service_provider ~= context.provider.id then
    return refuse "invalid_parameter_code"
  end
  local is_open, why = context.sandbox:find_session(session.code)
  if not is_open and not (why == "used" and accept_used) then
    return refuse "invalid_authentication_session"
  end
  context.session, context.device, context.info =
    session, session.device.id, session.device.info
  -- The identities are those of the streaming device that created the session,
  -- not those of the second screen that sends this request.
  context.identity_values = session.identities
end

--- Requires a code that is neither expired nor superseded nor used. Sets
-- `context.session`, `context.device` and `context.info`.
function checks.open_code(context)
  return check_code(context, false)
end

--- As `open_code`, but accepts a code that a viewer already logged in with.
function checks.code(context)
  return check_code(context, true)
end

function checks.partner(context)
  context.partner = context.sandbox.world.partners[context.params.partner]
  if not context.partner then return refuse "invalid_parameter_partner" end
end

local function is_resource(value)
  return type(value) == "string" and value:find "%S" ~= nil
    and #value <= 8192
end

--- Requires a JSON body whose `resources` is a non-empty array of strings, each
-- with at most 8192 bytes. Sets `context.resources`.
function checks.resources(context)
  local object = context:object()
  local list = object and object.resources
  if type(list) ~= "table" or #list == 0 then
    return refuse "invalid_parameter_resources"
  end
  for key, value in pairs(list) do
    if type(key) ~= "number" or not is_resource(value) then
      return refuse "invalid_parameter_resources"
    end
  end
  context.resources = list
end

-- The SSO Service defines its own error codes; the checks below use them.

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
  local subject, why = tokens.read_service(
    context.sandbox, compact, context.provider, grace)
  if not subject then return why == "expired" and OLD_TOKEN or BAD_TOKEN end
  context.subject = subject
end

function checks.service_token(context)
  return read_service_token(context, 401)
end

--- As `service_token`, but accepts a token that expired at most
-- `lifetimes.service_token_refresh` seconds ago.
function checks.renewable_service_token(context)
  return read_service_token(
    context, 400, context.sandbox.world.lifetimes.service_token_refresh)
end

return checks
