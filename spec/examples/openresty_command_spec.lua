--- The command that starts the gateway: it prints one line of JSON and stops
-- everything that it started.

local child_process = require "spec.support.child_process"
local folder = require "spec.support.folder"
local json = require "adobepass.util.json"
local gateway_nodes = require "spec.examples.gateway_nodes"
local process = require "spec.support.process"
local shell = require "adobepass.util.shell"
local gateway_client = require "spec.examples.gateway_client"

-- nginx runs its own Lua, so one run of these specs is enough.
if child_process.interpreter() ~= "lua5.4" then return end

local RUN = "examples/openresty/run"

describe("examples/openresty/run", function()
  -- Starts the command, with variables. Returns its process id and its first output.
  local function start(arguments, variables)
    local pipe = assert(io.popen(("echo $$; exec env %s %s --json %s 2>&1"):format(
      variables or "", RUN, arguments or "")))
    return pipe, pipe:read "*l", assert(json.decode(pipe:read "*l"))
  end

  local function await_all_gone(started)
    local pids = { started.redis.pid, started.sandbox and started.sandbox.pid }
    for _, node in ipairs(started.nodes) do pids[#pids + 1] = node.pid end
    process.await_end(pids, started.folder)
  end

  -- Ctrl-C signals all processes of a terminal; another spec below tests it.
  for _, signal in ipairs { "TERM", "KILL", "HUP" } do
    it("[gateway-command-leaves-behind] examples/openresty/run: stops "
      .. "everything on SIG" .. signal, function()
      local pipe, pid, started = start()
      assert.equal(2, #started.nodes)
      local tv = gateway_client.new()
      for _, node in ipairs(started.nodes) do
        assert.equal(200, (tv:get(node.operator .. "/health/ready")))
      end
      assert.equal(200, (tv:post(started.nodes[1].url .. "/login")))
      tv:close()
      folder.run(("kill -s %s %s"):format(signal, pid))
      await_all_gone(started)
      pipe:close()
    end)
  end

  it("[gateway-command-behind-ctrl-c] examples/openresty/run: stops everything "
    .. "on Ctrl-C", function()
    local path = folder.make()
    local out = path .. "/out"
    local pipe = assert(io.popen(("exec setsid sh -c 'echo $$; exec %s "
      .. "--json > %s 2>&1'"):format(RUN, out)))
    local pid = pipe:read "*l"
    local started = process.eventually(function()
      local line = (folder.read(out) or ""):match "^(.-)\n"
      return line and assert(json.decode(line))
    end)
    folder.run("kill -s INT -- -" .. pid)
    await_all_gone(started)
    pipe:close()
    folder.remove(path)
  end)

  it("[gateway-command-environment] examples/openresty/run: uses settings of the "
    .. "environment, also after a reload", function()
    local pipe, pid, started = start("--nodes 1", "GATEWAY_LANGUAGE=es")
    local node, tv, texts = started.nodes[1], gateway_client.new(), {}
    tv:post(node.url .. "/login")
    texts[1] = select(2, tv:post(node.url .. "/play/cnn")).viewer_text
    local former = gateway_nodes.workers { server = { pid = node.pid } }
    folder.run("kill -HUP " .. node.pid)
    gateway_nodes.await_end(former)
    texts[2] = select(2, tv:post(node.url .. "/play/cnn")).viewer_text
    tv:close()
    folder.run("kill -s TERM " .. pid)
    await_all_gone(started)
    pipe:close()
    local spanish = "Inicie sesión con su proveedor de TV."
    assert.same({ spanish, spanish }, texts)
  end)

  it("[gateway-command-starts-sandbox] examples/openresty/run: starts without "
    .. "a sandbox for the real service", function()
    local path = folder.make()
    folder.write(path .. "/statement", "eyJhbGciOiJSUzI1NiJ9.e30.c2ln\n")
    folder.write(path .. "/settings.json", json.encode {
      service_provider = "REF30", environment = "release-staging",
      statement_file = path .. "/statement", domain_name = "adobe.com",
      redirect_url = "https://adobe.com", channels = json.array { {
        id = "news", resource = "News", title = "News" } } })
    local pipe, pid, started = start("--nodes 1 --settings " .. path
      .. "/settings.json")
    assert.is_nil(started.sandbox)
    assert.equal(1, #started.nodes)
    local tv = gateway_client.new()
    assert.equal(200, (tv:get(started.nodes[1].operator .. "/health/ready")))
    assert.equal(401, (tv:get(started.nodes[1].url .. "/hls/news/index.m3u8")))
    tv:close()
    folder.run("kill -s TERM " .. pid)
    await_all_gone(started)
    pipe:close()
    folder.remove(path)
  end)

  -- The text that the message must contain, and the invalid setting.
  for what, change in pairs {
    chanels = { chanels = {} },
    ["../etc"] = { channels = { { id = "../etc", resource = "x",
      title = "x" } } },
    ["/nowhere"] = { statement_file = "/nowhere" },
    ["expected a software statement"] = { statement_file = "/etc/hostname" },
    ["release%-nowhere"] = { environment = "release-nowhere" },
    ["device_keys"] = { device_keys = json.array {} },
    ["shorter than 32 bytes"] = { ticket_keys = json.array {
      { id = "short", file = "/etc/hostname" } } },
  } do
    it("[gateway-command-wrong-settings] examples/openresty/run: reports "
      .. "invalid settings with the text '" .. what .. "'", function()
      local path = folder.make()
      folder.write(path .. "/statement", "eyJhbGciOiJSUzI1NiJ9.e30.c2ln")
      local settings = { service_provider = "REF30",
        environment = "release-staging", domain_name = "adobe.com",
        statement_file = path .. "/statement",
        redirect_url = "https://adobe.com",
        channels = json.array { { id = "a", resource = "A", title = "A" } } }
      for name, value in pairs(change) do settings[name] = value end
      folder.write(path .. "/settings.json", json.encode(settings))
      local started, status = shell.read(("%s --settings %s/settings.json")
        :format(RUN, path))
      assert.equal(2, status)
      assert.truthy(started:find("The gateway did not start", 1, true), started)
      assert.truthy(started:find(what), started)
      assert.is_nil(started:find("traceback", 1, true), started)
      folder.remove(path)
    end)
  end

  it("[gateway-command-wrong-nodes] examples/openresty/run: refuses a number of nodes "
    .. "that is not a whole number of 1 or more", function()
    for _, nodes in ipairs { "0", "-1", "1.5", "two" } do
      local text, status = shell.read(RUN .. " --nodes " .. nodes)
      assert.same({ "invalid --nodes: expected a whole number of 1 or more, got '"
        .. nodes .. "'", 2 }, { text, status })
    end
  end)

  it("[gateway-command-explains] examples/openresty/run: prints its "
    .. "usage", function()
    local started, status = shell.read(RUN .. " --help")
    assert.equal(2, status)
    assert.truthy(started:find("usage: examples/openresty/run", 1, true))
  end)
end)
