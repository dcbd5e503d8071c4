--- X-Device-Info from the network.

local adobepass = require "adobepass"
local core = require "adobepass.core"
local device = require "adobepass.device"
local device_fields = require "spec.support.device_fields"
local json = require "adobepass.util.json"

local INFO = device_fields.INFO

describe("device.parse", function()
  local function header_of(value)
    return core.base64.encode(json.encode(value))
  end

  -- Asserts that a header is refused with this sentence.
  local function refuses(sentence, header)
    local info, err = device.parse(header)
    assert.is_nil(info)
    assert.same({ "invalid_header_device_info", "none",
      "X-Device-Info " .. sentence }, { err.code, err.action, err.message })
  end

  it("[device-parse] device.parse: returns the info of a header, for "
    .. "client:device", function()
    local info = assert(adobepass.device.parse(header_of(INFO)))
    assert.same(INFO, info)
    assert.same({}, device.check(info))
  end)

  it("[device-parse-lacks] device.parse: returns an error that names the missing "
    .. "keys, and no value", function()
    for _, key in ipairs { "model", "version", "osName", "osVersion",
      "connectionType" } do
      local info = {}
      for name, value in pairs(INFO) do info[name] = value end
      for _, missing in ipairs { false, "", json.null } do
        info[key] = missing or nil
        refuses("lacks " .. key .. ": Adobe requires model, version, osName, "
          .. "osVersion, connectionType.", header_of(info))
      end
    end
    refuses("lacks version, osName, osVersion, connectionType: Adobe requires "
      .. "model, version, osName, osVersion, connectionType.",
      header_of { model = "s3kret" })
  end)

  it("[device-parse-malformed] device.parse: returns an error for a header that "
    .. "is missing, too long or malformed", function()
    refuses("is missing.", nil)
    refuses("is missing.", "")
    refuses("is missing.", { "two headers" })
    refuses("is too long.", header_of { model = ("x"):rep(3100) })
    for _, header in ipairs { "no base64!", core.base64.encode "no JSON",
      header_of "text", header_of { 1, 2 }, core.base64.encode "null",
      core.base64.encode(("["):rep(2000)), core.base64.encode '{"model":' } do
      refuses("should be a JSON object in base64.", header)
    end
  end)

  it("[device-parse-control] device.parse: returns an error for control characters, "
    .. "in any form and at any depth", function()
    for _, text in ipairs { '{"model":"\\u0000"}', '{"model":"a\127"}',
      '{"a\\nb":1}', '{"deep":[{"a":"\\u001b[2J"}]}', '{"a":"\\\\\\t"}' } do
      local more = json.encode(INFO):sub(1, -2) .. "," .. text:sub(2)
      refuses("contains control characters.", core.base64.encode(more))
    end
    local info = {}
    for name, value in pairs(INFO) do info[name] = value end
    info.quoted = '\\u0000 \\n "é"'
    assert.same(info, device.parse(header_of(info)))
  end)

  it("[device-parse-encoded] device.parse: limits the header that the client sends, "
    .. "which may be longer than the received one", function()
    local text = json.encode(INFO):sub(1, -2) .. ',"a":['
      .. ("1e15,"):rep(300) .. "1]}"
    assert.is_true(#core.base64.encode(text) < 3000)
    refuses("is too long.", core.base64.encode(text))
    local info = {}
    for name, value in pairs(INFO) do info[name] = value end
    info.model = ("x"):rep(2900)
    assert(device.parse(header_of(info)))
    info.model = ("x"):rep(3000)
    refuses("is too long.", header_of(info))
  end)

  it("[device-parse-accepted] device.parse: client:device accepts every result",
    function()
      local client_fixture = require "spec.support.client_fixture"
      local client = client_fixture.new().client
      for _, more in ipairs { { deep = { { {} } } },
        { connectionPort = json.null }, { [""] = "" }, { model = 5 } } do
        local info = {}
        for name, value in pairs(INFO) do info[name] = value end
        for name, value in pairs(more) do info[name] = value end
        local parsed = assert(device.parse(header_of(info)))
        assert.is_table(client:device { id = "x", info = parsed,
          ip = "192.0.2.1", port = "443", user_agent = "TV" })
      end
    end)
end)
