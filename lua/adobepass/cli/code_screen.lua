--- What a terminal shows for a login: the QR code and the code beside it, the
-- address below.
-- @module adobepass.cli.code_screen

local big_text = require "adobepass.cli.big_text"
local shell = require "adobepass.util.shell"
local terminal = require "adobepass.cli.terminal"
local cli_text = require "adobepass.cli.text"

local code_screen = {}

-- Black on white, whatever the theme: phones read that best. By the fixed
-- part of the 256 colours, since themes change the first sixteen.
local PAPER, PLAIN = "\27[38;5;16;48;5;231m", "\27[0m"

-- Modules as rows of "#" and ".", so many light ones around. qrencode writes
-- two characters a module.
local function modules_of(text, margin)
  local said, status = shell.read("command -v qrencode > /dev/null && "
    .. shell.line("qrencode", "-t", "ASCII", "-l", "L", "-m", margin, "--",
    text))
  if status ~= 0 then return nil end
  local rows = {}
  for line in said:gmatch "[^\n]+" do
    rows[#rows + 1] = line:gsub("(.).", { ["#"] = "#", [" "] = "." })
  end
  return rows
end

local SWAP = { ["#"] = ".", ["."] = "#" }

-- Without colours the light modules are drawn: most terminals are dark.
local function lines_of(rows)
  if terminal.styles().BOLD == "" then
    for index, row in ipairs(rows) do rows[index] = row:gsub(".", SWAP) end
    return big_text.blocks(rows)
  end
  local lines = big_text.blocks(rows)
  for index, line in ipairs(lines) do lines[index] = PAPER .. line .. PLAIN end
  return lines
end

local BESIDE = 36 -- what the text beside needs

local function has_room_beside(width, columns)
  return width + 3 + BESIDE <= columns
end

-- What is below the QR code: the code, where there is no room beside; an empty
-- line, the address over as many as it needs, and the line of progress.
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

--- The lines of a QR code and their width; nil where it cannot be drawn or
-- does not fit. ISO/IEC 18004 wants four light modules around; two do where
-- room is short.
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

-- Beside the QR code, as far as the height of that allows.
local function text_lines(flow, has_qr)
  local lines = { "", has_qr and "Scan this with a phone, or open the"
      or "On a phone or a computer, open the", "address below"
      .. (flow.mvpd and "." or " and type the code."), "" }
  for _, line in ipairs(code_lines(flow.code)) do lines[#lines + 1] = line end
  lines[#lines + 1] = ""
  lines[#lines + 1] = code_line(flow)
  if flow.mvpd then
    lines[#lines + 1] = terminal.paint("DIM", "Provider  ")
      .. cli_text.clean(flow.mvpd)
  end
  lines[#lines + 1] = ""
  lines[#lines + 1] = terminal.paint("DIM", "Ctrl-C stops waiting.")
  return lines
end

-- Side by side, where the terminal is wide enough; else one above the other.
local function beside(left, width, right)
  local lines, from = {}, math.floor((#left - #right) / 2)
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

--- Prints it all.
-- @param flow of client:start_login
-- @bool with_qr
function code_screen.show(flow, with_qr)
  local address = cli_text.clean(flow.url or flow.qr or "")
  local lines = with_qr and compose(flow, address)
    or beside({}, 0, text_lines(flow, false))
  for _, line in ipairs(lines) do terminal.say(line) end
  terminal.say()
  terminal.say(" " .. terminal.paint("LINK", address))
end

--- The same for who is no terminal: plain lines.
function code_screen.tell(flow)
  terminal.say("Code      " .. flow.code)
  terminal.say("Address   " .. cli_text.clean(flow.url or ""))
  if flow.mvpd then terminal.say("Provider  " .. cli_text.clean(flow.mvpd)) end
end

return code_screen
