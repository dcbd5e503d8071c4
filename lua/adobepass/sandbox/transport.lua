--- A sandbox with the interface of a core.http transport, without a network.
--
--   local transport = sandbox:transport()
--   local transfer = transport:submit { url = sandbox.api .. "/..." }
--   transport:step(1)
--   transfer:result()
--
-- A fault is reported as a core transport would report it. A delay passes on
-- the sandbox's clock, which `step` advances; nothing sleeps.
-- @module adobepass.sandbox.transport

local recorder = require "adobepass.util.recorder"

local Transfer = {}
Transfer.__index = Transfer

local Transport = {}
Transport.__index = Transport

local transport = {}

local DEFAULTS = { timeout = 30, max_body = 4 * 1024 * 1024 }

-- Options of a core transport that have no effect here.
local IGNORED = {}
for name in ([[ca_file ca_path client_cert client_key client_key_password
    pinned_public_key proxy user_agent connect_timeout max_headers
    max_connections max_host_connections dns_cache min_tls http2 compression
    resolve allow_http]]):gmatch "%S+" do
  IGNORED[name] = true
end

local REQUEST = {}
for name in ([[method url headers body bearer timeout connect_timeout
    max_body fresh]]):gmatch "%S+" do
  REQUEST[name] = true
end

function transport.new(sandbox, options)
  local self = { sandbox = sandbox, running = {} }
  for name, value in pairs(options or {}) do
    if not DEFAULTS[name] and not IGNORED[name] then
      error("unknown option " .. tostring(name), 3)
    end
    self[name] = value
  end
  self.timeout_seconds = self.timeout or DEFAULTS.timeout
  self.max_body = self.max_body or DEFAULTS.max_body
  self.timeout = nil -- otherwise the field hides the method `timeout`
  return setmetatable(self, Transport)
end

