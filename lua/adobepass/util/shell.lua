--- Runs commands with a POSIX shell, in the same way on every Lua version.
-- @module adobepass.util.shell

local shell = {}

--- Quotes a text as one word of a shell command. Raises for a NUL, since a
-- shell would drop it and the bytes after it.
function shell.quote(text)
  text = tostring(text)
  if text:find("\0", 1, true) then
    error("a shell command cannot hold a NUL byte", 2)
  end
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

--- Returns a command line of quoted words.
function shell.line(...)
  local words = {}
  for index = 1, select("#", ...) do
    words[index] = shell.quote((select(index, ...)))
  end
  return table.concat(words, " ")
end

--- Runs a command; returns its output (stdout and stderr, without the last
-- newline) and its exit status. The status is printed by the shell, because
-- close() does not return it on Lua 5.1.
function shell.read(command)
  local pipe = assert(io.popen("{ " .. command .. "\n} 2>&1; echo \" $?\""))
  local output = pipe:read("*a")
  pipe:close()
  local text, status = output:match("^(.*) (%d+)\n$")
  return ((text or output):gsub("\n$", "")), tonumber(status or 127)
end

--- Runs a command on this process's terminal; returns its exit status, or 128
-- plus the signal that ended it, as shells do. os.execute returns either of two
-- forms: how the command ended and the code (Lua 5.2 and later), or the wait status
-- (Lua 5.1). LuaJIT returns one or the other, depending on its build.
function shell.execute(command)
  local first, how, code = os.execute(command)
  if type(first) == "number" then
    local signal = first % 128
    return signal == 0 and math.floor(first / 256) or 128 + signal
  end
  return how == "signal" and 128 + code or code
end

--- Creates a new temporary folder with mode 0700; returns its absolute path, or nil, a
-- message and the code `folder`.
function shell.make_folder(name)
  local path, status = shell.read("umask 077; CDPATH= cd -- \"${TMPDIR:-/tmp}\" && "
    .. 'mktemp -d "$PWD"/' .. shell.quote(name .. ".XXXXXXXX"))
  if status ~= 0 then
    return nil, "cannot create a temporary folder: " .. path, "folder"
  end
  return path
end

-- Signals sent to all processes of a terminal, such as Ctrl-C, are handled by
-- the process that started this script.
local KEEPER = [[
trap '' HUP INT QUIT TERM PIPE
cd "$1" || exit 1
%s
cd / && rm -rf -- "$1"
]]

--- Starts a script in the background that does not outlive this process. It
-- runs in `folder` and reads a pipe from this process. At the end of the pipe
-- the script must stop the programs that it started; then the folder is
-- removed. The pipe ends when it is closed or collected, and when this process
-- ends, also by SIGKILL.
-- @string name of the shell in a list of processes
-- @string folder the script's `$1`
-- @string script for a POSIX shell. Signals are ignored in it and in the
-- programs that it starts, unless they handle them or the script uses `trap -`
-- @param ... the script's `$2` and so on
-- @treturn file the pipe to the script; `close` waits for the script to end
function shell.background(name, folder, script, ...)
  return assert(io.popen("exec >/dev/null 2>&1 sh -c "
    .. shell.line(KEEPER:format(script), name, folder, ...), "w"))
end

--- Writes a file; returns true, or nil, a message and the code `file`. With
-- `private`, the file is never readable by other users.
function shell.write_file(path, text, private)
  if private then
    local output, status = shell.read("umask 077; rm -f " .. shell.quote(path)
      .. " && : > " .. shell.quote(path))
    if status ~= 0 then return nil, output, "file" end
  end
  local file, message = io.open(path, "wb")
  if not file then return nil, message, "file" end
  local written, problem = file:write(text)
  local closed, why = file:close() -- writes the buffered rest
  if written and closed then return true end
  return nil, ("%s: %s"):format(path, problem or why), "file"
end

--- Returns the content of a file; or nil, a message and the code `file`.
function shell.read_file(path)
  local file, message = io.open(path, "rb")
  if not file then return nil, message, "file" end
  local text, problem = file:read("*a") -- a folder can be opened, but not read
  file:close()
  if text then return text end
  return nil, ("%s: %s"):format(path, problem or "cannot be read"), "file"
end

return shell
