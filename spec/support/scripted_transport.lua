--- A transport with fixed responses, which records the requests.
--
--   local transport = scripted_transport.new { { status = 200, body = "{}" } }
--
-- A response has status (200), body ("") and headers ({}); or `error`, a code.
-- It may be a function of the request. The last response is repeated.

local operations = require "adobepass.api.operations"

local scripted_transport = {}

local Transfer = {}
Transfer.__index = Transfer

function Transfer:result()
  local given = self.given
  if given.error then return nil, "It failed.", given.error end
  return { status = given.status or 200, body = given.body or "",
    headers = given.headers or {}, http_version = "1.1", reused = true }
end

function Transfer.ended() return true end

function Transfer.close() end

local Transport = {}
Transport.__index = Transport

function Transport:submit(request)
  self.requests[#self.requests + 1] = request
  local given = self.responses[math.min(#self.requests, #self.responses)]
  if type(given) == "function" then given = given(request) end
  return setmetatable({ given = given }, Transfer)
end

function Transport.step() return 0 end

function Transport.close() end

local CREDENTIALS = { status = 201,
  body = '{"client_id":"an-id","client_secret":"a-secret"}' }
local TOKEN = { status = 201,
  body = '{"access_token":"a-token","expires_in":3600}' }

-- Operations without a bearer: registration and token.
local bare = {}
for _, operation in ipairs(operations) do
  bare[operation.name] = operation.bearer == false
end

--- Returns a transport that grants credentials and token, and responds with
-- `response` to all other requests. If `operation` needs no bearer, it responds
-- with `response` to all requests.
function scripted_transport.adobe(response, operation)
  return scripted_transport.new { function(request)
    if bare[operation] then return response end
    if request.url:find("/o/client/register", 1, true) then
      return CREDENTIALS
    end
    return request.url:find("/o/client/token", 1, true) and TOKEN or response
  end }
end

function scripted_transport.new(responses)
  return setmetatable({ responses = responses or { {} }, requests = {} },
    Transport)
end

return scripted_transport
