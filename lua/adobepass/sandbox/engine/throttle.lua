--- The throttle: one request per second for each client address, after a burst
-- that it has once. Page: throttling-mechanism; its table of an example is a
-- spec of ours. Seconds are counted from a client's first request.
-- @module adobepass.sandbox.engine.throttle

local call = require "adobepass.sandbox.engine.request_context"
local core = require "adobepass.core"
local respond = require "adobepass.sandbox.engine.respond"

local throttle = {}

local function is_limited(path)
  return path:find "^/api/v2/" ~= nil or path:find "^/o/client/" ~= nil
end

local function is_quiet(client, now, settings)
  return now - client.last > settings.forget_after * 1000
end

local function seen(box, address, now)
  local settings, clients = box.world.throttle, box.state.clients_seen
  local client = clients[address]
  if not client or is_quiet(client, now, settings) then
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

-- A load balancer's cookies, which a client must neither need nor keep.
local function cookie(box)
  local value = core.base64.encode(box:random(48))
  return "AWSALB=" .. value .. "; Path=/",
    "AWSALBCORS=" .. value .. "; Path=/; SameSite=None; Secure"
end

--- The documented answer: HTML, cookies, no Retry-After.
function throttle.response(box, retry_after)
  local response = respond.html(429)
  local first, second = cookie(box)
  table.insert(response.headers, { "Set-Cookie", first })
  table.insert(response.headers, { "Set-Cookie", second })
  if retry_after then
    table.insert(response.headers, { "Retry-After", tostring(retry_after) })
  end
  return response
end

--- nil where the request may pass, else the answer.
function throttle.check(box, request)
  if not box.is_throttled or not is_limited(request.path) then return nil end
  local now = box:now()
  local client = seen(box, call.address(request), now)
  if not admit(client, now) then return throttle.response(box) end
end

return throttle
