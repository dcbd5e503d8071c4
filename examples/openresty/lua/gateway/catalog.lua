--- What there is, and what this viewer may watch of it. Adobe's cookbook,
-- step 2.a and phase C.
-- @module gateway.catalog

local json = require "adobepass.util.json"
local viewer = require "gateway.viewer"

local catalog = {}

local channels, resources

function catalog.start(config)
  channels, resources = config.channels.list, {}
  for index, channel in ipairs(channels) do
    resources[index] = channel.resource
  end
end

--- GET /providers: for the picker of a television on which nobody is signed
-- in.
function catalog.providers(request)
  local list, err = viewer.platform_client(request.who):providers()
  if not list then return nil, err end
  local shown = {}
  for index, item in ipairs(list) do
    shown[index] = { id = item.id, name = item.display_name,
      logo_url = item.logo_url, remembered = item.remembered }
  end
  return { providers = json.array(shown) }
end

-- This view keeps permits in memory. Who signed in since, perhaps by way of
-- another worker, has none of them.
local function forget_others(view)
  local profile = view:recall "profile"
  local whose = profile and ("%s %s"):format(profile.mvpd, profile.not_before)
  if view.permits_of ~= whose then view:clear_permits() end
  view.permits_of = whose
end

--- GET /catalog: every channel, open or with the reason why not. It is no
-- right to play.
function catalog.list(request)
  local view = viewer.client(request.who)
  forget_others(view)
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
