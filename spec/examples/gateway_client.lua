--- A TV app that uses the gateway. It keeps cookies and sends its device info.

local core = require "adobepass.core"
local run_transfer = require "spec.support.run_transfer"
local json = require "adobepass.util.json"

local gateway_client = {}

local GatewayClient = {}
GatewayClient.__index = GatewayClient

local INFO = core.base64.encode(json.encode { primaryHardwareType = "TV",
  model = "Living room", version = "1", osName = "Linux", osVersion = "6",
  connectionType = "WiFi" })

--- options: `ip`, sent as X-Forwarded-For, as a load balancer does; `transport`
-- and `wait(transport, transfer)` replace the default ones
function gateway_client.new(options)
  options = options or {}
  return setmetatable({ cookies = {}, ip = options.ip, wait = options.wait,
    transport = options.transport or assert(core.http.new { timeout = 60 }) },
    GatewayClient)
end

local function path_of(url)
  return url:match "^%a+://[^/]+([^?]*)"
end

-- Path matching of RFC 6265, section 5.1.4; the longest path comes first.
local function cookies_for(self, path)
  local list = {}
  for _, cookie in pairs(self.cookies) do
    if path:sub(1, #cookie.path) == cookie.path then
      list[#list + 1] = cookie.name .. "=" .. cookie.value
    end
  end
  table.sort(list)
  return #list > 0 and table.concat(list, "; ") or nil
end

local function learn_one(self, line)
  local name, value = line:match "^([^=]+)=([^;]*)"
  local path = line:match "; Path=([^;]+)"
  local gone = line:find("; Max-Age=0;", 1, true)
  self.cookies[name .. path] = not gone
    and { name = name, value = value, path = path, line = line } or nil
end

local function learn(self, response)
  for _, header in ipairs(response.header_list) do
    if header[1]:lower() == "set-cookie" then learn_one(self, header[2]) end
  end
end

--- Returns the value of a cookie, and the cookie.
function GatewayClient:cookie(name)
  for _, cookie in pairs(self.cookies) do
    if cookie.name == name then return cookie.value, cookie end
  end
end

--- Starts a request; `headers` replace the default ones (false omits one).
function GatewayClient:submit(method, url, body, headers)
  local all = { ["X-Device-Info"] = INFO, ["User-Agent"] = "TV/9",
    ["Cookie"] = cookies_for(self, path_of(url)),
    ["X-Forwarded-For"] = self.ip,
    ["Content-Type"] = body and "application/json" or nil }
  for name, value in pairs(headers or {}) do all[name] = value or nil end
  if type(body) == "table" then body = json.encode(json.object(body)) end
  return assert(self.transport:submit { method = method, url = url,
    headers = all, body = body })
end

--- Waits for a response. Returns status, JSON (or text) and the response.
function GatewayClient:finish(transfer)
  if self.wait then self.wait(self.transport, transfer) end
  local response, message, code = run_transfer(self.transport, transfer)
  transfer:close()
  if not response then return nil, message, code end
  learn(self, response)
  return response.status, json.decode(response.body) or response.body,
    response
end

function GatewayClient:get(url, headers)
  return self:finish(self:submit("GET", url, nil, headers))
end

function GatewayClient:post(url, body, headers)
  return self:finish(self:submit("POST", url, body or {}, headers))
end

--- Signs a viewer in: gets a code from one node and polls another one. `control`
-- is the sandbox's. Returns the responses of both.
function GatewayClient:sign_in(control, one, two, username)
  local status, login = self:post(one .. "/login", { mvpd = "Cablevision" })
  assert(status == 200 and login.state == "pending", login.code)
  control:ask("POST", "/sandbox/login", { code = login.code,
    username = username or "bob", mvpd = "Cablevision" })
  local got, result = self:get((two or one) .. "/login/status")
  assert(got == 200 and result.state == "done", result.code)
  return login, result
end

function GatewayClient:close() self.transport:close() end

return gateway_client
