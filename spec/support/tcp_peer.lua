--- A TCP peer in this process, for what no real server does: it answers with
-- any bytes, hears any bytes, and ends a connection in any way. Pumped by the
-- spec between two steps of a transport, so that nothing depends on timing.

local socket = require "socket"

local raw = {}

local Peer = {}
Peer.__index = Peer

--- `talk(connection, heard)` is called whenever new bytes came in.
function raw.listen(talk)
  local listener = assert(socket.bind("127.0.0.1", 0, 32))
  listener:settimeout(0)
  local _, port = listener:getsockname()
  return setmetatable({ listener = listener, port = tonumber(port),
    talk = talk or function() end, open = {}, heard = "" }, Peer)
end

--- Ends a connection with a TCP reset.
function raw.reset(connection)
  connection:setoption("linger", { on = true, timeout = 0 })
  connection:close()
end

local function hear(self, connection, index)
  local all, why, part = connection:receive(65536)
  local bytes = all or part or ""
  self.heard = self.heard .. bytes
  if #bytes > 0 then self.talk(connection, self.heard) end
  if why == "closed" then
    connection:close()
    table.remove(self.open, index)
  end
end

--- Accepts who waits and hears who speaks; never waits itself.
function Peer:pump()
  local connection = self.listener:accept()
  if connection then
    connection:settimeout(0)
    self.open[#self.open + 1] = connection
  end
  for index = #self.open, 1, -1 do
    if self.open[index]:getfd() < 0 then table.remove(self.open, index)
    else hear(self, self.open[index], index) end
  end
end

function Peer:pumping()
  return function() self:pump() end
end

function Peer:close()
  for _, connection in ipairs(self.open) do connection:close() end
  self.listener:close()
end

return raw
