--- A TCP proxy that can forget its connections, as a firewall does: the next bytes on a
-- forgotten connection cause a TCP reset. It is a process of its own. A connection to
-- its second port makes it forget all open connections; it then closes that connection.

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

local function forget(open, control)
  for _, pair in ipairs(open) do pair.is_forgotten = true end
  control:accept():close()
end

local function serve_all(open)
  local alive = {}
  for _, pair in ipairs(open) do
    serve(pair)
    if not pair.is_closed then alive[#alive + 1] = pair end
  end
  return alive
end

local function listen()
  local listener = assert(socket.bind("127.0.0.1", 0, 32))
  print((select(2, listener:getsockname())))
  return listener
end

--- Main function of the process: prints its two ports, and serves until it is killed.
-- @number port of the server
function dropping_proxy.run(port)
  local listener, control, open = listen(), listen(), {}
  while true do
    local ready = socket.select(sockets_of(open, listener, control))
    if ready[listener] then open[#open + 1] = accept(listener, port) end
    if ready[control] then forget(open, control) end
    open = serve_all(open)
  end
end

--- Makes a proxy forget its connections; returns when it has.
-- @number control its second port
function dropping_proxy.drop(control)
  local connection = assert(socket.connect("127.0.0.1", control))
  connection:receive()
  connection:close()
end

return dropping_proxy
