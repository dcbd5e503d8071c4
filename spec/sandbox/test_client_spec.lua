-- adobepass.sandbox.test_client: tests of an application, in process and on a virtual
-- clock. Each test runs while requests of the core and sleeps are counted.

local child_process = require "spec.support.child_process"
local core = require "adobepass.core"
local folder = require "spec.support.folder"
local shell = require "adobepass.util.shell"
local sandbox = require "adobepass.sandbox"
local state = require "adobepass.sandbox.engine.state"
local default_world = require "adobepass.sandbox.data.world"

local test_client = sandbox.test_client

local DAY = 86400

-- Runs a function. Returns the numbers of requests that core transports sent and of
-- sleeps, and the seconds that really passed.
local function counted(run)
  local transport = assert(core.http.new {})
  local methods = debug.getmetatable(transport).__index
  local submit, sleep, requests, sleeps = methods.submit, core.clock.sleep, 0, 0
  methods.submit = function(...)
    requests = requests + 1
    return submit(...)
  end
  core.clock.sleep = function(...)
    sleeps = sleeps + 1
    return sleep(...)
  end
  local success, message = pcall(run, transport)
  methods.submit, core.clock.sleep = submit, sleep
  transport:close()
  if not success then error(message, 0) end
  return requests, sleeps
end

-- The test runs without a request over the network and without a sleep.
local function runs_in_process(run)
  assert.same({ 0, 0 }, { counted(run) })
end

local function log_in(client, control, options)
  options = options or { mvpd = "Cablevision" }
  options.on_code = function(code)
    assert(control.login { code = code.code, username = "ann" })
  end
  return client:login(options)
end

