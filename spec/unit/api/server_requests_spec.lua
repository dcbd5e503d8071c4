--- The requests of a server for its devices, as the sandbox received them.

local client_fixture = require "spec.support.client_fixture"
local core = require "adobepass.core"
local json = require "adobepass.util.json"
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
    local code = fixture:received "create_session"[1]
    assert(code)
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
    assert.is_true(seen >= 9)
  end)
end)
