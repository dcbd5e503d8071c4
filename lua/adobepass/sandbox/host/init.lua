--- Runs the sandbox in nginx, over HTTPS, on loopback.
--
--   local host = require "adobepass.sandbox.host"
--   local running, message, code = host.start {
--     port = 8443,        -- and the next two; default: free ports
--     world = "my_world.lua",   -- or a JSON file, or a table
--     state_dir = "var",  -- keeps the state and the certificate across restarts
--     throttle = false,   -- disables the rate limit
--     bind = "192.168.1.20",  -- serves the API and the pages on this address, too,
--                             -- without TLS; on the port after the others
--     record = "a.jsonl", -- a file for redacted exchanges: adobepass.util.recording
--   }
--   running.api, .mgmt, .control   origins
--   running.world                  the complete world
--   running.warnings               list of texts about the world
--   running.plain_api              origin of `bind`, else nil
--   running.ca                     file name of the CA certificate
--   running.statement              software statement of the first application
--   running.pid; running:wait(); running:run(command); running:stop()
--
-- nginx ends with the process that started it, even after SIGKILL.
--
-- @module adobepass.sandbox.host

local certificates = require "adobepass.sandbox.host.certificates"
local json = require "adobepass.util.json"
local nginx = require "adobepass.sandbox.host.nginx"
local options_of = require "adobepass.util.options"
local recording = require "adobepass.util.recording"
local shell = require "adobepass.util.shell"
local world_file = require "adobepass.sandbox.data.world_file"
local world_schema = require "adobepass.sandbox.data.world_schema"

local host = {}

local Running = {}
Running.__index = Running

local OPTIONS = { port = "number?", world = "string or table?", state_dir = "string?",
  throttle = "boolean?", nginx = "string?", bind = "string?", record = "string?" }

local HTTP = [[
http {
  default_type "";
  lua_package_path "@PATH@";
  lua_package_cpath "@CPATH@";
  lua_check_client_abort on;
  client_max_body_size 1m;
  lua_need_request_body on;
  client_body_buffer_size 64k;
  large_client_header_buffers 8 32k;
  reset_timedout_connection on;
  keepalive_requests 100000;
  ssl_protocols TLSv1.2 TLSv1.3;
  init_by_lua_block { require("adobepass.sandbox.host.worker").init() }
  init_worker_by_lua_block { require("adobepass.sandbox.host.worker").start() }
  exit_worker_by_lua_block { require("adobepass.sandbox.host.worker").stop() }
@SERVERS@
}
]]

-- Each server has the certificate's directives: when servers inherit them, nginx
-- interprets `$` in the name of the folder.
local SERVER = [[
  server {
    listen 127.0.0.1:@PORT@ ssl http2;
    ssl_certificate server.pem;
    ssl_certificate_key server.key;
    client_max_body_size @BODY@;
    ssl_client_hello_by_lua_block {
      require("adobepass.sandbox.host.worker").client_hello("@ROLE@")
    }
    location / {
      content_by_lua_block {
        require("adobepass.sandbox.host.worker").serve("@ROLE@")
      }
    }
  }
]]

-- For a phone in the LAN, which cannot trust the temporary CA.
local PLAIN_SERVER = [[
  server {
    listen @ADDRESS@:@PORT@;
    location / {
      content_by_lua_block {
        require("adobepass.sandbox.host.worker").serve("plain")
      }
    }
  }
]]

-- Prefix of the certificate's files in state_dir, where the user may have other files.
local KEPT = "adobepass-sandbox"

local ROLES = { "api", "mgmt", "control" }

--- Returns an IPv4 address of one interface, or nil, message.
function host.bind_address(text)
  local first, rest = text:match "^(%d+)(%.%d+%.%d+%.%d+)$"
  local is_valid = first ~= nil
  for part in (text .. "."):gmatch "(%d*)%." do
    is_valid = is_valid and #part <= 3 and tonumber(part) <= 255
  end
  if is_valid and tonumber(first) > 0 then return first .. rest end
  return nil, "invalid bind address: expected an IPv4 address of this machine, "
    .. "such as 192.168.1.20, got '" .. text .. "'"
end

-- The ports are consecutive: one for each role, then that of `bind`.
local function port_count(options)
  return #ROLES + (options.bind and 1 or 0)
end

--- Returns whether all ports are valid; if not, also a message.
-- @param options `port` and `bind` of host.start
function host.check_port(options)
  local port, most = options.port, 65536 - port_count(options)
  if not port or port >= 1 and port <= most and port % 1 == 0 then return true end
  return false, ("invalid port: expected a whole number from 1 to %d, got %s")
    :format(most, port)
end

local function check(options)
  options_of.check("host.start", options, OPTIONS, 3)
  local address, message = host.bind_address(options.bind or "127.0.0.1")
  if not address then error("host.start: " .. message, 3) end
  local is_valid, why = host.check_port(options)
  if not is_valid then error("host.start: " .. why, 3) end
