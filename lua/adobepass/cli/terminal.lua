--- The terminal: colours, one line that is rewritten, questions.
-- @module adobepass.cli.terminal

local shell = require "adobepass.util.shell"

local terminal = {}

local STYLE = { BOLD = "\27[1m", DIM = "\27[2m", LINK = "\27[36m",
  GOOD = "\27[32m", WARN = "\27[33m", BAD = "\27[31m", PLAIN = "\27[0m" }

local known = {}

--- Is a stream of ours (0, 1, 2) a terminal?
function terminal.is_terminal(number)
  if known[number] == nil then
    known[number] = shell.execute("test -t " .. number) == 0
  end
  return known[number]
end

-- NO_COLOR counts where it is not empty (no-color.org).
local function wants_colour(number)
  return (os.getenv("NO_COLOR") or "") == "" and os.getenv("TERM") ~= "dumb"
    and terminal.is_terminal(number)
end

--- Styles by name, as that stream (1) wants them: a new table.
function terminal.styles(number)
  local wanted, styles = wants_colour(number or 1), {}
  for name, sequence in pairs(STYLE) do
    styles[name] = wanted and sequence or ""
  end
  return styles
end

--- A text in a style.
function terminal.paint(style, text, number)
  local styles = terminal.styles(number)
  return styles[style] .. text .. styles.PLAIN
end

--- May more than ASCII be printed?
function terminal.is_utf8()
  local name = ""
  for _, variable in ipairs { "LANG", "LC_CTYPE", "LC_ALL" } do
    local value = os.getenv(variable)
    if value and value ~= "" then name = value end
  end
  return name:lower():find "utf%-?8" ~= nil
end

--- Rows and columns; 24 and 80 where nobody can tell.
function terminal.size()
  local said = shell.read "stty size < /dev/tty 2> /dev/null"
  local rows, columns = said:match "^(%d+) (%d+)$"
  rows, columns = tonumber(rows) or 0, tonumber(columns) or 0
  if rows == 0 or columns == 0 then return 24, 80 end
  return rows, columns
end

-- --- one line that is rewritten --------------------------------------------

local line

--- Shows a line in place of the last one, as much of it as one line holds: a
-- longer one could not be rewritten. Not for a stream that is no terminal:
-- that one gets lines with `terminal.say`.
-- @string text of ASCII
function terminal.progress(text)
  if text == line then return end
  line = text -- before it is out: Ctrl-C may come in between
  local _, columns = terminal.size()
  io.stdout:write("\r", text:sub(1, columns - 1), "\27[K")
  io.stdout:flush()
end

--- Leaves the line, if there is one: as it stands, or cleared.
function terminal.settle(cleared)
  if line then io.stdout:write(cleared and "\r\27[K" or "\n") end
  line = nil
  io.stdout:flush()
end

--- Prints a line, which comes out at once.
function terminal.say(text)
  terminal.settle(true)
  io.stdout:write(text or "", "\n")
  io.stdout:flush()
end

--- Prints a line on the other stream.
function terminal.complain(text)
  terminal.settle()
  io.stderr:write(text, "\n")
end

--- Asks for a line; nil at the end of the input. A child reads, which Ctrl-C
-- ends on every Lua: a read of our own is restarted on some of them.
function terminal.ask(prompt)
  io.stdout:write(prompt)
  io.stdout:flush()
  local pipe = assert(io.popen "IFS= read -r l && printf '%s\\n' \"$l\"")
  local input = pipe:read "*l"
  pipe:close()
  return input
end

return terminal
