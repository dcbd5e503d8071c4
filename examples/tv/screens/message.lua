--- A message with buttons. `selected` is the number of the button with the focus
-- (default: 1).

local focus = require "focus"
local icons = require "icons"
local text = require "text"
local ui = require "ui"

local Message = {}
Message.__index = Message

local WIDTH, BUTTON, GAP = 760, 252, 24
local LEFT = (ui.WIDTH - WIDTH) / 2

local function place(buttons)
  local x = (ui.WIDTH - #buttons * BUTTON - (#buttons - 1) * GAP) / 2
  for index, item in ipairs(buttons) do
    item.x, item.y = x + (index - 1) * (BUTTON + GAP), 528
    item.width, item.height = BUTTON, 58
  end
  return buttons
end

function Message:update(seconds) return self.focus:update(seconds) end

local function draw_icon(self)
  ui.color "panel"
  ui.disc(ui.WIDTH / 2, 168, 66)
  ui.color(self.color or "accent")
  icons[self.icon](ui.WIDTH / 2, 168, 54)
end

function Message:draw()
  ui.light()
  draw_icon(self)
  ui.centered("title", "text", ui.fitted("title", self.title, 1100), 0, 262,
    ui.WIDTH, 56)
  local high = ui.column("body", "soft", self.text, LEFT, 338, WIDTH,
    "center", self.more and 4 or 6)
  if self.more then
    ui.column("small", "faint", self.more, LEFT - 80, 338 + high + 18,
      WIDTH + 160, "center", 2)
  end
  for _, item in ipairs(self.buttons) do
    ui.button(item, item == self.focus:item())
  end
  self.focus:draw(12)
  ui.hints(#self.buttons > 1
    and { { "move", text "move" }, { "OK", text "choose" },
      { text "Back", text "go back" } }
    or { { "OK", text "go on" } })
end

-- The key Back activates the last button, which has the smallest effect.
function Message:key(key)
  if self.focus:key(key) then return end
  if key == "ok" then self.focus:item().act()
  elseif key == "back" then self.buttons[#self.buttons].act() end
end

return function(given)
  given.focus = focus.new(place(given.buttons), given.selected)
  given.note = given.more or given.text
  return setmetatable(given, Message)
end
