local assert_raises = require "spec.support.assert_raises"
local child_process = require "spec.support.child_process"
local folder = require "spec.support.folder"
local nginx_host = require "spec.support.nginx_host"
local redis_server = require "spec.support.redis_server"
local store_of = require "adobepass.store.redis"

local ROUNDS = 100

describe("store.redis", function()
  local server, host

  setup(function()
    server = redis_server.start()
    host = nginx_host.start {}
  end)

  teardown(function()
    host:stop()
    server:stop()
  end)

  local function calls(options, list, from)
    return (from or host):call("spec.integration.store.in_nginx", "calls",
      { kind = "redis", options = options, calls = list })
  end

  local function all_failed(wanted, result)
    for _, response in ipairs(result) do
      assert.equal("nil", response[1])
      assert.matches(wanted, response[2])
      assert.matches("%.$", response[2])
      assert.equal("store_failed", response[3])
      assert.is_nil(response[2]:find("precious", 1, true))
    end
  end

  local EVERYTHING = { { "get", "k" }, { "set", "k", "precious" },
    { "set", "k", "precious", 5 }, { "add", "k", "precious", 5 },
    { "delete", "k" }, { "delete", "k", "precious" } }

  it("[store-redis-speaks-port-socket] store.redis: connects to a port or a "
    .. "socket", function()
    calls({ port = server.port }, { { "set", "k", "v" } })
    assert.equal("v", calls({ socket = server.socket },
      { { "get", "k" } })[1][1])
  end)

  it("[store-redis-keeps-databases] store.redis: separates databases and "
    .. "prefixes", function()
    local list = { {}, { database = 1 }, { prefix = "other:" },
      { database = 1, prefix = "" } }
    for index, options in ipairs(list) do
      options.socket = server.socket
      calls(options, { { "set", "k", "v" .. index } })
    end
    for index, options in ipairs(list) do
      for _ = 1, 3 do -- on pooled connections
        assert.equal("v" .. index, calls(options, { { "get", "k" } })[1][1])
      end
    end
  end)

  it("[store-redis-uses-connections] store.redis: reuses its "
    .. "connections", function()
    for _ = 1, 20 do calls({ socket = server.socket }, EVERYTHING) end
    local result = server:ask("INFO clients")
    assert.is_true(tonumber(result:match("connected_clients:(%d+)")) < 10)
  end)

  it("[store-redis-two-machines-add] store.redis: exactly one of two hosts adds a key, "
    .. ROUNDS .. " times", function()
    local other = nginx_host.start {}
    local options = { port = server.port, prefix = "contended:" }
    local function contend(machine, name)
      return machine:submit("spec.integration.store.in_nginx", "contend",
        { kind = "redis", options = options, rounds = ROUNDS, name = name })
    end
    local first, second = contend(host, "first"), contend(other, "second")
    host.transport:step(0)
    other.transport:step(0)
    local won, lost = host:finish(first), other:finish(second)
    other:stop()
    for round = 1, ROUNDS do assert.equal(won[round], not lost[round]) end
  end)

  describe("failures", function()
    local function with(lines, work)
      local broken = redis_server.start(lines)
      local ok, message = pcall(work, broken)
      broken:stop()
      assert(ok, message)
    end

    it("[store-redis-error-stopped] store.redis: returns store_failed after "
      .. "Redis has stopped", function()
      with("", function(broken)
        local options = { socket = broken.socket, timeout = 1 }
        assert.equal("true", calls(options, { { "set", "k", "v" } })[1][1])
        broken:stop()
        all_failed("Redis ", calls(options, EVERYTHING))
        all_failed("cannot be reached", calls({ port = broken.port },
          EVERYTHING))
      end)
    end)

    it("[store-redis-error-not-response] store.redis: returns store_failed "
      .. "when Redis does not respond in time", function()
      with("", function(broken)
        broken:signal("STOP")
        all_failed("Redis .*time", calls({ socket = broken.socket,
          timeout = 0.01 }, EVERYTHING))
        broken:signal("CONT")
      end)
    end)

    it("[store-redis-error-full] store.redis: returns store_failed when Redis "
      .. "is full", function()
      with("maxmemory 1", function(broken)
        all_failed("Redis refused SET: OOM%.", calls(
          { socket = broken.socket }, { { "set", "k", "precious" },
            { "add", "k", "precious", 5 } }))
      end)
    end)

    it("[store-redis-wants-password] store.redis: sends its password and keeps "
      .. "it out of errors", function()
      with("requirepass precious", function(broken)
        local function with_password(password)
          return { socket = broken.socket, password = password }
        end
        all_failed("Redis refused %u+: NOAUTH%.",
          calls(with_password(nil), EVERYTHING))
        all_failed("Redis refused AUTH: WRONGPASS%.",
          calls(with_password("precious2"), EVERYTHING))
        for _ = 1, 2 do
          assert.equal("true", calls(with_password("precious"),
            { { "set", "k", "v" } })[1][1])
        end
        all_failed("WRONGPASS", calls(with_password("precious2"),
          EVERYTHING))
      end)
    end)

    it("[store-redis-error-not-run] store.redis: returns store_failed without "
      .. "the value when scripts are disabled",
      function()
        with('rename-command EVAL ""', function(broken)
          all_failed("Redis refused EVAL: ERR%.", calls(
            { socket = broken.socket }, { { "delete", "k", "precious" } }))
        end)
      end)

    it("[store-redis-error-database-none] store.redis: returns store_failed "
      .. "for a database that does not exist", function()
      all_failed("Redis refused SELECT: ERR%.", calls(
        { socket = server.socket, database = 99 }, EVERYTHING))
    end)

    it("[store-redis-error-holds] store.redis: returns store_failed for a key "
      .. "of another type", function()
      server:ask("LPUSH adobepass:list x")
      all_failed("Redis refused GET: WRONGTYPE%.", calls(
        { socket = server.socket }, { { "get", "list" } }))
    end)
  end)

  describe("option connect", function()
    local function client(replies)
      local result = { closed = 0 }
      return setmetatable(result, { __index = function(_, command)
        if command == "set_keepalive" then return nil end
        return function(_, ...)
          if command == "close" then
            result.closed = result.closed + 1
            return
          end
          result[#result + 1] = table.concat({ command, ... }, " ")
          local reply = replies[command]
          if reply then return reply[1], reply[2] end
        end
      end })
    end

    local function open(replies)
      local one = client(replies)
      return store_of { prefix = "p:", connect = function() return one end },
        one
    end

    it("[store-redis-needs-no-nginx] store.redis with the option connect: "
      .. "works outside of nginx", function()
      local store, result = open { get = { "v" }, set = { "OK" }, del = { 1 },
        eval = { 0 } }
      assert.equal("v", store:get("k"))
      assert.is_true(store:set("k", "v", 0.0001))
      assert.is_true(store:add("k", "v", 1.5))
      assert.is_true(store:delete("k"))
      assert.is_true(store:delete("k", "v"))
      assert.equal("get p:k", result[1])
      assert.equal("set p:k v PX 1", result[2])
      assert.equal("set p:k v NX PX 1500", result[3])
      assert.equal("del p:k", result[4])
      assert.matches("^eval .* 1 p:k v$", result[5])
      assert.equal(5, result.closed)
    end)

    it("[store-redis-takes-nothing] store.redis with the option connect: "
      .. "returns nil for a missing reply", function()
      local store = open {}
      assert.is_nil((store:get("k")))
      assert.is_nil((select(3, store:get("k"))))
      assert.is_false(store:add("k", "v", 1))
    end)

    it("[store-redis-connect-alone] store.redis: raises for options that have no "
      .. "effect with the option connect or connector", function()
      local function connect() end
      local connector = { command = connect }
      local function assert_refused(given, message)
        assert_raises("store.redis: " .. message, function()
          local store = store_of(given)
          return store
        end)
      end
      for name, value in pairs { host = "h", sentinels = "h:1", database = 2,
        password = "secret", wait_replicas = 2, timeout = 1,
        tls = { ca_file = "f" } } do
        assert_refused({ connect = connect, [name] = value },
          ("the option '%s' has no effect with 'connect'; remove it"):format(name))
        assert_refused({ connector = connector, [name] = value },
          ("the option '%s' has no effect with 'connector'; remove it"):format(name))
      end
      assert_refused({ connect = connect, connector = connector },
        "the option 'connect' has no effect with 'connector'")
      assert.table(store_of { connector = connector, prefix = "p:" })
    end)

    it("[store-redis-passes-why-none] store.redis with the option connect: "
      .. "returns the message of a failed connect", function()
      local store = store_of { connect = function()
        return nil, "No Redis today."
      end }
      for _, call in ipairs(EVERYTHING) do
        local value, message, code = store[call[1]](store, call[2], call[3],
          call[4])
        assert.is_nil(value)
        assert.equal("No Redis today.", message)
        assert.equal("store_failed", code)
      end
    end)
  end)

  it("[store-redis-raises-programmer] store.redis: raises for invalid "
    .. "options", function()
    local ca = host.server.folder .. "/ca.pem"
    assert(folder.write(ca, "-----BEGIN CERTIFICATE-----"))
    local result = host:call("spec.integration.store.in_nginx", "refusals",
      { kind = "redis", given = { { hosts = "x" }, { port = "1" },
        { socket = "/x", port = 1 }, { timeout = 0 }, { database = 1.5 },
          { sentinel = "x:1" }, { sentinels = "x:1" }, { master = "tv" },
          { sentinels = { "x:1", "y" }, master = "tv" }, { nodes = {} },
          { nodes = "x:1", database = 1 }, { nodes = "x:1", host = "x" },
          { username = "x" }, { tls = { cafile = "x", ca_file = "x" } },
          { tls = { ca_file = "/nowhere" } }, { tls = { ca_file = "/dev/null" } },
          { wait_replicas = 0 },
          { sentinels = "x:1", master = "tv", sentinel_username = "x" },
          { socket = "/x", tls = { ca_file = ca } } } })
    assert.matches("unknown option 'hosts'", result[1])
    assert.matches("port should be a number", result[2])
    assert.matches("use only one of these: socket; host and port;", result[3])
    assert.matches("timeout should be", result[4])
    assert.matches("database should be", result[5])
    assert.matches("^store.redis: unknown option 'sentinel': did you mean "
      .. "'sentinels'%?$", result[6]:match "store.*")
    assert.matches("the option 'sentinels' needs 'master'", result[7])
    assert.matches("the option 'master' needs 'sentinels'", result[8])
    assert.matches('sentinels: expected "host:port", got "y"', result[9])
    assert.matches("nodes should be a string, or a list of them", result[10])
    assert.matches("a Cluster has database 0 only; remove the option 'database'",
      result[11])
    assert.matches("host and port; sentinels; nodes", result[12])
    assert.matches("the option 'username' needs 'password'", result[13])
    assert.matches("^store.redis: tls: unknown option 'cafile': did you mean "
      .. "'ca_file'%?$", result[14]:match "store%.redis.*")
    assert.matches("tls.ca_file: /nowhere", result[15])
    assert.matches("tls.ca_file: /dev/null contains no certificate", result[16])
    assert.matches("wait_replicas should be a whole number", result[17])
    assert.matches("the option 'sentinel_username' needs 'sentinel_password'",
      result[18])
    assert.matches("tls.server_name is missing: a socket has no host name", result[19])
    assert.error_matches(function() store_of() end, "inside nginx")
  end)

  it("[store-redis-leaves-no-behind] redis_server: Redis ends when its owner "
    .. "dies", function()
    local owner = child_process.start [[
      io.stdout:setvbuf("no")
      local server = require("spec.support.redis_server").start()
      print(server.pid)
      print(server.path)
      io.read("*l")
      require("adobepass.core").clock.sleep(600)
    ]]
    local pid, path = owner:line(), owner:line()
    owner:kill()
    redis_server.await_end(tonumber(pid))
    os.execute("rm -rf " .. path)
  end)
end)
