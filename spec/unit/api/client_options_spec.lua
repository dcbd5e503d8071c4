--- Options of adobepass.new: an invalid one raises at the caller's line.

local adobepass = require "adobepass"
local fake_driver = require "spec.support.fake_driver"
local folder = require "spec.support.folder"
local valid_options = require "spec.support.valid_options"
local memory = require "adobepass.store.memory"
local assert_raises = require "spec.support.assert_raises"

local function without(object, method)
  local copy = {}
  for name, value in pairs(object) do copy[name] = value end
  local methods = getmetatable(object)
  for name, value in pairs(methods and methods.__index or {}) do
    copy[name] = value
  end
  copy[method] = nil
  return copy
end

local NAN, HUGE = 0 / 0, math.huge
local function f() end

-- Invalid values by option. An item { value, text } also gives a text that
-- the error message must contain; by default this is the option's name.
local WRONG = {
  service_provider = { 5, {}, "", "a/b", "..", "a\nb", ("x"):rep(200) },
  software_statement = { 5, {}, "", "no statement", "a.b.c", "a.b" },
  redirect_uri = { 5, "", "no address", "a:b c" },
  environment = { 5, true, "production", "", {}, { api = 5 },
    { { api = "sp.auth.adobe.com" }, "environment.api" },
    { { api = "https://host/path" }, "environment.api" },
    { { api = "https://user@host" }, "environment.api" },
    { { api = "ftp://host" }, "environment.api" },
    { { api = "https://" }, "environment.api" },
    { { api = "https://h", mgmt = "h" }, "environment.mgmt" },
    { { api = "https://h", mgmt = 5 }, "mgmt" },
    { { api = "https://h", host = "x" }, "unknown option 'host'" } },
  device = { 5, "id", { {}, "device.id" }, { { id = "" }, "device.id" },
    { { id = 5 }, "device.id" }, { { id = ("x"):rep(600) }, "device.id" },
    { { id = "x", info = 5 }, "device.info" },
    { { id = "x", info = { 1, 2 } }, "device.info" },
    { { id = "x", info = { f = f } }, "device.info" },
    { { id = "x", info = { model = "a", osName = "Linux", osVersion = "6",
      connectionType = "LAN" } }, "device.info lacks version" },
    { { id = "x", port = 99999 }, "device.port" },
    { { id = "x", user_agent = "a\nb" }, "device.user_agent" },
    { { id = "x", ip = "a\nb" }, "device.ip" },
    { { id = "x", visitor_id = "v" }, "should be in device.identity" },
    { { id = "x", identity = { visitor_id = "" } }, "identity.visitor_id" },
    { { id = "x", identity = { service_token = 5 } }, "service_token" },
    { { id = "x", identity = { visitor_id = true } }, "visitor_id" },
    { { id = "x", identity = { visitor = "v" } }, "did you mean 'visitor_id'" },
    { { id = "x", identity = { subject_token = "a", roku_token = "b" } },
      "roku_token" },
    { { id = "x", identity = { partner_status = "no base64!" } },
      "identity.partner_status" },
    { { id = "x", user = { email = "user@domain.com" } }, "device.user" },
    { { id = "x", fingerprint = "y" }, "fingerprint" } },
  identity = { 5, "x", { { visitor_id = "" }, "identity.visitor_id" },
    { { visitor_id = 5 }, "visitor_id" }, { { visitr_id = "v" }, "visitr_id" },
    { { subject_token = "a", roku_token = "b" }, "roku_token" } },
  store = { 5, "memory", { {}, "store has no method 'get'" },
    { { get = f, set = f, add = f, delete = f },
      "store has no method 'replace'" } },
  driver = { 5, "block", { {}, "driver has no method 'wait'" } },
  on_event = { 5, "log", {} },
  on_request = { 5, "trace", {} },
  timeout = { "30", 0, -1, NAN, HUGE, 4000 },
  http = { 5, { { ca_fil = "x" },
      "adobepass.new: http: unknown option 'ca_fil': did you mean 'ca_file'?" },
    { { ca_file = 5 }, "adobepass.new: http: option 'ca_file' should be a string" },
    { { min_tls = "1.0" }, "min_tls" }, { { timeout = -1 }, "timeout" } },
  transport = { 5, "x" },
  rate_limit = { 5, "x", { { rate = 0 }, "rate" }, { { burst = 0 }, "burst" },
    { { rate = "1" }, "rate" }, { { rate = NAN }, "rate" },
    { { speed = 1 }, "adobepass.new: rate_limit: unknown option 'speed'" },
    { { refill = 1 }, "refill" },
    { { allow_listed = { 5 } }, "allow_listed" },
    { { reserve = print }, "rate_limit has no method 'cancel'" } },
  circuit_breaker = { 5, "x", { { failures = 0 }, "failures" },
    { { failures = 1.5 }, "failures" }, { { base = -1 }, "base" },
    { { cap = HUGE }, "cap" }, { { failure = 3 },
      "adobepass.new: circuit_breaker: unknown option 'failure': did you mean" } },
  retry = { 5, false, { { attempts = 0 }, "attempts" },
    { { attempts = 1.5 }, "attempts" }, { { base = -1 }, "base" },
    { { cap = HUGE }, "cap" },
    { { tries = 3 }, "adobepass.new: retry: unknown option 'tries'" } },
  token_margin = { "60", -1, NAN, HUGE }, token_jitter = { "5", -1, NAN, 1e9 },
  redirect_url = { 5, {} }, domain_name = { 5 }, activation_url = { 5 },
  language = { 5, "fr", "ES", "" },
  messages = { 5, "x", { 5 }, { timeout = 5 }, { timeout = "" } },
  management = { 5, true, { {}, "management: software_statement" },
    { { software_statement = 5 }, "software_statement" },
    { { software_statement = "a.b" }, "management.software_statement" },
    { { statement = "x" },
      "adobepass.new: management: unknown option 'statement'" } },
  record = { 5, true, {}, "/no such folder/recording.jsonl" },
  random = { 5, "x" }, forward_ip_on_registration = { 5, "yes", {} },
}

