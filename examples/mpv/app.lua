--- The app in mpv: one screen at a time, on the on-screen display. The flows are in
-- examples/shared/tv_app.lua; they run as tasks, so mpv's script is never blocked.

local TvApp = require "examples.shared.tv_app"
local process_store = require "examples.shared.process_store"
local list = require "screens.list"
local lists = require "lists"
local settings = require "settings"
local view = require "view"

local App = setmetatable({}, TvApp)
App.__index = App

local SCREENS = { code = require "screens.code", playing = require "screens.playing" }

local TICK = 0.02 -- seconds between updates while a task runs

-- The timer of the tasks stops when none is left, and that of the clocks never.
local function start_timers(self)
  self.ticks = mp.add_periodic_timer(TICK, function()
    if self.client:update() == 0 then self.ticks:kill() end
  end)
  mp.add_periodic_timer(1, function() self:redraw() end)
end

function App:start(flow)
  TvApp.start(self, flow)
  self.ticks:resume()
end

--- Shows a screen, and cancels the task of the last one. The screen "busy" waits for
-- the next redraw, so that a short wait does not flicker.
function App:show(name, ...)
  if self.task then self.task:cancel() end
  local last, new = self.screen, SCREENS[name]
  self.task = nil
  self.screen = new and new(self, ...) or list(lists[name](self, ...))
  if last and last.finish then last:finish() end
  if self.screen.begin then self.screen:begin() end
  if name ~= "busy" then self:redraw() end
end

function App:redraw()
  local screen = self.screen
  screen:draw()
  view.finish()
  local item = screen.items and screen.items[screen.at]
  self:report(item and item.label, screen:note())
end

function App:key(key)
  local screen = self.screen
  screen:key(key)
  if screen == self.screen then self:redraw() end
end

--- mpv has ended a file.
function App:ended(reason)
  if self.screen.ended then self.screen:ended(reason) end
end

function App:close()
  if not self.client then return end
  TvApp.close(self)
  process_store.close(self.store)
end

--- Creates the app and shows its first screen.
function App.new()
  local self = setmetatable({ seconds = 0, gateway = os.getenv "TV_GATEWAY" }, App)
  local service = self.gateway and TvApp.service()
  if not service then
    self:show "no_service"
    return self
  end
  self:connect(service, process_store.new(settings.folder()), {
    channels = settings.channels, hardware = "SetTopBox", model = "mpv" })
  start_timers(self)
  self:home()
  return self
end

return App
