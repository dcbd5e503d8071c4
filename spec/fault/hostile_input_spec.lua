--- Arbitrary bytes as input: the server receives exactly these bytes, or no
-- request is sent. ADOBEPASS_INPUT=7 repeats the run of one seed.

local core = require "adobepass.core"
local device = require "adobepass.sandbox.engine.device"
local device_fields = require "spec.support.device_fields"
local seeded_random = require "spec.fault.seeded_random"
local errors = require "adobepass.api.errors"
local run_transfer = require "spec.support.run_transfer"
local json = require "adobepass.util.json"
local open_handles = require "spec.support.open_handles"
local operations = require "adobepass.api.operations"
local tcp_peer = require "spec.support.tcp_peer"
local scripted_transport = require "spec.support.scripted_transport"
local client_fixture = require "spec.support.client_fixture"
local wire = require "adobepass.sandbox.engine.url_encoding"

local RUNS = seeded_random.choose_count(400, 4000)

-- Bytes with a meaning in URLs, headers, forms or JSON.
local SIGNS = { "\0", "\r\n", "\r", "\n", "\t", "%", "%2F", "/", "..", "../",
  ".", "?", "#", "&", "=", "+", " ", ";", ",", ":", '"', "\\", "'", "<", ">",
  "{", "}", "[", "]", "@", "|", "\127", "\194\133", "\255", "é", "日本",
  "\r\nX-Evil: 1", "\r\n\r\nGET / HTTP/1.1", "all", "x", "REF30", "~", "_" }

local function text(one)
  if one:chance(0.3) then return one.bytes(one:upto(40)) end
  local parts = {}
  for index = 1, one:upto(6) do parts[index] = one:pick(SIGNS) end
  return table.concat(parts)
end

-- --- through the client -----------------------------------------------------

local function value_of(one, name)
  if name ~= "resources" and name ~= "devices" then return text(one) end
  local list = {}
  for index = 1, one:upto(3) do list[index] = text(one) end
  return list
end

local function params_of(one, operation)
  local params = {}
  for _, parameter in ipairs(operation.params or {}) do
    local name = parameter[1]
    if name ~= "service_provider" and (parameter[3] ~= "optional"
        or one:chance(0.7)) then
      params[name] = value_of(one, name)
    end
  end
  local pair = operation.one_of
  if pair and params[pair[1]] and params[pair[2]] then
    params[pair[2]] = nil
  end
  return params
end

-- Returns the request as a strict server parses it.
local function read(request)
  local path, query = request.url:match "^https://api%.test(/[^?#]*)%??(.*)$"
  assert(path, "it went to another host")
  local seen = { segments = {}, query = assert(wire.form(query)), form = {} }
  for segment in path:gmatch "[^/]+" do
    local plain = assert(wire.unescape(segment))
    table.insert(seen.segments, plain)
  end
  if request.headers["Content-Type"] == "application/json" then
    seen.json = assert(json.decode(request.body))
  else
    seen.form = assert(wire.form(request.body or ""))
  end
  for name, value in pairs(request.headers) do
    assert(not (name .. value):find "[%z\r\n]", "a header has no end")
  end
  return seen
end

