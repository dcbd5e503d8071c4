--- Logout. Adobe's cookbook, phase E.
-- @module gateway.logout

local flows = require "gateway.flows"
local json = require "adobepass.util.json"
local viewer = require "gateway.viewer"

local logout = {}

local config

function logout.start(given) config = given end

--- POST /logout: returns the result for each provider, and the URL of its logout
-- page for a TV with a browser. The device keeps its cookie. A ticket stays valid until
-- it expires: the guard does not read the store, so deleting cookies would not end a
-- copy.
function logout.post(request)
  local good, err = flows.forget(request.who)
  if not good then return nil, err end
  local report, why = viewer.client(request.who):logout {
    redirect_url = config.redirect_url }
  if not report then return nil, why end
  local shown = {}
  for index, entry in ipairs(report) do
    shown[index] = { mvpd = entry.mvpd, outcome = entry.outcome,
      url = entry.url }
  end
  return { providers = json.array(shown) }
end

return logout
