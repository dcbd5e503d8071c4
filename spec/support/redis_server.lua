--- A Redis server in a temporary folder, on a Unix socket and a free port, ended
-- with the process that started it.

local folder = require "spec.support.folder"
local shell = require "adobepass.util.shell"
local unix = require "socket.unix"

local redis_server = {}

local CONFIG = [[
bind 127.0.0.1
port %d
unixsocket %s/redis.sock
unixsocketperm 700
dir %s
save ""
appendonly no
%s
]]

-- Writes `ready` when Redis accepts commands. The script stays Redis' parent.
local RUN = [[
: > log
redis-server redis.conf $2 > log 2>&1 < /dev/null &
pid=$!
tries=0
is_ready() { grep -q "Ready to accept\|+monitor master" log; }
until is_ready || [ $tries = 1000 ]; do
  kill -0 $pid 2> /dev/null || break
  tries=$((tries + 1)); sleep 0.01
done
if is_ready; then echo $pid > ready
else cp log why && mv why failed; fi
read -r _
kill $pid 2> /dev/null
kill -s CONT $pid 2> /dev/null
wait $pid
]]

local function random_port()
  local urandom = assert(io.open("/dev/urandom", "rb"))
  local high, low = urandom:read(2):byte(1, 2)
  urandom:close()
  return 10000 + (high * 256 + low) % 22000
end

local Server = {}
Server.__index = Server

-- Returns the script's pid file, or the log of a failed start.
local function outcome(path)
  folder.run(("cd %s; until [ -s ready ] || [ -e failed ]; do sleep 0.01; "
    .. "done"):format(folder.quote(path)))
  return folder.read(path .. "/ready"), folder.read(path .. "/failed")
end

local function attempt(lines, mode)
  local path, port, tls_port = folder.make(), random_port(), random_port()
  lines = lines:gsub("@(%u+)@", { PORT = port, TLSPORT = tls_port })
  folder.write(path .. "/redis.conf", CONFIG:format(port, path, path, lines))
  local pipe = shell.background("redis-keeper", path, RUN, mode)
  local ready, why = outcome(path)
  if ready then
    return setmetatable({ pipe = pipe, port = port, tls_port = tls_port,
      pid = tonumber(ready), path = path, socket = path .. "/redis.sock" }, Server)
  end
  pipe:close()
  return nil, why
end

--- server.port, server.tls_port, server.socket, server.pid, server:stop()
-- @string[opt] lines more of redis.conf, with @PORT@ and @TLSPORT@ for the ports
-- @string[opt] mode of redis-server: "--sentinel"
function redis_server.start(lines, mode)
  local server, why
  for _ = 1, 5 do
    server, why = attempt(lines or "", mode or "")
    if server or not why:find("Address already in use", 1, true) then break end
  end
  return assert(server, why)
end

-- Reads a response of RESP as text: an array has a line for each of its elements.
local function read_response(connection)
  local kind, rest = assert(connection:receive "*l"):match "^(.)(.*)$"
  if kind == "$" then
    return rest == "-1" and "" or assert(connection:receive(rest + 2)):sub(1, -3)
  elseif kind ~= "*" then
    return rest
  end
  local parts = {}
  for index = 1, tonumber(rest) do parts[index] = read_response(connection) end
  return table.concat(parts, "\n")
end

--- Sends a command as a line, as redis-cli accepts it. Returns the response as text.
function Server:ask(command)
  local connection = unix()
  assert(connection:connect(self.socket))
  assert(connection:send(command .. "\r\n"))
  local text = read_response(connection)
  connection:close()
  return text
end

--- Sends a signal.
function Server:signal(name)
  folder.run(("kill -s %s %d"):format(name, self.pid))
end

--- Waits until a process has ended or is a zombie.
function redis_server.await_end(pid)
  folder.run(("timeout 30 sh -c 'while grep -qs \"^State:.[^Z]\" "
    .. "/proc/%d/status; do sleep 0.005; done'"):format(pid))
end

--- Ends Redis, waits for its end and removes the folder.
function Server:stop()
  if not self.pipe then return end
  self.pipe:close()
  self.pipe = nil
end

return redis_server
