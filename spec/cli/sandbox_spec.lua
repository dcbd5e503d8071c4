-- The other commands inside `adobepass sandbox --exec`, without any option.

local child_process = require "spec.support.child_process"
local folder = require "spec.support.folder"
local json = require "adobepass.util.json"
local shell = require "adobepass.util.shell"

if child_process.is_like_lua54() then return end

local COMMAND = shell.quote(child_process.interpreter()) .. " bin/adobepass "

describe("cli sandbox", function()
  local place, outputs, last_status

  teardown(function() folder.remove(place) end)

  -- Names the interpreter, because the command's first line selects lua5.4.
  local INNER = shell.quote(child_process.interpreter())
    .. ' "$(command -v adobepass)"'

  local function inside(words, options)
    return shell.read(("env -u LUA_PATH -u LUA_CPATH -u ADOBEPASS_STORE HOME=%s "
      .. "XDG_STATE_HOME= %ssandbox %s --exec %s"):format(shell.quote(place), COMMAND,
      options or "", shell.quote(INNER .. " " .. words)))
  end

  -- One sandbox for the commands of three specs, each in a process of its own.
  setup(function()
    place = folder.make()
    local lua = shell.quote(child_process.interpreter())
    local text
    text, last_status = inside("register --json; echo END $?; (cd / && exec " .. lua
      .. [[ -e 'print(require("adobepass").version)'); echo END $?; exec ]] .. INNER
      .. " profiles")
    outputs = { text:match "^(.-)\nEND 0\n(.-)\nEND 0\n(.*)$" }
    assert(outputs[1], text)
  end)

  it("[command-sandbox-found-commands] sandbox --exec: configures the other "
    .. "commands, and deletes their store", function()
    local response = assert(json.decode(outputs[1]))
    assert.equal("REF30", response.service_provider)
    -- The store was deleted with the sandbox.
    assert.is_truthy(response.store:find("/store$"))
    assert.equal(1, select(2, shell.read("test -e " .. response.store)))
    assert.equal("", shell.read("ls -A " .. shell.quote(place)))
  end)

  it("[command-sandbox-keeps-remembered] sandbox --exec: keeps the store "
    .. "with --state-dir", function()
    local text, status = inside("register --json",
      "--state-dir " .. shell.quote(place .. "/state"))
    assert.equal(0, status)
    assert.equal(place .. "/.local/state/adobepass",
      json.decode(text).store)
    assert.equal(0, select(2, shell.read("ls " .. place
      .. "/.local/state/adobepass")))
  end)

  it("[command-sandbox-ends-status-runs] sandbox --exec: exits with the "
    .. "command's status", function()
    assert.same({ "Not logged in. Run adobepass login.", 3 },
      { outputs[3], last_status })
  end)

  it("[command-sandbox-own-service] sandbox --exec: hides the variables that name the "
    .. "user's own service", function()
    local function shown(provider, options)
      return { shell.read(("ADOBEPASS_ENVIRONMENT=release-production "
        .. "ADOBEPASS_SERVICE_PROVIDER=%s %ssandbox %s --exec %s"):format(provider,
        COMMAND, options, shell.quote("echo ${ADOBEPASS_ENVIRONMENT-none} "
          .. "${ADOBEPASS_SERVICE_PROVIDER-none}"))) }
    end
    assert.same({ "none none", 0 }, shown("MINE", ""))
    local world = place .. "/world.lua"
    assert(shell.write_file(world, [[return {
      providers = { MINE = { name = "Mine", domains = { "mine.test" },
        integrations = { Cablevision = {} } } },
      applications = { { id = "mine", name = "Mine",
        redirect_uri = "mine://x", scopes = { "api:client:v2" },
        providers = { "MINE" } } } }]]))
    assert.same({ "none MINE", 0 }, shown("MINE", "--world " .. world))
    assert.same({ "none none", 0 }, shown("FOREIGN", "--world " .. world))
  end)

  it("[command-sandbox-folders] sandbox --exec: works with $CDPATH, and with a "
    .. "relative $TMPDIR that contains a blank", function()
    folder.run(("mkdir %s/'t m p' && ln -s \"$PWD\"/bin %s/bin"):format(place, place))
    local text, status = shell.read(("cd %s && CDPATH=. TMPDIR='t m p' %ssandbox "
      .. "--exec %s"):format(place, COMMAND,
      shell.quote 'command -v adobepass; dirname "$(dirname "$ADOBEPASS_CA")"'))
    assert.same({ place .. "/bin/adobepass\n" .. place .. "/t m p", 0 },
      { text, status })
  end)

  it("[command-sandbox-folder-name] sandbox --exec: works in folders whose names "
    .. "contain characters that nginx and the shell interpret", function()
    for _, name in ipairs { 'a"b', "a$b", [[a '"$\;{}@CA@]] } do
      local path = shell.quote(place .. "/" .. name)
      folder.run("mkdir " .. path)
      local text, status = shell.read(("TMPDIR=%s %ssandbox --state-dir %s/state "
        .. "--exec %s"):format(path, COMMAND, path, shell.quote [[
          curl -s -o /dev/null -w '%{http_code}' --cacert "$ADOBEPASS_CA" \
            "$ADOBEPASS_API/activate"]]))
      assert.same({ "200", 0 }, { text, status }, name)
    end
  end)

  it("[command-sandbox-partial-certificate] sandbox: leaves no key in --state-dir if "
    .. "the certificates are not complete", function()
    local programs, state = place .. "/programs", place .. "/partial"
    folder.run("mkdir " .. programs)
    assert(shell.write_file(programs .. "/openssl", ('#!/bin/sh\n[ "$1" = ca ] || exec '
      .. '%s "$@"\nexit 1\n'):format(folder.run "command -v openssl")))
    folder.run("chmod +x " .. programs .. "/openssl")
    local text, status = shell.read(("PATH=%s:$PATH %ssandbox --state-dir %s "
      .. "--exec true"):format(programs, COMMAND, state))
    assert.equal(1, status)
    assert.is_truthy(text:find("openssl: ", 1, true), text)
    assert.equal("", folder.run("ls -A " .. state))
  end)

  it("[command-sandbox-throttle] sandbox --exec: limits requests as Adobe does, unless "
    .. "--no-throttle is given", function()
    local requests = [[curl -s -o /dev/null -w '%{http_code} ' \
      --cacert "$ADOBEPASS_CA" "$ADOBEPASS_API/api/v2/REF30/profiles?[1-40]"]]
    local function statuses(option)
      return shell.read(COMMAND .. "sandbox " .. option .. " --exec "
        .. shell.quote(requests))
    end
    assert.is_truthy(statuses(""):find "429")
    local _, unlimited = statuses("--no-throttle"):gsub("401", "")
    assert.equal(40, unlimited)
  end)

  it("[command-sandbox-checkout] sandbox --exec: programs find the modules of a "
    .. "checkout", function()
    assert.equal(require("adobepass").version, outputs[2])
  end)

  it("[command-sandbox-error-json] sandbox: a failed start is one line of JSON with "
    .. "--json", function()
    local text, status = shell.read(COMMAND .. "sandbox --json --world /nonexistent")
    local why = assert(json.decode(text), text).error
    assert.same({ "sandbox_failed", 1 }, { why.code, status })
    assert.is_truthy(why.message:find("/nonexistent", 1, true), why.message)
  end)

  it("[command-sandbox-banner] sandbox --exec: names the viewers on a terminal, and "
    .. "prints nothing to a pipe", function()
    local line = COMMAND .. "sandbox --exec true"
    assert.same({ "", 0 }, { shell.read(line) })
    local text = shell.read("script -qec " .. shell.quote(line) .. " /dev/null")
    assert.is_truthy(text:find("The adobepass sandbox is running", 1, true))
    assert.is_truthy(text:find "bob +secret")
    assert.is_truthy(text:find("warning about the certificate", 1, true))
  end)
end)
