--- The focus among a list of items, and the ring that moves to it.
--
-- Items have `x`, `y`, `width` and `height`; other fields are allowed.

local ui = require "ui"

local focus = {}
local Focus = {}
Focus.__index = Focus

local GLIDE = 18 -- speed of the ring, per second
local STILL = 0.25 -- pixels; at a smaller distance the ring has arrived
local SIDES = { "x", "y", "width", "height" }

-- Returns the distance to an item along a direction, and across it.
local AHEAD = {
  left = function(dx, dy) return -dx, dy end,
  right = function(dx, dy) return dx, dy end,
  up = function(dx, dy) return -dy, dx end,
  down = function(dx, dy) return dy, dx end,
}

local function middle(item)
  return item.x + item.width / 2, item.y + item.height / 2
end

-- Returns the index of the nearest item in a direction, or nil. Distance across the
-- direction counts more, to prefer an item straight ahead.
local function nearest(self, key)
  local x, y = middle(self:item())
  local best, least = nil, math.huge
  for index, item in ipairs(self.items) do
    local to_x, to_y = middle(item)
    local ahead, aside = AHEAD[key](to_x - x, to_y - y)
    local cost = ahead + 2.5 * math.abs(aside)
    if ahead > 1 and cost < least then best, least = index, cost end
  end
  return best
end

--- Creates a focus on the first item, or on the given one.
function focus.new(items, at)
  local self = setmetatable({ items = items, at = at or 1 }, Focus)
  self.ring = {}
  for _, side in ipairs(SIDES) do self.ring[side] = self:item()[side] end
  return self
end

function Focus:item() return self.items[self.at] end

--- Handles an arrow key; returns whether the key was one.
function Focus:key(key)
  if not AHEAD[key] then return false end
  local found = nearest(self, key)
  if found then self.at = found end
  return true
end

--- Moves a value towards a target.
-- @treturn number the new value
-- @treturn boolean whether the value changed
function focus.glide(from, to, seconds, speed)
  local rest = to - from
  if math.abs(rest) < STILL then return to, rest ~= 0 end
  return from + rest * (1 - math.exp(-speed * seconds)), true
end

--- Returns whether the ring is moving.
function Focus:update(seconds)
  local ring, item, moves = self.ring, self:item(), false
  for _, side in ipairs(SIDES) do
    local place, moved = focus.glide(ring[side], item[side], seconds, GLIDE)
    ring[side], moves = place, moves or moved
  end
  return moves
end

--- Draws the ring around the focused item.
function Focus:draw(radius)
  local ring, wide = self.ring, 6
  ui.color "accent"
  ui.frame(ring.x - wide, ring.y - wide, ring.width + 2 * wide,
    ring.height + 2 * wide, (radius or 12) + wide, 4)
end

return focus
