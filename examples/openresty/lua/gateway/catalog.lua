--- The catalog, and which channels the viewer may watch. Adobe's cookbook, step 2.a
-- and phase C.
-- @module gateway.catalog

local json = require "adobepass.util.json"
local viewer = require "gateway.viewer"

local catalog = {}

local channels, resources

-- Client -> name of the profile whose permits it caches; false without a profile.
local permits_of = setmetatable({}, { __mode = "k" })

function catalog.start(config)
  channels, resources = config.channels.list, {}
  for index, channel in ipairs(channels) do
    resources[index] = channel.resource
  end
end

--- GET /providers: the list for a provider picker.
function catalog.providers(request)
  local list, err = viewer.client(request.who):providers()
  if not list then return nil, err end
  local shown = {}
  for index, item in ipairs(list) do
    shown[index] = { id = item.id, name = item.display_name,
      logo_url = item.logo_url, remembered = item.remembered }
  end
  return { providers = json.array(shown) }
end

-- A client caches the permits of its viewer. If another viewer has logged in since,
-- for example through another worker, a new client replaces it.
local function client_of(who)
  local view = viewer.client(who)
  local profile = view:remembered_profile()
  local whose = profile
    and ("%s %s"):format(profile.mvpd, profile.not_before) or false
  if (permits_of[view] or whose) ~= whose then view = viewer.new_client(who) end
  permits_of[view] = whose
  return view
end

--- GET /catalog: returns every channel, with a reason if it is locked. A permit here
-- does not allow playback.
function catalog.list(request)
  local view = client_of(request.who)
  local result, err = view:preauthorize(resources)
  if not result then return nil, err end
  local shown = {}
  for index, decision in ipairs(result.decisions) do
    local channel = channels[index]
    shown[index] = { id = channel.id, title = channel.title,
      permitted = decision.permitted, reason = decision.reason }
  end
  return { mvpd = result.mvpd, channels = json.array(shown) }
end

return catalog
