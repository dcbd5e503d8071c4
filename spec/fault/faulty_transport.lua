--- A transport of the sandbox with random faults.
--
--   local transport = faulty_transport.new { random =, sandbox =, invariants =,
--     fault_rate = 0.3 }
--
-- `fault_rate` is the share of requests with one or more faults.
-- `transport.jumped` is the sum of clock jumps, in seconds.

local core = require "adobepass.core"
local http_date = require "adobepass.util.http_date"
local json = require "adobepass.util.json"
local damaged_json = require "spec.fault.damaged_json"

local faulty_transport = {}

-- --- Responses --------------------------------------------------------------

local Transfer = {}
Transfer.__index = Transfer

function Transfer:result()
  local response, message, code = self.inner:result()
  if not response or self.delivered then return response, message, code end
  self.delivered = true
  local owner = self.transport
  response.headers.date = http_date.format((owner.sandbox:now()) / 1000)
  for _, damage in ipairs(self.damages) do
    damage(owner, response, self.request)
  end
  owner.invariants:record_delivery(self.request, response)
  return response
end

function Transfer:ended() return self.inner:ended() end

function Transfer:close() self.inner:close() end

-- --- Faults of the network --------------------------------------------------

-- Faults of the sandbox, with parameters.
local FAULTS = {
  { kind = "delay", seconds = 2 }, { kind = "delay", seconds = 40 },
  { kind = "reset_before" }, { kind = "reset_within" },
  { kind = "reset_after" }, { kind = "tls" }, { kind = "truncated" },
  { kind = "huge" }, { kind = "huge", bytes = 65536 },
  { kind = "drip", seconds = 0.1, bytes = 64 },
  { kind = "drip", seconds = 5, bytes = 8 },
  { kind = "wrong_content_type" }, { kind = "garbage" },
  { kind = "garbage", bytes = 3 },
  { kind = "too_many_requests" },
  { kind = "too_many_requests", retry_after = 2 },
  { kind = "too_many_requests", retry_after = 86400 },
  { kind = "status", status = 503, retry_after = 1 },
}
for _, status in ipairs { 200, 204, 302, 400, 401, 403, 404, 500, 502, 503,
  504 } do
  FAULTS[#FAULTS + 1] = { kind = "status", status = status }
end
for _, code in ipairs { "internal_server_error", "too_many_resources",
  "network_connection_timeout", "authenticated_profile_invalidated",
  "authenticated_profile_expired", "temporary_access_duration_limit_exceeded",
  "invalid_access_token_client_application", "invalid_parameter_code",
  "invalid_access_token_service_provider", "invalid_integration",
  "authorization_denied_by_mvpd" } do
  FAULTS[#FAULTS + 1] = { kind = "error", code = code }
end

local damages = {}

function damages.json(self, response)
  response.body = damaged_json.damage(self.random, response.body)
    or response.body
end

function damages.bytes(self, response)
  response.body = damaged_json.mutate(self.random, response.body)
end

-- A server whose error repeats the whole request, with decoded headers.
function damages.echo(self, response, request)
  local parts = { request.url, request.body or "",
    request.bearer and (request.bearer:reveal()) or "" }
  for name, value in pairs(request.headers) do
    local plain = value:gsub("^fingerprint ", "")
    parts[#parts + 1] = name .. ": " .. value
    parts[#parts + 1] = core.base64.decode(plain) or core.jws.peek(plain)
  end
  local all = table.concat(parts, " ")
  local place = self.random:pick { "code", "message", "details", "trace" }
  local err = { code = "echo", message = "echo", [place] = all:sub(1, 3000) }
  response.status = self.random:pick { 400, 401, 403, 429, 500 }
  response.body = json.encode(self.random:chance(0.5) and { error = err }
    or err)
end

-- The server's clock is wrong, or the header is invalid.
function damages.date(self, response)
  local off = self.random:pick { -3e8, -86400, -3600, 3600, 86400, 3e8 }
  response.headers.date = self.random:chance(0.3) and self.random.bytes(9)
    or http_date.format(self.sandbox:now() / 1000 + off)
end

function damages.retry_after(self, response)
  response.headers["retry-after"] = self.random:pick { "-1", "1e9", "x", "",
    ("9"):rep(400), "0", "1", "Sun, 06 Nov 1994 08:49:37 GMT" }
end

-- --- Faults of the service and of clocks ------------------------------------

local disturbances = {}

function disturbances.token(self, request)
  if request.bearer then
    self.sandbox.control.revoke { token = (request.bearer:reveal()) }
  end
end

-- Sorted, because the order of pairs differs between runs.
function disturbances.client(self)
  local ids = {}
  for id in pairs(self.sandbox.state.clients) do ids[#ids + 1] = id end
  if #ids == 0 then return end
  table.sort(ids)
  self.sandbox.control.revoke { client_id = self.random:pick(ids) }
end

function disturbances.mvpd(self)
  self.sandbox.control.revoke {
    mvpd = self.random:pick { "Cablevision", "Dish" } }
end

function disturbances.degrade(self)
  self.sandbox.control.degrade { service_provider = "REF30",
    mvpd = self.random:pick { "Cablevision", "Dish", "Spectrum" },
    rule = self.random:pick { "AuthNAll", "AuthZAll", "AuthZNone" },
    seconds = self.random:pick { 5, 600 } }
end

function disturbances.heal(self) self.sandbox.control.degrade { clear = true } end

-- All clocks jump: the device was suspended.
function disturbances.sleep(self)
  local seconds = self.random:pick { 1, 40, 400, 7 * 3600, 40 * 86400 }
  self.jumped = self.jumped + seconds
  assert(self.sandbox.control.clock { advance = seconds * 1000 })
end

-- Only the device's wall clock jumps.
function disturbances.wall(self)
  self.wall = self.random:pick { -1.6e9, -86400, -60, 0, 60, 86400, 3e8 }
end

-- Returns a sorted list, so that a seed always picks the same value.
local function list_of(map)
  local names, list = {}, {}
  for name in pairs(map) do names[#names + 1] = name end
  table.sort(names)
  for index, name in ipairs(names) do list[index] = map[name] end
  return list
end

local DAMAGES, DISTURBANCES = list_of(damages), list_of(disturbances)

-- Damaged JSON has the most variants, so it is more likely.
for _ = 1, 4 do DAMAGES[#DAMAGES + 1] = damages.json end

local Transport = {}
Transport.__index = Transport

local function add_fault(self, request, chosen)
  self.faults = self.faults + 1
  local choice = self.random:upto(10)
  if choice <= 4 then
    local fault = { operation = "*" }
    for name, value in pairs(self.random:pick(FAULTS)) do
      fault[name] = value
    end
    fault.count = self.random:pick { 1, 1, 2, 5 }
    assert(self.sandbox.control.fault(fault))
  elseif choice <= 8 then
    chosen[#chosen + 1] = self.random:pick(DAMAGES)
  else
    self.random:pick(DISTURBANCES)(self, request)
  end
end

function Transport:submit(request)
  self.invariants:check_request(request)
  local chosen = {}
  while self.random:chance(self.fault_rate) do
    add_fault(self, request, chosen)
  end
  local inner, message, code = self.inner:submit(request)
  if not inner then return nil, message, code end
  return setmetatable({ transport = self, inner = inner, damages = chosen,
    request = request }, Transfer)
end

function Transport:step(seconds) return self.inner:step(seconds) end
function Transport:timeout() return self.inner:timeout() end
function Transport:close() return self.inner:close() end

-- Records each response together with the request that the client sent.
local function observe_responses(self, inner)
  local submit = inner.submit
  function inner.submit(transport, request)
    local transfer, message, code = submit(transport, request)
    if transfer then transfer.original = request end
    return transfer, message, code
  end
  function self.record_response(request, response)
    for _, transfer in ipairs(inner.running) do
      if transfer.request == request then
        self.invariants:record_response(transfer.original, response)
      end
    end
  end
end

--- given: random, sandbox, invariants, fault_rate
function faulty_transport.new(given)
  local inner = given.sandbox:transport()
  local self = setmetatable({ random = given.random, sandbox = given.sandbox,
    invariants = given.invariants, fault_rate = given.fault_rate, inner = inner,
    jumped = 0,
    wall = 0, faults = 0 }, Transport)
  observe_responses(self, inner)
  return self
end

return faulty_transport