-- Returns an item's value and the text that the message must contain.
local function split(field, item)
  if type(item) == "table" and type(item[2]) == "string" then
    return item[1], item[2]
  end
  return item, field
end

describe("adobepass.new", function()
  local function new_with(field, value)
    local given = valid_options()
    given[field] = value
    return function()
      local client = adobepass.new(given)
      return client
    end
  end

  it("[client-options-takes-right] adobepass.new: accepts valid "
    .. "options", function()
    assert.is_table(adobepass.new(valid_options()).api)
    for _, name in ipairs { "release-production", "prequal-production",
      "release-staging", "prequal-staging" } do
      assert.is_table(new_with("environment", name)())
    end
    for _, value in ipairs { true, false, { rate = 5 } } do
      assert.is_table(new_with("rate_limit", value)())
    end
    assert.is_table(new_with("environment", { api = "https://h:8443/" })())
    assert.is_table(new_with("software_statement", nil)())
  end)

  it("[client-options-names-field-wrong] adobepass.new: an invalid option "
    .. "raises at the caller's line and names the option", function()
    for field, values in pairs(WRONG) do
      for _, item in ipairs(values) do
        local value, text = split(field, item)
        assert_raises(text, new_with(field, value))
      end
    end
  end)

  it("[client-options-keeps-recording] adobepass.new: replaces an older recording only "
    .. "if all other options are valid", function()
    local place = folder.make()
    finally(function() folder.remove(place) end)
    local path = place .. "/old.jsonl"
    local old = '{"format":"adobepass-recording","version":1}\n{"n":1}\n'
    assert(folder.write(path, old))
    for field, values in pairs(WRONG) do
      for _, item in ipairs(values) do
        local given = valid_options()
        given.record = path
        given[field] = split(field, item)
        assert.is_false((pcall(adobepass.new, given)))
        assert.equal(old, (folder.read(path)), field)
      end
    end
    local given = valid_options()
    given.record = path
    adobepass.new(given):close()
    assert.equal(old:match "^[^\n]*\n", (folder.read(path)))
  end)

  it("[client-options-fields-spec] adobepass.new: an unknown option raises, "
    .. "and every known option is tested here", function()
    local known, count = folder.read "lua/adobepass/init.lua":match
      "\nlocal FIELDS = {(.-)\n}", 0
    for field in known:gmatch "([%l_]+) = " do
      assert.is_table(WRONG[field], field)
      count = count + 1
    end
    assert.is_true(count >= 20)
    assert_raises("unknown option 'servce_provider'",
      new_with("servce_provider", "REF30"))
    assert_raises("unknown option '1'", new_with(1, "REF30"))
  end)

  it("[client-options-http-names] adobepass.new: knows each option of core.http.new",
    function()
      local list = folder.read "csrc/lua/transport.c":match
        'known%[%] = {([^}]*"connect_timeout"[^}]*)}'
      local count = 0
      for name in list:gmatch '"([%l%d_]+)"' do
        assert_raises("option '" .. name .. "' should be",
          new_with("http", { [name] = print }))
        count = count + 1
      end
      assert.is_true(count >= 20)
    end)

  it("[client-options-store-driver] adobepass.store, adobepass.driver: an unknown name "
    .. "raises, with a suggestion", function()
    assert_raises("adobepass.driver: there is no driver 'blocking': did you mean "
      .. "'block'?", function() return adobepass.driver.blocking() end)
    assert_raises("adobepass.store: there is no store 'files': did you mean 'file'?",
      function() return adobepass.store.files "state" end)
  end)

  it("[client-options-wants] adobepass.new: requires a table with "
    .. "service_provider and environment", function()
    for _, field in ipairs { "service_provider", "environment" } do
      assert_raises(field, new_with(field, nil))
    end
    assert_raises("options should be a table, not nil", function()
      local client = adobepass.new()
      return client
    end)
  end)

  it("[client-options-method-store] adobepass.new: requires every method of a "
    .. "store and of a driver", function()
    for _, method in ipairs { "get", "set", "add", "replace", "delete" } do
      assert_raises(("store has no method '%s'"):format(method),
        new_with("store", without(memory(), method)))
    end
    for _, method in ipairs { "wait", "sleep", "now" } do
      assert_raises(("driver has no method '%s'"):format(method),
        new_with("driver", without(fake_driver.new(), method)))
    end
  end)

  it("[client-options-shows-message] adobepass.new: the message about an "
    .. "unknown environment lists the known ones", function()
    for _, name in ipairs { "release-production", "prequal-production",
      "release-staging", "prequal-staging" } do
      assert_raises(name, new_with("environment", "live"))
    end
  end)

  it("[client-options-hides-user-information] adobepass.new: the message about a "
    .. "refused URL does not repeat user information", function()
    for _, url in ipairs { "https://ann:s3cret@tv", "ann:s3cret@tv/x" } do
      assert_raises("environment.api should be a URL such as https://host:port, not "
        .. "'***@tv", new_with("environment", { api = url }))
      assert_raises("not '***@tv", new_with("environment", url))
    end
  end)

  it("[client-options-long-value] adobepass.new: an error repeats at most 40 bytes of "
    .. "a wrong value", function()
    local statement = "eyJhbGciOiJSUzI1NiJ9/" .. ("A"):rep(120) .. ".SIGNATURE"
    local cut = "'" .. statement:sub(1, 37) .. "...'"
    for _, name in ipairs { "service_provider", "environment", "language",
      "redirect_uri" } do
      assert_raises(cut, new_with(name, statement))
    end
    assert_raises(cut, new_with("environment", { api = statement }))
  end)
end)
