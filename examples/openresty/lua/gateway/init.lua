--- The gateway: the functions that nginx calls (see gateway.conf).
-- @module gateway

-- luacheck: globals ngx

local adobepass = require "adobepass"
local catalog = require "gateway.catalog"
local config = require "gateway.config"
local core = require "adobepass.core"
local flows = require "gateway.flows"
local guard = require "gateway.guard"
local health = require "gateway.health"
local json = require "adobepass.util.json"
local log = require "gateway.log"
local login = require "gateway.login"
local logout = require "gateway.logout"
local metrics = require "gateway.metrics"
local rate_limiter = require "gateway.rate_limit"
local play = require "gateway.play"
local problem = require "gateway.problem"
local redis_connector = require "adobepass.store.redis_connector"
local sign = require "gateway.sign"
local tables = require "adobepass.util.tables"
local trace = require "gateway.trace"
local viewer = require "gateway.viewer"

local gateway = {}

-- `body`: the allowed fields. `accepts_new`: a new device gets its cookie. `open`: no
-- device is required.
local ROUTES = {
  viewer = {
    login = { "POST", login.post, accepts_new = true, body = { mvpd = "string" } },
    ["login/status"] = { "GET", login.status },
    providers = { "GET", catalog.providers, accepts_new = true },
    catalog = { "GET", catalog.list },
    play = { "POST", play.post, argument = true,
      body = { ticket = "string", pass = "boolean" } },
    ticket = { "POST", play.redeem, argument = true, open = true,
      body = { media_token = "string" } },
    logout = { "POST", logout.post, body = {} },
  },
  operator = {
    ["health/live"] = { "GET", health.live, open = true },
    ["health/ready"] = { "GET", health.ready, open = true },
  },
}

local is_pass

local function record_event(event)
  metrics.event(event)
  if event.type ~= "cache_hit" then log.event(event) end
end

local function add_traceparent(request)
  request.headers.traceparent = trace.header()
end

local function new_client(settings, store)
  return adobepass.new {
    service_provider = settings.service_provider,
    software_statement = settings.statement,
    environment = settings.environment, store = store,
    driver = adobepass.driver.ngx(), on_event = record_event,
    on_request = settings.forward_traceparent and add_traceparent or nil,
    timeout = settings.timeout,
    rate_limit = settings.rate_limit
      and rate_limiter.new(settings.redis, settings.rate_limit),
    forward_ip_on_registration = settings.forward_ip_on_registration,
    http = { ca_file = settings.ca_file },
    language = settings.language, messages = settings.messages,
  }
end

--- For init_by_lua. Raises an error for a wrong setting: nginx then does not start, or
-- keeps its configuration on a reload. The workers inherit the client, which opens its
-- transport at the first request.
-- @string path of the settings
-- @string node name of this nginx in the logs
function gateway.load(path, node)
  local settings = config.load(path)
  settings.redis = redis_connector.new(settings.redis, "redis")
  local store = adobepass.store.redis { connector = settings.redis }
  local client = new_client(settings, store)
  local devices = sign.new(settings.device_keys)
  local tickets = sign.new(settings.ticket_keys)
  log.start(settings.log_file, node)
  guard.start(devices, tickets)
  problem.start(client, settings)
  viewer.start(client, settings, devices)
  flows.start(store)
  health.start(store, settings.redis)
  catalog.start(settings)
  login.start(settings)
  logout.start(settings)
  play.start(settings, tickets, client, store)
  is_pass = settings.is_pass
end

--- For init_worker_by_lua. nginx ignores its errors.
function gateway.start() metrics.start(is_pass) end

local function bad_request(status, message)
  return nil, problem.new(status, "bad_request", message)
end

-- Returns a name that a client sent, shortened and in ASCII, for a message.
local function printable(text)
  return (tostring(text):sub(1, 40):gsub("[^\32-\126]", "?"))
end

