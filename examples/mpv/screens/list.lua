--- A title, a text, and a list: providers, channels, or the buttons of a message.
--
-- An item has a `label`, `act`, and optionally a `note` and `is_locked`. The key Back
-- calls `back`.

local view = require "view"

local List = { name = "list" }
List.__index = List

local HEIGHT, GAP, BOTTOM = 62, 10, 632
local MOST = 64 -- bytes of a note; the whole text is on the next screen
local LOCK = "m 0 9 l 16 9 16 22 0 22 m 2 9 l 2 5 5 1 11 1 14 5 14 9 11 9 11 6 9 4 7 4 "
  .. "5 6 5 9"

local function draw_item(item, y, is_focused)
  view.box(is_focused and "accent" or "panel", view.LEFT, y, 1136, HEIGHT)
  local color = is_focused and "background" or item.is_locked and "soft" or "text"
  if item.is_locked then
    view.path(is_focused and "background" or "warm", LOCK, view.LEFT + 22, y + 20)
  end
  view.text(30, color, item.label, view.LEFT + 56, y + 15)
  view.text(24, is_focused and "background" or "soft",
    view.shorten(item.note or "", MOST), view.RIGHT - 24, y + 19, 9)
end

function List:draw()
  view.begin()
  view.text(46, "text", self.title, view.LEFT, 48)
  local top = 124
  if self.text then
    top = top + 24 + 36 * view.column(30, "soft", self.text, view.LEFT, top, 76)
  end
  local rows = math.floor((BOTTOM - top + GAP) / (HEIGHT + GAP))
  local first = math.max(0, math.min(self.at - math.ceil(rows / 2), #self.items - rows))
  for index = first + 1, math.min(#self.items, first + rows) do
    draw_item(self.items[index], top + (index - first - 1) * (HEIGHT + GAP),
      index == self.at)
  end
  view.hints(#self.items > 1 and "Up, Down: move     OK: choose" or "")
end

function List:key(key)
  local step = key == "down" and 1 or key == "up" and -1
  if step then
    self.at = math.max(1, math.min(#self.items, self.at + step))
  elseif key == "ok" and self.items[self.at] then
    self.items[self.at].act()
  elseif key == "back" and self.back then
    self.back()
  end
end

function List:note()
  local item = self.items[self.at]
  return self.text or item and item.note
end

return function(fields)
  fields.items, fields.at = fields.items or {}, 1
  return setmetatable(fields, List)
end
