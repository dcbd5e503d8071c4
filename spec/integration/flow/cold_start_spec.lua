--- The requests (from the sandbox's journal) and TLS handshakes (from the
-- client's events) until the first playback, over HTTPS.

local adobepass = require "adobepass"
local many_clients = require "spec.support.many_clients"
local sandbox_host = require "adobepass.sandbox.host"

describe("cold start over HTTPS", function()
  local running, control, clients
  local handshakes

  setup(function()
    running = assert(sandbox_host.start { throttle = false })
    control = many_clients.control(running)
  end)
  teardown(function()
    control:close()
    running:stop()
  end)
  before_each(function()
    control:take()
    clients, handshakes = {}, 0
  end)
  after_each(function()
    for _, client in ipairs(clients) do client:close() end
  end)

  -- Returns a new client with the store of an earlier run.
  local function start(device, store)
    local client = many_clients.new_client(running, { store = store,
      device = { id = device }, on_event = function(event)
        if event.type == "request" and not event.reused then
          handshakes = handshakes + 1
        end
      end })
    clients[#clients + 1] = client
    return client
  end

  local function requests()
    local names = {}
    for index, entry in ipairs((control:take())) do
      names[index] = entry.operation
    end
    return names
  end

  local function permitted(decision, err)
    assert(decision, err)
    assert.is_true(decision.permitted)
    assert.equal("string", type(decision.media_token))
  end

  it("[cold-start-pass-three-requests] cold start with a TempPass: three "
    .. "requests and one handshake", function()
    local client = start "cold"
    permitted(client:temporary_access { mvpd = "TempPass" }:authorize "CNN")
    assert.same({ "register", "token", "authorize" }, requests())
    assert.equal(1, handshakes)
  end)

  it("[cold-start-returning-viewer] cold start of a returning viewer: one "
    .. "request and one handshake", function()
    local store = adobepass.store.memory()
    local client = start("returning", store)
    assert(control:ask("POST", "/sandbox/login", {
      service_provider = "REF30", device = "returning",
      mvpd = "Cablevision", username = "ann" }))
    assert(client:login {})
    control:take()
    handshakes = 0
    local again = start("returning", store)
    assert.equal("Cablevision", assert(again:login {}).mvpd)
    permitted(again:authorize "CNN")
    assert.same({ "authorize" }, requests())
    assert.equal(1, handshakes)
  end)

  it("[cold-start-second-play-request] second playback: one request and no "
    .. "handshake", function()
    local client = start "second"
    local pass = client:temporary_access { mvpd = "TempPass" }
    permitted(pass:authorize "CNN")
    control:take()
    handshakes = 0
    permitted(pass:authorize "TBS")
    assert.same({ "authorize" }, requests())
    assert.equal(0, handshakes)
  end)

  it("[cold-start-login-handshake] cold start with a login: only the required "
    .. "requests and one handshake", function()
    local client = start "login"
    local flow = assert(client:start_login { mvpd = "Cablevision",
      domain_name = "adobe.com", redirect_url = "https://adobe.com" })
    assert.same({ "register", "token", "profiles", "create_session" },
      requests())
    assert(control:ask("POST", "/sandbox/login",
      { code = flow.code, username = "ann" }))
    control:take()
    assert(client:poll_login(flow))
    permitted(client:authorize "CNN")
    assert.same({ "profile_for_code", "authorize" }, requests())
    assert.equal(1, handshakes)
  end)

  it("[cold-start-catalog-25-five] catalog of 25 resources: five "
    .. "requests", function()
    local client, list = start "catalog", {}
    for index = 1, 25 do list[index] = "R" .. index end
    assert(control:ask("POST", "/sandbox/login", {
      service_provider = "REF30", device = "catalog",
      mvpd = "Cablevision", username = "ann" }))
    assert(client:login {})
    control:take()
    assert.equal(25, #assert(client:preauthorize(list)).permitted)
    assert.equal(5, #requests())
  end)
end)
