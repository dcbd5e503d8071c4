--- Colors, fonts, and the shapes that screens share, in a space of 1280 x 720.

local ui = { WIDTH = 1280, HEIGHT = 720 }

-- TVs may cut off 5 % at each edge, so the margins stay empty.
ui.LEFT, ui.TOP, ui.RIGHT, ui.BOTTOM = 72, 48, 1208, 672
ui.BAND = 132 -- the height of the light at the top

ui.colors = {
  background = { 0.043, 0.055, 0.090 },
  glow = { 0.090, 0.125, 0.225 },
  panel = { 0.098, 0.122, 0.184 },
  raised = { 0.145, 0.180, 0.265 },
  text = { 0.955, 0.965, 0.985 },
  soft = { 0.690, 0.735, 0.820 },
  faint = { 0.500, 0.550, 0.650 },
  accent = { 0.380, 0.690, 1.000 },
  good = { 0.340, 0.820, 0.560 },
  warm = { 1.000, 0.730, 0.330 },
  bad = { 1.000, 0.450, 0.420 },
  live = { 0.840, 0.190, 0.220 },
  white = { 1, 1, 1 }, black = { 0, 0, 0 },
}

-- Debian's DejaVu if it is installed, else LÖVE's font.
local BOLD = "/usr/share/fonts/truetype/dejavu/DejaVuSans-Bold.ttf"
local SIZES = {
  title = { 42, true }, heading = { 28, true }, body = { 24 },
  strong = { 24, true }, small = { 19 }, label = { 19, true },
  tiny = { 16 }, code = { 62, true }, digits = { 28, true },
}
local WARM = ""
for byte = 32, 126 do WARM = WARM .. string.char(byte) end

local function read_bold()
  local file = io.open(BOLD, "rb")
  if not file then return nil end
  local data = love.filesystem.newFileData(file:read "*a", "bold.ttf")
  file:close()
  return data
end

local function load_fonts(scale)
  local bold, fonts = read_bold(), {}
  for name, size in pairs(SIZES) do
    local font = size[2] and bold
      and love.graphics.newFont(bold, size[1], "light", scale)
      or love.graphics.newFont(size[1], "light", scale)
    font:getWidth(WARM) -- renders the glyphs now, not during a frame
    fonts[name] = font
  end
  return fonts
end

-- An ordered dither of less than one step of brightness, for 2 x 2 pixels.
local DITHER = { [0] = 0, 2, 3, 1 }

-- A gradient from the top. The dither hides the steps of 8 bits per channel.
local function make_band()
  local top, low = ui.colors.glow, ui.colors.background
  local data = love.image.newImageData(ui.WIDTH, ui.BAND)
  data:mapPixel(function(x, y)
    local part = (1 - y / ui.BAND) ^ 2
    local more = (DITHER[x % 2 + y % 2 * 2] / 4 - 0.375) / 255
    return low[1] + (top[1] - low[1]) * part + more,
      low[2] + (top[2] - low[2]) * part + more,
      low[3] + (top[3] - low[3]) * part + more, 1
  end)
  local image = love.graphics.newImage(data)
  image:setFilter("nearest", "nearest")
  return image
end

--- Loads fonts and images; call it once, before the first frame.
function ui.load()
  local width, height = love.graphics.getDimensions()
  ui.scale = math.min(width / ui.WIDTH, height / ui.HEIGHT)
  ui.offset_x = (width - ui.WIDTH * ui.scale) / 2
  ui.offset_y = (height - ui.HEIGHT * ui.scale) / 2
  ui.fonts = load_fonts(ui.scale)
  ui.band = make_band()
  love.graphics.setLineStyle "smooth"
end

--- Starts drawing a frame with a background color.
function ui.begin(color)
  local paper = color or ui.colors.background
  love.graphics.origin()
  love.graphics.clear(paper[1], paper[2], paper[3])
  love.graphics.translate(ui.offset_x, ui.offset_y)
  love.graphics.scale(ui.scale)
end

function ui.color(name, alpha)
  local color = ui.colors[name] or name
  love.graphics.setColor(color[1], color[2], color[3], alpha or 1)
end

--- Draws an opaque image without blending, which takes half the time.
function ui.stamp(image, x, y)
  love.graphics.setBlendMode("replace", "premultiplied")
  love.graphics.draw(image, x, y)
  love.graphics.setBlendMode "alpha"
end

-- --- shapes -----------------------------------------------------------------

-- Fills are not antialiased; a thin smooth line covers the edge.
local function softened(shape, ...)
  love.graphics[shape]("fill", ...)
  love.graphics.setLineWidth(1)
  love.graphics[shape]("line", ...)
end

function ui.box(x, y, width, height, radius)
  softened("rectangle", x, y, width, height, radius or 14)
end

function ui.disc(x, y, radius) softened("circle", x, y, radius) end

function ui.frame(x, y, width, height, radius, line)
  love.graphics.setLineWidth(line)
  love.graphics.rectangle("line", x, y, width, height, radius)
end

local QUARTER = math.pi / 2
local BEAT = 1 / 12 -- seconds between redraws of an animation that shows waiting

