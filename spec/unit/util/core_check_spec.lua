local folder = require "spec.support.folder"
local child_process = require "spec.support.child_process"

-- A core that this Lua cannot load.
local OTHER = child_process.interpreter() == "lua5.4" and "luajit" or "lua5.4"

describe("util.core_check", function()
  local path = os.getenv("ADOBEPASS_BUILD"):gsub("[^/]+$", OTHER)
    .. "/adobepass/core.so"

  for _, name in ipairs { "adobepass", "adobepass.media_token", "adobepass.device",
    "adobepass.sandbox", "adobepass.cli" } do
    -- tags: [core-check-other-lua]
    it(("[core-check-other-lua] core: %s says that the core was built for another "
      .. "Lua"):format(name), function()
      local file = io.open(path)
      if not file then return pending("no core for " .. OTHER) end
      file:close()
      local output = folder.run("LUA_CPATH=" .. folder.quote(path:gsub(
        "adobepass/core", "?") .. ";;") .. " " .. child_process.command(([[
          print(select(2, pcall(require, %q)))]]):format(name)))
      assert.equal("adobepass: the core '" .. path .. "' was built for another Lua "
        .. "than this one (", output:match "^.-%(")
      assert.matches("build it with `make LUA=lua[%w.]+`, or correct LUA_CPATH$",
        output)
      assert.is_nil(output:find("undefined symbol", 1, true))
    end)
  end

  for _, name in ipairs { "adobepass", "adobepass.sandbox", "adobepass.cli" } do
    -- tags: [core-check-no-core]
    it(("[core-check-no-core] core: %s says in one sentence that no core was found")
      :format(name), function()
      local jit = rawget(_G, "jit")
      local output = child_process.run(([[
        package.cpath = "/adobepass-spec/?.so"
        print(select(2, pcall(require, %q)))]]):format(name))
      assert.equal(("adobepass: no core for %s was found; build it with `make LUA=%s`, "
        .. "correct LUA_CPATH, or run a Lua whose core is built (busted has the option "
        .. "--lua)"):format(jit and jit.version or _VERSION,
          child_process.interpreter()), output)
    end)
  end

  -- tags: [core-check-other-errors]
  it("[core-check-other-errors] core: another error of the loader is not changed",
    function()
      local output = child_process.run([[
        package.preload["adobepass.core"] = function()
          error("libcurl.so.4: cannot open shared object file", 0)
        end
        print(select(2, pcall(require, "adobepass")))]])
      assert.matches("libcurl.so.4: cannot open shared object file", output, 1, true)
      assert.is_nil(output:find("make LUA", 1, true))
    end)

  it("[core-check-own-lua] core: loads when it was built for this Lua", function()
    assert.is_true(require "adobepass.util.core_check")
  end)
end)
