--- Prometheus, with the gateway's alert rules, scraping one server of this machine.

local core = require "adobepass.core"
local folder = require "spec.support.folder"
local json = require "adobepass.util.json"
local shell = require "adobepass.util.shell"
local tcp_peer = require "spec.support.tcp_peer"
local tv_client = require "spec.support.tv_client"

local prometheus_server = {}
local Server = {}
Server.__index = Server

local CONFIG = [[
global: { scrape_interval: 1s, evaluation_interval: 1s }
rule_files: [ "%s" ]
scrape_configs:
  - job_name: gateway
    static_configs: [ { targets: [ "%s" ] } ]
]]

local RUN = [[
prometheus --config.file=conf.yml --storage.tsdb.path=data \
  --web.listen-address=127.0.0.1:PORT > output 2>&1 < /dev/null &
read -r _
kill -s TERM $!
wait
]]

local LIMIT = 30 -- seconds

--- @string rules path of the alert rules
-- @string target host:port of /metrics
function prometheus_server.start(rules, target)
  local path, port = folder.make(), tcp_peer.free_port()
  local root = folder.run "pwd"
  folder.write(path .. "/conf.yml",
    CONFIG:format(root:gsub("%s+$", "") .. "/" .. rules, target))
  return setmetatable({ url = "http://127.0.0.1:" .. port,
    transport = assert(core.http.new { timeout = 5 }),
    keeper = shell.background("prometheus-keeper", path,
      (RUN:gsub("PORT", port))) }, Server)
end

-- Returns the `data` of an API response; nil while Prometheus starts.
function Server:get(path)
  local response = tv_client.fetch(self.transport, { url = self.url .. path })
  local body = response and response.status == 200 and json.decode(response.body)
  return body and body.data
end

--- Waits until the API's data at a path satisfy a check. Returns the check's result.
function Server:await(path, check)
  local deadline = core.clock.monotonic() + LIMIT
  repeat
    local data = self:get(path)
    local found = data and check(data)
    if found then return found end
    core.clock.sleep(0.05)
  until core.clock.monotonic() > deadline
  error("Prometheus has no such data: " .. path)
end

function Server:stop()
  self.transport:close()
  self.keeper:close()
end

return prometheus_server
