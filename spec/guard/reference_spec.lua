--- The reference (`make doc`) documents every public function.

local adobepass = require "adobepass"
local folder = require "spec.support.folder"
local child_process = require "spec.support.child_process"

-- Checks texts, not the module, so one Lua is enough.
if child_process.interpreter() ~= "lua5.4" then return end

local function functions_of(path, pattern)
  local names = {}
  for name in folder.read(path):gmatch(pattern) do names[#names + 1] = name end
  return names
end

describe("reference", function()
  local _, missing = require("adobepass.util.shell").read "command -v ldoc"
  local test = missing == 0 and it or pending
  local path, output

  setup(function()
    if missing ~= 0 then return end
    path = folder.make()
    output = folder.run("unset LUA_PATH LUA_CPATH MAKEFLAGS; "
      .. "make -s -o lint-deps doc DOC=" .. folder.quote(path) .. " 2>&1")
  end)

  teardown(function() if path then folder.remove(path) end end)

  local function assert_has(module, names, least)
    local text = folder.read(("%s/modules/%s.html"):format(path, module))
    for _, name in ipairs(names) do
      assert.truthy(text:find('name = "' .. name .. '"', 1, true),
        module .. ": " .. name)
    end
    assert.is_true(#names >= least, module)
  end

  test("[reference-made-complaint] reference: is built without a "
    .. "warning", function()
    -- ldoc 1.5 also prints the format, and an empty line for each part.
    local complaints = output:gsub("format: [^\n]*", ""):gsub("\n+", "\n")
    assert.equal("reading configuration from .ldoc.lua\n" .. path
      .. "/index.html", (complaints:gsub("%s+$", "")))
  end)

  test("[reference-function-module] reference: has every function of the "
    .. "module adobepass", function()
    local names = {}
    for name, value in pairs(adobepass) do
      if type(value) == "function" then
        names[#names + 1] = name
      end
    end
    assert_has("adobepass", names, 3)
    for _, what in ipairs { "store", "driver" } do
      assert.truthy(folder.read(path .. "/index.html"):find("adobepass."
        .. what, 1, true))
    end
  end)

  test("[reference-method-client] reference: has every method of a "
    .. "client", function()
    assert_has("adobepass.client",
      functions_of("lua/adobepass/client.lua", "\nfunction (Client:%l[%l_]+)"),
      4)
  end)

  test("[reference-every-flow] reference: has every flow", function()
    local count = 0
    local text = folder.read("lua/adobepass/client.lua")
    for flow, name in text:gmatch
      'require%("adobepass%.flow%.([%l_]+)"%)%.([%l_]+)' do
      assert_has("adobepass.flow." .. flow, { name }, 1)
      count = count + 1
    end
    assert.is_true(count >= 20, count)
  end)

  local PATHS = { media_token = "media_token", errors = "api/errors",
    record = "device/record", headers = "device/headers",
    info_schema = "device/info_schema", platform = "device/platform" }

  for module, least in pairs { media_token = 2, errors = 2, record = 2,
    headers = 1, info_schema = 1, platform = 1 } do
    test("[reference-every-function] reference: has every function of "
      .. module, function()
      assert_has("adobepass." .. PATHS[module]:gsub("/", "."), functions_of(
        ("lua/adobepass/%s.lua"):format(PATHS[module]),
        "\nfunction " .. module .. "%.(%l[%l_]+)"), least)
    end)
  end

  test("[reference-store-driver] reference: has every store and every "
    .. "driver", function()
    for _, name in ipairs { "memory", "file", "shdict", "redis" } do
      assert_has("adobepass.store." .. name, {}, 0)
    end
    for _, name in ipairs { "block", "tick", "ngx", "luv", "cqueues" } do
      assert_has("adobepass.driver." .. name, { name }, 1)
    end
  end)
end)
