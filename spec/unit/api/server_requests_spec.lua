--- The requests of a server for its devices, as the sandbox received them.

local client_fixture = require "spec.support.client_fixture"
local core = require "adobepass.core"
local json = require "adobepass.util.json"
local counting_limiter = require "spec.support.counting_limiter"
local operation_setup = require "spec.support.operation_setup"

describe("a server's requests", function()
  local fixture
  after_each(function() fixture = nil end)

  local function new_device(changes, options)
    fixture = client_fixture.new(options)
    local fields = { id = operation_setup.DEVICE, info = operation_setup.INFO,
      ip = "203.0.113.7", port = "53124", user_agent = "TV/1.0" }
    for name, value in pairs(changes or {}) do fields[name] = value end
    return fixture.client:device(fields)
  end

  local LOGIN = { mvpd = "Cablevision", domain_name = "adobe.com",
    redirect_url = "https://adobe.com" }

  -- Sends a request of each kind; returns the journal.
  local function send_all(device)
    assert(device:start_login(LOGIN))
    assert(device.api:profiles())
    assert(device.api:configuration())
    device:authorize("CNN", { mvpd = "Cablevision" })
    device:preauthorize({ "CNN" }, { mvpd = "Cablevision" })
    assert(device:logout { mvpd = "Cablevision",
      redirect_url = "https://adobe.com" })
    return fixture:received()
  end

  it("[server-sends-connection] client:device: sends the device's address, port "
    .. "and user agent", function()
    local seen = 0
    for _, entry in ipairs(send_all(new_device())) do
      seen = seen + 1
      assert.equal("TV/1.0", entry.headers["user-agent"], entry.operation)
      local info = json.decode(core.base64.decode(
        entry.headers["x-device-info"]))
      assert.same({ "203.0.113.7", 53124, "TV/1.0", "TV 5th Gen" },
        { info.connectionIp, info.connectionPort, info.userAgent, info.model })
      local is_registration = entry.path:find "^/o/client/" ~= nil
      assert.equal(not is_registration and "203.0.113.7" or nil,
        entry.headers["x-forwarded-for"])
      assert.is_true(entry.status < 300, entry.operation)
    end
    assert.is_true(seen >= 8)
  end)

  it("[server-temp-pass-identity] preauthorize: sends AP-TempPass-Identity only for "
    .. "a promotional pass, whose user the call names", function()
    local user = { email = core.digest.hex(core.digest.sha256 "user@domain.com") }
    local header = core.base64.encode(json.encode(user))
    local device = new_device { user = user }
    device:preauthorize({ "CNN" }, { mvpd = "Cablevision" })
    device.api:preauthorize { mvpd = "Cablevision", resources = { "CNN" } }
    device:authorize("CNN", { mvpd = "Cablevision" })
    device:preauthorize({ "CNN" }, { mvpd = "flexibleTempPass",
      user = user })
    local sent = {}
    for index, entry in ipairs(fixture:received "preauthorize") do
      sent[index] = entry.headers["ap-temppass-identity"] or false
    end
    assert.same({ false, false, header }, sent)
    assert.equal(header,
      fixture:received "authorize"[1].headers["ap-temppass-identity"])
  end)

  it("[server-forwards-registration] forward_ip_on_registration: registration "
    .. "and token requests carry the device's address", function()
    local device = new_device({}, { forward_ip_on_registration = true })
    assert(device.api:profiles())
    for _, name in ipairs { "register", "token", "profiles" } do
      local list = fixture:received(name)
      assert.equal(1, #list)
      assert.equal("203.0.113.7", list[1].headers["x-forwarded-for"], name)
    end
    device = new_device({}, {})
    assert(device.api:profiles())
    assert.is_nil(fixture:received "register"[1].headers["x-forwarded-for"])
    assert.is_nil(fixture:received "token"[1].headers["x-forwarded-for"])
  end)

  it("[server-forwards-caller] forward_ip_on_registration: a token request carries and "
    .. "counts for the address of the view that makes it, while another one exists",
    function()
      local limiter, counted = counting_limiter()
      local first = new_device({}, { forward_ip_on_registration = true,
        rate_limit = limiter })
      assert(first.api:profiles())
      local before = #counted
      assert(fixture.control.fault { operation = "profiles", kind = "status",
        status = 401 })
      local second = fixture.client:device { id = operation_setup.DEVICE,
        info = operation_setup.INFO, ip = "203.0.113.8" }
      assert(second.api:profiles())
      assert.equal(first.context.credentials, second.context.credentials)
      assert.equal(before + 3, #counted)
      for index = before + 1, before + 3 do
        assert.equal("203.0.113.8", counted[index])
      end
      assert.equal("203.0.113.8",
        fixture:received "token"[2].headers["x-forwarded-for"])
    end)

  it("[server-counts-registration] forward_ip_on_registration: registration and "
    .. "token requests count for the device's address", function()
    for _, forward in ipairs { true, false } do
      local limiter, counted = counting_limiter()
      local device = new_device({}, { forward_ip_on_registration = forward,
        rate_limit = limiter })
      assert(device.api:profiles())
      local own = forward and "203.0.113.7" or "own"
      assert.same({ own, own, "203.0.113.7" }, counted)
    end
  end)

  it("[server-registers-many] forward_ip_on_registration: many devices register "
    .. "at once, within Adobe's limit of each address", function()
    new_device({}, { forward_ip_on_registration = true, rate_limit = true,
      sandbox = { throttle = true } })
    local started = fixture.driver.now()
    for index = 1, 30 do
      assert(fixture.client:device { id = "tv " .. index,
        info = operation_setup.INFO, ip = "192.0.2." .. index }.api:profiles())
    end
    assert.equal(started, fixture.driver.now())
    for _, entry in ipairs(fixture:received()) do
      assert.is_nil(entry.throttled)
    end
  end)

  it("[server-allow-listed] allow_listed: requests for an address on Adobe's "
    .. "list are not delayed", function()
    new_device({}, { rate_limit = { allow_listed = { "own", "192.0.2.1" } } })
    local function seconds_for(address, count)
      local started = fixture.driver.now()
      local device = fixture.client:device { id = "tv " .. address,
        info = operation_setup.INFO, ip = address }
      for _ = 1, count do assert(device.api:profiles()) end
      return fixture.driver.now() - started
    end
    assert.equal(0, seconds_for("192.0.2.1", 40))
    assert.equal(10, seconds_for("192.0.2.2", 20))
    for index = 1, 20 do
      assert.equal(0, seconds_for("198.51.100." .. index, 1))
    end
  end)
end)
