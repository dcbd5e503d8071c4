--- Other processes that wait for a word: each runs one script, hears lines on
-- its standard input and answers with lines.

local child = require "spec.support.child_process"
local folder = require "spec.support.folder"

local crew = {}

local Member = {}
Member.__index = Member

function Member:tell(word)
  self.orders:write(word, "\n")
  self.orders:flush()
end

function Member:line() return self.answers:read("*l") end

--- Ends it where it is, and waits until it is gone. (Closing its input would
-- tell it nothing: those who came after it hold the pipe too.)
function Member:kill()
  folder.run("kill -9 " .. self.pid)
  self.orders:close()
  self.answers:close()
end

--- A process.
function crew.hire(path, name, script)
  local fifo = folder.quote(("%s/%s.fifo"):format(path, name))
  folder.run("mkfifo " .. fifo)
  local answers = assert(io.popen(("exec <%s; echo $$; exec %s"):format(fifo,
    child.command(script))))
  local orders = assert(io.open(("%s/%s.fifo"):format(path, name), "w"))
  local pid = assert(tonumber(answers:read("*l")))
  return setmetatable({ answers = answers, orders = orders, pid = pid },
    Member)
end

--- Tells all of them, then hears all of them.
function crew.all(members, word)
  for _, member in ipairs(members) do member:tell(word) end
  local lines = {}
  for index, member in ipairs(members) do lines[index] = member:line() end
  return lines
end

return crew
