--- Faults that a test injects, selected by operation and count.
--
--   operation  a name in `adobepass.sandbox.engine.routes`, or "*" (default)
--   count      number of requests that the fault applies to (default 1)
--   kind       a key of KINDS; each kind has its own settings
-- @module adobepass.sandbox.engine.faults

local errors = require "adobepass.sandbox.engine.errors"
local json = require "adobepass.util.json"
local http_response = require "adobepass.sandbox.engine.http_response"
local options = require "adobepass.util.options"
local routes = require "adobepass.sandbox.engine.routes"
local tables = require "adobepass.util.tables"
local throttle = require "adobepass.sandbox.engine.throttle"

local faults = {}

-- kind -> setting -> default. A kind in `before` replaces the operation, which
-- does not run; a kind in `after` changes the response. `by_host` and `instead` are
-- no settings: the host carries out a kind with `by_host`; one with `instead` also
-- replaces the operation.
local KINDS = {
  delay = { by_host = true, seconds = 1 },
  reset_before = { by_host = true, instead = true },
  reset_within = { by_host = true },
  reset_after = { by_host = true },
  huge = { by_host = true, bytes = 64 * 1024 * 1024 },
  drip = { by_host = true, seconds = 0.1, bytes = 1 },
  tls = { by_host = true, instead = true },
  status = { status = 503, retry_after = false },
  too_many_requests = { retry_after = false },
  error = { code = "internal_server_error", details = false },
  truncated = {},
  wrong_content_type = { content_type = "text/html" },
  garbage = { bytes = 64 },
}

local before, after = {}, {}

function before.status(_, fault)
  local response = http_response.html(fault.status)
  if fault.retry_after then
    table.insert(response.headers,
      { "Retry-After", tostring(fault.retry_after) })
  end
  return response
end

function before.too_many_requests(sandbox, fault)
  return throttle.response(sandbox, fault.retry_after or nil)
end

function before.error(sandbox, fault, route)
  local refusal = { code = fault.code, details = fault.details or nil }
  -- A requested error code needs a body that contains it; the refusals of the reset
  -- operations have no body, and that of operation 7 is a page.
  local has_code = route.refusal == "dcr" or route.refusal == "sso_service"
  local format = has_code and route.refusal or "enhanced"
  return http_response.refusals[format](sandbox, refusal)
end

function after.truncated(_, response)
  response.body = response.body:sub(1, math.floor(#response.body / 2))
end

local function set_content_type(response, value)
  for _, header in ipairs(response.headers) do
    if header[1] == "Content-Type" then header[2] = value end
  end
end

function after.wrong_content_type(_, response, fault)
  set_content_type(response, fault.content_type)
end

function after.garbage(sandbox, response, fault)
  response.body = sandbox:random(fault.bytes)
end

local BOUNDS = {
  seconds = { 0, 3600 }, bytes = { 1, 1024 * 1024 * 1024 },
  status = { 200, 599 }, count = { 1, 1000000 }, retry_after = { 0, 86400 },
}

local function is_within(name, value)
  local bounds = BOUNDS[name]
  if not bounds then return type(value) == "string" end
  return type(value) == "number" and value >= bounds[1] and value <= bounds[2]
    and (value % 1 == 0 or name == "seconds")
end

local function expected_value(name)
  local bounds = BOUNDS[name]
  if not bounds then return "a string" end
  return ("a %snumber from %d to %d"):format(name == "seconds" and "" or "whole ",
    bounds[1], bounds[2])
end

local GENERAL = { operation = true, count = true, kind = true }

local function invalid(name, expected, value, known)
  return nil, ("invalid '%s': expected %s%s"):format(name, expected,
    options.suggest(value, known)), name
end

local function check_setting(kind, given, name)
  local is_setting = kind[name] ~= nil and name ~= "by_host" and name ~= "instead"
  if not GENERAL[name] and not is_setting then
    return invalid(name, "a setting of the kind " .. given.kind, name, kind)
  end
  if name ~= "operation" and name ~= "kind" and not is_within(name, given[name]) then
    return invalid(name, expected_value(name), nil, kind)
  end
  return true
end

local function one_of(known)
  return "one of " .. table.concat(tables.sorted_keys(known), ", ")
end

local function check(given)
  local kind = KINDS[given.kind]
  if not kind then
    return invalid("kind", one_of(KINDS), given.kind, KINDS)
  end
  local operation = given.operation or "*"
  if operation ~= "*" and not routes.by_name[operation] then
    return invalid("operation", one_of(routes.by_name), operation, routes.by_name)
  end
  for name in pairs(given) do
    local valid, message, field = check_setting(kind, given, name)
    if not valid then return nil, message, field end
  end
  if given.kind == "error" and given.code and not errors.known[given.code] then
    return invalid("code", "an enhanced error code", given.code, errors.known)
  end
  return kind
end

--- Adds a fault.
-- @param given { kind, operation?, count?, and the kind's settings }
-- @return true | nil, message, name of the wrong field
function faults.set(sandbox, given)
  local kind, message, field = check(given)
  if not kind then return nil, message, field end
  local fault = {
    kind = given.kind, operation = given.operation or "*",
    count = given.count or 1,
  }
  for name, default in pairs(kind) do
    if name ~= "by_host" and name ~= "instead" then
      fault[name] = given[name] == nil and default or given[name]
    end
  end
  table.insert(sandbox.state.faults, fault)
  return true
end

function faults.clear(sandbox)
  sandbox.state.faults = {}
end

--- Returns the first fault that applies to an operation and decrements its
-- count, or nil.
-- @param name of the operation; nil: not yet known, only faults of "*" apply
-- @param kind optional: only faults of this kind
function faults.take(sandbox, name, kind)
  for i, fault in ipairs(sandbox.state.faults) do
    if (fault.operation == "*" or fault.operation == name)
        and (not kind or fault.kind == kind) then
      fault.count = fault.count - 1
      if fault.count <= 0 then table.remove(sandbox.state.faults, i) end
      return fault
    end
  end
end

--- Returns the response that replaces the operation; nil: the operation runs.
function faults.replace(sandbox, fault, route)
  if before[fault.kind] then return before[fault.kind](sandbox, fault, route) end
  if KINDS[fault.kind].instead then
    local response = http_response.empty(500)
    response.fault = faults.for_host(fault)
    return response
  end
end

--- Returns the fields of a fault that the host needs.
function faults.for_host(fault)
  return { kind = fault.kind, seconds = fault.seconds, bytes = fault.bytes }
end

--- Changes the response of an operation as the fault requires.
function faults.alter(sandbox, fault, response)
  if after[fault.kind] then
    after[fault.kind](sandbox, response, fault)
  elseif KINDS[fault.kind].by_host then
    response.fault = faults.for_host(fault)
  end
end

--- Returns the faults that remain, as plain data.
function faults.list(sandbox)
  local list = {}
  for i, fault in ipairs(sandbox.state.faults) do
    list[i] = {}
    for name, value in pairs(fault) do list[i][name] = value end
  end
  return json.array(list)
end

return faults
