--- Builds responses in each format that the service uses.
-- @module adobepass.sandbox.engine.http_response

local json = require "adobepass.util.json"
local errors = require "adobepass.sandbox.engine.errors"
local text = require "adobepass.util.text"

local http_response = {}

local REASONS = {
  [400] = "BAD_REQUEST", [401] = "UNAUTHORIZED", [403] = "FORBIDDEN",
  [405] = "METHOD_NOT_ALLOWED", [500] = "INTERNAL_SERVER_ERROR",
}

local TITLES = {
  [400] = "400 Bad Request", [404] = "404 Not Found",
  [405] = "405 Method Not Allowed", [429] = "429 Too Many Requests",
  [500] = "500 Internal Server Error",
}

--- Returns a JSON response. JSON is UTF-8 (RFC 8259, 8.1), but a value may hold bytes
-- of a request.
function http_response.json(status, value)
  return {
    status = status,
    headers = { { "Content-Type", "application/json;charset=UTF-8" } },
    body = text.to_utf8(json.encode(value)),
  }
end

function http_response.empty(status, headers)
  return { status = status, headers = headers or {}, body = "" }
end

function http_response.redirect(url)
  return http_response.empty(302, { { "Location", url } })
end

--- Adds Cache-Control: no-store, required for credentials (RFC 6749, 5.1).
function http_response.no_store(response)
  table.insert(response.headers, { "Cache-Control", "no-store" })
  table.insert(response.headers, { "Pragma", "no-cache" })
  return response
end

--- Returns the refusal of a request that Adobe's pages do not allow and that no
-- enhanced error code describes.
function http_response.bad_request(message)
  return { status = 400, message = message }
end

--- Returns the 405 of a path of the API.
-- @param family of `http_response.refusals`
-- @param methods the allowed ones
function http_response.method_not_allowed(sandbox, family, methods)
  local response = http_response.refusals[family](sandbox,
    { status = 405, message = "The method is not allowed for this path." })
  table.insert(response.headers, { "Allow", table.concat(methods, ", ") })
  return response
end

http_response.UNAUTHORIZED = { status = 401,
  message = "The access token is missing or invalid." }

--- Returns an error page as the service's web server (OpenResty) sends it, with a
-- language and a landmark, because a viewer's browser may show the page.
function http_response.html(status)
  local title = TITLES[status] or tostring(status)
  return {
    status = status,
    headers = { { "Content-Type", "text/html" } },
    body = ("<html lang=\"en\">\r\n<head><title>%s</title></head>\r\n<body><main>\r\n"
      .. "<center><h1>%s</h1></center>\r\n<hr><center>openresty</center>\r\n"
      .. "</main></body>\r\n</html>\r\n"):format(title, title),
  }
end

-- A refusal is { code =, details =?, status =?, message =?, action =? }. Each
-- function below formats it for one family of operations.
http_response.refusals = {}

function http_response.refusals.enhanced(sandbox, refusal)
  local object = errors.object(sandbox, refusal.code, refusal.details)
  if not refusal.code then
    object.status, object.message = refusal.status, refusal.message
  end
  local response = http_response.json(refusal.status or object.status, object)
  if response.status == 401 and not refusal.code then
    table.insert(response.headers, { "WWW-Authenticate", "Bearer" })
  end
  return response
end

function http_response.refusals.dcr(_, refusal)
  local response = http_response.json(refusal.status or 400,
    { error = refusal.code or "invalid_request" })
  return http_response.no_store(response)
end

--- Operation 7 sends errors to a viewer's browser.
function http_response.refusals.page(_, refusal)
  return http_response.html(refusal.status)
end

--- The reset operations send 401 and 403 without a body.
function http_response.refusals.reset(sandbox, refusal)
  local response = http_response.refusals.enhanced(sandbox, refusal)
  if response.status == 401 or response.status == 403 then
    response.body = ""
    table.remove(response.headers, 1) -- Content-Type
  end
  return response
end

-- The SSO Service wraps its errors and defines its own codes
-- (page features-premium/sso-service).
local BY_STATUS = { [400] = "request_invalid", [401] = "unauthorized" }

function http_response.refusals.sso_service(sandbox, refusal)
  local known = errors.known[refusal.code] or {}
  local status = refusal.status or known.status or 401
  return http_response.json(status, {
    status = REASONS[status] or tostring(status),
    error = {
      status = status, code = refusal.code or BY_STATUS[status],
      message = refusal.message or known.message or "Unauthorized access",
      action = refusal.action or known.action or "none",
      helpUrl = errors.HELP, trace = sandbox:uuid(),
    },
  })
end

return http_response
