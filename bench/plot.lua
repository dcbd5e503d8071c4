--- Draws panels of lines over time as one SVG, for light and dark grounds.
--
--   plot.draw { title =, subtitle =, x = "minutes", panels = {
--     { title =, unit =, lines = { { name =, points = { { x, y }, ... } } } },
--   } }                                            -- the text of an SVG
--
-- A panel's scale begins at 0; `log = true` makes it one of powers of ten.

local plot = {}

local WIDTH, LEFT, RIGHT = 960, 84, 28
local HEAD, PANEL, GAP, FOOT = 92, 168, 62, 56

-- The colours of the sandbox's pages; the dashes tell lines apart in print.
local LIGHT = { "#1d4ed8", "#b45309", "#0f766e", "#9d174d" }
local DARK = { "#9dbdff", "#ffc078", "#6fdccf", "#ff9ec6" }
local DASHES = { "none", "7 3", "2 3", "10 3 2 3" }

local STYLE = [[
<style>
svg{--card:#ffffff;--ink:#101828;--soft:#475467;--line:#e1e6ef;@LIGHT@}
@media (prefers-color-scheme:dark){
svg{--card:#151c30;--ink:#f1f4fb;--soft:#aab5cb;--line:#2a3450;@DARK@}}
text{font:13px system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",
sans-serif;fill:var(--soft)}
.title{font-size:21px;font-weight:650;fill:var(--ink)}
.name{font-size:15px;font-weight:600;fill:var(--ink)}
.card{fill:var(--card)}.grid{stroke:var(--line);stroke-width:1}
.axis{stroke:var(--soft);stroke-width:1}
.curve{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}
@CURVES@
</style>]]

local function escape(text)
  return (tostring(text):gsub("[&<>]", { ["&"] = "&amp;", ["<"] = "&lt;",
    [">"] = "&gt;" }))
end

local function style()
  local light, dark, curves = {}, {}, {}
  for index, colour in ipairs(LIGHT) do
    light[index] = ("--c%d:%s;"):format(index, colour)
    dark[index] = ("--c%d:%s;"):format(index, DARK[index])
    curves[index] = (".c%d{stroke:var(--c%d);stroke-dasharray:%s}"):format(
      index, index, DASHES[index])
  end
  return (STYLE:gsub("@(%u+)@", { LIGHT = table.concat(light),
    DARK = table.concat(dark), CURVES = table.concat(curves) }))
end

--- 1, 2 or 5 times a power of ten, so that `most` has `count` steps or fewer.
function plot.step(most, count)
  local rough = math.max(most, 1e-9) / count
  local power = 10 ^ math.floor(math.log(rough) / math.log(10))
  for _, factor in ipairs { 1, 2, 5, 10 } do
    if factor * power >= rough * 0.999999 then return factor * power end
  end
end

local function number(value)
  if value >= 1000 then
    return (("%.0f"):format(value):reverse():gsub("(%d%d%d)", "%1,")
      :reverse():gsub("^,", ""))
  end
  return ("%.6g"):format(value)
end

plot.number = number

local function largest(panel, axis)
  local most = 0
  for _, line in ipairs(panel.lines) do
    for _, point in ipairs(line.points) do
      most = math.max(most, point[axis])
    end
  end
  return most
end

local function linear(panel)
  local most = largest(panel, 2) * 1.05
  local step = most > 0 and plot.step(most, 4) or 1
  local top, ticks = step * math.max(1, math.ceil(most / step)), {}
  for value = 0, top + step / 2, step do ticks[#ticks + 1] = value end
  return { ticks = ticks, place = function(value) return value / top end }
end

local function log10(value) return math.log(value) / math.log(10) end

local function logarithmic(panel)
  local low, top = math.huge, math.max(largest(panel, 2), 1)
  for _, line in ipairs(panel.lines) do
    for _, point in ipairs(line.points) do
      if point[2] > 0 then low = math.min(low, point[2]) end
    end
  end
  local first = math.floor(log10(math.min(low, top)))
  local last = math.max(math.ceil(log10(top)), first + 1)
  local ticks = {}
  for power = first, last do ticks[#ticks + 1] = 10 ^ power end
  return { ticks = ticks, place = function(value)
    return (log10(math.max(value, 10 ^ first)) - first) / (last - first)
  end }
end

local function tag(out, format, ...)
  out[#out + 1] = format:format(...)
end

-- From the right, so that the last name ends where the panel does.
local function legend(out, panel, y)
  local x = WIDTH - RIGHT
  for index = #panel.lines, 1, -1 do
    local name = panel.lines[index].name
    x = x - 7.1 * #name
    tag(out, '<text x="%.0f" y="%.0f">%s</text>', x, y, escape(name))
    tag(out, '<path class="curve c%d" d="M%.0f %.0fh24"/>', index, x - 32,
      y - 4.5)
    x = x - 50
  end
end

local function curve(out, index, points, place)
  local path = {}
  for at, point in ipairs(points) do
    local x, y = place(point)
    path[at] = ("%s%.1f %.1f"):format(at == 1 and "M" or "L", x, y)
  end
  if #path > 0 then
    tag(out, '<path class="curve c%d" d="%s"/>', index, table.concat(path))
  end
end

local function grid(out, scale, top)
  for _, value in ipairs(scale.ticks) do
    local y = top + PANEL * (1 - scale.place(value))
    tag(out, '<path class="%s" d="M%d %.1fH%d"/>',
      value == scale.ticks[1] and "axis" or "grid", LEFT, y, WIDTH - RIGHT)
    tag(out, '<text x="%d" y="%.1f" text-anchor="end">%s</text>', LEFT - 10,
      y + 4.5, number(value))
  end
end

local function draw_panel(out, panel, top, most_x)
  local scale = (panel.log and logarithmic or linear)(panel)
  tag(out, '<text class="name" x="%d" y="%d">%s <tspan font-weight="400">%s'
    .. '</tspan></text>', LEFT, top - 16, escape(panel.title),
    escape(panel.unit))
  legend(out, panel, top - 16)
  grid(out, scale, top)
  for index, line in ipairs(panel.lines) do
    curve(out, index, line.points, function(point)
      return LEFT + (WIDTH - LEFT - RIGHT) * point[1] / most_x,
        top + PANEL * (1 - scale.place(point[2]))
    end)
  end
end

local function draw_time(out, given, most_x, bottom)
  local step = plot.step(most_x, 10)
  for value = 0, most_x + step / 1000, step do
    local x = LEFT + (WIDTH - LEFT - RIGHT) * value / most_x
    tag(out, '<path class="axis" d="M%.1f %dv5"/>', x, bottom)
    tag(out, '<text x="%.1f" y="%d" text-anchor="middle">%s</text>', x,
      bottom + 21, number(value))
  end
  tag(out, '<text x="%d" y="%d" text-anchor="end">%s</text>', WIDTH - RIGHT,
    bottom + 42, escape(given.x))
end

--- The text of an SVG.
function plot.draw(given)
  local height = HEAD + #given.panels * (PANEL + GAP) + FOOT - 20
  local out, most_x = {}, 1e-9
  for _, panel in ipairs(given.panels) do
    most_x = math.max(most_x, largest(panel, 1))
  end
  tag(out, '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" '
    .. 'width="%d" role="img">', WIDTH, height, WIDTH)
  tag(out, "<title>%s</title>", escape(given.title))
  out[#out + 1] = style()
  tag(out, '<rect class="card" width="%d" height="%d" rx="16"/>', WIDTH,
    height)
  tag(out, '<text class="title" x="28" y="42">%s</text>', escape(given.title))
  tag(out, '<text x="28" y="66">%s</text>', escape(given.subtitle))
  local top = HEAD + GAP - 24
  for _, panel in ipairs(given.panels) do
    draw_panel(out, panel, top, most_x)
    top = top + PANEL + GAP
  end
  draw_time(out, given, most_x, top - GAP)
  out[#out + 1] = "</svg>\n"
  return table.concat(out, "\n")
end

return plot
