--- A command that is interrupted by Ctrl-C at a file operation leaves neither the
-- file store's lock nor the lock of its device: the next command does not wait.

local adobepass = require "adobepass"
local child_process = require "spec.support.child_process"
local command_fixture = require "spec.cli.command_fixture"
local core = require "adobepass.core"
local device_fields = require "spec.support.device_fields"
local folder = require "spec.support.folder"
local shell = require "adobepass.util.shell"

if child_process.is_like_lua54() then return end

-- Lua 5.4 visits every file operation, and each other Lua every fifth, from this one.
local FIRST = { luajit = 1, ["lua5.1"] = 3 }
local first = FIRST[child_process.interpreter()]

describe("interrupted command", function()
  local fixture

  setup(function() fixture = command_fixture.start() end)
  teardown(function() fixture:stop() end)

  -- Runs `register` with a new store. Returns the exit status and the store's path.
  local function register(point)
    local path = fixture.folder .. "/store-" .. point
    local _, status = shell.read(("INTERRUPT_POINT=%d INTERRUPT_COUNT_FILE=%s "
      .. "LUA_INIT=%s %s"):format(point, folder.quote(fixture.folder .. "/points"),
      "@spec/cli/interrupt_init.lua",
      fixture:line("register", { STORE = path })))
    return status, path
  end

  -- Returns the device's record with the lock, or an empty table.
  local function access_record(path)
    local store = adobepass.store.file(path)
    local client = adobepass.new { store = store, service_provider = "REF30",
      transport = fixture.transport,
      environment = { api = fixture.sandbox.api, mgmt = fixture.sandbox.mgmt },
      device = { id = adobepass.device_id(store), info = device_fields.INFO } }
    local record, err = client.context:recall "access"
    client:close()
    assert.is_nil(err)
    return record or {}
  end

  it("[command-interrupt-moments] register: leaves no lock when Ctrl-C comes "
    .. "before or after any file operation", function()
    local finished, whole = register(0)
    assert.equal(0, finished)
    assert.is_truthy(access_record(whole).token)
    local points = tonumber(folder.read(fixture.folder .. "/points"))
    assert.is_true(points >= 32)
    local lines = {}
    for point = first or 1, points, first and 5 or 1 do
      local status, path = register(point)
      local where = "point " .. point
      assert.equal(130, status, where)
      assert.is_nil(access_record(path).lock, where)
      assert(core.file.lock(path .. "/.lock", 0)):close()
      lines[#lines + 1] = "register --store " .. path
    end
    for index, result in ipairs(fixture:run_lines(lines)) do
      assert.equal(0, result.status, lines[index])
    end
  end)

  it("[command-interrupt-start] adobepass: Ctrl-C while a module is loaded, or the "
    .. "client is made, exits with 130 and prints nothing", function()
    local INTERRUPT = "io.popen('kill -s INT $PPID'):close()"
    for _, script in ipairs {
      "package.preload.argparse = function() " .. INTERRUPT .. " end",
      "require('adobepass').new = function() " .. INTERRUPT .. " end",
    } do
      assert.same({ "", 130 }, { shell.read(("LUA_INIT=%s %s"):format(
        shell.quote(script), fixture:line "profiles")) }, script)
    end
  end)
end)
