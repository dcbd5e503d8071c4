--- Credentials and access tokens after refusals, failures, killed processes
-- and store errors, in one process on a fake clock.

local adobepass = require "adobepass"
local core = require "adobepass.core"
local fake_clock = require "spec.support.fake_clock"
local many_clients = require "spec.support.many_clients"

describe("credentials and access tokens", function()
  local time, at, store, events

  before_each(function()
    time = fake_clock.start()
    at = many_clients.new_sandbox(time)
    store = many_clients.new_failing_store(adobepass.store.memory())
    events = {}
  end)
  after_each(function()
    time.stop()
    at, store, events = nil, nil, nil
  end)

  local function client(more)
    local options = { store = store, retry = { attempts = 1 },
      on_event = function(event) events[#events + 1] = event end }
    for name, value in pairs(more or {}) do options[name] = value end
    return many_clients.new_client(at, options)
  end

  local function call(one) return many_clients.outcome_of(one.api:profiles()) end

  local function counts() return select(2, at.control.take()) end

  local function events_of(code)
    local count = 0
    for _, event in ipairs(events) do
      if event.code == code then count = count + 1 end
    end
    return count
  end

  local function run_concurrently(driver, one, count)
    local outcomes = many_clients.run_tasks(driver, function()
      time:advance(0.01)
    end, count, function() return one.api:profiles() end)
    local tally = {}
    for _, outcome in ipairs(outcomes) do
      tally[outcome] = (tally[outcome] or 0) + 1
    end
    return tally
  end

  local function revoke()
    local journal = at.control.journal()
    assert(at.control.revoke { token = many_clients.bearer(journal) })
    at.control.journal { clear = true }
  end

  local function revoke_client()
    for id, known in pairs(at.control.snapshot().clients) do
      if not known.revoked then
        assert(at.control.revoke { client_id = id })
      end
    end
    at.control.journal { clear = true }
  end

  it("[credentials-fails-system] credentials: missing system randomness gives "
    .. "an error and does not raise", function()
    local uuid, bytes = core.random.uuid, core.random.bytes
    finally(function() core.random.uuid, core.random.bytes = uuid, bytes end)
    core.random.uuid = function() return nil, "none", "no_randomness" end
    core.random.bytes = core.random.uuid
    local one = many_clients.new_client(at, { store = store, random = false })
    assert.equal("no_randomness", call(one))
    core.random.uuid = uuid
    at.control.fault { operation = "profiles", kind = "status" }
    assert.equal("ok", call(one)) -- after a backoff and one retry
    assert.equal(2, counts().profiles)
  end)

  -- Three coroutines with a store that yields: the owner writes the lock, the loser has
  -- read before that and waits for its own write, and then the late one reads the lock.
  it("[credentials-late-read] credentials: a coroutine that reads another one's lock "
    .. "waits for it", function()
    local driver, roles, slow = adobepass.driver.tick(), {}, {}
    local function pause(role, frames)
      if roles[coroutine.running()] ~= role then return end
      for _ = 1, frames do coroutine.yield() end
    end
    for _, name in ipairs { "set", "add", "delete" } do
      slow[name] = function(_, ...) return store[name](store, ...) end
    end
    function slow.get(_, key)
      pause("late", 3)
      local value, message, code = store:get(key)
      pause("loser", 1)
      return value, message, code
    end
    function slow.replace(_, ...)
      pause("loser", 10)
      return store:replace(...)
    end
    local one = client { driver = driver, store = slow }
    assert(at.control.fault { kind = "delay", operation = "register", seconds = 5 })
    for _, role in ipairs { "late", "loser", "owner" } do
      driver.start(function()
        roles[coroutine.running()] = role
        assert.equal("ok", call(one))
      end)
    end
    repeat time:advance(0.1) until driver.update() == 0
    local found = counts()
    assert.same({ 1, 1 }, { found.register, found.token })
  end)

  it("[credentials-never-ordinary] credentials: a forced refresh does not use "
    .. "the result of a routine refresh", function()
    local driver = adobepass.driver.tick()
    local slow = client { driver = driver, token_margin = 20000,
      token_jitter = 0 }
    local refused = client { driver = driver }
    driver.start(call, slow)
    repeat until driver.update() == 0
    driver.start(call, refused)
    repeat until driver.update() == 0
    local first_token = many_clients.bearer(at.control.journal())
    assert.equal(1, counts().token)

    time:advance(3 * 3600 + 1) -- due for `slow`, fresh for `refused`
    assert(at.control.fault { kind = "delay", operation = "token",
      seconds = 5 })
    local ordinary = driver.start(call, slow)
    for _ = 1, 5 do driver.update() end
    assert.equal(1, many_clients.counts(at.control.journal()).token)

    at.control.journal { clear = true }
    assert(at.control.revoke { token = first_token })
    local forced = driver.start(call, refused)
    repeat time:advance(0.1) until driver.update() == 0
    assert.same({ "ok", "ok" }, { forced.results[1], ordinary.results[1] })
    local order, bearers = {}, {}
    for index, entry in ipairs(at.control.journal()) do
      order[index] = entry.operation .. " " .. entry.status
      if entry.status == 200 then
        bearers[entry.headers.authorization] = true
        bearers[#bearers + 1] = true
      end
    end
    assert.equal("profiles 401", order[1])
    table.sort(order)
    assert.same({ "profiles 200", "profiles 200", "profiles 401",
      "token 201" }, order)
    bearers[1], bearers[2] = nil, nil
    local first = next(bearers)
    assert.truthy(next(bearers, first)) -- two different tokens
  end)

  it("[credentials-asks-however-refused] credentials: many calls that got a "
    .. "401 share one token request", function()
    local driver = adobepass.driver.tick()
    local one = client { driver = driver }
    assert.same({ ok = 50 }, run_concurrently(driver, one, 50))
    revoke()
    assert.same({ ok = 50 }, run_concurrently(driver, one, 50))
    local seen = counts()
    assert.same({ 0, 1, 100 }, { seen.register, seen.token, seen.profiles })
  end)

  it("[credentials-refused-late-brought] credentials: a call that gets its 401 "
    .. "late uses the token that another call fetched", function()
    local driver = adobepass.driver.tick()
    local one = client { driver = driver }
    run_concurrently(driver, one, 1)
    revoke()
    assert(at.control.fault { kind = "delay", operation = "profiles",
      seconds = 5 })
    local late = driver.start(call, one)
    driver.update()
    driver.update()
    assert.same({ ok = 1 }, run_concurrently(driver, one, 1))
    repeat time:advance(1) until driver.update() == 0
    assert.equal("ok", late.results[1])
    assert.equal(1, counts().token)
  end)

  it("[credentials-remembers-failure-1] credentials: a failure is remembered "
    .. "for 1, 2, 4 and up to 30 seconds", function()
    local one = client()
    assert(at.control.fault { kind = "status", operation = "token",
      status = 503, count = 1000 })
    for _, pause in ipairs { 1, 2, 4, 8, 16, 30, 30 } do
      assert.equal("http_503", call(one))
      assert.equal(1, counts().token)
      time:advance(pause - 0.01)
      assert.equal("http_503", call(one))
      assert.equal(0, counts().token)
      time:advance(0.02)
    end
    at.control.fault { clear = true }
    assert.equal("ok", call(one))
    assert(at.control.fault { kind = "status", operation = "token" })
    revoke()
    assert.equal("http_503", call(one))
    time:advance(1.01) -- the success has reset the backoff to 1 s
    assert.equal("ok", call(one))
  end)

  for _, fault in ipairs { { kind = "status", status = 503 },
    { kind = "too_many_requests" } } do
    it("[credentials-obeys-retry-after] credentials: no client of the store requests a "
      .. "token before the end of the Retry-After of a "
      .. (fault.status or 429), function()
      local one, two = client(), client()
      fault.operation, fault.retry_after, fault.count = "token", 300, 1
      assert(at.control.fault(fault))
      local err = select(2, one.api:profiles())
      assert.equal(300, err.retry_after)
      time:advance(299)
      for _, each in ipairs { one, two } do
        local value, again = each.api:profiles()
        assert.is_nil(value)
        assert.same({ err.code, 1 }, { again.code, again.retry_after })
      end
      assert.equal(1, counts().token)
      time:advance(1)
      assert.equal("ok", call(two))
    end)
  end

  it("[credentials-shares-failure-waits] credentials: a failure is shared with "
    .. "waiting calls and other clients", function()
    local driver = adobepass.driver.tick()
    local one = client { driver = driver }
    assert(at.control.fault { kind = "status", operation = "token",
      status = 503, count = 1000 })
    assert.same({ http_503 = 50 }, run_concurrently(driver, one, 50))
    assert.equal(1, counts().token)
    assert.same({ http_503 = 5 },
      run_concurrently(driver, client { driver = driver },
      5))
    assert.equal(0, counts().token)
  end)

  it("[credentials-passes-lock-holder] credentials: a lock whose holder died "
    .. "is taken over", function()
    local driver = adobepass.driver.tick()
    local one, two = client { driver = driver }, client { driver = driver }
    assert(at.control.fault { kind = "delay", operation = "token",
      seconds = 600 })
    local dies = driver.start(call, one)
    for _ = 1, 5 do driver.update() end
    assert.equal(1, many_clients.counts(at.control.journal()).token)
    dies:cancel()
    local task = driver.start(call, two)
    repeat time:advance(0.1) until driver.update() == 0
    assert.equal("ok", task.results[1])
    local seen = counts()
    assert.same({ 1, 2 }, { seen.register, seen.token })
  end)

  it("[credentials-uses-due-token] credentials: a due token stays in use while "
    .. "its refresh is running or fails", function()
    local driver = adobepass.driver.tick()
    local one = client { driver = driver, timeout = 30 }
    run_concurrently(driver, one, 1)
    counts()
    time:advance(6 * 3600 - 200)
    assert(at.control.fault { kind = "delay", operation = "token",
      seconds = 600 })
    local first = driver.start(call, one)
    driver.update()
    assert.same({ ok = 20 }, run_concurrently(driver, one, 20))
    repeat time:advance(0.1) until driver.update() == 0
    assert.equal("ok", first.results[1])
    assert.equal(1, counts().token)
    assert.equal(1, events_of("timeout"))
  end)

  it("[credentials-registers-server] credentials: the client registers again "
    .. "after the server revoked it", function()
    local driver = adobepass.driver.tick()
    local one = client { driver = driver }
    run_concurrently(driver, one, 1)
    revoke_client()
    assert.same({ ok = 50 }, run_concurrently(driver, one, 50))
    assert.equal(1, counts().register)
    assert.equal(1, events_of("registered_again"))
  end)

  it("[credentials-not-register-third] credentials: the client does not "
    .. "register a third time within ten minutes", function()
    local one = client()
    call(one)
    revoke_client()
    assert.equal("ok", call(one))
    revoke_client()
    for _ = 1, 20 do
      assert.equal("invalid_client", call(one))
      time:advance(29)
    end
    assert.equal(0, counts().register)
    time:advance(60)
    assert.equal("ok", call(one))
    assert.equal(1, counts().register)
    assert.equal(2, events_of("registered_again"))
  end)

  it("[credentials-action] credentials: the action application-registration "
    .. "refreshes the token, then registers again", function()
    local driver = adobepass.driver.tick()
    local one = client { driver = driver }
    run_concurrently(driver, one, 1)
    counts()
    local function refuse(count)
      assert(at.control.fault { kind = "error", operation = "profiles",
        code = "invalid_access_token_client_application", count = count })
    end
    -- The client requests a new token first, because a new registration would
    -- end the viewer's login.
    refuse(1)
    assert.same({ ok = 1 }, run_concurrently(driver, one, 1))
    assert.equal(0, counts().register)
    refuse(100)
    assert.same({ ok = 50 }, run_concurrently(driver, one, 50))
    assert.equal(1, counts().register)
    refuse(10)
    assert.same({ invalid_access_token_client_application = 5 },
      run_concurrently(driver, one, 5))
    assert.equal(0, counts().register)
    at.control.fault { clear = true }
    assert.same({ ok = 1 }, run_concurrently(driver, one, 1))
    assert.equal(1, events_of("registered_again"))
  end)

  it("[credentials-keeps-old-new] credentials: the old ones are kept until a "
    .. "new registration succeeds", function()
    local one = client()
    call(one)
    local known = at.control.snapshot()
    revoke_client()
    assert(at.control.fault { kind = "status", operation = "register",
      count = 1 })
    assert.equal("http_503", call(one))
    -- The server accepts the old credentials again.
    at.control.snapshot { restore = known }
    counts()
    time:advance(2)
    assert.equal("ok", call(one))
    assert.equal(0, counts().register)
  end)

  it("[credentials-keeps-replace] credentials: the old ones are kept when "
    .. "there is no software statement", function()
    local one = client()
    call(one)
    local known = at.control.snapshot()
    revoke_client()
    at.statement = nil
    local two = client()
    assert.equal("invalid_client", call(two))
    at.control.snapshot { restore = known }
    counts()
    time:advance(2)
    assert.equal("ok", call(two))
    assert.equal(0, counts().register)
  end)

  it("[credentials-saves-later] credentials: a failed write to the store is "
    .. "repeated later, without a new registration", function()
    store.broken.replace = function(key) return key:find("^credentials") end
    local one = client { device = false }
    -- A gateway creates a device object for each request.
    local function call_again()
      collectgarbage()
      return call(one:device { id = "living-room" })
    end
    assert.equal("store_failed", call_again())
    assert.equal("store_failed", call_again())
    store.broken.replace = nil
    assert.equal("ok", call_again())
    assert.equal("ok", call(client()))
    assert.same({ 1, 1 }, { (function()
      local seen = counts()
      return seen.register, seen.token
    end)() })
  end)

  it("[credentials-store-cannot-read] credentials: a failing store is not "
    .. "treated as an empty one", function()
    store.broken.get = true
    assert.equal("store_failed", call(client()))
    store.broken.get = function(key) return key:find("^credentials") end
    assert.equal("store_failed", call(client()))
    store.broken.get = nil
    store.broken.replace = true
    assert.equal("store_failed", call(client()))
    assert.equal(0, counts().register)
    store.broken.replace = nil
    assert.equal("ok", call(client()))
  end)

  it("[credentials-unwritable-memory] credentials: calls use no more memory while "
    .. "the store cannot be written", function()
    local one = client()
    local function owners()
      local count = 0
      for _, latest in pairs(one.context.connection.refreshes) do
        for _ in pairs(latest.owners) do count = count + 1 end
      end
      return count
    end
    store.broken.replace = true
    for _ = 1, 100 do
      assert.equal("store_failed", call(one))
      time:advance(10)
    end
    assert.is_true(owners() <= 4, owners()) -- a lock's 20 s, twice
    store.broken.replace = nil
    assert.equal("ok", call(one))
    assert.equal(0, owners())
  end)

  it("[credentials-unwritable-devices] credentials: calls of more and more devices use "
    .. "no more memory while the store cannot be written", function()
    local one = client { device = false }
    local function refreshes()
      local count = 0
      for _ in pairs(one.context.connection.refreshes) do count = count + 1 end
      return count
    end
    store.broken.replace = true
    for index = 1, 100 do
      assert.equal("store_failed", call(one:device { id = "device-" .. index }))
      -- The lock of a device may be in the store for a lock's 20 seconds, twice.
      assert.is_true(refreshes() >= math.min(index, 4), refreshes())
      time:advance(10)
    end
    -- The same, and the interval between two searches, 45 seconds.
    assert.is_true(refreshes() <= 9, refreshes())
  end)

  it("[credentials-damaged-record] credentials: a damaged record is not "
    .. "treated as a missing one", function()
    local name
    store.broken.replace = function(key)
      name = key:find("^credentials") and key or name
    end
    local one = client()
    call(one)
    counts()
    local whole = store:get(name)
    assert(store:delete("access:" .. one.context.key))
    for _, damaged in ipairs { "", "{", whole:sub(1, -2), "[]", "{}", "7",
      "null", '{"client_id":7,"client_secret":"x"}', "\0" } do
      assert(store:set(name, damaged))
      assert.equal("store_failed", call(client()))
    end
    assert.equal(0, counts().register)
    assert(store:set(name, whole))
    assert.equal("ok", call(client()))
    assert.equal(0, counts().register)
  end)
end)
