--- Requests to the gateway of examples/openresty.

local core = require "adobepass.core"
local json = require "adobepass.util.json"

local gateway = {}

local TIMEOUT = 10 -- seconds

--- Exchanges a media token for the URL of a channel's playlist; in a task.
-- Returns the URL; or nil and a text for the viewer.
function gateway.playlist(url, driver, channel, token)
  local transport = gateway.transport or assert(core.http.new { timeout = TIMEOUT })
  gateway.transport = transport
  local transfer = assert(transport:submit { method = "POST",
    url = ("%s/ticket/%s"):format(url, channel.id),
    headers = { ["Content-Type"] = "application/json" },
    body = json.encode { media_token = token } })
  driver.wait(transport, transfer, driver.now() + TIMEOUT)
  local response = transfer:result()
  transfer:close()
  local body = response and json.decode(response.body)
  if response and response.status == 200 then return url .. body.playlist end
  return nil, body and body.viewer_text or "The stream is not available."
end

return gateway
