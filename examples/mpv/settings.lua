--- The app's channels, and the folder of its data.

local settings = {
  -- `id` is the folder of the gateway; start.lua gives it the same list.
  channels = {
    { id = "news", resource = "News Now", title = "News Now" },
    { id = "arena", resource = "Arena Sport", title = "Arena Sport" },
    { id = "cinema", resource = "Cinema One", title = "Cinema One" },
    { id = "live", resource = "Live", title = "Live" },
    { id = "planet", resource = "Wild Planet", title = "Wild Planet" },
    { id = "late", resource = "Late Night", title = "Late Night" },
  },
}

function settings.folder()
  local data = os.getenv "XDG_DATA_HOME" or os.getenv "HOME" .. "/.local/share"
  return data .. "/adobepass-mpv"
end

return settings
