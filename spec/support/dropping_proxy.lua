--- A TCP proxy that forgets connections, as a firewall does: the next bytes on one
-- cause a TCP reset. Run as a process; each line on its input makes it forget all
-- connections that are open now.

local socket = require "socket"
local tcp_peer = require "spec.support.tcp_peer"

local dropping_proxy = {}

local function forward(from, to, is_forgotten)
  local all, why, part = from:receive(65536)
  local bytes = all or part or ""
  if #bytes > 0 and is_forgotten then return false end
  if #bytes > 0 then to:send(bytes) end
  return why ~= "closed"
end

local function close(pair)
  tcp_peer.reset(pair.client)
  pair.server:close()
  pair.is_closed = true
end

local function serve(pair)
  if not forward(pair.client, pair.server, pair.is_forgotten)
      or not forward(pair.server, pair.client) then
    close(pair)
  end
end

local function accept(listener, port)
  local client = listener:accept()
  local server = assert(socket.connect("127.0.0.1", port))
  client:settimeout(0)
  server:settimeout(0)
  return { client = client, server = server }
end

local function sockets_of(pairs_open, ...)
  local list = { ... }
  for _, pair in ipairs(pairs_open) do
    list[#list + 1], list[#list + 2] = pair.client, pair.server
  end
  return list
end

-- Standard input, for select.
local INPUT = { getfd = function() return 0 end, dirty = function() return false end }

--- Prints its port, then serves until its input ends; prints "dropped" for each line.
-- @number port of the server
function dropping_proxy.run(port)
  local listener = assert(socket.bind("127.0.0.1", 0, 32))
  print((select(2, listener:getsockname())))
  local open = {}
  while true do
    local ready = socket.select(sockets_of(open, listener, INPUT))
    if ready[listener] then open[#open + 1] = accept(listener, port) end
    if ready[INPUT] then
      if not io.read() then return end
      for _, pair in ipairs(open) do pair.is_forgotten = true end
      print "dropped"
    end
    local alive = {}
    for _, pair in ipairs(open) do
      serve(pair)
      if not pair.is_closed then alive[#alive + 1] = pair end
    end
    open = alive
  end
end

return dropping_proxy
