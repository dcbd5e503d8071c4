--- Runs commands and reads files. The mutation tester does not use the
-- module's own helpers: it has to work while they are restructured.

local shell = {}

function shell.quote(text)
  return "'" .. tostring(text):gsub("'", "'\\''") .. "'"
end

--- Returns the output of a command and whether its exit status was 0.
function shell.read(command)
  local pipe = assert(io.popen(command))
  local output = pipe:read "*a"
  return output, (pipe:close()) == true
end

--- Runs a command that must succeed; returns its output.
function shell.check(command)
  local output, is_ok = shell.read(command)
  if not is_ok then
    error("command failed: " .. command .. "\n" .. output, 0)
  end
  return output
end

function shell.read_file(path)
  local file = io.open(path, "rb")
  if not file then return nil end
  local text = file:read "*a"
  file:close()
  return text
end

function shell.write_file(path, text, mode)
  local file = assert(io.open(path, mode or "wb"))
  assert(file:write(text))
  assert(file:close())
end

return shell
