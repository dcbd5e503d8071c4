--- The control API: `adobepass.sandbox.control.commands` as JSON over HTTP, for
-- this machine only. The body is the table that the function takes. The
-- response is { "result": ... }, or { "error": "..." } with status 400.
-- @module adobepass.sandbox.control.endpoint

local commands = require "adobepass.sandbox.control.commands"
local json = require "adobepass.util.json"
local http_response = require "adobepass.sandbox.engine.http_response"
local url_encoding = require "adobepass.sandbox.engine.url_encoding"

local endpoint = {}

local PREFIX = "/sandbox"

-- path -> method -> name of the function
local ROUTES = {
  ["/journal"] = { GET = "journal", DELETE = "clear_journal" },
  ["/clock"] = { GET = "now", POST = "clock" },
  ["/login"] = { POST = "log_in" },
  ["/revoke"] = { POST = "revoke" },
  ["/degradation"] = {
    POST = "set_degradation", DELETE = "clear_degradation" },
  ["/faults"] = { GET = "faults", POST = "fault", DELETE = "clear_faults" },
  ["/reset"] = { POST = "reset" },
  ["/statement"] = { GET = "statement", POST = "statement" },
  ["/identity"] = { POST = "identity" },
  ["/saml"] = { POST = "saml_response" },
  ["/certificates"] = { GET = "certificates" },
  ["/world"] = { GET = "world" },
  ["/snapshot"] = { GET = "snapshot", PUT = "restore" },
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

local function is_allowed(request)
  return commands.is_loopback(request.remote_addr)
    and not request.headers["x-forwarded-for"]
    and is_local_name(request.headers.host)
    and is_same_site(request.headers)
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

-- POST /clock calls `advance` or `set_time`.
local function set_clock(bound, given)
  if given.advance then return bound.advance(given.advance) end
  return bound.set_time(given.time)
end

local function help()
  local list = {}
  for path, methods in pairs(ROUTES) do
    for method in pairs(methods) do
      list[#list + 1] = method .. " " .. PREFIX .. path
    end
  end
  table.sort(list)
  return http_response.json(200, { result = json.array(list) })
end

local function failed(message)
  return http_response.json(400, { error = tostring(message) })
end

local function run(sandbox, name, given)
  local value, message
  if name == "clock" then
    value, message = set_clock(sandbox.control, given)
  else
    value, message = sandbox.control[name](given)
  end
  if value == nil then return failed(message) end
  return http_response.json(200, { result = value })
end

local function dispatch(sandbox, request)
  local path = request.path:sub(#PREFIX + 1):gsub("/$", "")
  if path == "" and request.method == "GET" then return help() end
  local methods = ROUTES[path]
  if not methods then return http_response.html(404) end
  local name = methods[request.method]
  if not name then return http_response.html(405) end
  local given = body_of(request)
  if not given then return failed(
    "expected a JSON object with Content-Type: application/json") end
  return run(sandbox, name, given)
end

function endpoint.handle(sandbox, request)
  if not is_allowed(request) then return http_response.html(404) end
  local ok, response = pcall(dispatch, sandbox, request)
  return ok and response or failed(response)
end

return endpoint
