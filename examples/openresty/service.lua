--- Runs the gateway on this machine: Redis, nginx nodes and the sandbox.
--
--   local running, message = service.start { nodes = 2 }
--   running.nodes[1].url        the base URL for TVs
--   running.nodes[1].operator   health and metrics
--   running.nodes[1].origin     files without a ticket, for a CDN
--   running.redis, running.sandbox, running.folder, running.log
--   running:stop()
--
-- All processes stop when the process that called service.start ends.

local core = require "adobepass.core"
local host = require "adobepass.sandbox.host"
local json = require "adobepass.util.json"
local media = require "examples.openresty.media"
local nginx = require "adobepass.sandbox.host.nginx"
local options_of = require "adobepass.util.options"
local redis = require "examples.openresty.redis"
local shell = require "adobepass.util.shell"

local service = {}

local Running = {}
Running.__index = Running

local FIELDS = { nodes = "number?", workers = "number?", throttle = "boolean?",
  trusted = "string?", settings = "table?", without_sandbox = "boolean?",
  media = "string?", world = "string or table?", saves_state = "boolean?",
  edit = "function?" }

local CHANNELS = {
  { id = "cnn", resource = "CNN", title = "CNN" },
  { id = "tbs", resource = "TBS", title = "TBS" },
  { id = "hbo", resource = "HBO", title = "HBO" },
  { id = "late-night", resource = "Late Night", title = "Late Night" },
}

local function tree()
  local source = debug.getinfo(1, "S").source:gsub("^@", "")
  local path = source:gsub("examples/openresty/service%.lua$", "")
  return path:sub(1, 1) == "/" and path or shell.read "pwd" .. "/" .. path
end

local function fill(template, values)
  return (template:gsub("@([%u_]+)@", values))
end

local function private(folder, name, text)
  local path = folder .. "/" .. name
  assert(shell.write_file(path, text, true))
  return path
end

--- Creates a signing key for the settings.
function service.new_key(folder, id)
  return { id = id, file = private(folder, "key-" .. id,
    core.digest.hex(assert(core.random.bytes(32)))) }
end

-- Reads the media key from the sandbox's control API.
local function media_key(sandbox, folder)
  local text = shell.read(shell.line("curl", "-sS", "--cacert", sandbox.ca,
    sandbox.control .. "/sandbox/certificates"))
  local response = assert(json.decode(text), text)
  return private(folder, "media.pem", response.result.media)
end

local function of_sandbox(sandbox, folder)
  return { service_provider = "REF30",
    environment = { api = sandbox.api, mgmt = sandbox.mgmt },
    ca_file = sandbox.ca, statement_file = private(folder, "statement",
      sandbox.statement),
    media_key_file = media_key(sandbox, folder),
    activation_url = sandbox.api .. "/activate",
    domain_name = "adobe.com", redirect_url = "https://adobe.com",
    channels = json.array(CHANNELS) }
end

-- Given settings take precedence.
local function settings_of(running, given)
  local folder = running.folder
  local settings = running.sandbox and of_sandbox(running.sandbox, folder)
    or {}
  settings.redis = { socket = running.redis.socket }
  settings.secure_cookies = false -- plain http, on loopback
  settings.log_file = running.log
  for name, value in pairs(given or {}) do settings[name] = value end
  for _, name in ipairs { "device_keys", "ticket_keys" } do
    settings[name] = settings[name]
      or json.array { service.new_key(folder, name) }
  end
  return settings
end

--- Writes the settings; nodes read them when they start or reload.
function Running:configure(changes)
  for name, value in pairs(changes) do self.settings[name] = value end
  private(self.folder, "settings.json", json.encode(self.settings))
end

local function config_of(running, name, ports, options)
  local path, tls = tree(), running.settings.redis.tls
  local template = assert(shell.read_file(path
    .. "examples/openresty/gateway.conf"))
  local text = fill(template, { TREE = path:gsub("/$", ""), NODE = name,
    LISTEN = ("127.0.0.1:%d reuseport"):format(ports[1]),
    OPERATOR = "127.0.0.1:" .. ports[2], ORIGIN = "127.0.0.1:" .. ports[3],
    MEDIA = options.media or running.folder, CONFIG = running.folder,
    SETTINGS = running.folder .. "/settings.json",
    REDISTLS = tls and ("lua_ssl_trusted_certificate %s; lua_ssl_verify_depth 2;")
      :format(tls.ca_file) or "",
    TRUSTED = options.trusted or "127.0.0.1", NEWCOMERS = 120 })
  return options.edit and options.edit(text) or text
end

local function start_node(running, name, options)
  local server, message = nginx.start { lua = true, ports = 3,
    workers = options.workers or 2, config = function(ports)
      return config_of(running, name, ports, options)
    end }
  if not server then return nil, message end
  return { server = server, name = name,
    url = "http://127.0.0.1:" .. server.ports[1],
    operator = "http://127.0.0.1:" .. server.ports[2],
    origin = "http://127.0.0.1:" .. server.ports[3] }
end

local function start_nodes(running, options)
  for index = 1, options.nodes or 2 do
    local node, message = start_node(running, ("node-%d"):format(index),
      options)
    if not node then return nil, message end
    running.nodes[index] = node
  end
  return running
end

local function start_sandbox(running, options)
  local sandbox, message = host.start { throttle = options.throttle,
    world = options.world, state_dir = options.saves_state ~= false
      and running.folder .. "/sandbox" or nil }
  running.sandbox = sandbox
  return sandbox, message
end

local function begin(running, options)
  if not options.without_sandbox then
    local sandbox, message = start_sandbox(running, options)
    if not sandbox then return nil, message end
  end
  running.settings = settings_of(running, options.settings)
  running:configure {}
  if not options.media then
    media.write(running.folder, running.settings.channels)
  end
  return start_nodes(running, options)
end

--- Starts everything; returns when all nodes respond.
--
-- options: `nodes` (2), `workers` of each (2), `throttle` (of the sandbox),
-- `trusted`: the host whose X-Forwarded-For is trusted (127.0.0.1), `settings`: see
-- lua/gateway/config.lua, `without_sandbox`, `world` of the sandbox, `saves_state`
-- (true): the sandbox saves its state each second and can restart, `media`: a folder
-- with hls/<channel>/index.m3u8 (test media without a picture), `edit`: a function from
-- nginx's configuration text to the text to use, for benchmarks
function service.start(options)
  options = options_of.check("service.start", options or {}, FIELDS)
  local server, message = redis.start()
  if not server then return nil, message end
  local running = setmetatable({ redis = server, folder = server.folder,
    log = server.folder .. "/gateway.log", nodes = {} }, Running)
  local fine, started, why = pcall(begin, running, options)
  if fine and started then return running end
  running:stop()
  return nil, fine and why or started
end

--- Waits for Ctrl-C; see adobepass.sandbox.host.nginx. Returns when the last node
-- ends; a killed node does not end the wait.
function Running:wait()
  for _, node in ipairs(self.nodes) do
    if not node.server:wait() then return end
  end
end

--- Stops all processes; returns when they have ended.
function Running:stop()
  for _, node in ipairs(self.nodes) do node.server:stop() end
  if self.sandbox then self.sandbox:stop() end
  self.redis:stop()
end

return service
