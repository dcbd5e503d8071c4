-- adobepass doctor: each check, when it passes and when it fails.

local child_process = require "spec.support.child_process"
local adobepass = require "adobepass"
local folder = require "spec.support.folder"
local json = require "adobepass.util.json"
local operation_setup = require "spec.support.operation_setup"
local command_fixture = require "spec.cli.command_fixture"
local shell = require "adobepass.util.shell"

-- luacheck: read_globals table.unpack unpack
local unpack = table.unpack or unpack

if child_process.is_like_lua54() then return end

describe("cli doctor", function()
  local fixture

  setup(function()
    fixture = command_fixture.start()
    assert.equal(0, select(3, fixture:run "register"))
  end)

  teardown(function() fixture:stop() end)

  -- Returns the checks by name, and all that the command printed.
  local function checks_of(out, err, status)
    assert.equal("", err)
    local response, by_name = assert(json.decode(out)), {}
    for _, check in ipairs(response.checks) do by_name[check.name] = check end
    assert.equal(response.fail > 0 and 1 or 0, status)
    return by_name, response
  end

  local function examine(words, changes, input)
    return checks_of(fixture:run("doctor --json " .. (words or ""), changes, input))
  end

  -- Asserts that one check has this status and text, and that no other fails.
  local function check_finding(by_name, response, status, name, text)
    local found = assert(by_name[name], "nothing said of " .. name)
    assert.equal(status, found.status, found.message)
    assert.is_truthy((found.message .. " " .. (found.advice or "")):find(text,
      1, true), found.message)
    if status == "fail" then assert.equal(1, response.fail) end
    return by_name
  end

  local function finds(status, name, text, words, changes, input)
    local by_name, response = examine(words, changes, input)
    return check_finding(by_name, response, status, name, text)
  end

  -- Runs several doctors in one process. Each case is the arguments of `finds`. Returns
  -- the checks of each.
  local function finds_each(cases)
    local lines, own, found = {}, {}, {}
    for index, case in ipairs(cases) do
      lines[index], own[index] = "doctor --json " .. (case[4] or ""), case[5] or {}
    end
    for index, each in ipairs(fixture:run_lines(lines, nil, own)) do
      local by_name, response = checks_of(each.out, each.err, each.status)
      found[index] = check_finding(by_name, response, unpack(cases[index], 1, 3))
    end
    return found
  end

  local function new_store(name) return fixture.folder .. "/" .. name end

  it("[doctor-finds-wrong] doctor: reports no problem for a correct "
    .. "configuration", function()
    fixture:control("POST", "/login", { service_provider = "REF30",
      mvpd = "Cablevision", username = "ann",
      device = adobepass.device_id(
        adobepass.store.file(fixture.folder .. "/store")) })
    local info = fixture.folder .. "/info.json"
    assert(shell.write_file(info, json.encode(operation_setup.INFO)))
    local by_name, response = examine("--device-info " .. info)
    assert.same({ 0, 0 }, { response.fail, response.warn })
    for _, name in ipairs { "service", "network", "TLS", "management",
      "clock", "statement", "provider", "store", "credentials", "login",
      "device", "qrencode" } do
      assert.equal("ok", by_name[name].status)
    end
    assert.is_truthy(by_name.login.message:find "^Cablevision, until ")
    fixture:control("DELETE", "/journal")
    fixture:control("POST", "/revoke", { mvpd = "Cablevision" })
  end)

  it("[doctor-within-80-columns] doctor: prints findings and advice within "
    .. "80 columns", function()
    local out, err, status = fixture:run("doctor", { STATEMENT = "x.y" })
    assert.same({ "", 1 }, { err, status })
    assert.is_truthy(out:find("✗  statement    The software statement is not "
      .. "a JWT.", 1, true))
    assert.is_truthy(out:find("!  login        Not logged in.\n"
      .. (" "):rep(17) .. "Run adobepass login.", 1, true))
    assert.is_truthy(out:find("1 problem found.", 1, true))
    for line in out:gmatch "[^\n]+" do assert.is_true(#line <= 82, line) end
    out = fixture:run("doctor", { STATEMENT = "x.y", LC_ALL = "C" })
    assert.is_truthy(out:find(" FAIL  statement    The software.-\n"
      .. (" "):rep(20) .. "%S"))
  end)

  it("[doctor-misses-service-address] doctor: fails without a valid service "
    .. "address", function()
    finds_each { { "fail", "service", "--environment", "", { API = "" } },
      { "fail", "service", "https://host:port", "", { API = "nowhere" } } }
  end)

  it("[doctor-misses-statement] doctor: fails without a statement, unless "
    .. "the device is registered", function()
    finds("fail", "credentials", "--statement FILE", "", { STATEMENT = "",
      STORE = new_store "empty" })
    local by_name = examine("", { STATEMENT = "" })
    assert.is_nil(by_name.statement)
    assert.equal("ok", by_name.credentials.status)
  end)

  it("[doctor-looks-statement] doctor: checks the kind, scope and providers "
    .. "of the statement", function()
    local function has(text, statement)
      finds("fail", "statement", text, "--statement -", nil, statement)
    end
    has("not a JWT", "hello")
    has("scope", fixture:control("POST", "/statement",
      { application = "adobepass-sandbox-legacy-app" }))
    has("another kind of token", fixture:control("POST", "/identity",
      { kind = "service", subject = "viewer" }))
    finds_each { { "fail", "statement", "/nowhere", "--statement /nowhere" },
      { "fail", "provider", "REF30, REF40", "--service-provider OTHER",
        { STORE = new_store "other" } } }
  end)

  -- 0.0.0.0 reaches this machine, but is not a loopback address.
  it("[doctor-misses-service-provider] doctor: requires a service provider "
    .. "outside the sandbox", function()
    local by_name = examine("", { API = "https://0.0.0.0:1",
      STATEMENT = "" })
    assert.equal("fail", by_name.provider.status)
    assert.is_truthy(by_name.provider.message:find("--service-provider", 1,
      true))
  end)

  it("[doctor-cannot-reach-closed-port] doctor: reports a closed port",
    function()
    local closed = "https://127.0.0.1:1"
    finds_each { { "fail", "network", "Check the network", "", { API = closed } },
      { "warn", "management", "Only adobepass reset", "", { MGMT = closed } } }
  end)

  it("[doctor-not-trust-unknown] doctor: reports an unknown certificate "
    .. "authority", function()
    local found = finds_each { { "fail", "TLS", "--ca", "", { CA = "" } },
      { "fail", "TLS", "Cannot read /nowhere.pem", "--ca /nowhere.pem" } }
    assert.equal("ok", found[1].network.status)
    assert.is_nil(found[2].network) -- no request was sent
  end)

  it("[doctor-refuses-plain-http] doctor: refuses plain http to another "
    .. "machine without a request", function()
    finds("fail", "network", "Use https", "--service-provider REF30",
      { API = "http://192.0.2.1" })
  end)

  it("[doctor-compares-clocks] doctor: compares the clock with the "
    .. "service's", function()
    local function moved(ms, status, text)
      fixture:control("POST", "/clock", { advance = ms })
      finds(status, "clock", text)
      fixture:control("POST", "/clock", { advance = -ms })
    end
    moved(20 * 60000, "fail", "20 minutes behind the service's")
    moved(-90 * 60000, "fail", "2 hours ahead of the service's")
    moved(60000, "warn", "behind the service's")
  end)

  it("[doctor-no-scopes] doctor: accepts a statement without a scopes claim, as "
    .. "Adobe's sample", function()
    local by_name = finds("ok", "statement", "it does not list its scopes",
      "--statement -", nil, command_fixture.sample_statement())
    assert.equal("ok", by_name.provider.status)
  end)

  it("[doctor-folder-user] doctor: requires a private and writable store "
    .. "folder", function()
    local lax = new_store "lax"
    folder.run("mkdir " .. lax .. " && chmod 777 " .. lax)
    finds_each { { "fail", "store", "chmod 700", "", { STORE = lax } },
      { "fail", "store", "--store", "", { STORE = "/dev/null/store" } },
      { "fail", "store", "--store", "--store ''" } }
  end)

  it("[doctor-finds-damaged-credentials] doctor: reports revoked and damaged "
    .. "credentials", function()
    local store = new_store "revoked"
    local changes = { STORE = store }
    local out = fixture:run("register --json", changes)
    fixture:control("POST", "/revoke",
      { client_id = json.decode(out).client_id })
    finds("fail", "credentials", "adobepass login --statement", "", changes)
    folder.run("for f in " .. store .. "/[0-9a-f]*; do echo junk > $f; done")
    finds("fail", "store", "damaged", "", changes)
  end)

  it("[doctor-looks-device-says] doctor: checks the device information",
    function()
    local short = fixture.folder .. "/short.json"
    assert(shell.write_file(short, '{"model":"x","osName":"Plan 9"}'))
    local unknown = fixture.folder .. "/unknown.json"
    assert(shell.write_file(unknown, json.encode { model = "x", version = "1",
      osName = "Plan 9", osVersion = "4", connectionType = "LAN" }))
    local found = finds_each {
      { "fail", "device", "--device-info", "--device-info " .. short },
      { "warn", "device", "shorter logins", "--device-info " .. unknown },
      { "fail", "device", "one JSON object", "--device-info /dev/null" } }
    assert.is_truthy(found[1].device.message:find(
      "lacks version, osVersion, connectionType:", 1, true))
    assert.is_truthy(found[2].device.message:find "osName should be one of")
  end)

  it("[doctor-misses-qrencode] doctor: warns if qrencode is missing", function()
    local bin = fixture.folder .. "/bin"
    folder.run("mkdir " .. bin .. " && for tool in env mkdir ls id stty uname "
      .. "lua5.4 luajit lua5.3 lua5.2 lua5.1; do ln -s $(command -v $tool) " .. bin
      .. "/ || :; done")
    finds("warn", "qrencode", "Install the package qrencode", "",
      { PATH = bin })
  end)

  it("[doctor-changes-service] doctor: changes nothing at the service",
    function()
    fixture:control("DELETE", "/journal")
    examine("", { STORE = new_store "untouched" })
    for _, entry in ipairs(fixture:control("GET", "/journal")) do
      assert.is_truthy(entry.path == "/", entry.path)
    end
  end)

  it("[doctor-tells-no-secret] doctor: prints no secret", function()
    local output = table.concat(fixture.output, "\n")
    assert.is_nil(output:find(fixture.sandbox.statement, 1, true))
    assert.is_nil(output:find(shell.read("cat " .. fixture.folder .. "/store/*")
      :match '"client_secret":"([^"]+)"', 1, true))
  end)
end)
