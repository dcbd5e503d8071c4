--- A client fixture with a timeline: the server sends its Date, the spec may
-- replace responses, and every request is recorded with its time.
--
--   local scenario = timeline.new { ... }    options of spec.support.client_fixture
--   scenario:at(12.5, action)           schedules an action, in seconds
--   scenario:run(body)                  runs body beside the scheduled actions
--   scenario:set_responder(function(request, operation, seconds)
--     return { status =, body =, headers = } or { error = code }
--   end)                                nil: the sandbox responds
--   scenario:respond_with(operation, body)   a fixed response for one operation
--   scenario:request_times(operation)   the seconds of its requests
--   scenario:sign_in(code)              signs a viewer in on a second screen

local http_date = require "adobepass.util.http_date"
local json = require "adobepass.util.json"
local client_fixture = require "spec.support.client_fixture"

-- luacheck: read_globals table.unpack unpack
local unpack = table.unpack or unpack

local timeline = {}

-- --- A transport that records requests and may respond itself --------------

local Transfer = {}
Transfer.__index = Transfer

local function response_of(given, date)
  local headers = { date = date }
  for name, value in pairs(given.headers or {}) do headers[name] = value end
  return { status = given.status or 200, headers = headers, reused = true,
    body = type(given.body) == "table" and json.encode(given.body)
      or given.body or "", http_version = "1.1" }
end

function Transfer:result()
  local given = self.given
  if not given then
    local response, message, code = self.inner:result()
    if response then response.headers.date = self.timeline:date() end
    return response, message, code
  end
  if given.error then return nil, "It failed.", given.error end
  return response_of(given, self.timeline:date())
end

function Transfer:ended()
  return self.given ~= nil or self.inner:ended()
end

function Transfer:close()
  if self.inner then self.inner:close() end
end

local OPERATIONS = {
  { "POST", "/o/client/register$", "register" },
  { "POST", "/o/client/token$", "token" },
  { "GET", "/configuration$", "configuration" },
  { "POST", "/sessions/sso/[^/]+$", "partner_session" },
  { "POST", "/sessions$", "create_session" },
  { "POST", "/sessions/[^/]+$", "resume_session" },
  { "GET", "/sessions/[^/]+$", "session" },
  { "GET", "/profiles$", "profiles" },
  { "GET", "/profiles/code/[^/]+$", "profile_for_code" },
  { "GET", "/profiles/[^/]+$", "profile" },
  { "POST", "/decisions/authorize/[^/]+$", "authorize" },
  { "POST", "/decisions/preauthorize/[^/]+$", "preauthorize" },
  { "GET", "/logout/[^/]+$", "logout" },
}

local function operation_of(request)
  local path = request.url:gsub("%?.*$", "")
  for _, row in ipairs(OPERATIONS) do
    if row[1] == (request.method or "GET") and path:find(row[2]) then
      return row[3]
    end
  end
  return "other"
end

local Transport = {}

function Transport.submit(self, request)
  local scenario, name = self.timeline, operation_of(request)
  local seconds = scenario.driver.now()
  table.insert(scenario.requests, { operation = name, at = seconds,
    request = request })
  local given = scenario.responder
    and scenario.responder(request, name, seconds)
  local inner, message, code
  if not given then
    inner, message, code = self.inner:submit(request)
    if not inner then return nil, message, code end
  end
  return setmetatable({ timeline = scenario, given = given, inner = inner },
    Transfer)
end

function Transport.step(self, seconds) return self.inner:step(seconds) end
function Transport.timeout(self) return self.inner:timeout() end
function Transport.close(self) return self.inner:close() end
Transport.__index = Transport

-- --- The scenario ----------------------------------------------------------

local Timeline = {}

function Timeline.__index(_, name)
  return Timeline[name] or client_fixture.Fixture[name]
end

--- Returns a Date header with the current time.
function Timeline:date() return http_date.format(self.sandbox:now() / 1000) end

--- Returns another client of the same sandbox, clock and network.
function Timeline:new_client(changes)
  local fields = { transport = setmetatable({ timeline = self,
    inner = self.sandbox:transport() }, Transport) }
  for name, value in pairs(changes or {}) do fields[name] = value end
  return client_fixture.Fixture.new_client(self, fields)
end

function Timeline:set_responder(responder) self.responder = responder end

--- Responds to an operation with a body, or with a function's result.
function Timeline:respond_with(operation, body, status)
  self:set_responder(function(_, asked)
    if asked == operation then
      return { body = type(body) == "function" and body() or body,
        status = status }
    end
  end)
end

--- Returns a profile in the format of the service, valid for `days`.
function Timeline:new_profile(days, more)
  local profile = { notBefore = self.sandbox:now(), type = "regular",
    issuer = "Adobe", notAfter = self.sandbox:now() + days * 86400000,
    attributes = {} }
  for name, value in pairs(more or {}) do profile[name] = value end
  return profile
end

function Timeline:at(seconds, action)
  table.insert(self.actions, function()
    self.driver.sleep(seconds - self.driver.now())
    action()
  end)
end

--- Runs a function beside the scheduled actions. Returns its first two results.
function Timeline:run(body)
  local first, second
  local actions = self.actions
  self.actions = {}
  self.driver.run(function() first, second = body() end,
    unpack(actions))
  return first, second
end

function Timeline:request_times(operation)
  local list = {}
  for _, entry in ipairs(self.requests) do
    if entry.operation == operation then list[#list + 1] = entry.at end
  end
  return list
end

--- Returns the number of requests of each operation.
function Timeline:counts()
  local counts = {}
  for _, entry in ipairs(self.requests) do
    counts[entry.operation] = (counts[entry.operation] or 0) + 1
  end
  return counts
end

function Timeline:clear_requests() self.requests = {} end

function Timeline:sign_in(code, username, mvpd)
  assert(self.control.login { code = code, username = username or "ann",
    mvpd = mvpd })
end

--- Signs a viewer in on this device, without the client.
function Timeline:signed_in(mvpd, username)
  assert(self.control.login { service_provider = "REF30",
    device = "ba23d141-d715-561c-94f4-e9e4c966b1eb",
    mvpd = mvpd or "Cablevision", username = username or "ann" })
end

--- Returns options of a login with a second screen; false omits one.
function timeline.login_options(changes)
  local options = { mvpd = "Cablevision", domain_name = "adobe.com",
    redirect_url = "https://adobe.com" }
  for name, value in pairs(changes or {}) do options[name] = value or nil end
  return options
end

--- Takes fields of adobepass.new, and `sandbox`: options of
-- spec.sandbox.fixture.
function timeline.new(changes)
  local fields = {}
  for name, value in pairs(changes or {}) do fields[name] = value end
  local scenario = client_fixture.new { sandbox = fields.sandbox }
  fields.sandbox = nil
  scenario = setmetatable(
    { sandbox = scenario.sandbox, control = scenario.control,
    driver = scenario.driver, statement = scenario.statement, requests = {},
    actions = {} },
    Timeline)
  scenario.client = scenario:new_client(fields)
  return scenario
end

return timeline