local function path_of(operation)
  local names = {}
  for segment in operation.path:gmatch "[^/]+" do
    names[#names + 1] = segment:match "^{(.+)}$" or false
  end
  return names
end

local function is_same(left, right)
  if type(left) ~= "table" then return left == right end
  for index = 1, math.max(#left, #right) do
    if left[index] ~= right[index] then return false end
  end
  return true
end

local function arrived(operation, params, request)
  local seen, names = read(request), path_of(operation)
  assert(#seen.segments == #names, "the path has another length")
  local in_path = {}
  for index, name in ipairs(names) do
    if name then in_path[name] = seen.segments[index] end
  end
  for _, parameter in ipairs(operation.params or {}) do
    local name, field = parameter[1], parameter[2]
    local got = in_path[name] or seen.query[field] or seen.form[field]
      or seen.json and seen.json[field] or request.headers[field]
    if params[name] ~= nil then
      assert(is_same(params[name], got), name .. " came as another")
    end
  end
end

local PLAIN = {}
for _, operation in ipairs(operations) do
  if not operation.url_only and operation.bearer ~= false then
    PLAIN[#PLAIN + 1] = operation
  end
end

describe("arbitrary bytes", function()
  teardown(open_handles.assert_none)

  it("[hostile-input-parameter-arrive] client: sends any bytes of a parameter "
    .. "unchanged or sends no request", function()
    local sent, refused, fixture = 0, 0, client_fixture.new()
    seeded_random.each("ADOBEPASS_INPUT", RUNS, function(one)
      local transport = scripted_transport.adobe { body = "{}" }
      local api = fixture:new_client { transport = transport, environment = {
        api = "https://api.test", mgmt = "https://api.test" } }.api
      local operation = one:pick(PLAIN)
      local params = params_of(one, operation)
      local good, _, err = pcall(api[operation.name], api, params)
      local request = transport.requests[#transport.requests]
      if request and not request.url:find("/o/client/", 1, true) then
        arrived(operation, params, request)
        sent = sent + 1
      else
        assert(not good or errors.is(err))
        refused = refused + 1
      end
    end)
    print(("hostile input: %d arrived, %d refused"):format(sent, refused))
  end)

  it("[hostile-input-device-arrive] client: sends any bytes of a device "
    .. "unchanged or rejects the device", function()
    local accepted, fixture = 0, client_fixture.new()
    seeded_random.each("ADOBEPASS_INPUT", RUNS, function(one)
      local transport = scripted_transport.adobe { body = '{"requestor":{}}' }
      local client = fixture:new_client { transport = transport }
      local id, model = text(one), text(one)
      local ip = one:chance(0.5) and text(one) or "192.0.2.1"
      local good, viewer = pcall(client.device, client,
        { id = id, ip = ip, info = { model = model, version = "1",
          osName = "Linux", osVersion = "1", connectionType = "WiFi" },
          identity = { visitor_id = ip } })
      if not good then
        assert(type(viewer) == "string" and not viewer:find(id, 1, true)
          or #id < 8)
        return
      end
      accepted = accepted + 1
      assert(viewer.api:configuration())
      local headers = transport.requests[#transport.requests].headers
      assert(device.identifier(headers["AP-Device-Identifier"]) == id)
      assert(device_fields.decoded(headers["X-Device-Info"]).model == model)
      assert(headers["X-Forwarded-For"] == ip)
      assert(not ip:find "[%z\r\n]")
    end)
    assert(accepted > 0 or os.getenv "ADOBEPASS_INPUT", "each was rejected")
  end)

  it("[hostile-input-identity-arrive] client: sends any bytes of an identity "
    .. "as a hash only", function()
    local fixture = client_fixture.new()
    seeded_random.each("ADOBEPASS_INPUT", RUNS, function(one)
      local who = text(one)
      local good, pass = pcall(fixture.client.temporary_access, fixture.client,
        { mvpd = "flexibleTempPass", user = { email = who } })
      if not good then
        assert(not who:find "%S")
        return
      end
      local plain = who:gsub("^%s+", ""):gsub("%s+$", ""):lower()
      assert(pass.user.email
        == core.digest.hex(core.digest.sha256(plain)))
    end)
  end)
end)

-- --- through the core -----------------------------------------------------

describe("arbitrary bytes, core", function()
  local peer, transport

  before_each(function()
    peer = tcp_peer.listen(function(connection, received)
      if received:find("\r\n\r\n", 1, true) then
        connection:send("HTTP/1.1 204 No\r\nConnection: close\r\n\r\n")
      end
    end)
    transport = assert(core.http.new { timeout = 20 })
  end)
  after_each(function()
    transport:close()
    peer:close()
  end)

  -- Returns "GET", the path, and the received headers.
  local function head()
    local lines = {}
    for line in peer.received:gmatch "(.-)\r\n" do lines[#lines + 1] = line end
    return lines
  end

  it("[hostile-input-header-line] core: sends any bytes of a header in one "
    .. "line or refuses them", function()
    local sent = 0
    seeded_random.each("ADOBEPASS_INPUT", RUNS / 4, function(one)
      peer.received = ""
      local value = text(one)
      local good, transfer = pcall(transport.submit, transport, {
        url = ("http://127.0.0.1:%d/"):format(peer.port), fresh = true,
        headers = { ["X-Any"] = value } })
      if not good or not transfer then
        assert(value:find "%c", "refused without a reason")
        return
      end
      assert(run_transfer(transport, transfer, peer:pumping()).status == 204)
      transfer:close()
      local found = 0
      for _, line in ipairs(head()) do
        assert(not line:find "^X%-Evil")
        local received = line:match "^X%-Any:%s*(.-)%s*$"
        if received then
          found = found + 1
          assert(received == value:match "^[ \t]*(.-)[ \t]*$")
        end
      end
      assert(found == (value:find "[^ \t]" and 1 or found))
      sent = sent + 1
    end)
    assert.is_true(sent > 20)
  end)
end)