describe("test_client", function()
  it("[test-client-counter-counts] test_client spec: the counter counts a request "
    .. "and a sleep", function()
    local requests, sleeps = counted(function(transport)
      transport:submit { url = "https://127.0.0.1:1/" }
      core.clock.sleep(0.001)
    end)
    assert.same({ 1, 1 }, { requests, sleeps })
  end)

  it("[test-client-login] test_client: logs a viewer in by a code, without a socket "
    .. "or a sleep", function()
    runs_in_process(function()
      local client, control, clock = test_client()
      local begun = clock.now()
      local profile = assert(log_in(client, control))
      assert.equal("Cablevision", profile.mvpd)
      assert.is_true(clock.now() >= begun + 3000) -- one interval of polling
      assert.is_true(assert(client:authorize "CNN").permitted)
    end)
  end)

  it("[test-client-code-expires] test_client: a login ends when the code expires, "
    .. "after virtual minutes", function()
    runs_in_process(function()
      local client, _, clock = test_client()
      local begun = clock.now()
      local profile, err = client:login { mvpd = "Cablevision",
        on_code = function() end }
      assert.is_nil(profile)
      assert.equal("login_expired", err.code)
      assert.is_true(clock.now() - begun >= 1795 * 1000)
    end)
  end)

  it("[test-client-profile-expires] test_client: a profile expires after clock.sleep "
    .. "or control.clock", function()
    runs_in_process(function()
      for _, by_control in ipairs { false, true } do
        local client, control, clock = test_client()
        local profile = assert(log_in(client, control))
        local seconds = (profile.not_after - clock.now()) / 1000 + 1
        if by_control then
          control.clock { advance = seconds * 1000 }
        else
          clock.sleep(seconds)
        end
        assert.same({}, assert(client:profiles()))
        local decision = assert(client:authorize("CNN", { mvpd = "Cablevision" }))
        assert.is_false(decision.permitted)
        assert.equal("authenticated_profile_expired", decision.error.code)
      end
    end)
  end)

  it("[test-client-fault] test_client: a fault is retried after a virtual wait, and "
    .. "reported when it lasts", function()
    runs_in_process(function()
      local client, control, clock = test_client()
      assert(log_in(client, control))
      control.fault { kind = "status", status = 503, operation = "authorize",
        count = 2 }
      assert.is_true(assert(client:authorize "CNN").permitted)
      control.fault { kind = "delay", seconds = 600, operation = "authorize",
        count = 9 }
      local begun = clock.now()
      local decision, err = client:authorize "FOX"
      assert.is_nil(decision)
      assert.equal("timeout", err.code)
      assert.is_true(clock.now() - begun >= 29 * 1000)
    end)
  end)

  it("[test-client-token-failure] test_client: the pause after a failed token request "
    .. "passes on the virtual clock", function()
    runs_in_process(function()
      local client, control, clock = test_client()
      control.fault { kind = "status", status = 503, operation = "token", count = 3 }
      local _, err = client:profiles()
      assert.is_table(err)
      control.fault { clear = true }
      clock.sleep(5)
      assert.same({}, (assert(client:profiles())))
    end)
  end)

  it("[test-client-registers-again] test_client: a client whose credentials are "
    .. "revoked every day registers each time", function()
    runs_in_process(function()
      local client, control, clock = test_client()
      assert(client:profiles())
      for _ = 1, 3 do
        clock.sleep(2 * DAY)
        assert(control.revoke { client_id = client:client_id() })
        assert.same({}, (assert(client:profiles())))
      end
    end)
  end)

  it("[test-client-degradation] test_client: a degradation permits without a login, "
    .. "and ends on the virtual clock", function()
    runs_in_process(function()
      local client, control, clock = test_client()
      assert(control.degrade { service_provider = "REF30", mvpd = "Cablevision",
        rule = "AuthNAll", seconds = 3600 })
      assert.is_true(assert(client:authorize("CNN",
        { mvpd = "Cablevision" })).permitted)
      clock.sleep(3601)
      local decision = assert(client:authorize("CNN", { mvpd = "Cablevision" }))
      assert.is_false(decision.permitted)
      assert.equal("authentication", decision.error.action)
    end)
  end)

  it("[test-client-clock-back] test_client: the client continues when the clock is "
    .. "set back", function()
    runs_in_process(function()
      local client, control, clock = test_client()
      assert(log_in(client, control))
      assert(control.clock { advance = -3600 * 1000 })
      clock.sleep(1)
      assert(client:profiles())
    end)
  end)

  it("[test-client-options] test_client: takes a world, a time and options of the "
    .. "client", function()
    local world = state.copy(default_world)
    world.viewers.zoe = { password = "secret" }
    local events = {}
    local client, control, clock = test_client { world = world, time = 1800000000000,
      client = { service_provider = "REF40", language = "es",
        on_event = function(event) events[#events + 1] = event.type end } }
    assert.equal(1800000000000, clock.now())
    assert.truthy(control.world().viewers.zoe)
    assert(client:profiles())
    assert.is_true(#events > 0)
    assert.truthy(control.journal()[3].path:find "REF40")
  end)

  it("[test-client-unknown-options] test_client: refuses unknown options with a "
    .. "suggestion, at the caller's line", function()
    for message, options in pairs {
      ["unknown option 'wrold': did you mean 'world'?"] = { wrold = {} },
      ["time should be a number from 0"] = { time = -1 },
      ["client.driver is set by the test client"] = { client = { driver = {} } },
      ["client.transport is set by the test client"] = {
        client = { transport = {} } },
      ["unknown option 'languag': did you mean 'language'?"] = {
        client = { languag = "es" } },
      ["invalid 'service_provider': expected a service provider of the world: did "
        .. "you mean 'REF30'?"] = { client = { service_provider = "REF31" } },
      ["invalid world: 2 mistakes\n  applications: expected at least one element\n"
        .. "  lifetimes: expected a table, got a number"] = {
        world = { applications = {}, lifetimes = 5 } },
    } do
      local success, text = pcall(function() return (test_client(options)) end)
      assert.is_false(success)
      assert.is_truthy(text:find(message, 1, true), text)
      assert.is_truthy(text:find("test_client_spec.lua:", 1, true), text)
    end
  end)

  it("[test-client-example] docs/sandbox.md: its busted test passes, on this Lua",
    function()
      local block = folder.read "docs/sandbox.md"
        :match "```lua\n(local test_client.-)```"
      assert.is_true(#block > 0)
      local place = folder.make()
      assert(shell.write_file(place .. "/playback_spec.lua", block))
      local out, status = shell.read(("%s %s %s/playback_spec.lua"):format(
        shell.quote(child_process.interpreter()),
        '"${BUSTED:-$(command -v busted)}"', place))
      folder.remove(place)
      assert.same(0, status, out)
      assert.is_truthy(out:find("1 success", 1, true), out)
    end)
end)
