--- Icons, drawn around a point.

local ui = require "ui"

local icons = {}

--- A padlock; `size` is its width.
function icons.lock(x, y, size)
  love.graphics.setLineWidth(size / 7)
  love.graphics.arc("line", "open", x, y - size * 0.12, size * 0.30,
    -math.pi, 0, 24)
  love.graphics.line(x - size * 0.30, y - size * 0.13, x - size * 0.30, y)
  love.graphics.line(x + size * 0.30, y - size * 0.13, x + size * 0.30, y)
  ui.box(x - size / 2, y, size, size * 0.72, size * 0.14)
end

--- A play symbol in a circle.
function icons.play(x, y, size)
  local half = size * 0.5
  love.graphics.polygon("fill", x - half * 0.6, y - half, x - half * 0.6,
    y + half, x + half, y)
  love.graphics.setLineWidth(1.5)
  love.graphics.polygon("line", x - half * 0.6, y - half, x - half * 0.6,
    y + half, x + half, y)
end

--- A clock at ten past.
function icons.clock(x, y, size)
  love.graphics.setLineWidth(size / 9)
  love.graphics.circle("line", x, y, size / 2, 48)
  love.graphics.line(x, y - size * 0.28, x, y, x + size * 0.20, y + size * 0.1)
end

--- Crossed-out waves, for no connection.
function icons.offline(x, y, size)
  love.graphics.setLineWidth(size / 11)
  for _, part in ipairs { 0.30, 0.55, 0.80 } do
    love.graphics.arc("line", "open", x, y + size * 0.35, size * part,
      -math.pi * 0.75, -math.pi * 0.25, 24)
  end
  love.graphics.circle("fill", x, y + size * 0.35, size * 0.09)
  love.graphics.line(x - size * 0.42, y + size * 0.42, x + size * 0.42,
    y - size * 0.46)
end

--- A check mark.
function icons.done(x, y, size)
  love.graphics.setLineWidth(size / 8)
  love.graphics.setLineJoin "miter"
  love.graphics.line(x - size * 0.36, y + size * 0.02, x - size * 0.10,
    y + size * 0.28, x + size * 0.40, y - size * 0.28)
end

--- A door with an arrow, for logout.
function icons.leave(x, y, size)
  love.graphics.setLineWidth(size / 10)
  love.graphics.line(x, y - size * 0.4, x - size * 0.42, y - size * 0.4,
    x - size * 0.42, y + size * 0.4, x, y + size * 0.4)
  love.graphics.line(x - size * 0.12, y, x + size * 0.45, y)
  love.graphics.line(x + size * 0.22, y - size * 0.2, x + size * 0.45, y,
    x + size * 0.22, y + size * 0.2)
end

--- The letter i: information.
function icons.notice(x, y, size)
  love.graphics.circle("fill", x, y - size * 0.30, size * 0.09)
  ui.box(x - size * 0.07, y - size * 0.10, size * 0.14, size * 0.5,
    size * 0.07)
end

return icons
