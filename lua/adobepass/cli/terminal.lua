--- Terminal output: colors, a progress line, prompts.
-- @module adobepass.cli.terminal

local shell = require "adobepass.util.shell"

local terminal = {}

local STYLE = { BOLD = "\27[1m", DIM = "\27[2m", LINK = "\27[36m",
  GOOD = "\27[32m", WARN = "\27[33m", BAD = "\27[31m", PLAIN = "\27[0m" }

local known = {}

--- Returns true if a standard stream (0, 1 or 2) is a terminal.
function terminal.is_terminal(number)
  if known[number] == nil then
    known[number] = shell.execute("test -t " .. number) == 0
  end
  return known[number]
end

-- NO_COLOR disables colors if it is not empty (no-color.org).
local function wants_colour(number)
  return (os.getenv("NO_COLOR") or "") == "" and os.getenv("TERM") ~= "dumb"
    and terminal.is_terminal(number)
end

--- Returns a new table of escape sequences by style name. They are empty if the
-- stream (default: 1) has no colors.
function terminal.styles(number)
  local wanted, styles = wants_colour(number or 1), {}
  for name, sequence in pairs(STYLE) do
    styles[name] = wanted and sequence or ""
  end
  return styles
end

--- Returns a text in a style, for a stream (default: 1).
function terminal.paint(style, text, number)
  local styles = terminal.styles(number)
  return styles[style] .. text .. styles.PLAIN
end

--- Returns true if the locale's encoding is UTF-8.
function terminal.is_utf8()
  local name = ""
  for _, variable in ipairs { "LANG", "LC_CTYPE", "LC_ALL" } do
    local value = os.getenv(variable)
    if value and value ~= "" then name = value end
  end
  return name:lower():find "utf%-?8" ~= nil
end

--- Returns the terminal's rows and columns; 24 and 80 if they are unknown.
function terminal.size()
  local output = shell.read "stty size < /dev/tty 2> /dev/null"
  local rows, columns = output:match "^(%d+) (%d+)$"
  rows, columns = tonumber(rows) or 0, tonumber(columns) or 0
  if rows == 0 or columns == 0 then return 24, 80 end
  return rows, columns
end

-- --- progress line ----------------------------------------------------------

local line

--- Replaces the progress line, on a terminal only. Truncates the text to the
-- terminal's width, because a wrapped line could not be replaced.
-- @string text ASCII
function terminal.progress(text)
  if text == line then return end
  line = text -- first, because Ctrl-C may interrupt the write
  local _, columns = terminal.size()
  io.stdout:write("\r", text:sub(1, columns - 1), "\27[K")
  io.stdout:flush()
end

--- Ends the progress line, if there is one.
-- @bool[opt] cleared remove it from the screen
function terminal.end_progress(cleared)
  if line then io.stdout:write(cleared and "\r\27[K" or "\n") end
  line = nil
  io.stdout:flush()
end

--- Prints a line on standard output, and flushes.
function terminal.print(text)
  terminal.end_progress(true)
  io.stdout:write(text or "", "\n")
  io.stdout:flush()
end

--- Prints a line on standard error.
function terminal.print_error(text)
  terminal.end_progress()
  io.stderr:write(text, "\n")
end

--- Prompts for a line. Returns it; nil at the end of the input. A child process
-- reads, because some Luas restart their own read after Ctrl-C.
function terminal.prompt(prompt)
  io.stdout:write(prompt)
  io.stdout:flush()
  local pipe = assert(io.popen "IFS= read -r l && printf '%s\\n' \"$l\"")
  local input = pipe:read "*l"
  pipe:close()
  return input
end

return terminal
