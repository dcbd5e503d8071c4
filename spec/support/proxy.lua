--- An HTTP proxy: tinyproxy, ended with the process that started it.

local core = require "adobepass.core"
local folder = require "spec.support.folder"
local shell = require "adobepass.util.shell"
local tcp_peer = require "spec.support.tcp_peer"
local socket = require "socket"

local proxy = {}

local CONFIG = [[
Listen 127.0.0.1
Port %d
Timeout 60
Allow 127.0.0.1
MaxClients 20
ConnectPort %d
LogLevel Critical
]]

local RUN = [[
tinyproxy -d -c conf < /dev/null &
read -r _
kill -s TERM $!
wait
]]

--- Waits until the port accepts connections, at most ten seconds.
local function await(port)
  local deadline = core.clock.monotonic() + 10
  repeat
    local connection = socket.connect("127.0.0.1", port)
    if connection then return connection:close() end
  until core.clock.monotonic() > deadline
  error("tinyproxy did not start")
end

--- Starts a proxy that tunnels to one port only.
function proxy.start(allowed)
  local path = folder.make()
  local port = tcp_peer.free_port()
  folder.write(path .. "/conf", CONFIG:format(port, allowed))
  local keeper = shell.background("proxy-keeper", path, RUN)
  await(port)
  return {
    url = "http://127.0.0.1:" .. port,
    stop = function() keeper:close() end,
  }
end

return proxy
