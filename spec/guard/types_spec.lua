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

  it("[types-methods] types: define each method of an error, a driver, a task and a "
    .. "replay", function()
    local adobepass = require "adobepass"
    local _, err = timeline.new().client:authorize "CNN"
    for name in pairs(getmetatable(err).__index) do
      assert.is_true(classes["adobepass.Error"][name], name)
    end
    local tick = adobepass.driver.tick { on_error = function() end }
    for _, driver in ipairs { adobepass.driver.block(), tick } do
      for name in pairs(driver) do
        assert.is_true(classes["adobepass.Driver"][name], name)
      end
    end
    for name in pairs(getmetatable(tick.start(function() end)).__index) do
      assert.is_true(name == "__index" or classes["adobepass.Task"][name], name)
    end
    local text = folder.read "lua/adobepass/types/sandbox.lua"
    for name in (folder.read "lua/adobepass/sandbox/replay.lua"):gmatch
        "%-%-%- [^\n]*\nfunction Replay:([%l_]+)" do
      assert.truthy(name == "submit"
        or text:match("@class adobepass.Replay.-\n\n"):find("@field " .. name, 1, true),
        name)
    end
  end)

  it("[types-store] types: define each parameter of a store's methods", function()
    local text = folder.read("lua/adobepass/types/adobepass.lua")
      :match "@class adobepass.Store\n(.-)\n\n"
    local count = 0
    for name, parameters in (folder.read "lua/adobepass/store/interface.lua"):gmatch
        "function Store:(%l+)(%b())" do
      local defined = text:match("@field " .. name .. " fun(%b())")
      defined = defined:gsub("^%(self,? ?", "("):gsub("%??: [%l?]+", "")
      assert.equal(parameters, defined, name)
      count = count + 1
    end
    assert.equal(5, count)
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

  -- --- the core and media_token ------------------------------------------------

  -- Returns from a class of a module's definitions to its fields, and the functions.
  local function definitions_of(name)
    local fields, found, class = {}, {}, nil
    for line in folder.read("lua/adobepass/types/" .. name .. ".lua"):gmatch
        "[^\n]+" do
      class = line:match "^%-%-%-@class adobepass%.([%w_.]+)" or class
      local field = line:match "^%-%-%-@field ([%w_]+)"
      if field then
        fields[class] = fields[class] or {}
        fields[class][field] = true
      end
      local call = line:match "^function ([%w_.:]+)"
      if call then found[call] = true end
    end
    return fields, found
  end

  -- Returns the names of the functions in a module, such as core.digest.hex.
  local function functions_of(module, name, names)
    for key, value in pairs(module) do
      if type(value) == "function" then names[name .. "." .. key] = true end
      if type(value) == "table" then functions_of(value, name .. "." .. key, names) end
    end
    return names
  end

  it("[types-core] types: define every function of the core and every method of its "
    .. "objects, and no other", function()
    local core = require "adobepass.core"
    local path = folder.make()
    local pem = require("adobepass.sandbox").new().control.certificates()
    local transport = assert(core.http.new())
    local objects = { Transport = transport,
      Transfer = assert(transport:submit { url = "https://127.0.0.1:1/" }),
      Token = assert(core.token { access_token = "x", expires_in = 60 }),
      Key = assert(core.private_key(pem.metadata_private_key)),
      Lock = assert(core.file.lock(path .. "/lock")), Wakeup = assert(core.wakeup()) }
    local expected = functions_of(core, "core", {})
    for class, object in pairs(objects) do
      for name in pairs(debug.getmetatable(object).__index) do
        expected[class .. ":" .. name] = true
      end
      object:close()
    end
    folder.remove(path)
    local _, found = definitions_of "core"
    assert.same(expected, found)
  end)

  -- Returns the options that a function of csrc/lua accepts: the list `known` with the
  -- given number in a file.
  local function known_options(file, number)
    local names, count = {}, 0
    for list in folder.read("csrc/lua/" .. file .. ".c"):gmatch
        "known%[%] = (%b{})" do
      count = count + 1
      for name in list:gmatch '"([%l%d_]+)"' do
        names[name] = count == number or names[name]
      end
    end
    return names
  end

  it("[types-core-options] types: define each option of the core's functions",
    function()
      local fields = definitions_of "core"
      for class, place in pairs { Request = { "request", 1 },
          TokenOptions = { "access_token", 1 }, JwsOptions = { "jws", 1 },
          ReadOptions = { "private_file", 1 }, WriteOptions = { "private_file", 2 },
          ListOptions = { "private_file", 3 } } do
        assert.same(known_options(place[1], place[2]), fields["core." .. class], class)
      end
    end)

  local function names_of(value)
    local names = {}
    for name in pairs(value) do names[name] = true end
    return names
  end

  it("[types-core-results] types: define each field of the core's results", function()
    local core = require "adobepass.core"
    local fields = definitions_of "core"
    for class, value in pairs { Uname = core.system.uname(),
        Features = core.features(), HandleCount = core.handle_count() } do
      assert.same(names_of(value), fields["core." .. class], class)
    end
    local transfer = folder.read "csrc/lua/transfer.c"
    local facts = {}
    for name in transfer:gmatch 'setfield%(L, [%w-]+, "(%l[%l_]*)"%)' do
      facts[name] = true
    end
    assert.same(facts, fields["core.Response"])
    local timings = {}
    for name in transfer:gmatch 'set_number%(L, "([%l_]+)"' do timings[name] = true end
    assert.same(timings, fields["core.Timings"])
  end)

  it("[types-media-token] types: define every function of media_token and util.jws, "
    .. "and the fields of a media token", function()
    local fields, found = definitions_of "media_token"
    local media_token = require "adobepass.media_token"
    assert.same(functions_of(media_token, "media_token", {}), found)
    local _, jws = definitions_of "jws"
    assert.same(functions_of(require "adobepass.util.jws", "jws", {}), jws)
    local scenario = timeline.new()
    local options = timeline.login_options()
    options.on_code = function(login) scenario:sign_in(login.code, "bob") end
    assert(scenario.client:login(options))
    local token = assert(scenario.client:authorize "CNN").media_token
    for name in pairs(assert(media_token.inspect(token))) do
      assert.is_true(fields["media_token.Fields"][name], name)
    end
    for name in folder.read("lua/adobepass/media_token.lua"):match
        "local NAMES = (%b{})":gmatch '= "([%l_]+)"' do
      assert.is_true(fields["media_token.Fields"][name], name)
    end
    for _, name in ipairs { "key", "now_ms", "once", "requestor", "resource" } do
      assert.is_true(fields.VerifyOptions[name], name)
    end
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
