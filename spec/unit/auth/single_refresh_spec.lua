--- One registration and one token request for all callers: coroutines, workers,
-- processes, machines. The sandbox's journal is checked.

local adobepass = require "adobepass"
local child_process = require "spec.support.child_process"
local worker_processes = require "spec.support.worker_processes"
local many_clients = require "spec.support.many_clients"
local folder = require "spec.support.folder"
local json = require "adobepass.util.json"
local nginx_host = require "spec.support.nginx_host"
local redis_server = require "spec.support.redis_server"
local sandbox_host = require "adobepass.sandbox.host"

local function assert_all_ok(outcomes, count)
  assert.equal(count, #outcomes)
  for _, outcome in ipairs(outcomes) do assert.equal("ok", outcome) end
end

describe("single flight over HTTPS", function()
  local running, control, at

  setup(function()
    running = assert(sandbox_host.start { throttle = false })
    control = many_clients.control(running)
    at = { api = running.api, mgmt = running.mgmt, ca = running.ca,
      statement = running.statement }
  end)
  teardown(function()
    control:close()
    running:stop()
  end)
  before_each(function() control:take() end)

  -- `run_all()` makes all calls concurrently and returns their outcomes.
  local function assert_one_refresh(run_all, count)
    -- Slow enough that all callers wait before the first has a token.
    control:fault { kind = "delay", operation = "register", seconds = 0.3 }
    assert_all_ok(run_all(), count)
    local journal, counts = control:take()
    assert.equal(1, counts.register)
    assert.equal(1, counts.token)
    assert.equal(count, counts.profiles)

    control:revoke(many_clients.bearer(journal))
    control:fault { kind = "delay", operation = "token", seconds = 0.3 }
    assert_all_ok(run_all(), count)
    counts = select(2, control:take())
    assert.equal(0, counts.register)
    assert.equal(1, counts.token)
    assert.is_true(counts.profiles > count)

    assert_all_ok(run_all(), count)
    counts = select(2, control:take())
    assert.same({ 0, count }, { counts.token, counts.profiles })
  end

  it("[single-flight-200-coroutines] single flight: one refresh for 200 "
    .. "coroutines of one client", function()
    local driver = adobepass.driver.tick()
    local client = many_clients.new_client(at, { driver = driver })
    assert_one_refresh(function()
      return many_clients.run_tasks(driver, function()
        return client.context.connection.transport
      end, 200, function() return client.api:profiles() end)
    end, 200)
    client:close()
  end)

  it("[single-flight-200-views-device] single flight: one refresh for 200 "
    .. "objects of one device", function()
    local driver, views = adobepass.driver.tick(), {}
    local client = many_clients.new_client(at,
      { driver = driver, device = false })
    for index = 1, 200 do views[index] = client:device { id = "one" } end
    assert_one_refresh(function()
      return many_clients.run_tasks(driver, function()
        return client.context.connection.transport
      end, 200, function(index) return views[index].api:profiles() end)
    end, 200)
    client:close()
  end)

  it("[single-flight-8-processes-file] single flight: one refresh for 8 "
    .. "processes with one file store", function()
    local path, processes = folder.make(), {}
    at.store = { "file", path .. "/store" }
    for index = 1, 8 do
      processes[index] = worker_processes.start(path, index,
        "require('spec.support.many_clients').serve_lines()")
      processes[index]:send(json.encode(at))
    end
    assert_one_refresh(function() return worker_processes.ask_all(processes,
      "go") end, 8)
    for _, worker in ipairs(processes) do worker:kill() end
    folder.remove(path)
  end)

  -- The process is killed while it waits in on_event, at a chosen event.
  local KILLED = [[
    local many_clients = require "spec.support.many_clients"
    local at = require("adobepass.util.json").decode(io.read())
    local function stop_at(event)
      if event.type .. ":" .. tostring(event.operation) == at.event_name then
        print("there")
        io.stdout:flush()
        io.read()
      end
    end
    many_clients.new_client(at, { on_event = stop_at, timeout = at.timeout,
      store = require "adobepass.store.file" (at.store[2]) }).api:profiles()
  ]]

  for event_name, wanted in pairs {
    ["registration:nil"] = { stored = false, registers = 1 },
    ["request:register"] = { stored = false, registers = 2 },
    ["request:token"] = { stored = true, registers = 1 },
    ["token:nil"] = { stored = true, registers = 1 },
  } do
    it("[single-flight-loses-killed] single flight: recovers after a kill at "
      .. event_name, function()
      local path = folder.make()
      -- The lock of the killed process expires after this short timeout.
      at.store, at.driver, at.timeout = { "file", path .. "/store" }, nil, 1.5
      at.event_name = event_name
      local worker = worker_processes.start(path, "dies", KILLED)
      worker:send(json.encode(at))
      assert.equal("there", worker:line())
      worker:kill()
      local stored = {}
      local store = adobepass.store.file(path .. "/store")
      local client = many_clients.new_client(at, { store = {
        get = function(_, key)
          local value, message, code = store:get(key)
          local what = key:match("^credentials")
          if what and stored.first == nil then stored.first = value or false end
          return value, message, code
        end,
        set = function(_, ...) return store:set(...) end,
        add = function(_, ...) return store:add(...) end,
        replace = function(_, ...) return store:replace(...) end,
        delete = function(_, ...) return store:delete(...) end,
        clear = function() end,
      } })
      assert.equal("ok", many_clients.outcome_of(client.api:profiles()))
      local _, counts = control:take()
      assert.equal(wanted.registers, counts.register)
      if wanted.stored and stored.first then
        assert.string(json.decode(stored.first).client_secret)
      elseif stored.first ~= nil then
        assert.is_false(stored.first)
      end
      client:close()
      at.timeout, at.event_name = nil, nil
      folder.remove(path)
    end)
  end

  -- The calls below run in nginx, so one Lua is enough.
  if child_process.interpreter() ~= "lua5.4" then return end

  local function call_nginx(hosts, argument, count)
    local requests, outcomes, workers, seen = {}, {}, 0, {}
    for index = 1, count do
      local host = hosts[index % #hosts + 1]
      requests[index] = { host, host:submit(
        "spec.support.many_clients", "in_nginx",
        argument) }
    end
    for index, one in ipairs(requests) do
      local response = one[1]:finish(one[2])
      outcomes[index] = response.outcome
      if not seen[response.worker] then workers = workers + 1 end
      seen[response.worker] = true
    end
    return outcomes, workers
  end

  it("[single-flight-8-workers-nginx] single flight: one refresh for 8 nginx "
    .. "workers with one shared dictionary", function()
    local host = nginx_host.start { workers = 8,
      http = "lua_shared_dict adobepass 1m;" }
    at.store, at.driver = { "shdict", "adobepass" }, "ngx"
    local workers
    assert_one_refresh(function()
      local outcomes
      outcomes, workers = call_nginx({ host }, at, 150)
      return outcomes
    end, 150)
    assert.equal(8, workers)
    host:stop()
  end)

  it("[single-flight-two-nginx-redis] single flight: one refresh for two nginx "
    .. "hosts with one Redis", function()
    local server = redis_server.start()
    local hosts = { nginx_host.start {}, nginx_host.start {} }
    at.store, at.driver = { "redis", { socket = server.socket } }, "ngx"
    local workers
    assert_one_refresh(function()
      local outcomes
      outcomes, workers = call_nginx(hosts, at, 100)
      return outcomes
    end, 100)
    assert.equal(2, workers)
    for _, host in ipairs(hosts) do host:stop() end
    server:stop()
  end)
end)
