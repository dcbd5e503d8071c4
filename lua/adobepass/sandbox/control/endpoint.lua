--- The control API: `adobepass.sandbox.control.commands` as JSON over HTTP, for
-- this machine only. POST /sandbox/<name> runs the call <name> with the fields of the
-- body. GET reads without changing anything, DELETE adds { "clear": true }, and PUT
-- restores the snapshot in the body. The response is
-- { "result": ... }, or { "error": "...", "field": "..." } with status 400; `field` is
-- the name of the wrong field, if there is one. A request from another machine or from
-- a web page of another origin gets status 403.
-- @module adobepass.sandbox.control.endpoint

local calls = require "adobepass.sandbox.control.calls"
local commands = require "adobepass.sandbox.control.commands"
local json = require "adobepass.util.json"
local http_response = require "adobepass.sandbox.engine.http_response"
local url_encoding = require "adobepass.sandbox.engine.url_encoding"

local endpoint = {}

local PREFIX = "/sandbox"

-- path -> call
local ROUTES = {}

for _, call in ipairs(calls.list) do
  ROUTES["/" .. call.name] = call
  if call.alias then ROUTES["/" .. call.alias] = call end
end

-- method -> function(call, fields of the body) that returns the fields of the call; nil
-- if the call does not have this method.
local METHODS = {
  GET = function(call) return call.get end,
  POST = function(_, given) return given end,
  PUT = function(call, given)
    return call.restore and { [call.restore] = given }
  end,
  DELETE = function(call, given)
    if not call.by_field.clear then return nil end
    local fields = { clear = true }
    for name, value in pairs(given) do fields[name] = value end
    return fields
  end,
}

--- Returns whether a path belongs to the control API.
function endpoint.is_ours(path)
  return path == PREFIX or path:sub(1, #PREFIX + 1) == PREFIX .. "/"
end

-- DNS rebinding: a foreign page's host name may resolve to 127.0.0.1, but its
-- requests carry that host name.
local function is_local_name(host)
  if not host then return true end
  local name = host:match "^%[(.-)%]" or host:match "^[^:]*"
  return name:lower() == "localhost" or commands.is_loopback(name)
end

-- A browser sends Origin or Sec-Fetch-Site with the requests of a foreign page. A
-- request is accepted if no page made it (Sec-Fetch-Site absent or "none"), or if a
-- page of the control API's own origin made it.
local function is_same_site(headers)
  local site, origin = headers["sec-fetch-site"], headers.origin
  if site and site ~= "same-origin" and site ~= "none" then return false end
  return not origin
    or headers.host ~= nil and origin:match "^https?://(.*)$" == headers.host
end

-- Returns why a request is refused, or nil.
local function refusal(request)
  if not commands.is_loopback(request.remote_addr) then
    return "the control API accepts requests from this machine only"
  elseif request.headers["x-forwarded-for"] then
    return "the control API accepts no request with X-Forwarded-For"
  elseif not is_local_name(request.headers.host) then
    return "Host: expected localhost or a loopback address"
  elseif not is_same_site(request.headers) then
    return "Origin or Sec-Fetch-Site: a web page of another origin cannot use the "
      .. "control API; send the request from your test program"
  end
end

-- A form of a foreign page cannot send this content type without a preflight.
-- POST and PUT without a body need the content type, too.
local function body_of(request)
  local is_write = request.method == "POST" or request.method == "PUT"
  if request.body == "" and not is_write then return {} end
  if url_encoding.media_type(request.headers["content-type"])
      ~= "application/json" then
    return nil
  end
  if request.body == "" then return {} end
  local value = json.decode(request.body)
  return type(value) == "table" and value or nil
end

local function help()
  local list = {}
  for path, call in pairs(ROUTES) do
    for method, fields_of in pairs(METHODS) do
      if fields_of(call, {}) then
        list[#list + 1] = method .. " " .. PREFIX .. path
      end
    end
  end
  table.sort(list)
  return http_response.json(200, { result = json.array(list) })
end

local function failed(message, field, status)
  return http_response.json(status or 400, { error = tostring(message), field = field })
end

local function dispatch(sandbox, request)
  local path = request.path:sub(#PREFIX + 1):gsub("/$", "")
  if path == "" and request.method == "GET" then return help() end
  local call, fields_of = ROUTES[path], METHODS[request.method]
  if not call then return http_response.html(404) end
  if not fields_of or not fields_of(call, {}) then return http_response.html(405) end
  local given = body_of(request)
  if not given then return failed(
    "expected a JSON object with Content-Type: application/json") end
  local value, message, field = sandbox.control[call.name](fields_of(call, given))
  if value == nil then return failed(message, field) end
  return http_response.json(200, { result = value })
end

function endpoint.handle(sandbox, request)
  local refused = refusal(request)
  if refused then return failed(refused, nil, 403) end
  local ok, response = pcall(dispatch, sandbox, request)
  return ok and response or failed(response)
end

return endpoint
