--- The service's rate limit: one request per second for each client address, after a
-- one-time burst. Page: throttling-mechanism; a spec replays its example.
-- A window of one second starts at the client's first request.
-- @module adobepass.sandbox.engine.throttle

local request_context = require "adobepass.sandbox.engine.request_context"
local core = require "adobepass.core"
local http_response = require "adobepass.sandbox.engine.http_response"

local throttle = {}

local function is_limited(path)
  return path:find "^/api/v2/" ~= nil or path:find "^/o/client/" ~= nil
end

-- No page of Adobe says that the burst refills. With `forget_after`, an idle address
-- gets a new burst.
local function is_idle(client, now, settings)
  return settings.forget_after ~= nil
    and now - client.last > settings.forget_after * 1000
end

local function entry_of(sandbox, address, now)
  local settings, clients = sandbox.world.throttle, sandbox.state.clients_seen
  local client = clients[address]
  if not client or is_idle(client, now, settings) then
    client = { first = now, window = -1, burst = settings.burst, last = now }
    clients[address] = client
  end
  return client
end

local function admit(client, now)
  local window = math.floor((now - client.first) / 1000)
  client.last = now
  if window ~= client.window then
    client.window = window
    return true
  elseif client.burst > 0 then
    client.burst = client.burst - 1
    return true
  end
  return false
end

-- Returns two cookies of a load balancer. A client need not send them back.
local function cookies(sandbox)
  local value = core.base64.encode(sandbox:random(48))
  return "AWSALB=" .. value .. "; Path=/",
    "AWSALBCORS=" .. value .. "; Path=/; SameSite=None; Secure"
end

--- Returns the documented 429: HTML, cookies, by default no Retry-After.
function throttle.response(sandbox, retry_after)
  local response = http_response.html(429)
  local first, second = cookies(sandbox)
  table.insert(response.headers, { "Set-Cookie", first })
  table.insert(response.headers, { "Set-Cookie", second })
  if retry_after then
    table.insert(response.headers, { "Retry-After", tostring(retry_after) })
  end
  return response
end

--- Returns nil if the request is within the limit, else the 429 response.
function throttle.check(sandbox, request)
  if not sandbox.is_throttled or not is_limited(request.plain_path) then return nil end
  local now = sandbox:now()
  local client = entry_of(sandbox, request_context.address(request), now)
  if not admit(client, now) then return throttle.response(sandbox) end
end

return throttle