local function check_field(field, value, allowed)
  if not allowed[field] then
    local names = table.concat(tables.sorted_keys(allowed), ", ")
    return bad_request(400, ("Unknown field '%s'; %s."):format(printable(field),
      names == "" and "the body must be {}" or "the fields are: " .. names))
  elseif type(value) ~= allowed[field] then
    return bad_request(400, ("The field '%s' must be a %s."):format(field,
      allowed[field]))
  end
  return true
end

-- Accepts JSON only: a form on another site cannot send this type without a CORS
-- preflight.
local function read_body(allowed)
  local kind = ngx.var.content_type or ""
  if not kind:lower():find "^application/json%f[^%w+/.-]" then
    return bad_request(415, "The content type must be application/json.")
  end
  ngx.req.read_body()
  local body = json.decode(ngx.req.get_body_data() or "")
  if type(body) ~= "table" then
    return bad_request(400, "The body must be a JSON object.")
  end
  for field, value in pairs(body) do
    local good, err = check_field(field, value, allowed)
    if not good then return nil, err end
  end
  return body
end

local function read(route, argument)
  if ngx.req.get_method() ~= route[1] then
    ngx.header["Allow"] = route[1]
    return bad_request(405, "Use the method " .. route[1] .. ".")
  end
  local request, err = { argument = argument }, nil
  if route.body then request.body, err = read_body(route.body) end
  if err then return nil, err end
  if not route.open then
    request.who, err = (route.accepts_new and viewer.who_or_new or viewer.who)()
  end
  if err then return nil, err end
  return request
end

local function carry_out(route, argument)
  local request, err = read(route, argument)
  if not request then return nil, err end
  ngx.ctx.who = request.who
  return route[2](request)
end

local function send(response)
  ngx.header["Content-Type"] = "application/json"
  ngx.header["Cache-Control"] = "no-store"
  ngx.print(json.encode(response))
end

local function note(route_name, started, made)
  local seconds, who = core.clock.monotonic() - started, ngx.ctx.who
  local status = made and made.status or 200
  metrics.count("gateway_requests_total", "route", route_name, "status",
    status)
  metrics.observe("gateway_request_seconds", seconds, "route", route_name,
    "outcome", metrics.outcome(status))
  log.request { route = route_name, status = status,
    method = ngx.req.get_method(), seconds = seconds,
    code = made and made.code, device = who and who.device }
end

-- The message may contain anything, so it is written to nginx's error log only.
local function broken(message)
  ngx.log(ngx.ERR, "uncaught error: ", message)
  return problem.new(500, "internal_error", "Internal error of the gateway.")
end

-- "/play/cnn" is the route "play" with an argument.
local function find(routes)
  local path = ngx.var.uri:sub(2)
  local first, rest = path:match "^(%l+)/([%w_-]+)$"
  if first and routes[first] and routes[first].argument then
    return first, routes[first], rest
  end
  local route = routes[path]
  if route and not route.argument then return path, route end
end

--- For content_by_lua: serves a route of `viewer` or `operator`.
function gateway.serve(whom)
  local started = core.clock.monotonic()
  local route_name, route, argument = find(ROUTES[whom])
  if not route then return ngx.exit(404) end
  local fine, response, err = pcall(carry_out, route, argument)
  local made = not fine and broken(response) or err and problem.of(err) or nil
  note(route_name, started, made)
  if made then return problem.send(made) end
  return send(response)
end

local MESSAGES = { [404] = "This path does not exist.",
  [413] = "The request is too large.", [414] = "The URL is too long.",
  [431] = "The headers are too large.",
  [429] = "Too many requests. Please wait." }

--- Sends nginx's own errors in the format of the gateway, and counts them: nginx does
-- not log them.
function gateway.refuse()
  local status = ngx.status
  metrics.count("gateway_requests_total", "route", "none", "status", status)
  return problem.send(problem.new(status, "http_" .. status,
    MESSAGES[status] or "The request was refused.",
    status == 429 and "retry" or "none", status == 429 and 2 or nil))
end

function gateway.metrics()
  ngx.header["Content-Type"] = "text/plain; version=0.0.4"
  ngx.print(metrics.text())
end

return gateway
