--- A transport that answers what it is told to, and remembers what it was asked.
--
--   local transport = scripted.new { { status = 200, body = "{}" }, ... }
--
-- A response: status (200), body (""), headers ({}); or `error`, a code. The
-- last one is given again and again.

local operations = require "adobepass.api.operations"

local scripted = {}

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
  local given = self.answers[math.min(#self.requests, #self.answers)]
  if type(given) == "function" then given = given(request) end
  return setmetatable({ given = given }, Transfer)
end

function Transport.step() return 0 end

function Transport.close() end

--- What the next requests get; the count of requests begins anew.
function Transport:answer(answers)
  self.answers, self.requests = answers, {}
end

local CREDENTIALS = { status = 201,
  body = '{"client_id":"an-id","client_secret":"a-secret"}' }
local TOKEN = { status = 201,
  body = '{"access_token":"a-token","expires_in":3600}' }

-- Operations that no token goes with: registration, and the token itself.
local bare = {}
for _, operation in ipairs(operations) do
  bare[operation.name] = operation.bearer == false
end

--- Credentials and token are given, `answer` to all else; to all where the
-- operation that is asked needs neither.
function scripted.adobe(answer, operation)
  return scripted.new { function(request)
    if bare[operation] then return answer end
    if request.url:find("/o/client/register", 1, true) then
      return CREDENTIALS
    end
    return request.url:find("/o/client/token", 1, true) and TOKEN or answer
  end }
end

function scripted.new(answers)
  return setmetatable({ answers = answers or { {} }, requests = {} }, Transport)
end

return scripted
