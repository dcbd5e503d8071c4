--- The Redis store with real servers in nginx: TLS and ACL, Sentinel, Cluster, and
-- their failures. Runs on one Lua: nginx always runs LuaJIT.

local child_process = require "spec.support.child_process"
local descriptor_limit = require "spec.support.descriptor_limit"
local dropping_proxy = require "spec.support.dropping_proxy"
local folder = require "spec.support.folder"
local gateway_nodes = require "spec.examples.gateway_nodes"
local many_clients = require "spec.support.many_clients"
local nginx_host = require "spec.support.nginx_host"
local process = require "spec.support.process"
local redis_group = require "spec.support.redis_group"
local redis_server = require "spec.support.redis_server"
local sandbox_host = require "adobepass.sandbox.host"
local store_conformance = require "spec.support.store_conformance"

local is_run = child_process.interpreter() == "lua5.4"
local test = is_run and it or pending

local CASES = #store_conformance.names()

local PASSWORD = "precious-word"
local ACL = "user adobepass on >" .. PASSWORD .. " ~adobepass:* resetchannels "
  .. "-@all +get +set +del +eval +ping +info +wait"

describe("store.redis topologies", function()
  local cleanups

  before_each(function() cleanups = {} end)
  after_each(function()
    for index = #cleanups, 1, -1 do cleanups[index]() end
  end)

  local function later(cleanup) cleanups[#cleanups + 1] = cleanup end

  local function kept(thing)
    later(function() thing:stop() end)
    return thing
  end

  local function start(lines) return kept(redis_server.start(lines)) end

  local function new_host(http) return kept(nginx_host.start { http = http }) end

  local function trusting(ca)
    return new_host(("lua_ssl_trusted_certificate %s;"):format(ca))
  end

  local function call(host, name, argument)
    return host:call("spec.integration.store.redis_in_nginx", name, argument)
  end

  local function calls(host, options, list)
    return call(host, "calls", { options = options, calls = list })
  end

  -- Asserts that each result is a failure with a message that matches.
  local function are_failures(pattern, results)
    for _, result in ipairs(results) do
      assert.same({ "nil", "store_failed" }, { result[1], result[3] })
      assert.matches(pattern, result[2])
      assert.matches("%.$", result[2])
      assert.is_nil(result[2]:find("precious", 1, true))
    end
  end

  local function fails(pattern, host, options, list)
    are_failures(pattern, calls(host, options, list))
  end

  local function works(host, options)
    local result = calls(host, options, { { "set", "works", "v" },
      { "get", "works" } })
    assert.same({ "true", "", "" }, result[1])
    assert.same({ "v", "", "" }, result[2])
  end

  -- nginx does not trust the authority of the server's certificate.
  local NOT_TRUSTED = "TLS with Redis failed for the name redis%.test: .*certificate"
    .. ".*lua_ssl_trusted_certificate must be tls%.ca_file"

  local SET_GET = { { "set", "k", "precious" }, { "get", "k" } }

  describe("TLS and ACL", function()
    local ca

    local function start_tls(lines)
      local server
      server, ca = redis_group.tls(lines)
      return kept(server)
    end

    local function options(server, changes)
      local given = { host = "127.0.0.1", port = server.port,
        username = "adobepass", password = PASSWORD,
        tls = { ca_file = ca, server_name = "redis.test" } }
      for name, value in pairs(changes or {}) do given[name] = value end
      return given
    end

    test("[redis-tls-acl-conformance] store.redis with TLS and an ACL user: passes "
      .. "the store conformance", function()
      local server = start_tls(ACL)
      assert.equal(CASES, call(trusting(ca), "conform",
        { options = options(server) }))
      server:ask "acl log reset"
      assert.equal("", server:ask "acl log")
    end)

    test("[redis-tls-wrong-certificate] store.redis: refuses a certificate of an "
      .. "unknown authority or of another name, before it sends the password",
      function()
        local server = start_tls(ACL)
        local other = { tls = { ca_file = ca,
          server_name = "elsewhere.test" } }
        local unnamed = { tls = { ca_file = ca } }
        local host = trusting(ca)
        fails("for the name elsewhere%.test: .*certificate", host,
          options(server, other), SET_GET)
        fails("for the name 127%.0%.0%.1: .*certificate", host,
          options(server, unnamed), SET_GET)
        fails(NOT_TRUSTED, new_host(), options(server), SET_GET)
        assert.is_nil(server:ask("info commandstats"):find "cmdstat_auth")
        works(host, options(server))
      end)

    test("[redis-acl-failures] store.redis: names a wrong password and missing "
      .. "rights", function()
      local server = start(ACL .. "\nuser weak on >weak ~adobepass:* -@all +get")
      local host = new_host()
      local function as(username, password)
        return { port = server.port, username = username, password = password }
      end
      fails("Redis refused AUTH: WRONGPASS%.", host, as("adobepass", "precious"),
        SET_GET)
      fails("Redis refused SET: NOPERM%.", host, as("weak", "weak"),
        { { "set", "k", "precious" } })
      assert.equal("nil", calls(host, as("weak", "weak"), { { "get", "k" } })[1][1])
      assert.matches("maxmemory%-policy was not checked", host.server:log())
    end)
  end)

  describe("failures of one server", function()
    test("[redis-evicting-policy] store.redis: refuses a server that may evict "
      .. "credentials", function()
      local server, host = start "maxmemory-policy allkeys-lru", new_host()
      local options = { port = server.port }
      fails("maxmemory%-policy is allkeys%-lru; set it to noeviction", host,
        options, SET_GET)
      server:ask "config set maxmemory-policy volatile-lru"
      works(host, options)
    end)

    test("[redis-full-compare-and-swap] store.redis: compare-and-swap fails by name "
      .. "when Redis is full, and changes nothing", function()
      local server, host = start(), new_host()
      local options = { port = server.port }
      assert.equal("true", calls(host, options,
        { { "replace", "k", "one" } })[1][1])
      server:ask "config set maxmemory 1"
      fails("Redis refused EVAL: OOM%. It has reached its maxmemory%.", host,
        options, { { "replace", "k", "precious", "one" } })
      fails("Redis refused SET: OOM%.", host, options,
        { { "replace", "new", "precious" } })
      local result = calls(host, options, { { "get", "k" }, { "get", "new" },
        { "replace", "k", "two", "other" }, { "delete", "k", "other" } })
      assert.equal("one", result[1][1])
      assert.equal("nil", result[2][1])
      assert.equal("false", result[3][1])
      assert.equal("true", result[4][1])
      assert.equal("true", calls(host, options, { { "delete", "k", "one" } })[1][1])
      server:ask "config set maxmemory 0"
      works(host, options)
    end)

    test("[redis-replica-refused] store.redis: names a replica that cannot write, "
      .. "and a master with too few replicas", function()
      local server, host = start("min-replicas-to-write 1\n"
        .. redis_group.MASTER), new_host()
      fails("Redis refused SET: NOREPLICAS%.", host, { port = server.port },
        { { "set", "k", "precious" } })
      server:ask "config set min-replicas-to-write 0"
      local replica = kept(redis_group.replica_of(server))
      fails("Redis refused SET: READONLY%. This server is a replica%.", host,
        { port = replica.port }, { { "set", "k", "precious" } })
    end)

    test("[redis-loading] store.redis: fails by name while Redis loads its data, "
      .. "and works afterwards", function()
      local server, host = start("enable-debug-command yes"), new_host()
      local options = { port = server.port }
      works(host, options)
      server:ask "debug populate 3000"
      server:ask "config set key-load-delay 2000"
      server:ask "config set loading-process-events-interval-bytes 1024"
      folder.run(("redis-cli -s %s debug reload > /dev/null 2>&1 &"):format(
        folder.quote(server.socket)))
      local message
      process.eventually(function()
        message = calls(host, options, { { "get", "works" } })[1][2]
        return message:find "LOADING"
      end, "LOADING")
      assert.equal("Redis refused GET: LOADING. It is loading its data.", message)
      server:ask "config set key-load-delay 0"
      process.eventually(function()
        return calls(host, options, { { "get", "works" } })[1][1] == "v"
      end, "the end of loading")
    end)

    test("[redis-no-descriptor] store.redis: fails by name while the worker has no "
      .. "descriptor left, and works afterwards", function()
      local host, options = new_host(), { port = start().port }
      works(host, { port = options.port, database = 1 })
      descriptor_limit.set(gateway_nodes.workers(host)[1], 200)
      are_failures("Redis cannot be reached: ", call(host, "calls_without_descriptors",
        { options = options, calls = SET_GET }))
      works(host, options)
    end)

    test("[redis-proxy-drops-idle] store.redis: connects again when a proxy has "
      .. "dropped idle connections without a notice", function()
      local server, host = start(), new_host()
      local proxy = child_process.start(([[
        io.stdout:setvbuf "no"
        require("spec.support.dropping_proxy").run(%d)]]):format(server.port))
      later(function() proxy:kill() end)
      local options = { port = tonumber(proxy:line()), timeout = 2 }
      local control = tonumber(proxy:line())
      local number = 0
      for _, list in ipairs { { { "get", "k" } }, { { "set", "k", "v" } },
        { { "replace", "k", "w", "v" } }, { { "add", "l", "v", 9 } },
        { { "delete", "l", "v" } }, { { "delete", "l" } } } do
        works(host, options)
        call(host, "open", { options = options, count = 8 })
        dropping_proxy.drop(control)
        local result = calls(host, options, list)[1]
        assert.equal("", result[2])
        number = number + 1
      end
      assert.equal(6, number)
      assert.equal("w", calls(host, options, { { "get", "k" } })[1][1])
    end)
  end)

  describe("replicas", function()
    local CREDENTIALS = { { "replace", "credentials:d", "one" } }

    test("[redis-wait-replica-lag] store.redis with wait_replicas: new credentials "
      .. "fail when no replica confirms them in time", function()
      local master, host = start(redis_group.MASTER), new_host()
      local replica = kept(redis_group.replica_of(master))
      local function waiting(seconds) -- half of this for the replica
        return { port = master.port, wait_replicas = 1, timeout = seconds }
      end
      local options = waiting(0.8)
      assert.equal("true", calls(host, waiting(20), CREDENTIALS)[1][1])
      assert.equal("one", replica:ask "get adobepass:credentials:d")
      replica:signal "STOP"
      fails("only 0 of 1 replicas confirmed a write in time; a failover may lose it",
        host, options,
        { { "replace", "credentials:d", "two", "one" },
          { "replace", "credentials:e", "one" } })
      -- Other records are not worth the wait.
      assert.equal("true", calls(host, options,
        { { "replace", "access:d", "v" } })[1][1])
      -- This worker does not use credentials that a failover may lose.
      fails("0 of 1 replicas", host, options, { { "get", "credentials:d" } })
      replica:signal "CONT"
      process.eventually(function()
        return calls(host, options, { { "get", "credentials:d" } })[1][1] == "two"
      end, "confirmation")
      assert.equal("two", replica:ask "get adobepass:credentials:d")
      assert.equal("true", calls(host, waiting(20),
        { { "replace", "credentials:d", "three", "two" } })[1][1])
    end)
  end)

  describe("Sentinel", function()
    local master, replica, sentinels, options

    local function start_group(count, replicas)
      master = start(redis_group.MASTER)
      for _ = 1, replicas do replica = kept(redis_group.replica_of(master)) end
      sentinels = redis_group.sentinels(master, count, replicas)
      later(function() redis_group.stop(sentinels) end)
      options = { sentinels = {}, master = "tv", timeout = 2 }
      for index, server in ipairs(sentinels) do
        options.sentinels[index] = redis_group.place(server)
      end
    end

    -- Makes the replica the master, and the old master its replica.
    local function fail_over()
      sentinels[1]:ask "sentinel failover tv"
      process.eventually(function()
        return sentinels[1]:ask("sentinel get-master-addr-by-name tv")
          :find(tostring(replica.port), 1, true)
      end, "promotion")
      redis_group.follow(master, replica) -- Sentinel needs ten seconds for this
    end

    -- Calls until the new master responds. Returns how many calls failed.
    local function await_failover(host)
      local failed = 0
      process.eventually(function()
        local result = calls(host, options, { { "set", "after", "v" } })[1]
        if result[1] == "true" then return true end
        failed = failed + 1
        assert.equal("store_failed", result[3])
        assert.matches("^Redis .*%.$", result[2])
      end, "failover")
      return failed
    end

    test("[redis-sentinel-conformance] store.redis with three Sentinels: passes the "
      .. "store conformance, before and after the master is killed", function()
      start_group(3, 1)
      local host = new_host()
      assert.equal(CASES, call(host, "conform", { options = options }))
      calls(host, options, { { "set", "kept", "v" } })
      process.eventually(function()
        return replica:ask "get adobepass:kept" == "v"
      end, "replication")
      redis_group.kill(master)
      redis_group.kill(sentinels[1])
      assert.is_true(await_failover(host) > 0)
      assert.equal("v", calls(host, options, { { "get", "kept" } })[1][1])
      assert.equal(CASES, call(host, "conform", { options = options }))
    end)

    test("[redis-sentinel-demoted] store.redis with Sentinels: follows a failover "
      .. "whose old master lives on as a replica", function()
      start_group(1, 1)
      local host = new_host()
      works(host, options)
      fail_over()
      assert.equal(0, await_failover(host)) -- READONLY is not an error here
      assert.equal("v", replica:ask "get adobepass:after")
    end)

    test("[redis-sentinel-tls] store.redis with a Sentinel over TLS and ACL users: "
      .. "passes the store conformance, and refuses a new master whose certificate is "
      .. "of an unknown authority", function()
      local made = kept(redis_group.certificates())
      local first = redis_group.only_tls(made.first)
      master = start(first .. redis_group.MASTER .. "\n" .. ACL)
      replica = kept(redis_group.replica_of(master,
        redis_group.only_tls(made.second) .. ACL))
      sentinels = redis_group.sentinels(master, 1, 1, first
        .. "user watcher on >precious-too resetchannels -@all "
        .. "+sentinel|get-master-addr-by-name")
      later(function() redis_group.stop(sentinels) end)
      options = { sentinels = redis_group.place(sentinels[1]), master = "tv",
        timeout = 2, username = "adobepass", password = PASSWORD,
        sentinel_username = "watcher", sentinel_password = "precious-too",
        tls = { ca_file = made.ca, server_name = "redis.test" } }
      local host = trusting(made.ca)
      assert.equal(CASES, call(host, "conform", { options = options }))
      fails(NOT_TRUSTED, new_host(), options, SET_GET)
      options.sentinel_password = "precious"
      fails("Redis refused AUTH: WRONGPASS%.", trusting(made.ca), options, SET_GET)
      options.sentinel_password = "precious-too"
      works(host, options)
      fail_over()
      fails(NOT_TRUSTED, host, options, SET_GET)
      made:renew(replica)
      works(host, options)
      assert.equal("v", replica:ask "get adobepass:works")
      for _, server in ipairs { replica, sentinels[1] } do
        assert.is_nil(server:ask("acl log"):find "command")
      end
    end)

    test("[redis-sentinel-late] store.redis with Sentinels: does not use a replica "
      .. "that a Sentinel still names as the master", function()
      master = start(redis_group.MASTER)
      replica = kept(redis_group.replica_of(master))
      local late = child_process.start(([[
        io.stdout:setvbuf "no"
        local listener = assert(require("socket").bind("127.0.0.1", 0, 32))
        print((select(2, listener:getsockname())))
        while true do
          local client = listener:accept()
          client:receive(1)
          client:send "*2\r\n$9\r\n127.0.0.1\r\n$5\r\n%05d\r\n"
          client:close()
        end]]):format(replica.port))
      later(function() late:kill() end)
      fails("Sentinel named a server that is not the master%. A failover", new_host(),
        { sentinels = "127.0.0.1:" .. late:line(), master = "tv" }, SET_GET)
    end)

    test("[redis-sentinel-unknown] store.redis with Sentinels: names an unknown "
      .. "master, and Sentinels that cannot be reached", function()
      start_group(1, 0)
      local host = new_host()
      fails("No Sentinel knows the master 'other'%. Check the option master%.", host,
        { master = "other", sentinels = options.sentinels }, SET_GET)
      fails("Redis cannot be reached: connection refused%.", host, { master = "tv",
        sentinels = { "127.0.0.1:1" } }, SET_GET)
    end)

    test("[redis-failover-registrations] client: two hosts lose no registration in "
      .. "a failover with wait_replicas", function()
      start_group(3, 2)
      options.wait_replicas = 1
      local running = kept(assert(sandbox_host.start { throttle = false }))
      local control = many_clients.control(running)
      later(function() control:close() end)
      local hosts = { new_host(), new_host() }
      local function at(index)
        return { api = running.api, mgmt = running.mgmt, ca = running.ca,
          statement = running.statement, store = options,
          device = "tv-" .. index }
      end
      local COUNT, failed, ids = 60, 0, {}
      local function submit(index)
        local host = hosts[1 + index % 2]
        local transfer = host:submit("spec.integration.store.redis_in_nginx",
          "register", at(index))
        host.transport:step(0)
        return function() return host:finish(transfer) end
      end
      local function finish(index, pending)
        process.eventually(function()
          local result = pending()
          ids[index] = result.client_id
          if result.outcome == "ok" then return true end
          failed, pending = failed + 1, submit(index)
        end, "a registration")
      end
      for index = 1, COUNT, 2 do
        local one, two = submit(index), submit(index + 1)
        if index == COUNT / 2 + 1 then redis_group.kill(master) end
        finish(index, one)
        finish(index + 1, two)
      end
      assert.is_true(failed > 0)
      for index = 1, COUNT do -- each device at the other host
        local result = call(hosts[2 - index % 2], "register", at(index))
        assert.same({ "ok", ids[index] }, { result.outcome, result.client_id })
      end
      local _, counts = control:take()
      assert.equal(COUNT, counts.register)
    end)
  end)

  describe("Cluster", function()
    local made, nodes, options

    setup(function()
      if not is_run then return end
      made = redis_group.certificates()
      nodes = redis_group.cluster(made, ACL .. " +cluster|slots +asking")
      options = { nodes = { redis_group.place(nodes[1]),
        redis_group.place(nodes[5]) }, timeout = 2 }
    end)
    teardown(function()
      if nodes then redis_group.stop(nodes) end
      if made then made:stop() end
    end)

    -- Returns a device's slot and the index of its master.
    local function place_of(device)
      for index = 1, 3 do
        local key = nodes[index]:ask("keys 'adobepass:credentials:*'")
        for name in key:gmatch "[^\n]+" do
          if not device[name] then
            device[name] = true
            return tonumber((nodes[index]:ask("cluster keyslot '" .. name .. "'"))),
              index
          end
        end
      end
    end

    test("[redis-cluster-slot-moved] client: logins go on while their slot is moved "
      .. "to another node", function()
      local running = kept(assert(sandbox_host.start { throttle = false }))
      local control = many_clients.control(running)
      later(function() control:close() end)
      local host, seen = new_host(), {}
      local function at(index, flow)
        return { api = running.api, mgmt = running.mgmt, ca = running.ca,
          statement = running.statement, store = options, flow = flow,
          device = "tv-" .. index }
      end
      local function begin(index) return call(host, "start_login", at(index)) end
      local function finish(index, flow)
        control:ask("POST", "/sandbox/login", { code = flow.code,
          username = "ann" })
        assert.equal("Cablevision",
          call(host, "poll_login", at(index, flow)).outcome)
      end
      for index = 1, 12 do
        local flow = begin(index)
        local slot, from = place_of(seen)
        local to = nodes[from % 3 + 1]
        redis_group.begin_move(slot, nodes[from], to)
        assert.equal("ok", call(host, "register", at(index)).outcome)
        -- Credentials, access and login are in one slot.
        assert.equal(3, redis_group.move_keys(slot, nodes[from], to))
        finish(index, flow) -- the source refuses with ASK
        redis_group.end_move(slot, nodes[from], to)
        assert.equal("ok", call(host, "register", at(index)).outcome) -- MOVED
        assert.equal("4", to:ask("cluster countkeysinslot " .. slot)) -- and profile
      end
      local _, counts = control:take()
      assert.equal(12, counts.register)
      assert.equal(12, counts.token)
    end)

    -- Returns a key of the third master, and its name in Redis.
    local function key_of_third()
      for index = 1, 100 do
        local key = "k" .. index
        local name = "adobepass:{" .. key .. "}"
        local slot = nodes[1]:ask(("cluster keyslot '%s'"):format(name))
        if tonumber(slot) > 10922 then return key, name end
      end
    end

    test("[redis-cluster-tls] store.redis in a Cluster over TLS with an ACL user: "
      .. "passes the store conformance, and refuses a new master whose certificate is "
      .. "of an unknown authority", function()
      local secure = { nodes = { "127.0.0.1:" .. nodes[2].tls_port }, timeout = 2,
        username = "adobepass", password = PASSWORD,
        tls = { ca_file = made.ca, server_name = "redis.test" } }
      local host = trusting(made.ca)
      assert.equal(CASES, call(host, "conform", { options = secure }))
      fails(NOT_TRUSTED, new_host(), secure, SET_GET)
      local key, name = key_of_third()
      local set = { { "set", key, "precious" } }
      assert.equal("true", calls(host, secure, set)[1][1])
      local replica = nodes[6]
      local is_master = replica:ask "cluster myid" .. " %S+ %S*master "
      process.eventually(function()
        replica:ask "cluster failover"
        return replica:ask("role"):find "^master"
      end, "failover")
      process.eventually(function() -- the other nodes know the new master
        return nodes[2]:ask("cluster nodes"):find(is_master)
          and nodes[3]:ask("cluster nodes"):find(is_master)
      end, "news of the failover")
      fails(NOT_TRUSTED, host, secure, set)
      made:renew(replica)
      assert.equal("true", calls(host, secure, set)[1][1])
      assert.equal("precious", replica:ask(("get '%s'"):format(name)))
      for _, node in ipairs(nodes) do
        assert.is_nil(node:ask("acl log"):find "command")
      end
    end)

    test("[redis-cluster-conformance] store.redis in a Cluster of six nodes: passes "
      .. "the store conformance, before and after a master is killed", function()
      local host = new_host()
      for _, node in ipairs(nodes) do node:ask "config resetstat" end
      assert.equal(CASES, call(host, "conform", { options = options }))
      for _, node in ipairs(nodes) do -- each command was sent to the key's node
        assert.is_nil(node:ask("info errorstats"):find "MOVED")
      end
      redis_group.kill(kept(table.remove(nodes, 1)))
      local on_each = {} -- 50 keys: some on each master
      for index = 1, 50 do on_each[index] = { "delete", "k" .. index } end
      process.eventually(function()
        for _, result in ipairs(calls(host, options, on_each)) do
          if result[1] ~= "true" then return false end
        end
        return true
      end, "failover")
      redis_group.await_cluster(nodes)
      assert.equal(CASES, call(host, "conform", { options = options }))
    end)
  end)
end)
