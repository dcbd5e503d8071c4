--- The app's service provider, channels and passes, and the addresses of the
-- service, which `bin/adobepass sandbox --exec` puts into the environment.

local settings = {
  service_provider = "REF30",
  language = os.getenv "TV_LANGUAGE" == "es" and "es" or "en",
  domain_name = "adobe.com",
  poll_interval = 3,

  -- In order of preference: the app offers the first that the service has.
  passes = {
    { mvpd = "TempPass_10mins", minutes = 10 },
    { mvpd = "TempPass_5mins", minutes = 5 },
  },

  -- `id` is the resource id of the channel.
  channels = {
    { id = "News Now", about = "Headlines around the clock",
      color = { 0.85, 0.27, 0.25 }, art = "rays" },
    { id = "Arena Sport", about = "Tonight: the derby",
      color = { 0.16, 0.58, 0.36 }, art = "stripes" },
    { id = "Cinema One", about = "Premieres every night",
      color = { 0.46, 0.30, 0.72 }, art = "rings" },
    { id = "Live", about = "Concerts as they happen",
      color = { 0.88, 0.34, 0.56 }, art = "waves" },
    { id = "Kids Club", about = "Cartoons and songs",
      color = { 0.95, 0.62, 0.16 }, art = "dots" },
    { id = "Wild Planet", about = "Nature, close up",
      color = { 0.24, 0.52, 0.24 }, art = "waves" },
    { id = "Late Night", about = "Talk and comedy, 18+",
      color = { 0.22, 0.28, 0.58 }, art = "dots" },
    { id = "Matinee", about = "Classics for the family",
      color = { 0.74, 0.46, 0.24 }, art = "rings" },
    { id = "Music Box", about = "Your decade, no breaks",
      color = { 0.20, 0.55, 0.75 }, art = "stripes" },
    { id = "Kitchen", about = "Cook along at seven",
      color = { 0.80, 0.42, 0.20 }, art = "dots" },
    { id = "Docs", about = "True stories",
      color = { 0.30, 0.42, 0.50 }, art = "rays" },
    { id = "Retro", about = "Series from the eighties",
      color = { 0.62, 0.24, 0.48 }, art = "stripes" },
  },
}

function settings.resources()
  local list = {}
  for index, channel in ipairs(settings.channels) do
    list[index] = channel.id
  end
  return list
end

--- Returns the addresses and the software statement; nil if the environment has
-- none.
function settings.service()
  local api, statement = os.getenv "ADOBEPASS_API",
    os.getenv "ADOBEPASS_STATEMENT"
  if not api or not statement then return nil end
  return { api = api, mgmt = os.getenv "ADOBEPASS_MGMT",
    ca = os.getenv "ADOBEPASS_CA", statement = statement }
end

return settings
