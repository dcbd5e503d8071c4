--- `make install` into a folder that is not on Lua's default path.

local child_process = require "spec.support.child_process"
local folder = require "spec.support.folder"

local LUA = child_process.interpreter()

describe("make install", function()
  if LUA:find "/" then return end -- an interpreter built for a sanitizer
  local path

  setup(function()
    path = folder.make()
    folder.run(("make -s install LUA=%s PREFIX=%s 2>&1"):format(LUA, path))
  end)

  teardown(function() folder.remove(path) end)

  local function command(arguments)
    return folder.run(("cd / && env -u LUA_PATH -u LUA_CPATH %s/bin/adobepass "
      .. "%s"):format(path, arguments))
  end

  it("[install-command-finds-modules] make install: the command finds its "
    .. "modules with the Lua it was built for", function()
    assert.matches("^adobepass %d", command "--version")
    assert.equal("#!/usr/bin/env " .. LUA,
      folder.read(path .. "/bin/adobepass"):match "^[^\n]*")
  end)

  it("[install-sandbox-runs] make install: the sandbox starts", function()
    assert.matches("https://127%.0%.0%.1:%d+",
      command "sandbox --exec 'echo $ADOBEPASS_API' 2>&1")
  end)

  it("[install-nginx-lua-leaves] make install for nginx's Lua: keeps the "
    .. "command of another Lua", function()
    folder.run(("make -s install LUA=luajit PREFIX=%s 2>&1"):format(path))
    assert.equal("#!/usr/bin/env " .. LUA,
      folder.read(path .. "/bin/adobepass"):match "^[^\n]*")
  end)

  it("[install-shared-core] make install: Lua 5.1 and LuaJIT load each other's core, "
    .. "which has the same path", function()
    if _VERSION ~= "Lua 5.1" then return end -- other Luas have a path of their own
    for _, built in ipairs { "luajit", "lua5.1" } do
      folder.run(("make -s install LUA=%s PREFIX=%s 2>&1"):format(built, path))
      folder.run(("cd / && LUA_PATH='%s/share/lua/5.1/?.lua;;' "
        .. "LUA_CPATH=%s/lib/lua/5.1/?.so %s -e 'require \"adobepass.core\"' 2>&1")
        :format(path, path, LUA))
    end
  end)

  it("[install-fortify] make: the core calls glibc's checked functions", function()
    local core = folder.read(("%s/lib/lua/%s/adobepass/core.so"):format(path,
      _VERSION:match "%d%.%d"))
    assert.is_true(core:find "__%w+_chk%z" ~= nil)
  end)

  it("[install-umask] make install: modes do not depend on the umask", function()
    -- The recipe is the same on every Lua.
    for _, umask in ipairs(LUA == "lua5.4" and { "077", "000" } or {}) do
      local to = path .. "/umask" .. umask
      folder.run(("umask %s; make -s install LUA=%s PREFIX=%s 2>&1"):format(
        umask, LUA, to))
      assert.equal("", folder.run(("find %s ! -type d ! -perm 644 "
        .. "! -perm 755 -o -type d ! -perm 755"):format(to)))
      assert.equal("3", folder.run(("find %s -path '*completions*' -type f -size +1k "
        .. "-o -name _adobepass -size +1k | wc -l"):format(to)):match "%d+")
    end
  end)
end)
