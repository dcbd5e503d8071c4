local nginx_host = require "spec.support.nginx_host"
local descriptor_limit = require "spec.support.descriptor_limit"
local https_server = require "spec.support.https_server"
local folder = require "spec.support.folder"
local gateway_nodes = require "spec.examples.gateway_nodes"
local process = require "spec.support.process"
local run_transfer = require "spec.support.run_transfer"
local child_process = require "spec.support.child_process"

-- The calls run in nginx, so one Lua is enough.
if child_process.interpreter() ~= "lua5.4" then return end

describe("driver.ngx", function()
  local nginx, host

  setup(function()
    nginx = https_server.start()
    host = nginx_host.start {}
  end)

  teardown(function()
    host:stop()
    nginx.stop()
  end)

  it("[driver-ngx-worker-serve] driver.ngx: lets the worker serve other "
    .. "requests during a wait", function()
    local result = host:call("spec.integration.driver.in_nginx",
      "serves_others",
      { ca = nginx.files.good.ca, urls = { GOOD = nginx:url("GOOD", "") } })
    assert.is_true(result.ended)
    assert.equal(3, result.turns)
  end)

  -- At 1, 1.5, 2.25, ... ms: at most six polls in the first 20 ms.
  it("[driver-ngx-looks-less-less] driver.ngx: polls a transport with growing "
    .. "delays", function()
    local result = host:call("spec.integration.driver.in_nginx", "count_polls",
      { seconds = 0.02 })
    assert.is_false(result.ended)
    assert.is_true(result.took >= 0.02)
    assert.is_true(result.steps >= 2 and result.steps <= 10, result.steps)
  end)

  it("[driver-ngx-raises-options-since] driver.ngx: raises for options, "
    .. "because it has none", function()
    assert.matches("driver.ngx: unknown option 'rate_limit'",
      host:call("spec.integration.driver.in_nginx", "refusal"))
  end)

  it("[driver-ngx-raises-outside-nginx] driver.ngx: raises outside of "
    .. "nginx", function()
    assert.error_matches(function() require "adobepass.driver.ngx"() end,
      "this process is not nginx")
  end)

  local IN_NGINX = "spec.integration.driver.in_nginx"

  local function argument(more)
    local given = { ca = nginx.files.good.ca, path = "/hello",
      urls = { GOOD = nginx:url("GOOD", "") } }
    for name, value in pairs(more or {}) do given[name] = value end
    return given
  end

  -- Runs a function with an nginx of its own.
  local function with_host(options, run)
    local own = nginx_host.start(options)
    local fine, message = pcall(run, own)
    own:stop()
    assert(fine, message)
  end

  it("[driver-ngx-one-thread] driver.ngx: starts one thread in a "
    .. "worker", function()
    with_host({}, function(own)
      assert.equal(2, own:call(IN_NGINX, "count_threads", argument()))
      assert.equal(2, own:call(IN_NGINX, "count_threads", argument()))
      assert.equal("", own.server:log())
    end)
  end)

  it("[driver-ngx-polls-no-socket] driver.ngx: polls, and logs it once, if no "
    .. "socket can be opened", function()
    with_host({ tmpdir = "/nowhere" }, function(own)
      assert.equal(1, own:call(IN_NGINX, "count_threads", argument()))
      assert.equal(1, own:call(IN_NGINX, "count_threads", argument()))
      local _, lines = own.server:log():gsub("polls instead of waiting for "
        .. "events: The socket for wake%-ups could not be opened", "")
      assert.equal(1, lines)
    end)
  end)

  it("[driver-ngx-polls-no-thread] driver.ngx: polls, and logs it once, if no "
    .. "thread can be started", function()
    with_host({}, function(own)
      local given = argument { no_thread = true }
      assert.equal(1, own:call(IN_NGINX, "count_threads", given))
      assert.equal(1, own:call(IN_NGINX, "count_threads", given))
      local _, lines = own.server:log():gsub("polls instead of waiting for "
        .. "events: no thread is left", "")
      assert.equal(1, lines)
    end)
  end)

  it("[driver-ngx-no-descriptor] driver.ngx: transfers fail by name while the worker "
    .. "has no descriptor left, and succeed afterwards", function()
    with_host({}, function(own)
      descriptor_limit.set(gateway_nodes.workers(own)[1], 200)
      local found = own:call(IN_NGINX, "without_descriptors", argument())
      assert.equal("connect_failed", found.failed[1][1])
      assert.same({ "transfer_failed", "The poller needs a file descriptor, and none "
        .. "is left." }, found.failed[2])
      assert.same({ "hello", "hello", "hello" }, found.bodies)
    end)
  end)

  it("[driver-ngx-request-timer-thread] driver.ngx: serves requests, timers and "
    .. "light threads with one transport", function()
    local first = host:submit(IN_NGINX, "fetch_everywhere", argument())
    local second = host:submit(IN_NGINX, "fetch_everywhere", argument())
    assert.equal(90, host:finish(first))
    assert.equal(90, host:finish(second))
  end)

  -- A worker that did not end would make await_end fail.
  it("[driver-ngx-exit-not-delayed] driver.ngx: does not delay the exit of a "
    .. "worker after a reload", function()
    with_host({}, function(own)
      own:call(IN_NGINX, "fetch", argument { warm_up = true })
      local former = gateway_nodes.workers(own)
      folder.run("kill -HUP " .. own.server.pid)
      gateway_nodes.await_end(former)
      assert.equal("", own.server:log())
    end)
  end)

  it("[driver-ngx-exit-after-request] driver.ngx: finishes a waiting request "
    .. "when its worker exits", function()
    with_host({}, function(own)
      own:call(IN_NGINX, "fetch", argument { warm_up = true })
      local former = gateway_nodes.workers(own)
      local waiting = own:submit(IN_NGINX, "fetch",
        argument { path = "/later" })
      local function ask(path)
        return run_transfer(own.transport, assert(own.transport:submit {
          url = nginx:url("HTTP", path) })).body
      end
      process.eventually(function() return ask "/waiting" == "1" end)
      folder.run("kill -HUP " .. own.server.pid)
      process.eventually(function()
        return #gateway_nodes.workers(own) == 2
      end)
      ask "/open"
      assert.equal("later", own:finish(waiting).body)
      gateway_nodes.await_end(former)
      assert.equal("", own.server:log())
    end)
  end)

  it("[driver-ngx-stop-with-request] driver.ngx: ends with a worker that is "
    .. "stopped while a request waits", function()
    with_host({}, function(own)
      own:call(IN_NGINX, "fetch", argument { warm_up = true })
      local former = gateway_nodes.workers(own)
      local waiting = own:submit(IN_NGINX, "fetch",
        argument { path = "/silent" })
      for _ = 1, 20 do own.transport:step(0.01) end
      folder.run("kill -TERM " .. former[1])
      gateway_nodes.await_end(former)
      local _, _, code = run_transfer(own.transport, waiting)
      assert.equal("connection_lost", code)
    end)
  end)

  it("[driver-ngx-reload-load] driver.ngx: loses no request during reloads "
    .. "under load", function()
    with_host({}, function(own)
      local pids = {}
      for round = 1, 30 do
        if round % 10 == 5 then folder.run("kill -HUP " .. own.server.pid) end
        local transfers = {}
        for index = 1, 10 do
          transfers[index] = own:submit(IN_NGINX, "fetch", argument())
        end
        for _, transfer in ipairs(transfers) do
          local found = own:finish(transfer)
          assert.equal("hello", found.body)
          pids[found.pid] = true
        end
      end
      local count = 0
      for _ in pairs(pids) do count = count + 1 end
      assert.is_true(count >= 2, "the worker was never replaced")
      assert.equal("", own.server:log())
    end)
  end)
end)
