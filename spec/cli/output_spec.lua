-- Standard output: text of the service is escaped, failed writes are reported.

local child_process = require "spec.support.child_process"
local command_fixture = require "spec.cli.command_fixture"
local json = require "adobepass.util.json"
local shell = require "adobepass.util.shell"

if child_process.is_like_lua54() then return end

local INTERPRETER = shell.quote(child_process.interpreter())
local COMMAND = INTERPRETER .. " bin/adobepass "

-- Text that the service could send: escape sequences, C1 controls as UTF-8 and
-- as single bytes, and a NUL.
local HOSTILE = [["A\27[2J\27]0;x\7B\194\155C\155D\0E\nF"]]

-- Replaces the client by one that returns hostile text, then runs a script.
local PREPARE = ([[
  local HOSTILE = %s
  local errors = require "adobepass.api.errors"
  local settings = require "adobepass.cli.settings"
  local client = { api = {} }
  function client:now_ms() return 0 end
  function client:client_id() return HOSTILE end
  function client.api:profiles() return {} end
  function client:profiles()
    return { { mvpd = HOSTILE, type = HOSTILE, not_after = HOSTILE,
      attributes = { [HOSTILE] = HOSTILE } } }
  end
  function client:authorize()
    return { permitted = true, resource = HOSTILE, media_token = HOSTILE }
  end
  function client:preauthorize()
    return { mvpd = HOSTILE, permitted = {}, decisions = { {
      resource = HOSTILE, permitted = false, reason = HOSTILE,
      error = errors.new { code = HOSTILE, message = HOSTILE } } } }
  end
  client.logout = function()
    return { { mvpd = HOSTILE, outcome = "no_browser", url = HOSTILE } }
  end
  function settings.client()
    return client, { service_provider = HOSTILE, folder = "f",
      origins = { api = HOSTILE } }
  end
  local function run(name, arguments)
    return require("adobepass.cli." .. name).run(arguments)
  end
  local flow = { code = HOSTILE, url = HOSTILE, mvpd = HOSTILE, qr = HOSTILE }
  local code_screen = require "adobepass.cli.code_screen"
  local report = require "adobepass.cli.report"
]]):format(HOSTILE)

local function output_of(script)
  -- The redirection keeps the script's errors out of the output.
  return shell.read(INTERPRETER .. " -e "
    .. shell.quote(PREPARE .. script))
end

local END = '\nio.stdout:write "\\1" io.stdout:flush()\n'

-- Runs scripts in one process. Returns a list of their outputs.
local function outputs_of(scripts)
  local texts = {}
  for text in output_of(table.concat(scripts, END) .. END):gmatch "([^\1]*)\1" do
    texts[#texts + 1] = text:gsub("\n$", "")
  end
  assert.equal(#scripts, #texts)
  return texts
end

describe("cli output", function()
  local fixture

  setup(function() fixture = command_fixture.start() end)
  teardown(function() fixture:stop() end)

  it("[command-output-escapes-service] terminal: escapes control characters "
    .. "of the service", function()
    local scripts = {
      "code_screen.show_plain(flow)", "code_screen.show(flow, true)",
      "code_screen.show(flow, false)",
      'run("register", {})', 'run("register", { json = true })',
      'run("authorize", { token = true })', 'run("authorize", {})',
      'run("authorize", { token = true, json = true })',
      'run("profiles", { attributes = true })', 'run("profiles", {})',
      'run("profiles", { attributes = true, json = true })',
      'run("logout", { redirect_url = "https://a.example" })',
      'run("logout", { redirect_url = "https://a.example", json = true })',
      'report.failure("x", errors.new { code = "c", message = HOSTILE, '
        .. "details = HOSTILE })",
      "report.events(false) { type = HOSTILE, [HOSTILE] = HOSTILE }",
    }
    local texts = outputs_of(scripts)
    for index, script in ipairs(scripts) do
      local text = texts[index]
      assert.is_truthy(text:find("[2J", 1, true), script .. ": " .. text)
      assert.is_nil(text:find "[%z\1-\9\11-\31\127]", script)
      assert.is_nil(text:find("\194\155", 1, true), script)
      assert.is_nil(text:find("C\155", 1, true), script)
      assert.is_nil(text:find("\nF", 1, true), script)
      if script:find("json", 1, true) then
        assert.is_table(json.decode(text), script)
      end
    end
  end)

  it("[command-output-no-token] authorize --token: says on standard error that a "
    .. "permit has no media token", function()
    assert.equal("The permit contains no media token.\n1", output_of [[
      io.stderr = io.stdout
      function client:authorize() return { permitted = true, resource = "CNN" } end
      print(run("authorize", { token = true }))]])
  end)

  it("[command-output-forged-style] terminal: prints only its own styles",
    function()
    local text = output_of [[
      local terminal = require "adobepass.cli.terminal"
      terminal.is_terminal = function() return true end
      terminal.print(terminal.paint("BOLD", "a\27[31mb") .. "\27[1m")]]
    assert.equal("\27[1ma\\x1b[31mb\27[0m\\x1b[1m", text)
  end)

  it("[command-output-write-fails] terminal: a failed write to standard output "
    .. "exits with status 1", function()
    for _, arguments in ipairs { "register --json", "register", "manual",
      "completion bash", "--version", "login --json", "sandbox --json" } do
      local out, err, status = fixture:run(arguments .. " > /dev/full")
      assert.same({ "", 1 }, { out, status }, arguments)
      assert.is_truthy(err:find("standard output", 1, true), arguments .. err)
    end
  end)

  it("[command-logout-unknown-action] logout: exits with status 1 when the service "
    .. "requires an unknown action", function()
    assert.equal("Dish  Logged out on this device only: the service requires an "
      .. "action that this version does not support.\n1", output_of [[
      client.logout = function()
        return { { mvpd = "Dish", outcome = "unknown" } }
      end
      print(run("logout", { redirect_url = "https://a.example" }))]])
  end)

  it("[command-output-no-home] settings: an empty HOME is no folder for the "
    .. "store", function()
    local text, status = shell.read("env HOME= XDG_STATE_HOME= "
      .. "ADOBEPASS_STORE= " .. COMMAND .. "profiles --timeout 1 --api "
      .. "https://127.0.0.1:1")
    assert.equal(2, status)
    assert.is_truthy(text:find("set HOME", 1, true), text)
  end)
end)
