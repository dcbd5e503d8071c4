--- The service and the network of a simulated run.

local json = require "adobepass.util.json"
local sandbox_tokens = require "adobepass.sandbox.data.tokens"
local tools = require "spec.simulation.tools"

local next_number, upto, chance = tools.next_number, tools.upto, tools.chance
local pick, log, count = tools.pick, tools.log, tools.count
local touch, is_noisy = tools.touch, tools.is_noisy

local service = { API = "https://api.test" }

local Transfer = {}
Transfer.__index = Transfer
function Transfer:ended() return self.world.time >= self.due end
function Transfer:result()
  if not self:ended() then return nil, "late", "pending" end
  if self.response then return self.response end
  return nil, "The connection ended.", "connection_lost"
end
function Transfer.close() end

local REFUSALS = { 401, 403, 429, 500, 503 }

local function answer(status, body)
  return { status = status, headers = {}, body = body or "{}" }
end

local function headers_of(given)
  local list = {}
  for name, value in pairs(given.headers) do list[name:lower()] = value end
  return list
end

-- The processes do not read a token, and a signature takes 1 ms.
local function handle_unsigned(sandbox, request)
  local signed = sandbox_tokens.access
  sandbox_tokens.access = function() return "token-" .. sandbox:uuid() end
  local response = sandbox:handle(request)
  sandbox_tokens.access = signed
  return response
end

local function ask_service(process, given)
  local self = process.world
  local path, query = given.url:sub(#service.API + 1):match "^([^?]*)%??(.*)$"
  local response = handle_unsigned(self.sandbox, { method = given.method, path = path,
    query = query ~= "" and query or nil, body = given.body,
    headers = headers_of(given), remote_addr = "127.0.0.1" })
  local headers = {}
  for _, pair in ipairs(response.headers) do headers[pair[1]:lower()] = pair[2] end
  return { status = response.status, headers = headers, body = response.body }
end

local function note_response(process, is_register, response, given)
  local self = process.world
  log(self, process, "%s: %d", is_register and "register" or "token",
    response.status)
  if is_register and response.status == 201 then
    local id = json.decode(response.body).client_id
    self.total.registrations = self.total.registrations + 1
    self.registrations[#self.registrations + 1] = id
    process.registered = id
    -- C3: the owner whose lock was taken over has registered, too.
    if process.took_over then self.excused[id] = "takeover" end
    process.took_over = false
  elseif response.body:find "invalid_client" then
    local id = given.body:match "client_id=([%w-]+)"
    if id then self.refused[id] = true end
  end
end

--- Sends a request of a process. Returns its transfer.
function service.submit(process, given)
  local self = process.world
  local is_register = given.url:find("register", 1, true) ~= nil
  local transfer = setmetatable({ world = self,
    due = self.time + 0.02 + next_number(self) * 0.3 }, Transfer)
  local kind = is_noisy(self) and chance(self, self.rate)
    and upto(self, 5) or 0
  if kind == 1 then
    count(self, "lost request")
    return transfer
  elseif kind == 2 then
    count(self, "refusal")
    transfer.response = answer(pick(self, REFUSALS))
    return transfer
  elseif kind == 3 and not is_register then
    count(self, "invalid_client")
    transfer.response = answer(400, '{"error":"invalid_client"}')
    note_response(process, false, transfer.response, given)
    return transfer
  end
  transfer.response = ask_service(process, given)
  note_response(process, is_register, transfer.response, given)
  if kind == 4 then
    touch(process, "lost response")
    transfer.response = nil
  elseif kind == 5 then
    touch(process, "late response")
    transfer.due = self.time + 60
  end
  return transfer
end

return service