-- Splits a URL of the api or the management host; nil for other origins.
local function target(sandbox, url)
  local rest = url:gsub("#.*$", "")
  for role, origin in pairs { api = sandbox.api, mgmt = sandbox.mgmt } do
    local tail = rest:sub(#origin + 1)
    if rest:sub(1, #origin) == origin and (tail == "" or tail:find "^[/?]")
    then
      local path, query = tail:match "^([^?]*)%??(.*)$"
      if sandbox.api == sandbox.mgmt then role = nil end
      return { host_role = role, path = path == "" and "/" or path,
               query = query ~= "" and query or nil }
    end
  end
end

local function build(sandbox, given)
  local request = target(sandbox, given.url)
  if not request then return nil end
  request.method = given.method or "GET"
  request.headers = recorder.headers(given)
  request.headers.host = given.url:match "^%a+://([^/?#]+)"
  request.body, request.remote_addr = given.body or "", "127.0.0.1"
  return request
end

local function check(given)
  for name in pairs(given) do
    if not REQUEST[name] then
      error("unknown option " .. tostring(name), 3)
    end
  end
  if type(given.url) ~= "string" then error("url: string expected", 3) end
end

--- Queues a request; the next step sends it.
-- @return transfer | nil, message, code
function Transport:submit(given)
  check(given)
  if self.closed then return nil, "The transport is closed.", "closed" end
  local now = self.sandbox:now()
  local transfer = setmetatable({
    started = now, request = build(self.sandbox, given),
    deadline = now + (given.timeout or self.timeout_seconds) * 1000,
    max_body = given.max_body or self.max_body,
  }, Transfer)
  table.insert(self.running, transfer)
  return transfer
end

local HEADERS = {
  __index = function(headers, name)
    return type(name) == "string" and rawget(headers, name:lower()) or nil
  end,
}

local function joined(list)
  local headers = {}
  for _, header in ipairs(list) do
    local name = header[1]:lower()
    headers[name] = headers[name] and headers[name] .. ", " .. header[2]
      or header[2]
  end
  return setmetatable(headers, HEADERS)
end

local function result_of(sandbox, transfer, response)
  local list = {}
  for i, header in ipairs(response.headers) do
    list[i] = { header[1], header[2] }
  end
  local seconds = (sandbox:now() - transfer.started) / 1000
  return {
    status = response.status, body = response.body, http_version = "1.1",
    reused = true, header_list = list, headers = joined(list),
    timings = { name = 0, connect = 0, tls = 0, first_byte = seconds,
                total = seconds },
  }
end

local LOST = { "The connection ended before the response was complete.",
               "connection_lost" }
local LATE = { "The server did not respond in time.", "timeout" }
local LARGE = { "The response is larger than allowed.", "too_large" }

-- The effect of each fault kind: returns a failure, or changes the response.
local FAULTS = {
  reset_before = function() return LOST end,
  reset_within = function() return LOST end,
  reset_after = function() end, -- the response was complete
  failed = function(_, fault) return { fault.message, fault.code } end,
  tls = function()
    return { "No secure connection could be made.", "tls_failed" }
  end,
  huge = function(response, fault)
    local missing = fault.bytes - #response.body
    -- No padding is needed for a body that exceeds the limit.
    if fault.bytes > response.limit then return LARGE end
    response.body = response.body .. (" "):rep(missing)
  end,
  delay = function(response, fault) response.delay = fault.seconds end,
  drip = function(response, fault)
    response.delay = math.ceil(#response.body / fault.bytes) * fault.seconds
  end,
}

local function dispatch(self, transfer)
  local request = transfer.request
  if not request then
    transfer.failure =
      { "The server could not be reached.", "connect_failed" }
    return
  end
  local response = self.sandbox:handle(request)
  response.limit = transfer.max_body
  local fault = response.fault
  transfer.failure = fault and FAULTS[fault.kind](response, fault)
  if #response.body > transfer.max_body then transfer.failure = LARGE end
  transfer.due = transfer.started + (response.delay or 0) * 1000
  transfer.response = response
end

local function finish(self, transfer)
  if transfer.failure then return end
  if transfer.due > transfer.deadline then
    transfer.failure = LATE
  else
    transfer.outcome = result_of(self.sandbox, transfer, transfer.response)
  end
end

-- A queued transfer has no `due` yet; the next step sends it.
local function ends_at(transfer)
  if transfer.failure or not transfer.due then return transfer.started end
  return math.min(transfer.due, transfer.deadline)
end

local function finish_due(self)
  local now, left, ended = self.sandbox:now(), {}, 0
  for _, transfer in ipairs(self.running) do
    if transfer.done then
      ended = ended + 1
    elseif ends_at(transfer) <= now then
      transfer.done, ended = true, ended + 1
      finish(self, transfer)
    else
      left[#left + 1] = transfer
    end
  end
  self.running = left
  return ended
end

local function next_end(self)
  local soonest
  for _, transfer in ipairs(self.running) do
    local at = ends_at(transfer)
    if not soonest or at < soonest then soonest = at end
  end
  return soonest
end

--- Processes all requests. If none ends now, advances the clock by at most
-- `seconds` to the time when the next one ends.
-- @return the number of transfers that still run
function Transport:step(seconds)
  if self.closed then return nil, "The transport is closed.", "closed" end
  for _, transfer in ipairs(self.running) do
    if not transfer.done and not transfer.response
        and not transfer.failure then
      dispatch(self, transfer)
    end
  end
  if finish_due(self) == 0 and #self.running > 0 and (seconds or 0) > 0 then
    local now = self.sandbox:now()
    local wait = math.min(next_end(self) - now, seconds * 1000)
    -- The clock counts whole ms: round up, or a fraction of one would never elapse.
    self.sandbox.control.clock { advance = math.max(0, math.ceil(wait - 1e-6)) }
    finish_due(self)
  end
  return #self.running
end

--- Returns the seconds until a step is needed; nil if there is no deadline.
function Transport:timeout()
  local at = not self.closed and next_end(self)
  return at and math.max(0, (at - self.sandbox:now()) / 1000) or nil
end

function Transport:close()
  for _, transfer in ipairs(self.running) do
    transfer.done = true
    transfer.failure = { "The transport is closed.", "closed" }
  end
  self.running, self.closed = {}, true
end

--- Returns the response, or nil, message, code ("pending" while it runs).
function Transfer:result()
  if self.discarded then return nil, self.discarded[1], self.discarded[2] end
  if not self.done then return nil, "pending", "pending" end
  if self.failure then return nil, self.failure[1], self.failure[2] end
  return self.outcome
end

--- Returns whether the transfer has a result or a failure.
function Transfer:ended() return self.done == true end

--- Cancels a running transfer; discards the result of an ended one.
function Transfer:close()
  if self.discarded then return end
  self.discarded = self.done and { "The transfer is closed.", "closed" }
    or { "The request was cancelled.", "cancelled" }
  self.done, self.failure = true, self.discarded
end

return transport
