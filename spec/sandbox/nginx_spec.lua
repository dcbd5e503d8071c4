local child_process = require "spec.support.child_process"
local core = require "adobepass.core"
local nginx = require "adobepass.sandbox.host.nginx"
local process = require "spec.support.process"
local shell = require "adobepass.util.shell"
local tv_client = require "spec.support.tv_client"

if child_process.is_like_lua54() then return end

local function hello(ports)
  return ("http { server { listen 127.0.0.1:%d; return 200 hello; } }")
    :format(ports[1])
end

local CHILD = [[
local nginx = require "adobepass.sandbox.host.nginx"
local server = assert(nginx.start { config = function(ports)
  return "http { server { listen 127.0.0.1:" .. ports[1]
    .. "; return 200 hello; } }"
end })
print(server.pid, server.folder)
io.stdout:flush()
]]

describe("nginx.start", function()
  local transport = assert(core.http.new())
  local server

  after_each(function()
    if server then server:stop() end
    server = nil
  end)

  teardown(function() transport:close() end)

  local function get(port)
    return tv_client.fetch(transport,
      { url = "http://127.0.0.1:" .. port .. "/" })
  end

  it("[nginx-responses-returns-stopped] nginx: accepts connections after "
    .. "start, and none after stop", function()
    server = assert(nginx.start { config = hello })
    assert.equal("hello", assert(get(server.ports[1])).body)
    local pid, folder = server.pid, server.folder
    assert.is_true(process.is_alive(pid))
    server:stop()
    assert.is_false(process.is_alive(pid))
    assert.is_false(process.exists(folder))
    assert.is_nil(get(server.ports[1]))
  end)

  it("[nginx-stops-however-often] nginx: stop is idempotent", function()
    server = assert(nginx.start { config = hello })
    server:stop()
    server:stop()
  end)

  it("[nginx-keeps-folder] nginx: makes its folder private", function()
    server = assert(nginx.start { config = hello })
    assert.equal("drwx------",
      shell.read(shell.line("ls", "-ld", server.folder)):sub(1, 10))
  end)

  it("[nginx-free-ports-asked] nginx: finds the given number of free "
    .. "ports", function()
    server = assert(nginx.start { ports = 4, config = hello })
    local seen, different = {}, 0
    for _, port in ipairs(server.ports) do
      if not seen[port] then different = different + 1 end
      seen[port] = true
    end
    assert.equal(4, different)
  end)

  it("[nginx-takes-other-ports] nginx: tries other ports when one is in "
    .. "use", function()
    local first = assert(nginx.start { config = hello })
    local asked = 0
    server = assert(nginx.start { config = function(ports)
      asked = asked + 1
      if asked == 1 then return hello(first.ports) end
      return hello(ports)
    end })
    assert.equal(2, asked)
    assert.equal("hello", assert(get(server.ports[1])).body)
    first:stop()
  end)

  it("[nginx-port-asked] nginx: reports that a given port is in "
    .. "use", function()
    local first = assert(nginx.start { config = hello })
    local second, message, code = nginx.start { config = hello,
      ports = first.ports }
    assert.is_nil(second)
    assert.equal("port_taken", code)
    assert.is_truthy(message:find(tostring(first.ports[1]), 1, true))
    first:stop()
  end)

  it("[nginx-bad-configuration] nginx: returns nginx's message about a bad "
    .. "configuration", function()
    local folder
    local bad, message, code = nginx.start { config = function(_, place)
      folder = place
      return "http { nonsense; }"
    end }
    assert.is_nil(bad)
    assert.equal("nginx_failed", code)
    assert.is_truthy(message:find('unknown directive "nonsense"', 1, true))
    assert.is_false(process.exists(folder))
  end)

  it("[nginx-passes-configuration] nginx: returns the failure of the "
    .. "config function and raises its errors", function()
      local folder
      local none, message, code = nginx.start { config = function(_, place)
        folder = place
        return nil, "no certificates", "openssl"
      end }
      assert.same({ nil, "no certificates", "openssl" },
        { none, message, code })
      assert.is_false(process.exists(folder))
      assert.has_error(function()
        nginx.start { config = function() error("oops", 0) end }
      end, "oops")
    end)

  it("[nginx-refuses-not-know] nginx: refuses unknown options", function()
    assert.has_error(function() nginx.start { configuration = "" } end,
      "nginx.start: unknown option 'configuration'")
    assert.has_error(function() nginx.start {} end,
      "nginx.start: missing option 'config'")
    assert.has_error(function() nginx.start { config = 1 } end)
  end)

  it("[nginx-names-program] nginx: the error names a program that does not "
    .. "exist", function()
    local none, message, code = nginx.start { config = hello,
      nginx = "/nowhere/nginx" }
    assert.is_nil(none)
    assert.equal("nginx_failed", code)
    assert.is_truthy(message:find("nowhere", 1, true))
  end)

  it("[nginx-runs-command-status] nginx: runs a command and returns its "
    .. "status", function()
    server = assert(nginx.start { config = hello })
    assert.equal(0, server:run("true"))
    assert.equal(7, server:run("exit 7"))
    assert.equal(137, server:run("kill -KILL $$"))
    assert.is_false(process.exists(server.folder .. "/command.pid"))
  end)

  it("[nginx-notices-ended] nginx: detects that the process ended", function()
    server = assert(nginx.start { config = hello })
    shell.read("kill -s TERM " .. server.pid)
    assert.is_true(server:wait())
  end)

  it("[nginx-workers-asked] nginx: starts the given number of "
    .. "workers", function()
    server = assert(nginx.start { config = hello, workers = 3 })
    local path = ("/proc/%d/task/%d/children"):format(server.pid, server.pid)
    process.eventually(function()
      return select(2, shell.read_file(path):gsub("%d+", "")) == 3
    end, "workers")
  end)

  it("[nginx-starts-ended] nginx: restarts with the same folder and "
    .. "ports", function()
    server = assert(nginx.start { config = hello })
    local pid, port = server.pid, server.ports[1]
    shell.read("kill -s TERM " .. pid)
    assert.is_true(server:restart())
    assert.not_equal(pid, server.pid)
    assert.equal("hello", assert(get(port)).body)
    server:stop()
    assert.is_false(process.is_alive(server.pid))
  end)

  it("[nginx-workers-killed] nginx: ends the workers when the master was "
    .. "killed", function()
    server = assert(nginx.start { config = hello })
    local children = ("/proc/%d/task/%d/children"):format(server.pid, server.pid)
    -- nginx starts it after it is ready.
    local worker = process.eventually(function()
      return shell.read_file(children):match "%d+"
    end, "worker")
    shell.read("kill -s KILL " .. server.pid)
    assert.is_true(server:restart())
    assert.is_false(process.is_alive(worker))
    assert.equal("hello", assert(get(server.ports[1])).body)
  end)

  it("[nginx-why-not-start] nginx: a failed restart returns the "
    .. "reason", function()
    server = assert(nginx.start { config = hello })
    shell.write_file(server.folder .. "/nginx.conf", "nonsense;")
    shell.read("kill -s TERM " .. server.pid)
    local none, message, code = server:restart()
    assert.is_nil(none)
    assert.equal("nginx_failed", code)
    assert.is_truthy(message:find("nonsense", 1, true))
  end)

  -- command_spec.lua tests SIGINT: a terminal sends it to a process group.
  for _, signal in ipairs { "KILL", "TERM", "HUP" } do
    it("[nginx-owner-sig] nginx: ends when its owner ends by SIG"
      .. signal, function()
      local pipe = assert(io.popen("echo $$; exec "
        .. child_process.command(CHILD .. "server:wait()")
        .. " 2>&1"))
      local owner = pipe:read("*l")
      local pid, folder = pipe:read("*l"):match("^(%d+)%s+(%S+)$")
      assert.is_true(process.is_alive(pid))
      shell.read(("kill -s %s %s"):format(signal, owner))
      pipe:close()
      process.await_end({ pid }, folder)
    end)
  end

  it("[nginx-keeper-killed] nginx: ends, and its folder is removed, when its "
    .. "keeper is killed", function()
    local child = child_process.start(CHILD
      .. "require('adobepass.core').clock.sleep(600)")
    local pid, folder = child:line():match("^(%d+)%s+(%S+)$")
    local keeper = shell.read("pgrep -P " .. child.pid)
    shell.read("kill -s KILL " .. keeper)
    local has_ended = pcall(process.await_end, { pid }, folder)
    child:kill()
    shell.read("kill -s KILL " .. pid)
    assert.is_truthy(keeper:match "^%d+$")
    assert.is_true(has_ended)
  end)

  it("[nginx-owner-ends-forgets] nginx: ends when its owner exits or its "
    .. "object is collected", function()
    local output = child_process.run(CHILD .. "server = nil; os.exit(0)")
    local pid, folder = output:match("^(%d+)%s+(%S+)")
    process.await_end({ pid }, folder)
  end)

  it("[nginx-not-wait-command-outlives] nginx: does not wait for a command "
    .. "that outlives its owner", function()
    local pipe = assert(io.popen("echo $$; exec " .. child_process.command(CHILD
      .. "server:run('echo $$; exec sleep 600')") .. " 2>&1"))
    local owner = pipe:read("*l")
    local pid, folder = pipe:read("*l"):match("^(%d+)%s+(%S+)$")
    local command = pipe:read("*l")
    shell.read("kill -s KILL " .. owner)
    process.await_end({ pid, command }, folder)
    pipe:close()
  end)

  -- Starts a command whose shell runs a program, and ends the owner of nginx. Returns
  -- whether nginx and its folder are gone, and the program's process id.
  local function end_owner(program)
    local child = child_process.start(CHILD .. ("server:run(%q)"):format(
      ("sh -c 'echo $$; %s exec sleep 600'; true"):format(program)))
    local pid, folder = child:line():match("^(%d+)%s+(%S+)$")
    local command = child:line()
    shell.read("kill -s TERM " .. child.pid)
    return process.eventually(function()
      return not process.is_alive(pid) and not process.exists(folder)
    end), command
  end

  it("[nginx-command-program] nginx: ends the program that the command's shell runs, "
    .. "when its owner ends", function()
    local has_ended, program = end_owner ""
    local is_ended = process.eventually(function()
      return not process.is_alive(program)
    end)
    shell.read("kill -s KILL " .. program)
    assert.same({ true, true }, { has_ended, is_ended })
  end)

  it("[nginx-command-ignores-term] nginx: ends with its owner, although a program of "
    .. "the command ignores SIGTERM", function()
    local has_ended, program = end_owner 'trap "" TERM;'
    shell.read("kill -s KILL " .. program)
    assert.is_true(has_ended)
  end)
end)
