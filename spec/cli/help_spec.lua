-- --help, the manual page and shell completion.

local calls = require "adobepass.sandbox.control.calls"
local child_process = require "spec.support.child_process"
local command = require "adobepass.cli"
local command_lines = require "spec.cli.command_lines"
local folder = require "spec.support.folder"
local shell = require "adobepass.util.shell"
local tables = require "adobepass.util.tables"

if child_process.is_like_lua54() then return end

local COMMAND = shell.quote(child_process.interpreter()) .. " bin/adobepass "

local function run(words) return shell.read(COMMAND .. words) end

local function exists(tool)
  return select(2, shell.read("command -v " .. tool)) == 0
end

-- Calls visit(subcommand, option) for each option, also of commands below another.
local function each_option(visit, parser)
  for _, sub in ipairs((parser or command.parser())._commands) do
    for _, option in ipairs(sub._options) do
      for _, alias in ipairs(option._aliases) do visit(sub._name, alias) end
    end
    each_option(visit, sub)
  end
end

describe("cli help", function()
  it("[help-fits-79-columns] help: fits 79 columns, and has an example for "
    .. "each command", function()
    local lines = {}
    for index, name in ipairs(command.NAMES) do lines[index] = name .. " --help" end
    local results = command_lines.run(lines)
    for index, name in ipairs(command.NAMES) do
      local text, status = results[index].out, results[index].status
      assert.equal(0, status)
      for line in text:gmatch "[^\n]+" do
        assert.is_true(#line <= 79, line)
      end
      assert.is_truthy(text:find("\nExamples?:\n  .*adobepass "
        .. name), name)
    end
  end)

  it("[help-names-commands-statuses] help: lists the commands, the exit "
    .. "statuses and the version", function()
    local text = run "--help"
    for _, name in ipairs(command.NAMES) do
      assert.is_truthy(text:find("\n   " .. name, 1, true), name)
    end
    for _, status in ipairs { "0 success", "1 failure", "2 usage error",
      "3 not logged in", "4 denied", "130 interrupted" } do
      assert.is_truthy(text:find(status, 1, true), status)
    end
    assert.equal("adobepass " .. require("adobepass").version,
      (run "--version"))
  end)

  it("[help-loads-one-command] help: loads neither another command nor the client",
    function()
    local script = [[require("adobepass.cli").run { "help", "login" }
      for _, name in ipairs { "cli.login", "cli.doctor", "client" } do
        print(name .. " " .. tostring(package.loaded["adobepass." .. name] ~= nil))
      end]]
    local text = shell.read(shell.line(child_process.interpreter(), "-e", script))
    assert.matches("cli.login true\ncli.doctor false\nclient false$", text)
  end)

  it("[help-without-arguments] help: is printed without arguments, and by the "
    .. "command help", function()
    local text, status = run ""
    assert.same({ (run "--help"), 0 }, { text, status })
    assert.equal(text, (run "help"))
    assert.equal((run "login --help"), (run "help login"))
  end)

  it("[help-version-command] version: prints the version and the Lua, also as JSON",
    function()
    local text, status = run "version"
    assert.equal(0, status)
    assert.is_truthy(text:find("^adobepass %d+%.%d+%.%d+, Lua"))
    assert.is_truthy(run("version --json"):find('^{"lua":"Lua.*","version":"%d'))
  end)

  it("[help-pointed-asked-wrong] usage errors: exit with status 2 and name "
    .. "the help", function()
    local cases = {
      ["login --interval 1"] = "3 (Adobe's minimum)",
      ["login --timeout 0"] = "more than 0",
      ["login --timeout -3"] = "got '-3'",
      ["temppass CNN --mvpd a --identity ann@example.com"] = "name=value",
      ["profiles --profile ../x"] = "--profile: expected a name",
      ["help loign"] = "did you mean 'login'?",
      ["profiles --environment nowhere"] = "release-staging",
      ["profiles --environment release-staging --api https://x"] =
        "can not be used together",
      ["profiles --environment release-staging --mgmt https://x"] =
        "--mgmt requires --api",
      ["preauthorize"] = "resource", ["authorize a b"] = "too many",
      ["authorize ''"] = "got an empty text",
      ["login --mvpd ''"] = "--mvpd: expected a value, got an",
      ["login --domain-name ''"] = "--domain-name: expected a value, got an",
      ["login --redirect-url ''"] = "--redirect-url: expected a value, got an",
      ["login --activation-url ''"] = "--activation-url: expected a value, got an",
      ["sandbox --exec ''"] = "--exec: expected a value, got an",
      ["sandbox --exec '  '"] = "--exec: expected a value, got an",
      ["sandbox --exec true --state-dir ''"] = "--state-dir: expected a value, got an",
      ["sandbox --exec true --world ''"] = "--world: expected a value, got an",
      ["sandbox --exec true --record ''"] = "--record: expected a value, got an",
      ["preauthorize a ''"] = "got an empty text",
      ["profiles --api ftp://x"] = "--api should be a URL",
      ["profiles --api https://127.0.0.1:1 --service-provider a/b"] = "REF30",
      ["profiles --api https://127.0.0.1:1 --statement /etc/passwd"] = "JWT",
      ["completion csh"] = "bash", ["reset --this-device"] = "--mvpd",
    }
    local lines = tables.sorted_keys(cases)
    for index, result in ipairs(command_lines.run(lines)) do
      local words, text = lines[index], result.err
      local expected = cases[words]
      assert.same({ "", 2 }, { result.out, result.status })
      assert.is_truthy(text:find(expected, 1, true), text)
      assert.is_truthy(text:find("Try: adobepass " .. words:match "%S+"
        .. " --help", 1, true), text)
    end
    local text, status = shell.read("env -u ADOBEPASS_API " .. COMMAND
      .. "profiles")
    assert.equal(2, status)
    assert.is_truthy(text:find("adobepass sandbox --exec", 1, true))
    text, status = run "login --json --interval x"
    assert.equal(2, status)
    assert.is_truthy(text:find('^{"error":{.*"code":"usage"'))
    assert.is_truthy(run("--json"):find("Try: adobepass --help", 1, true))
  end)

  it("[help-option-before-command] usage errors: say that an option belongs after the "
    .. "command when it is before the command", function()
    for _, words in ipairs { "--profile x login", "--profile=x login" } do
      local text, status = run(words)
      assert.same({ "adobepass: unknown option '--profile': an option of a command "
        .. "belongs after it: adobepass <command> --profile\n"
        .. "Try: adobepass --help", 2 }, { text, status })
    end
    assert.is_truthy(run("--json login"):find("adobepass <command> --json", 1, true))
    assert.is_nil(run("login --profil x"):find("belongs after", 1, true))
  end)
end)

describe("cli manual page", function()
  local page = assert(shell.read_file "bin/adobepass.1")

  it("[help-command-prints] manual page: bin/adobepass.1 equals the "
    .. "command's output", function()
    assert.equal(page, (run "manual") .. "\n",
      "regenerate it: bin/adobepass manual > bin/adobepass.1")
  end)

  it("[help-command-option] manual page: describes every command and "
    .. "option", function()
    for _, name in ipairs(command.NAMES) do
      assert.is_truthy(page:find("\n.SS adobepass " .. name .. "\n", 1,
        true), name)
    end
    local count = 0
    each_option(function(name, alias)
      local written = "\\fB[^\n]*" .. alias:gsub("%-", "\\%%-") .. "[\\,]"
      assert.is_truthy(page:find(written), name .. " " .. alias)
      count = count + 1
    end)
    assert.is_true(count > 100)
    for _, call in ipairs(calls.list) do
      assert.is_truthy(page:find("\n.SS adobepass sandbox control " .. call.name
        .. "\n", 1, true), call.name)
    end
  end)

  it("[help-read-man-complaint] manual page: groff and man print no "
    .. "warnings", function()
    if not exists "groff" then return pending "no groff here" end
    assert.equal("", (shell.read "groff -man -Tutf8 -ww -z bin/adobepass.1"))
    if not exists "man" then return end
    assert.equal("", (shell.read("MANWIDTH=80 man --warnings -l "
      .. "bin/adobepass.1 2>&1 > /dev/null")))
  end)
end)

describe("cli completion", function()
  local place

  setup(function()
    place = folder.make()
    local shells = { "bash", "zsh", "fish" }
    for index, result in ipairs(command_lines.run { "completion bash",
      "completion zsh", "completion fish" }) do
      assert(folder.write(place .. "/" .. shells[index], result.out))
    end
  end)
  teardown(function() folder.remove(place) end)

  local function script(name) return place .. "/" .. name end

  it("[help-taken-each-shell] completion: each shell parses its script",
    function()
    for _, name in ipairs { "bash", "zsh", "fish" } do
      local path = script(name)
      if exists(name) then
        assert.equal("", (shell.read(name .. " -n " .. path)))
      end
    end
  end)

  it("[help-names-option-command] completion: each script lists every option "
    .. "and command", function()
    for _, name in ipairs { "bash", "zsh", "fish" } do
      local text = shell.read_file(script(name))
      each_option(function(_, alias)
        local plain = name == "fish" and alias:gsub("^%-+", "") or alias
        assert.is_truthy(text:find(plain, 1, true), name .. alias)
      end)
    end
  end)

  local function completed(...)
    local words, count = shell.line(...), select("#", ...)
    local output = folder.run("bash -c " .. shell.quote(("source %s; "
      .. "COMP_WORDS=(%s); COMP_CWORD=%d; _adobepass; "
      .. "echo \"${COMPREPLY[@]}\""):format(script "bash", words,
      count - 1)))
    return output
  end

  it("[help-completes-bash] completion: bash completes commands, options and "
    .. "values", function()
    if not exists "bash" then return pending "no bash here" end
    assert.equal("preauthorize", completed("adobepass", "pre"))
    assert.equal("--attributes", completed("adobepass", "login", "--att"))
    assert.equal("release-production release-staging",
      completed("adobepass", "login", "--environment", "rel"))
    assert.equal("--everyone", completed("adobepass", "reset", "--ev"))
    assert.equal("degrade", completed("adobepass", "sandbox", "control", "deg"))
    assert.equal("--username",
      completed("adobepass", "sandbox", "control", "login", "--user"))
  end)
end)
