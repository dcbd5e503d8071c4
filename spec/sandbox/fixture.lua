--- A sandbox with a fixed clock and seeded randomness.
local core = require "adobepass.core"
local json = require "adobepass.util.json"
local adobepass_sandbox = require "adobepass.sandbox"
local routes = require "adobepass.sandbox.engine.routes"
local state = require "adobepass.sandbox.engine.state"
local url_encoding = require "adobepass.sandbox.engine.url_encoding"
local default_world = require "adobepass.sandbox.data.world"

local Fixture = {}
Fixture.__index = Fixture

local fixture = { START = 1750000000000 }

--- Returns a function(n) that returns n pseudorandom bytes (Park-Miller).
-- @param seed 42 by default; the same seed gives the same bytes
function fixture.random(seed)
  local value = seed or 42
  local function byte()
    value = value * 16807 % 2147483647
    return math.floor(value / 7) % 256
  end
  return function(n)
    local bytes = {}
    for i = 1, n do bytes[i] = string.char(byte()) end
    return table.concat(bytes)
  end
end

fixture.INFO = {
  primaryHardwareType = "SetTopBox", model = "TV 5th Gen",
  manufacturer = "Apple", osName = "tvOS", osVendor = "Apple",
  osVersion = "11.0", version = "5", connectionType = "WiFi",
}

function fixture.encode(object)
  return core.base64.encode(json.encode(object))
end

--- Creates a sandbox with a fixed clock, by default without a throttle.
-- @param options those of sandbox.new; `world`: function(world) to change it
function fixture.new(options)
  options = options or {}
  local self = setmetatable({ time = fixture.START }, Fixture)
  local world
  if options.world then
    world = state.copy(default_world)
    options.world(world)
  end
  self.sandbox = adobepass_sandbox.new(world, {
    now = function() return self.time end,
    random = options.random or fixture.random(),
    throttle = options.throttle or false,
    api = options.api or "https://api.test", mgmt = options.mgmt,
    keys = options.keys,
  })
  self.control = self.sandbox.control
  self.device = "ba23d141-d715-561c-94f4-e9e4c966b1eb"
  return self
end

local function copy_headers(headers)
  local result = {}
  for name, value in pairs(headers or {}) do result[name:lower()] = value end
  return result
end

--- Sends a request, by default from 127.0.0.1. Returns the response; its field
-- `json` is the decoded body if that is an object or an array.
function Fixture:send(request)
  request.headers = copy_headers(request.headers)
  request.remote_addr = request.remote_addr or "127.0.0.1"
  local response = self.sandbox:handle(request)
  local value = json.decode(response.body)
  if type(value) == "table" then response.json = value end
  self:record(response)
  return response
end

