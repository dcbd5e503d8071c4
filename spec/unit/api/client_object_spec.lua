--- The client object: which names it has, and its usage errors.

local adobepass = require "adobepass"
local assert_client_error = require "spec.support.assert_client_error"
local client_fixture = require "spec.support.client_fixture"
local core = require "adobepass.core"
local json = require "adobepass.util.json"
local valid_options = require "spec.support.valid_options"
local operations = require "adobepass.api.operations"
local assert_raises = require "spec.support.assert_raises"

-- Arguments with which each method passes its own checks.
local METHODS = {
  profiles = {}, remembered_profile = {}, providers = {},
  remember_provider = { { id = "Cablevision" } }, remembered_provider = {},
  login = { {} }, start_login = { {} }, poll_login = { { state = "done" } },
  check_code = { "ABC" }, resume_login = { { code = "ABC" } },
  refresh_profile = {}, preauthorize = { { "CNN" } }, authorize = { "CNN" },
  logout = {}, temporary_access = { { mvpd = "Pass" } },
  reset_temp_pass = { { mvpd = "Pass", device = "one" } },
  partner_login = { { partner = "Apple", status = "x",
    respond = function() end } },
  get_service_token = { { sso_id = "one" } },
  renew_service_token = { "token" }, link_device = { "token" },
  unlink_devices = { "token", { "one" } }, linked_devices = { "token" },
  request = { { base = "mgmt", path = "/esm/v3" } },
  client_id = {}, event_name = {}, forget_failure = {},
}

local NEED_NO_DEVICE = { "partner_status", "sign_service_token", "now_ms",
  "viewer_text",
  "device", "update", "close" }

