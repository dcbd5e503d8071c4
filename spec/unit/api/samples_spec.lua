--- Adobe's samples: the client sends their requests and returns their
-- responses.

local adobepass = require "adobepass"
local fake_driver = require "spec.support.fake_driver"
local sandbox_fixture = require "spec.sandbox.fixture"
local json = require "adobepass.util.json"
local samples = require "spec.support.samples"
local scripted_transport = require "spec.support.scripted_transport"
local client_fixture = require "spec.support.client_fixture"
local wire = require "adobepass.sandbox.engine.url_encoding"

-- Samples whose request differs from the table on the same page.
local ROW_WINS = {
  configuration = "the sample lacks AP-Device-Identifier, which the table has",
}

local function prepared_client(sample, transport, driver, sandbox)
  return adobepass.new {
    service_provider = sample.service_provider,
    environment = { api = sandbox.api, mgmt = sandbox.mgmt },
    software_statement = sandbox.control.statement(), transport = transport,
    driver = driver, device = sample.device, rate_limit = false,
    random = function() return 0.5 end, retry = { attempts = 1 },
  }
end

local function body_of(entry)
  if entry.headers["content-type"] == "application/json" then
    return json.decode(entry.body)
  end
  return wire.form(entry.body)
end

local function strip_dots(values)
  local result = {}
  for name, value in pairs(values) do
    result[name] = type(value) == "string" and value:gsub("%.%.%.$", "")
      or value
  end
  return result
end

local function expected_body(sample)
  local body = sample.body
  if type(body) == "string" then body = wire.form(body) end
  return strip_dots(body or {})
end

local function unescaped(path)
  return (wire.unescape(path))
end

local function check_request(sample, entry)
  assert.equal(sample.method, entry.method)
  assert.equal(unescaped(sample.path), unescaped(entry.path))
  assert.same(sample.query, (wire.form(entry.query)))
  assert.same(expected_body(sample), body_of(entry))
  local sent = {}
  for name, value in pairs(entry.headers) do sent[name] = value end
  sent.host, sent.authorization = nil, sent.authorization and true
  if ROW_WINS[sample.file] then sent["ap-device-identifier"] = nil end
  assert.same(sample.headers, sent)
end

local function new_transport(sample)
  local headers = {}
  for name, value in pairs(sample.response.headers or {}) do
    headers[name:lower()] = value
  end
  return scripted_transport.adobe(
    { status = sample.response.status, headers = headers,
    body = json.encode(sample.response.json) }, sample.operation)
end

local FIELDS = { code = "code", action = "action", status = "status",
  message = "message", details = "details", helpUrl = "help_url",
  trace = "trace" }

local function check_error(sample, err)
  local documented = sample.response.json
  assert.equal(sample.response.status, err.http_status)
  if type(documented.error) == "string" then
    return assert.equal(documented.error, err.code)
  end
  for name, field in pairs(FIELDS) do
    assert.equal(documented[name], err[field], name)
  end
end

describe("Adobe's samples through client.api", function()
  local requests, responses = 0, 0

  for _, sample in ipairs(samples.all()) do
    if sample.operation ~= "authenticate_url" then
      it("[client-samples-request] "
        .. sample.title .. ": sends the sample's request", function()
        local sandbox = sandbox_fixture.new {
          mgmt = "https://mgmt.test" }.sandbox
        local client = prepared_client(sample, sandbox:transport(),
          fake_driver.new(sandbox), sandbox)
        client.api[sample.operation](client.api, sample.params)
        local journal = sandbox.control.journal()
        local entry = journal[#journal]
        assert.equal(sample.operation, entry.operation)
        assert.is_nil(entry.unexpected)
        check_request(sample, entry)
        requests = requests + 1
      end)

      it("[client-samples-response] "
        .. sample.title .. ": returns the sample's response", function()
        local sandbox = sandbox_fixture.new {
          mgmt = "https://mgmt.test" }.sandbox
        local client = prepared_client(sample, new_transport(sample),
          fake_driver.new(sandbox), sandbox)
        local response, err =
          client.api[sample.operation](client.api, sample.params)
        if sample.response.status < 300 then
          assert.same(sample.response.json, response)
        else
          assert.is_nil(response)
          check_error(sample, err)
        end
        responses = responses + 1
      end)
    else
      it("[client-samples-url] " .. sample.title
        .. ": returns the sample's URL", function()
        local fixture = client_fixture.new()
        assert.equal(fixture.sandbox.api .. sample.path,
          fixture.client.api:authenticate_url(sample.params))
      end)
    end
  end

  it("[client-samples-all] Adobe's samples: all 73 requests and responses are "
    .. "tested", function()
    print(("samples through the client: %d requests, %d answers"):format(
      requests, responses))
    assert.equal(73, requests)
    assert.equal(73, responses)
  end)
end)
