--- A minimal program: logs a viewer in, filters a catalog and authorizes playback.
--
--   adobepass sandbox --exec 'lua5.4 examples/quickstart.lua'
--
-- Open the URL that it prints, and log in as bob with the password "secret". A second
-- run with the same sandbox (start both from `adobepass sandbox --exec sh`) needs no
-- login.

local adobepass = require "adobepass"

local store = adobepass.store.file(
  os.getenv "QUICKSTART_STORE" or "quickstart.store")

local client = adobepass.new {
  service_provider = "REF30",
  environment = { api = os.getenv "ADOBEPASS_API",
    mgmt = os.getenv "ADOBEPASS_MGMT" },
  software_statement = os.getenv "ADOBEPASS_STATEMENT",
  http = { ca_file = os.getenv "ADOBEPASS_CA" },
  device = { id = assert(adobepass.device_id(store)),
    info = adobepass.platform() },
  store = store,
  language = "en", -- or "es": of the texts for viewers
}

local profile, err = client:login {
  mvpd = "Cablevision", domain_name = "adobe.com",
  redirect_url = os.getenv "ADOBEPASS_API" .. "/activate/success",
  activation_url = os.getenv "ADOBEPASS_API" .. "/activate",
  on_code = function(login)
    print("Go to " .. login.qr .. " and sign in.")
  end,
}
if not profile then error(client:viewer_text(err), 0) end
print("Signed in with " .. profile.mvpd)

local catalog = assert(client:preauthorize { "CNN", "TBS", "HBO" })
print("You may watch " .. table.concat(catalog.permitted, ", "))
for _, denied in ipairs(catalog.denied) do
  print(denied.resource .. ": " .. denied.reason) -- a text for the viewer
end

local first = assert(catalog.permitted[1], "nothing to play")
local decision = assert(client:authorize(first)) -- permitted or denied
print(decision.permitted and "Playing " .. first or first .. ": " .. decision.reason)
