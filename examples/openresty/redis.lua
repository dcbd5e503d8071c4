--- Starts a private Redis with persistent data, and restarts it when it ends, as a
-- service manager does.
--
--   local server, message = redis.start()
--   server.folder       its folder, which other files may use; stop deletes it
--   server.socket       its Unix socket
--   server:pid(); server:ask "dbsize"; server:stop()
--
-- Redis does not start while the folder contains a file `down`. It ends with the
-- process that called redis.start (shell.background).

local shell = require "adobepass.util.shell"

local redis = {}

local Server = {}
Server.__index = Server

-- With appendfsync everysec, data that Redis has acknowledged survives SIGKILL.
local CONFIG = [[
port 0
unixsocket %s/redis.sock
unixsocketperm 700
dir %s
save ""
appendonly yes
appendfsync everysec
maxmemory-policy noeviction
]]

local KEEPER = [[
alone=$(command -v setsid)
: > wanted
serve() {
  while [ -e wanted ]; do
    if [ -e down ]; then sleep 0.05; continue; fi
    $alone redis-server redis.conf < /dev/null > redis.log 2>&1 &
    echo $! > redis.pid
    wait $!
    rm -f redis.pid
    [ -e wanted ] && sleep 0.2
  done
}
serve < /dev/null &
server=$!
read -r _
rm -f wanted
[ -s redis.pid ] && kill -s TERM "$(cat redis.pid)"
wait $server
]]

local function read_pid(self)
  return tonumber((shell.read_file(self.folder .. "/redis.pid")))
end

--- Returns the process id; nil while Redis is down.
function Server:pid() return read_pid(self) end

--- Runs a command with redis-cli; returns its output.
function Server:ask(command)
  return (shell.read(("redis-cli -s %s %s"):format(shell.quote(self.socket),
    command)))
end

--- Waits until Redis responds. Returns true, or nil and a message.
function Server:await()
  local _, status = shell.read(("timeout 20 sh -c 'until [ \"$(redis-cli -s "
    .. "%s/redis.sock ping)\" = PONG ]; do sleep 0.02; done' 2> /dev/null")
    :format(self.folder))
  if status == 0 then return true end
  return nil, "Redis did not start: "
    .. (shell.read_file(self.folder .. "/redis.log") or "")
end

--- Stops Redis and removes the folder.
function Server:stop()
  if not self.keeper then return end
  self.keeper:close()
  self.keeper = nil
end

function redis.start()
  if select(2, shell.read "command -v redis-server") ~= 0 then
    return nil, "no redis-server: install redis (Debian: redis-server)"
  end
  local folder, message = shell.make_folder "adobepass-gateway"
  if not folder then return nil, message end
  shell.write_file(folder .. "/redis.conf", CONFIG:format(folder, folder))
  local keeper = shell.background("gateway-keeper", folder, KEEPER)
  local server = setmetatable({ folder = folder, keeper = keeper,
    socket = folder .. "/redis.sock" }, Server)
  local fine, why = server:await()
  if fine then return server end
  server:stop()
  return nil, why
end

return redis
