--- Two versions of the module on one store: each record carries the version of
-- its format, and a newer one is refused and never overwritten.

local adobepass = require "adobepass"
local fake_clock = require "spec.support.fake_clock"
local json = require "adobepass.util.json"
local many_clients = require "spec.support.many_clients"

local DEVICE_STORE = "adobepass.store.device_store"

local load_text = rawget(_G, "loadstring") or load

-- Modules that hold the device store, directly or by another module.
local HOLDERS = { DEVICE_STORE, "adobepass.auth.access_token",
  "adobepass.api.flow_context", "adobepass.client", "adobepass" }

describe("versions of stored records", function()
  local time, at, store

  before_each(function()
    time = fake_clock.start()
    at = many_clients.new_sandbox(time)
    store = adobepass.store.memory()
  end)
  after_each(function()
    time.stop()
    at, store = nil, nil
  end)

  -- Loads the module again, as a version with another format.
  local function load_version(version)
    local saved = {}
    for _, name in ipairs(HOLDERS) do
      saved[name], package.loaded[name] = package.loaded[name], nil
    end
    local path = "lua/" .. DEVICE_STORE:gsub("%.", "/") .. ".lua"
    local file = assert(io.open(path))
    local source, count = file:read("*a"):gsub("VERSION = 1\n",
      "VERSION = " .. version .. "\n")
    file:close()
    assert.equal(1, count)
    package.loaded[DEVICE_STORE] = assert(load_text(source))()
    local loaded = require "adobepass"
    for name, module in pairs(saved) do package.loaded[name] = module end
    return loaded
  end

  local function client_of(module)
    return module.new { service_provider = "REF30", rate_limit = false,
      software_statement = at.statement, transport = at.transport,
      environment = { api = at.api, mgmt = at.mgmt }, store = store,
      device = { id = "living-room" }, retry = { attempts = 1 } }
  end

  local function ask(module)
    local one = client_of(module)
    local value, err = one.api:profiles()
    return value and "ok" or err.code, err and err.message
  end

  local function records()
    local found = {}
    for key, text in pairs(store.values) do found[key] = text end
    return found
  end

  local function forget_token()
    for key in pairs(store.values) do
      if key:find "^access" then store:delete(key) end
    end
  end

  local function change(pattern, change_record)
    for key, text in pairs(store.values) do
      if key:find(pattern) then
        local record = json.decode(text)
        change_record(record)
        store.values[key] = json.encode(record)
      end
    end
  end

  it("[credentials-newer-record] credentials: "
    .. "a record of a newer version is refused and "
    .. "never overwritten", function()
    local newer = load_version(2)
    assert.equal("ok", ask(newer))
    local before = records()
    local _, counts = at.control.take()
    assert.equal(1, counts.register)
    local code, message = ask(adobepass)
    assert.equal("store_failed", code)
    assert.truthy(message:find("newer adobepass", 1, true))
    time:advance(7 * 3600)
    assert.equal("store_failed", (ask(adobepass)))
    forget_token()
    assert.equal("store_failed", (ask(adobepass)))
    for key, value in pairs(before) do
      if key:find "^credentials" then assert.equal(value, store:get(key)) end
    end
    _, counts = at.control.take()
    assert.equal(0, counts.register)
    assert.equal("ok", (ask(newer)))
    _, counts = at.control.take()
    assert.equal(0, counts.register)
  end)

  -- Returns a logged-in viewer's client, and the names of its records.
  local function watch(module)
    assert(at.control.login { service_provider = "REF30", device = "living-room",
      mvpd = "Cablevision", username = "ann" })
    local one = client_of(module)
    local profile = assert(one:login {})
    assert(one.context:remember("login", { code = "ABC" }, 60))
    assert(one.context:remember("denied", { mvpds = { Dish = true } }, 60))
    return one, profile
  end

  it("[store-record-version] store: the records profile, provider, login and denied "
    .. "carry the version of their format, which is not in their values", function()
    local one, profile = watch(adobepass)
    for name, text in pairs(records()) do
      assert.equal(1, json.decode(text).v, name)
    end
    assert.is_nil(profile.v)
    assert.same(profile, one:remembered_profile())
    assert.same({ id = "Cablevision" }, one:remembered_provider())
  end)

  it("[store-record-newer] store: a record profile, provider, login or denied of a "
    .. "newer version is refused and not overwritten", function()
    local one = watch(adobepass)
    local names = { "profile", "provider", "login", "denied" }
    change("^[pld]", function(record) record.v = 2 end)
    local before = records()
    for _, name in ipairs(names) do
      local value, err = one.context:recall(name)
      assert.is_nil(value)
      assert.equal("store_failed", err.code)
      assert.truthy(err.message:find("newer adobepass", 1, true))
    end
    for _, call in ipairs { "login", "remembered_profile", "authorize" } do
      local value, err = one[call](one, call == "authorize" and "CNN" or {})
      assert.is_nil(value)
      assert.equal("store_failed", err.code)
    end
    assert.same(before, records())
  end)

  it("[credentials-older-record] credentials: a newer version reads the records of an "
    .. "older one", function()
    assert.equal("ok", ask(adobepass))
    assert.equal("ok", ask(load_version(2)))
    time:advance(7 * 3600)
    assert.equal("ok", ask(load_version(2)))
    local _, counts = at.control.take()
    assert.equal(1, counts.register)
    assert.equal("store_failed", (ask(adobepass)))
  end)

  it("[credentials-record-without-version] credentials: "
    .. "credentials without a version, or with an unknown one, are "
    .. "refused", function()
    assert.equal("ok", ask(adobepass))
    for _, version in ipairs { "none", 1.5, 2, "1", true, {} } do
      forget_token()
      change("^credentials", function(record)
        record.v = version ~= "none" and version or nil
      end)
      assert.equal("store_failed", (ask(adobepass)))
    end
    assert.equal(1, select(2, at.control.take()).register)
  end)

  local WRONG = { json.null, true, "", {} }

  it("[store-damaged-member] store: a record with a member of another type is damaged, "
    .. "and a logout repairs it", function()
    local one = watch(adobepass)
    local before = records()
    for name, member in pairs { mvpd = { "^profile", "string" },
      not_after = { "^profile", "number" }, attributes = { "^profile", "table" },
      mvpds = { "^denied", "table" }, id = { "^provider", "string" } } do
      for _, value in ipairs(WRONG) do
        if type(value) ~= member[2] then
          change(member[1], function(record) record[name] = value end)
          local read = name == "id" and one.remembered_provider or one.login
          local found, err = read(one, {})
          assert.is_nil(found)
          assert.equal("store_failed", err.code)
          assert.matches("^The store's record %w+ is damaged%.$", err.message)
          one:authorize "CNN" -- raises nothing
          one:preauthorize { "CNN" }
          one:refresh_profile()
          assert(one:logout { redirect_url = "https://adobe.com/bye" })
          assert.is_nil(store:get("profile:" .. one.context.key))
          assert.is_nil(store:get("denied:" .. one.context.key))
          assert.is_nil(select(2, one:remembered_provider()))
          for key, text in pairs(before) do assert(store:set(key, text)) end
        end
      end
    end
  end)

  it("[credentials-damaged-part] credentials: a token or failure with a member of "
    .. "another type counts as none", function()
    assert.equal("ok", (ask(adobepass)))
    -- Uses a record with a wrong value: of a part, or of its member `name`.
    local function check(part, name, value)
      local function damage()
        forget_token()
        assert.equal("ok", (ask(adobepass)))
        change("^access", function(record)
          local token = record.token
          record.failure = { code = "http_503", pause = 30, wall = token.wall,
            monotonic = token.monotonic, boot = token.boot }
          if part == "failure" then record.token = nil end
          if name then record[part][name] = value else record[part] = value end
          if part == "token" then record.failure.code = "" end
        end)
      end
      damage()
      assert.equal("ok", (ask(adobepass)))
      damage()
      assert.is_true(client_of(adobepass):forget_failure())
    end
    for _, value in ipairs(WRONG) do
      for _, name in ipairs { false, "expires_in", "access_token" } do
        if name ~= "access_token" or value ~= "" then check("token", name, value) end
      end
      for _, name in ipairs { false, "code", "http_status", "pause", "operation" } do
        if name ~= "operation" or value ~= "" then check("failure", name, value) end
      end
    end
  end)
end)
