-- All subcommands in one scenario: register, login, decisions, logout.

local child_process = require "spec.support.child_process"
local adobepass = require "adobepass"
local core = require "adobepass.core"
local folder = require "spec.support.folder"
local json = require "adobepass.util.json"
local command_fixture = require "spec.cli.command_fixture"
local shell = require "adobepass.util.shell"
local tables = require "adobepass.util.tables"

-- luacheck: read_globals table.unpack unpack
local unpack = table.unpack or unpack

if child_process.is_like_lua54() then return end

describe("cli commands", function()
  local fixture, short

  -- A sandbox in which codes expire after 2 seconds.
  local function short_lived()
    local path = folder.make() .. "/world.lua"
    assert(shell.write_file(path, "local world = "
      .. "require 'adobepass.sandbox.data.world'\n"
      .. "world.lifetimes.code = 2\nreturn world\n"))
    local made = command_fixture.start { world = path }
    folder.remove((path:gsub("/world.lua$", "")))
    return made
  end

  setup(function()
    fixture, short = command_fixture.start(), short_lived()
  end)

  teardown(function()
    fixture:stop()
    short:stop()
  end)

  local page = assert(shell.read_file "bin/adobepass.1"):match "\n.SH JSON\n(.-)\n.SH"

  -- Returns the keys of a command that the manual page lists, as a set.
  local function keys_of(name)
    local text, keys = page:match("\n%.TP\n%.B " .. name .. "\n([^\n]*)"), {}
    for key in assert(text, name):gmatch "\\fB([%w_]+)\\fR" do keys[key] = true end
    local other = text:match "[Aa]s in (%l+)"
    return setmetatable(keys, { __index = other and keys_of(other) })
  end

  local IS_FREE = { attributes = true, header = true, claims = true }

  -- Compares the keys of a result, also of the objects in it, with the manual page.
  local function assert_in_manual(keys, value)
    for key, inner in pairs(value) do
      if type(key) == "string" then assert.is_true(keys[key], key) end
      if type(inner) == "table" and not IS_FREE[key] then
        assert_in_manual(keys, inner)
      end
    end
  end

  local function json_of(words, changes)
    local out, err, status = fixture:run(words .. " --json", changes)
    assert.equal("", err)
    return assert(json.decode(out)), status
  end

  local function check_error(out, err)
    assert.equal("", out)
    local found = assert(json.decode(err)).error
    for _, name in ipairs { "code", "message", "action", "advice" } do
      assert.is_string(found[name])
    end
    return found
  end

  local function error_of(words, changes)
    local out, err, status = fixture:run(words .. " --json", changes)
    return check_error(out, err), status
  end

  -- Calls check(result, words, expected) for each case: words, which replace %s in the
  -- line, and what is expected.
  local function run_cases(line, cases, check)
    local words, lines = tables.sorted_keys(cases), {}
    for index, text in ipairs(words) do lines[index] = line:gsub("%%s", text) end
    for index, result in ipairs(fixture:run_lines(lines)) do
      check(result, words[index], cases[words[index]])
    end
  end

  it("[command-registers-once] register: registers only once, and needs the "
    .. "statement only then", function()
    local out, err, status = fixture:run "register"
    assert.same({ "", 0 }, { err, status })
    assert.is_truthy(out:find("This device is registered for REF30 at "
      .. fixture.sandbox.api, 1, true))
    local id = out:match "Client id  (%S+)"
    local response
    response, status = json_of "register"
    assert.equal(0, status)
    assert.same({ registered = true, was_registered = true, client_id = id,
      service_provider = "REF30", api = fixture.sandbox.api,
      store = fixture.folder .. "/store" }, response)
    -- The statement is not needed again.
    assert.equal(0, select(3, fixture:run("register", { STATEMENT = "" })))
  end)

  it("[command-signed-status-3] profiles, authorize, preauthorize: exit with "
    .. "status 3 if not logged in", function()
    local out, err, status = fixture:run "profiles"
    assert.same({ "Not logged in. Run adobepass login.", "", 3 },
      { out, err, status })
    local response
    response, status = json_of "profiles"
    assert.same({ { profiles = {} }, 3 }, { response, status })
    out, err, status = fixture:run "authorize CNN"
    assert.same({ "", 3 }, { out, status })
    assert.is_truthy(err:find("Run adobepass login", 1, true))
    local why
    why, status = error_of "preauthorize CNN"
    assert.same({ "not_logged_in", "authentication", 3 },
      { why.code, why.action, status })
  end)

  local function url_text(text)
    return (text:gsub("[^%w.-]", function(char)
      return ("%%%02X"):format(char:byte())
    end))
  end

  local function code_of(process)
    return process:seek("Code"):match "Code%s+(%w+)"
  end

  -- The logins run at the same time, because each waits for its first poll.
  it("[command-signs-viewer] login: logs in, reports an expired or "
    .. "superseded code, stops on Ctrl-C", function()
    local plain = fixture:spawn "login --mvpd Cablevision --interval 3"
    local other = fixture:spawn("login --json --interval 3",
      { STORE = fixture.folder .. "/other" })
    local late = short:spawn "login --mvpd Cablevision"
    local store = { STORE = fixture.folder .. "/twice" }
    local first = fixture:spawn("login --mvpd Dish --interval 3", store)
    local code = code_of(plain)
    local address = plain:line()
    assert.is_truthy(address:find("^Address   "
      .. fixture.sandbox.api:gsub("%p",
      "%%%0") .. "/api/v2/authenticate/REF30/" .. code .. "$"))
    assert.equal("Provider  Cablevision", plain:line())
    assert.is_truthy(json.encode(fixture:control("GET", "/journal")):find(
      "redirectUrl=" .. url_text(fixture.sandbox.api .. "/activate/success"), 1, true))
    fixture:sign_in(code)
    local event = json.decode(other:line())
    assert.equal("code", event.event)
    assert_in_manual(keys_of "login", event)
    assert.equal(fixture.sandbox.api .. "/activate", event.url)
    assert.equal(event.url .. "?code=" .. event.code, event.qr)
    fixture:sign_in(event.code, "ann", "AdobeShibboleth")
    code_of(first)
    local second = fixture:spawn("login --mvpd Dish", store)
    code_of(second)
    second:interrupt()
    local text, status = plain:finish()
    assert.equal(0, status)
    assert.is_truthy(text:find("left  polled 0 times", 1, true))
    assert.is_truthy(text:find("Logged in with Cablevision, until .-, "
      .. "%d%d:%d%d %(in 30 days%)%."))
    assert.is_nil(text:find("\27", 1, true)) -- a pipe gets no colors
    text, status = other:finish()
    event = assert(json.decode(text))
    assert.same({ "profile", "AdobeShibboleth", "regular", 0 },
      { event.event, event.profile.mvpd, event.profile.type, status })
    text, status = late:finish()
    assert.equal(3, status)
    assert.is_truthy(text:find("[login_expired]\nRun adobepass login again",
      1, true))
    text, status = first:finish()
    assert.equal(1, status)
    assert.is_truthy(text:find("[login_superseded]", 1, true))
    text, status = second:finish()
    assert.equal(130, status)
    assert.is_nil(text:find("adobepass", 1, true)) -- no message
  end)

  it("[command-shows-signed-attributes] profiles: prints attribute values "
    .. "only with --attributes", function()
    local out, err, status = fixture:run "login"
    assert.same({ "", 0 }, { err, status })
    assert.is_truthy(out:find("Already logged in with Cablevision", 1, true))
    local text, as_json, none = unpack(fixture:run_lines { "profiles",
      "profiles --json", "profiles --mvpd Dish" })
    assert.same({ "", 0 }, { text.err, text.status })
    assert.is_truthy(text.out:find("^Cablevision\n  kind        regular\n"))
    assert.is_truthy(text.out:find("householdID", 1, true))
    local response = json.decode(as_json.out)
    assert.equal("Cablevision", response.profiles[1].mvpd)
    assert.is_truthy(response.profiles[1].not_after > 1e12)
    assert.same({ "", 3 }, { as_json.err, none.status })
    for _, words in ipairs { "profiles --attributes",
      "profiles --attributes --json" } do
      assert.is_truthy(fixture:run_private(words):find("bob-household", 1,
        true))
    end
  end)

  it("[command-filters-catalog] preauthorize: prints a decision for each "
    .. "resource", function()
    local text, as_json, denied = unpack(fixture:run_lines {
      "preauthorize CNN HBO 'Late Night'", "preauthorize CNN HBO --json",
      "preauthorize HBO" })
    assert.same({ "", 0 }, { text.err, text.status })
    assert.equal("  CNN         permitted\n  HBO         denied  Your "
      .. "subscription package does not include the \"HBO\" channel\n"
      .. "  Late Night  permitted\n  2 of 3 permitted at Cablevision", text.out)
    local response = json.decode(as_json.out)
    assert.same({ { "CNN" }, "", 0 }, { response.permitted, as_json.err,
      as_json.status })
    assert.equal("authorization_denied_by_mvpd", response.decisions[2].code
      :gsub("^pre", ""), nil)
    assert.equal(4, denied.status)
  end)

  it("[command-authorizes-prints-media] authorize: prints the media token "
    .. "only with --token", function()
    local text, as_json = unpack(fixture:run_lines { "authorize CNN",
      "authorize CNN --json" })
    assert.same({ "", 0 }, { text.err, text.status })
    assert.equal("permitted  CNN\nThe media token is valid for 7 minutes; "
      .. "--token prints it.", text.out)
    local response = json.decode(as_json.out)
    assert.same({ true, "" }, { response.permitted, as_json.err })
    assert.is_nil(response.media_token)
    local token = fixture:run_private "authorize CNN --token"
    assert.is_truthy(core.base64.decode(token):find("<signatureInfo>", 1,
      true))
    response = json.decode((fixture:run_private "authorize CNN --token --json"))
    assert.is_truthy(core.base64.decode(response.media_token))
  end)

  it("[command-denied-status-4] authorize: prints a denial and exits with "
    .. "status 4", function()
    local text, token, as_json = unpack(fixture:run_lines { "authorize HBO",
      "authorize HBO --token", "authorize HBO --json" })
    assert.same({ "", 4 }, { text.err, text.status })
    assert.is_truthy(text.out:find("denied  HBO: Your subscription package", 1,
      true))
    assert.same({ "", 4 }, { token.out, token.status })
    assert.is_truthy(token.err:find("denied  HBO", 1, true))
    local response = json.decode(as_json.out)
    assert.same({ false, "authorization_denied_by_mvpd", "", 4 },
      { response.permitted, response.code, as_json.err, as_json.status })
  end)

  it("[command-providers] providers: lists ids and names, and TempPass only with "
    .. "--temporary", function()
    local text, temporary, as_json = unpack(fixture:run_lines { "providers",
      "providers --temporary", "providers --json" })
    assert.same({ "", 0 }, { text.err, text.status })
    assert.is_truthy(text.out:find "Cablevision +Cablevision")
    assert.is_nil(text.out:find("TempPass", 1, true))
    assert.is_truthy(temporary.out
      :find "TempPass_5mins +Temp%-Pass, 5 min  %(TempPass%)")
    assert.equal("", as_json.err)
    local response = json.decode(as_json.out)
    local names = {}
    for _, item in ipairs(response.providers) do names[item.id] = item end
    assert.equal("Cablevision", names.Cablevision.display_name)
    assert.is_false(names.Cablevision.temporary)
    assert.is_nil(names.TempPass)
  end)

  it("[command-temppass] temppass: authorizes without a login, and prints what is "
    .. "left", function()
    local store = { STORE = fixture.folder .. "/temppass" }
    local out, err, status = fixture:run("temppass --mvpd TempPass_5mins", store)
    assert.same({ "5 minutes left", "", 0 }, { out, err, status })
    out, err, status = fixture:run("temppass CNN --mvpd TempPass_5mins", store)
    assert.same({ "", 0 }, { err, status })
    assert.is_truthy(out:find("^permitted  CNN\n"))
    assert.is_truthy(out:find "\n%d minutes left$")
    out, err, status = fixture:run("temppass CNN --mvpd flexibleTempPass "
      .. "--identity email=-", store, "temppass-viewer@example.com\n")
    assert.same({ "", 0 }, { err, status })
    assert.is_truthy(out:find("\n4 titles left", 1, true))
    local response = json_of("temppass CNN --mvpd TempPass_5mins", store)
    assert.is_true(response.permitted)
    assert.is_true(response.remaining_ms > 0)
    local why
    why, status = error_of("temppass CNN --mvpd flexibleTempPass --identity email=-",
      store)
    assert.same({ "usage", 2 }, { why.code, status })
  end)

  it("[command-manual-json-keys] manual page: lists every key of --json", function()
    local lines = { "register", "providers --temporary", "login", "profiles",
      "preauthorize CNN HBO", "authorize CNN", "authorize HBO",
      "temppass CNN --mvpd TempPass", "temppass --mvpd TempPass",
      "reset --mvpd TempPass --this-device", "doctor", "version",
      "inspect " .. fixture.folder .. "/statement" }
    assert(shell.write_file(fixture.folder .. "/statement", fixture.sandbox.statement))
    local calls = {}
    for index, line in ipairs(lines) do calls[index] = line .. " --json" end
    for index, result in ipairs(fixture:run_lines(calls)) do
      local value = assert(json.decode(result.out), lines[index])
      assert_in_manual(keys_of(lines[index]:match "^%l+"), value)
    end
    local _, err = error_of "authorize CNN --mvpd Unknown"
    local keys = {}
    for key in page:match "an error\n(.-)\n%.TP":gmatch "\\fB([%w_]+)\\fR" do
      keys[key] = true
    end
    assert_in_manual(keys, { error = err })
  end)

  -- tags: [command-temppass-identity]
  it("[command-temppass-identity] temppass: names --identity when a promotional "
    .. "TempPass lacks the identity", function()
    local out, err, status = fixture:run("temppass CNN --mvpd flexibleTempPass",
      { STORE = fixture.folder .. "/temppass" })
    assert.same({ "", 1 }, { err, status })
    assert.is_truthy(out:find("[invalid_header_identity_for_temporary_access]\nUse "
      .. "--identity NAME=VALUE, such as email=ann@example.com", 1, true), out)
  end)

  it("[command-configuration] --profile: reads options from a file, which options of "
    .. "the command override", function()
    local place = fixture.folder .. "/.config/adobepass"
    folder.run("mkdir -p " .. place)
    local function write(name, given)
      assert(shell.write_file(("%s/%s.json"):format(place, name), json.encode(given)))
    end
    local sandbox = fixture.sandbox
    assert(shell.write_file(place .. "/statement.txt", sandbox.statement))
    write("lab", { api = sandbox.api, mgmt = sandbox.mgmt, ca = sandbox.ca,
      service_provider = "REF40", statement = "statement.txt", store = "lab-store" })
    local none = { API = "", MGMT = "", CA = "", STATEMENT = "", STORE = "" }
    write("typo", { servce_provider = "REF30" })
    write("french", { language = "fr" })
    write("empty", { domain_name = " " })
    local results = fixture:run_lines({ "register --profile lab --json",
      "register --profile lab --service-provider REF30 --json",
      "register --profile typo --json", "register --profile french --json",
      "register --profile absent --json", "register --profile empty --json" }, none)
    assert.same({ "", "" }, { results[1].err, results[2].err })
    local lab, option = json.decode(results[1].out), json.decode(results[2].out)
    assert.same({ 0, "REF40", place .. "/lab-store" },
      { results[1].status, lab.service_provider, lab.store })
    assert.equal("REF30", option.service_provider)
    for index, text in pairs { [3] = "did you mean 'service_provider'?",
      [4] = "french.json: language should be en or es, not 'fr'",
      [5] = "absent.json", [6] = "empty.json: domain_name should be a value, not an "
        .. "empty text" } do
      local why = check_error(results[index].out, results[index].err)
      assert.equal(2, results[index].status)
      assert.is_truthy(why.message:find(text, 1, true), why.message)
    end
  end)

  it("[command-configuration-mvpd] temppass, reset: use the mvpd of a named "
    .. "configuration, and require one", function()
    local place = fixture.folder .. "/.config/adobepass"
    folder.run("mkdir -p " .. place)
    assert(shell.write_file(place .. "/pass.json", '{"mvpd":"TempPass"}'))
    local results = fixture:run_lines { "temppass --json --profile pass",
      "reset --json --this-device --profile pass", "temppass CNN --json",
      "reset --json --this-device" }
    for index = 1, 2 do
      assert.same({ "", 0 }, { results[index].err, results[index].status })
      assert.equal("TempPass", json.decode(results[index].out).mvpd)
    end
    for index = 3, 4 do
      local why = check_error(results[index].out, results[index].err)
      assert.same({ "usage", 2 }, { why.code, results[index].status })
      assert.is_truthy(why.message:find("--mvpd", 1, true), why.message)
    end
  end)

  it("[command-gives-temppass-back] reset: resets a TempPass for a device, a "
    .. "viewer or everyone", function()
    local UNKNOWN = ". It does not tell whether there was anything to reset."
    local viewer = "flexibleTempPass --key "
    local cases = { ["TempPass --this-device"] = "this device",
      ["TempPass --device-id some-device"] = "the device",
      ["TempPass --everyone"] = "everyone", ["TempPass --everyone --by-key"] =
      "everyone", [viewer .. "nonsense"] = "the viewer with this identity",
      [viewer .. ("Ab"):rep(32)] = "the viewer with this hash",
      [viewer .. ("0"):rep(128)] = "the viewer with this hash" }
    run_cases("reset --mvpd %s", cases, function(result, words, whom)
      assert.same({ words:match "%S+" .. ": the service accepted the reset for " .. whom
        .. UNKNOWN, "", 0 }, { result.out, result.err, result.status })
    end)
    fixture:control("DELETE", "/journal")
    local out, _, status = fixture:run("reset --mvpd flexibleTempPass --key - "
      .. "--json", nil, " User@domain.com\n")
    assert.same({ '{"mvpd":"flexibleTempPass","reset":true,"whom":'
      .. '"the viewer"}', 0 }, { out, status })
    local journal = fixture:control("GET", "/journal")
    assert.is_truthy(json.encode(journal):find("f7ee5ec7312165148b69fcca1d2907"
      .. "5b14b8aef0b5048a332b18b88d09069fb7", 1, true))
    fixture:control("DELETE", "/journal")
    local hash = ("Ab"):rep(32)
    out = fixture:run("reset --mvpd flexibleTempPass --key -", nil, hash .. "\n")
    assert.is_truthy(out:find("the viewer with this hash", 1, true), out)
    journal = fixture:control("GET", "/journal")
    assert.is_truthy(json.encode(journal):find(hash:lower(), 1, true))
    run_cases("reset --mvpd TempPass %s", { [""] = true, ["--device-id all"] = true,
      ["--device-id ' '"] = true, ["--key ''"] = true,
      ["--this-device --by-key"] = true }, function(result)
      assert.equal(2, result.status)
      assert.is_truthy(result.err:find("--everyone", 1, true))
    end)
  end)

  it("[command-signs-out-again] logout: logs out, and succeeds if not logged "
    .. "in", function()
    local out, err, status = fixture:run "logout"
    assert.same({ "", 0 }, { err, status })
    assert.is_truthy(out:find("Cablevision  Logged out here.", 1, true))
    assert.is_truthy(out:find("/mvpd/Cablevision/logout?requestor_id=REF30"
      .. "&redirect_url=" .. url_text(fixture.sandbox.api .. "/activate"), 1, true))
    out, err, status = fixture:run "logout"
    assert.same({ "Not logged in.", "", 0 }, { out, err, status })
    local response
    response, status = json_of("logout", { STORE = fixture.folder .. "/other" })
    assert.same({ "AdobeShibboleth", "no_browser", 0 },
      { response.logouts[1].mvpd, response.logouts[1].outcome, status })
    assert_in_manual(keys_of "logout", response)
    assert.equal(3, select(3, fixture:run "profiles"))
  end)

  local function sign_in_here()
    fixture:control("POST", "/login", { service_provider = "REF30",
      mvpd = "Cablevision", username = "bob",
      device = adobepass.device_id(
        adobepass.store.file(fixture.folder .. "/store")) })
  end

  it("[command-asks-service-signed] login: requests the profiles from the "
    .. "service, not from the store", function()
    sign_in_here()
    assert.is_truthy(fixture:run("login"):find("Already", 1, true))
    fixture:control("POST", "/revoke", { mvpd = "Cablevision" })
    local process = fixture:spawn "login"
    code_of(process)
    process:interrupt()
    assert.equal(130, select(2, process:finish()))
  end)

  -- A lock left by the refresh would delay the next command by 40 seconds.
  it("[command-interrupted-service] register: releases its lock on Ctrl-C "
    .. "while the service does not respond", function()
      local store = { STORE = fixture.folder .. "/silent" }
      fixture:control("POST", "/faults", { operation = "token", kind = "delay",
        seconds = 600 })
      fixture:control("DELETE", "/journal")
      local process = fixture:spawn("register --timeout 60", store)
      local limit = core.clock.monotonic() + 30
      repeat -- until it has requested a token
        assert.is_true(core.clock.monotonic() < limit)
        core.clock.sleep(0.02)
      until #fixture:control("GET", "/journal") >= 2
      process:interrupt()
      local text, status = process:finish()
      assert.same({ "", 130 }, { text, status })
      local started = core.clock.monotonic()
      assert.equal(0, select(3, fixture:run("register --timeout 60", store)))
      assert.is_true(core.clock.monotonic() - started < 20)
    end)

  it("[command-no-default-address] login and logout: outside the sandbox there is "
    .. "no default domain name or redirect URL", function()
    local statement = fixture.folder .. "/statement.txt"
    assert(shell.write_file(statement, fixture.sandbox.statement))
    -- A name that never resolves (RFC 2606), should a request be sent.
    local service = " --api https://service.invalid --service-provider REF30 "
      .. "--statement " .. statement
    local cases = { ["logout"] = "--redirect-url", ["login --no-qr"] =
      "--domain-name", ["login --domain-name example.com"] = "--redirect-url",
      ["login --redirect-url https://example.com"] = "--domain-name" }
    run_cases("%s --json" .. service, cases, function(result, _, option)
      local found = check_error(result.out, result.err)
      assert.same({ "usage", 2 }, { found.code, result.status })
      assert.is_truthy(found.message:find(option, 1, true), found.message)
    end)
  end)

  -- Runs `logout --open` with a program in place of xdg-open; returns as Fixture:run.
  local function logout_with_opener(script, options)
    sign_in_here()
    local bin = fixture.folder .. "/bin"
    folder.run("mkdir -p " .. bin)
    assert(shell.write_file(bin .. "/xdg-open", "#!/bin/sh\n" .. script .. "\n"))
    folder.run("chmod +x " .. bin .. "/xdg-open")
    return fixture:run("logout --mvpd Cablevision --open --redirect-url "
      .. "https://adobe.com" .. (options or ""),
      { PATH = bin .. ":" .. os.getenv "PATH" })
  end

  it("[command-opens-provider-page] logout: opens the provider's page with "
    .. "--open", function()
    local out, _, status = logout_with_opener('echo "$1" > '
      .. fixture.folder .. "/opened")
    assert.equal(0, status)
    assert.is_truthy(out:find("was opened in a browser", 1, true))
    local opened = assert(shell.read_file(fixture.folder .. "/opened"))
    assert.is_truthy(opened:find("/mvpd/Cablevision/logout?", 1, true))
  end)

  it("[command-logout-no-browser] logout: prints the address to open if --open "
    .. "finds no browser", function()
    local out, _, status = logout_with_opener "exit 3"
    assert.equal(0, status)
    assert.is_truthy(out:find("Logged out here. To log out at the provider too, "
      .. "open:\n  https://", 1, true), out)
    out = logout_with_opener("exit 127", " --json")
    assert.equal("no_browser", json.decode(out).logouts[1].outcome)
  end)

  it("[command-requests-verbose-apart] profiles: logs requests on standard "
    .. "error with --verbose", function()
    local out, err = fixture:run "profiles --verbose"
    assert.equal("Not logged in. Run adobepass login.", out)
    assert.is_truthy(err:find("^request .*operation=profiles .*status=200"))
    out, err = fixture:run "profiles --verbose --json"
    assert.same({ profiles = {} }, json.decode(out))
    assert.equal("request", json.decode(err).event.type)
  end)

  it("[command-not-work-status-1] profiles: exits with status 1 and the "
    .. "reason if the service is unreachable", function()
    local why, status = error_of("profiles --timeout 1",
      { API = "https://127.0.0.1:1" })
    assert.same({ "connect_failed", "retry", 1 },
      { why.code, why.action, status })
    local out, err
    out, err, status = fixture:run("profiles", { CA = "" })
    assert.same({ "", 1 }, { out, status })
    assert.is_truthy(err:find("^adobepass profiles: .*%[tls_failed%]\n"))
    assert.is_truthy(err:find("--ca FILE", 1, true))
  end)

  it("[command-language] all commands: print texts for viewers in the language of "
    .. "--language or $ADOBEPASS_LANGUAGE", function()
    local spanish = "No hay conexión. Compruebe su red."
    local there = { API = "https://127.0.0.1:1" }
    local there_in_spanish = { API = there.API, LANGUAGE = "es" }
    local results = fixture:run_lines({ "profiles --timeout 1 --json",
      "profiles --timeout 1 --language es --json",
      "authorize CNN --timeout 1 --mvpd Cablevision --json", "profiles --timeout 1",
      "authorize CNN --mvpd TempPass_TEST40 --language es --json",
      "authorize CNN --mvpd Cablevision --language es --json",
      "profiles --language fr" }, nil,
      { there, there, there_in_spanish, there_in_spanish, {},
        { STORE = fixture.folder .. "/new" }, {} })
    for index, text in ipairs { "There is no connection. Please check your network.",
      spanish, spanish } do
      local result = results[index]
      assert.equal(text, check_error(result.out, result.err).viewer_text)
    end
    assert.is_truthy(results[4].err:find("\n" .. spanish .. "\n", 1, true),
      results[4].err)
    for index, expected in pairs { [5] = { true, 0 }, [6] = { false, 3 } } do
      local result = results[index]
      assert.equal("", result.err)
      assert.same(expected, { json.decode(result.out).permitted, result.status })
    end
    assert.equal("Inicie sesión con su proveedor de TV.",
      json.decode(results[6].out).reason)
    assert.equal(2, results[7].status)
    assert.is_truthy(results[7].err:find("--language", 1, true))
  end)

  it("[command-says-words-service] errors of the service: advice names the "
    .. "option to change", function()
      run_cases("%s --store " .. fixture.folder .. "/w", {
        ["authorize CNN --mvpd Nobody"] = "lists the providers",
        ["login --mvpd Cablevision --redirect-url x"] = "--redirect-url",
        ["profiles --service-provider OTHER"] = "--service-provider" },
        function(result, _, expected)
          assert.equal(1, result.status)
          assert.is_truthy(result.err:find(expected, 1, true), result.err)
        end)
    end)

  -- The variables describe one service: its CA must not be used for another.
  it("[command-leaves-variables-aside] settings: ignores all variables if an "
    .. "option names another service", function()
    local elsewhere = fixture.sandbox.api:gsub("127.0.0.1", "localhost")
    local _, err, status = fixture:run("register --api " .. elsewhere
      .. " --store " .. fixture.folder .. "/third")
    assert.equal(1, status)
    assert.is_truthy(err:find("tls_failed", 1, true)
      or err:find("software_statement_missing", 1, true), err)
    assert.equal(0, select(3, fixture:run("register --api " .. elsewhere
      .. " --store " .. fixture.folder .. "/third --ca " .. fixture.sandbox.ca
      .. " --statement -", nil, fixture.sandbox.statement .. "\n")))
  end)

  it("[command-same-service] settings: uses the variables if an option names the same "
    .. "service in another way", function()
    local api = fixture.sandbox.api
    run_cases("register --json --api %s", { [api] = true, [api .. "/"] = true,
      [api:upper()] = true }, function(result)
      assert.same({ "", 0 }, { result.err, result.status })
    end)
  end)

  it("[command-reset-mgmt] reset: names --mgmt if the service has no TempPass reset at "
    .. "the address of --api", function()
    local results = fixture:run_lines({ "reset --mvpd TempPass --everyone --json" },
      { MGMT = "" })
    local found = check_error(results[1].out, results[1].err)
    assert.same({ "usage", 2 }, { found.code, results[1].status })
    assert.is_truthy(found.message:find("--mgmt", 1, true), found.message)
  end)

  it("[command-tells-no-secret] all commands: print no secret", function()
    local output = table.concat(fixture.output, "\n")
    local secrets = { fixture.sandbox.statement,
      fixture.sandbox.statement:match "[^.]+$",
      "bob-household" }
    local kept = folder.run("cat " .. shell.quote(fixture.folder)
      .. "/*/[0-9a-f]*")
    for _, name in ipairs { "client_secret", "access_token" } do
      local count = 0
      for value in kept:gmatch('"' .. name .. '":"([^"]+)"') do
        secrets[#secrets + 1], count = value, count + 1
      end
      assert.is_true(count >= 2, name)
    end
    for _, secret in ipairs(secrets) do
      assert.is_nil(output:find(secret, 1, true))
    end
    assert.is_nil(output:find("PHNpZ25hdHVyZUluZm8", 1, true))
  end)
end)
