--- Loads the C core. If it was built for another Lua, raises one sentence instead of
-- the loader's "undefined symbol". The public modules require this one first.
-- @module adobepass.util.core_check

local fine, message = pcall(function() return require "adobepass.core" end)
if fine then return true end

-- Linux, macOS, and luaL_checkversion of Lua 5.2 and later.
local is_other_lua = message:find "undefined symbol: lua"
  or message:find "[Ss]ymbol not found.-_lua"
  or message:find "version mismatch"
if not is_other_lua then error(message, 0) end

local jit = rawget(_G, "jit")
local name = jit and "luajit" or _VERSION:lower():gsub(" ", "")
error(("adobepass: the core%s was built for another Lua than this one (%s); build it "
  .. "with `make LUA=%s`, or correct LUA_CPATH"):format(
  (message:match "from file ('.-')" or ""):gsub("^.", " %0"),
  jit and jit.version or _VERSION, name), 0)
