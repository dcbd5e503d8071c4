--- For each operation that makes a request: what must have happened before,
-- and the parameters with which it then succeeds.
--
--   scenes.<operation>(stage) -> params
--   stage  { client, control = as a box has it, statement }

local core = require "adobepass.core"
local json = require "adobepass.util.json"

local scenes = {}

scenes.SERVICE_PROVIDER = "REF30"
scenes.DEVICE = "ba23d141-d715-561c-94f4-e9e4c966b1eb"
scenes.INFO = {
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

local function log_in(stage)
  assert(stage.control.log_in {
    service_provider = scenes.SERVICE_PROVIDER, device = scenes.DEVICE,
    mvpd = "Cablevision", username = "ann" })
end

local function new_code(stage, params)
  return assert(stage.client.api:create_session(params)).code
end

local function after_login(params)
  return function(stage)
    log_in(stage)
    return copy(params)
  end
end

function scenes.partner_status()
  return core.base64.encode(json.encode {
    frameworkPermissionInfo = { accessStatus = "granted" },
    frameworkProviderInfo = { id = "Cablevision",
      expirationDate = "4000000000000" } })
end

function scenes.register(stage)
  return { software_statement = stage.statement }
end

function scenes.token(stage)
  local made = assert(stage.client.api:register {
    software_statement = stage.statement })
  return { client_id = made.client_id, client_secret = made.client_secret,
    grant_type = "client_credentials" }
end

function scenes.configuration() return {} end

function scenes.create_session() return copy(LOGIN) end

function scenes.resume_session(stage)
  local params = copy(LOGIN)
  params.code = new_code(stage, {})
  return params
end

function scenes.session(stage) return { code = new_code(stage, LOGIN) } end

scenes.profiles = after_login {}
scenes.profile = after_login { mvpd = "Cablevision" }

function scenes.profile_for_code(stage)
  local code = new_code(stage, LOGIN)
  assert(stage.control.log_in { code = code, username = "ann" })
  return { code = code }
end

scenes.authorize = after_login { mvpd = "Cablevision",
  resources = { "REF30" } }
scenes.preauthorize = after_login { mvpd = "Cablevision",
  resources = { "REF30", "CNN" } }
scenes.logout = after_login { mvpd = "Cablevision",
  redirect_url = "https://adobe.com" }

function scenes.partner_session()
  return { partner = "Apple", domain_name = "adobe.com",
    redirect_url = "https://adobe.com",
    partner_status = scenes.partner_status() }
end

function scenes.partner_profile(stage)
  local params = scenes.partner_session()
  local answer = assert(stage.client.api:partner_session(params))
  return { partner = "Apple", partner_status = params.partner_status,
    saml_response = assert(stage.control.saml_response {
      request = answer.authenticationRequest.request, mvpd = "Cablevision",
      username = "ann" }) }
end

function scenes.reset_temp_pass()
  return { mvpd = "TempPass_TEST40", device = scenes.DEVICE }
end

function scenes.reset_temp_pass_key()
  return { mvpd = "flexibleTempPass", key = ("0f"):rep(32) }
end

function scenes.service_token() return { sso_id = "viewer-1" } end

local function with_token(stage)
  local answer = assert(stage.client.api:service_token {
    sso_id = "viewer-1" })
  return { token = answer.serviceToken }
end

scenes.refresh_service_token = with_token
scenes.link = with_token
scenes.list_devices = with_token

function scenes.unlink(stage)
  local params = with_token(stage)
  params.devices = { scenes.DEVICE }
  return params
end

return scenes
