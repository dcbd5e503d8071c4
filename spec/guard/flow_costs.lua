--- Counts requests (in the sandbox's journal) and TLS handshakes (in the client's
-- events) of each flow over HTTPS, and measures the memory of a small TV app. The spec
-- of the cold start is spec/integration/flow/cold_start_spec.lua.

local adobepass = require "adobepass"
local child_process = require "spec.support.child_process"
local folder = require "spec.support.folder"
local many_clients = require "spec.support.many_clients"
local sandbox_host = require "adobepass.sandbox.host"

local flow_costs = {}

local LOGIN = { mvpd = "Cablevision", domain_name = "adobe.com",
  redirect_url = "https://adobe.com" }

local World = {}
World.__index = World

-- Counts over all clients.
local function on_event(self)
  return function(event)
    if event.type == "request" and not event.reused then
      self.handshakes = self.handshakes + 1
    end
  end
end

function World:new_client(device, more)
  local options = { device = device and { id = device } or false,
    on_event = on_event(self) }
  for name, value in pairs(more or {}) do options[name] = value end
  local client = many_clients.new_client(self.running, options)
  self.clients[#self.clients + 1] = client
  return client
end

function World:sign_in(body)
  body.username = "ann"
  assert(self.control:ask("POST", "/sandbox/login", body))
end

--- Returns a client with a token, a connection and a logged-in viewer.
function World:viewer(device)
  local client = self:new_client(device)
  self:sign_in { service_provider = "REF30", device = device,
    mvpd = "Cablevision" }
  assert(client:login {})
  return client
end

local function titles(count)
  local flows = {}
  for index = 1, count do flows[index] = "Title " .. index end
  return flows
end

-- Each function prepares a flow and returns the function to count.
local flows = {}

flows["first response of a new device"] = function(world)
  local client = world:new_client "first"
  return function() assert(client.api:profiles()) end
end

flows["a device after the first"] = function(world)
  local gateway = world:new_client()
  assert(gateway:device { id = "one" }.api:profiles())
  local second = gateway:device { id = "two" }
  return function() assert(second.api:profiles()) end
end

flows["login, three polls"] = function(world)
  local client = world:new_client "login"
  return function()
    local flow = assert(client:start_login(LOGIN))
    for _ = 1, 2 do
      assert(select(2, client:poll_login(flow)) == "pending")
    end
    world:sign_in { code = flow.code }
    assert(client:poll_login(flow))
  end
end

flows["login of a viewer who is known"] = function(world)
  local client = world:viewer "known"
  return function() assert(client:login {}) end
end

flows["list of providers, twice"] = function(world)
  local client = world:viewer "providers"
  return function()
    assert(#client:providers() > 5 and #client:providers() > 5)
  end
end

flows["catalog of 100"] = function(world)
  local client = world:viewer "catalog"
  return function()
    assert(#assert(client:preauthorize(titles(100))).permitted == 100)
  end
end

flows["the same catalog again"] = function(world)
  local client = world:viewer "again"
  assert(client:preauthorize(titles(100)))
  return function()
    assert(#assert(client:preauthorize(titles(100))).permitted == 100)
  end
end

flows["play, twice"] = function(world)
  local client = world:viewer "play"
  return function()
    assert(assert(client:authorize "CNN").media_token)
    assert(assert(client:authorize "CNN").media_token)
  end
end

flows["50 requests at once"] = function(world)
  local driver = adobepass.driver.tick()
  local client = world:new_client("batch", { driver = driver })
  return function()
    local outcomes = many_clients.run_tasks(driver, function()
      return client.context.connection.transport
    end, 50, function() return client.api:profiles() end)
    for _, outcome in ipairs(outcomes) do assert(outcome == "ok", outcome) end
  end
end

flows["logout"] = function(world)
  local client = world:viewer "logout"
  return function()
    local report = assert(client:logout { redirect_url = "https://adobe.com",
      open_url = function() end })
    assert(report[1].outcome == "opened")
  end
end

local function new_world()
  local running = assert(sandbox_host.start { throttle = false })
  return setmetatable({ running = running, handshakes = 0, clients = {},
    control = many_clients.control(running) }, World)
end

local function measure(world, prepare)
  local run = prepare(world)
  world.control:take()
  world.handshakes = 0
  run()
  local requests = 0
  for _, entry in ipairs((world.control:take())) do
    requests = requests + (entry.operation and 1 or 0)
  end
  for _, client in ipairs(world.clients) do client:close() end
  world.clients = {}
  return requests, world.handshakes
end

--- Returns the resident KiB of spec/guard/tv_app.lua by name, on this Lua.
-- @param running a sandbox
function flow_costs.memory(running)
  local words = { "env" }
  for _, name in ipairs { "api", "mgmt", "control", "ca", "statement" } do
    words[#words + 1] = ("ADOBEPASS_%s=%s"):format(name:upper(),
      folder.quote(running[name]))
  end
  words[#words + 1] = folder.quote(child_process.interpreter())
  words[#words + 1] = "spec/guard/tv_app.lua"
  local output = folder.run(table.concat(words, " "))
  local all, written = output:match "^(%d+) (%d+)\n?$"
  assert(all, output)
  return { ["a TV app"] = tonumber(all),
    ["a TV app, private memory"] = tonumber(written) }
end

--- Returns requests and handshakes by flow, and KiB by program.
function flow_costs.measure()
  local world, requests, handshakes, memories = new_world(), {}, {}, nil
  local ok, why = pcall(function()
    for name, prepare in pairs(flows) do
      requests[name], handshakes[name] = measure(world, prepare)
    end
    memories = flow_costs.memory(world.running)
  end)
  world.control:close()
  world.running:stop()
  if not ok then error(why, 0) end
  return { requests = requests, handshakes = handshakes,
    ["KiB of memory"] = memories }
end

return flow_costs
