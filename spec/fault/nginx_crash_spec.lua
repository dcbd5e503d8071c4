--- nginx workers are killed, or nginx is reloaded, under load and during a token
-- refresh: no state is lost, no client registers again, and every response is
-- correct.

local seeded_random = require "spec.fault.seeded_random"
local many_clients = require "spec.support.many_clients"
local folder = require "spec.support.folder"
local nginx_host = require "spec.support.nginx_host"
local redis_server = require "spec.support.redis_server"
local sandbox_host = require "adobepass.sandbox.host"
local child_process = require "spec.support.child_process"

-- The clients run in nginx, so one Lua is enough.
if child_process.interpreter() ~= "lua5.4" then return end

local WORKERS, LOAD, ROUNDS = 8, 48, seeded_random.choose_count(1, 3)

describe("nginx with 8 workers", function()
  local running, control

  setup(function()
    running = assert(sandbox_host.start { throttle = false })
    control = many_clients.control(running)
  end)
  teardown(function()
    control:close()
    running:stop()
  end)

  -- The lock of a killed worker expires after this short timeout.
  local function new_place(store)
    return { api = running.api, mgmt = running.mgmt, ca = running.ca,
      statement = running.statement, driver = "ngx", timeout = 6,
      store = store }
  end

  local function workers_of(host)
    local list = {}
    for pid in folder.run("ps -o pid= --ppid " .. host.server.pid)
      :gmatch "%d+" do
      list[#list + 1] = tonumber(pid)
    end
    return list
  end

  local function submit(host, at)
    local list = {}
    for index = 1, LOAD do
      list[index] = host:submit("spec.support.many_clients", "in_nginx", at)
    end
    return list
  end

  -- Returns the number of responses, and asserts that each is correct. A request
  -- without a response lost its connection when the worker was killed.
  local function finish(host, list)
    local count = 0
    for _, transfer in ipairs(list) do
      local good, result = pcall(host.finish, host, transfer)
      if good then
        assert.equal("ok", result.outcome)
        count = count + 1
      end
    end
    return count
  end

  local function revoke_token(bearer)
    control:revoke(bearer)
    control:fault { kind = "delay", operation = "token", seconds = 0.1 }
  end

  -- Waits for the first response; the other requests are in flight then.
  local function get_going(host, list)
    while select(3, list[1]:result()) == "pending" do
      host.transport:step(0.05)
      if select(3, list[#list]:result()) ~= "pending" then break end
    end
  end

  local function kill_one(host)
    local list = workers_of(host)
    folder.run("kill -9 " .. list[#list])
    redis_server.await_end(list[#list])
  end

  local function reload(host)
    folder.run("kill -HUP " .. host.server.pid)
  end

  local function check_recovery(store, http, disrupt)
    local host = nginx_host.start { workers = WORKERS, http = http }
    local at = new_place(store)
    control:take()
    assert.equal(LOAD, finish(host, submit(host, at)))
    local journal, counts = control:take()
    assert.equal(1, counts.register)
    for _ = 1, ROUNDS do
      revoke_token(many_clients.bearer(journal))
      local list = submit(host, at)
      get_going(host, list)
      disrupt(host)
      finish(host, list)
      assert.equal(LOAD, finish(host, submit(host, at)))
      journal, counts = control:take()
      assert.equal(0, counts.register)
      assert.is_true(counts.token >= 1)
    end
    host:stop()
  end

  local SHARED = "lua_shared_dict adobepass 1m;"

  it("[crash-nginx-outlives-death] nginx with a shared dictionary: keeps its "
    .. "registration when workers are killed", function()
    check_recovery({ "shdict", "adobepass" }, SHARED, kill_one)
  end)

  it("[crash-nginx-outlives-reloads] nginx with a shared dictionary: keeps its "
    .. "registration when it is reloaded", function()
    check_recovery({ "shdict", "adobepass" }, SHARED, reload)
  end)

  it("[crash-nginx-outlives-redis] nginx with Redis: keeps its registration "
    .. "when workers are killed and nginx is reloaded", function()
    local server = redis_server.start()
    check_recovery({ "redis", { socket = server.socket } }, nil, function(host)
      kill_one(host)
      reload(host)
    end)
    server:stop()
  end)
end)
