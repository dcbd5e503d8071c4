--- The documented exchanges, and the calls of client.api that send them.

local core = require "adobepass.core"
local json = require "adobepass.util.json"
local url_encoding = require "adobepass.sandbox.engine.url_encoding"

local samples = {}

-- file -> operation
local FILES = {
  { "dcr-register", "register" }, { "dcr-token", "token" },
  { "configuration", "configuration" },
  { "sessions-create", "create_session" },
  { "sessions-resume", "resume_session" }, { "sessions-retrieve", "session" },
  { "authenticate", "authenticate_url" }, { "profiles", "profiles" },
  { "profiles-mvpd", "profile" }, { "profiles-code", "profile_for_code" },
  { "decisions-authorize", "authorize" },
  { "decisions-preauthorize", "preauthorize" }, { "logout", "logout" },
  { "sessions-sso", "partner_session" },
  { "profiles-sso", "partner_profile" },
}

-- Two pages show a path that contradicts their tables.
local PATHS = {
  { "^/api/v2/sessions/(%w+)/(%w+)$", "/api/v2/%1/sessions/%2" },
  { "^/api/v2/logout/(%w+)/(%w+)", "/api/v2/%1/logout/%2" },
  { "/configuration/$", "/configuration" },
}

local function mended_path(path)
  for _, rule in ipairs(PATHS) do path = path:gsub(rule[1], rule[2]) end
  return path
end

-- The pages shorten long values with an ellipsis.
local function without_ellipsis(value) return (value:gsub("%.%.%.$", "")) end

-- The device info of the pages lacks a comma, so it is not valid JSON. It also
-- lacks two of the keys that the header's own page requires.
local function repaired_info(value)
  local text = value and core.base64.decode(value)
  return text and core.base64.encode((text:gsub('"tvOS"\n', '"tvOS",\n')
    :gsub("\n}$", ',\n\t"version": "5",\n\t"connectionType": "WiFi"\n}')))
end

-- The parameter that the last segment of an operation's path contains.
local LAST = { resume_session = "code", session = "code",
  authenticate_url = "code", profile_for_code = "code", profile = "mvpd",
  authorize = "mvpd", preauthorize = "mvpd", logout = "mvpd",
  partner_session = "partner", partner_profile = "partner" }

local NAMES = { domainName = "domain_name", redirectUrl = "redirect_url",
  SAMLResponse = "saml_response" }

local OVERRIDES = { ["AD-Service-Token"] = "service_token",
  ["Adobe-Subject-Token"] = "subject_token",
  ["AP-TempPass-Identity"] = "user",
  ["AP-Partner-Framework-Status"] = "partner_status" }

local function add(params, fields)
  for name, value in pairs(fields) do
    params[NAMES[name] or name] = type(value) == "string" and without_ellipsis(value)
      or value
  end
end

local function params_of(operation, request, path, query)
  local params = {}
  if LAST[operation] then params[LAST[operation]] = path:match "[^/]+$" end
  if type(request.body) == "table" then
    add(params, request.body)
  else
    add(params, url_encoding.form(request.body))
  end
  add(params, url_encoding.form(query))
  for name, field in pairs(OVERRIDES) do
    params[field] = request.headers[name] and without_ellipsis(request.headers[name])
  end
  return params
end

local function device_of(headers)
  local id = (headers["AP-Device-Identifier"] or ""):match " (.+)$"
  return { id = id and core.base64.decode(id) or "any",
    info = headers["X-Device-Info"] }
end

local function headers_of(headers)
  local expected = {}
  for name, value in pairs(headers) do
    expected[name:lower()] = without_ellipsis(value)
  end
  expected.authorization = headers.Authorization and true or nil
  expected["user-agent"] = nil -- set by the transport
  return expected
end

local function read(file, operation, index, sample)
  local headers = sample.request.headers
  headers["X-Device-Info"] = repaired_info(headers["X-Device-Info"])
  local path, query = mended_path(sample.request.path):match
    "^([^?]*)%??(.*)$"
  return { title = ("%s %d: %s (%s)"):format(file, index, sample.title,
      sample.variant), operation = operation, file = file, index = index,
    method = sample.request.method, path = path, query = url_encoding.form(query),
    headers = headers_of(headers), body = sample.request.body,
    service_provider = path:match "/api/v2/(%w+)/" or "REF30",
    params = params_of(operation, sample.request, path, query),
    device = device_of(headers), response = sample.response }
end

--- Returns all exchanges: { title, operation, params, device, service_provider;
-- method, path, query, headers, body (as received); response }
function samples.all()
  local list = {}
  for _, pair in ipairs(FILES) do
    local file = assert(io.open("spec/samples/" .. pair[1] .. ".json"))
    for index, sample in ipairs(assert(json.decode(file:read "*a"))) do
      list[#list + 1] = read(pair[1], pair[2], index, sample)
    end
    file:close()
  end
  return list
end

return samples
