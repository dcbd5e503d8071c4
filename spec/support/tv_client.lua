--- A minimal TV application without the client: registers, gets a code and polls
-- for a profile. Works over a transport of the core or of the sandbox.

local core = require "adobepass.core"
local host = require "adobepass.sandbox.host"
local json = require "adobepass.util.json"
local run_transfer = require "spec.support.run_transfer"

local tv_client = {}
tv_client.__index = tv_client

local INFO = core.base64.encode(json.encode {
  primaryHardwareType = "TV", model = "Living room TV", version = "1",
  osName = "Linux", osVersion = "6", connectionType = "WiFi",
})

--- Sends one request and waits: response | nil, message, code.
function tv_client.fetch(transport, request)
  return run_transfer(transport, assert(transport:submit(request)))
end

local function form(fields)
  local pairs_of = {}
  for name, value in pairs(fields) do
    pairs_of[#pairs_of + 1] = name .. "=" .. value:gsub("[^%w_.-]",
      function(char) return ("%%%02X"):format(char:byte()) end)
  end
  return table.concat(pairs_of, "&")
end

tv_client.form = form

function tv_client:call(method, path, headers, body)
  headers = headers or {}
  headers.Accept = "application/json"
  headers.Authorization = self.bearer
  local response, message, code = tv_client.fetch(self.transport, {
    method = method, url = self.api .. path, headers = headers, body = body })
  if not response then return nil, message, code end
  return json.decode(response.body), response
end

local function register(self, statement)
  local credentials = assert(self:call("POST", "/o/client/register",
    { ["Content-Type"] = "application/json" },
    json.encode { software_statement = statement }))
  local token = assert(self:call("POST", "/o/client/token",
    { ["Content-Type"] = "application/x-www-form-urlencoded" },
    form { client_id = credentials.client_id,
           client_secret = credentials.client_secret,
           grant_type = "client_credentials" }))
  self.bearer = "Bearer " .. token.access_token
end

--- of: { transport =, api = origin, statement =, device = name }
function tv_client.new(of)
  local self = setmetatable({ transport = of.transport, api = of.api,
    device = of.device or "tv-1" }, tv_client)
  register(self, of.statement)
  return self
end

--- Returns the header of the device; `self.device` may change.
function tv_client:identifier()
  return "fingerprint " .. core.base64.encode(self.device)
end

--- Returns a code for a second screen; fields: mvpd, domainName, redirectUrl.
function tv_client:code(fields)
  local result = assert(self:call("POST", "/api/v2/REF30/sessions", {
    ["AP-Device-Identifier"] = self:identifier(), ["X-Device-Info"] = INFO,
    ["Content-Type"] = "application/x-www-form-urlencoded",
  }, form(fields or {})))
  return result.code
end

--- Returns the mvpd at which a viewer signed in with the code, or nil.
function tv_client:signed_in(code)
  local result = assert(self:call("GET",
    "/api/v2/REF30/profiles/code/" .. code))
  return (next(result.profiles or {}))
end

--- Starts a sandbox for a TV. Returns the sandbox, a transport and the TV.
-- @param options of adobepass.sandbox.host
function tv_client.with_sandbox(options)
  local running = assert(host.start(options))
  local transport = assert(core.http.new { ca_file = running.ca })
  return running, transport, tv_client.new { transport = transport,
    api = running.api, statement = running.statement }
end

return tv_client
