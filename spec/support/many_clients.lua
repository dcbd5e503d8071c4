--- Clients of one sandbox, in this process, in others and in nginx, and the
-- requests that the sandbox received from them. Plain Lua without busted, which
-- nginx does not have.

-- luacheck: globals ngx

local adobepass = require "adobepass"
local core = require "adobepass.core"
local json = require "adobepass.util.json"
local sandbox = require "adobepass.sandbox"
local tv_client = require "spec.support.tv_client"

local many_clients = {}

local INFO = { primaryHardwareType = "TV", model = "Living room", version =
  "1", osName = "Linux", osVersion = "6", connectionType = "WiFi" }

--- Returns a client. `at` has the sandbox's `api`, `mgmt` and `statement`, and `ca` or
-- `transport`; `more` replaces options of adobepass.new.
function many_clients.new_client(at, more)
  local options = { service_provider = "REF30", rate_limit = false,
    software_statement = at.statement, transport = at.transport,
    environment = { api = at.api, mgmt = at.mgmt },
    http = at.ca and { ca_file = at.ca } or nil,
    device = { id = "living-room", info = INFO }, random = function()
      return 0.5
    end }
  for name, value in pairs(more or {}) do options[name] = value or nil end
  return adobepass.new(options)
end

--- Returns a client from plain data, as another process receives it:
-- `at.store` is { kind, options }, `at.driver` is a name.
function many_clients.new_named(at)
  return many_clients.new_client(at, { timeout = at.timeout,
    store = adobepass.store[at.store[1]](at.store[2]),
    driver = adobepass.driver[at.driver or "block"]() })
end

--- Returns "ok" or the error's code.
function many_clients.outcome_of(result, err)
  return result and "ok" or err.code
end

--- Main function of another process: reads `at` as JSON from the first line,
-- then makes one call for each further line and prints its outcome.
function many_clients.serve_lines()
  local client = many_clients.new_named(json.decode(io.read()))
  for _ in io.lines() do
    print(many_clients.outcome_of(client.api:profiles()))
    io.stdout:flush()
  end
end

local own_client

--- Makes one call in a worker of nginx, which keeps its client.
function many_clients.in_nginx(at)
  own_client = own_client or many_clients.new_named(at)
  return { outcome = many_clients.outcome_of(own_client.api:profiles()),
    worker = ngx.worker.pid() }
end

--- Returns the number of requests of each operation; 0 for none.
function many_clients.counts(journal)
  local counts = setmetatable({}, { __index = function() return 0 end })
  for _, entry in ipairs(journal) do
    local name = entry.operation or "other"
    counts[name] = counts[name] + 1
  end
  return counts
end

--- Returns the bearer of the last request that has one.
function many_clients.bearer(journal)
  for index = #journal, 1, -1 do
    local value = journal[index].headers.authorization
    if value then return (value:gsub("^Bearer ", "")) end
  end
end

local Control = {}
Control.__index = Control

function Control:ask(method, path, body)
  local response = assert(tv_client.fetch(self.transport, { method = method,
    url = self.url .. path, body = body and json.encode(body),
    headers = body and { ["Content-Type"] = "application/json" } or nil }))
  local reply = assert(json.decode(response.body))
  assert(response.status == 200, reply.error)
  return reply.result
end

function Control:journal() return self:ask("GET", "/sandbox/journal") end

--- Returns the journal since the last call, and its counts.
function Control:take()
  local journal = self:journal()
  self:ask("DELETE", "/sandbox/journal")
  return journal, many_clients.counts(journal)
end

function Control:fault(fault)
  return self:ask("POST", "/sandbox/faults", fault)
end

--- Makes the service refuse a token.
function Control:revoke(token)
  return self:ask("POST", "/sandbox/revoke", { token = token })
end

function Control:close() self.transport:close() end

--- Returns the control API of a running sandbox.
function many_clients.control(running)
  return setmetatable({ url = running.control,
    transport = assert(core.http.new { ca_file = running.ca }) }, Control)
end

--- Starts a sandbox in this process on a fake clock. Returns the argument `at` of
-- `new_client`, and `control` with `take`.
function many_clients.new_sandbox(time)
  local instance = sandbox.new(nil, { throttle = false,
    now = function() return time:server_ms() end })
  local control = instance.control
  function control.take()
    local journal = control.journal()
    control.journal { clear = true }
    return journal, many_clients.counts(journal)
  end
  return { api = instance.api, mgmt = instance.mgmt, control = control,
    statement = control.statement(), transport = instance:transport() }
end

--- Returns a store whose methods can fail: `broken.set = true`, or a function
-- that receives the key and returns whether it fails.
function many_clients.new_failing_store(store)
  local broken = {}
  local wrapped = { broken = broken, inner = store }
  for _, name in ipairs { "get", "set", "add", "replace", "delete",
    "clear" } do
    wrapped[name] = function(_, key, ...)
      local is_broken = broken[name]
      if type(is_broken) == "function" then is_broken = is_broken(key) end
      if is_broken then
        return nil, "The store fails.", "store_failed"
      end
      return store[name](store, key, ...)
    end
  end
  return wrapped
end

--- Runs a function in `count` concurrent tasks of a tick driver. Returns the
-- outcome of each.
function many_clients.run_tasks(driver, transport, count, run)
  local tasks = {}
  for index = 1, count do
    tasks[index] = driver.start(function()
      return many_clients.outcome_of(run(index))
    end)
  end
  repeat
    local moving = transport()
    if moving then moving:step(0.01) end
  until driver.update() == 0
  local outcomes = {}
  for index, task in ipairs(tasks) do outcomes[index] = task.results[1] end
  return outcomes
end

return many_clients
