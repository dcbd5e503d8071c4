--- Redis is killed, restarted or stopped while nginx's clients use it. Only the
-- data that Redis lost is lost.

local many_clients = require "spec.support.many_clients"
local nginx_host = require "spec.support.nginx_host"
local redis_server = require "spec.support.redis_server"
local sandbox_host = require "adobepass.sandbox.host"
local child_process = require "spec.support.child_process"

-- The clients run in nginx, so one Lua is enough.
if child_process.interpreter() ~= "lua5.4" then return end

-- Redis responds after it has written to the disk, so kill -9 loses no data.
local DURABLE = "appendonly yes\nappendfsync always"

describe("Redis failures", function()
  local running, control, hosts, servers

  setup(function()
    running = assert(sandbox_host.start { throttle = false })
    control = many_clients.control(running)
  end)
  teardown(function()
    control:close()
    running:stop()
  end)
  before_each(function()
    control:take()
    hosts, servers = {}, {}
  end)
  after_each(function()
    for _, host in ipairs(hosts) do host:stop() end
    for index = #servers, 1, -1 do servers[index]:stop() end
  end)

  local function start(lines)
    servers[#servers + 1] = redis_server.start(lines)
    return servers[#servers]
  end

  -- Starts a Redis with the folder and the socket of a stopped one.
  local function start_again(gone, lines)
    return start(("%s\ndir %s\nunixsocket %s"):format(lines, gone.path,
      gone.socket))
  end

  local function kill(server)
    server:signal "KILL"
    redis_server.await_end(server.pid)
  end

  local function new_host()
    hosts[#hosts + 1] = nginx_host.start {}
    return hosts[#hosts]
  end

  local function new_place(server, timeout, store_timeout)
    return { api = running.api, mgmt = running.mgmt, ca = running.ca,
      statement = running.statement, driver = "ngx", timeout = timeout,
      store = { "redis", { socket = server.socket, timeout = store_timeout or 4 } } }
  end

  local function call(host, at)
    return host:call("spec.support.many_clients", "in_nginx", at).outcome
  end

  -- Asserts the numbers of registrations and of token requests since the last
  -- call. Returns the journal.
  local function assert_came(registers, tokens)
    local journal, counts = control:take()
    assert.same({ registers, tokens }, { counts.register, counts.token })
    return journal
  end

  it("[crash-redis-killed-costs] client: keeps its registration when a durable "
    .. "Redis is killed and restarted", function()
    local server = start(DURABLE)
    local at, host = new_place(server), new_host()
    assert.equal("ok", call(host, at))
    assert_came(1, 1)
    kill(server)
    assert.equal("store_failed", call(new_host(), at))
    assert.equal("ok", call(host, at))
    start_again(server, DURABLE)
    assert.equal("ok", call(new_host(), at))
    assert_came(0, 0)
  end)

  it("[crash-redis-new-registration] client: registers once more after Redis "
    .. "has lost all data",
    function()
      local server = start()
      local at, host = new_place(server), new_host()
      assert.equal("ok", call(host, at))
      local journal = assert_came(1, 1)
      kill(server)
      start_again(server, "")
      -- A client with a token continues to use it.
      assert.equal("ok", call(host, at))
      assert_came(0, 0)
      control:revoke(many_clients.bearer(journal))
      assert.equal("ok", call(host, at))
      assert.equal("ok", call(new_host(), at))
      assert_came(1, 1)
    end)

  it("[crash-redis-ends-calls-error] client: returns store_failed within its "
    .. "timeout while Redis does not respond",
    function()
      local server = start()
      local at, host = new_place(server, 5), new_host()
      assert.equal("ok", call(host, at))
      assert_came(1, 1)
      server:signal "STOP"
      local fresh, hasty = new_host(), new_place(server, 5, 0.3)
      for _ = 1, 3 do assert.equal("store_failed", call(fresh, hasty)) end
      assert.equal("ok", call(host, at))
      server:signal "CONT"
      assert.equal("ok", call(fresh, at))
      assert_came(0, 0)
    end)

  it("[crash-redis-pauses-waited-asked] client: retries while Redis is paused "
    .. "briefly", function()
    local server = start()
    local at, host = new_place(server, 5), new_host()
    assert.equal("ok", call(host, at))
    assert_came(1, 1)
    server:ask "CLIENT PAUSE 100 ALL"
    assert.equal("ok", call(new_host(), at))
    assert_came(0, 0)
  end)
end)
