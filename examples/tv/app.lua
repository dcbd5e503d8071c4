--- The app in LÖVE: one screen at a time, drawn in frames. The flows are in
-- examples/shared/tv_app.lua; they run as tasks, so they do not block frames.

local TvApp = require "examples.shared.tv_app"
local frames = require "frames"
local message = require "screens.message"
local messages = require "messages"
local settings = require "settings"
local store = require "store"
local text = require "text"
local ui = require "ui"

local App = setmetatable({ text = text }, TvApp)
App.__index = App

local RISE, HEIGHT = 0.25, 28 -- seconds and pixels that a new screen rises

local SCREENS = { busy = require "screens.busy", catalog = require "screens.catalog",
  code = require "screens.code", picker = require "screens.picker",
  playing = require "screens.playing" }

--- Creates the app and shows its first screen.
function App.new()
  local self = setmetatable({ age = 0 }, App)
  local service = TvApp.service()
  if not service then
    self:show "no_service"
    return self
  end
  self:connect(service, store.new(love.filesystem.getSaveDirectory() .. "/store"), {
    channels = settings.channels, hardware = "TV", model = "Living room TV",
    language = settings.language })
  self.move_network = function() self.client:update() end
  self:home()
  return self
end

--- Shows a screen or a message, and cancels the task of the last one.
function App:show(name, ...)
  if self.task then self.task:cancel() end
  self.task, self.age = nil, 0
  local new = SCREENS[name]
  self.screen = new and new(self, ...) or message(messages[name](self, ...))
  self.screen.name = new and name or "message"
  if self.screen.begin then self.screen:begin() end
end

--- Advances the app; returns whether the picture has changed.
function App:update(seconds)
  local rises = self.age < RISE
  self.age = self.age + seconds
  if self.client then frames.network(self.move_network) end
  return self.screen:update(seconds) or rises or self.age == 0
end

-- Draws the screen; a new screen slides up to its position.
function App:draw()
  ui.begin(self.screen.paper)
  local rest = math.max(0, 1 - self.age / RISE)
  love.graphics.translate(0, math.floor(HEIGHT * rest * rest))
  self.screen:draw()
end

function App:key(key) self.screen:key(key) end

--- Reports the state; see TvApp:report.
function App:tell()
  local screen = self.screen
  local item = screen.focus and screen.focus:item()
  self:report(item and item.label, screen.note)
end

function App:close()
  if not self.client then return end
  TvApp.close(self)
  store.close(self.store)
end

return App
