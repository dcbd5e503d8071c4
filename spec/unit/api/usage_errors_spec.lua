--- Calls with invalid arguments fail before a request is sent.

local adobepass = require "adobepass"
local valid_options = require "spec.support.valid_options"
local json = require "adobepass.util.json"
local operations = require "adobepass.api.operations"
local assert_raises = require "spec.support.assert_raises"
local client_fixture = require "spec.support.client_fixture"

local NAN, HUGE = 0 / 0, math.huge
local MVPD = "Cablevision"

-- { operation, invalid parameters, text in the message }
local MISUSE = {
  { "profile", {}, "mvpd should be a string, not nil" },
  { "profile", { mvpd = 5 }, "mvpd should be a string" },
  { "profile", { mvp = MVPD }, "unknown parameter 'mvp'" },
  { "profile", "Cablevision", "parameters should be a table, not string" },
  { "profile", { mvpd = MVPD, timeout = "5" }, "timeout should be" },
  { "profile", { mvpd = MVPD, timeout = 0 }, "timeout should be" },
  { "profile", { mvpd = MVPD, timeout = NAN }, "timeout should be" },
  { "profile", { mvpd = MVPD, timeout = HUGE }, "timeout should be" },
  { "profile", { mvpd = MVPD, user = 5 }, "user should be" },
  { "profile", { mvpd = MVPD, user = { email = "a@b.c" } }, "SHA-256" },
  { "profile", { mvpd = MVPD, visitor_id = "a\r\nb" }, "visitor_id" },
  { "profile", { mvpd = MVPD, service_token = 5 }, "service_token" },
  { "profile", { mvpd = MVPD, roku_token = "a", subject_token = "b" },
    "roku_token" },
  { "profile", { mvpd = MVPD, everyone = true }, "everyone" },
  { "authorize", { mvpd = MVPD }, "resources should be a list of strings" },
  { "authorize", { mvpd = MVPD, resources = "CNN" }, "resources should be" },
  { "authorize", { resources = { "CNN" } }, "mvpd should be" },
  { "session", {}, "code should be a string" },
  { "session", { code = 123456 }, "code should be a string" },
  { "create_session", { mvpd = MVPD, domainName = "x" }, "domainName" },
  { "create_session", { redirect_url = {} }, "redirect_url should be" },
  { "partner_session", {}, "partner should be" },
  { "partner_profile", { partner = "Apple" }, "saml_response should be" },
  { "service_token", {}, "either sso_id or link" },
  { "service_token", { sso_id = "a", link = "b" }, "either sso_id or link" },
  { "link", {}, "token should be" },
  { "unlink", { token = "x" }, "devices should be" },
  { "register", {}, "software_statement should be" },
  { "authenticate_url", {}, "code should be" },
}

-- Invalid values that come from viewers and servers: { operation, error code,
-- parameters }. They give an error instead of raising.
local REFUSED = {}

