--- A story of a viewer: a stage whose server tells its time, and whose network
-- can be told what to do. Every request is noted with its moment.
--
--   local on = story.new { ... }       fields as of
-- spec.support.client_fixture
--   on:at(12.5, function() ... end)    does it at that second
--   on:play(function() ... end)        runs it, with what was told `at`
--   on:answer(function(request, operation, seconds)
--     return { status =, body =, headers = } or { error = code }
--   end)                               nil: the sandbox answers
--   on:moments "profile_for_code"      seconds of each such request
--   on:says(operation, body)           the service answers that one so
--   on:sign_in(code)                   the viewer signs in on another screen

local http_date = require "spec.support.date_header"
local json = require "adobepass.util.json"
local stage = require "spec.support.client_fixture"

-- luacheck: read_globals table.unpack unpack
local unpack = table.unpack or unpack

local story = {}

-- --- a transport that notes, and may answer itself ----------------------------

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
    if response then response.headers.date = self.story:date() end
    return response, message, code
  end
  if given.error then return nil, "It failed.", given.error end
  return response_of(given, self.story:date())
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

local Session = {}

function Session.submit(self, request)
  local on, name = self.story, operation_of(request)
  local seconds = on.driver.now()
  table.insert(on.requests, { operation = name, at = seconds,
    request = request })
  local given = on.answers and on.answers(request, name, seconds)
  local inner, message, code
  if not given then
    inner, message, code = self.inner:submit(request)
    if not inner then return nil, message, code end
  end
  return setmetatable({ story = on, given = given, inner = inner }, Transfer)
end

function Session.step(self, seconds) return self.inner:step(seconds) end
function Session.timeout(self) return self.inner:timeout() end
function Session.close(self) return self.inner:close() end
Session.__index = Session

-- --- the story -------------------------------------------------------------

local Story = {}

function Story.__index(_, name) return Story[name] or stage.Stage[name] end

--- The Date header of this moment.
function Story:date() return http_date(self.box:now() / 1000) end

--- A client of the same sandbox, with the same clock and network.
function Story:new_client(changes)
  local fields = { transport = setmetatable({ story = self,
    inner = self.box:transport() }, Session) }
  for name, value in pairs(changes or {}) do fields[name] = value end
  return stage.Stage.new_client(self, fields)
end

function Story:answer(answers) self.answers = answers end

--- The service answers an operation with this body, or what it makes.
function Story:says(operation, body, status)
  self:answer(function(_, asked)
    if asked == operation then
      return { body = type(body) == "function" and body() or body,
        status = status }
    end
  end)
end

--- A profile as the service tells of it; `days` it is still valid.
function Story:told(days, more)
  local profile = { notBefore = self.box:now(), type = "regular",
    issuer = "Adobe", notAfter = self.box:now() + days * 86400000,
    attributes = {} }
  for name, value in pairs(more or {}) do profile[name] = value end
  return profile
end

function Story:at(seconds, act)
  table.insert(self.acts, function()
    self.driver.sleep(seconds - self.driver.now())
    act()
  end)
end

--- Runs a function together with what was told `at`; what it answered.
function Story:play(body)
  local first, second
  local acts = self.acts
  self.acts = {}
  self.driver.run(function() first, second = body() end,
    unpack(acts))
  return first, second
end

function Story:moments(operation)
  local list = {}
  for _, entry in ipairs(self.requests) do
    if entry.operation == operation then list[#list + 1] = entry.at end
  end
  return list
end

--- How often each operation was asked.
function Story:counts()
  local counts = {}
  for _, entry in ipairs(self.requests) do
    counts[entry.operation] = (counts[entry.operation] or 0) + 1
  end
  return counts
end

function Story:forget_requests() self.requests = {} end

function Story:sign_in(code, username, mvpd)
  assert(self.control.log_in { code = code, username = username or "ann",
    mvpd = mvpd })
end

--- A viewer of this device who has signed in before, unknown to the client.
function Story:signed_in(mvpd, username)
  assert(self.control.log_in { service_provider = "REF30",
    device = "ba23d141-d715-561c-94f4-e9e4c966b1eb",
    mvpd = mvpd or "Cablevision", username = username or "ann" })
end

--- Options of a login by a second screen; false leaves one out.
function story.login_options(changes)
  local options = { mvpd = "Cablevision", domain_name = "adobe.com",
    redirect_url = "https://adobe.com" }
  for name, value in pairs(changes or {}) do options[name] = value or nil end
  return options
end

--- fields of adobepass.new; `box`: options of spec.sandbox.fixture
function story.new(changes)
  local fields = {}
  for name, value in pairs(changes or {}) do fields[name] = value end
  local on = stage.new { box = fields.box }
  fields.box = nil
  on = setmetatable({ box = on.box, control = on.control,
    driver = on.driver, statement = on.statement, requests = {}, acts = {} },
    Story)
  on.client = on:new_client(fields)
  return on
end

return story
