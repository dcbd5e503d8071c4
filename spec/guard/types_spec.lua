--- lua/adobepass/types: the definitions for editors match the module.

local child_process = require "spec.support.child_process"
local folder = require "spec.support.folder"
local shell = require "adobepass.util.shell"
local timeline = require "spec.support.timeline"

describe("types", function()
  local classes, functions = {}, {} -- class to field to true; name to true

  setup(function()
    local class
    for line in folder.read("lua/adobepass/types/adobepass.lua"):gmatch "[^\n]+" do
      class = line:match "^%-%-%-@class ([%w_.]+)" or class
      local field = line:match "^%-%-%-@field ([%w_]+)"
      if field then
        classes[class] = classes[class] or {}
        classes[class][field] = true
      end
      local name = line:match "^function ([%w_.:]+)"
      if name then functions[name] = true end
    end
  end)

  if child_process.interpreter() == "lua5.4" then
    it("[types-current] types: are those of the option schemas, operations and error "
      .. "codes", function()
      local output, status = shell.read "lua5.4 .ci/types check 2>&1"
      assert.equal(0, status, output)
      print(output)
    end)
  end

  it("[types-functions] types: define every public method, and no other", function()
    local scenario = timeline.new()
    for class, object in pairs { Client = scenario.client,
        Pass = scenario.client:temporary_access { mvpd = "TempPass" } } do
      for name, method in pairs(getmetatable(object).__index) do
        if type(method) == "function" then
          assert.is_true(functions[class .. ":" .. name], name)
        end
      end
      for name in pairs(functions) do
        local method = name:match("^" .. class .. ":(.+)$")
        assert.is_true(not method or type(object[method]) == "function", name)
      end
    end
    for name in pairs(functions) do
      local operation = name:match "^Api:(.+)$"
      assert.is_true(not operation
        or type(scenario.client.api[operation]) == "function", name)
    end
  end)

  -- Fails for a field of a value that its class does not have.
  local function assert_fields(class, value)
    assert.is_table(value)
    for name in pairs(value) do
      assert.is_true(classes["adobepass." .. class][name],
        class .. "." .. tostring(name))
    end
    return value
  end

  it("[types-results] types: define every field of results, errors and events",
    function()
    local events = {}
    local scenario = timeline.new { on_event = function(event)
      events[#events + 1] = event
    end }
    local client, shown = scenario.client, nil
    local options = timeline.login_options()
    options.on_code = function(login)
      shown = assert_fields("Login", login)
      assert_fields("Code", assert(client:check_code(login.code)))
      scenario:sign_in(login.code, "bob")
    end
    assert_fields("Profile", assert(client:login(options)))
    assert.is_table(shown)
    for _, provider in ipairs(assert(client:providers())) do
      assert_fields("Provider", provider)
    end
    local catalog = assert_fields("Catalog", assert(client:preauthorize {
      "CNN", "HBO" }))
    for _, decision in ipairs(catalog.decisions) do
      assert_fields("Decision", decision)
    end
    assert_fields("Decision", assert(client:authorize "CNN"))
    assert_fields("Error", assert(catalog.denied[1]).error)
    assert_fields("Error", select(2, client:authorize("CNN", { mvpd = "unknown" })))
    local report = client:logout { redirect_url = "https://adobe.com" }
    for _, entry in ipairs(assert(report)) do
      assert_fields("LogoutEntry", entry)
    end
    local kinds = {}
    for _, event in ipairs(events) do
      kinds[assert_fields("Event", event).type] = true
    end
    assert.same({ true, true, true },
      { kinds.request, kinds.token, kinds.registration })
  end)

  it("[types-http] types: define each option of core.http.new", function()
    local names = folder.read("csrc/lua/transport.c"):match
      'known%[%] = {([^}]*"connect_timeout"[^}]*)}'
    local count = 0
    for name in names:gmatch '"([%l%d_]+)"' do
      assert.is_true(classes["adobepass.HttpOptions"][name], name)
      count = count + 1
    end
    for _ in pairs(classes["adobepass.HttpOptions"]) do count = count - 1 end
    assert.equal(0, count)
  end)

  it("[types-sandbox] types: define test_client, its control calls, their fields and "
    .. "its clock", function()
    local text = folder.read "lua/adobepass/types/sandbox.lua"
    local sandbox = require "adobepass.sandbox"
    for name, value in pairs(sandbox) do
      assert.is_true(type(value) ~= "function"
        or text:find("function sandbox." .. name .. "(", 1, true) ~= nil, name)
    end
    local _, control, clock = sandbox.test_client()
    local found, class = {}, nil
    for line in text:gmatch "[^\n]+" do
      class = line:match "^%-%-%-@class adobepass%.([%w_.]+)" or class
      local field = line:match "^%-%-%-@field ([%w_]+)"
      if field then found[class .. "." .. field] = true end
    end
    for name in pairs(control) do assert.is_true(found["Control." .. name], name) end
    for name in pairs(clock) do assert.is_true(found["Clock." .. name], name) end
    for _, call in ipairs(require("adobepass.sandbox.control.calls").list) do
      for _, field in ipairs(call.fields) do
        assert.is_true(found["control." .. call.name .. "." .. field.name], field.name)
      end
    end
  end)
end)
