--- A transport that responds from a recording, without a network.
--
--   local replay = assert(adobepass_sandbox.replay "login.jsonl")
--   local client = adobepass.new { transport = replay, driver = replay:driver(), ... }
--   ... the calls of the recording, in the same order ...
--   assert(replay:finish())
--
-- Each request is redacted like a recorded one, and compared with the next of the
-- recording: method, path, query, the headers that identify a device or viewer,
-- Content-Type, and body. The origin is not compared. At the first difference the
-- transfer, and each later one, fails with the code `replay_difference`.
-- @module adobepass.sandbox.replay

local core = require "adobepass.core"
local json = require "adobepass.util.json"
local recording = require "adobepass.util.recording"
local redaction = require "adobepass.util.redaction"
local tables = require "adobepass.util.tables"
local transport = require "adobepass.sandbox.transport"

local replay = {}

local Replay = {}

-- Stands for the origin of every request.
local ORIGIN = "https://replay.invalid"
local LONGEST_TEXT = 300

-- Returns the placeholders of values that the server chose: those that appear in a
-- response before any request. The client's own values must not get them.
local function placeholders_of_server(exchanges)
  local known, reserved = {}, {}
  for _, exchange in ipairs(exchanges) do
    for name in json.encode(exchange.request):gmatch(redaction.PLACEHOLDER) do
      known[name] = true
    end
    for name in json.encode(exchange.response or {}):gmatch(redaction.PLACEHOLDER) do
      if not known[name] then reserved[name] = true end
    end
  end
  return reserved
end

local function show(value)
  if value == nil then return "none" end
  return #value <= LONGEST_TEXT and value or value:sub(1, LONGEST_TEXT) .. "..."
end

-- Returns the first difference of two redacted requests: the part that differs, its
-- expected value, its value.
local function compare(expected, got)
  for _, name in ipairs { "method", "path", "query" } do
    if expected[name] ~= got[name] then return name, expected[name], got[name] end
  end
  local names = tables.add(tables.add({}, expected.headers), got.headers)
  for _, name in ipairs(tables.sorted_keys(names)) do
    local wanted, value = expected.headers[name], got.headers[name]
    if wanted ~= value then return "header " .. name, wanted, value end
  end
  if expected.body ~= got.body then return "body", expected.body, got.body end
end

local function title(request) return request.method .. " " .. request.path end

local function difference_of(self, request)
  local number, exchange = self.sent + 1, self.exchanges[self.sent + 1]
  if not exchange then
    return ("request %d: expected none, because the recording %s, got %s"):format(
      number, self.exchanges.has_ended and "reached its limit" or "has ended",
      title(request))
  end
  local what, expected, got = compare(exchange.request, request)
  if what then
    return ("request %d (%s): %s: expected %s, got %s"):format(number,
      title(exchange.request), what, show(expected), show(got))
  end
end

local function failed(message, code)
  return { status = 0, headers = {}, body = "",
    fault = { kind = "failed", message = message, code = code } }
end

local function response_of(exchange)
  if exchange.failure then
    return failed("The recorded transfer had no response.", exchange.failure)
  end
  local response, headers = exchange.response, {}
  for name, value in pairs(response.headers) do
    headers[#headers + 1] = { name, value }
  end
  return { status = response.status, headers = headers, body = response.body or "" }
end

-- Called by adobepass.sandbox.transport for each request.
local function handle(self, request)
  self.difference = self.difference
    or difference_of(self, self.redactor:request(request))
  if self.difference then return failed(self.difference, "replay_difference") end
  self.sent = self.sent + 1
  return response_of(self.exchanges[self.sent])
end

local function now(self) return core.clock.monotonic() + self.slept end

-- Returns the fields of a sandbox that adobepass.sandbox.transport uses. Responses have
-- no delay, so it never advances the clock.
local function source_of(self)
  return { api = ORIGIN, mgmt = ORIGIN,
    now = function() return now(self) * 1000 end,
    handle = function(_, request) return handle(self, request) end }
end

--- Queues a request to any origin.
function Replay:submit(given)
  local copy = {}
  for name, value in pairs(given) do copy[name] = value end
  if type(given.url) == "string" then
    copy.url = ORIGIN .. given.url:gsub("^%a+://[^/?#]*", "")
  end
  return self.transport:submit(copy)
end

function Replay:step(seconds) return self.transport:step(seconds) end

function Replay:timeout() return self.transport:timeout() end

function Replay:close() self.transport:close() end

--- Returns a driver that does not wait: `sleep` moves its clock forward.
function Replay:driver()
  return { now = function() return now(self) end,
    sleep = function(seconds) self.slept = self.slept + seconds end,
    wait = function(sender, transfer)
      sender:step(0)
      return transfer:ended()
    end }
end

--- Returns true when every recorded request was sent and there was no difference;
-- nil, a sentence and a code: `replay_difference`, or `replay_unsent` for requests
-- that were recorded and not sent. The sentence holds placeholders, no secrets.
function Replay:finish()
  if self.difference then return nil, self.difference, "replay_difference" end
  local left = #self.exchanges - self.sent
  if left == 0 then return true end
  return nil, ("%d of %d recorded requests were not sent; the first is request %d: "
    .. "%s"):format(left, #self.exchanges, self.sent + 1,
    title(self.exchanges[self.sent + 1].request)), "replay_unsent"
end

Replay.__index = Replay

--- Opens a recording for a replay.
-- @string path
-- @return the transport; or nil, a message and a code of adobepass.util.recording
function replay.new(path)
  local exchanges, message, code = recording.read(path)
  if not exchanges then return nil, message, code end
  local self = setmetatable({ exchanges = exchanges, sent = 0, slept = 0,
    difference = nil, transport = nil,
    redactor = redaction.new(placeholders_of_server(exchanges)) }, Replay)
  self.transport = transport.new(source_of(self))
  return self
end

return replay
