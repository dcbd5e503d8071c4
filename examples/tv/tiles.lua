--- The pictures of the channels, rendered once before the first frame.

local settings = require "settings"
local text = require "text"
local ui = require "ui"

local tiles = { WIDTH = 269, HEIGHT = 146, RADIUS = 16 }

local W, H = tiles.WIDTH, tiles.HEIGHT

local art = {}

function art.rays()
  for angle = 0, 9 do
    local from, to = angle * 0.36 - 0.3, angle * 0.36 - 0.14
    love.graphics.polygon("fill", W * 0.86, H * 0.1,
      W * 0.86 - 400 * math.cos(from), H * 0.1 + 400 * math.sin(from),
      W * 0.86 - 400 * math.cos(to), H * 0.1 + 400 * math.sin(to))
  end
end

function art.stripes()
  for index = 0, 4 do
    local x = W * 0.48 + index * 34
    love.graphics.polygon("fill", x, 0, x + 16, 0, x - 58, H, x - 74, H)
  end
end

function art.rings()
  love.graphics.setLineWidth(9)
  for index = 1, 5 do
    love.graphics.circle("line", W * 0.88, H * 0.22, index * 26, 48)
  end
end

function art.dots()
  for row = 0, 4 do
    for column = 0, 5 do
      love.graphics.circle("fill", W * 0.5 + column * 28 + row % 2 * 14,
        10 + row * 28, 3 + column * 0.9)
    end
  end
end

function art.waves()
  love.graphics.setLineWidth(7)
  for row = 0, 4 do
    local points = {}
    for x = 0, W + 8, 8 do
      points[#points + 1] = x
      points[#points + 1] = 20 + row * 30 + 13 * math.sin(x / 34 + row)
    end
    love.graphics.line(points)
  end
end

local function shade(color)
  local r, g, b = color[1], color[2], color[3]
  return love.graphics.newMesh({
    { 0, 0, 0, 0, r, g, b }, { W, 0, 1, 0, r * 1.06, g * 1.06, b * 1.06 },
    { W, H, 1, 1, r * 0.62, g * 0.62, b * 0.62 },
    { 0, H, 0, 1, r * 0.45, g * 0.45, b * 0.45 },
  }, "fan")
end

-- A locked channel is drawn darker.
local function paint(channel, light)
  local paper = ui.colors.background
  love.graphics.stencil(function()
    love.graphics.rectangle("fill", 0, 0, W, H, tiles.RADIUS)
  end)
  love.graphics.setStencilTest("greater", 0)
  love.graphics.setColor(1, 1, 1)
  love.graphics.draw(shade(channel.color))
  love.graphics.setColor(1, 1, 1, 0.10)
  art[channel.art]()
  love.graphics.setColor(paper[1], paper[2], paper[3], 1 - light)
  love.graphics.rectangle("fill", 0, 0, W, H)
  love.graphics.setStencilTest()
end

-- The corners have the background color, so the image is drawn without blending.
local function picture(channel, light)
  local canvas = love.graphics.newCanvas(W, H, { msaa = 4,
    dpiscale = ui.scale })
  canvas:setFilter("nearest", "nearest")
  local paper = ui.colors.background
  love.graphics.setCanvas { canvas, stencil = true }
  love.graphics.clear(paper[1], paper[2], paper[3])
  paint(channel, light)
  love.graphics.setCanvas()
  return canvas
end

--- Draws all pictures; call it once, before the first frame.
function tiles.load()
  tiles.bright, tiles.dark = {}, {}
  love.graphics.push "all"
  love.graphics.origin()
  love.graphics.setLineStyle "smooth"
  for _, channel in ipairs(settings.channels) do
    tiles.bright[channel.resource] = picture(channel, 1)
    tiles.dark[channel.resource] = picture(channel, 0.42)
  end
  love.graphics.pop()
end

--- Draws a channel's picture, its name and its program.
function tiles.draw(channel, x, y, dimmed)
  ui.color "white"
  ui.stamp((dimmed and tiles.dark or tiles.bright)[channel.resource], x, y)
  if dimmed then return end
  ui.text("heading", "white", channel.resource, x + 18, y + H - 72)
  ui.text("tiny", "white", text(channel.about), x + 18, y + H - 35, 0.85)
end

return tiles
