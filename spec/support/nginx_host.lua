--- An nginx in which specs run Lua.
--
--   local host = nginx_host.start { http = "lua_shared_dict d 1m;" }
--   host:call("spec.support.store_conformance", "run", argument)
--   host:stop()
--
-- Argument and result are passed as JSON; an error of the function is raised here.
-- nginx has no busted, so the function uses plain asserts. Its module is loaded
-- in this process, too.

-- luacheck: globals ngx

local core = require "adobepass.core"
local run_transfer = require "spec.support.run_transfer"
local folder = require "spec.support.folder"
local json = require "adobepass.util.json"
local nginx = require "adobepass.sandbox.host.nginx"

local nginx_host = {}

-- Each request opens a connection, so that the kernel spreads them over workers.
local CONFIG = [[
env @TMPDIR@; env PATH;
http {
  lua_package_path "@TREE@/lua/?.lua;@TREE@/lua/?/init.lua;@TREE@/?.lua;;";
  lua_package_cpath "@TREE@/build/luajit/?.so;;";
  lua_socket_log_errors off;
  client_max_body_size 8m; client_body_buffer_size 8m;
  keepalive_timeout 0;
  @HTTP@
  server {
    listen 127.0.0.1:@PORT@ reuseport;
    location = /call {
      content_by_lua_block { require("spec.support.nginx_host").serve() }
    }
  }
}
]]

local Host = {}
Host.__index = Host

--- options: http     further lines for nginx.conf's http block
--           tmpdir   TMPDIR of the workers (default: of this process)
--           workers, connections  as nginx.start takes them
function nginx_host.start(options)
  local self = setmetatable({}, Host)
  self.server = assert(nginx.start {
    lua = true, workers = options.workers, connections = options.connections,
    config = function(ports)
      return (CONFIG:gsub("@(%u+)@", { TREE = folder.run("pwd"),
        TMPDIR = "TMPDIR" .. (options.tmpdir and "=" .. options.tmpdir or ""),
        HTTP = options.http or "", PORT = ports[1] }))
    end,
  })
  self.url = ("http://127.0.0.1:%d/call"):format(self.server.ports[1])
  self.transport = assert(core.http.new { timeout = 60 })
  return self
end

function Host:submit(module, name, argument)
  local body = json.encode { module = module, name = name,
    argument = argument }
  return assert(self.transport:submit { url = self.url, method = "POST",
    body = body })
end

function Host:finish(transfer)
  local response = assert(run_transfer(self.transport, transfer))
  local reply = json.decode(response.body)
  if response.status ~= 200 or not reply then
    error(response.body .. "\n" .. self.server:log(), 0)
  end
  if reply.error then error(reply.error, 0) end
  return reply.result
end

--- Calls a module's function inside nginx. Returns its result.
function Host:call(module, name, argument)
  return self:finish(self:submit(module, name, argument))
end

--- Ends nginx.
function Host:stop()
  self.transport:close()
  self.server:stop()
end

local function run(call)
  return require(call.module)[call.name](call.argument)
end

--- Runs inside nginx: calls the requested function.
function nginx_host.serve()
  ngx.req.read_body()
  local call = assert(json.decode(ngx.req.get_body_data()))
  local ok, result = xpcall(run, debug.traceback, call)
  ngx.print(json.encode(ok and { result = result }
    or { error = tostring(result) }))
end

return nginx_host
