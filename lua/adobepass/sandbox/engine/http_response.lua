--- Builds responses in each format that the service uses.
-- @module adobepass.sandbox.engine.http_response

local json = require "adobepass.util.json"
local errors = require "adobepass.sandbox.engine.errors"

local http_response = {}

local REASONS = {
  [400] = "BAD_REQUEST", [401] = "UNAUTHORIZED", [403] = "FORBIDDEN",
  [500] = "INTERNAL_SERVER_ERROR",
}

local TITLES = {
  [400] = "400 Bad Request", [404] = "404 Not Found",
  [405] = "405 Method Not Allowed", [429] = "429 Too Many Requests",
  [500] = "500 Internal Server Error",
}

function http_response.json(status, value)
  return {
    status = status,
    headers = { { "Content-Type", "application/json;charset=UTF-8" } },
    body = json.encode(value),
  }
end

function http_response.empty(status, headers)
  return { status = status, headers = headers or {}, body = "" }
end

function http_response.redirect(url)
  return http_response.empty(302, { { "Location", url } })
end

--- Returns an error page as the service's web server (OpenResty) sends it.
function http_response.html(status)
  local title = TITLES[status] or tostring(status)
  return {
    status = status,
    headers = { { "Content-Type", "text/html" } },
    body = ("<html>\r\n<head><title>%s</title></head>\r\n<body>\r\n"
      .. "<center><h1>%s</h1></center>\r\n<hr><center>openresty</center>\r\n"
      .. "</body>\r\n</html>\r\n"):format(title, title),
  }
end

-- A refusal is { code =, details =?, status =?, message =?, action =? }. Each
-- function below formats it for one family of operations.
http_response.refusals = {}

function http_response.refusals.enhanced(sandbox, refusal)
  if refusal.code == "unauthorized" then
    -- Adobe's 401 for an invalid access token has no JSON body.
    return http_response.empty(401, { { "WWW-Authenticate", "Bearer" } })
  end
  local object = errors.object(sandbox, refusal.code, refusal.details)
  return http_response.json(refusal.status or object.status, object)
end

function http_response.refusals.dcr(_, refusal)
  return http_response.json(refusal.status or 400, { error = refusal.code })
end

--- Operation 7 is opened in a browser, so its errors are HTML pages.
function http_response.refusals.html(_, refusal)
  local known = errors.known[refusal.code]
  return http_response.html(known and known.status or 400)
end

-- The SSO Service wraps its errors and defines its own codes
-- (page features-premium/sso-service).
function http_response.refusals.sso_service(sandbox, refusal)
  local known = errors.known[refusal.code] or {}
  local status = refusal.status or known.status or 401
  return http_response.json(status, {
    status = REASONS[status] or tostring(status),
    error = {
      status = status, code = refusal.code,
      message = refusal.message or known.message or "Unauthorized access",
      action = refusal.action or known.action or "none",
      helpUrl = errors.HELP, trace = sandbox:uuid(),
    },
  })
end

return http_response
