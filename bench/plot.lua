--- Draws lines as SVG. Each line is labeled at its end; no text is below 14 px.

local plot = {}

local WIDTH, HEIGHT = 760, 380
local LEFT, RIGHT, TOP, BOTTOM = 70, 190, 50, 50
local COLORS = { "#0b62a4", "#b3460b", "#2a7a3b" }

local STYLE = [[
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d"
 font-family="sans-serif" font-size="14" fill="#222">
<rect width="100%%" height="100%%" fill="#fff"/>
<text x="%d" y="28" font-size="17">%s</text>
]]

local LINE = '<polyline fill="none" stroke-width="2" stroke="%s" '
  .. 'points="%s"/>'

-- Returns a round step that divides a range into 4 to 8 parts.
local function step_of(range)
  local step = 10 ^ math.floor(math.log(range) / math.log(10))
  if range / step < 2 then return step / 4 end
  return range / step < 4 and step / 2 or step
end

local function bounds(lines)
  local x, y = 0, 0
  for _, line in ipairs(lines) do
    for _, point in ipairs(line[2]) do
      x, y = math.max(x, point[1]), math.max(y, point[2])
    end
  end
  local step = step_of(y)
  return x, math.ceil(y / step) * step, step
end

local function axes(out, scale_x, scale_y, x, y, step, name)
  local function add(...) out[#out + 1] = string.format(...) end
  for at = 0, math.floor(y / step + 0.5) do
    add('<line x1="%d" x2="%d" y1="%.1f" y2="%.1f" stroke="#ddd"/>', LEFT,
      WIDTH - RIGHT, scale_y(at * step), scale_y(at * step))
    add('<text x="%d" y="%.1f" text-anchor="end">%g</text>', LEFT - 8,
      scale_y(at * step) + 5, at * step)
  end
  local step_x = step_of(x)
  for at = 0, math.floor(x / step_x) do
    add('<text x="%.1f" y="%d" text-anchor="middle">%g</text>', scale_x(at * step_x),
      HEIGHT - BOTTOM + 20, at * step_x)
  end
  add('<text x="%d" y="%d" text-anchor="end">%s</text>', WIDTH - RIGHT, HEIGHT - 8,
    name)
end

-- Returns the heights of the labels, at least 18 apart, in the order of the ends.
local function label_heights(lines, scale_y)
  local order, heights, last = {}, {}, -math.huge
  for index, line in ipairs(lines) do
    order[index] = { index, scale_y(line[2][#line[2]][2]) }
  end
  table.sort(order, function(a, b) return a[2] < b[2] end)
  for _, item in ipairs(order) do
    last = math.max(item[2], last + 18)
    heights[item[1]] = last
  end
  return heights
end

--- Returns an SVG. options: `title`, `x` (name of the axis), `lines`: a list of { name,
-- { { x, y }, ... } }, at most 3.
function plot.lines(options)
  local x, y, step = bounds(options.lines)
  local function scale_x(value)
    return LEFT + value / x * (WIDTH - LEFT - RIGHT)
  end
  local function scale_y(value)
    return HEIGHT - BOTTOM - value / y * (HEIGHT - TOP - BOTTOM)
  end
  local out = { (STYLE:format(WIDTH, HEIGHT, WIDTH, HEIGHT, LEFT, options.title)) }
  axes(out, scale_x, scale_y, x, y, step, options.x)
  local heights = label_heights(options.lines, scale_y)
  for index, line in ipairs(options.lines) do
    local points = {}
    for at, point in ipairs(line[2]) do
      points[at] = ("%.1f,%.1f"):format(scale_x(point[1]), scale_y(point[2]))
    end
    out[#out + 1] = LINE:format(COLORS[index], table.concat(points, " "))
    out[#out + 1] = ('<text x="%d" y="%.1f" fill="%s">%s</text>'):format(
      WIDTH - RIGHT + 8, heights[index] + 5, COLORS[index], line[1])
  end
  out[#out + 1] = "</svg>\n"
  return table.concat(out, "\n")
end

return plot
