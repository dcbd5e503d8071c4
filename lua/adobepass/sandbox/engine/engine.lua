--- Processes one request.
--
-- The order is: journal, throttle, faults, checks of the route, operation. An
-- error raised inside becomes the response internal_server_error.
-- @module adobepass.sandbox.engine.engine

local request_context = require "adobepass.sandbox.engine.request_context"
local cors = require "adobepass.sandbox.engine.cors"
local endpoint = require "adobepass.sandbox.control.endpoint"
local faults = require "adobepass.sandbox.engine.faults"
local journal = require "adobepass.sandbox.engine.journal"
local http_date = require "adobepass.util.http_date"
local http_response = require "adobepass.sandbox.engine.http_response"
local request_rules = require "adobepass.sandbox.engine.request_rules"
local routes = require "adobepass.sandbox.engine.routes"
local state = require "adobepass.sandbox.engine.state"
local throttle = require "adobepass.sandbox.engine.throttle"
local router = require "adobepass.sandbox.pages.router"
local url_encoding = require "adobepass.sandbox.engine.url_encoding"

local engine = {}

local MAX_BODY = 1024 * 1024
local SWEEP_EVERY = 256 -- requests

local function text(value, otherwise)
  return type(value) == "string" and value or otherwise
end

local function string_headers(headers)
  local result = {}
  for name, value in pairs(type(headers) == "table" and headers or {}) do
    if type(name) == "string" and type(value) == "string" then
      result[name:lower()] = value
    end
  end
  return result
end

-- Replaces missing or mistyped fields, so that the rest of the engine need not check
-- them.
local function normalize(request)
  if type(request) ~= "table" then request = {} end
  local path = text(request.path, "/")
  return {
    method = text(request.method, "GET"):upper(),
    path = path, plain_path = url_encoding.unescape(path) or path,
    query = text(request.query),
    headers = string_headers(request.headers),
    body = text(request.body, ""), remote_addr = text(request.remote_addr),
    host_role = text(request.host_role), plain = request.plain == true,
  }
end

local function segments_of(path)
  local list = {}
  for segment in path:gmatch "[^/]+" do
    local plain = url_encoding.unescape(segment)
    if not plain then return nil end
    list[#list + 1] = plain
  end
  return list
end

local function refuse(sandbox, route, context, refusal)
  if route.refusal == "page" then
    return router.refuse(sandbox, context.request, context.params.code)
  end
  return http_response.refusals[route.refusal](sandbox, refusal)
end

local function check_and_run(sandbox, route, context)
  local refusal = sandbox:check(context, route.checks)
  if refusal then return refuse(sandbox, route, context, refusal) end
  local response, refused = route.run(context)
  return response or refuse(sandbox, route, context, refused)
end

local function run_operation(sandbox, request, entry, route, params)
  entry.operation = route.name
  local unexpected = request_rules.unlisted_headers(route, request.headers)
  if #unexpected > 0 then entry.unexpected = unexpected end
  local fault = faults.take(sandbox, route.name)
  entry.fault = fault and fault.kind
  local replacement = fault and faults.replace(sandbox, fault, route)
  if replacement then return replacement end
  local context = request_context.new(sandbox, request, route, params)
  local response = check_and_run(sandbox, route, context)
  entry.ignored = context.ignored
  if fault then faults.alter(sandbox, fault, response) end
  return response
end

local function web_page(sandbox, request)
  local role = request.host_role
  if role and role ~= "api" then return nil end
  return router.handle(sandbox, request)
end

local function not_found(sandbox, request, methods, family)
  if family then return http_response.method_not_allowed(sandbox, family, methods) end
  return web_page(sandbox, request) or http_response.html(404)
end

local function dispatch(sandbox, request, entry)
  if #request.body > MAX_BODY then return http_response.html(413) end
  local preflight = cors.preflight(request)
  if preflight then return preflight end
  local held_back = throttle.check(sandbox, request)
  entry.throttled = held_back and true or nil
  if held_back then return held_back end
  -- An empty segment: the client's base URL ends in "/".
  if request.path:find("//", 1, true) then return http_response.html(404) end
  local segments = segments_of(request.path)
  if not segments then return http_response.html(400) end
  local method = request.method == "HEAD" and "GET" or request.method
  local route, found, family = routes.find(method, segments, request.host_role)
  if not route then return not_found(sandbox, request, found, family) end
  return run_operation(sandbox, request, entry, route, found)
end

local function sweep(sandbox)
  sandbox.requests = (sandbox.requests or 0) + 1
  if sandbox.requests % SWEEP_EVERY == 0 then
    state.sweep(sandbox.state, sandbox:now(), sandbox.world.throttle.forget_after)
  end
end

local function dispatch_safely(sandbox, request, entry)
  local ok, response = pcall(dispatch, sandbox, request, entry)
  if ok then return response end
  entry.failure = tostring(response)
  local route = routes.by_name[entry.operation]
  return http_response.refusals[route and route.refusal or "enhanced"](sandbox,
    { code = "internal_server_error", status = 500 })
end

-- Adds Date, by the sandbox's clock. A response to HEAD has the headers of GET and no
-- body (RFC 9110, 9.3.2); with a fault it keeps the body, which the fault acts on.
local function complete(sandbox, request, response)
  table.insert(response.headers,
    { "Date", http_date.format(sandbox:now() / 1000) })
  if request.method == "HEAD" and not response.fault then
    table.insert(response.headers, { "Content-Length", tostring(#response.body) })
    response.body = ""
  end
  return response
end

--- Processes one request. Never raises.
-- @param request see `adobepass.sandbox`
-- @return response
function engine.handle(sandbox, request)
  request = normalize(request)
  local response
  if endpoint.is_ours(request.path) then
    response = endpoint.handle(sandbox, request)
  else
    sweep(sandbox)
    local entry = journal.open(sandbox, request)
    response = dispatch_safely(sandbox, request, entry)
    entry.status = response.status
    cors.add(request, response)
  end
  return complete(sandbox, request, response)
end

return engine
