--- Memory that the core has freed contains no secrets.

local child_process = require "spec.support.child_process"
local folder = require "spec.support.folder"
local https_server = require "spec.support.https_server"

-- The program has its own Lua 5.4.
if child_process.interpreter() ~= "lua5.4" then return end

local PROGRAM = "build/lua5.4/freed"

local function is_built() return folder.read(PROGRAM) ~= nil end

describe("memory that the core freed", function()
  local nginx, path

  setup(function()
    nginx, path = https_server.start(), folder.make()
  end)

  teardown(function()
    nginx.stop()
    folder.remove(path)
  end)

  -- Returns { [scenario] = { freed blocks, freed blocks with the secret } }.
  local function run_scenarios(option)
    local output = folder.run(
      ("%s %s spec/support/programs/freed.lua %s %s %s"):format(PROGRAM,
      option, nginx:url("HTTP", "/echo"), nginx:url("HTTP", "/silent"),
      folder.quote(path)))
    local scenarios, count = {}, 0
    for name, blocks, secret in output:gmatch "([^\n]+): (%d+) (%d+)" do
      scenarios[name] = { tonumber(blocks), tonumber(secret) }
      count = count + 1
    end
    assert.equal(11, count)
    return scenarios
  end

  it("[freed-memory-holds-no-secret-any] freed memory: contains no "
    .. "secret", function()
    if not is_built() then return pending(PROGRAM .. " is not built") end
    for name, found in pairs(run_scenarios "") do
      assert.is_true(found[1] > 0, name)
      assert.equal(0, found[2], name)
    end
  end)

  it("[freed-memory-seen-hold-one] freed memory: the check finds secrets when "
    .. "wiping is off", function()
    if not is_built() then return pending(PROGRAM .. " is not built") end
    for name, found in pairs(run_scenarios "--unwiped") do
      assert.is_true(found[2] > 0, name)
    end
  end)
end)
