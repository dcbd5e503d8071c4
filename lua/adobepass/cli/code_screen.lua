--- Shows a login on a terminal: a QR code, the code beside it, the address
-- below.
-- @module adobepass.cli.code_screen

local big_text = require "adobepass.cli.big_text"
local shell = require "adobepass.util.shell"
local terminal = require "adobepass.cli.terminal"

local code_screen = {}

-- Returns the modules of a QR code as rows of "#" (dark) and "." (light), with
-- `margin` light modules on each side; nil if qrencode is missing or fails, or
-- if the text has control characters, which no address has.
-- qrencode writes two characters per module.
local function modules_of(text, margin)
  if text:find "%c" then return nil end
  local output, status = shell.read("command -v qrencode > /dev/null && "
    .. shell.line("qrencode", "-t", "ASCII", "-l", "L", "-m", margin, "--",
    text))
  if status ~= 0 then return nil end
  local rows = {}
  for line in output:gmatch "[^\n]+" do
    rows[#rows + 1] = line:gsub("(.).", { ["#"] = "#", [" "] = "." })
  end
  return rows
end

local SWAP = { ["#"] = ".", ["."] = "#" }

-- Without colors, draws the light modules in the text color, because most terminals
-- have a dark background.
local function lines_of(rows)
  if terminal.styles().BOLD == "" then
    for index, row in ipairs(rows) do rows[index] = row:gsub(".", SWAP) end
    return big_text.blocks(rows)
  end
  local lines = big_text.blocks(rows)
  for index, line in ipairs(lines) do lines[index] = terminal.paint("QR", line) end
  return lines
end

local BESIDE = 36 -- columns of the text beside the QR code

local function has_room_beside(width, columns)
  return width + 3 + BESIDE <= columns
end

-- Returns the number of lines below the QR code: the code if there is no room beside
-- the QR code, an empty line, the wrapped address, and the progress line.
local function room(address, width, columns)
  return (has_room_beside(width, columns) and 2 or 3)
    + math.ceil((#address + 2) / columns)
end

local function fits(modules, address)
  local rows, columns = terminal.size()
  local width = #modules[1]
  return math.ceil(#modules / 2) + room(address, width, columns) <= rows
    and width + 2 <= columns
end

--- Returns the lines of a QR code and their width; nil if it cannot be drawn
-- or does not fit. ISO/IEC 18004 requires a margin of four light modules; on a
-- small terminal the margin is two.
-- @string text of the QR code
-- @string address printed below it
function code_screen.qr(text, address)
  for _, margin in ipairs { 4, 2 } do
    local modules = terminal.is_utf8() and modules_of(text, margin)
    if not modules or #modules == 0 then return nil end
    if fits(modules, address) then return lines_of(modules), #modules[1] end
  end
end

local function code_lines(code)
  local drawn = terminal.is_utf8() and big_text.draw(code)
  if not drawn then return { terminal.paint("BOLD", code) } end
  for index, line in ipairs(drawn) do
    drawn[index] = terminal.paint("BOLD", line)
  end
  return drawn
end

local function code_line(flow)
  return terminal.paint("DIM", "Code      ") .. flow.code
end

-- Returns the lines that are shown beside the QR code.
local function text_lines(flow, has_qr)
  local lines = { "", has_qr and "Scan this with a phone, or open the"
      or "On a phone or a computer, open the", "address below"
      .. (flow.mvpd and "." or " and enter the code."), "" }
  for _, line in ipairs(code_lines(flow.code)) do lines[#lines + 1] = line end
  lines[#lines + 1] = ""
  lines[#lines + 1] = code_line(flow)
  if flow.mvpd then
    lines[#lines + 1] = terminal.paint("DIM", "Provider  ")
      .. terminal.escape(flow.mvpd)
  end
  lines[#lines + 1] = ""
  lines[#lines + 1] = terminal.paint("DIM", "Ctrl-C cancels.")
  return lines
end

-- Joins two blocks of lines; centers the right one vertically if the left one is
-- higher. `width`: columns of `left`.
local function beside(left, width, right)
  local lines, from = {}, math.max(0, math.floor((#left - #right) / 2))
  for index = 1, math.max(#left, #right) do
    local text = right[index - from] or ""
    lines[index] = (" %s  %s"):format(left[index] or (" "):rep(width), text)
      :gsub("%s+$", "")
  end
  return lines
end

local function compose(flow, address)
  local qr, width = code_screen.qr(flow.qr or address, address)
  local text = text_lines(flow, qr ~= nil)
  local _, columns = terminal.size()
  if not qr then return beside({}, 0, text) end
  if has_room_beside(width, columns) then return beside(qr, width, text) end
  local lines = beside(qr, width, {})
  lines[#lines + 1] = " " .. code_line(flow)
  return lines
end

--- Prints a login on a terminal.
-- @param flow of client:start_login
-- @bool with_qr draw a QR code if it fits
function code_screen.show(flow, with_qr)
  local address = terminal.escape(flow.url or flow.qr or "")
  local lines = with_qr and compose(flow, address)
    or beside({}, 0, text_lines(flow, false))
  for _, line in ipairs(lines) do terminal.print(line) end
  terminal.print()
  terminal.print(" " .. terminal.paint("LINK", address))
end

--- Prints a login as plain lines, for output that is not a terminal.
function code_screen.show_plain(flow)
  terminal.print("Code      " .. flow.code)
  terminal.print("Address   " .. terminal.escape(flow.url or ""))
  if flow.mvpd then terminal.print("Provider  " .. terminal.escape(flow.mvpd)) end
end

return code_screen
