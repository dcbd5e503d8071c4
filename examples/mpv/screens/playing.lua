--- Playback by mpv, with the channel's name, and the remaining time of a pass.

local gateway = require "gateway"
local view = require "view"

local Playing = { name = "playing" }
Playing.__index = Playing

local SHOW_FOR = 6 -- seconds for which the bar stays after a key

local function play(self)
  local app, channel = self.app, self.channel
  local url, text = gateway.playlist(app.gateway, app.driver, channel,
    self.decision.media_token)
  if not url then return app:show("cannot_play", channel, text) end
  mp.command_native_async { "loadfile", url }
  if app.pass then app:watch_pass() end
end

function Playing:begin()
  self.app:start(function() play(self) end)
end

function Playing.finish() mp.command_native_async { "stop" } end

--- mpv has stopped. Each playback is authorized, so also the next one.
function Playing:ended(reason)
  if reason == "eof" then return self.app:play(self.channel) end
  if reason == "error" then
    self.app:show("cannot_play", self.channel, "The stream failed.")
  end
end

function Playing:draw()
  view.begin(true)
  if mp.get_time() - self.shown < SHOW_FOR then
    view.box("background", 0, 560, view.WIDTH, 160, 60)
    view.text(46, "text", self.what, view.LEFT, 580)
    view.text(38, "text", view.clock(self.app.seconds), view.RIGHT, 586, 9)
    view.hints "Back: channels"
  end
  local left = self.app.pass and self.app.pass_left
  if left then
    view.box("background", view.RIGHT - 172, 40, 172, 60, 60)
    view.text(28, "good", view.clock(left / 1000) .. " free", view.RIGHT - 24, 56, 9)
  end
end

function Playing:key(key)
  self.shown = mp.get_time()
  if key == "back" then self.app:open_catalog() end
end

function Playing:note() return self.app.seconds .. " s" end

return function(app, channel, decision)
  return setmetatable({ app = app, channel = channel, decision = decision,
    what = channel.title, shown = mp.get_time() }, Playing)
end
