--- Terminal output: colors, a progress line, prompts.
-- @module adobepass.cli.terminal

local core = require "adobepass.core"
local shell = require "adobepass.util.shell"

local terminal = {}

local STYLE = { BOLD = "\27[1m", DIM = "\27[2m", LINK = "\27[36m",
  GOOD = "\27[32m", WARN = "\27[33m", BAD = "\27[31m", PLAIN = "\27[0m",
  -- Black on white, which phones scan best. Themes change colors 0 to 15 of the
  -- 256, so these are colors 16 and 231.
  QR = "\27[38;5;16;48;5;231m" }

local known = {}

--- Returns true if a standard stream (0, 1 or 2) is a terminal.
function terminal.is_terminal(number)
  if known[number] == nil then
    known[number] = shell.execute("test -t " .. number) == 0
  end
  return known[number]
end

-- NO_COLOR disables colors if it is not empty (no-color.org).
local function wants_color(number)
  return (os.getenv("NO_COLOR") or "") == "" and os.getenv("TERM") ~= "dumb"
    and terminal.is_terminal(number)
end

--- Returns a new table of escape sequences by style name. They are empty if the
-- stream (default: 1) has no colors.
function terminal.styles(number)
  local wanted, styles = wants_color(number or 1), {}
  for name, sequence in pairs(STYLE) do
    styles[name] = wanted and sequence or ""
  end
  return styles
end

-- Precedes the name of a style in a painted text. It is random, so that text of
-- the service cannot contain it.
local MARK = core.digest.hex(assert(core.random.bytes(16)))

--- Returns a text in a style. `print` and `print_error` insert the escape
-- sequences, if their stream has colors.
function terminal.paint(style, text)
  return ("%s%s.%s%sPLAIN."):format(MARK, style, text, MARK)
end

local function escape_bytes(bytes)
  return (bytes:gsub(".", function(byte)
    return ("\\x%02x"):format(byte:byte())
  end))
end

--- Escapes control characters as `\xNN`: those of ASCII, U+0080 to U+009F, and
-- bytes 128 to 191 outside of a UTF-8 character. Idempotent.
-- @param text converted with tostring
-- @func[opt] escape returns the replacement of an ASCII control character, of a
-- UTF-8 control character, or of invalid bytes
function terminal.escape(text, escape)
  escape = escape or escape_bytes
  return (tostring(text):gsub("%c", escape)
    :gsub("([\194-\244]?)([\128-\191]+)", function(first, rest)
      local lead = first:byte() or 0
      local length = lead == 0 and 0 or lead < 224 and 1 or lead < 240 and 2 or 3
      local kept, extra = first .. rest:sub(1, length), rest:sub(length + 1)
      if lead == 194 and rest:byte() < 160 then kept = escape(kept) end
      return extra == "" and kept or kept .. escape(extra)
    end))
end

local function render(text, number)
  return (terminal.escape(text):gsub(MARK .. "(%u+)%.",
    terminal.styles(number)))
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

-- --- output -------------------------------------------------------------------

local write_error

--- Writes to standard output, without escaping, and flushes.
function terminal.write(...)
  local done, message = io.stdout:write(...)
  if done then done, message = io.stdout:flush() end
  if not done then write_error = write_error or message end
end

--- Returns the message of the first failed write to standard output, or nil.
function terminal.write_error() return write_error end

-- --- progress line ----------------------------------------------------------

local line

--- Replaces the progress line, on a terminal only. Truncates the text to the
-- terminal's width, because a wrapped line could not be replaced.
-- @string text ASCII
function terminal.progress(text)
  if text == line then return end
  line = text -- first, because Ctrl-C may interrupt the write
  local _, columns = terminal.size()
  terminal.write("\r", terminal.escape(text:sub(1, columns - 1)), "\27[K")
end

--- Ends the progress line, if there is one.
-- @bool[opt] cleared remove it from the screen
function terminal.end_progress(cleared)
  if line then terminal.write(cleared and "\r\27[K" or "\n") end
  line = nil
end

--- Prints one line on standard output, and flushes. Escapes control characters,
-- including line feeds.
function terminal.print(text)
  terminal.end_progress(true)
  terminal.write(render(text or "", 1), "\n")
end

--- Prints one line on standard error, escaped as by `print`.
function terminal.print_error(text)
  terminal.end_progress()
  io.stderr:write(render(text, 2), "\n")
end

-- --- keys -----------------------------------------------------------------------

--- Calls f(...) while the terminal delivers each key at once, and does not show it.
-- Returns its result. Restores the terminal also after an error, such as Ctrl-C.
function terminal.with_keys(f, ...)
  local saved = shell.read "stty -g"
  shell.execute "stty -icanon -echo min 0 time 20"
  local success, result = pcall(f, ...)
  -- After Ctrl-C, a program may still read keys, for at most 2 seconds. This closes its
  -- pipe, which waits for it; in the restored terminal it would wait for Enter.
  if not success then collectgarbage() end
  shell.execute("stty " .. shell.quote(saved))
  if not success then error(result, 0) end
  return result
end

--- Waits for keys and returns their bytes; nil at the end of the input. A child process
-- reads, because some Luas restart their own read after Ctrl-C. The child ends after 2
-- seconds without a key: Ctrl-C during its start does not end it, and Lua waits for the
-- child at exit.
function terminal.read_keys()
  while true do
    local started = core.clock.monotonic()
    local pipe = assert(io.popen "dd bs=64 count=1 2> /dev/null && echo")
    local bytes = pipe:read "*a"
    pipe:close()
    if bytes == "" then return nil end -- dd failed
    if bytes ~= "\n" then return bytes:sub(1, -2) end
    -- A terminal that was closed returns nothing at once.
    if core.clock.monotonic() - started < 1 then return nil end
  end
end

-- Returns the first characters of a rendered text, with all its escape sequences.
local function truncate(text, width)
  local function shorten(characters, sequence)
    return characters:gsub("[^\128-\191][\128-\191]*", function()
      width = width - 1
      if width < 0 then return "" end
    end) .. sequence
  end
  local result = (text .. STYLE.PLAIN):gsub("([^\27]*)(\27%[[%d;]*m)", shorten)
  return (result:sub(1, -#STYLE.PLAIN - 1))
end

--- Prints lines, in place of the last `count` lines if that is given. Truncates each to
-- the terminal's width, because a wrapped line could not be replaced.
function terminal.redraw(lines, count)
  local _, columns = terminal.size()
  if count then terminal.write(("\27[%dA"):format(count)) end
  for _, text in ipairs(lines) do
    terminal.write("\27[K", truncate(render(text, 1), columns - 1), "\n")
  end
end

return terminal
