--- A TV app as a script of mpv. The flows are in examples/shared/tv_app.lua.

-- The paths of this checkout; an installed module has other paths.
local here = mp.get_script_directory()
local tree = here .. "/../../"
local lua = rawget(_G, "jit") and "luajit" or "lua" .. _VERSION:match "%d.%d"
package.path = ("%s/?.lua;%slua/?.lua;%slua/?/init.lua;%s?.lua;"):format(here, tree,
  tree, tree) .. package.path
package.cpath = ("%sbuild/%s/?.so;"):format(tree, lua) .. package.cpath

local times = os.getenv "TV_FRAMES"
if times then assert(loadfile(tree .. "bench/mpv_callbacks.lua"))(times) end

local App = require "app"

-- Remote controls send key events. A held key repeats: a second "ok" would choose the
-- first item of the next list.
local KEYS = { UP = "up", DOWN = "down", LEFT = "left", RIGHT = "right", ENTER = "ok",
  KP_ENTER = "ok", ESC = "back", BS = "back" }
local REPEATS = { up = true, down = true, left = true, right = true }

local app = App.new()

for name, key in pairs(KEYS) do
  mp.add_forced_key_binding(name, "player-" .. name, function() app:key(key) end,
    { repeatable = REPEATS[key] })
end

mp.register_event("end-file", function(event) app:ended(event.reason) end)

mp.observe_property("playback-time", "number", function(_, seconds)
  app.seconds = math.floor(seconds or 0)
end)

mp.register_event("shutdown", function() app:close() end)
