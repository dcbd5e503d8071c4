--- The app's service provider, channels and passes, and the addresses of service and
-- gateway, which start.lua puts into the environment.

local settings = {
  service_provider = "REF30",
  domain_name = "adobe.com",
  poll_interval = 3,

  -- In order of preference: the app offers the first that the service has.
  passes = { { mvpd = "TempPass_10mins", minutes = 10 },
    { mvpd = "TempPass_5mins", minutes = 5 } },

  -- `id` is the folder of the gateway; start.lua gives it the same list.
  channels = {
    { id = "news", resource = "News Now", title = "News Now" },
    { id = "arena", resource = "Arena Sport", title = "Arena Sport" },
    { id = "cinema", resource = "Cinema One", title = "Cinema One" },
    { id = "live", resource = "Live", title = "Live" },
    { id = "planet", resource = "Wild Planet", title = "Wild Planet" },
    { id = "late", resource = "Late Night", title = "Late Night" },
  },
}

function settings.resources()
  local list = {}
  for index, channel in ipairs(settings.channels) do
    list[index] = channel.resource
  end
  return list
end

--- Returns the addresses and the software statement; nil if one is missing.
function settings.service()
  local service = { api = os.getenv "ADOBEPASS_API", mgmt = os.getenv "ADOBEPASS_MGMT",
    ca = os.getenv "ADOBEPASS_CA", statement = os.getenv "ADOBEPASS_STATEMENT",
    gateway = os.getenv "TV_GATEWAY" }
  return service.api and service.statement and service.gateway and service or nil
end

--- Returns the folder of the app's data.
function settings.folder()
  local data = os.getenv "XDG_DATA_HOME" or os.getenv "HOME" .. "/.local/share"
  return data .. "/adobepass-mpv"
end

return settings
