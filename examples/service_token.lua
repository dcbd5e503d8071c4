--- Single sign-on between two devices with Adobe's SSO Service. The viewer logs in on
-- the first device, which then shows six digits; the viewer types them on the second
-- device, which is logged in without a password.
--
--   adobepass sandbox --exec 'lua5.4 examples/service_token.lua'
--
-- If your app has its own accounts, no digits are needed: create the token of each
-- device with client:sign_service_token { key =, issuer =, subject = }.

local adobepass = require "adobepass"

local client = adobepass.new {
  service_provider = "REF30",
  environment = { api = os.getenv "ADOBEPASS_API",
    mgmt = os.getenv "ADOBEPASS_MGMT" },
  software_statement = os.getenv "ADOBEPASS_STATEMENT",
  http = { ca_file = os.getenv "ADOBEPASS_CA" },
  language = "en", -- or "es"
}

local function device(name)
  return client:device { id = name,
    info = { primaryHardwareType = "TV", model = name, version = "1",
      osName = "Linux", osVersion = "6", connectionType = "LAN" } }
end

local function log_in(viewer, name, token)
  local profile, err = viewer:login {
    mvpd = "Cablevision", domain_name = "adobe.com",
    redirect_url = "https://adobe.com",
    activation_url = os.getenv "ADOBEPASS_API" .. "/activate",
    service_token = token,
    on_code = function(login)
      print(("%s: go to %s and sign in."):format(name, login.qr))
    end,
  }
  if not profile then error(client:viewer_text(err), 0) end
  print(("%s: signed in with %s (%s)"):format(name, profile.mvpd,
    profile.type))
end

local living_room, bedroom = device "living-room", device "bedroom"

local token = assert(living_room:get_service_token { sso_id = "account-4711" })
log_in(living_room, "Living room", token)

local code = assert(living_room:link_device(token))
print("Living room: type " .. code .. " in the bedroom.")
log_in(bedroom, "Bedroom", assert(bedroom:get_service_token { link = code }))
