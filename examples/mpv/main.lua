--- A TV app as a script of mpv. The flows are in app.lua.

-- The path of this checkout; an installed module has other paths.
local here = mp.get_script_directory()
local tree = here .. "/../../"
local lua = rawget(_G, "jit") and "luajit" or "lua" .. _VERSION:match "%d.%d"
package.path = ("%s/?.lua;%slua/?.lua;%slua/?/init.lua;%s?.lua;"):format(here, tree,
  tree, tree) .. package.path
package.cpath = ("%sbuild/%s/?.so;"):format(tree, lua) .. package.cpath

local app = require "app"
local callbacks = require "callbacks"

-- Remote controls send key events.
local KEYS = { UP = "up", DOWN = "down", LEFT = "left", RIGHT = "right", ENTER = "ok",
  KP_ENTER = "ok", ESC = "back", BS = "back" }

local running = app.new()

for name, key in pairs(KEYS) do
  mp.add_forced_key_binding(name, "player-" .. name, callbacks.wrap(function()
    running:key(key)
  end), { repeatable = true })
end

mp.register_event("end-file", callbacks.wrap(function(event)
  running:ended(event.reason)
end))

mp.register_event("shutdown", function()
  running:close()
  callbacks.write()
end)
