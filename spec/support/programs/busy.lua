--- A script of later.c: another socket is ready in each step. Prints how many of 10
-- steps, one second apart, kept the interval after which all transfers continue.

local core = require "adobepass.core"
local socket = require "socket"
local later = ...

local listener = assert(socket.bind("127.0.0.1", 0))
local transport = assert(core.http.new { timeout = 60 })
local transfer = assert(transport:submit {
  url = ("http://127.0.0.1:%d/"):format((select(2, listener:getsockname()))) })
transport:sockets() -- from now on, the transport polls its sockets
local connection
listener:settimeout(0)
while not connection do
  transport:step(0)
  connection = listener:accept()
end
connection:send "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"
connection:settimeout(0)
while not connection:receive "*l" do transport:step(0) end

local kept = 0
for _ = 1, 10 do
  later(1)
  connection:send "x"
  transport:step(0)
  if transport:timeout() > 0 then kept = kept + 1 end
end
print(kept)
transfer:close()
transport:close()
