--- Many devices on one client: memory use and isolation.

local counting_limiter = require "spec.support.counting_limiter"
local adobepass = require "adobepass"
local core = require "adobepass.core"
local fake_clock = require "spec.support.fake_clock"
local many_clients = require "spec.support.many_clients"

local INFO = { primaryHardwareType = "TV", version = "1", osName = "Linux",
  osVersion = "6", connectionType = "WiFi" }

local function info_of(index)
  local info = { model = "Model " .. index }
  for name, value in pairs(INFO) do info[name] = value end
  return info
end

local function fields_of(index)
  return { id = "device-" .. index, info = info_of(index),
    ip = "192.0.2." .. index, identity = {
      visitor_id = "visitor-" .. index, subject_token = "subject-" .. index } }
end

describe("devices of one client", function()
  local time, at, events

  before_each(function()
    time = fake_clock.start()
    at = many_clients.new_sandbox(time)
    events = {}
  end)
  after_each(function()
    time.stop()
    at, events = nil, nil
  end)

  local function gateway(more)
    local options = { device = false,
      on_event = function(event) events[#events + 1] = event end }
    for name, value in pairs(more or {}) do options[name] = value end
    return many_clients.new_client(at, options)
  end

  local function used()
    collectgarbage()
    collectgarbage()
    return collectgarbage("count") * 1024
  end

  local COUNT = 500

  -- Returns the mean size in bytes of COUNT values of `make(index)`.
  local function bytes_each(make)
    local list = {}
    for index = 1, COUNT do list[index] = false end
    local before = used()
    for index = 1, COUNT do list[index] = make(index) end
    local bytes = (used() - before) / COUNT
    return #list == COUNT and bytes
  end

  it("[devices-weigh-2-kib] devices: each uses at most 2 KiB of memory beyond "
    .. "its data", function()
    local client = gateway { on_event = false }
    local own = bytes_each(function(index)
      local fields = fields_of(index)
      fields.info = core.base64.encode(tostring(index) .. ("x"):rep(120))
      return { fields.id, fields.info, fields.ip, fields.visitor_id,
        fields.subject_token }
    end)
    local whole = bytes_each(function(index)
      return client:device(fields_of(index))
    end)
    assert.is_true(whole - own <= 2048, ("%.0f bytes"):format(whole - own))
  end)

  it("[devices-token-headers] devices: do not keep the headers of registration and "
    .. "token requests, which are sent again after hours", function()
    local client = gateway():device(fields_of(1))
    assert(client.api:profiles())
    local kinds = {}
    for kind in pairs(client.context.headers) do kinds[#kinds + 1] = kind end
    assert.same({ "DIFSPV " }, kinds) -- of the profiles request
  end)

  it("[devices-leave-behind] devices: leave no memory behind after garbage "
    .. "collection", function()
    local client = gateway { on_event = false,
      store = adobepass.store.memory { max = 200 } }
    local function visit()
      for index = 1, 50 do
        client:device(fields_of(index)).api:profiles()
      end
      at.control.journal { clear = true }
    end
    visit()
    local before = used()
    for _ = 1, 5 do visit() end
    assert.is_true(used() - before < 64 * 1024)
    assert.is_nil(next(client.context.connection.unsaved))
  end)

  local CALLS = {
    function(api) return api:profiles() end,
    function(api) return api:configuration() end,
    function(api) return api:create_session { mvpd = "Cablevision",
      domain_name = "adobe.com", redirect_url = "https://adobe.com" } end,
    function(api) return api:preauthorize { mvpd = "Cablevision",
      resources = { "CNN", "TBS" } } end,
    function(api) return api:authorize { mvpd = "Cablevision",
      resources = { "CNN" } } end,
    function(api) return api:logout { mvpd = "Cablevision",
      redirect_url = "https://adobe.com" } end,
  }

  local OWN = { "ap-device-identifier", "x-device-info", "x-forwarded-for",
    "ap-visitor-identifier", "adobe-subject-token" }

  -- Asserts that a request contains data of one device only.
  local function check_journal(journal, wanted)
    local owner_of, seen = {}, 0
    local function belongs(value, index, what)
      if not value then return end
      assert.equal(owner_of[value] or index, index, what .. " of another")
      owner_of[value] = index
    end
    for _, entry in ipairs(journal) do
      local index = entry.headers["x-device-info"]
        and tonumber(core.base64.decode(entry.headers["x-device-info"])
          :match('"Model (%d+)"'))
      assert.number(index, entry.operation)
      seen = seen + 1
      assert.is_nil(entry.headers.cookie)
      for _, name in ipairs(OWN) do
        belongs(entry.headers[name], index, name)
      end
      belongs(entry.headers.authorization, index, "token")
      belongs(entry.body:match("client_id=([^&]+)"), index, "credential")
      if entry.headers["x-forwarded-for"] then
        assert.equal("192.0.2." .. index, entry.headers["x-forwarded-for"])
      end
    end
    assert.is_true(seen >= wanted)
  end

  it("[devices-never-show-device] devices: a request of one device contains no "
    .. "data of another", function()
    local driver = adobepass.driver.tick()
    local client, views, journal = gateway { driver = driver }, {}, {}
    for index = 1, 50 do views[index] = client:device(fields_of(index)) end
    for round = 1, #CALLS do
      if round % 2 == 0 then
        assert(at.control.fault { kind = "too_many_requests", count = 20 })
      end
      many_clients.run_tasks(driver, function() time:advance(0.05) end, 50,
        function(index)
          return CALLS[(index + round) % #CALLS + 1](views[index].api)
        end)
      for _, entry in ipairs((at.control.take())) do
        journal[#journal + 1] = entry
      end
    end
    check_journal(journal, 50 * #CALLS)
    local counts = many_clients.counts(journal)
    assert.is_true(counts.register >= 50)
    assert.equal(50, counts.register - 0)
  end)

  it("[devices-held-rate-limit] devices: the rate limit applies to each device "
    .. "separately", function()
    local client = gateway { rate_limit = true }
    local busy = client:device(fields_of(1))
    for _ = 1, 10 do busy.api:profiles() end
    local started = time.elapsed
    client:device(fields_of(2)).api:profiles()
    assert.equal(started, time.elapsed)
    busy.api:profiles()
    assert.is_true(time.elapsed > started)
  end)

  it("[devices-barred-429] devices: a 429 delays only its own "
    .. "device", function()
    local client = gateway { rate_limit = true, retry = { attempts = 1 } }
    local one = client:device(fields_of(1))
    local two = client:device(fields_of(2))
    one.api:profiles()
    two.api:profiles()
    assert(at.control.fault { kind = "too_many_requests", count = 1 })
    assert.equal("too_many_requests",
      many_clients.outcome_of(one.api:profiles()))
    local started = time.elapsed
    assert.equal("ok", many_clients.outcome_of(two.api:profiles()))
    assert.equal(started, time.elapsed)
    assert.equal("ok", many_clients.outcome_of(one.api:profiles()))
    assert.is_true(time.elapsed - started >= 1)
  end)

  it("[devices-id-kept] device_id: is generated once and kept in the "
    .. "store", function()
    local store = adobepass.store.memory()
    local id = assert(adobepass.device_id(store))
    assert.matches("^%x+$", id)
    assert.equal(64, #id)
    time:advance(40 * 365 * 86400)
    assert.equal(id, adobepass.device_id(store))
    local other = many_clients.new_failing_store(adobepass.store.memory())
    other.broken.get = true
    assert.equal("store_failed", (select(3, adobepass.device_id(other))))
    other.broken.get, other.broken.replace = nil, true
    assert.equal("store_failed", (select(3, adobepass.device_id(other))))
    other.broken.replace = nil
    local kept = adobepass.device_id(other)
    time:advance(365 * 86400)
    assert.equal(kept, adobepass.device_id(other))
  end)

  it("[device-id-one-write] device_id: does not expire if the process dies after "
    .. "its first write", function()
    local store, writes = adobepass.store.memory(), 0
    local dying = { get = function(_, key) return store:get(key) end }
    for _, name in ipairs { "set", "add", "replace", "delete" } do
      dying[name] = function(_, ...)
        if writes > 0 then error "killed" end
        writes = writes + 1
        return store[name](store, ...)
      end
    end
    pcall(adobepass.device_id, dying)
    local id = assert(adobepass.device_id(store))
    time:advance(40 * 365 * 86400)
    assert.equal(id, adobepass.device_id(store))
  end)

  it("[device-id-lost-race] device_id: returns the identifier that another process "
    .. "stored first", function()
    local store, other = adobepass.store.memory(), nil
    local slow = setmetatable({ get = function(_, key)
      local value = store:get(key)
      other = other or adobepass.device_id(store)
      return value
    end }, { __index = function(_, name)
      return function(_, ...) return store[name](store, ...) end
    end })
    local id = adobepass.device_id(slow)
    assert.equal(other, id)
  end)

  -- Collects all values of a table, at any depth.
  local function texts_of(value, list)
    if type(value) == "table" then
      for name, item in pairs(value) do
        texts_of(name, list)
        texts_of(item, list)
      end
    else
      list[#list + 1] = tostring(value)
    end
    return list
  end

  it("[devices-keep-secret-events] devices: events and errors contain no "
    .. "secrets", function()
    local secrets, output = {}, {}
    local store = adobepass.store.memory()
    local client = gateway { store = store, retry = { attempts = 2 } }
    local view = client:device(fields_of(7))
    local function note(text)
      if type(text) == "string" and #text > 3 then secrets[text] = true end
    end
    local function call(run)
      local _, err = run(view.api)
      if err then
        output[#output + 1] = tostring(err)
        texts_of(err, output)
      end
    end
    local faults = { "status", "too_many_requests", "truncated", "garbage",
      "wrong_content_type", "reset_within", "tls", "huge", "error" }
    for _, run in ipairs(CALLS) do
      call(run)
      for _, kind in ipairs(faults) do
        assert(at.control.fault { kind = kind, count = 2 })
        call(run)
        at.control.fault { clear = true }
        time:advance(40)
      end
      for _, entry in ipairs((at.control.take())) do
        note((entry.headers.authorization or ""):match("^Bearer (.*)"))
        note(entry.body:match("client_secret=([^&]+)"))
        note(entry.headers["ap-device-identifier"])
      end
      for id in pairs(at.control.snapshot().clients) do
        assert(at.control.revoke { client_id = id })
      end
    end
    for _, text in ipairs { at.statement, "device-7", "192.0.2.7",
      "visitor-7", "subject-7", core.base64.encode("device-7") } do
      note(text)
    end
    for _, known in pairs(at.control.snapshot().clients) do
      note(known.secret)
    end
    texts_of(events, output)
    assert.is_true(#output > 500)
    local all = table.concat(output, "\n")
    local count = 0
    for secret in pairs(secrets) do
      count = count + 1
      assert.is_nil(all:find(secret, 1, true))
    end
    assert.is_true(count > 10)
  end)

  it("[devices-rate-limit-share] devices: use the rate limiter given as the "
    .. "option rate_limit", function()
    local shared, output = counting_limiter()
    local view = gateway { rate_limit = shared }:device(fields_of(7))
    assert.is_table(view.api:profiles())
    -- Registration and token requests send no X-Forwarded-For, so they count
    -- for the host's own address.
    assert.same({ "own", "own", "192.0.2.7" }, output)
  end)

  it("[devices-register-no-faster] devices: all registrations count for the "
    .. "rate limit of the host's address", function()
    local client = gateway { rate_limit = true }
    for index = 1, 10 do
      assert.is_table(client:device(fields_of(index)).api:profiles())
    end
    local times, began = {}, nil
    for _, entry in ipairs((at.control.take())) do
      if entry.path:find "^/o/client/" then
        began = began or entry.time
        times[#times + 1] = entry.time - began
      end
    end
    assert.equal(20, #times)
    assert.is_true(times[20] >= 9000)
  end)
end)
