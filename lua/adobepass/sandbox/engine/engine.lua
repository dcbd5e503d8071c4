--- From a request to a response.
--
-- journal, then throttle, then faults, then the guards of the route, then the
-- operation. Whatever goes wrong inside is an internal_server_error.
-- @module adobepass.sandbox.engine.engine

local call = require "adobepass.sandbox.engine.request_context"
local control_http = require "adobepass.sandbox.control.http"
local faults = require "adobepass.sandbox.engine.faults"
local journal = require "adobepass.sandbox.engine.journal"
local respond = require "adobepass.sandbox.engine.respond"
local routes = require "adobepass.sandbox.engine.routes"
local state = require "adobepass.sandbox.engine.state"
local throttle = require "adobepass.sandbox.engine.throttle"
local web = require "adobepass.sandbox.pages.web"
local wire = require "adobepass.sandbox.engine.url_encoding"

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

-- A host may be careless; nothing below this has to be careful.
local function normal(request)
  if type(request) ~= "table" then request = {} end
  return {
    method = text(request.method, "GET"):upper(),
    path = text(request.path, "/"), query = text(request.query),
    headers = string_headers(request.headers),
    body = text(request.body, ""), remote_addr = text(request.remote_addr),
    host_role = text(request.host_role),
  }
end

local function segments_of(path)
  local list = {}
  for segment in path:gmatch "[^/]+" do
    local plain = wire.unescape(segment)
    if not plain then return nil end
    list[#list + 1] = plain
  end
  return list
end

local function run(box, route, one)
  local refusal = box:check(one, route.guards)
  if refusal then return respond.refusals[route.refusal](box, refusal) end
  local response, no = route.run(one)
  return response or respond.refusals[route.refusal](box, no)
end

local function operate(box, request, entry, route, params)
  entry.operation = route.name
  local unexpected = routes.unexpected(route, request.headers)
  if #unexpected > 0 then entry.unexpected = unexpected end
  local fault = faults.take(box, route.name)
  entry.fault = fault and fault.kind
  local instead = fault and faults.instead(box, fault, route)
  if instead then return instead end
  local response =
    run(box, route, call.new(box, request, route, params))
  if fault then faults.spoil(box, fault, response) end
  return response
end

local function web_page(box, request)
  local role = request.host_role
  if role and role ~= "api" then return nil end
  return web.handle(box, request)
end

local function not_found(box, request, methods)
  if #methods > 0 then
    return respond.empty(405, { { "Allow", table.concat(methods, ", ") } })
  end
  return web_page(box, request) or respond.html(404)
end

local function answer(box, request, entry)
  if #request.body > MAX_BODY then return respond.html(413) end
  local held_back = throttle.check(box, request)
  entry.throttled = held_back and true or nil
  if held_back then return held_back end
  local segments = segments_of(request.path)
  if not segments then return respond.html(400) end
  local route, found = routes.find(request.method, segments,
                                   request.host_role)
  if not route then return not_found(box, request, found) end
  return operate(box, request, entry, route, found)
end

local function sweep(box)
  box.requests = (box.requests or 0) + 1
  if box.requests % SWEEP_EVERY == 0 then
    state.sweep(box.state, box:now(), box.world.throttle.forget_after)
  end
end

local function guarded(box, request, entry)
  local ok, response = pcall(answer, box, request, entry)
  if ok then return response end
  entry.failure = tostring(response)
  return respond.refusals.enhanced(box, { code = "internal_server_error" })
end

--- Answers one request. Never raises.
function engine.handle(box, request)
  request = normal(request)
  if control_http.is_ours(request.path) then
    return control_http.handle(box, request)
  end
  sweep(box)
  local entry = journal.open(box, request)
  local response = guarded(box, request, entry)
  entry.status = response.status
  return response
end

return engine