end

local function fill(template, values)
  return (template:gsub("@(%u+)@", values))
end

local function origin(port) return "https://127.0.0.1:" .. port end

local function plain_origin(options, ports)
  return options.bind and ("http://%s:%d"):format(options.bind, ports[4]) or nil
end

local function write_settings(options, folder, ports)
  local written, message, code = shell.write_file(folder .. "/world.json",
    json.encode(options.world))
  if not written then return nil, message, code end
  return shell.write_file(folder .. "/settings.json", json.encode {
    api = origin(ports[1]), mgmt = origin(ports[2]),
    state_dir = options.state_dir, throttle = options.throttle,
    plain_api = plain_origin(options, ports), record = options.record,
  })
end

local function servers(options, ports)
  local texts = {}
  for index, role in ipairs(ROLES) do
    texts[index] = fill(SERVER, { ROLE = role, PORT = ports[index],
      -- The control API restores snapshots, which contain the journal.
      BODY = role == "control" and "256m" or "1m" })
  end
  if options.bind then
    texts[4] = fill(PLAIN_SERVER, { ADDRESS = options.bind, PORT = ports[4] })
  end
  return table.concat(texts)
end

-- Puts the certificates into the sandbox's folder; with state_dir, those of an earlier
-- run. New ones are made in that folder, because the CA's key and other temporary files
-- must not remain in state_dir after Ctrl-C or replace files of the user.
local function make_certificates(options, folder)
  local kept = options.state_dir
  local found = kept and certificates.find(kept, KEPT)
  if found then return certificates.copy(found, folder, "server") end
  local files, message, code = certificates.make(folder)
  if files and kept then return certificates.copy(files, kept, KEPT) end
  return files, message, code
end

local function configure(options, folder, ports)
  local files, message, code = make_certificates(options, folder)
  if not files then return nil, message, code end
  local path, cpath, kind = nginx.lua_paths()
  if not path then return nil, cpath, kind end
  local written, reason, how = write_settings(options, folder, ports)
  if not written then return nil, reason, how end
  return fill(HTTP, { PATH = path, CPATH = cpath, SERVERS = servers(options, ports) })
end

local function absolute(path)
  if not path or path:sub(1, 1) == "/" then return path end
  return shell.read("pwd") .. "/" .. path
end

-- Returns the complete world of a file or a table.
local function complete(world)
  if type(world) == "string" then return world_file.read(world) end
  return world_schema.complete(world)
end

local function make_state_dir(path)
  if not path then return true end
  local output, status = shell.read("mkdir -p -m 700 " .. shell.quote(path)
    .. " && test -w " .. shell.quote(path))
  if status == 0 then return true end
  return nil, ("cannot write to state_dir %s: %s"):format(path,
    output ~= "" and output or "the folder is not writable"), "state_dir"
end

local function ports_of(options)
  local count, ports = port_count(options), {}
  if not options.port then return count end
  for index = 1, count do ports[index] = math.floor(options.port) + index - 1 end
  return ports
end

--- Starts the sandbox. When this returns, all ports accept connections.
function host.start(options)
  options = options or {}
  check(options)
  local world, mistakes = complete(options.world)
  if not world then return nil, mistakes, "world" end
  options = { port = options.port, throttle = options.throttle,
    nginx = options.nginx, bind = options.bind, world = world,
    state_dir = absolute(options.state_dir), record = absolute(options.record) }
  local made, message, code = make_state_dir(options.state_dir)
  if made and options.record then
    made, message, code = recording.create(options.record)
  end
  if not made then return nil, message, code end
  local server, why, how = nginx.start {
    nginx = options.nginx, ports = ports_of(options), lua = true,
    config = function(ports, folder)
      return configure(options, folder, ports)
    end,
  }
  if not server then return nil, why, how end
  return setmetatable({
    server = server, pid = server.pid, folder = server.folder, world = world,
    warnings = world_schema.warnings(world),
    api = origin(server.ports[1]), mgmt = origin(server.ports[2]),
    control = origin(server.ports[3]),
    plain_api = plain_origin(options, server.ports),
    ca = options.state_dir and ("%s/%s-ca.pem"):format(options.state_dir, KEPT)
      or server.folder .. "/server-ca.pem",
    statement = shell.read_file(server.folder .. "/statement"),
  }, Running)
end

--- Waits until nginx ends. Returns true; false or an error after Ctrl-C.
function Running:wait() return self.server:wait() end

--- Runs a shell command while the sandbox runs. Returns its exit status.
function Running:run(command) return self.server:run(command) end

function Running:stop() return self.server:stop() end

--- Returns the error log of nginx and of the sandbox.
function Running:log() return self.server:log() end

return host
