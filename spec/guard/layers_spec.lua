--- .ci/layers: the check of includes and requires.

local folder = require "spec.support.folder"
local shell = require "adobepass.util.shell"
local child_process = require "spec.support.child_process"

-- Runs a script of Lua 5.4.
if child_process.interpreter() ~= "lua5.4" then return end

describe(".ci/layers", function()
  local path, changed

  -- Writes a file of the copy, which is restored after the spec.
  local function write(name, text)
    local file = path .. "/" .. name
    if changed[name] == nil then changed[name] = folder.read(file) or false end
    folder.write(file, text)
  end

  -- Appends one line to a file of the copy. Returns the number of that line.
  local function append(name, line)
    local text = folder.read(path .. "/" .. name)
    write(name, text .. line .. "\n")
    return select(2, text:gsub("\n", "")) + 1
  end

  -- Runs the script in the copy. Returns its output and status.
  local function run(command)
    return shell.read(("cd %s && lua5.4 .ci/layers %s 2>&1"):format(
      folder.quote(path), command))
  end

  local function assert_problem(text, ...)
    local output, status = run "check"
    assert.equal(1, status)
    assert.truthy(output:find(text:format(...), 1, true), output)
  end

  setup(function()
    path = folder.make()
    folder.run(("cp -r --parents csrc lua docs/architecture.md .ci/layers %s"):format(
      folder.quote(path)))
    folder.run(("cd %s && mkdir csrc/extra lua/adobepass/extra"):format(
      folder.quote(path)))
  end)

  teardown(function() folder.remove(path) end)

  before_each(function() changed = {} end)

  after_each(function()
    for name, text in pairs(changed) do
      local file = path .. "/" .. name
      if text then folder.write(file, text) else assert(os.remove(file)) end
    end
  end)

  it("[layers-clean] .ci/layers: accepts the tree, and an allowed require and "
    .. "include", function()
      assert.same({ "", 0 }, { run "check" })
      append("lua/adobepass/flow/logout.lua",
        'local _ = require "adobepass.util.json"')
      append("csrc/crypto/digest.c", '#include "base/buffer.h"')
      assert.same({ "", 0 }, { run "check" })
    end)

  it("[layers-wrong-include] .ci/layers: reports file and line of a forbidden "
    .. "include",
    function()
      local line = append("csrc/crypto/digest.c", '#include "http/url.h"')
      assert_problem(
        "csrc/crypto/digest.c:%d: crypto must not include http/url.h", line)
    end)

  it("[layers-include-beside] .ci/layers: reports a forbidden include by a "
    .. "relative path",
    function()
      local line = append("csrc/crypto/digest.c", '#include "../http/url.h"')
      assert_problem("csrc/crypto/digest.c:%d: crypto must not include "
        .. "http/url.h", line)
    end)

  it("[layers-lua-header] .ci/layers: reports a file outside csrc/lua that "
    .. "includes lua.h",
    function()
      local line = append("csrc/http/url.c", "#  include <lua.h>")
      assert_problem("csrc/http/url.c:%d: http must not include <lua.h>", line)
      line = append("csrc/base/clock.h", '#include "lauxlib.h"')
      assert_problem("csrc/base/clock.h:%d: base must not include <lauxlib.h>",
        line)
    end)

  it("[layers-curl-header] .ci/layers: reports a file outside http and lua "
    .. "that includes curl", function()
    local line = append("csrc/storage/file_lock.c", "#include <curl/curl.h>")
    assert_problem("csrc/storage/file_lock.c:%d: storage must not include "
      .. "<curl/curl.h>", line)
  end)

  it("[layers-include-cycle] .ci/layers: reports a cycle of includes through "
    .. ".c and .h files",
    function()
      append("csrc/base/buffer.h", '#include "base/clock.h"')
      assert.same({ "", 0 }, { run "check" })
      local line = append("csrc/base/clock.c", '#include "base/buffer.h"')
      assert_problem("csrc/base/clock.c:%d: cycle of includes: base/buffer -> "
        .. "base/clock -> base/buffer", line)
    end)

  it("[layers-wrong-require] .ci/layers: reports file and line of a forbidden "
    .. "require",
    function()
      local line = append("lua/adobepass/policy/retry.lua",
        'local _ = require("adobepass.flow.login")')
      assert_problem("lua/adobepass/policy/retry.lua:%d: policy must not "
        .. "require flow.login", line)
    end)

  it("[layers-require-in-function] .ci/layers: reports a forbidden require "
    .. "inside a function",
    function()
      local line = append("lua/adobepass/util/options.lua",
        "local function _f() return require 'adobepass.client'.new end")
      assert_problem("lua/adobepass/util/options.lua:%d: util must not "
        .. "require adobepass.client", line)
    end)

  it("[layers-foreign-module] .ci/layers: reports a forbidden require of a "
    .. "third-party module",
    function()
      local line = append("lua/adobepass/api/errors.lua",
        'local _ = require "socket.http"')
      assert_problem("lua/adobepass/api/errors.lua:%d: api must not require "
        .. "socket.http", line)
    end)

  it("[layers-computed-require] .ci/layers: reports a require with a computed "
    .. "name",
    function()
      for _, code in ipairs { 'local _ = require("adobepass." .. _VERSION)',
        "local _ = pcall(require, name)", "local _ = require" } do
        local line = append("lua/adobepass/api/request.lua", code)
        assert_problem(
          "lua/adobepass/api/request.lua:%d: require with a computed name",
          line)
      end
    end)

  it("[layers-require-cycle] .ci/layers: reports a cycle of "
    .. "requires", function()
    local line = append("lua/adobepass/util/options.lua",
      'local _ = require "adobepass.util.http_date"')
    assert.same({ "", 0 }, { run "check" })
    local back = append("lua/adobepass/util/http_date.lua",
      'local _ = require "adobepass.util.options"')
    local cycle = "cycle of requires: adobepass.util.%s -> adobepass.util.%s "
      .. "-> adobepass.util.%s"
    local output, status = run "check"
    assert.equal(1, status)
    local found = output:find(("http_date.lua:%d: "):format(back)
      .. cycle:format("options", "http_date", "options"), 1, true)
      or output:find(("options.lua:%d: "):format(line)
      .. cycle:format("http_date", "options", "http_date"), 1, true)
    assert.truthy(found, output)
  end)

  it("[layers-not-require] .ci/layers: ignores comments, strings and "
    .. "fields", function()
    append("lua/adobepass/policy/retry.lua",
      '-- require "adobepass.client"\n--[[ require "adobepass.client" ]]\n'
      .. "local _ = [[require 'adobepass.client']] .. 'require \"x\"'\n"
      .. "local _ = parser.require 'adobepass.client'")
    assert.same({ "", 0 }, { run "check" })
  end)

  it("[layers-no-layer] .ci/layers: reports a file in a folder without a "
    .. "layer", function()
    write("csrc/extra/a.c", "")
    write("lua/adobepass/extra/a.lua", "return {}\n")
    assert_problem "csrc/extra/a.c:1: no layer of C_LAYERS"
    assert_problem "lua/adobepass/extra/a.lua:1: no layer of LUA_LAYERS"
  end)

  it("[layers-too-many-files] .ci/layers: reports a folder with more than 20 "
    .. "files",
    function()
      for index = 1, 20 do
        write(("lua/adobepass/util/m%d.lua"):format(index), "return {}\n")
        write(("lua/adobepass/cli/m%d.lua"):format(index), "return {}\n")
      end
      local count = folder.run("ls " .. path .. "/lua/adobepass/util | wc -l")
      assert_problem("lua/adobepass/util: %d files, more than 20",
        tonumber(count))
      assert.is_nil(run "check":find "lua/adobepass/cli: ")
    end)

  it("[layers-stale-exception] .ci/layers: reports an exception that no longer "
    .. "occurs",
    function()
      local text, count = folder.read(path .. "/.ci/layers"):gsub(
        "local COMPUTED = {\n", '%0  ["lua/adobepass/flow/login.lua"] = {},\n')
      assert.equal(1, count)
      write(".ci/layers", text)
      assert_problem ".ci/layers: no computed require in lua/adobepass/flow/login.lua"
    end)

  it("[layers-page] .ci/layers: reports an outdated page and updates it",
    function()
      write("lua/adobepass/util/extra.lua", "return {}\n")
      assert_problem
        "docs/architecture.md: out of date; run `make architecture`"
      changed["docs/architecture.md"] = folder.read(path .. "/docs/architecture.md")
      assert.same({ "", 0 }, { run "write" })
      assert.same({ "", 0 }, { run "check" })
      local page = folder.read(path .. "/docs/architecture.md")
      assert.truthy(page:find((run "graph"), 1, true))
    end)

  it("[layers-usage] .ci/layers: reports an unknown argument as a usage "
    .. "error", function()
    assert.same({ "usage: lua5.4 .ci/layers check|graph|write", 2 },
      { run "chekc" })
  end)
end)
