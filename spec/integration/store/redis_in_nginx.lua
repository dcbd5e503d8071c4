--- What the specs of Redis' topologies run inside nginx. A worker keeps its stores and
-- clients, as a gateway does.

-- luacheck: globals ngx

local adobepass = require "adobepass"
local core = require "adobepass.core"
local descriptor_limit = require "spec.support.descriptor_limit"
local json = require "adobepass.util.json"
local many_clients = require "spec.support.many_clients"
local store_conformance = require "spec.support.store_conformance"
local together = require "spec.support.nginx_threads"

local in_nginx = {}

local kept = {}

local function keep(kind, given, make)
  local name = kind .. (given.label or "") .. json.encode(given)
  kept[name] = kept[name] or make()
  return kept[name]
end

local function store_of(options)
  return keep("store", options, function() return adobepass.store.redis(options) end)
end

--- Runs all cases of the conformance. argument: { options = }. Returns how many.
function in_nginx.conform(argument)
  local names = store_conformance.names()
  local redis = store_of(argument.options).redis
  local run = "adobepass:" .. core.digest.hex(core.random.bytes(8))
  for _, name in ipairs(names) do -- each in an empty store, by its prefix
    local store = adobepass.store.redis { connector = redis,
      prefix = run .. name .. ":" }
    local good, message = pcall(store_conformance.run, name,
      { store = store, wait = ngx.sleep, together = together })
    if not good then error(name .. ": " .. tostring(message), 0) end
  end
  return #names
end

--- Uses several connections at once, which then are in the pool.
-- argument: { options =, count = }
function in_nginx.open(argument)
  local store, list = store_of(argument.options), {}
  for index = 1, argument.count do
    list[index] = function() assert(store:set("open", "v")) end
  end
  together(list)
  return true
end

--- Calls methods of a store; returns the results of each call as strings.
-- argument: { options =, calls = { { "set", "k", "v" }, ... } }
function in_nginx.calls(argument)
  local store, results = store_of(argument.options), {}
  for index, call in ipairs(argument.calls) do
    local value, message, code = store[call[1]](store, call[2], call[3], call[4])
    results[index] = { tostring(value), message or "", code or "" }
  end
  return results
end

--- As `calls`, while the worker has no descriptor left.
function in_nginx.calls_without_descriptors(argument)
  return descriptor_limit.exhaust(function() return in_nginx.calls(argument) end)
end

local function client_of(at)
  return keep("client", { label = at.label, store = at.store }, function()
    return many_clients.new_client(at, { timeout = 5, driver =
      adobepass.driver.ngx(), store = adobepass.store.redis(at.store) })
  end)
end

local INFO = { primaryHardwareType = "TV", model = "Living room", version =
  "1", osName = "Linux", osVersion = "6", connectionType = "WiFi" }

local function view_of(at)
  return client_of(at):device { id = at.device, info = INFO }
end

--- Makes one call of a device: registers it and requests a token if needed.
-- Returns `outcome`, `message` and `client_id`.
function in_nginx.register(at)
  local view = view_of(at)
  local response, err = view.api:profiles()
  return { outcome = many_clients.outcome_of(response, err),
    message = err and err.message or "", client_id = (view:client_id()) }
end

--- Starts a login of a device; returns the pending login.
function in_nginx.start_login(at)
  local flow, err = view_of(at):start_login { mvpd = "Cablevision",
    domain_name = "adobe.com", redirect_url = "https://adobe.com" }
  return flow or { error = tostring(err) }
end

--- Polls a login once. Returns the provider of its profile; or the reason.
function in_nginx.poll_login(at)
  local profile, reason = view_of(at):poll_login(at.flow)
  return { outcome = profile and profile.mvpd or tostring(reason) }
end

return in_nginx
