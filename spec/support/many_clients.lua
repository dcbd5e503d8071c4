--- Clients, many of them, and what the sandbox heard of them.
--
-- Plain Lua, since it runs inside nginx and in other processes too.

-- luacheck: globals ngx

local adobepass = require "adobepass"
local core = require "adobepass.core"
local json = require "adobepass.util.json"
local sandbox = require "adobepass.sandbox"
local tv = require "spec.support.tv_client"

local flight = {}

local INFO = { primaryHardwareType = "TV", model = "Living room", version =
  "1", osName = "Linux", osVersion = "6", connectionType = "WiFi" }

--- A client. `at`: where the sandbox is (`api`, `mgmt`, `statement`; `ca` or
-- `transport`); `more`: options of adobepass.new in place of the usual ones.
function flight.client(at, more)
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

--- The same, of what other processes can be told: names instead of objects.
-- `at.store` is { kind, options }, `at.driver` a name.
function flight.told(at)
  return flight.client(at, { timeout = at.timeout,
    store = adobepass.store[at.store[1]](at.store[2]),
    driver = adobepass.driver[at.driver or "block"]() })
end

--- "ok", or an error's code.
function flight.outcome(answer, err)
  return answer and "ok" or err.code
end

--- For another process: hears where the sandbox is, then calls each time that
-- a line comes in.
function flight.obey()
  local client = flight.told(json.decode(io.read()))
  for _ in io.lines() do
    print(flight.outcome(client.api:profiles()))
    io.stdout:flush()
  end
end

local own

--- For a worker of nginx, which keeps its client.
function flight.in_nginx(at)
  own = own or flight.told(at)
  return { outcome = flight.outcome(own.api:profiles()),
    worker = ngx.worker.pid() }
end

--- How often each operation came: counts.token and so on; 0 for none.
function flight.counts(journal)
  local counts = setmetatable({}, { __index = function() return 0 end })
  for _, entry in ipairs(journal) do
    local name = entry.operation or "other"
    counts[name] = counts[name] + 1
  end
  return counts
end

--- The bearer of the last request that had one.
function flight.bearer(journal)
  for index = #journal, 1, -1 do
    local value = journal[index].headers.authorization
    if value then return (value:gsub("^Bearer ", "")) end
  end
end

local Control = {}
Control.__index = Control

function Control:ask(method, path, body)
  local response = assert(tv.fetch(self.transport, { method = method,
    url = self.url .. path, body = body and json.encode(body),
    headers = body and { ["Content-Type"] = "application/json" } or nil }))
  local said = assert(json.decode(response.body))
  assert(response.status == 200, said.error)
  return said.result
end

function Control:journal() return self:ask("GET", "/sandbox/journal") end

--- What came since the last time.
function Control:take()
  local journal = self:journal()
  self:ask("DELETE", "/sandbox/journal")
  return journal, flight.counts(journal)
end

function Control:fault(fault)
  return self:ask("POST", "/sandbox/faults", fault)
end

--- Everybody's token is refused from now on.
function Control:revoke(token)
  return self:ask("POST", "/sandbox/revoke", { token = token })
end

function Control:close() self.transport:close() end

--- The control API of a running sandbox.
function flight.control(running)
  return setmetatable({ url = running.control,
    transport = assert(core.http.new { ca_file = running.ca }) }, Control)
end

-- As its hosts do: every answer has a Date.
local function with_date(box)
  local handle = box.handle
  function box:handle(request)
    local response = handle(self, request)
    table.insert(response.headers, { "Date",
      os.date("!%a, %d %b %Y %H:%M:%S GMT", math.floor(self:now() / 1000)) })
    return response
  end
  return box
end

--- A sandbox in this very process, on a clock of ours; what a client needs of
-- it, and `control`, with `take` as above.
function flight.here(time)
  local box = with_date(sandbox.new(nil, { throttle = false,
    now = function() return time:server_ms() end }))
  local control = box.control
  function control.take()
    local journal = control.journal()
    control.clear_journal()
    return journal, flight.counts(journal)
  end
  return { api = box.api, mgmt = box.mgmt, control = control,
    statement = control.statement(), transport = box:transport() }
end

--- A store that does as the spec says: `broken.set = true`, or a function
-- that gets the key and tells.
function flight.breakable(store)
  local broken = {}
  local wrapped = { broken = broken, inner = store }
  for _, name in ipairs { "get", "set", "add", "delete", "clear" } do
    wrapped[name] = function(_, key, ...)
      local is_broken = broken[name]
      if type(is_broken) == "function" then is_broken = is_broken(key) end
      if is_broken then
        return nil, "The disk is on fire.", "store_failed"
      end
      return store[name](store, key, ...)
    end
  end
  return wrapped
end

--- Runs a function as so many tasks of a tick driver, all at once; what each
-- answered.
function flight.crowd(driver, transport, count, run)
  local tasks = {}
  for index = 1, count do
    tasks[index] = driver.start(function()
      return flight.outcome(run(index))
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

return flight
