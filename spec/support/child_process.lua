--- Child processes that run the same Lua as this one.

local folder = require "spec.support.folder"

local child_process = {}

--- Returns the interpreter that runs this spec.
function child_process.interpreter()
  return os.getenv("ADOBEPASS_LUA") or "lua5.4"
end

--- Returns true on Lua 5.2 and 5.3, where os.execute, io.popen and signals work as in
-- Lua 5.4. Specs that start many processes are left out on these Luas.
function child_process.is_like_lua54()
  local lua = child_process.interpreter()
  return lua == "lua5.2" or lua == "lua5.3"
end

--- Returns a command line that runs a script with the given arguments.
function child_process.command(script, ...)
  local words = { folder.quote(child_process.interpreter()), "-e",
    folder.quote(script) }
  for index = 1, select("#", ...) do
    words[#words + 1] = folder.quote((select(index, ...)))
  end
  return table.concat(words, " ")
end

--- Runs a script to its end. Returns its output.
function child_process.run(script)
  return folder.run(child_process.command(script))
end

local Child = {}
Child.__index = Child

--- Starts a script that prints lines.
function child_process.start(script)
  local pipe = assert(io.popen("echo $$; exec "
    .. child_process.command(script)))
  local pid = assert(tonumber(pipe:read("*l")))
  return setmetatable({ pipe = pipe, pid = pid }, Child)
end

function Child:line() return self.pipe:read("*l") end

--- Kills the process and waits for its end.
function Child:kill()
  os.execute("kill -9 " .. self.pid)
  self.pipe:close()
end

return child_process
