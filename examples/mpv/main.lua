--- A TV app as a script of mpv. The flows are in app.lua.

local here = mp.get_script_directory()
dofile(here .. "/paths.lua")(here)

local app = require "app"
local callbacks = require "callbacks"

-- Remote controls send key events.
local KEYS = { UP = "up", DOWN = "down", LEFT = "left", RIGHT = "right", ENTER = "ok",
  KP_ENTER = "ok", ESC = "back", BS = "back" }

local running = app.new(here)

-- A held key repeats. A second "ok" would choose the first item of the next list.
local REPEATS = { up = true, down = true, left = true, right = true }

for name, key in pairs(KEYS) do
  mp.add_forced_key_binding(name, "player-" .. name, callbacks.wrap(function()
    running:key(key)
  end), { repeatable = REPEATS[key] })
end

mp.register_event("end-file", callbacks.wrap(function(event)
  running:ended(event.reason)
end))

mp.observe_property("playback-time", "number", callbacks.wrap(function(_, seconds)
  running.seconds = math.floor(seconds or 0)
end))

mp.register_event("shutdown", function()
  running:close()
  callbacks.write()
end)
