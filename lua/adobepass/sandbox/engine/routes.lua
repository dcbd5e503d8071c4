--- The routes of the 22 operations.
--
-- number, name   number in the reference; name of the client's operation
-- host           "api" or "mgmt"
-- path           {x} matches one segment; `also` is a documented alias
-- checks         names in `adobepass.sandbox.engine.checks`, in order
-- sends          Adobe's headers that the page of the operation lists
-- query, form, json   Adobe's parameters that the page lists, by their source
-- refusal        error format (`adobepass.sandbox.engine.http_response`)
-- @module adobepass.sandbox.engine.routes

local configuration = require "adobepass.sandbox.operations.configuration"
local dcr = require "adobepass.sandbox.operations.dcr"
local decisions = require "adobepass.sandbox.operations.decisions"
local logout = require "adobepass.sandbox.operations.logout"
local partner = require "adobepass.sandbox.operations.partner"
local profiles = require "adobepass.sandbox.operations.profiles"
local sessions = require "adobepass.sandbox.operations.sessions"
local sso_service = require "adobepass.sandbox.operations.sso_service"
local tables = require "adobepass.util.tables"
local temp_pass_reset = require "adobepass.sandbox.operations.temp_pass_reset"

local V2 = { "bearer", "listed_headers", "one_platform_token", "listed_parameters",
  "unrepeated_parameters", "form_body", "own_provider" }
local DCR = { "listed_headers", "listed_parameters", "unrepeated_parameters" }
local RESET = { "management_bearer", "listed_headers", "listed_parameters",
  "unrepeated_parameters", "own_provider", "mvpd", "temp_pass" }

