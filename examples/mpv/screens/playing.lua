--- Playback by mpv, with the channel's name, and the end of a pass.

local view = require "view"

local Playing = {}
Playing.__index = Playing

local ASK_EVERY = 5 -- seconds between requests about a pass
local SHOW_FOR = 6 -- seconds for which the bar stays after a key

-- The app itself must end playback when a pass expires.
local function watch_pass(self)
  local app, asked = self.app, 0
  while true do
    if app.pass:check() == "expired" then return app:pass_over() end
    self.left = app.pass:remaining_ms()
    app.driver.sleep(1)
    asked = asked + 1
    if asked % ASK_EVERY == 0 then app.pass:refresh() end
  end
end

function Playing:begin()
  mp.command_native_async { "loadfile", self.url }
  if not self.app.pass then return end
  self.app:start(function() watch_pass(self) end)
end

function Playing.finish() mp.command_native_async { "stop" } end

--- mpv has stopped. Each playback is authorized, so also the next one.
function Playing:ended(reason)
  if reason == "eof" then return self.app:play(self.channel) end
  if reason == "error" then self.app:cannot_play(self.channel, "The stream failed.") end
end

function Playing:draw()
  view.begin(true)
  if mp.get_time() - self.shown < SHOW_FOR then
    view.box("background", 0, 560, view.WIDTH, 160, 60)
    view.text(46, "text", self.channel.title, view.LEFT, 580)
    view.text(38, "text", view.clock(self.app.seconds), view.RIGHT, 586, 9)
    view.hints "Back: channels"
  end
  if self.left then
    view.box("background", view.RIGHT - 172, 40, 172, 60, 60)
    view.text(28, "good", view.clock(self.left / 1000) .. " free", view.RIGHT - 24,
      56, 9)
  end
end

function Playing:key(key)
  self.shown = mp.get_time()
  if key == "back" then self.app:channels() end
end

function Playing:note() return self.app.seconds .. " s" end

return function(app, given)
  return setmetatable({ app = app, channel = given.channel, url = given.url,
    what = given.channel.title, shown = mp.get_time() }, Playing)
end
