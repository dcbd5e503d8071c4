-- adobepass sandbox control, against a running sandbox.

local child_process = require "spec.support.child_process"
local calls = require "adobepass.sandbox.control.calls"
local command = require "adobepass.cli"
local command_fixture = require "spec.cli.command_fixture"
local core = require "adobepass.core"
local json = require "adobepass.util.json"
local settings = require "adobepass.cli.settings"
local shell = require "adobepass.util.shell"
local tables = require "adobepass.util.tables"
local world_file = require "adobepass.sandbox.data.world_file"

if child_process.is_like_lua54() then return end

local DEVICE = "--service-provider REF30 --device tv-1 --mvpd Dish --username ann"

describe("cli sandbox control", function()
  local fixture

  setup(function() fixture = command_fixture.start() end)
  teardown(function() fixture:stop() end)

  local function run(arguments, changes, before)
    local variables = { CONTROL = fixture.sandbox.control }
    for name, value in pairs(changes or {}) do variables[name] = value end
    return fixture:run("sandbox " .. (before or "") .. "control " .. arguments,
      variables)
  end

  -- Runs calls in one process. Returns their results.
  local function run_calls(list, format)
    local lines = {}
    for index, arguments in ipairs(list) do
      lines[index] = (format or "sandbox control %s"):format(arguments)
    end
    return fixture:run_lines(lines, { CONTROL = fixture.sandbox.control })
  end

  local function result(arguments)
    local out, err, status = run(arguments)
    assert.same({ "", 0 }, { err, status })
    return out
  end

  -- Returns the outputs of calls that must succeed.
  local function outputs(list)
    local texts = {}
    for index, each in ipairs(run_calls(list)) do
      assert.same({ "", 0 }, { each.err, each.status }, list[index])
      texts[index] = each.out
    end
    return texts
  end

  it("[control-cli-clock] sandbox control clock: prints the time, and moves it by a "
    .. "number with a unit", function()
    local times = outputs { "clock", "clock --advance 30m", "clock --advance -1000",
      "clock" }
    local moved = tonumber(times[4]) - assert(tonumber(times[1]))
    assert.is_true(moved >= 1799000 and moved < 1859000, moved)
  end)

  it("[control-cli-login] sandbox control login: logs in a code, which then polls "
    .. "a profile", function()
    local process = fixture:spawn "login --json --mvpd Dish"
    local code = json.decode(process:line()).code
    local out = result("login --username ann --code " .. code)
    assert.equal("true", (out:gsub("%s", "")))
    assert.is_truthy(process:line():find '"mvpd":"Dish"')
    process:finish()
  end)

  it("[control-cli-fault] sandbox control fault: adds, lists and clears faults, one "
    .. "a line", function()
    local texts = outputs {
      "fault --kind status --status 503 --operation profiles --count 2",
      "fault --kind drip --seconds 0.5", "fault --list", "fault --list --json",
      "fault --clear", "fault --list", "fault --list --json" }
    local lines = {}
    for line in texts[3]:gmatch "[^\n]+" do
      lines[#lines + 1] = json.decode(line)
    end
    assert.same({ 2, "status", 503, "drip" }, { #lines, lines[1].kind,
      lines[1].status, lines[2].kind })
    assert.equal(2, #json.decode(texts[4]))
    assert.same({ "", "[]" }, { texts[6], texts[7] })
  end)

  it("[control-cli-revoke-degrade-journal] sandbox control: revokes, degrades, and "
    .. "lists and clears the journal", function()
    local texts = outputs { "reset", "login " .. DEVICE,
      "revoke --mvpd Dish --username ann",
      "degrade --service-provider REF30 --mvpd Dish --rule AuthNAll",
      "degrade --clear", "journal", "journal --clear", "journal", "statement",
      "journal --json" }
    assert.equal("1", (texts[3]:gsub("%s", "")))
    assert.equal("", texts[8])
    assert.is_truthy(texts[9]:find "^eyJ")
    assert.equal("[]", texts[10])
  end)

  it("[control-cli-world] sandbox control world: prints a world that can be loaded, "
    .. "though the sandbox has an option of this name", function()
    assert.is_table(json.decode(result "world").mvpds.Cablevision)
    local path = fixture.folder .. "/world.json"
    assert(shell.write_file(path, (result "world")))
    local world = assert(world_file.read(path))
    assert.equal("Cablevision", world.mvpds.Cablevision.display_name)
    local _, err, status = run("clock", nil, "--world w.lua ")
    assert.same({ 2, true }, { status,
      err:find("--world cannot be used with control", 1, true) ~= nil })
  end)

  it("[control-cli-snapshot] sandbox control snapshot: restores what it printed",
    function()
    local path = fixture.folder .. "/state.json"
    local file = assert(io.open(path, "w"))
    assert(file:write(result "snapshot"))
    file:close()
    assert.equal("", outputs { "fault --kind tls --operation profiles",
      "snapshot --restore " .. path, "fault --list" }[3])
  end)

  it("[control-cli-large-snapshot] sandbox control snapshot: prints and restores more "
    .. "than the largest request and response of the API", function()
    local state, path = json.decode(result "snapshot"), fixture.folder .. "/large.json"
    state.journal = json.array { { time = 0, body = ("x"):rep(5 * 1024 * 1024) } }
    local file = assert(io.open(path, "w"))
    assert(file:write(json.encode(state)))
    file:close()
    local texts = outputs { "snapshot --restore " .. path, "snapshot",
      "journal --clear" }
    assert.is_true(#texts[2] > #state.journal[1].body)
  end)

  it("[control-cli-names-field] sandbox control: an error exits with 2 and names the "
    .. "field", function()
    local number_file = fixture.folder .. "/number.json"
    assert(shell.write_file(number_file, "5"))
    local cases = {
      ["login --username anne " .. DEVICE:gsub(" %-%-username ann", "")] =
        "--username: expected a viewer of the mvpd: did you mean 'ann'?",
      ["login --code NONE --username ann"] = "the code \"NONE\" is unknown",
      ["degrade --service-provider REF30 --mvpd Dich --rule AuthNAll"] =
        "--mvpd: expected an mvpd of the service provider: did you mean 'Dish'?",
      ["login"] = "missing --service-provider, or --code",
      ["login --service-provider REF3"] = "invalid --service-provider: expected a "
        .. "service provider of the world: did you mean 'REF30'?",
      ["clock --time 1 --advance 1"] = "either --advance or --time",
      ["fault --kind stauts"] = "did you mean 'status'?",
      ["fault --kind x"] = "invalid --kind: expected one of delay, drip, error, ",
      ["fault --kind tls --operation x"] = "--operation: expected one of "
        .. "authenticate, authorize, ",
      ["fault --kind delay --bytes 4"] = "--bytes",
      ["clock --advance soon"] = "milliseconds",
      ["clock --advance 1e999"] = "milliseconds",
      ["fault --kind tls --count 1e999"] = "--count: expected a number, got '1e999'",
      ["fault --kind tls --count nan"] = "expected a number, got 'nan'",
      ["fault --knd tls"] = "Did you mean '--kind'",
      ["jurnal"] = "Did you mean 'journal'",
      ["snapshot --restore /nowhere"] = "adobepass: --restore: The file cannot be "
        .. "read: /nowhere: No such file or directory\n",
      ["snapshot --restore " .. number_file] = number_file
        .. ": expected a JSON object\n",
      ["clock --control https://example.com"] = "URL of this machine",
      ["clock --control nonsense"] = "URL of this machine",
    }
    local names = tables.sorted_keys(cases)
    for index, failed in ipairs(run_calls(names)) do
      assert.equal(2, failed.status, names[index])
      assert.is_truthy(failed.err:find(cases[names[index]], 1, true),
        names[index] .. ": " .. failed.err)
    end
    local options = { "--port 8443", "--bind 127.0.0.1", "--record x" }
    for index, failed in ipairs(run_calls(options, "sandbox %s control clock")) do
      assert.equal(2, failed.status)
      assert.is_truthy(failed.err:find(options[index]:match "%S+" .. " cannot", 1,
        true), failed.err)
    end
    local _, err = run("login --json --code NONE")
    assert.equal("usage", json.decode(err).error.code)
  end)

  -- tags: [control-cli-help-of-call]
  it("[control-cli-help-of-call] sandbox control: a usage error names the help of the "
    .. "call, or of control", function()
    local cases = {
      ["login --code NONE --username ann"] = "sandbox control login",
      ["fault --kind stauts"] = "sandbox control fault",
      ["clock --control nonsense"] = "sandbox control",
      ["--json clock --advance soon"] = "sandbox control clock",
      ["fault --count x"] = "sandbox control fault",
    }
    local names = tables.sorted_keys(cases)
    for index, failed in ipairs(run_calls(names)) do
      assert.is_truthy(failed.err:find("Try: adobepass " .. cases[names[index]]
        .. " --help", 1, true), failed.err)
    end
  end)

  it("[control-cli-no-sandbox] sandbox control: says how to reach a sandbox when none "
    .. "is named or none runs", function()
    local _, err, status = run("clock", { CONTROL = "" })
    assert.equal(2, status)
    assert.is_truthy(err:find("adobepass sandbox --exec bash", 1, true))
    _, err, status = run("clock --control " .. fixture.sandbox.api)
    assert.equal(2, status)
    assert.is_truthy(err:find("got HTTP status 404", 1, true), err)
    _, err, status = run "clock --control https://127.0.0.1:1"
    assert.equal(1, status)
    assert.is_truthy(err:find("connect_failed", 1, true), err)
  end)

  it("[control-cli-ca] sandbox control: refuses a CA file that cannot be read, or an "
    .. "empty name", function()
    local _, err, status = run "--ca /nowhere.pem clock"
    assert.same({ 2, true }, { status,
      err:find("--ca: cannot read '/nowhere.pem'", 1, true) ~= nil })
    _, err, status = run "--ca '' clock"
    assert.same({ 2, true }, { status,
      err:find("expected a value, got an empty text", 1, true) ~= nil })
  end)

  it("[control-cli-no-transport] sandbox control: reports why no transport can be "
    .. "created", function()
    local new = core.http.new
    finally(function() core.http.new = new end)
    local why
    core.http.new = function() return nil, "why", why end
    for code, reported in pairs { transfer_failed = "transfer_failed",
      out_of_memory = "out_of_memory", not_found = "ca_unreadable",
      no_access = "ca_unreadable" } do
      why = code
      assert.same({ n = 3, nil, "why", reported },
        { n = select("#", settings.send({}, {})), settings.send({}, {}) })
    end
  end)

  it("[control-cli-one-name] sandbox control: each call has the name and fields that "
    .. "it has in Lua", function()
    local sandbox_command
    for _, each in ipairs((command.parser())._commands) do
      if each._name == "sandbox" then sandbox_command = each end
    end
    local found = {}
    for _, each in ipairs(sandbox_command._commands[1]._commands) do
      found[each._name] = {}
      for _, option in ipairs(each._options) do
        found[each._name][option._target or option._name] = true
      end
    end
    for _, call in ipairs(calls.list) do
      for _, field in ipairs(call.fields) do
        assert.is_true(found[call.name][field.name])
      end
    end
  end)
end)
