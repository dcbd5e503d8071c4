--- The rockspec lists exactly the modules of the repository.

local folder = require "spec.support.folder"
local child_process = require "spec.support.child_process"

-- Checks texts, not the module, so one Lua is enough.
if child_process.interpreter() ~= "lua5.4" then return end

local function rockspec()
  local environment = {}
  local path = folder.run("ls *.rockspec")
  if rawget(_G, "setfenv") then
    local chunk = assert(loadfile(path))
    rawget(_G, "setfenv")(chunk, environment)()
  else
    -- loadfile has an environment parameter since Lua 5.2.
    assert(loadfile(path, "t", environment))() -- luacheck: ignore
  end
  return environment
end

local function name_of(path)
  return (path:gsub("^lua/", ""):gsub("%.lua$", ""):gsub("/init$", "")
    :gsub("/", "."))
end

describe("rockspec", function()
  it("[rockspec-lists-lua-module] rockspec: lists every Lua module", function()
    local expected = {}
    for path in folder.run("find lua -name '*.lua'"):gmatch("[^\n]+") do
      expected[name_of(path)] = path
    end
    assert.same(expected, rockspec().build.install.lua)
  end)

  it("[rockspec-version-core] rockspec: has the version of the core", function()
    local version = require("adobepass.core").version
    assert.equal(version .. "-1", rockspec().version)
  end)

  it("[debian-version-core] debian: the newest entry of the changelog has the "
    .. "version of the core", function()
    local entry = folder.read("debian/changelog"):match "^adobepass (%b())"
    assert.equal("(" .. require("adobepass.core").version .. ")", entry)
  end)

  it("[rockspec-bounds-dependency-above] rockspec: has an upper bound for "
    .. "every dependency", function()
    for _, dependency in ipairs(rockspec().dependencies) do
      assert.matches("< ", dependency)
    end
  end)
end)
