--- The code for the second screen, as text and as a QR code, with the remaining time.

local qr_code = require "examples.shared.qr_code"
local view = require "view"

local Code = { name = "code" }
Code.__index = Code

local SIZE = 352 -- of the QR code

-- Returns the picture: its size, and its dark modules as ASS drawing commands.
local function picture_of(output)
  local dark = {}
  local rows = qr_code.parse(output, function(...) dark[#dark + 1] = { ... } end)
  local scale = math.floor(SIZE / (rows + 2 * qr_code.EDGE))
  for index, at in ipairs(dark) do
    local x, y = (at[1] + qr_code.EDGE) * scale, (at[2] + qr_code.EDGE) * scale
    local right, bottom = x + at[3] * scale, y + scale
    dark[index] = ("m %d %d l %d %d %d %d %d %d"):format(x, y, right, y, right, bottom,
      x, bottom)
  end
  return { size = (rows + 2 * qr_code.EDGE) * scale, path = table.concat(dark, " ") }
end

-- Without `qrencode`, the screen shows code and URL only.
local function request_picture(self, text)
  local command = { name = "subprocess", args = qr_code.command(text),
    capture_stdout = true, playback_only = false }
  mp.command_native_async(command, function(_, result)
    if not result or result.status ~= 0 then return end
    self.picture = picture_of(result.stdout)
    self.app:redraw()
  end)
end

local function log_in(self)
  self.app:log_in(self.provider, function(login)
    self.login = login
    request_picture(self, login.qr)
    self.app:redraw()
  end, function(login) self.is_offline = login.last_error ~= nil end)
end

function Code:begin()
  self.app:start(function() log_in(self) end)
end

local function draw_picture(picture)
  local size = picture.size
  local x, y = view.RIGHT - size, 160
  view.box("white", x, y, size, size)
  view.path("black", picture.path, x, y)
  view.text(24, "soft", "Or scan with your phone", x + size / 2, y + size + 14, 8)
end

function Code:draw()
  view.begin()
  view.text(46, "text", self.title, view.LEFT, 48)
  view.hints "Back: other provider"
  if not self.login then return end
  view.text(30, "soft", "1   On your phone or computer, open", view.LEFT, 160)
  view.text(38, "text", self.app.activation_url:gsub("^https://", ""), 112, 202)
  view.text(30, "soft", "2   Type this code", view.LEFT, 280)
  view.text(88, "accent", self.login.code:gsub(".", "%0 "), 112, 316)
  view.text(30, "soft", "3   Sign in there. This screen continues by itself.",
    view.LEFT, 440)
  local left = (self.login.expires_at - self.app.client:now_ms()) / 1000
  view.text(30, "text", "The code is valid for " .. view.clock(left), 112, 500)
  if self.is_offline then
    view.text(30, "warm", "No connection. Trying again.", 112, 540)
  end
  if self.picture then draw_picture(self.picture) end
end

function Code:key(key)
  if key == "back" then self.app:choose_provider() end
end

function Code:note() return self.login and self.login.code end

return function(app, provider)
  return setmetatable({ app = app, provider = provider, what = provider.id,
    title = "Sign in with " .. provider.display_name }, Code)
end
