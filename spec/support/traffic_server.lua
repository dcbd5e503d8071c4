--- A Traffic Server that checks signed URLs in front of an origin, in a temporary
-- folder, ended with the process that started it.
--
--   local cdn = traffic_server.start { origin = "http://127.0.0.1:8080",
--     plugin_config = "{ ... }" }
--   cdn.url, cdn.folder; cdn:stop()

local core = require "adobepass.core"
local shell = require "adobepass.util.shell"
local run_transfer = require "spec.support.run_transfer"
local tcp_peer = require "spec.support.tcp_peer"

local traffic_server = {}

local Server = {}
Server.__index = Server

-- Without these lines Traffic Server uses the paths of the package.
local RUNROOT = [[
prefix: @F@
exec_prefix: @F@
bindir: /usr/bin
sbindir: /usr/bin
sysconfdir: @F@
datadir: @F@
includedir: @F@
libdir: /usr/lib/trafficserver
libexecdir: /usr/lib/trafficserver/modules
localstatedir: @F@/run
runtimedir: @F@/run
logdir: @F@/log
cachedir: @F@
]]

-- The user "#-1" is the one who starts it.
local RECORDS = [[
CONFIG proxy.config.http.server_ports STRING @PORT@:ip-in=127.0.0.1
CONFIG proxy.config.admin.user_id STRING #-1
CONFIG proxy.config.crash_log_helper STRING NULL
CONFIG proxy.config.exec_thread.autoconfig INT 0
CONFIG proxy.config.exec_thread.limit INT 1
CONFIG proxy.config.net.connections_throttle INT 1000
CONFIG proxy.config.log.logging_enabled INT 0
]]

local FILES = {
  ["runroot.yaml"] = RUNROOT, ["records.config"] = RECORDS,
  ["storage.config"] = "@F@/cache 32M\n",
  ["remap.config"] = "map / @ORIGIN@/ @plugin=uri_signing.so "
    .. "@pparam=uri_signing.json\n",
  ["ip_allow.yaml"] = "ip_allow:\n  - apply: in\n    ip_addrs: 127.0.0.1\n"
    .. "    action: allow\n    methods: [GET, HEAD]\n",
}

local KEEPER = [[
mkdir run log cache
traffic_server --run-root="$1/runroot.yaml" > output < /dev/null 2>&1 &
server=$!
read -r _
kill -s KILL $server
wait $server
]]

local function is_up(transport, url)
  local transfer = transport:submit { url = url }
  local response = run_transfer(transport, transfer)
  transfer:close()
  return response and response.status == 403 -- a request without a token
end

local LIMIT = 30 -- seconds

function Server:await()
  local transport = assert(core.http.new { timeout = 5 })
  local deadline = core.clock.monotonic() + LIMIT
  while not is_up(transport, self.url) do
    if core.clock.monotonic() > deadline then
      error("traffic_server did not start: "
        .. (shell.read_file(self.folder .. "/output") or ""))
    end
    core.clock.sleep(0.1)
  end
  transport:close()
end

--- options: `origin`, a URL without a path; `plugin_config`, a JSON text
function traffic_server.start(options)
  local folder = assert(shell.make_folder "adobepass-cdn")
  local port = tcp_peer.free_port()
  local values = { F = folder, PORT = port, ORIGIN = options.origin }
  for name, text in pairs(FILES) do
    shell.write_file(folder .. "/" .. name, (text:gsub("@(%u+)@", values)))
  end
  shell.write_file(folder .. "/uri_signing.json", options.plugin_config, true)
  local self = setmetatable({ folder = folder, url = "http://127.0.0.1:" .. port,
    keeper = shell.background("cdn-keeper", folder, KEEPER) }, Server)
  self:await()
  return self
end

--- Ends Traffic Server and removes the folder.
function Server:stop() self.keeper:close() end

return traffic_server
