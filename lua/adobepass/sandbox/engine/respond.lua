--- Responses in each of the forms the service uses.
-- @module adobepass.sandbox.engine.respond

local json = require "adobepass.util.json"
local errors = require "adobepass.sandbox.engine.errors"

local respond = {}

local REASONS = {
  [400] = "BAD_REQUEST", [401] = "UNAUTHORIZED", [403] = "FORBIDDEN",
  [500] = "INTERNAL_SERVER_ERROR",
}

local TITLES = {
  [400] = "400 Bad Request", [404] = "404 Not Found",
  [405] = "405 Method Not Allowed", [429] = "429 Too Many Requests",
  [500] = "500 Internal Server Error",
}

function respond.json(status, value)
  return {
    status = status,
    headers = { { "Content-Type", "application/json;charset=UTF-8" } },
    body = json.encode(value),
  }
end

function respond.empty(status, headers)
  return { status = status, headers = headers or {}, body = "" }
end

function respond.redirect(url)
  return respond.empty(302, { { "Location", url } })
end

--- The short page that the service's own web server answers with.
function respond.html(status)
  local title = TITLES[status] or tostring(status)
  return {
    status = status,
    headers = { { "Content-Type", "text/html" } },
    body = ("<html>\r\n<head><title>%s</title></head>\r\n<body>\r\n"
      .. "<center><h1>%s</h1></center>\r\n<hr><center>openresty</center>\r\n"
      .. "</body>\r\n</html>\r\n"):format(title, title),
  }
end

-- How each family of operations says no. A refusal is
-- { code =, details =?, status =?, message =?, action =? }.
respond.refusals = {}

function respond.refusals.enhanced(box, refusal)
  if refusal.code == "unauthorized" then
    -- Adobe's 401 for a dead token carries no JSON.
    return respond.empty(401, { { "WWW-Authenticate", "Bearer" } })
  end
  local object = errors.object(box, refusal.code, refusal.details)
  return respond.json(refusal.status or object.status, object)
end

function respond.refusals.dcr(_, refusal)
  return respond.json(refusal.status or 400, { error = refusal.code })
end

--- Operation 7 is for a browser: its errors are pages.
function respond.refusals.html(_, refusal)
  local known = errors.known[refusal.code]
  return respond.html(known and known.status or 400)
end

-- Page features-premium/sso-service: errors are wrapped, and have codes of
-- their own.
function respond.refusals.sso_service(box, refusal)
  local known = errors.known[refusal.code] or {}
  local status = refusal.status or known.status or 401
  return respond.json(status, {
    status = REASONS[status] or tostring(status),
    error = {
      status = status, code = refusal.code,
      message = refusal.message or known.message or "Unauthorized access",
      action = refusal.action or known.action or "none",
      helpUrl = errors.HELP, trace = box:uuid(),
    },
  })
end

return respond
