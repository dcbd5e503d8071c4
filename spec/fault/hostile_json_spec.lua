--- Hostile JSON in every response that the client parses: the call returns a
-- result or malformed_response, with memory bounded by the size of the text.

local seeded_random = require "spec.fault.seeded_random"
local errors = require "adobepass.api.errors"
local json = require "adobepass.util.json"
local damaged_json = require "spec.fault.damaged_json"
local open_handles = require "spec.support.open_handles"
local operations = require "adobepass.api.operations"
local operation_setup = require "spec.support.operation_setup"
local scripted_transport = require "spec.support.scripted_transport"
local client_fixture = require "spec.support.client_fixture"

local MIB = 1024 * 1024

-- The maximum memory for each byte of JSON. The worst case is a list: an item,
-- "0,", takes 16 bytes of an array whose capacity may have just doubled.
local BYTES_FOR_A_BYTE, SPARE = 80, 4 * MIB

local function nested(open, close, depth)
  return open:rep(depth) .. "0" .. close:rep(depth)
end

local BODIES = {
  { "deep lists", nested("[", "]", 200000) },
  { "deep objects", nested('{"a":', "}", 100000) },
  { "deep lists that are not closed", ("["):rep(MIB) },
  { "deep objects in a field", '{"profiles":' .. nested('{"x":', "}", 60) .. "}" },
  { "many items", "[" .. ("0,"):rep(MIB / 4) .. "0]" },
  { "many empty objects", '{"decisions":[' .. ("{},"):rep(50000) .. "{}]}" },
  { "many names", "{" .. ('"":0,'):rep(50000) .. '"":0}' },
  { "duplicate names", '{"profiles":7,"profiles":{},"decisions":[],'
    .. '"decisions":"x","logouts":{},"logouts":7}' },
  { "a string of 4 MB", '"' .. ("x"):rep(4 * MIB - 100) .. '"' },
  { "a name of 4 MB", '{"' .. ("x"):rep(4 * MIB - 100) .. '":1}' },
  { "a string of escapes", '"' .. ("\\u0041"):rep(100000) .. '"' },
  { "a number of 1 MB", ("9"):rep(MIB) },
  { "a fraction of 1 MB", "0." .. ("1"):rep(MIB) },
  { "an exponent", '{"expires_in":1e99999999,"profiles":{}}' },
  { "numbers of all sizes", '{"profiles":{"x":{"notAfter":1e308}},'
    .. '"decisions":[{"notAfter":-1e308}],"logouts":{},"expires_in":1e-320}' },
  { "a hexadecimal number", '{"expires_in":0x10}' },
  { "NaN and Infinity", '{"expires_in":NaN,"x":Infinity,"y":-nan}' },
  { "invalid UTF-8", '{"actionName":"\255\254\192\128",'
    .. '"code":"\237\160\128"}' },
  { "a NUL", '{"actionName":"a\0b","profiles":{}}' },
  { "an escaped NUL", '{"actionName":"a\\u0000b","code":"\\u0000",'
    .. '"profiles":{"\\u0000":{"notAfter":4e12}},"logouts":{"\\u0000":{}},'
    .. '"client_id":"\\u0000","client_secret":"\\u0000","serviceToken":"'
    .. '\\u0000","access_token":"\\u0000","expires_in":60}' },
  { "half of a surrogate", '{"actionName":"\\ud800","profiles":{}}' },
  { "surrogates in the wrong order", '{"actionName":"\\udc00\\ud800"}' },
  { "a byte order mark", '\239\187\191{"profiles":{}}' },
  { "UTF-16", "\255\254{\0}\0" },
  { "two values", '{"profiles":{}}{"profiles":{}}' },
  { "an extra comma", '{"profiles":{},}' },
  { "a comment", '{"profiles":{}/* x */}' },
  { "single quotes", "{'profiles':{}}" },
  { "white space only", (" "):rep(MIB) },
  { "white space around", (" "):rep(MIB) .. "{}" .. ("\n"):rep(MIB) },
  { "__index", '{"__index":{"profiles":{}},"__metatable":1,"__gc":1}' },
  { "a page", "<html>" .. ("<b>"):rep(1000) },
}

local READ = {}
for _, operation in ipairs(operations) do
  if operation.response then READ[#READ + 1] = operation end
end

-- Large bodies are slow to parse, so only a few operations receive them.
local LARGE, FEW = 65536, { READ[1], READ[2], READ[#READ] }

local function readers_of(body)
  local all = #body < LARGE or os.getenv "ADOBEPASS_THOROUGH"
  return all and READ or FEW
end

local function kilobytes()
  open_handles.collect()
  return collectgarbage "count"
end

describe("hostile JSON", function()
  local fixture, params = nil, {}

  setup(function()
    fixture = client_fixture.new()
    fixture:save()
    for _, operation in ipairs(READ) do
      fixture:restore()
      params[operation.name] = operation_setup[operation.name](fixture)
    end
  end)
  teardown(function()
    fixture = nil
    open_handles.assert_none()
  end)

  local function ask(operation, body)
    local transport = scripted_transport.adobe(
      { status = operation.ok[1], body = body },
      operation.name)
    local api = fixture:new_client { transport = transport }.api
    return api[operation.name](api, params[operation.name])
  end

  local function is_named(value, err)
    return value ~= nil
      or errors.is(err) and err.code == "malformed_response"
  end

  for _, row in ipairs(BODIES) do
    it("[hostile-response-result] client: returns a result or "
      .. "malformed_response for a body with " .. row[1], function()
      for _, operation in ipairs(readers_of(row[2])) do
        assert(is_named(ask(operation, row[2])), operation.name)
      end
    end)
  end

  -- The collector is stopped, so that all allocations are counted.
  it("[hostile-response-memory-size] json.decode: memory is bounded by the "
    .. "size of the text", function()
    for _, row in ipairs(BODIES) do
      local before = kilobytes()
      collectgarbage "stop"
      json.decode(row[2])
      local taken = (collectgarbage "count" - before) * 1024
      collectgarbage "restart"
      assert(taken <= BYTES_FOR_A_BYTE * #row[2] + SPARE,
        ("%s: %.0f bytes"):format(row[1], taken))
    end
  end)

  -- Valid responses of each operation with some bytes changed.
  it("[hostile-response-changed-result] client: returns a result or "
    .. "malformed_response for a mutated response", function()
    local runs, broken = seeded_random.choose_count(10, 200), 0
    for _, operation in ipairs(READ) do
      fixture:restore()
      local good = json.encode(assert(fixture.client.api[operation.name](
        fixture.client.api, operation_setup[operation.name](fixture))))
      seeded_random.each("ADOBEPASS_BODY", runs, function(one)
        local changed = one:chance(0.5) and damaged_json.damage(one, good)
          or damaged_json.mutate(one, good)
        local value, err = ask(operation, changed)
        assert(is_named(value, err), changed)
        broken = broken + (value == nil and 1 or 0)
      end)
    end
    print(("hostile bodies: %d responses, %d malformed"):format(runs * #READ,
      broken))
  end)
end)