--- Appends a response and its operation to `self.responses`.
function Fixture:record(response)
  self.responses = self.responses or {}
  local journal = self.sandbox.state.journal
  local entry = journal[#journal]
  table.insert(self.responses, {
    operation = entry and entry.operation, response = response })
end

function fixture.header(response, name)
  for _, header in ipairs(response.headers) do
    if header[1]:lower() == name:lower() then return header[2] end
  end
end

--- Registers a client and requests its access token, which later requests
-- send. Returns the fixture.
function Fixture:register(given)
  local statement = assert(self.control.statement(given))
  local client = self:send {
    method = "POST", path = "/o/client/register",
    headers = { ["Content-Type"] = "application/json" },
    body = json.encode { software_statement = statement },
  }.json
  self.statement, self.client = statement, client
  self.token = self:new_token(client).json.access_token
  return self
end

function Fixture:new_token(client)
  return self:send {
    method = "POST", path = "/o/client/token",
    headers = { ["Content-Type"] = "application/x-www-form-urlencoded" },
    body = fixture.form {
      client_id = client.client_id, client_secret = client.client_secret,
      grant_type = "client_credentials",
    },
  }
end

function fixture.form(fields)
  local parts = {}
  for name, value in pairs(fields) do
    parts[#parts + 1] = url_encoding.escape(name) .. "=" .. url_encoding.escape(value)
  end
  table.sort(parts)
  return table.concat(parts, "&")
end

-- Returns whether the operation's page lists a header. True if the path belongs
-- to no operation.
local function is_listed(method, path, name)
  local segments = {}
  for segment in path:gmatch "[^/]+" do segments[#segments + 1] = segment end
  local route = routes.find(method, segments)
  return not route or route.headers[name] == true
end

--- Returns the headers of a request: the access token, and those device headers
-- that the operation's page lists.
-- @param extra additional headers; `false` removes one
-- @param method, path of the request; without a path, all device headers
function Fixture:headers(extra, method, path)
  if not self.token then self:register() end
  local headers = { authorization = "Bearer " .. self.token }
  local device = {
    ["ap-device-identifier"] =
      "fingerprint " .. core.base64.encode(self.device),
    ["x-device-info"] = fixture.encode(fixture.INFO),
  }
  for name, value in pairs(device) do
    if not path or is_listed(method, path, name) then headers[name] = value end
  end
  for name, value in pairs(extra or {}) do
    headers[name:lower()] = value or nil
  end
  return headers
end

function Fixture:get(path, extra)
  local plain, query = path:match "^([^?]*)%??(.*)$"
  return self:send { method = "GET", path = plain, query = query,
                     headers = self:headers(extra, "GET", plain), body = "" }
end

function Fixture:delete(path, extra)
  local plain, query = path:match "^([^?]*)%??(.*)$"
  return self:send { method = "DELETE", path = plain, query = query,
                     headers = self:headers(extra, "DELETE", plain), body = "" }
end

function Fixture:post_form(path, fields, extra)
  local headers = self:headers(extra, "POST", path)
  headers["content-type"] = headers["content-type"]
    or "application/x-www-form-urlencoded"
  return self:send { method = "POST", path = path, headers = headers,
                     body = fixture.form(fields or {}) }
end

function Fixture:post_json(path, value, extra)
  local headers = self:headers(extra, "POST", path)
  headers["content-type"] = headers["content-type"] or "application/json"
  return self:send { method = "POST", path = path, headers = headers,
                     body = type(value) == "string" and value
                       or json.encode(value) }
end

fixture.PARAMETERS = {
  mvpd = "Cablevision", domainName = "adobe.com",
  redirectUrl = "https://adobe.com",
}

function fixture.parameters(changes)
  local result = {}
  for name, value in pairs(fixture.PARAMETERS) do result[name] = value end
  for name, value in pairs(changes or {}) do
    result[name] = value or nil
  end
  return result
end

--- Creates an authentication session (operation 4). Returns the response.
function Fixture:session(changes, extra, sp)
  return self:post_form("/api/v2/" .. (sp or "REF30") .. "/sessions",
                        fixture.parameters(changes), extra)
end

--- Creates a session and logs a viewer in with its code. Returns the session.
function Fixture:log_in(username, mvpd, extra, sp)
  local session = self:session({ mvpd = mvpd }, extra, sp).json
  assert(self.control.login { code = session.code,
                               username = username or "ann" })
  return session
end

--- Logs out of an mvpd, with the required redirectUrl. Returns the response.
function Fixture:log_out(mvpd, extra, sp)
  return self:get(("/api/v2/%s/logout/%s?redirectUrl=https%%3A%%2F%%2Fadobe.com")
    :format(sp or "REF30", mvpd), extra)
end

function Fixture:authorize(mvpd, resources, extra, sp)
  return self:decide("authorize", mvpd, resources, extra, sp)
end

function Fixture:preauthorize(mvpd, resources, extra, sp)
  return self:decide("preauthorize", mvpd, resources, extra, sp)
end

function Fixture:decide(kind, mvpd, resources, extra, sp)
  return self:post_json(
    ("/api/v2/%s/decisions/%s/%s"):format(sp or "REF30", kind, mvpd),
    { resources = json.array(resources) }, extra)
end

--- Returns a value of AP-Partner-Framework-Status.
-- @param changes optional: access, id, expires (a string of milliseconds)
function Fixture:partner_status(changes)
  changes = changes or {}
  return fixture.encode {
    frameworkPermissionInfo = {
      accessStatus = changes.access or "granted",
    },
    frameworkProviderInfo = {
      id = changes.id or "Cablevision",
      expirationDate = changes.expires or ("%.0f"):format(self.time + 1e9),
    },
  }
end

return fixture
