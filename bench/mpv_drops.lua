-- A script of mpv: appends a line for each file to MPV_DROPS when it ends: seconds
-- played, frames dropped by the output, by the decoder, and frames shown late.

local path = os.getenv "MPV_DROPS"

mp.add_hook("on_unload", 50, function()
  local file = assert(io.open(path, "a"))
  for _, name in ipairs { "playback-time", "frame-drop-count",
    "decoder-frame-drop-count", "vo-delayed-frame-count" } do
    file:write(("%.0f "):format(mp.get_property_number(name, 0)))
  end
  file:write "\n"
  file:close()
end)
