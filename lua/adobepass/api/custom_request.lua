--- The request of client:request: any path of an Adobe API, such as ESM and
-- Degradation, with the managed access token. No I/O.
-- @module adobepass.api.custom_request

local added_headers = require "adobepass.api.added_headers"
local errors = require "adobepass.api.errors"
local json = require "adobepass.util.json"
local options = require "adobepass.util.options"
local request = require "adobepass.api.request"
local tables = require "adobepass.util.tables"

local custom_request = {}

local WHERE = "client:request"
local FIELDS = { base = "string", method = "string?", path = "string",
  query = "table?", headers = "table?", body = "string or table?",
  timeout = options.number(0.001, 3600), once = "boolean?" }

-- true: idempotent (RFC 9110 section 9.2.2), so the request may be repeated.
local METHODS = { GET = true, HEAD = true, PUT = true, DELETE = true,
  OPTIONS = true, POST = false, PATCH = false }
local HAS_NO_BODY = { GET = true, HEAD = true }

local function complain(format, ...)
  error(WHERE .. ": " .. format:format(...))
end

local function is_scalar(value)
  local kind = type(value)
  return kind == "string" or kind == "number" or kind == "boolean"
end

local function check_parameter(name, value)
  if type(name) ~= "string" then
    complain("query should be a table from name to value")
  end
  for _, item in ipairs(type(value) == "table" and value or { value }) do
    if not is_scalar(item) then
      complain("the query parameter '%s' should be a string, a number, a boolean, "
        .. "or a list of them", name)
    end
  end
end

--- Raises usage errors. A path may come from a response, so it is checked later.
function custom_request.check(given)
  options.check(WHERE, given, FIELDS)
  local method = given.method or "GET"
  if given.base ~= "api" and given.base ~= "mgmt" then
    complain("base should be api or mgmt, not '%s'", given.base)
  elseif METHODS[method] == nil then
    complain("method should be GET, HEAD, PUT, DELETE, OPTIONS, POST or PATCH, "
      .. "not '%s'", method)
  elseif given.body and HAS_NO_BODY[method] then
    complain("a %s request has no body", method)
  end
  added_headers.check(WHERE, given.headers or {})
  for name, value in pairs(given.query or {}) do check_parameter(name, value) end
end

local function refuse(code, message)
  return nil, errors.new { operation = "request", code = code, action = "none",
    message = message }
end

-- Printable ASCII except the characters that RFC 3986 excludes, and "#".
local IS_PATH = "^/[%w%-._~:/?@!$&'()*+,;=%%%[%]]*$"

local function check_path(path)
  if path:find "^%a[%w+.-]*:" or path:find "^[/\\][/\\]" then
    return refuse("foreign_url", "The path names an origin. The access token is sent "
      .. "to the configured origins only: give a path that starts with '/'.")
  end
  local segments = path:gsub("%?.*$", ""):gsub("%%2[eE]", ".") .. "/"
  if path:find(IS_PATH) and not segments:find("/%.%.?/") then return true end
  return refuse("invalid_parameter_path", "The path should start with '/', contain "
    .. "only characters allowed in a URL, and no segment '.' or '..'.")
end

local function query_of(query)
  local parts = {}
  for _, name in ipairs(tables.sorted_keys(query or {})) do
    for _, value in ipairs(type(query[name]) == "table" and query[name]
        or { query[name] }) do
      parts[#parts + 1] = request.escape(name) .. "=" .. request.escape(value)
    end
  end
  return table.concat(parts, "&")
end

local function url_of(origin, path, query)
  local text = query_of(query)
  if text == "" then return origin .. path end
  return origin .. path .. (path:find("?", 1, true) and "&" or "?") .. text
end

local function headers_of(given)
  local headers, known = {}, {}
  for name, value in pairs(given.headers or {}) do
    headers[name], known[name:lower()] = value, true
  end
  if not known.accept then headers.Accept = "application/json" end
  if type(given.body) == "table" and not known["content-type"] then
    headers["Content-Type"] = "application/json"
  end
  return headers
end

-- Names the API by the first segment of the path: "request:esm".
local function name_of(path)
  return "request:" .. (path:match "^/([%w_-]+)" or "")
end

--- Returns the operation of a request, in the form of adobepass.api.operations with
-- the built request; nil and an error when the path or the body cannot be sent.
-- @tparam table given checked
-- @tparam table origins `api` and `mgmt`
function custom_request.operation(given, origins)
  local good, err = check_path(given.path)
  if not good then return nil, err end
  local method, body = given.method or "GET", given.body
  if type(body) == "table" then
    local encoded, text = pcall(json.encode, body)
    if not encoded then
      return refuse("invalid_parameter_body", "The body cannot be encoded as JSON.")
    end
    body = text
  end
  return { name = name_of(given.path), base = given.base, is_custom = true,
    path = given.path, safe = METHODS[method],
    request = { url = url_of(origins[given.base], given.path, given.query),
      method = method, headers = headers_of(given), body = body,
      fresh = not METHODS[method] or nil } }
end

--- Returns whether the status of a response is a success.
function custom_request.is_success(response)
  return response.status >= 200 and response.status < 300
end

local function is_json(response)
  local kind = response.headers["content-type"] or ""
  return kind:lower():find("^application/[%w.+-]*json") ~= nil
end

--- Returns the value of client:request: `status`, `headers`, `body` and, if the
-- response is JSON, `json`.
function custom_request.read(response)
  return { status = response.status, headers = response.headers,
    body = response.body,
    json = is_json(response) and json.decode(response.body) or nil }
end

return custom_request
