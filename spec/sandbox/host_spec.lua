-- The sandbox in nginx: behavior that in-process specs cannot test.

local child_process = require "spec.support.child_process"
local core = require "adobepass.core"
local folder = require "spec.support.folder"
local host = require "adobepass.sandbox.host"
local json = require "adobepass.util.json"
local process = require "spec.support.process"
local shell = require "adobepass.util.shell"
local tv_client = require "spec.support.tv_client"

if child_process.is_like_lua54() then return end

local function control(running, transport, method, path, body)
  local response = assert(tv_client.fetch(transport, { method = method,
    url = running.control .. "/sandbox" .. path, body = body,
    headers = body and { ["Content-Type"] = "application/json" } or nil }))
  return json.decode(response.body).result, response
end

describe("the sandbox behind nginx", function()
  local running, transport, screen

  setup(function()
    running = assert(host.start { throttle = false })
    transport = assert(core.http.new { ca_file = running.ca, timeout = 20 })
    screen = tv_client.new { transport = transport, api = running.api,
      statement = running.statement }
  end)

  teardown(function()
    transport:close()
    running:stop()
  end)

  before_each(function() control(running, transport, "DELETE", "/faults") end)

  local function get(origin, path, headers)
    return tv_client.fetch(transport, { url = running[origin] .. path,
      headers = headers })
  end

  it("[sandbox-host-three-origins] sandbox host: serves three origins, each "
    .. "with its own paths", function()
    assert.equal(200, get("api", "/activate").status)
    assert.equal(404, get("mgmt", "/activate").status)
    assert.equal(404, get("control", "/activate").status)
    assert.equal(200, get("control", "/sandbox/").status)
    for _, origin in ipairs { "api", "mgmt" } do
      for _, path in ipairs { "/sandbox", "/sandbox/", "/sandbox/journal",
        "/%73andbox/journal", "//sandbox/journal" } do
        assert.equal(404, get(origin, path).status)
      end
    end
    assert.equal(401, tv_client.fetch(transport, { method = "DELETE",
      url = running.mgmt .. "/reset-tempass/v3/reset" }).status)
  end)

  it("[sandbox-host-speaks-http-2] sandbox host: serves HTTP/2 and "
    .. "HTTP/1.1, over TLS only", function()
    assert.equal("2", get("api", "/activate").http_version)
    local old = assert(core.http.new { ca_file = running.ca, http2 = false })
    local response = tv_client.fetch(old, { url = running.api .. "/activate" })
    assert.equal("1.1", response.http_version)
    assert.equal(200, response.status)
    old:close()
    -- A new transport, because a used one may reuse its TLS connection.
    local new = assert(core.http.new {})
    local plain = tv_client.fetch(new, { url = "http" .. running.api:sub(6)
      .. "/activate" })
    new:close()
    assert.equal(400, plain.status)
  end)

  it("[sandbox-host-shows-engine-byte] sandbox host: passes every byte of a "
    .. "request to the engine", function()
    control(running, transport, "DELETE", "/journal")
    tv_client.fetch(transport, { method = "POST", url = running.api
      .. "/api/v2/a%2Fb/sessions?x=%20&y", body = "k=\0\255v",
      headers = { ["X-One"] = "1", ["Content-Type"] = "text/plain" } })
    local entry = control(running, transport, "GET", "/journal")[1]
    assert.equal("POST", entry.method)
    assert.equal("/api/v2/a%2Fb/sessions", entry.path)
    assert.equal("x=%20&y", entry.query)
    assert.equal("1", entry.headers["x-one"])
    assert.equal("127.0.0.1", entry.remote_addr)
  end)

  it("[sandbox-host-reads-body-larger] sandbox host: reads a body that is "
    .. "larger than nginx's buffer", function()
    local large = json.encode { software_statement = ("x"):rep(300000) }
    local response = tv_client.fetch(transport, { method = "POST", body = large,
      url = running.api .. "/o/client/register",
      headers = { ["Content-Type"] = "application/json" } })
    assert.equal(400, response.status)
    assert.is_truthy(response.body:find("invalid_software_statement"))
  end)

  it("[sandbox-host-time-clock-shows] sandbox host: sends Date by the "
    .. "sandbox's clock", function()
    local before = get("api", "/activate").headers.Date
    control(running, transport, "POST", "/clock", '{"advance":86400000}')
    local after = get("api", "/activate").headers.Date
    assert.are_not.equal(before:sub(1, 16), after:sub(1, 16))
    control(running, transport, "POST", "/clock", '{"advance":-86400000}')
  end)

  it("[sandbox-host-keeps-cookies-429] sandbox host: sends both cookies of "
    .. "a 429", function()
    control(running, transport, "POST", "/faults",
      '{"kind":"too_many_requests","operation":"configuration"}')
    local response = get("api", "/api/v2/REF30/configuration")
    local cookies = 0
    for _, pair in ipairs(response.header_list) do
      if pair[1]:lower() == "set-cookie" then cookies = cookies + 1 end
    end
    assert.equal(429, response.status)
    assert.equal(2, cookies)
  end)

  describe("connection faults", function()
    -- Over HTTP/2 and HTTP/1.1, because they fail differently. Over new
    -- connections, because libcurl repeats a request itself if a reused
    -- connection closes before the first byte of the response.
    local transports

    before_each(function()
      transports = {}
      for index, http2 in ipairs { true, false } do
        transports[index] = assert(core.http.new { ca_file = running.ca,
          http2 = http2, timeout = 20, max_body = 100 * 1024 * 1024 })
      end
    end)

    after_each(function()
      for _, one in ipairs(transports) do one:close() end
    end)

    local function fault(order)
      order.operation = "session"
      assert(control(running, transport, "POST", "/faults", json.encode(order)))
    end

    local function ask(one)
      return tv_client.fetch(one, { url = running.api
        .. "/api/v2/REF30/sessions/" .. screen:code(),
        headers = { Authorization = screen.bearer } })
    end

    -- Asserts that one request fails with one of `codes` and the next succeeds.
    local function fails_once(order, codes)
      for _, one in ipairs(transports) do
        fault(order)
        local response, message, code = ask(one)
        assert.is_nil(response, order.kind)
        assert.is_truthy(codes[code], order.kind .. " " .. message)
        assert.equal(200, assert(ask(one)).status)
      end
    end

    it("[sandbox-host-connection-response] sandbox host fault: resets a "
      .. "connection before the response", function()
      fails_once({ kind = "reset_before" }, { connection_lost = true })
    end)

    it("[sandbox-host-connection-within] sandbox host fault: resets a "
      .. "connection within the response", function()
      fails_once({ kind = "reset_within" }, { connection_lost = true })
    end)

    it("[sandbox-host-within-response] sandbox host fault: resets a "
      .. "connection within a response without a body", function()
      for _, one in ipairs(transports) do
        assert(control(running, transport, "POST", "/faults",
          '{"kind":"reset_within","operation":"configuration"}'))
        local _, _, code = tv_client.fetch(one, { url = running.api
          .. "/api/v2/REF30/configuration" })
        assert.equal("connection_lost", code)
      end
    end)

    it("[sandbox-host-connection-response-2] sandbox host fault: resets a "
      .. "connection after the response", function()
      for _, one in ipairs(transports) do
        fault { kind = "reset_after" }
        assert.is_table(json.decode(assert(ask(one)).body))
        -- The next request fails on the closed connection or opens a new one.
        assert.equal(200, assert(ask(one) or ask(one)).status)
      end
    end)

    it("[sandbox-host-tls] sandbox host fault: breaks TLS", function()
      fails_once({ kind = "tls" }, { tls_failed = true,
        connection_lost = true })
    end)

    it("[sandbox-host-tls-begins] sandbox host fault: breaks the TLS "
      .. "handshake for a fault of any operation", function()
      for _ = 1, 2 do
        assert(control(running, transport, "POST", "/faults",
          '{"kind":"tls"}'))
        local new = assert(core.http.new { ca_file = running.ca })
        local response, message, code = tv_client.fetch(new,
          { url = running.api .. "/activate" })
        assert.is_nil(response)
        assert.equal("tls_failed", code, message)
        assert.equal(200, tv_client.fetch(new,
          { url = running.api .. "/activate" }).status)
        new:close()
      end
    end)

    it("[sandbox-host-nothing-late] sandbox host fault: delays a "
      .. "response", function()
      for _, one in ipairs(transports) do
        fault { kind = "delay", seconds = 0.3 }
        local response = assert(ask(one))
        assert.equal(200, response.status)
        assert.is_true(response.timings.total >= 0.29)
      end
    end)

    it("[sandbox-host-rate-limit] sandbox host fault: drips a "
      .. "response", function()
      for _, one in ipairs(transports) do
        fault { kind = "drip", seconds = 0.01, bytes = 16 }
        local response = assert(ask(one))
        assert.equal(200, response.status)
        assert.is_table(json.decode(response.body))
        assert.is_true(response.timings.total > 0.1)
      end
    end)

    it("[sandbox-host-bound-size] sandbox host fault: sends a huge "
      .. "body", function()
      local bytes = 12 * 1024 * 1024 -- more than libcurl's window of HTTP/2
      for _, one in ipairs(transports) do
        fault { kind = "huge", bytes = bytes }
        assert.equal(bytes, #assert(ask(one)).body)
      end
      fault { kind = "huge", bytes = 70 * 1024 * 1024 }
      local _, _, code = ask(transport)
      assert.equal("too_large", code)
      assert.equal(200, assert(ask(transport)).status)
    end)

    it("[sandbox-host-text] sandbox host fault: corrupts the response "
      .. "body", function()
      fault { kind = "truncated" }
      local response = assert(ask(transport))
      assert.is_nil(json.decode(response.body))
      fault { kind = "garbage" }
      assert.equal(64, #assert(ask(transport)).body)
      fault { kind = "wrong_content_type" }
      assert.equal("text/html",
        assert(ask(transport)).headers["Content-Type"])
    end)

    it("[sandbox-host-viewer-left-middle] sandbox host fault: stops when the "
      .. "client disconnects", function()
      local hasty = assert(core.http.new { ca_file = running.ca,
        timeout = 0.2 })
      for _, kind in ipairs { "delay", "drip" } do
        fault { kind = kind, seconds = 30 }
        local _, _, code = ask(hasty)
        assert.equal("timeout", code)
      end
      hasty:close()
      assert.equal(200, assert(ask(transport)).status)
    end)
  end)

  it("[sandbox-host-nothing-complain] sandbox host: logs no errors", function()
    for line in running:log():gmatch("[^\n]+") do
      assert.is_nil(line:find("%[error%].*lua"), line)
      assert.is_nil(line:find("%[alert%]"), line)
      assert.is_nil(line:find("%[crit%]"), line)
    end
  end)
end)

describe("host.start", function()
  local place

  before_each(function() place = folder.make() end)
  after_each(function() folder.remove(place) end)

  it("[sandbox-host-remembers-state] sandbox host: keeps its state in "
    .. "state_dir", function()
    local state = place .. "/new/state"
    local first = assert(host.start { state_dir = state })
    local transport = assert(core.http.new { ca_file = first.ca })
    local screen = tv_client.new { transport = transport, api = first.api,
      statement = first.statement }
    local code = screen:code()
    first:stop()
    transport:close()
    assert.equal("drwx------",
      shell.read(shell.line("ls", "-ld", state)):sub(1, 10))
    assert.equal("-rw-------", shell.read(shell.line("ls", "-l",
      state .. "/state.json")):sub(1, 10))
    local second = assert(host.start { state_dir = state })
    transport = assert(core.http.new { ca_file = second.ca })
    screen.transport, screen.api = transport, second.api
    assert.is_nil(screen:signed_in(code))
    local _, response = screen:call("GET", "/api/v2/REF30/sessions/" .. code)
    assert.equal(200, response.status)
    second:stop()
    transport:close()
  end)

  it("[sandbox-host-keeps-certificate] sandbox host: uses the certificate in state_dir "
    .. "again", function()
    local state = place .. "/the $state"
    local first = assert(host.start { state_dir = state })
    local ca = shell.read_file(first.ca)
    assert.equal(state .. "/adobepass-sandbox-ca.pem", first.ca)
    first:stop()
    local names = shell.read(shell.line("ls", state))
    assert.equal("adobepass-sandbox-ca.pem\nadobepass-sandbox.key\n"
      .. "adobepass-sandbox.pem", names)
    for name in names:gmatch "%S+" do
      assert.equal("-rw-------", shell.read(shell.line("ls", "-l",
        state .. "/" .. name)):sub(1, 10))
    end
    local second = assert(host.start { state_dir = state })
    assert.equal(ca, shell.read_file(second.ca))
    local transport = assert(core.http.new { ca_file = first.ca })
    local transfer = transport:submit { url = second.api .. "/activate" }
    while not transfer:result() do transport:step(1) end
    assert.equal(200, transfer:result().status)
    second:stop()
    transport:close()
  end)

  it("[sandbox-host-foreign-files] sandbox host: changes no other file in "
    .. "state_dir", function()
    local names = { "sandbox.cnf", "sandbox.key", "sandbox.pem", "sandbox-ca.pem",
      "server.key", "server.pem", "server-ca.pem", "server.cnf" }
    for _, name in ipairs(names) do
      assert(shell.write_file(place .. "/" .. name, "foreign"))
    end
    assert(host.start { state_dir = place }):stop()
    for _, name in ipairs(names) do
      assert.equal("foreign", shell.read_file(place .. "/" .. name), name)
    end
  end)

  describe("with a state_dir", function()
    local saved, last

    local function clients_of(path)
      local text = shell.read_file(path .. "/state.json")
      local state = text and json.decode(text)
      return state and next(state.clients) and state.clients
    end

    setup(function()
      local folder_of_all = folder.make()
      local state = folder_of_all .. "/state"
      local elsewhere = folder_of_all .. "/elsewhere"
      local running = assert(host.start { state_dir = state })
      local transport = assert(core.http.new { ca_file = running.ca })
      local given = { transport = transport, api = running.api,
        statement = running.statement }
      tv_client.new(given)
      saved = process.eventually(function() return clients_of(state) end)
      shell.read(shell.line("mv", state, elsewhere))
      tv_client.new(given)
      process.eventually(function()
        return running:log():find("cannot save the state", 1, true)
      end)
      shell.read(shell.line("mv", elsewhere, state))
      running:stop()
      transport:close()
      last = clients_of(state)
      folder.remove(folder_of_all)
    end)

    local function count(clients)
      local found = 0
      for _ in pairs(clients) do found = found + 1 end
      return found
    end

    it("[sandbox-host-writes-change] sandbox host: saves the state after a "
      .. "change", function()
      assert.equal(1, count(assert(saved)))
    end)

    it("[sandbox-host-writes-again] sandbox host: saves the state after a failed "
      .. "write, without another request", function()
      assert.equal(2, count(assert(last)))
    end)
  end)

  it("[sandbox-host-not-start-state] sandbox host: does not start with an "
    .. "unreadable or old state, and says what to do", function()
    local file = place .. "/state.json"
    for text, why in pairs { ["{"] = "malformed JSON", ['{"version":1}'] =
      "invalid 'restore': expected a snapshot of version 2" } do
      assert(shell.write_file(file, text, true))
      local none, message, code = host.start { state_dir = place }
      assert.same({ nil, ("nginx did not start: cannot restore %s: %s; delete the "
        .. "file, or use another --state-dir"):format(file, why), "nginx_failed" },
        { none, message, code })
    end
  end)

  it("[sandbox-host-not-start-no-state] sandbox host: does not start "
    .. "without a writable state_dir", function()
    assert(shell.write_file(place .. "/file", ""))
    local none, message, code = host.start { state_dir = place .. "/file/x" }
    assert.is_nil(none)
    assert.equal("state_dir", code)
    assert.matches("^cannot write to state_dir .*/file/x: mkdir: .", message)
    -- For root every folder is writable.
    local read = shell.read
    shell.read = function() return "", 1 end
    none, message = host.start { state_dir = place }
    shell.read = read
    assert.is_nil(none)
    assert.equal(("cannot write to state_dir %s: the folder is not writable")
      :format(place), message)
  end)

  it("[sandbox-host-port-range] sandbox host: refuses a port when a port derived "
    .. "from it is above 65535", function()
    for _, options in ipairs { { port = 0 }, { port = 1.5 }, { port = 65534 },
        { port = 65533, bind = "127.0.0.2" } } do
      local success, message = pcall(host.start, options)
      assert.is_false(success)
      assert.is_truthy(message:find("invalid port: expected a whole number from 1 to "
        .. (options.bind and 65532 or 65533), 1, true), message)
    end
  end)

  it("[sandbox-host-takes-world-one] sandbox host: loads a world from a "
    .. "file or a table", function()
    assert(shell.write_file(place .. "/world.lua", [[
      local world = require "adobepass.sandbox.data.world"
      world.providers.REF30.name = "My Channel"
      return world]]))
    assert(shell.write_file(place .. "/world.json",
      '{ "providers": { "REF30": { "name": "My Channel" } } }'))
    for _, given in ipairs { place .. "/world.lua", place .. "/world.json",
        { providers = { REF30 = { name = "My Channel" } } } } do
      local running = assert(host.start { world = given })
      local transport = assert(core.http.new { ca_file = running.ca })
      local world = control(running, transport, "GET", "/world")
      assert.is_truthy(json.encode(world):find("My Channel", 1, true))
      running:stop()
      transport:close()
    end
  end)

  it("[sandbox-host-wrong-world] sandbox host: reports errors in a "
    .. "world", function()
    for text, expected in pairs {
      ["return {"] = "world.lua:1:", ["return { lifetimes = 5 }"] =
        "world.lua: 1 mistake\n  lifetimes: expected a table",
      ["error 'no'"] = "world.lua:1: no", ["return 1"] = "expected a table",
    } do
      assert(shell.write_file(place .. "/world.lua", text))
      local none, message = host.start { world = place .. "/world.lua" }
      assert.is_nil(none)
      assert.is_truthy(message:find(expected, 1, true), message)
    end
    local none, message = host.start { world = place .. "/none.lua" }
    assert.is_nil(none)
    assert.is_truthy(message:find("none.lua", 1, true), message)
  end)

  it("[sandbox-host-ports-asked] sandbox host: uses the given ports or "
    .. "reports that they are in use", function()
      local first = assert(host.start())
      local port = tonumber(first.api:match(":(%d+)$"))
      local none, message, code = host.start { port = port }
      assert.is_nil(none)
      assert.equal("port_taken", code)
      assert.is_truthy(message:find(tostring(port), 1, true))
      first:stop()
      local second = assert(host.start { port = port })
      assert.equal("https://127.0.0.1:" .. port, second.api)
      assert.equal("https://127.0.0.1:" .. port + 1, second.mgmt)
      assert.equal("https://127.0.0.1:" .. port + 2, second.control)
      second:stop()
    end)

  it("[sandbox-host-refuses-not-know] sandbox host: refuses unknown "
    .. "options", function()
    assert.has_error(function() host.start { ports = 1 } end,
      "host.start: unknown option 'ports': did you mean 'port'?")
    assert.has_error(function() host.start { port = "8443" } end,
      "host.start: port should be a number, not string")
  end)
end)
