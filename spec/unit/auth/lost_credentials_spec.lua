--- No fault loses credentials: processes on one store, with failed writes,
-- pauses, cancelled tasks and clocks that are set (docs/credentials.md).

local adobepass = require "adobepass"
local fake_clock = require "spec.support.fake_clock"
local folder = require "spec.support.folder"
local json = require "adobepass.util.json"
local many_clients = require "spec.support.many_clients"

describe("credentials and faults", function()
  local time, at, store, path

  before_each(function()
    time, path = fake_clock.start(), folder.make()
    at = many_clients.new_sandbox(time)
    store = adobepass.store.memory()
  end)
  after_each(function()
    time.stop()
    folder.remove(path)
    at, store = nil, nil
  end)

  local function client(more)
    local options = { store = store, retry = { attempts = 1 } }
    for name, value in pairs(more or {}) do options[name] = value end
    return many_clients.new_client(at, options)
  end

  local function ask(one) return many_clients.outcome_of(one.api:profiles()) end

  local function finish(driver)
    repeat time:advance(0.1) until driver.update() == 0
  end

  local function outcome(driver, one)
    local task = driver.start(ask, one)
    finish(driver)
    return task.results[1]
  end

  local function counts() return many_clients.counts(at.control.journal()) end

  local function stored_id()
    for key, text in pairs(store.values) do
      if key:find "^credentials" then
        return json.decode(text).client_id
      end
    end
  end

  local function revoke_token()
    at.control.revoke { token = many_clients.bearer(at.control.journal()) }
  end

  it("[credentials-stored-win] credentials: "
    .. "credentials that a failed write left in memory "
    .. "never replace stored ones", function()
    local flaky = many_clients.new_failing_store(store)
    local function is_credentials(key) return key:find "^credentials" end
    flaky.broken.set, flaky.broken.replace = is_credentials, is_credentials
    local one, two = client { store = flaky }, client()
    assert.equal("store_failed", ask(one))
    assert.equal("ok", ask(two))
    local id = stored_id()
    flaky.broken.set, flaky.broken.replace = nil, nil
    revoke_token()
    assert.equal("ok", ask(one))
    assert.equal(id, stored_id())
    time:advance(7 * 3600)
    assert.equal("ok", ask(two))
    assert.equal(id, stored_id())
    assert.equal(2, counts().register)
  end)

  -- Starts a client whose process stops after it sent `operation`.
  local function stopped_in(operation, fault)
    local driver = adobepass.driver.tick()
    at.control.fault(fault or { kind = "delay", operation = operation,
      seconds = 1 })
    local task = driver.start(ask, client { driver = driver })
    repeat
      driver.update()
      at.transport:step(0)
    until counts()[operation] == 1
    time:advance(1)
    at.transport:step(0) -- the response arrives; the client does not read it
    time:advance(24)
    return driver, task
  end

  it("[credentials-paused-holder] credentials: a process that stops in a registration "
    .. "until its lock is over writes no credentials", function()
    local paused, task = stopped_in "register"
    local other = adobepass.driver.tick()
    local two = client { driver = other }
    assert.equal("ok", outcome(other, two))
    local id = stored_id()
    finish(paused)
    assert.equal(id, stored_id())
    assert.equal("ok", task.results[1])
    assert.equal(2, counts().register)
    time:advance(7 * 3600)
    assert.equal("ok", outcome(other, two))
    assert.equal("ok", outcome(other, client { driver = other }))
    assert.equal(2, counts().register)
  end)

  it("[credentials-late-failure] credentials: "
    .. "a failure that comes after the lock is over "
    .. "fails no other process", function()
    local paused, task = stopped_in("token", { kind = "status",
      operation = "token", status = 503, count = 1 })
    local other = adobepass.driver.tick()
    assert.equal("ok", outcome(other, client { driver = other }))
    finish(paused)
    assert.equal("ok", task.results[1])
    assert.equal("ok", outcome(other, client { driver = other }))
    assert.equal(2, counts().token)
  end)

  it("[credentials-timeout-unsent] credentials: "
    .. "a timeout that the store causes before the "
    .. "request is sent fails no other process", function()
    local slow, is_locked = many_clients.new_failing_store(store), false
    function slow.replace(_, ...)
      is_locked = true
      return store:replace(...)
    end
    function slow.get(_, ...)
      if is_locked then time:advance(25) end
      is_locked = false
      return store:get(...)
    end
    assert.equal("timeout", ask(client { store = slow }))
    assert.equal(0, counts().register)
    assert.equal("ok", ask(client()))
  end)

  it("[credentials-token-before-failure] credentials: a stored token is used before a "
    .. "remembered failure is considered", function()
    local one = client()
    assert.equal("ok", ask(one))
    for key, text in pairs(store.values) do
      if key:find "^access" then
        local record = json.decode(text)
        record.failure = { code = "http_503", message = "m", action = "none",
          pause = 30, wall = record.token.wall, boot = record.token.boot,
          monotonic = record.token.monotonic }
        assert(store:replace(key, json.encode(record), text))
      end
    end
    assert.equal("ok", ask(client()))
    assert.equal(1, counts().token)
  end)

  for _, name in ipairs { "same", "other" } do
    it("[credentials-cancelled-task] credentials: "
      .. "a cancelled task releases the lock for "
      .. "the " .. name .. " process", function()
      local driver = adobepass.driver.tick()
      local one = client { driver = driver }
      at.control.fault { kind = "delay", operation = "register", seconds = 600 }
      local task = driver.start(ask, one)
      repeat driver.update() until counts().register == 1
      task:cancel()
      local started = time.elapsed
      local two = name == "same" and one or client { driver = driver }
      assert.equal("ok", outcome(driver, two))
      assert.is_true(time.elapsed - started < 1)
      assert.equal(2, counts().register)
    end)
  end

  it("[credentials-cancelled-waiting-store] credentials: a cancelled task releases the "
    .. "lock in a store whose methods yield", function()
    local waiting = many_clients.new_failing_store(store)
    function waiting.replace(_, ...)
      coroutine.yield()
      return store:replace(...)
    end
    local driver = adobepass.driver.tick()
    local one = client { driver = driver, store = waiting }
    at.control.fault { kind = "delay", operation = "register", seconds = 600 }
    local task = driver.start(ask, one)
    repeat driver.update() until counts().register == 1
    task:cancel()
    finish(driver)
    local started = time.elapsed
    assert.equal("ok", ask(client()))
    assert.is_true(time.elapsed - started < 1)
  end)

  it("[credentials-cancelled-after-refresh] credentials: a task that is cancelled "
    .. "after its refresh has ended writes nothing", function()
    local driver, counting = adobepass.driver.tick(),
      many_clients.new_failing_store(store)
    local writes = 0
    function counting.replace(_, ...)
      writes = writes + 1
      return store:replace(...)
    end
    local one = client { driver = driver, store = counting }
    local result
    local task = driver.start(function()
      result = ask(one)
      driver.sleep(60)
    end)
    repeat
      time:advance(0.1)
      driver.update()
    until result
    assert.equal("ok", result)
    writes = 0
    task:cancel()
    assert.equal("cancelled", task.status)
    assert.equal(0, writes)
  end)

  -- Stores the lock of a process of another boot, which has ended.
  local function leave_lock(seconds)
    for key, text in pairs(store.values) do
      if key:find "^access" then
        assert(store:replace(key, json.encode { v = 1, lock = { owner = "dead",
          seconds = seconds, wall = 1, monotonic = 1, boot = "another-boot" } }, text))
      end
    end
  end

  it("[credentials-boot-short-timeout] credentials: a caller with a short timeout "
    .. "takes over the lock that another boot left", function()
    assert.equal("ok", ask(client()))
    leave_lock(20)
    local started = time.elapsed
    assert.equal("ok", ask(client { timeout = 15 }))
    assert.is_true(time.elapsed - started >= 10)
    assert.equal(1, counts().register)
  end)

  it("[credentials-boot-short-calls] credentials: calls with a short timeout, each of "
    .. "a new object, take over the lock that another boot left", function()
    local one = client { device = false }
    local function call()
      local view = one:device { id = "living-room" }
      return many_clients.outcome_of(view.api:profiles { timeout = 5 })
    end
    assert.equal("ok", call())
    collectgarbage()
    leave_lock(20)
    for _ = 1, 4 do
      assert.equal("timeout", call())
      collectgarbage()
    end
    assert.equal("ok", call())
    assert.equal(1, counts().register)
  end)

  it("[credentials-watched-memory] credentials: locks that another boot left, of more "
    .. "and more devices, use no more memory", function()
    local one = client { device = false }
    for index = 1, 12 do
      local fields = { id = "device-" .. index }
      assert.equal("ok", ask(one:device(fields)))
      collectgarbage()
      leave_lock(20)
      assert.equal("timeout", many_clients.outcome_of(
        one:device(fields).api:profiles { timeout = 1 }))
      time:advance(600)
    end
    local count = 0
    for _ in pairs(one.context.connection.watched_locks) do count = count + 1 end
    assert.is_true(count <= 7, count)
  end)

  it("[credentials-forget-failure-ends] forget_failure: leaves no record in the store "
    .. "when there is no token", function()
    at.control.fault { operation = "token", kind = "status", status = 503 }
    local one = client()
    assert.equal("http_503", ask(one))
    assert.is_true(one:forget_failure())
    time:advance(2)
    for key in pairs(store.values) do
      assert.is_nil(key:find "^access" and store:get(key))
    end
  end)

  -- Returns the text of the record that has the lock, the token and the failure.
  local function access_record()
    for key in pairs(store.values) do
      if key:find "^access" then return store:get(key) end
    end
  end

  it("[credentials-forget-failure-locked] forget_failure: does not change a record "
    .. "that another process has locked", function()
    local driver = adobepass.driver.tick()
    local app, command = client { driver = driver }, client()
    at.control.fault { operation = "register", kind = "status", status = 503 }
    assert.equal("http_503", outcome(driver, app))
    time:advance(2)
    at.control.fault { operation = "register", kind = "delay", seconds = 1 }
    local task = driver.start(ask, app)
    repeat driver.update() until counts().register == 2
    local locked = access_record()
    assert.is_true(command:forget_failure())
    assert.equal(locked, access_record())
    finish(driver)
    assert.equal("ok", task.results[1])
    assert.equal("ok", ask(command))
    assert.equal(2, counts().register)
    assert.equal(1, counts().token)
  end)

  it("[credentials-forget-failure-expired] forget_failure: removes an expired lock, "
    .. "too", function()
    local driver = adobepass.driver.tick()
    local one = client { driver = driver }
    at.control.fault { operation = "token", kind = "status", status = 503 }
    assert.equal("http_503", outcome(driver, one))
    time:advance(2)
    at.control.fault { operation = "token", kind = "delay", seconds = 600 }
    driver.start(ask, one) -- and this process ends
    repeat driver.update() until counts().token == 2
    time:advance(30)
    assert.is_true(client():forget_failure())
    time:advance(2)
    assert.is_nil((access_record()))
  end)

  it("[credentials-raised-error] credentials: "
    .. "an error that is raised in a refresh releases "
    .. "the lock", function()
    local raise, driver = true, adobepass.driver.tick()
    local function on_event(event)
      if raise and event.type == "registration" then error("a mistake") end
    end
    local one = client { on_event = on_event }
    assert.is_false((pcall(ask, one)))
    assert.is_false(coroutine.resume(coroutine.create(ask), one))
    raise = false
    local started = time.elapsed
    assert.equal("ok", ask(one))
    store = adobepass.store.memory()
    local two = client { driver = driver, on_event = on_event }
    assert.is_false((pcall(ask, two))) -- waits outside of a task
    assert.equal("ok", outcome(driver, two))
    assert.is_true(time.elapsed - started < 1)
  end)

  for _, step in ipairs { -1, 60, 1e9 } do
    for _, who in ipairs { "one process", "two processes" } do
      it("[credentials-clock-step] credentials: "
        .. "a clock that is set by " .. step .. " s in a "
        .. "registration registers once, with " .. who, function()
        local driver = adobepass.driver.tick()
        local function new_client()
          return client { driver = driver,
            store = adobepass.store.file(path .. "/store") }
        end
        local one = new_client()
        local two = who == "one process" and one or new_client()
        at.control.fault { kind = "delay", operation = "register", seconds = 5 }
        local first = driver.start(ask, one)
        repeat driver.update() until counts().register == 1
        time:set_wall(1790000000 + time.elapsed + step)
        local second = driver.start(ask, two)
        finish(driver)
        assert.same({ "ok", "ok" }, { first.results[1], second.results[1] })
        assert.equal(1, counts().register)
      end)
    end
  end

  it("[credentials-valid-token] credentials: "
    .. "a token that is still valid is used by every "
    .. "process when it cannot be renewed", function()
    local one = client()
    assert.equal("ok", ask(one))
    time:advance(6 * 3600 - 200)
    at.control.fault { kind = "status", operation = "token", status = 503,
      count = 1000 }
    local two = client()
    for _ = 1, 5 do
      for _, each in ipairs { one, two, client() } do
        assert.equal("ok", ask(each))
      end
      time:advance(10)
    end
    time:advance(160)
    assert.equal("http_503", ask(two))
  end)

  local function first_requests(count, timeout)
    local driver, tasks = adobepass.driver.tick(), {}
    local one = client { driver = driver, device = false, rate_limit = true,
      timeout = timeout }
    for index = 1, count do
      local device = one:device { id = "tv" .. index, ip = "10.0.0." .. index }
      tasks[index] = driver.start(function() return device.api:profiles() end)
    end
    finish(driver)
    local succeeded, message = 0, nil
    for _, task in ipairs(tasks) do
      if task.results[1] then succeeded = succeeded + 1
      else message = task.results[2].message end
    end
    return succeeded, message
  end

  it("[credentials-many-devices] credentials: 20 new devices at once wait for the rate "
    .. "limit as long as their timeout allows", function()
    local succeeded = first_requests(20, 32)
    assert.equal(20, succeeded)
    at.control.journal { clear = true }
    store = adobepass.store.memory()
    local fewer, message = first_requests(20, 20)
    assert.is_true(fewer < 20)
    assert.is_nil(message:find("device", 1, true))
    assert.truthy(message:find("rate_limit", 1, true))
    assert.truthy(message:find("timeout", 1, true))
  end)
end)
