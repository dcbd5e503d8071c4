--- A TCP peer in this process: unlike a real server, it can send arbitrary bytes and
-- close connections in any way. The spec calls `pump` between two steps of a
-- transport, so nothing depends on timing.

local socket = require "socket"

local tcp_peer = {}

local Peer = {}
Peer.__index = Peer

--- Listens on a free port. `talk(connection, received)` is called when bytes
-- arrive.
function tcp_peer.listen(talk)
  local listener = assert(socket.bind("127.0.0.1", 0, 32))
  listener:settimeout(0)
  local _, port = listener:getsockname()
  return setmetatable({ listener = listener, port = tonumber(port),
    talk = talk or function() end, open = {}, received = "" }, Peer)
end

--- Returns a port of this machine on which nothing listens.
function tcp_peer.free_port()
  local peer = tcp_peer.listen()
  peer:close()
  return peer.port
end

--- Closes a connection with a TCP reset.
function tcp_peer.reset(connection)
  connection:setoption("linger", { on = true, timeout = 0 })
  connection:close()
end

local function receive(self, connection, index)
  local all, why, part = connection:receive(65536)
  local bytes = all or part or ""
  self.received = self.received .. bytes
  if #bytes > 0 then self.talk(connection, self.received) end
  if why == "closed" then
    connection:close()
    table.remove(self.open, index)
  end
end

--- Accepts a waiting connection and reads what has arrived; never blocks.
function Peer:pump()
  local connection = self.listener:accept()
  if connection then
    connection:settimeout(0)
    self.open[#self.open + 1] = connection
  end
  for index = #self.open, 1, -1 do
    if self.open[index]:getfd() < 0 then table.remove(self.open, index)
    else receive(self, self.open[index], index) end
  end
end

function Peer:pumping()
  return function() self:pump() end
end

function Peer:close()
  for _, connection in ipairs(self.open) do connection:close() end
  self.listener:close()
end

return tcp_peer