-- Returns the names of `first`, then the other names.
local function append(first, ...)
  local list = {}
  for i, name in ipairs(first) do list[i] = name end
  for _, name in ipairs { ... } do list[#list + 1] = name end
  return list
end

local DEVICE = append(V2, "device_identifier", "device_info")

-- Letters as in the reference: D device identifier, I device info, S single
-- sign-on, P partner status, T temporary identity, V visitor, F forwarded
-- address, X SSO Service identifier or link code, J service token.
local HEADERS = {
  D = { "ap-device-identifier" },
  I = { "x-device-info" },
  S = { "adobe-subject-token", "x-roku-reserved-roku-connect-token",
        "ad-service-token" },
  P = { "ap-partner-framework-status" },
  T = { "ap-temppass-identity" },
  V = { "ap-visitor-identifier" },
  F = { "x-forwarded-for" },
  X = { "x-sso-id", "x-sso-link" },
  J = { "ad-service-token" },
}

local routes = {}

local list = {
  { number = 1, name = "register", method = "POST",
    path = "/o/client/register", checks = DCR, sends = "I",
    json = "software_statement redirect_uri",
    refusal = "dcr", run = dcr.register },
  { number = 2, name = "token", method = "POST", path = "/o/client/token",
    checks = { "one_client_authentication", "listed_headers",
      "listed_parameters", "unrepeated_parameters" }, sends = "I",
    form = "client_id client_secret grant_type refresh_token scope",
    query = "client_id client_secret grant_type refresh_token scope",
    refusal = "dcr", run = dcr.token },
  { number = 3, name = "configuration", method = "GET",
    path = "/api/v2/{sp}/configuration", checks = V2, sends = "DIF",
    query = "profile", run = configuration.get },
  { number = 4, name = "create_session", method = "POST",
    path = "/api/v2/{sp}/sessions", checks = DEVICE, sends = "DIFSV",
    form = "mvpd domainName redirectUrl", run = sessions.create },
  { number = 5, name = "resume_session", method = "POST",
    path = "/api/v2/{sp}/sessions/{code}", checks = append(V2, "open_code"),
    sends = "FV", form = "mvpd domainName redirectUrl",
    run = sessions.resume },
  { number = 6, name = "session", method = "GET",
    path = "/api/v2/{sp}/sessions/{code}",
    also = "/api/v2/sessions/{sp}/{code}", -- the page's own sample
    checks = append(V2, "open_code"), sends = "FV", run = sessions.status },
  { number = 7, name = "authenticate", method = "GET",
    path = "/api/v2/authenticate/{sp}/{code}",
    checks = { "provider", "open_code" }, sends = "", refusal = "page",
    run = sessions.authenticate },
  { number = 8, name = "profiles", method = "GET",
    path = "/api/v2/{sp}/profiles", checks = DEVICE, sends = "DIFSPV",
    run = profiles.all },
  { number = 9, name = "profile", method = "GET",
    path = "/api/v2/{sp}/profiles/{mvpd}",
    checks = append(DEVICE, "mvpd", "configured"), sends = "DIFSPTV",
    run = profiles.for_mvpd },
  { number = 10, name = "profile_for_code", method = "GET",
    path = "/api/v2/{sp}/profiles/code/{code}", checks = append(V2, "code"),
    sends = "FTV", run = profiles.for_code },
  { number = 11, name = "authorize", method = "POST",
    path = "/api/v2/{sp}/decisions/authorize/{mvpd}",
    checks = append(DEVICE, "mvpd", "resources"), sends = "DIFSPTV",
    json = "resources", run = decisions.authorize },
  { number = 12, name = "preauthorize", method = "POST",
    path = "/api/v2/{sp}/decisions/preauthorize/{mvpd}",
    checks = append(DEVICE, "mvpd", "resources"), sends = "DIFSPTV",
    json = "resources", run = decisions.preauthorize },
  { number = 13, name = "logout", method = "GET",
    path = "/api/v2/{sp}/logout/{mvpd}",
    also = "/api/v2/logout/{sp}/{mvpd}", -- the page's own sample
    checks = append(DEVICE, "mvpd"), sends = "DIFSV",
    query = "redirectUrl", run = logout.start },
  { number = 14, name = "partner_session", method = "POST",
    path = "/api/v2/{sp}/sessions/sso/{partner}",
    checks = append(DEVICE, "partner"), sends = "DIFPV",
    form = "domainName redirectUrl", run = partner.session },
  { number = 15, name = "partner_profile", method = "POST",
    path = "/api/v2/{sp}/profiles/sso/{partner}",
    checks = append(DEVICE, "partner"), sends = "DIFPV",
    form = "SAMLResponse", run = partner.profile },
  { number = 16, name = "reset_temp_pass", method = "DELETE", host = "mgmt",
    path = "/reset-tempass/v3/reset",
    checks = RESET, sends = "", query = "requestor_id mvpd_id device_id",
    refusal = "reset", run = temp_pass_reset.reset_device },
  { number = 17, name = "reset_temp_pass_key", method = "DELETE",
    host = "mgmt", path = "/reset-tempass/v3/reset/generic",
    checks = RESET, sends = "", query = "requestor_id mvpd_id key",
    refusal = "reset", run = temp_pass_reset.reset_key },
  { number = 18, name = "service_token", method = "POST",
    path = "/api/{sp}/serviceToken", checks = append(V2, "sso_device"),
    sends = "DIX", refusal = "sso_service", run = sso_service.create },
  { number = 19, name = "refresh_service_token", method = "GET",
    path = "/api/{sp}/serviceToken",
    checks = append(V2, "renewable_service_token"), sends = "J",
    refusal = "sso_service", run = sso_service.refresh },
  { number = 20, name = "link", method = "POST", path = "/api/{sp}/link",
    checks = append(V2, "sso_device", "service_token"), sends = "DJ",
    refusal = "sso_service", run = sso_service.link },
  { number = 21, name = "unlink", method = "POST", path = "/api/{sp}/unlink",
    checks = append(V2, "sso_device", "service_token"), sends = "DJ",
    refusal = "sso_service", json = "devices", run = sso_service.unlink },
  { number = 22, name = "list_devices", method = "GET",
    path = "/api/{sp}/list",
    checks = append(V2, "sso_device", "service_token"), sends = "DJ",
    refusal = "sso_service", run = sso_service.list },
}

-- Splits a path into segments: a literal string, or { name } for a parameter.
local function compile(path)
  local segments = {}
  for segment in path:gmatch "[^/]+" do
    local name = segment:match "^{(%w+)}$"
    segments[#segments + 1] = name and { name } or segment
  end
  return segments
end

local function allowed(letters)
  local set = {}
  for letter in letters:gmatch "." do
    for _, name in ipairs(HEADERS[letter]) do set[name] = true end
  end
  return set
end

local function names_of(text)
  local set = {}
  for name in text:gmatch "%S+" do set[name] = true end
  return set
end

local patterns = {}
routes.by_name = {}

for _, route in ipairs(list) do
  route.host = route.host or "api"
  route.refusal = route.refusal or "enhanced"
  route.headers = allowed(route.sends)
  route.needs_form = route.form ~= nil and route.refusal ~= "dcr"
  for _, source in ipairs { "query", "form", "json" } do
    route[source] = route[source] and names_of(route[source])
  end
  routes.by_name[route.name] = route
  for _, path in ipairs { route.path, route.also } do
    patterns[#patterns + 1] = { route = route, segments = compile(path) }
  end
end

routes.list = list

local function match(pattern, segments)
  if #pattern ~= #segments then return nil end
  local params = {}
  for i, expected in ipairs(pattern) do
    if type(expected) == "table" then
      params[expected[1]] = segments[i]
    elseif expected ~= segments[i] then
      return nil
    end
  end
  return params
end

--- Finds the route of a request.
-- @param segments decoded segments of the path
-- @param host "api", "mgmt" or nil (both)
-- @return route, params | nil, list of the methods that the path supports, and the
-- error format of its operations, or nil
function routes.find(method, segments, host)
  local methods, refusal = {}, nil
  for _, pattern in ipairs(patterns) do
    local route = pattern.route
    local params = (host == nil or host == route.host)
      and match(pattern.segments, segments)
    if params and route.method == method then return route, params end
    if params then methods[route.method], refusal = true, route.refusal end
  end
  methods.HEAD = methods.GET -- a HEAD uses the route of GET
  return nil, tables.sorted_keys(methods), refusal
end

return routes
