--- The busy screen. It appears after a delay, so that short waits do not flicker.

local text = require "text"
local ui = require "ui"

local Busy = {}
Busy.__index = Busy

local DELAY = 0.25 -- seconds before the screen appears

function Busy:update(seconds)
  self.time = self.time + seconds
  return ui.dots_change(self.time, seconds)
end

function Busy:draw()
  ui.light()
  if self.time < DELAY then return end
  ui.centered("heading", "text", self.text, 0, 300, ui.WIDTH, 40)
  ui.waiting(ui.WIDTH / 2 - 22, 372, self.time)
  if not self.must_finish then ui.hints { { text "Back", text "stop" } } end
end

function Busy:key(key)
  if key == "back" and not self.must_finish then self.app:go_back() end
end

return function(app, label, must_finish)
  return setmetatable({ app = app, text = label, what = label, time = 0,
    must_finish = must_finish }, Busy)
end
