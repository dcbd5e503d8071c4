--- A television in front of the gateway: keeps cookies, tells what it is, and
-- asks.

local core = require "adobepass.core"
local finish = require "spec.support.run_transfer"
local json = require "adobepass.util.json"

local television = {}

local Television = {}
Television.__index = Television

local INFO = core.base64.encode(json.encode { primaryHardwareType = "TV",
  model = "Living room", version = "1", osName = "Linux", osVersion = "6",
  connectionType = "WiFi" })

--- options: `ip`: what a load balancer would tell of its address; `transport`
-- and `wait(transport, transfer)` in place of its own
function television.new(options)
  options = options or {}
  return setmetatable({ cookies = {}, ip = options.ip, wait = options.wait,
    transport = options.transport or assert(core.http.new { timeout = 60 }) },
    Television)
end

local function path_of(url)
  return url:match "^%a+://[^/]+([^?]*)"
end

-- RFC 6265 5.1.4, as far as these cookies go; the longest path comes first.
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

--- The value of a cookie.
function Television:cookie(name)
  for _, cookie in pairs(self.cookies) do
    if cookie.name == name then return cookie.value, cookie end
  end
end

--- Begins a request; `headers` replace the usual ones (false: none).
function Television:submit(method, url, body, headers)
  local all = { ["X-Device-Info"] = INFO,
    ["Cookie"] = cookies_for(self, path_of(url)),
    ["X-Forwarded-For"] = self.ip,
    ["Content-Type"] = body and "application/json" or nil }
  for name, value in pairs(headers or {}) do all[name] = value or nil end
  if type(body) == "table" then body = json.encode(json.object(body)) end
  return assert(self.transport:submit { method = method, url = url,
    headers = all, body = body })
end

--- Its answer: the status, the JSON (or text) and the response.
function Television:finish(transfer)
  if self.wait then self.wait(self.transport, transfer) end
  local response, message, code = finish(self.transport, transfer)
  transfer:close()
  if not response then return nil, message, code end
  learn(self, response)
  return response.status, json.decode(response.body) or response.body,
    response
end

function Television:get(url, headers)
  return self:finish(self:submit("GET", url, nil, headers))
end

function Television:post(url, body, headers)
  return self:finish(self:submit("POST", url, body or {}, headers))
end

--- A viewer signs in on it: by a code from one node, which another one knows.
-- `control` is the sandbox's; what the first answered.
function Television:sign_in(control, one, two, username)
  local status, login = self:post(one .. "/login", { mvpd = "Cablevision" })
  assert(status == 200 and login.state == "pending", login.code)
  control:ask("POST", "/sandbox/login", { code = login.code,
    username = username or "bob", mvpd = "Cablevision" })
  local got, answer = self:get((two or one) .. "/login/status")
  assert(got == 200 and answer.state == "done", answer.code)
  return login, answer
end

function Television:close() self.transport:close() end

return television
