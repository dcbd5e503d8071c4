--- Dynamic client registration: operations 1 and 2.
-- Pages: rest-apis/rest-api-dcr/apis.
-- @module adobepass.sandbox.operations.dcr

local core = require "adobepass.core"
local device = require "adobepass.sandbox.engine.device"
local json = require "adobepass.util.json"
local http_response = require "adobepass.sandbox.engine.http_response"
local tokens = require "adobepass.sandbox.data.tokens"
local url_encoding = require "adobepass.sandbox.engine.url_encoding"

local dcr = {}

local function refuse(code, status)
  return nil, { code = code, status = status }
end

local function has_malformed_device_info(context)
  if context.sandbox:is_lenient "malformed_device_info" then return false end
  local value = context:header "x-device-info"
  return value and not device.decode_object(value)
end

local function redirect_uri(object, statement)
  local given = object.redirect_uri
  if given == nil or given == json.null then return statement.redirect_uri end
  if type(given) == "string" and given:find "^%a[%w+.-]*:[^%s%c]+$" then
    return given
  end
end

local function make_client(sandbox, statement)
  local client = {
    id = sandbox:uuid(), secret = core.base64.url_encode(sandbox:random(24)),
    statement = statement.jti, scopes = statement.scopes,
    providers = statement.service_providers,
    issued_at = math.floor(sandbox:now() / 1000),
  }
  sandbox.state.clients[client.id] = client
  return client
end

--- 1. Exchanges a software statement for credentials.
function dcr.register(context)
  local sandbox, object = context.sandbox, context:object()
  -- In Adobe's sample, a malformed X-Device-Info gets the response 201.
  if not object or type(object.software_statement) ~= "string" then
    return refuse "invalid_request"
  end
  local statement = tokens.read_statement(sandbox, object.software_statement)
  if not statement then return refuse "invalid_software_statement" end
  if sandbox.state.revoked_statements[statement.jti] then
    return refuse "unapproved_software_statement"
  end
  local uri = redirect_uri(object, statement)
  if not uri then return refuse "invalid_redirect_uri" end
  local client = make_client(sandbox, statement)
  return http_response.no_store(http_response.json(201, {
    client_id = client.id, client_secret = client.secret,
    client_id_issued_at = client.issued_at,
    redirect_uris = json.array { uri },
    grant_types = json.array { "client_credentials" },
    scopes = json.array(client.scopes),
  }))
end

-- Adobe's page documents a form, its OpenAPI file a query; both are accepted.
local function token_parameters(context)
  local form, repeated = context:form()
  if next(form) then return form, repeated end
  local query, twice = url_encoding.form(context.request.query)
  return query or {}, twice or {}
end

--- 2. Exchanges credentials for an access token.
function dcr.token(context)
  local sandbox = context.sandbox
  local given, repeated = token_parameters(context)
  if not (given.client_id and given.client_secret and given.grant_type)
      or next(repeated) or has_malformed_device_info(context) then
    return refuse "invalid_request"
  end
  if given.grant_type ~= "client_credentials" then
    return refuse "unsupported_grant_type"
  end
  local client = tokens.client(sandbox, given.client_id)
  if not client or not core.digest.equal(client.secret, given.client_secret) then
    return refuse("invalid_client", 400)
  end
  return http_response.no_store(http_response.json(201, {
    id = sandbox:uuid(), access_token = tokens.access(sandbox, client),
    created_at = sandbox:now(), expires_in = sandbox.world.lifetimes.access_token,
    token_type = "bearer",
  }))
end

return dcr
