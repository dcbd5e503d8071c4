--- Loads the C core. If no core was found, or one for another Lua, raises one sentence
-- instead of the loader's list of files or "undefined symbol". The public modules
-- require this one first.
-- @module adobepass.util.core_check

local fine, message = pcall(function() return require "adobepass.core" end)
if fine then return true end

local jit = rawget(_G, "jit")
local version = jit and jit.version or _VERSION
local name = jit and "luajit" or _VERSION:lower():gsub(" ", "")

if message:find("module 'adobepass.core' not found:", 1, true) then
  error(("adobepass: no core for %s was found; build it with `make LUA=%s`, correct "
    .. "LUA_CPATH, or run a Lua whose core is built (busted has the option --lua)")
    :format(version, name), 0)
end

-- Linux, macOS, and luaL_checkversion of Lua 5.2 and later.
local is_other_lua = message:find "undefined symbol: lua"
  or message:find "[Ss]ymbol not found.-_lua"
  or message:find "version mismatch"
if not is_other_lua then error(message, 0) end

error(("adobepass: the core%s was built for another Lua than this one (%s); build it "
  .. "with `make LUA=%s`, or correct LUA_CPATH"):format(
  (message:match "from file ('.-')" or ""):gsub("^.", " %0"), version, name), 0)
