--- Playback: the picture, the channel's name, and the time.

local text = require "text"
local ui = require "ui"

local Playing = {}
Playing.__index = Playing

local SHOW_FOR = 6 -- seconds for which the bar stays after a key

function Playing:begin()
  local app = self.app
  if app.pass then app:start(function() app:watch_pass() end) end
end

function Playing:update(seconds)
  self.time, self.shown = self.time + seconds, self.shown + seconds
  return true
end

-- Instead of a video: animated bars in the channel's color.
local function draw_film(self)
  local color, bars, width = self.channel.color, 20, 40
  for index = 0, bars - 1 do
    local high = 120 + 62 * math.sin(self.time * 2.2 + index * 0.7)
      + 44 * math.sin(self.time * 3.7 + index * 1.9)
    local light = 0.75 + 0.25 * math.sin(index * 0.5 + self.time)
    love.graphics.setColor(color[1] * light, color[2] * light,
      color[3] * light)
    love.graphics.rectangle("fill", 130 + index * 52, 300 - high / 2, width,
      high, 8)
  end
end

local function draw_live(self, x, y)
  ui.color "live"
  ui.box(x, y, 82, 32, 8)
  ui.color("white", 0.6 + 0.4 * math.sin(self.time * 4))
  love.graphics.circle("fill", x + 19, y + 16, 5)
  ui.text("tiny", "white", text "LIVE", x + 32, y + 6)
end

local function token_text(self)
  local left = self.token_ends - self.app.client:now_ms()
  if left <= 0 then return text "Media token expired" end
  return text("Media token valid for %s", ui.clock(left / 1000))
end

local function draw_bar(self)
  ui.color(self.foot)
  love.graphics.rectangle("fill", 0, 520, ui.WIDTH, 230)
  ui.text("title", "text", self.channel.resource, ui.LEFT, 540)
  local wide = ui.fonts.title:getWidth(self.channel.resource)
  draw_live(self, ui.LEFT + wide + 26, 552)
  ui.text("body", "soft", text(self.channel.about), ui.LEFT, 592)
  local time = ui.clock(math.floor(self.time))
  ui.text("digits", "text", time,
    ui.RIGHT - ui.fonts.digits:getWidth(time), 552)
  local token = token_text(self)
  ui.text("small", "soft", token,
    ui.RIGHT - ui.fonts.small:getWidth(token), 596)
  ui.hints { { text "Back", text "channels" } }
end

local function draw_pass(self)
  local whole = self.app.pass_minutes * 60000
  local left = math.min(self.app.pass_left, whole)
  ui.color(self.foot)
  ui.box(ui.RIGHT - 236, ui.TOP, 236, 84, 18)
  ui.ring(ui.RIGHT - 192, ui.TOP + 42, 26, left / whole,
    left < 60000 and "bad" or "good")
  ui.text("digits", "text", ui.clock(left / 1000), ui.RIGHT - 150,
    ui.TOP + 9)
  ui.text("tiny", "soft", text "free minutes", ui.RIGHT - 150, ui.TOP + 48)
end

function Playing:draw()
  draw_film(self)
  if self.shown < SHOW_FOR then draw_bar(self) end
  if self.app.pass and self.app.pass_left then draw_pass(self) end
end

function Playing:key(key)
  self.shown = 0
  if key == "back" then self.app:open_catalog() end
end

local function shade(color, light)
  return { color[1] * light, color[2] * light, color[3] * light }
end

return function(app, channel, decision)
  return setmetatable({ app = app, channel = channel, time = 0, shown = 0,
    what = channel.resource, paper = shade(channel.color, 0.30),
    foot = shade(channel.color, 0.13),
    note = decision.media_token and "media token" or "",
    token_ends = decision.media_token_not_after or 0 }, Playing)
end
