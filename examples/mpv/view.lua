--- Draws on mpv's on-screen display with ASS events, in a space of 1280 x 720.

local view = { WIDTH = 1280, HEIGHT = 720, LEFT = 72, RIGHT = 1208 }

-- ASS colors are hexadecimal, blue first.
local COLORS = { background = "170E0B", panel = "2F1F19", text = "FBF6F4",
  soft = "D1BBB0", accent = "FFB061", good = "8FD157", warm = "54BAFF",
  white = "FFFFFF", black = "000000" }

-- An asynchronous command, because mp.create_osd_overlay waits for mpv.
local overlay = { name = "osd-overlay", id = 1, format = "ass-events",
  res_x = view.WIDTH, res_y = view.HEIGHT, z = 0, hidden = false,
  compute_bounds = false }
local events = {}

local function add(format, ...) events[#events + 1] = format:format(...) end

-- Braces and backslashes begin tags of ASS; U+2060 after a backslash prevents that.
local function escape(text)
  return (text:gsub("\\", "\\\226\129\160"):gsub("{", "\\{"):gsub("\n", "\\N"))
end

--- Starts a picture: without `is_clear`, nothing of the video is visible.
function view.begin(is_clear)
  events = {}
  if not is_clear then view.box("background", 0, 0, view.WIDTH, view.HEIGHT) end
end

--- Fills a path of ASS drawing commands at a point; `alpha` 0 is opaque, 255 clear.
function view.path(color, path, x, y, alpha)
  add("{\\an7\\pos(%d,%d)\\bord0\\shad0\\1c&H%s&\\1a&H%02X&\\p1}%s{\\p0}", x, y,
    COLORS[color], alpha or 0, path)
end

function view.box(color, x, y, width, height, alpha)
  view.path(color, ("m 0 0 l %d 0 %d %d 0 %d"):format(width, width, height, height),
    x, y, alpha)
end

--- Draws one line of text. `at` is the ASS alignment: 7 top left (default), 8 top
-- middle, 9 top right.
function view.text(size, color, text, x, y, at)
  add("{\\an%d\\pos(%d,%d)\\q2\\bord0\\shad0\\fs%d\\b%d\\1c&H%s&}%s", at or 7, x, y,
    size, size > 34 and 1 or 0, COLORS[color], escape(text))
end

--- Draws text in lines of about `columns` characters; returns the number of lines.
function view.column(size, color, text, x, y, columns)
  local lines = { "" }
  for word in text:gmatch "%S+" do
    local line = lines[#lines]
    if #line + #word + 1 > columns and line ~= "" then
      lines[#lines + 1] = word
    else
      lines[#lines] = line == "" and word or line .. " " .. word
    end
  end
  view.text(size, color, table.concat(lines, "\n"), x, y)
  return #lines
end

--- Returns a text of at most `bytes` bytes, with an ellipsis if it is shortened.
function view.shorten(text, bytes)
  if #text <= bytes then return text end
  return text:sub(1, bytes):gsub("[\194-\244][\128-\191]*$", "") .. "…"
end

--- Draws the names of keys and what they do at the bottom.
function view.hints(text) view.text(26, "soft", text, view.LEFT, 650) end

--- Shows the picture, unless it is the same as before.
function view.finish()
  local data = table.concat(events, "\n")
  if data == overlay.data then return end
  overlay.data = data
  mp.command_native_async(overlay)
end

--- Formats seconds as "4:05".
function view.clock(seconds)
  seconds = math.max(0, math.ceil(seconds))
  return ("%d:%02d"):format(math.floor(seconds / 60), seconds % 60)
end

return view
