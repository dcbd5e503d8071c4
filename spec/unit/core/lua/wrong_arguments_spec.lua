--- Calls every function of the core, and of its types, with wrong arguments. A wrong
-- argument must not crash the process that runs the Lua code.

local core = require "adobepass.core"
local folder = require "spec.support.folder"
local keys = require "adobepass.sandbox.data.keys"
local open_handles = require "spec.support.open_handles"
local run_transfer = require "spec.support.run_transfer"
local tcp_peer = require "spec.support.tcp_peer"

-- Adds the functions in a table, and in the tables in it, with their paths.
local function add_functions(functions, path, value)
  if type(value) == "function" then
    functions[#functions + 1] = { path = path, call = value }
  elseif type(value) == "table" then
    for name, field in pairs(value) do
      add_functions(functions, path .. " " .. tostring(name), field)
    end
  end
end

-- Returns the functions of the core and of its metatables, which are in the registry.
local function all_functions()
  local functions = {}
  add_functions(functions, "core", core)
  for name, value in pairs(debug.getregistry()) do
    if type(name) == "string" and name:find "^adobepass%." then
      add_functions(functions, name, value)
    end
  end
  table.sort(functions, function(a, b) return a.path < b.path end)
  return functions
end

local function get_response(transport)
  local peer = tcp_peer.listen(function(connection)
    connection:send "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
  end)
  local transfer = assert(transport:submit {
    url = ("http://127.0.0.1:%d/"):format(peer.port) })
  local response = assert(run_transfer(transport, transfer, peer:pumping()))
  transfer:close()
  peer:close()
  return response
end

describe("core: wrong arguments", function()
  local path, pem, transport, response, packed

  setup(function()
    path, pem = folder.make(), keys.media.private
  end)
  teardown(function() folder.remove(path) end)

  before_each(function()
    transport = assert(core.http.new())
    response = get_response(transport)
    packed = rawget(response, 1)
  end)
  after_each(function() transport:close() end)

  local function open_objects()
    local objects = {
      core.token { access_token = "a", expires_in = 60 },
      assert(core.private_key(pem)),
      assert(core.file.lock(path .. "/lock")),
      assert(core.http.new()),
      assert(core.wakeup()),
    }
    objects[#objects + 1] = assert(objects[4]:submit { url = "http://127.0.0.1:1/" })
    return objects
  end

  local SECOND = { -1, "/dev/null/none", true, {}, print, io.stdout }

  -- No text names a file, and no number is a time to wait or a size to allocate.
  local function wrong_values(objects)
    local values = { -1, 0, 2 ^ 53, 0 / 0, "", "a\0b", "/dev/null/none", true, {},
      { 1 }, print, coroutine.create(function() end), io.stdout, response,
      response.headers, packed }
    for _, object in ipairs(objects) do values[#values + 1] = object end
    local has_ffi, ffi = pcall(require, "ffi")
    if has_ffi then values[#values + 1] = ffi.new "int[1]" end
    return values
  end

  -- Calls the function with each value alone, and before a value of each type. Returns
  -- the values that it accepted as the only argument.
  local function call_with_all(call, values)
    local accepted, has_objects = {}, false
    local function try(...)
      local good, result = pcall(call, ...)
      has_objects = has_objects or type(result) == "userdata"
      return good
    end
    try()
    for _, first in ipairs(values) do
      try(nil, first)
      if try(first) then accepted[#accepted + 1] = first end
      for _, second in ipairs(SECOND) do try(first, second) end
      if has_objects then collectgarbage() end -- closes those that were returned
      has_objects = false
    end
    return accepted
  end

  it("[core-wrong-arguments] core: no function crashes with wrong arguments, and "
    .. "each method refuses the objects of other types", function()
    local functions = all_functions()
    assert.is_true(#functions > 60)
    for _, f in ipairs(functions) do
      local objects = open_objects()
      local accepted = call_with_all(f.call, wrong_values(objects))
      for _, object in ipairs(objects) do object:close() end
      local kind = f.path:match "^adobepass%.%w+"
      for _, value in ipairs(kind and accepted or {}) do
        assert.is_true(getmetatable(value) == kind or type(value) == "table", f.path)
      end
    end
    transport:close()
    open_handles.assert_none()
  end)

  it("[core-response-metatable] response: getmetatable returns only the name of its "
    .. "type, also for its headers", function()
    assert.equal("adobepass.response", getmetatable(response))
    assert.equal("adobepass.headers", getmetatable(response.headers))
    assert.equal("adobepass.packed", getmetatable(packed))
  end)
end)
