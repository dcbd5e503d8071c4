--- A TV application, as small as one can be: it registers, gets a code, and
-- looks whether somebody signed in. Over any transport, a core's or a box's.

local core = require "adobepass.core"
local json = require "adobepass.util.json"

local tv = {}
tv.__index = tv

local INFO = core.base64.encode(json.encode {
  primaryHardwareType = "TV", model = "Living room TV", version = "1",
  osName = "Linux", osVersion = "6", connectionType = "WiFi",
})

--- One request, waited for: response | nil, message, code.
function tv.fetch(transport, request)
  local transfer = assert(transport:submit(request))
  while true do
    local response, message, code = transfer:result()
    if response or code ~= "pending" then return response, message, code end
    assert(transport:step(1))
  end
end

local function form(fields)
  local pairs_of = {}
  for name, value in pairs(fields) do
    pairs_of[#pairs_of + 1] = name .. "=" .. value:gsub("[^%w_.-]",
      function(char) return ("%%%02X"):format(char:byte()) end)
  end
  return table.concat(pairs_of, "&")
end

tv.form = form

function tv:call(method, path, headers, body)
  headers = headers or {}
  headers.Accept = "application/json"
  headers.Authorization = self.bearer
  local response, message, code = tv.fetch(self.transport, {
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
function tv.new(of)
  local self = setmetatable({ transport = of.transport, api = of.api,
    device = of.device or "tv-1" }, tv)
  register(self, of.statement)
  return self
end

--- The header that names the device; `self.device` may change.
function tv:identifier()
  return "fingerprint " .. core.base64.encode(self.device)
end

--- A code for a second screen; fields: mvpd, domainName, redirectUrl.
function tv:code(fields)
  local answer = assert(self:call("POST", "/api/v2/REF30/sessions", {
    ["AP-Device-Identifier"] = self:identifier(), ["X-Device-Info"] = INFO,
    ["Content-Type"] = "application/x-www-form-urlencoded",
  }, form(fields or {})))
  return answer.code
end

--- The mvpd at which somebody signed in with the code, or nil.
function tv:signed_in(code)
  local answer = assert(self:call("GET",
    "/api/v2/REF30/profiles/code/" .. code))
  return (next(answer.profiles or {}))
end

return tv
