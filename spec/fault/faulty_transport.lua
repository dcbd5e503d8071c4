--- A transport before the sandbox on which everything goes wrong, by a die.
--
--   local transport = network.new { die =, box =, witness =, part = 0.3 }
--
-- `part` of all requests meet one fault, or several at once. What is done to
-- clocks and to the service itself is noted: `transport.jumped`, in seconds.

local header_table = require "adobepass.api.request".header_table
local http_date = require "spec.support.date_header"
local json = require "adobepass.util.json"
local junk = require "spec.fault.damaged_json"

local network = {}

-- --- an answer that arrives -------------------------------------------------

local Transfer = {}
Transfer.__index = Transfer

function Transfer:result()
  local response, message, code = self.inner:result()
  if not response or self.delivered then return response, message, code end
  self.delivered = true
  local network_of = self.transport
  response.headers.date = http_date((network_of.box:now()) / 1000)
  for _, spoil in ipairs(self.spoils) do
    spoil(network_of, response, self.request)
  end
  network_of.witness:delivered(self.request, response)
  return response
end

function Transfer:ended() return self.inner:ended() end

function Transfer:close() self.inner:close() end

-- --- what goes wrong on the way ---------------------------------------------

-- The sandbox's own faults, with settings.
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

local spoils = {}

function spoils.json(self, response)
  response.body = junk.spoil(self.die, response.body) or response.body
end

function spoils.bytes(self, response)
  response.body = junk.mutate(self.die, response.body)
end

-- A server that repeats in its error all that was sent to it.
function spoils.echo(self, response, request)
  local parts = { request.url, request.body or "",
    request.bearer and (request.bearer:reveal()) or "" }
  for name, value in pairs(header_table(request)) do
    parts[#parts + 1] = name .. ": " .. value
  end
  local all = table.concat(parts, " ")
  local place = self.die:pick { "code", "message", "details", "trace" }
  local err = { code = "echo", message = "echo", [place] = all:sub(1, 3000) }
  response.status = self.die:pick { 400, 401, 403, 429, 500 }
  response.body = json.encode(self.die:chance(0.5) and { error = err } or err)
end

-- The server's clock is wrong, or the header is no date.
function spoils.date(self, response)
  local off = self.die:pick { -3e8, -86400, -3600, 3600, 86400, 3e8 }
  response.headers.date = self.die:chance(0.3) and self.die.bytes(9)
    or http_date(self.box:now() / 1000 + off)
end

function spoils.retry_after(self, response)
  response.headers["retry-after"] = self.die:pick { "-1", "1e9", "x", "",
    ("9"):rep(400), "0", "1", "Sun, 06 Nov 1994 08:49:37 GMT" }
end

-- --- what goes wrong in the world -------------------------------------------

local worlds = {}

function worlds.token(self, request)
  if request.bearer then
    self.box.control.revoke { token = (request.bearer:reveal()) }
  end
end

-- In the order of their names: that of pairs is another one each time.
function worlds.client(self)
  local ids = {}
  for id in pairs(self.box.state.clients) do ids[#ids + 1] = id end
  if #ids == 0 then return end
  table.sort(ids)
  self.box.control.revoke { client_id = self.die:pick(ids) }
end

function worlds.mvpd(self)
  self.box.control.revoke { mvpd = self.die:pick { "Cablevision", "Dish" } }
end

function worlds.degrade(self)
  self.box.control.set_degradation { service_provider = "REF30",
    mvpd = self.die:pick { "Cablevision", "Dish", "Spectrum" },
    rule = self.die:pick { "AuthNAll", "AuthZAll", "AuthZNone" },
    seconds = self.die:pick { 5, 600 } }
end

function worlds.heal(self) self.box.control.clear_degradation {} end

-- All clocks: the device was asleep.
function worlds.sleep(self)
  local seconds = self.die:pick { 1, 40, 400, 7 * 3600, 40 * 86400 }
  self.jumped = self.jumped + seconds
  assert(self.box.control.advance(seconds * 1000))
end

-- The device's time of day alone.
function worlds.wall(self)
  self.wall = self.die:pick { -1.6e9, -86400, -60, 0, 60, 86400, 3e8 }
end

-- Lists, since a die cannot pick from a map twice alike.
local function list_of(map)
  local names, list = {}, {}
  for name in pairs(map) do names[#names + 1] = name end
  table.sort(names)
  for index, name in ipairs(names) do list[index] = map[name] end
  return list
end

local SPOILS, WORLDS = list_of(spoils), list_of(worlds)

-- The most telling of them, and the one with the most ways to go wrong.
for _ = 1, 4 do SPOILS[#SPOILS + 1] = spoils.json end

local Transport = {}
Transport.__index = Transport

local function strike(self, request, chosen)
  self.faults = self.faults + 1
  local throw = self.die:upto(10)
  if throw <= 4 then
    local fault = { operation = "*" }
    for name, value in pairs(self.die:pick(FAULTS)) do fault[name] = value end
    fault.count = self.die:pick { 1, 1, 2, 5 }
    assert(self.box.control.fault(fault))
  elseif throw <= 8 then
    chosen[#chosen + 1] = self.die:pick(SPOILS)
  else
    self.die:pick(WORLDS)(self, request)
  end
end

function Transport:submit(request)
  self.witness:sent(request)
  local chosen = {}
  while self.die:chance(self.part) do strike(self, request, chosen) end
  local inner, message, code = self.inner:submit(request)
  if not inner then return nil, message, code end
  return setmetatable({ transport = self, inner = inner, spoils = chosen,
    request = request }, Transfer)
end

function Transport:step(seconds) return self.inner:step(seconds) end
function Transport:timeout() return self.inner:timeout() end
function Transport:close() return self.inner:close() end

-- What the service says is heard where it says it, with the request that it
-- says it to.
local function listen(self, inner)
  local submit = inner.submit
  function inner.submit(transport, request)
    local transfer, message, code = submit(transport, request)
    if transfer then transfer.asked = request end
    return transfer, message, code
  end
  function self.heard_by_box(request, response)
    for _, transfer in ipairs(inner.running) do
      if transfer.request == request then
        self.witness:answered(transfer.asked, response)
      end
    end
  end
end

--- given: die, box, witness, part
function network.new(given)
  local inner = given.box:transport()
  local self = setmetatable({ die = given.die, box = given.box,
    witness = given.witness, part = given.part, inner = inner, jumped = 0,
    wall = 0, faults = 0 }, Transport)
  listen(self, inner)
  return self
end

return network