--- Draws a ring; `part`, 0 to 1, is the fraction drawn in `color`.
function ui.ring(x, y, radius, part, color)
  love.graphics.setLineWidth(7)
  ui.color "raised"
  love.graphics.circle("line", x, y, radius, 64)
  if part <= 0 then return end
  ui.color(color)
  love.graphics.arc("line", "open", x, y, radius, -QUARTER,
    -QUARTER + 4 * QUARTER * math.min(1, part), 64)
end

--- Returns whether the dots of `ui.waiting` must be redrawn: the dots change every
-- BEAT; `seconds` is the time since the last update.
function ui.dots_change(time, seconds)
  return math.floor(time / BEAT) ~= math.floor((time - seconds) / BEAT)
end

--- Draws three animated dots: the app is waiting.
function ui.waiting(x, y, time)
  for index = 0, 2 do
    local wave = math.sin(time * 4 - index * 0.8)
    ui.color("accent", 0.35 + 0.65 * math.max(0, wave))
    love.graphics.circle("fill", x + index * 22, y, 6)
  end
end

-- --- words ------------------------------------------------------------------

-- Returns a font, the text with "?" for bytes that are not UTF-8, for which LÖVE raises
-- an error, and its width. Providers' texts come from the service.
local function measure(font, text)
  local face = ui.fonts[font]
  local is_valid, width = pcall(face.getWidth, face, text)
  if is_valid then return face, text, width end
  text = text:gsub("[\128-\255][\128-\191]*", function(bytes)
    return not pcall(face.getWidth, face, bytes) and "?" or nil
  end)
  return face, text, face:getWidth(text)
end

--- Draws one line of text; returns its width.
function ui.text(font, color, given, x, y, alpha)
  local face, text, width = measure(font, given)
  love.graphics.setFont(face)
  ui.color(color, alpha)
  love.graphics.print(text, x, y)
  return width
end

--- Draws wrapped text of up to `most` lines, with an ellipsis if it is shortened;
-- returns its height.
function ui.column(font, color, given, x, y, width, align, most)
  local face, text = measure(font, given)
  local _, lines = face:getWrap(text, width)
  if #lines > most then
    lines[most] = ui.fitted(font, lines[most] .. " " .. lines[most + 1], width)
    text = table.concat(lines, "\n", 1, most)
  end
  love.graphics.setFont(face)
  ui.color(color)
  love.graphics.printf(text, x, y, width, align or "left")
  return math.min(#lines, most) * face:getHeight()
end

--- Draws text in the center of a box.
function ui.centered(font, color, given, x, y, width, height)
  local face, text, wide = measure(font, given)
  love.graphics.setFont(face)
  ui.color(color)
  love.graphics.print(text, math.floor(x + (width - wide) / 2),
    math.floor(y + (height - face:getHeight()) / 2))
end

--- Returns the text that fits into a width, with an ellipsis if it is shortened.
function ui.fitted(font, given, width)
  local face, text, wide = measure(font, given)
  if wide <= width then return text end
  repeat text = text:gsub("[%z\1-\127\194-\244][\128-\191]*$", "")
  until text == "" or face:getWidth(text .. "…") <= width
  return text .. "…"
end

--- Formats seconds as "4:05".
function ui.clock(seconds)
  seconds = math.max(0, math.ceil(seconds))
  return ("%d:%02d"):format(math.floor(seconds / 60), seconds % 60)
end

-- --- parts of every screen --------------------------------------------------

--- Draws the gradient at the top.
function ui.light()
  ui.color "white"
  ui.stamp(ui.band, 0, 0)
end

function ui.title(text, under)
  ui.light()
  ui.text("title", "text", text, ui.LEFT, ui.TOP)
  if under then ui.text("body", "soft", under, ui.LEFT, ui.TOP + 56) end
end

-- The arrow keys, drawn because not every font has them.
local function draw_arrows(x, y)
  local near, far, half = 5, 10, 5
  for turn = 0, 3 do
    local dx, dy = math.cos(turn * QUARTER), math.sin(turn * QUARTER)
    love.graphics.polygon("fill", x + dx * far, y + dy * far,
      x + dx * near - dy * half, y + dy * near + dx * half,
      x + dx * near + dy * half, y + dy * near - dx * half)
  end
end

local function draw_key(name, x, y)
  local width = name == "move" and 38 or ui.fonts.tiny:getWidth(name) + 22
  ui.color "raised"
  ui.box(x, y, width, 28, 8)
  if name == "move" then
    ui.color "text"
    draw_arrows(x + width / 2, y + 14)
  else
    ui.centered("tiny", "text", name, x, y, width, 28)
  end
  return width
end

--- Draws the row of key hints at the bottom: { "OK", "choose" }, ...; the key "move"
-- stands for all four arrows.
function ui.hints(list)
  local x, y = ui.LEFT, ui.BOTTOM - 28
  for _, hint in ipairs(list) do
    x = x + draw_key(hint[1], x, y) + 10
    x = x + ui.text("tiny", "soft", hint[2], x, y + 4) + 30
  end
end

--- Draws a button of a list.
function ui.button(item, is_focused)
  ui.color(is_focused and "text" or "raised")
  ui.box(item.x, item.y, item.width, item.height, 12)
  ui.centered("label", is_focused and "background" or "text", item.label,
    item.x, item.y, item.width, item.height)
end

return ui