local function names_of(...)
  local list = {}
  for _, from in ipairs { ... } do
    for name in pairs(from) do
      if name ~= "__index" then list[#list + 1] = name end
    end
  end
  table.sort(list)
  return list
end

describe("client object", function()
  local client

  before_each(function() client = adobepass.new(valid_options()) end)
  after_each(function() client = nil end)

  it("[client-object-closed-unused] close: a client that is closed before its first "
    .. "request sends none", function()
    local options = valid_options()
    options.environment = { api = "https://127.0.0.1:1", mgmt = "https://127.0.0.1:1" }
    options.retry, options.timeout = { attempts = 1 }, 5
    client = adobepass.new(options)
    client:close()
    assert_client_error("closed", client:providers())
    assert.is_nil(client.context.connection.transport)
  end)

  local function without_device()
    local given = valid_options()
    given.device = nil
    return adobepass.new(given)
  end

  it("[client-object-exact-names] client object: has the documented methods, "
    .. "the field api and the internal field context, and nothing "
    .. "else", function()
    local wanted = { "api", "context" }
    for name in pairs(METHODS) do wanted[#wanted + 1] = name end
    for _, name in ipairs(NEED_NO_DEVICE) do wanted[#wanted + 1] = name end
    table.sort(wanted)
    assert.same(wanted, names_of(client, getmetatable(client).__index))
    assert.same(wanted, names_of(client:device { id = "two" },
      getmetatable(client).__index))
  end)

  it("[client-object-api-exact-names] client.api: has the 22 operations and "
    .. "the internal field context, and nothing else", function()
    local wanted = { "context" }
    for _, operation in ipairs(operations) do
      wanted[#wanted + 1] = operation.name
    end
    table.sort(wanted)
    assert.equal(23, #wanted)
    assert.same(wanted, names_of(client.api, getmetatable(client.api).__index))
  end)

  it("[client-object-after-calls] client object: gets no further names when "
    .. "its methods are called", function()
    local before = names_of(client, client.api)
    assert.is_nil(client:remembered_provider())
    assert.is_nil(client:remembered_profile())
    assert.is_nil(client:client_id())
    assert.is_true(client:forget_failure())
    assert.truthy(client:temporary_access { mvpd = "Pass" })
    assert.same(before, names_of(client, client.api))
  end)

  it("[client-object-dot-call] client object: a call with a dot raises at the "
    .. "caller's line and names the mistake", function()
    for _, name in ipairs(names_of(getmetatable(client).__index)) do
      for _, argument in ipairs { {}, "CNN", false } do
        assert_raises(("client.%s was called with '.': write client:%s { ... }")
          :format(name, name), function()
          local result = client[name](argument or nil)
          return result
        end)
      end
    end
    for _, operation in ipairs(operations) do
      local name = operation.name
      assert_raises(("client.api.%s was called with '.': write client.api:%s { ... }")
        :format(name, name), function()
        local result = client.api[name] {}
        return result
      end)
    end
  end)

  it("[client-object-without-device] client object: without a device, a method "
    .. "that needs one raises and names the remedy", function()
    local bare = without_device()
    for name, arguments in pairs(METHODS) do
      assert_raises(("client:%s: the client has no device; give one to "
        .. "adobepass.new, or use client:device { id = ... }"):format(name),
        function()
          local result = bare[name](bare, arguments[1], arguments[2])
          return result
        end)
    end
  end)

  it("[client-object-no-device-needed] client object: without a device, the "
    .. "other methods work", function()
    local bare = without_device()
    assert.is_number(bare:now_ms())
    assert.truthy(bare:partner_status { access = "denied" })
    local view = bare:device { id = "two" }
    assert.equal(12, #view:event_name())
    bare:close()
  end)

  it("[client-object-update] client:update: steps the transfers of driver.tick, and "
    .. "raises with a driver that has no update", function()
    local driver, list = adobepass.driver.tick(), nil
    local fixture = client_fixture.new { driver = driver }
    driver.start(function() list = assert(fixture.client:profiles()) end)
    assert.equal(1, fixture.client:update())
    repeat until fixture.client:update() == 0
    assert.same({}, list)
    assert_raises("client:update needs a driver with update, such as driver.tick",
      function() client:update() end)
  end)

  it("[client-object-poll-options] client:poll_login: raises for a wrong option",
    function()
      local flow = { code = "ABC", expires_at = client:now_ms() + 60000 }
      for _, case in ipairs { { 5, "options should be a table, not number" },
        { { metadata_kye = "k" }, "unknown option 'metadata_kye': did you mean "
          .. "'metadata_key'?" }, { { choose = true }, "choose should be a function" } }
      do
        assert_raises("client:poll_login: " .. case[2], function()
          local result = client:poll_login(flow, case[1])
          return result
        end)
      end
    end)

  it("[client-object-poll-no-flow] client:poll_login: raises when its argument "
    .. "is not what start_login returned", function()
    for _, flow in ipairs { {}, "ABC", { code = "ABC" }, false } do
      assert_raises("client:poll_login: the first argument should be the table "
        .. "that client:start_login returned",
        function()
          local result = client:poll_login(flow or nil)
          return result
        end)
    end
  end)

  it("[client-device-info-event] client:device: one warning for an info, which "
    .. "quotes no key of the caller's", function()
    local events = {}
    local maker = client_fixture.new { on_event = function(event)
      events[#events + 1] = event
    end }
    local info = { model = "Box", version = "1", osName = "s3kret",
      osVersion = "1", connectionType = 5 }
    for index = 1, 200 do info["ann" .. index .. "@example.com"] = "x" end
    for _, given in ipairs { info, core.base64.encode(json.encode(info)) } do
      events = {}
      maker.client:device { id = "one", info = given }
      assert.equal(1, #events)
      assert.same({ "warning", "device_info" },
        { events[1].type, events[1].code })
      assert.equal("The device info has 202 problems: 200 unknown keys; wrong: "
        .. "connectionType, osName.", events[1].message)
    end
    events = {}
    maker.client:device { id = "one" }
    assert.same({}, events)
  end)

  it("[client-object-no-transport] client.api: returns an error when no transport can "
    .. "be opened", function()
    local given = valid_options()
    given.retry = { attempts = 1 }
    local no_transport, open = adobepass.new(given), core.http.new
    core.http.new = function() return nil, "No socket is left.", "transfer_failed" end
    local ok, value, err = pcall(no_transport.api.configuration, no_transport.api)
    core.http.new = open
    assert.is_true(ok, value)
    assert.is_nil(value)
    assert.equal("transfer_failed", err.code)
  end)
end)
