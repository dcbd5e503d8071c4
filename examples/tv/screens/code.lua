--- The code for the second screen, as text and as a QR code, with the remaining
-- time.

local qr = require "qr"
local text = require "text"
local ui = require "ui"

local Code = {}
Code.__index = Code

local CARD = { x = 856, y = 164, size = 352, edge = 8 }

-- Shows the code; polling continues for minutes.
local function show_code(self, login)
  self.login, self.note, self.has_news = login, login.code, true
  self.drawing = qr.start(login.qr)
  self.whole = login.expires_at - self.app.client:now_ms()
  self.page = self.app.activation_url:gsub("^https://", "")
end

-- A failed poll does not end the login.
local function note_poll(self, login)
  self.is_offline, self.has_news = login.last_error ~= nil, true
end

local function log_in(self)
  self.app:log_in(self.provider, function(login) show_code(self, login) end,
    function(login) note_poll(self, login) end)
end

function Code:begin()
  self.app:start(function() log_in(self) end)
end

function Code:update(seconds)
  self.time = self.time + seconds
  local changes = self.has_news or ui.dots_change(self.time, seconds)
  self.has_news = false
  if self.login and not self.picture then
    self.picture = qr.image(self.drawing)
    changes = changes or self.picture ~= nil
  end
  return changes
end

local function draw_letters(code, x, y)
  local width, gap = 74, 12
  for letter in code:gmatch "." do
    ui.color "panel"
    ui.box(x, y, width, 92, 12)
    ui.centered("code", "text", letter, x, y, width, 92)
    x = x + width + gap
  end
end

local function draw_step(number, label, y)
  ui.color "raised"
  ui.disc(ui.LEFT + 20, y + 15, 20)
  ui.centered("label", "accent", number, ui.LEFT, y - 5, 40, 40)
  ui.text("body", "soft", label, ui.LEFT + 58, y)
end

local function draw_picture(self)
  ui.color "white"
  ui.box(CARD.x, CARD.y, CARD.size, CARD.size, 20)
  local size = self.picture:getWidth()
  local room = (CARD.size - 2 * CARD.edge) * ui.scale
  local scale = math.floor(room / size) / ui.scale
  local edge = (CARD.size - size * scale) / 2
  love.graphics.draw(self.picture, CARD.x + edge, CARD.y + edge, 0, scale)
  ui.centered("small", "soft", text "Or point your phone's camera here", CARD.x,
    CARD.y + CARD.size + 14, CARD.size, 30)
end

local function draw_time(self)
  local left = self.login.expires_at - self.app.client:now_ms()
  local color = left < 60000 and "bad" or left < 300000 and "warm" or "accent"
  ui.ring(ui.LEFT + 42, 574, 38, left / self.whole, color)
  ui.text("digits", "text", ui.clock(left / 1000), ui.LEFT + 104, 541)
  if self.is_offline then
    ui.text("small", "warm", text "No connection. Trying again.",
      ui.LEFT + 104, 580)
  else
    local wide = ui.text("small", "soft", text "Waiting for you to sign in",
      ui.LEFT + 104, 580)
    ui.waiting(ui.LEFT + 124 + wide, 593, self.time)
  end
end

function Code:draw()
  ui.title(self.title)
  ui.hints { { text "Back", text "other provider" } }
  if not self.login then
    return ui.waiting(ui.WIDTH / 2 - 22, 372, self.time)
  end
  draw_step("1", text "On your phone or computer, open", 148)
  ui.text("heading", "text", self.page, ui.LEFT + 58, 184)
  draw_step("2", text "Type this code", 250)
  draw_letters(self.login.code, ui.LEFT + 58, 296)
  draw_step("3", text "Sign in there. This screen continues automatically.", 428)
  draw_time(self)
  if self.picture then draw_picture(self) end
end

function Code:key(key)
  if key == "back" then self.app:choose_provider() end
end

return function(app, provider)
  return setmetatable({ app = app, provider = provider, time = 0,
    what = provider.id, title = ui.fitted("title",
      text("Sign in with %s", provider.display_name), ui.RIGHT - ui.LEFT) }, Code)
end
