--- The list of providers, and the provider that the viewer picked.

local timeline = require "spec.support.timeline"

local function ids(list)
  local names = {}
  for index, item in ipairs(list) do names[index] = item.id end
  return names
end

local function index_of(list, id)
  for index, item in ipairs(list) do
    if item.id == id then return index end
  end
end

-- Sets the configuration's list of providers.
local function set_providers(scenario, mvpds)
  scenario:set_responder(function(_, operation)
    if operation == "configuration" then
      return { body = { requestor = { mvpds = mvpds } } }
    end
  end)
end

describe("providers", function()
  local scenario
  after_each(function() scenario = nil end)
  before_each(function() scenario = timeline.new() end)

  it("[providers-id-name-logo] providers: returns id, name and logo of each "
    .. "provider, sorted by name", function()
    local list = assert(scenario.client:providers())
    assert.is_true(#list > 5)
    for index, item in ipairs(list) do
      assert.equal("string", type(item.id))
      assert.equal(item.id, item.details.id)
      assert.is_nil(item.remembered)
      local before = list[index - 1]
      assert.is_true(not before or before.display_name:lower()
        <= item.display_name:lower())
    end
    assert.equal("Cablevision",
      list[index_of(list, "Cablevision")].display_name)
  end)

  it("[providers-partner-picker] providers: returns what the picker of Apple's "
    .. "framework needs, on Apple's devices", function()
    local list = assert(scenario.client:providers())
    local item = list[index_of(list, "Cablevision")]
    assert.equal("Cablevision", item.platform_mapping_id)
    assert.equal("SUPPORTED", item.boarding_status)
    assert.is_true(item.enable_platform_services)
    assert.is_true(item.display_in_platform_picker)
    assert.is_false(item.enforce_platform_permissions)
    local linux = scenario.client:device { id = "linux", info = { osName = "Linux",
      model = "TV", version = "1", osVersion = "6", connectionType = "LAN" } }
    list = assert(linux:providers())
    item = list[index_of(list, "Cablevision")]
    assert.is_nil(item.platform_mapping_id)
    assert.is_nil(item.boarding_status)
  end)

  it("[providers-partner-fields] providers: omits fields of the picker with a wrong "
    .. "type", function()
    set_providers(scenario, {
      { id = "A", platformMappingId = 5, boardingStatus = true,
        enablePlatformServices = "yes", requiredMetadataFields = { "uid" } },
      { id = "B", displayInPlatformPicker = false,
        enforcePlatformPermissions = true } })
    local list = assert(scenario.client:providers())
    assert.is_nil(list[1].platform_mapping_id)
    assert.is_nil(list[1].boarding_status)
    assert.is_nil(list[1].enable_platform_services)
    assert.same({ "uid" }, list[1].required_metadata_fields)
    assert.is_nil(list[1].is_test) -- of the cached list
    assert.is_false(list[2].display_in_platform_picker)
    assert.is_true(list[2].enforce_platform_permissions)
  end)

  it("[providers-leaves-passes-tests] providers: omits TempPass and test "
    .. "providers unless requested", function()
    set_providers(scenario, { { id = "TempPass_TEST40", isTempPass = true },
      { id = "TempPass", isTempPass = true }, { id = "Test_IdP" },
      { id = "Contest", displayName = "contest" }, { id = "Dish" },
      { id = "Greatest" } })
    assert.same({ "Contest", "Dish", "Greatest" },
      ids(scenario.client:providers()))
    assert.same({ "Contest", "Dish", "Greatest", "TempPass" },
      ids(scenario.client:providers { temporary = true }))
    assert.same({ "Contest", "Dish", "Greatest", "Test_IdP" },
      ids(scenario.client:providers { test = true }))
    assert.same({ "Dish" }, ids(scenario.client:providers {
      filter = function(item) return item.id == "Dish" end }))
  end)

  it("[providers-sorts-letters-name] providers: sorts names that start with "
    .. "any letter", function()
    set_providers(scenario, { { id = "b", displayName = "beta" },
      { id = "a2", displayName = "Alpha" }, { id = "a1",
      displayName = "alpha" }, { id = "c", displayName = "Gamma" } })
    assert.same({ "a1", "a2", "b", "c" }, ids(scenario.client:providers()))
  end)

  it("[providers-begins-provider-last] providers: lists the last used provider "
    .. "first", function()
    local list = scenario.client:providers()
    local spectrum = list[index_of(list, "Spectrum")]
    assert.is_true(scenario.client:remember_provider(spectrum))
    local again = scenario.client:providers()
    assert.equal("Spectrum", again[1].id)
    assert.is_true(again[1].remembered)
    assert.is_nil(again[2].remembered)
    assert.equal(#list, #again)
  end)

  it("[providers-asked-two-minutes] providers: sends one request per two "
    .. "minutes for all devices", function()
    scenario.client:providers()
    scenario.driver.sleep(119)
    scenario.client:providers { temporary = true }
    assert.equal(1, #scenario:request_times "configuration")
    scenario.driver.sleep(2)
    scenario.client:providers()
    assert.equal(2, #scenario:request_times "configuration")
  end)

  it("[providers-cached-platform] providers: caches the list per platform, not "
    .. "per viewer", function()
    local info = { model = "X", version = "1", osName = "Linux",
      osVersion = "6", connectionType = "WiFi" }
    local other = { model = "Y", version = "1", osName = "Linux",
      osVersion = "6", connectionType = "WiFi" }
    scenario.client:device { id = "one", info = info }:providers()
    scenario.client:device { id = "two", info = info }:providers()
    assert.equal(1, #scenario:request_times "configuration")
    scenario.client:device { id = "three", info = other }:providers()
    assert.equal(2, #scenario:request_times "configuration")
  end)

  it("[providers-cached-bounded] providers: keeps the lists of at most 64 platform "
    .. "types", function()
    local function request_list(model)
      local info = { model = "X" .. model, version = "1", osName = "Linux",
        osVersion = "6", connectionType = "WiFi" }
      assert(scenario.client:device { id = "one", info = info }:providers())
      return #scenario:request_times "configuration"
    end
    for model = 1, 100 do request_list(model) end
    for model = 100, 69, -1 do assert.equal(100, request_list(model)) end
    local cached = 0
    for model = 1, 100 do
      local before = #scenario:request_times "configuration"
      if request_list(model) == before then cached = cached + 1 end
    end
    assert.is_true(cached <= 64, cached)
  end)

  it("[providers-cached-connection] providers: the address, port, user agent and "
    .. "connection of a device do not split the cache", function()
    local function request_list(id, more, info_more)
      local info = { model = "X", version = "1", osName = "Linux",
        osVersion = "6", connectionType = "WiFi" }
      for name, value in pairs(info_more or {}) do info[name] = value end
      local fields = { id = id, info = info }
      for name, value in pairs(more or {}) do fields[name] = value end
      assert(scenario.client:device(fields):providers())
      return #scenario:request_times "configuration"
    end
    assert.equal(1, request_list "one")
    assert.equal(1, request_list("two", { ip = "203.0.113.7", port = 443,
      user_agent = "TV/1" }))
    assert.equal(1, request_list("three", { ip = "203.0.113.8", port = "444",
      user_agent = "TV/2" }, { connectionType = "LAN", connectionSecure = true,
      applicationId = "app" }))
    for index, name in ipairs { "model", "version", "osName", "osVersion",
      "primaryHardwareType", "manufacturer", "vendor", "osFamily", "osVendor",
      "browserName", "browserVendor", "browserVersion" } do
      assert.equal(1 + index, request_list("other", nil, { [name] = "Other" }))
    end
    local without = scenario.client:device { id = "no info" }
    assert(without:providers())
    assert.equal(14, #scenario:request_times "configuration")
  end)

  it("[providers-cached-provider] providers: each service provider has its own "
    .. "list", function()
    assert(scenario.client:providers())
    local other = scenario:new_client { service_provider = "REF40" }
    local list = assert(other:providers())
    assert.equal(2, #scenario:request_times "configuration")
    assert.is_nil(index_of(list, "Dish"))
    assert.truthy(index_of(scenario.client:providers(), "Dish"))
  end)

  it("[configuration-profile] client.api:configuration: sends profile as a query "
    .. "parameter", function()
    assert(scenario.client.api:configuration { profile = "a b&c" })
    assert(scenario.client.api:configuration())
    local list = scenario:received "configuration"
    assert.same({ "profile=a%20b%26c", 200 }, { list[1].query, list[1].status })
    assert.same({ nil, 200 }, { list[2].query, list[2].status })
  end)

  it("[providers-not-spoil-cache] providers: returns copies, so that callers "
    .. "cannot change the cache", function()
    local list = scenario.client:providers()
    list[1].id, list[2] = "spoiled", nil
    assert.is_nil(index_of(scenario.client:providers(), "spoiled"))
  end)

  it("[providers-survives-junk-failed] providers: skips malformed entries and "
    .. "returns the service's error", function()
    set_providers(scenario, { 7, { displayName = "nobody" }, { id = "Dish" } })
    assert.same({ "Dish" }, ids(scenario.client:providers()))
    local fresh = timeline.new()
    set_providers(fresh, "none")
    assert.same({}, fresh.client:providers())
    local broken = timeline.new()
    broken:set_responder(function() return { error = "connect_failed" } end)
    local list, err = broken.client:providers()
    assert.same({ nil, "connect_failed" }, { list, err.code })
  end)

  it("[providers-not-remember-failure] providers: does not cache a "
    .. "failure", function()
    scenario:set_responder(function(_, operation)
      return operation == "configuration" and { status = 404 } or nil
    end)
    assert.is_nil(scenario.client:providers())
    scenario:set_responder(nil)
    assert.is_true(#scenario.client:providers() > 5)
  end)
end)

describe("remember_provider", function()
  local scenario
  after_each(function() scenario = nil end)
  before_each(function() scenario = timeline.new() end)

  it("[providers-kept-name-logo] remember_provider: stores the provider with "
    .. "name and logo, without expiry", function()
    assert.is_nil(scenario.client:remembered_provider())
    scenario.client:remember_provider { id = "Dish", display_name = "Dish TV",
      logo_url = "https://x/y.png", details = {}, temporary = false }
    scenario.driver.sleep(10 * 365 * 86400)
    local again = scenario:new_client {
      store = scenario.client.context.connection.store }
    assert.same({ id = "Dish", display_name = "Dish TV",
      logo_url = "https://x/y.png" }, again:remembered_provider())
  end)

  it("[providers-keeps-name-logo] remember_provider: keeps name and logo after "
    .. "a login", function()
    scenario.client:remember_provider { id = "Cablevision", display_name = "C" }
    scenario:signed_in()
    assert(scenario.client:login {})
    assert.equal("C", scenario.client:remembered_provider().display_name)
  end)

  it("[providers-login-stores] login: stores id, name and logo of the chosen "
    .. "provider, also when the login takes longer than the list is cached",
    function()
      set_providers(scenario, { { id = "Dish" }, { id = "Cablevision",
        displayName = "Cable Vision", logoUrl = "https://x/y.png" } })
      assert(scenario.client:providers())
      scenario:set_responder(nil)
      local flow = assert(scenario.client:start_login(
        timeline.login_options { mvpd = "Cablevision" }))
      scenario.driver.sleep(600)
      scenario:sign_in(flow.code)
      assert(scenario.client:poll_login(flow))
      local wanted = { id = "Cablevision", display_name = "Cable Vision",
        logo_url = "https://x/y.png" }
      assert.same(wanted, scenario.client:remembered_provider())
      assert.equal(1, #scenario:request_times "configuration")
      local again = scenario:new_client {
        store = scenario.client.context.connection.store }
      assert.same(wanted, again:remembered_provider())
    end)

  it("[providers-login-completes] login: adds name and logo to a stored provider "
    .. "without them", function()
    local wanted = { id = "Cablevision", display_name = "Cable Vision",
      logo_url = "https://x/y.png" }
    scenario.client:remember_provider { id = "Cablevision" }
    set_providers(scenario, { { id = "Cablevision",
      displayName = "Cable Vision", logoUrl = "https://x/y.png" } })
    assert(scenario.client:providers())
    scenario:signed_in()
    assert(scenario.client:login {})
    assert.same(wanted, scenario.client:remembered_provider())
  end)

  it("[providers-login-none-picked] remembered_provider: returns the provider "
    .. "of the last login", function()
    scenario.client:remember_provider { id = "Dish", display_name = "Dish TV" }
    scenario:signed_in()
    assert(scenario.client:login {})
    assert.same({ id = "Cablevision" }, scenario.client:remembered_provider())
  end)

  it("[providers-outlives-logout] remembered_provider: returns the provider "
    .. "after a logout", function()
    scenario:signed_in()
    assert(scenario.client:login {})
    assert(scenario.client:logout())
    assert.equal("Cablevision", scenario.client:remembered_provider().id)
  end)

  it("[providers-one-device-alone] remembered_provider: returns the provider "
    .. "of its own device only", function()
    scenario.client:remember_provider { id = "Dish" }
    assert.is_nil(scenario.client:device { id = "kitchen" }:remembered_provider(
      ))
  end)

  it("[providers-raises-none-options] remember_provider: raises for an invalid "
    .. "provider or option", function()
    local ok, message = pcall(function()
      scenario.client:remember_provider {}
    end)
    assert.is_false(ok)
    assert.truthy(message:find "providers_spec.*an entry of client:providers")
    assert.error_matches(
      function() scenario.client:providers { tests = true } end,
      "unknown option 'tests'")
  end)
end)
