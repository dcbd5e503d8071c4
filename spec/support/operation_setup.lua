--- For each operation: prepares the sandbox, and returns parameters with which
-- the operation succeeds.
--
--   operation_setup.<operation>(fixture) -> params
--   fixture  { client, control = the sandbox's control API, statement }

local core = require "adobepass.core"
local json = require "adobepass.util.json"

local operation_setup = {}

operation_setup.SERVICE_PROVIDER = "REF30"
operation_setup.DEVICE = "ba23d141-d715-561c-94f4-e9e4c966b1eb"
operation_setup.INFO = {
  primaryHardwareType = "SetTopBox", model = "TV 5th Gen", version = "5",
  manufacturer = "Apple", osName = "tvOS", osVendor = "Apple",
  osVersion = "11.0", connectionType = "WiFi",
}

local LOGIN = { mvpd = "Cablevision", domain_name = "adobe.com",
  redirect_url = "https://adobe.com" }

local function copy(given)
  local result = {}
  for name, value in pairs(given) do result[name] = value end
  return result
end

local function log_in(fixture)
  assert(fixture.control.login {
    service_provider = operation_setup.SERVICE_PROVIDER,
    device = operation_setup.DEVICE,
    mvpd = "Cablevision", username = "ann" })
end

local function new_code(fixture, params)
  return assert(fixture.client.api:create_session(params)).code
end

local function after_login(params)
  return function(fixture)
    log_in(fixture)
    return copy(params)
  end
end

function operation_setup.partner_status()
  return core.base64.encode(json.encode {
    frameworkPermissionInfo = { accessStatus = "granted" },
    frameworkProviderInfo = { id = "Cablevision",
      expirationDate = "4000000000000" } })
end

function operation_setup.register(fixture)
  return { software_statement = fixture.statement }
end

function operation_setup.token(fixture)
  local made = assert(fixture.client.api:register {
    software_statement = fixture.statement })
  return { client_id = made.client_id, client_secret = made.client_secret,
    grant_type = "client_credentials" }
end

function operation_setup.configuration() return {} end

function operation_setup.create_session() return copy(LOGIN) end

function operation_setup.resume_session(fixture)
  local params = copy(LOGIN)
  params.code = new_code(fixture, {})
  return params
end

function operation_setup.session(fixture)
  return { code = new_code(fixture, LOGIN) }
end

operation_setup.profiles = after_login {}
operation_setup.profile = after_login { mvpd = "Cablevision" }

function operation_setup.profile_for_code(fixture)
  local code = new_code(fixture, LOGIN)
  assert(fixture.control.login { code = code, username = "ann" })
  return { code = code }
end

operation_setup.authorize = after_login { mvpd = "Cablevision",
  resources = { "REF30" } }
operation_setup.preauthorize = after_login { mvpd = "Cablevision",
  resources = { "REF30", "CNN" } }
operation_setup.logout = after_login { mvpd = "Cablevision",
  redirect_url = "https://adobe.com" }

function operation_setup.partner_session()
  return { partner = "Apple", domain_name = "adobe.com",
    redirect_url = "https://adobe.com",
    partner_status = operation_setup.partner_status() }
end

function operation_setup.partner_profile(fixture)
  local params = operation_setup.partner_session()
  local response = assert(fixture.client.api:partner_session(params))
  return { partner = "Apple", partner_status = params.partner_status,
    saml_response = assert(fixture.control.saml {
      request = response.authenticationRequest.request, mvpd = "Cablevision",
      username = "ann" }) }
end

function operation_setup.reset_temp_pass()
  return { mvpd = "TempPass_TEST40", device = operation_setup.DEVICE }
end

function operation_setup.reset_temp_pass_key()
  return { mvpd = "flexibleTempPass", key = ("0f"):rep(32) }
end

function operation_setup.service_token() return { sso_id = "viewer-1" } end

local function with_token(fixture)
  local response = assert(fixture.client.api:service_token {
    sso_id = "viewer-1" })
  return { token = response.serviceToken }
end

operation_setup.refresh_service_token = with_token
operation_setup.link = with_token
operation_setup.list_devices = with_token

function operation_setup.unlink(fixture)
  local params = with_token(fixture)
  params.devices = { operation_setup.DEVICE }
  return params
end

return operation_setup
