-- Runs the command as a separate process.

local child_process = require "spec.support.child_process"
local command_lines = require "spec.cli.command_lines"
local core = require "adobepass.core"
local folder = require "spec.support.folder"
local json = require "adobepass.util.json"
local process = require "spec.support.process"
local shell = require "adobepass.util.shell"
local tables = require "adobepass.util.tables"
local tv_client = require "spec.support.tv_client"

if child_process.is_like_lua54() then return end

local COMMAND = shell.quote(child_process.interpreter()) .. " bin/adobepass "

local RUNS = os.getenv "ADOBEPASS_THOROUGH" and 50 or 2

local function run(words)
  return shell.read(COMMAND .. words)
end

describe("adobepass", function()
  it("[sandbox-command-explains] adobepass: prints help", function()
    local text, status = run "--help"
    assert.equal(0, status)
    assert.is_truthy(text:find("sandbox", 1, true))
    text, status = run "sandbox --help"
    assert.equal(0, status)
    for _, option in ipairs { "--port", "--world", "--state-dir", "--json",
      "--exec", "ADOBEPASS_STATEMENT", "libnginx-mod-http-lua" } do
      assert.is_truthy(text:find(option, 1, true), option)
    end
    for line in text:gmatch("[^\n]+") do
      assert.is_true(#line <= 79, line)
    end
  end)

  it("[sandbox-command-asked-wrong-way] adobepass: reports a usage error "
    .. "with status 2", function()
    local cases = {
      ["--json"] = "--json", ["sandpit"] = "sandpit",
      ["sandbox --nope"] = "nope", ["sandbox --port x"] = "got 'x'",
      ["sandbox --port 65534"] = "1 to 65533", ["sandbox --port 0"] = "1 to 65533",
      ["sandbox --port 65533 --bind 127.0.0.2"] = "1 to 65532, got 65533",
      ["sandbox extra"] = "unknown command",
      ["sandbox --bind 0.0.0.0"] = "an IPv4 address of this machine",
    }
    local lines = tables.sorted_keys(cases)
    for index, result in ipairs(command_lines.run(lines)) do
      local expected, text = cases[lines[index]], result.err
      assert.same({ "", 2 }, { result.out, result.status })
      assert.is_truthy(text:find(expected, 1, true), text)
      assert.is_truthy(text:find("Try: adobepass", 1, true))
    end
  end)
end)

describe("adobepass sandbox", function()
  -- Starts the command. `pid` is its process id, because the shell execs it.
  local function start(words, variables)
    local pipe = assert(io.popen(("echo $$; exec env %s %s%s"):format(variables or "",
      COMMAND, words)))
    return { pipe = pipe, pid = pipe:read("*l") }
  end

  local function ready(words)
    local sandbox = start("sandbox --json " .. (words or ""))
    sandbox.line = sandbox.pipe:read("*l")
    sandbox.settings = assert(json.decode(sandbox.line))
    sandbox.folder = sandbox.settings.ca:match("^(.*)/[^/]*$")
    return sandbox
  end

  local function await_gone(sandbox)
    process.await_end({ sandbox.settings.pid }, sandbox.folder)
  end

  -- Ends a sandbox by a signal, and waits until it has left no process and no file.
  local function end_by(sandbox, signal)
    shell.read(("kill -s %s %s"):format(signal, sandbox.pid))
    sandbox.pipe:close()
    await_gone(sandbox)
  end

  it("[sandbox-command-script-line] adobepass sandbox: prints one JSON line "
    .. "with --json", function()
    local sandbox = ready()
    assert.is_truthy(sandbox.line:find('^{"api":"https://127.0.0.1:%d+",'
      .. '"mgmt":"https://127.0.0.1:%d+","control":"https://127.0.0.1:%d+",'
      .. '"ca":"/[^"]+","statement":"[%w_.-]+","pid":%d+}$'))
    local transport = assert(core.http.new { ca_file = sandbox.settings.ca })
    assert.is_string(tv_client.new { transport = transport,
      api = sandbox.settings.api, statement = sandbox.settings.statement }:code())
    transport:close()
    end_by(sandbox, "TERM")
  end)

  for _, signal in ipairs { "TERM", "HUP", "KILL" } do
    it("[sandbox-command-leaves-behind] adobepass sandbox: leaves "
      .. "no process and no file after SIG" .. signal, function()
      end_by(ready(), signal)
    end)
  end

  it("[sandbox-command-ends-nginx-last] adobepass sandbox: ends when its "
    .. "nginx ends, after all files are deleted", function()
    local sandbox = ready()
    shell.read("kill -s TERM " .. sandbox.settings.pid)
    assert.is_nil(sandbox.pipe:read("*l"))
    sandbox.pipe:close()
    assert.is_false(process.is_alive(sandbox.settings.pid))
    assert.is_false(process.exists(sandbox.folder))
  end)

  -- A terminal sends SIGINT to the whole foreground process group. setsid
  -- creates such a group here.
  it("[sandbox-command-stops-ctrl-c] adobepass sandbox: stops on Ctrl-C "
    .. "with status 130 and deletes its files", function()
    if select(2, shell.read("command -v setsid")) ~= 0 then
      return pending("no setsid here")
    end
    local script = ([[
      trap '' INT
      (trap - INT; exec %ssandbox --json)
      echo "status $?"
    ]]):format(COMMAND)
    local pipe = assert(io.popen("exec setsid sh -c "
      .. shell.quote("echo $$; " .. script)))
    local group = pipe:read("*l")
    local settings = assert(json.decode(pipe:read("*l")))
    shell.read("kill -s INT -- -" .. group)
    assert.equal("status 130", pipe:read("*l"))
    pipe:close()
    assert.is_false(process.is_alive(settings.pid))
    assert.is_false(process.exists(settings.ca))
  end)

  -- Returns what a sandbox prints when it has started.
  local function text_of(words, variables)
    local sandbox = start(words, variables)
    local lines = {}
    repeat
      lines[#lines + 1] = sandbox.pipe:read("*l")
    until lines[#lines]:find("Ctrl-C", 1, true)
    shell.read("kill -s TERM " .. sandbox.pid)
    sandbox.pipe:close()
    return table.concat(lines, "\n")
  end

  it("[sandbox-command-person-next] adobepass sandbox: prints the next steps "
    .. "in plain text by default", function()
    local text = text_of "sandbox"
    assert.is_truthy(text:find("https://127.0.0.1:%d+/activate"))
    assert.is_truthy(text:find("ann +secret"))
    assert.is_truthy(text:find("adobepass login %-%-api https://127.0.0.1:%d+ \\\n +"
      .. "%-%-mgmt https://127.0.0.1:%d+ \\\n"))
    assert.is_truthy(text:find("/server-ca.pem", 1, true))
    assert.is_nil(text:find("\27", 1, true)) -- no colors if the output is a pipe
    assert.is_nil(text:find("@%u+@"))
  end)

  it("[sandbox-command-quoted-paths] adobepass sandbox: quotes a path that contains a "
    .. "blank in the commands to copy", function()
    local place = folder.make()
    finally(function() folder.remove(place) end)
    folder.run("mkdir " .. place .. "/'a b'")
    local text = text_of("sandbox", ("TMPDIR=%s/'a b'"):format(place))
    local rest, statements, certificates
    rest, certificates = text:gsub("'/[^'\n]-/a b/[^'\n]-/server%-ca%.pem'", "")
    rest, statements = rest:gsub("'/[^'\n]-/a b/[^'\n]-/statement'", "")
    assert.same({ 4, 3 }, { certificates, statements })
    assert.is_nil(rest:find("/a b/", 1, true), text)
  end)

  it("[sandbox-command-bind] adobepass sandbox: --bind marks the address as plain "
    .. "HTTP in the text, the JSON and the environment", function()
    local text = text_of "sandbox --bind 127.0.0.2"
    assert.matches("plain HTTP, not encrypted\n +http://127%.0%.0%.2:%d+/activate",
      text)
    local output = run("sandbox --bind 127.0.0.2 --json --exec "
      .. shell.quote "echo $ADOBEPASS_PLAIN_API")
    local line, variable = output:match "^(.-)\n(.*)$"
    assert.matches("^http://127%.0%.0%.2:%d+$", variable)
    assert.equal(variable, assert(json.decode(line)).plain_api)
  end)

  describe("--exec", function()
    local text, status

    setup(function()
      text, status = shell.read("printf in | " .. COMMAND .. "sandbox --exec "
        .. shell.quote("cat; echo out; echo err >&2; env | grep ^ADOBEPASS_ | sort; "
        .. "test -r $ADOBEPASS_CA; exit 7"))
    end)

    it("[sandbox-command-runs-finds] adobepass sandbox --exec: runs a command "
      .. "with the sandbox's variables and returns its status", function()
        assert.equal(7, status)
        for _, name in ipairs { "API", "CA", "CONTROL", "MGMT", "PID",
          "STATEMENT" } do
          assert.is_truthy(text:find("ADOBEPASS_" .. name .. "=", 1, true))
        end
        assert.is_false(process.is_alive(text:match("ADOBEPASS_PID=(%d+)")))
        assert.is_false(process.exists(text:match("ADOBEPASS_CA=([^\n]+)")))
      end)

    it("[sandbox-command-read-write] adobepass sandbox --exec: connects the "
      .. "command to the terminal's streams", function()
      assert.is_truthy(text:find("inout\nerr", 1, true))
    end)

    it("[sandbox-command-128-signal-ended] adobepass sandbox --exec: "
      .. "returns 128 plus the signal that ended the command", function()
      assert.equal(128 + 15, select(2,
        run "sandbox --exec 'kill -s TERM $$'"))
    end)

    it("[sandbox-command-ends-ended] adobepass sandbox --exec: ends the "
      .. "command when the sandbox ends", function()
      local sandbox = start("sandbox --json --exec "
        .. shell.quote("echo $$; exec sleep 600"))
      sandbox.settings = assert(json.decode(sandbox.pipe:read("*l")))
      sandbox.folder = sandbox.settings.ca:match("^(.*)/[^/]*$")
      local command = sandbox.pipe:read("*l")
      shell.read("kill -s TERM " .. sandbox.pid)
      await_gone(sandbox)
      process.await_end { command }
      sandbox.pipe:close()
    end)
  end)

  -- The command line of each process of a run contains a path below TMPDIR.
  it("[sandbox-command-leaves] adobepass sandbox: leaves no process and no "
    .. "file after many runs", function()
    local place = folder.make()
    finally(function() folder.remove(place) end)
    local started = core.clock.monotonic()
    for _ = 1, RUNS do
      local text, status = shell.read(("TMPDIR=%s %s sandbox --exec %s")
        :format(shell.quote(place), COMMAND, shell.quote(
          "curl -s --cacert $ADOBEPASS_CA -o /dev/null -w '%{http_code}' "
          .. "$ADOBEPASS_API/activate")))
      assert.same({ "200", 0 }, { text, status })
      assert.equal("", shell.read("ls -A " .. shell.quote(place)))
    end
    local left = shell.read("grep -lsF " .. shell.quote(place)
      .. " /proc/[0-9]*/cmdline | grep -v self")
    for pid in left:gmatch("/proc/(%d+)/") do
      local line = shell.read_file("/proc/" .. pid .. "/cmdline") or ""
      assert.is_truthy(line == "" or line:find("grep", 1, true), line)
    end
    print(("%d runs in %.1f s"):format(RUNS, core.clock.monotonic() - started))
  end)

  it("[sandbox-command-fails-status-1] adobepass sandbox: a missing world or "
    .. "nginx gives status 1 and a message", function()
    local text, status = run "sandbox --world /nowhere.lua"
    assert.equal(1, status)
    assert.is_truthy(text:find("^adobepass sandbox: .*/nowhere.lua"))
    text, status = shell.read("ADOBEPASS_NGINX=/nowhere " .. COMMAND
      .. "sandbox")
    assert.equal(1, status)
    assert.is_truthy(text:find("nginx not found: $ADOBEPASS_NGINX is '/nowhere'", 1,
      true), text)
  end)

  -- tags: [sandbox-command-world-warnings]
  it("[sandbox-command-world-warnings] adobepass sandbox: prints each warning of a "
    .. "world on standard error, and starts", function()
    local place = folder.make()
    local path = place .. "/world.json"
    assert(shell.write_file(path, '{ "providers": { "NORD": { "name": "N", "domains": '
      .. '["a.test"], "integrations": {} } } }'))
    local text, status = run("sandbox --exec true --world " .. path)
    folder.remove(place)
    assert.same({ "adobepass sandbox: warning: providers.NORD: no application has this "
      .. "service provider; add it to applications[].providers", 0 },
      { text, status })
  end)

  it("[sandbox-command-world-mistakes] adobepass sandbox: prints each mistake of a "
    .. "world on a line", function()
    local place = folder.make()
    local path = place .. "/world.json"
    assert(shell.write_file(path, '{ "mode": 1, "viewers": { "ann": 1 } }'))
    local text, status = run("sandbox --world " .. path)
    folder.remove(place)
    assert.equal(1, status)
    assert.equal("adobepass sandbox: invalid world " .. path .. ": 2 mistakes\n"
      .. "  mode: expected a string, got a number\n"
      .. "  viewers.ann: expected a table, got a number", text)
  end)
end)
