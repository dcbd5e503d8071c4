--- The few things that Lua asks of a POSIX shell, the same on every Lua.
-- @module adobepass.util.shell

local shell = {}

--- One word of a shell command, whatever it holds (bytes after a NUL are lost
-- in any shell, so a NUL is refused).
function shell.quote(text)
  text = tostring(text)
  if text:find("\0", 1, true) then
    error("a NUL byte cannot be given to a shell", 2)
  end
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

--- A command line of quoted words.
function shell.line(...)
  local words = {}
  for index = 1, select("#", ...) do
    words[index] = shell.quote((select(index, ...)))
  end
  return table.concat(words, " ")
end

--- What a command printed (both streams, no last newline) and its exit status.
-- The status goes through the output: close() does not tell it on Lua 5.1.
function shell.read(command)
  local pipe = assert(io.popen("{ " .. command .. "\n} 2>&1; echo \" $?\""))
  local output = pipe:read("*a")
  pipe:close()
  local text, status = output:match("^(.*) (%d+)\n$")
  return ((text or output):gsub("\n$", "")), tonumber(status or 127)
end

--- Runs a command on our own terminal; its exit status, or 128 + the signal
-- that ended it, as shells count. system(3) answers in three ways: Lua 5.2+
-- says how and which, 5.1 gives the wait status, LuaJIT either.
function shell.execute(command)
  local first, how, code = os.execute(command)
  if type(first) == "number" then
    local signal = first % 128
    return signal == 0 and math.floor(first / 256) or 128 + signal
  end
  return how == "signal" and 128 + code or code
end

--- A new folder that nobody else can enter, and never one that was there.
function shell.make_folder(name)
  local path, status = shell.read("umask 077; mktemp -d \"${TMPDIR:-/tmp}\"/"
    .. shell.quote(name .. ".XXXXXXXX"))
  if status ~= 0 then return nil, "no temporary folder: " .. path, "folder" end
  return path
end

-- Signals to a terminal's processes, like Ctrl-C, are for their owner to handle.
local KEEPER = [[
trap '' HUP INT QUIT TERM PIPE
cd "$1" || exit 1
%s
cd / && rm -rf -- "$1"
]]

--- Starts a script in the background that does not outlive this process. It
-- runs in `folder` and reads a pipe from here, whose end is the order to stop:
-- that comes when the pipe is closed or collected, and when this process ends,
-- by SIGKILL too. The script then has to end what it started; the folder is
-- removed after it.
-- @string name of the shell, in a list of processes
-- @string folder its `$1`
-- @string script for a POSIX shell. Signals are ignored in it and, unless they
-- handle them or `trap -` comes first, in the programs that it starts
-- @param ... its `$2` and so on
-- @treturn file for lines to the script; `close` waits for its end
function shell.background(name, folder, script, ...)
  return assert(io.popen("exec >/dev/null 2>&1 sh -c "
    .. shell.line(KEEPER:format(script), name, folder, ...), "w"))
end

--- Writes a file; with `private`, nobody else may read it, at any moment.
function shell.write_file(path, text, private)
  if private then
    local said, status = shell.read("umask 077; rm -f " .. shell.quote(path)
      .. " && : > " .. shell.quote(path))
    if status ~= 0 then return nil, said, "file" end
  end
  local file, message = io.open(path, "wb")
  if not file then return nil, message, "file" end
  file:write(text)
  file:close()
  return true
end

--- All of a file, or nil and why not.
function shell.read_file(path)
  local file, message = io.open(path, "rb")
  if not file then return nil, message, "file" end
  local text, problem = file:read("*a") -- a folder opens, and cannot be read
  file:close()
  if text then return text end
  return nil, ("%s: %s"):format(path, problem or "it cannot be read"), "file"
end

return shell