local function refuse(operation, code, params)
  REFUSED[#REFUSED + 1] = { operation, code, params }
end

local CODES = { "", "a/b", "../x", "a b", "a\nb", "a\0b", "é", "%41", "a?b",
  "a#b", "a;b", ".", "..", ("A"):rep(65), ("A"):rep(1024 * 1024) }
for _, code in ipairs(CODES) do
  for _, operation in ipairs { "session", "resume_session",
    "profile_for_code", "authenticate_url" } do
    refuse(operation, "invalid_parameter_code", { code = code })
  end
end

local WORDS = { "", ".", "..", "a\nb", "a\0b", "\127", ("x"):rep(1024 * 1024) }
for _, word in ipairs(WORDS) do
  for _, operation in ipairs { "profile", "logout", "create_session" } do
    refuse(operation, "invalid_parameter_mvpd", { mvpd = word })
  end
  refuse("authorize", "invalid_parameter_mvpd",
    { mvpd = word, resources = { "CNN" } })
  refuse("partner_session", "invalid_parameter_partner", { partner = word })
  refuse("service_token", "invalid_parameter_sso_id", { sso_id = word })
  refuse("service_token", "invalid_parameter_link", { link = word })
  refuse("link", "invalid_parameter_token", { token = word })
  refuse("unlink", "invalid_parameter_token",
    { token = word, devices = { "x" } })
end

refuse("logout", "invalid_parameter_redirect_url",
  { mvpd = MVPD, redirect_url = "" })

for _, list in ipairs { {}, { "" }, { 5 }, { "a", 5 }, { [2] = "a" },
  { "a", [3] = "b" }, { "a", name = "b" }, { name = "b" }, { { "a" } },
  { json.null } } do
  for _, operation in ipairs { "authorize", "preauthorize" } do
    refuse(operation, "invalid_parameter_resources",
      { mvpd = MVPD, resources = list })
  end
  refuse("unlink", "invalid_parameter_devices",
    { token = "x", devices = list })
end

-- Arguments of flows whose values only the request checks: { method, text in the
-- message, arguments }.
local BLANK = { mvpd = MVPD, visitor_id = "a\nb" }
local PENDING = { code = "ABC", expires_at = HUGE }
local FLOW_MISUSE = {
  { "authorize", "device.user", "CNN", { mvpd = MVPD, user = { email = "a@b.c" } } },
  { "authorize", "identity.visitor_id", "CNN", BLANK },
  { "preauthorize", "identity.visitor_id", { "CNN" }, BLANK },
  { "preauthorize", "identity.roku_token", { "CNN" },
    { mvpd = MVPD, subject_token = "a", roku_token = "b" } },
  { "profiles", "identity.partner_status", { partner_status = "{}" } },
  { "refresh_profile", "identity.visitor_id", BLANK },
  { "login", "identity.visitor_id", BLANK },
  { "start_login", "identity.visitor_id", BLANK },
  { "poll_login", "identity.visitor_id", PENDING, { visitor_id = "" } },
  { "check_code", "identity.visitor_id", "ABC", { visitor_id = "" } },
  { "resume_login", "identity.visitor_id", { code = "ABC", visitor_id = "" } },
  { "logout", "identity.visitor_id", BLANK },
  { "partner_login", "identity.visitor_id", { partner = "Apple", respond = print,
    status = {}, visitor_id = "" } },
  { "get_service_token", "parameters should be a table, not number", 5 },
  { "get_service_token", "either sso_id or link", {} },
  { "renew_service_token", "token should be a string, not nil" },
  { "link_device", "token should be a string, not number", 5 },
  { "unlink_devices", "devices should be a list of strings, not string", "x", "y" },
  { "linked_devices", "token should be a string, not table", {} },
  { "partner_login", "client:partner_login: fallback: unknown option 'on_kode': did "
    .. "you mean 'on_code'?", { partner = "Apple", respond = print, status = {},
      fallback = { on_kode = print } } },
  { "partner_login", "client:partner_login: fallback: interval should be 3 seconds or "
    .. "more", { partner = "Apple", respond = print, status = {},
      fallback = { interval = 1 } } },
  { "device", "client:device: options should be a table, not nil" },
  { "device", "client:device: options should be a table, not string", "one" },
}

describe("a call", function()
  local fixture

  before_each(function()
    fixture = client_fixture.new()
    fixture.control.journal { clear = true }
  end)

  after_each(function() fixture = nil end)

  it("[api-usage-raises-programmer] call: wrong arguments raise and send "
    .. "nothing", function()
    for _, case in ipairs(MISUSE) do
      assert_raises(case[3], function()
        local response = fixture.client.api[case[1]](fixture.client.api,
          case[2])
        return response
      end)
    end
    assert.equal(0, #fixture.control.journal())
    print(("misuse: %d of %d"):format(#MISUSE, #MISUSE))
  end)

  it("[api-usage-raises-flow] flows: invalid values raise at the line of the "
    .. "application", function()
    for _, case in ipairs(FLOW_MISUSE) do
      assert_raises(case[2], function()
        local result = fixture.client[case[1]](fixture.client, case[3], case[4])
        return result
      end)
    end
    assert.equal(0, #fixture.control.journal())
  end)

  it("[api-usage-device-id] device_id: raises at the line of the application for a "
    .. "wrong store", function()
    for text, store in pairs { ["should be a table, not nil"] = false,
      ["should be a table, not string"] = "store", ["has no method 'get'"] = {} } do
      assert_raises("adobepass.device_id: store " .. text, function()
        local id = adobepass.device_id(store or nil)
        return id
      end)
    end
  end)

  it("[api-usage-refuses-viewer-server] call: invalid values of a viewer or a "
    .. "server return an error and send nothing",
    function()
      for _, case in ipairs(REFUSED) do
        local response,
          err = fixture.client.api[case[1]](fixture.client.api, case[3])
        assert.is_nil(response)
        assert.equal(case[2], err.code)
        assert.equal(case[1], err.operation)
        assert.is_true(#tostring(err) < 1000)
      end
      assert.equal(0, #fixture.control.journal())
      print(("refused: %d of %d"):format(#REFUSED, #REFUSED))
    end)

  it("[api-usage-client-device-raises] call: raises for a client without a "
    .. "device and names the remedy", function()
    local given = valid_options()
    given.device = nil
    local client = adobepass.new(given)
    for _, operation in ipairs(operations) do
      assert_raises("client:device", function()
        local response = client.api[operation.name](client.api)
        return response
      end)
    end
  end)

  it("[api-usage-device-later-names] client:device: raises for an invalid "
    .. "device and names the field", function()
    assert_raises("device.id", function()
      local view = fixture.client:device {}
      return view
    end)
  end)
end)
