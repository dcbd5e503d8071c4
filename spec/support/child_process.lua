--- Other processes, running the same Lua as this one.

local folder = require "spec.support.folder"

local child = {}

--- The one that runs this spec.
function child.interpreter()
  return os.getenv("ADOBEPASS_LUA") or "lua5.4"
end

--- A command line that runs a script; further words become its arguments.
function child.command(script, ...)
  local words = { folder.quote(child.interpreter()), "-e",
    folder.quote(script) }
  for index = 1, select("#", ...) do
    words[#words + 1] = folder.quote((select(index, ...)))
  end
  return table.concat(words, " ")
end

--- Runs a script to its end; what it printed.
function child.run(script)
  return folder.run(child.command(script))
end

local Child = {}
Child.__index = Child

--- Starts a script that speaks in lines. Its first line is its process id.
function child.start(script)
  local pipe = assert(io.popen("echo $$; exec " .. child.command(script)))
  local pid = assert(tonumber(pipe:read("*l")))
  return setmetatable({ pipe = pipe, pid = pid }, Child)
end

function Child:line() return self.pipe:read("*l") end

--- Ends it at once, and waits until it is gone.
function Child:kill()
  os.execute("kill -9 " .. self.pid)
  self.pipe:close()
end

return child
