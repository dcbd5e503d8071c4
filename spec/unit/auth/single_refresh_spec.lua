--- One registration and one token request, whoever asks: coroutines, workers,
-- processes, machines. The sandbox's journal is the witness.

local adobepass = require "adobepass"
local crew = require "spec.support.worker_processes"
local flight = require "spec.support.many_clients"
local folder = require "spec.support.folder"
local json = require "adobepass.util.json"
local nginx_host = require "spec.support.nginx_host"
local redis = require "spec.support.redis_server"
local sandbox_host = require "adobepass.sandbox.host"

local function all_well(outcomes, count)
  assert.equal(count, #outcomes)
  for _, outcome in ipairs(outcomes) do assert.equal("ok", outcome) end
end

describe("single flight over HTTPS", function()
  local running, control, at

  setup(function()
    running = assert(sandbox_host.start { throttle = false })
    control = flight.control(running)
    at = { api = running.api, mgmt = running.mgmt, ca = running.ca,
      statement = running.statement }
  end)
  teardown(function()
    control:close()
    running:stop()
  end)
  before_each(function() control:take() end)

  -- `everybody()` calls once each, at once, and answers the outcomes.
  local function flies_once(everybody, count)
    -- So slow that everybody has come before the first has its token.
    control:fault { kind = "delay", operation = "register", seconds = 0.3 }
    all_well(everybody(), count)
    local journal, counts = control:take()
    assert.equal(1, counts.register)
    assert.equal(1, counts.token)
    assert.equal(count, counts.profiles)

    control:revoke(flight.bearer(journal))
    control:fault { kind = "delay", operation = "token", seconds = 0.3 }
    all_well(everybody(), count)
    counts = select(2, control:take())
    assert.equal(0, counts.register)
    assert.equal(1, counts.token)
    assert.is_true(counts.profiles > count)

    all_well(everybody(), count)
    counts = select(2, control:take())
    assert.same({ 0, count }, { counts.token, counts.profiles })
  end

  it("[single-flight-200-coroutines] holds for 200 coroutines on one "
    .. "client", function()
    local driver = adobepass.driver.tick()
    local client = flight.client(at, { driver = driver })
    flies_once(function()
      return flight.crowd(driver, function()
        return client.context.connection.transport
      end, 200, function() return client.api:profiles() end)
    end, 200)
    client:close()
  end)

  it("[single-flight-200-views-device] holds for 200 views of one "
    .. "device", function()
    local driver, views = adobepass.driver.tick(), {}
    local client = flight.client(at, { driver = driver, device = false })
    for index = 1, 200 do views[index] = client:device { id = "one" } end
    flies_once(function()
      return flight.crowd(driver, function()
        return client.context.connection.transport
      end, 200, function(index) return views[index].api:profiles() end)
    end, 200)
    client:close()
  end)

  it("[single-flight-8-processes-file] holds for 8 processes on one file "
    .. "store", function()
    local path, members = folder.make(), {}
    at.store = { "file", path .. "/store" }
    for index = 1, 8 do
      members[index] = crew.hire(path, index,
        "require('spec.support.many_clients').obey()")
      members[index]:tell(json.encode(at))
    end
    flies_once(function() return crew.all(members, "go") end, 8)
    for _, member in ipairs(members) do member:kill() end
    folder.remove(path)
  end)

  local function ask_nginx(hosts, told, count)
    local asked, outcomes, workers, seen = {}, {}, 0, {}
    for index = 1, count do
      local host = hosts[index % #hosts + 1]
      asked[index] = { host, host:submit(
        "spec.support.many_clients", "in_nginx",
        told) }
    end
    for index, one in ipairs(asked) do
      local answer = one[1]:finish(one[2])
      outcomes[index] = answer.outcome
      if not seen[answer.worker] then workers = workers + 1 end
      seen[answer.worker] = true
    end
    return outcomes, workers
  end

  it("[single-flight-8-workers-nginx] holds for 8 workers of nginx on one "
    .. "shared dictionary", function()
    local host = nginx_host.start { workers = 8,
      http = "lua_shared_dict adobepass 1m;" }
    at.store, at.driver = { "shdict", "adobepass" }, "ngx"
    local workers
    flies_once(function()
      local outcomes
      outcomes, workers = ask_nginx({ host }, at, 150)
      return outcomes
    end, 150)
    assert.equal(8, workers)
    host:stop()
  end)

  it("[single-flight-two-nginx-redis] holds for two nginx on one "
    .. "Redis", function()
    local server = redis.start()
    local hosts = { nginx_host.start {}, nginx_host.start {} }
    at.store, at.driver = { "redis", { socket = server.socket } }, "ngx"
    local workers
    flies_once(function()
      local outcomes
      outcomes, workers = ask_nginx(hosts, at, 100)
      return outcomes
    end, 100)
    assert.equal(2, workers)
    for _, host in ipairs(hosts) do host:stop() end
    server:stop()
  end)

  -- Killed while it waits, in its own on_event, at a moment that we chose.
  local KILLED = [[
    local flight = require "spec.support.many_clients"
    local at = require("adobepass.util.json").decode(io.read())
    local function stop_at(event)
      if event.type .. ":" .. tostring(event.operation) == at.moment then
        print("there")
        io.stdout:flush()
        io.read()
      end
    end
    flight.client(at, { on_event = stop_at, timeout = at.timeout,
      store = require "adobepass.store.file" (at.store[2]) }).api:profiles()
  ]]

  for moment, wanted in pairs {
    ["registration:nil"] = { stored = false, registers = 1 },
    ["request:register"] = { stored = false, registers = 2 },
    ["request:token"] = { stored = true, registers = 1 },
    ["token:nil"] = { stored = true, registers = 1 },
  } do
    it("[single-flight-loses-killed] loses nothing when killed at "
      .. moment, function()
      local path = folder.make()
      -- A short timeout makes for a lock that soon tells of a death.
      at.store, at.driver, at.timeout = { "file", path .. "/store" }, nil, 1.5
      at.moment = moment
      local member = crew.hire(path, "dies", KILLED)
      member:tell(json.encode(at))
      assert.equal("there", member:line())
      member:kill()
      local kept = {}
      local store = adobepass.store.file(path .. "/store")
      local client = flight.client(at, { store = {
        get = function(_, key)
          local value, message, code = store:get(key)
          local what = key:match("^credentials")
          if what and kept.first == nil then kept.first = value or false end
          return value, message, code
        end,
        set = function(_, ...) return store:set(...) end,
        add = function(_, ...) return store:add(...) end,
        delete = function(_, ...) return store:delete(...) end,
        clear = function() end,
      } })
      assert.equal("ok", flight.outcome(client.api:profiles()))
      local _, counts = control:take()
      assert.equal(wanted.registers, counts.register)
      if wanted.stored and kept.first then
        assert.string(json.decode(kept.first).client_secret)
      elseif kept.first ~= nil then
        assert.is_false(kept.first)
      end
      client:close()
      at.timeout, at.moment = nil, nil
      folder.remove(path)
    end)
  end

end)
