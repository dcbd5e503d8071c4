--- A transport that records the exchanges of another one.
-- @module adobepass.util.recorder

local recorder = {}

local Transport = {}
Transport.__index = Transport

local Transfer = {}
Transfer.__index = Transfer

--- Returns the headers of a transport's request by lower-case name, with the access
-- token as Authorization.
-- @tparam table given the request, as for core.http's submit
function recorder.headers(given)
  local headers = {}
  for name, value in pairs(given.headers or {}) do
    if type(value) == "table" then value = table.concat(value, ", ") end
    headers[name:lower()] = value
  end
  local bearer = given.bearer
  if bearer then
    headers.authorization = "Bearer "
      .. (type(bearer) == "string" and bearer or (bearer:reveal()))
  end
  return headers
end

local function request_of(given)
  local path, query = given.url:match "^%a+://[^/?#]*([^?#]*)%??([^#]*)"
  return { method = given.method or "GET", path = path or given.url,
    query = query ~= "" and query or nil, headers = recorder.headers(given),
    body = given.body }
end

--- Queues a request, as the transport does.
function Transport:submit(given)
  local inner, message, code = self.inner:submit(given)
  if not inner then return nil, message, code end
  local transfer = setmetatable({ inner = inner, owner = self,
    exchange = self.recording:begin(request_of(given)) }, Transfer)
  self.transfers[inner] = transfer
  return transfer
end

--- Steps the transport. The recorder's transfers that have ended are appended to the
-- list `ended`.
function Transport:step(seconds, ended)
  local list = ended and {}
  local running, message, code = self.inner:step(seconds, list)
  for _, inner in ipairs(list or {}) do
    ended[#ended + 1] = self.transfers[inner]
  end
  return running, message, code
end

function Transport:timeout() return self.inner:timeout() end

--- Closes the transport and the recording.
function Transport:close()
  self.inner:close()
  self.recording:close()
end

-- Writes the exchange once: at its first result, or when it is closed before.
local function finish(self, response, failure)
  local exchange = self.exchange
  if not exchange then return end
  self.exchange = nil
  local done, message, code =
    self.owner.recording:finish(exchange, response, failure)
  if not done then self.owner.on_end(message, code) end
end

function Transfer:result()
  local response, message, code = self.inner:result()
  if response or code ~= "pending" then finish(self, response, code) end
  return response, message, code
end

function Transfer:ended() return self.inner:ended() end

--- Closes the transfer. One without a response is recorded as a timeout.
function Transfer:close()
  finish(self, nil, "timeout")
  self.inner:close()
end

--- Creates a recording transport.
-- @param transport with the interface of core.http
-- @param recording of adobepass.util.recording
-- @tparam function on_end called with a message and a code when the recording ends
-- before the transport is closed
function recorder.wrap(transport, recording, on_end)
  -- Weak values: a transfer is cancelled after its caller has dropped it.
  local self = setmetatable({ inner = transport, recording = recording,
    transfers = setmetatable({}, { __mode = "v" }), on_end = on_end, sockets = nil },
    Transport)
  if transport.sockets then
    self.sockets = function() return transport:sockets() end
  end
  return self
end

return recorder
