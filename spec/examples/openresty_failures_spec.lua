--- Failures around the gateway: a node killed during a login, Redis killed and
-- restarted, the service unavailable, a reload under load.

local child_process = require "spec.support.child_process"
local core = require "adobepass.core"
local many_clients = require "spec.support.many_clients"
local folder = require "spec.support.folder"
local json = require "adobepass.util.json"
local gateway_nodes = require "spec.examples.gateway_nodes"
local redis_server = require "spec.support.redis_server"
local service = require "examples.openresty.service"
local shell = require "adobepass.util.shell"
local gateway_client = require "spec.examples.gateway_client"

-- nginx runs its own Lua, so one run of these specs is enough.
if child_process.interpreter() ~= "lua5.4" then return end

describe("gateway failures", function()
  local running, control, one, two, tv

  before_each(function()
    -- All clients have one address here and would share its rate limit.
    running = assert(service.start { throttle = false,
      settings = { rate_limit = false } })
    control = many_clients.control(running.sandbox)
    one, two = running.nodes[1].url, running.nodes[2].url
    tv = gateway_client.new()
  end)
  after_each(function()
    tv:close()
    control:close()
    running:stop()
  end)

  it("[gateway-doctor-redis] doctor --gateway: reports a Redis that may evict "
    .. "credentials, before and after the gateway has used it", function()
    local function findings()
      local text = shell.read(("lua5.4 bin/adobepass doctor --json --api %s "
        .. "--ca %s --gateway %s"):format(running.sandbox.api, running.sandbox.ca,
        running.nodes[1].operator))
      for _, check in ipairs(assert(json.decode(text), text).checks) do
        if check.name == "gateway" then return check.status, check.message end
      end
    end
    local FAULT = "Redis may evict credentials: its maxmemory-policy is allkeys-lru; "
      .. "set it to noeviction."
    running.redis:ask "config set maxmemory-policy allkeys-lru"
    assert.same({ "fail", FAULT }, { findings() })
    assert.equal(503, (tv:get(running.nodes[2].operator .. "/health/ready")))
    running.redis:ask "config set maxmemory-policy noeviction"
    for _ = 1, 8 do -- each worker
      assert.equal(200, (tv:get(running.nodes[1].operator .. "/health/ready")))
    end
    assert.same({ "ok", "ready; Redis keeps credentials" }, { findings() })
    running.redis:ask "config set maxmemory-policy allkeys-lru"
    assert.same({ "fail", FAULT }, { findings() })
  end)

  -- Deletes all locks and polling intervals in Redis.
  local function time_passes()
    for key in running.redis:ask("keys '*gateway:*:*'"):gmatch "%S+" do
      if key:find ":lock:" or key:find ":poll:" then
        running.redis:ask("del " .. key)
      end
    end
  end

  local function begin_login()
    local status, login = tv:post(one .. "/login", { mvpd = "Cablevision" })
    assert.same({ 200, "pending" }, { status, login.state })
    return login
  end

  local function viewer_signs_in(login)
    control:ask("POST", "/sandbox/login", { code = login.code,
      username = "bob", mvpd = "Cablevision" })
  end

  -- Sends a poll that the service delays; returns when the service has received it.
  local function begin_slow_poll(seconds)
    control:fault { kind = "delay", operation = "profile_for_code",
      seconds = seconds }
    local transfer = tv:submit("GET", one .. "/login/status")
    gateway_nodes.eventually(function()
      tv.transport:step(0)
      return many_clients.counts(control:journal()).profile_for_code > 0
    end)
    return transfer
  end

  local function is_done(status, result)
    assert.same({ 200, "done" }, { status, result.state })
  end

  local function sign_in() tv:sign_in(control, one) end

  local function play(node)
    local status, played = tv:post(node .. "/play/cnn")
    assert.equal(200, status, played.code)
    return played.playlist
  end

  local function is_unavailable(code, status, result, response)
    assert.same({ 503, code, "retry" },
      { status, result.code, result.action })
    assert.is_true(result.retry_after >= 1)
    assert.equal(result.retry_after,
      tonumber(response.headers["retry-after"]))
  end

  describe("killed node", function()
    it("[gateway-failure-two-questions-tv] gateway: another node continues a "
      .. "login after its node was killed", function()
      local login = begin_login()
      gateway_nodes.kill(running.nodes[1])
      assert.is_nil(tv:get(one .. "/login/status"))
      assert.equal(login.code, select(2, tv:post(two .. "/login",
        { mvpd = "Cablevision" })).code)
      viewer_signs_in(login)
      is_done(tv:get(two .. "/login/status"))
      assert.equal(200, (tv:get(two .. play(two))))
      local _, counts = control:take()
      assert.same({ 1, 1, 1 },
        { counts.register, counts.token, counts.create_session })
    end)

    it("[gateway-failure-asks-adobe] gateway: another node continues a login "
      .. "after its node was killed during a poll", function()
      local login = begin_login()
      viewer_signs_in(login)
      local transfer = begin_slow_poll(60)
      gateway_nodes.kill(running.nodes[1])
      assert.is_nil(tv:finish(transfer))
      assert.equal("pending",
        select(2, tv:get(two .. "/login/status")).state)
      time_passes()
      is_done(tv:get(two .. "/login/status"))
    end)

    it("[gateway-failure-begins-login] gateway: another node starts a login "
      .. "after its node was killed with the lock", function()
      tv:post(one .. "/login", { mvpd = "Dish" }) -- gets a cookie
      control:fault { kind = "delay", operation = "create_session",
        seconds = 60 }
      local transfer = tv:submit("POST", one .. "/login", { mvpd = "Spectrum" })
      gateway_nodes.eventually(function()
        tv.transport:step(0)
        return many_clients.counts(control:journal()).create_session > 1
      end)
      gateway_nodes.kill(running.nodes[1])
      tv:finish(transfer)
      time_passes()
      local status, login = tv:post(two .. "/login", { mvpd = "Spectrum" })
      assert.same({ 200, "pending" }, { status, login.state })
    end)

    it("[gateway-failure-comes-back] gateway: a restarted node keeps "
      .. "registration and logins", function()
      sign_in()
      gateway_nodes.kill(running.nodes[1])
      assert.is_true(running.nodes[1].server:restart())
      assert.equal(200, (tv:get(two .. play(one))))
      assert.equal(1, select(2, control:take()).register)
    end)
  end)

  describe("Redis", function()
    local function kill_redis()
      local pid = running.redis:pid()
      folder.run("kill -9 " .. pid)
      redis_server.await_end(pid)
      return pid
    end

    it("[gateway-failure-killed-started] gateway: keeps logins and "
      .. "registrations when Redis is killed and restarted",
      function()
        sign_in()
        local login = gateway_client.new()
        local _, begun = login:post(one .. "/login", { mvpd = "Dish" })
        local pid = kill_redis()
        gateway_nodes.eventually(function()
          local now = running.redis:pid()
          return now and now ~= pid
        end)
        running.redis:await()
        is_done(tv:get(two .. "/login/status"))
        assert.equal(200, (tv:get(one .. play(two))))
        assert.equal(begun.code,
          select(2, login:get(two .. "/login/status")).code)
        -- New workers have only Redis' data of this device.
        folder.run("kill -HUP " .. running.nodes[2].server.pid)
        assert.equal(200, (tv:get(two .. "/catalog")))
        login:close()
        assert.equal(2, select(2, control:take()).register)
      end)

    it("[gateway-failure-down-segments] gateway: returns errors at once and "
      .. "serves segments while Redis is down", function()
      sign_in()
      local playlist = play(one)
      folder.write(running.folder .. "/down", "")
      kill_redis()
      local before = core.clock.monotonic()
      is_unavailable("store_failed", tv:post(one .. "/login"))
      is_unavailable("store_failed", tv:get(two .. "/login/status"))
      is_unavailable("store_failed", tv:post(one .. "/play/cnn"))
      is_unavailable("store_failed", tv:get(two .. "/catalog"))
      is_unavailable("store_failed", tv:post(two .. "/logout"))
      is_unavailable("store_failed",
        tv:get(running.nodes[1].operator .. "/health/ready"))
      assert.is_true(core.clock.monotonic() - before < 20)
      assert.equal(200, (tv:get(running.nodes[1].operator .. "/health/live")))
      for _, node in ipairs { one, two } do
        assert.equal(200, (tv:get(node .. playlist)))
        assert.equal(200, (tv:get(node .. "/hls/cnn/segment2.ts")))
      end
      folder.run("rm " .. running.folder .. "/down")
      running.redis:await()
      is_done(tv:get(two .. "/login/status"))
      assert.equal(200, (tv:get(one .. play(two))))
      assert.equal(200, (tv:get(running.nodes[1].operator .. "/health/ready")))
      assert.equal(1, select(2, control:take()).register)
    end)
  end)

  describe("Adobe's service", function()
    local function stop_sandbox()
      local pid = running.sandbox.pid
      folder.run("kill -TERM " .. pid)
      redis_server.await_end(pid)
    end

    it("[gateway-failure-segments-login] gateway: serves segments and keeps "
      .. "logins while the service is down", function()
      sign_in()
      local playlist = play(one)
      local other = gateway_client.new()
      local _, begun = other:post(two .. "/login", { mvpd = "Dish" })
      stop_sandbox()

      local before = core.clock.monotonic()
      is_unavailable("connect_failed", tv:post(one .. "/play/cnn"))
      is_unavailable("connect_failed", tv:post(two .. "/play/cnn"))
      is_unavailable("connect_failed", tv:get(two .. "/catalog"))
      is_unavailable("connect_failed",
        gateway_client.new():post(one .. "/login"))
      assert.is_true(core.clock.monotonic() - before < 4 * 8)
      local _, result = other:get(two .. "/login/status")
      assert.same({ "pending", begun.code }, { result.state, result.code })
      for _, node in ipairs(running.nodes) do
        assert.equal(200, (tv:get(node.operator .. "/health/ready")))
        assert.equal(200, (tv:get(node.url .. playlist)))
      end

      assert.is_true(running.sandbox.server:restart())
      gateway_nodes.eventually(function()
        return tv:post(two .. "/play/cnn") == 200
      end)
      assert.equal(200, (tv:get(two .. "/hls/cnn/segment1.ts")))
      control:ask("POST", "/sandbox/login", { code = begun.code,
        username = "bob", mvpd = "Dish" })
      time_passes()
      is_done(other:get(one .. "/login/status"))
      other:close()
      -- The journal survives the sandbox's restart.
      assert.equal(2, select(2, control:take()).register)
    end)

    it("[gateway-failure-mute-response] gateway: responds within its deadline "
      .. "while the service does not respond", function()
      running:configure { timeout = 1 }
      for _, node in ipairs(running.nodes) do
        local former = gateway_nodes.workers(node)
        folder.run("kill -HUP " .. node.server.pid)
        gateway_nodes.await_end(former)
      end
      sign_in()
      local playlist = play(one)
      control:fault { kind = "delay", operation = "*", seconds = 60,
        count = 1000 }
      local before = core.clock.monotonic()
      is_unavailable("timeout", tv:post(one .. "/play/cnn"))
      assert.is_true(core.clock.monotonic() - before < 10)
      assert.equal(200, (tv:get(two .. playlist)))
      control:ask("DELETE", "/sandbox/faults")
      play(one)
    end)
  end)

  describe("reload", function()
    local function reload()
      for _, node in ipairs(running.nodes) do
        folder.run("kill -HUP " .. node.server.pid)
      end
    end

    it("[gateway-failure-middle-login] gateway: continues a login after a "
      .. "reload", function()
      local login = begin_login()
      local transfer = begin_slow_poll(1)
      local former = gateway_nodes.workers(running.nodes[1])
      reload()
      viewer_signs_in(login)
      local status, result = tv:finish(transfer)
      assert.equal(200, status)
      assert.is_true(result.state == "pending" or result.state == "done")
      gateway_nodes.await_end(former)
      time_passes()
      is_done(tv:get(one .. "/login/status"))
      assert.equal(1, select(2, control:take()).register)
    end)

    it("[gateway-failure-settings-wrong] gateway: keeps the running "
      .. "configuration when a reload has invalid settings", function()
      local node = running.nodes[1]
      local former = gateway_nodes.workers(node)
      running:configure { ticket_seconds = "long" }
      folder.run("kill -HUP " .. node.server.pid)
      gateway_nodes.eventually(function()
        return node.server:log():find("ticket_seconds should be a number", 1,
          true)
      end)
      sign_in()
      assert.equal(200, (tv:get(one .. play(one))))
      assert.same(former, gateway_nodes.workers(node))
    end)

    it("[gateway-reload-refused] gateway: keeps the running configuration when a "
      .. "reload has settings with which it could not serve requests", function()
      local node = running.nodes[1]
      local former = gateway_nodes.workers(node)
      sign_in()
      for _, case in ipairs {
        { "timeout should be a number from 0.001", { timeout = 0 } },
        { "language should be en or es", { timeout = 8, language = "xx" } },
        { "messages should be a table", { language = "en", messages = { a = 1 } } },
        { "log_file: cannot open the file",
          { messages = json.object {}, log_file = running.folder .. "/none/log" } },
      } do
        running:configure(case[2])
        folder.run("kill -HUP " .. node.server.pid)
        gateway_nodes.eventually(function()
          return node.server:log():find(case[1], 1, true)
        end)
        play(one)
        assert.same(former, gateway_nodes.workers(node))
      end
    end)

    it("[gateway-reload-log-default] gateway: writes its log to nginx's standard error "
      .. "without a log_file", function()
      local node = running.nodes[1]
      local former = gateway_nodes.workers(node)
      running.settings.log_file = nil
      running:configure {}
      folder.run("kill -HUP " .. node.server.pid)
      gateway_nodes.await_end(former)
      tv:get(one .. "/login/status")
      assert.truthy(node.server:log():find('"route":"login/status","method":"GET"', 1,
        true))
    end)

    it("[gateway-failure-requests-none] gateway: loses no request during a "
      .. "reload under load", function()
      sign_in()
      local playlist = play(one)
      local former = gateway_nodes.workers(running.nodes[1])
      local clients = {}
      for index = 1, 8 do
        clients[index] = gateway_client.new { ip = "192.0.2." .. index }
        clients[index].cookies = tv.cookies
      end
      -- Few requests count against the limit of a device, which all clients share.
      local function round()
        local transfers = {}
        for index, one_of_them in ipairs(clients) do
          transfers[index] = one_of_them:submit("GET", (index % 2 == 0 and one
            or two) .. (index <= 6 and playlist or "/login/status"))
        end
        for index, one_of_them in ipairs(clients) do
          assert.equal(200, (one_of_them:finish(transfers[index])))
        end
      end
      round()
      for _ = 1, 3 do
        reload()
        for _ = 1, 8 do round() end
      end
      gateway_nodes.await_end(former)
      round()
      for _, one_of_them in ipairs(clients) do one_of_them:close() end
    end)
  end)
end)
