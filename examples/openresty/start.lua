--- Starts Redis, two nginx nodes and the sandbox, prints how to use them, and stops
-- all on Ctrl-C. Started by `examples/openresty/run`.

local core = require "adobepass.core"
local json = require "adobepass.util.json"
local service = require "examples.openresty.service"
local shell = require "adobepass.util.shell"

local USAGE = [[
usage: examples/openresty/run [--json] [--settings file] [--nodes n]

Starts Redis, two nginx nodes of the gateway and the sandbox, on loopback, and
runs until Ctrl-C.

  --json       print one line of JSON when it is ready
  --settings   use your own settings (see README.md), for the real service;
               no sandbox is started
  --nodes      the number of nginx nodes (2)]]

local INFO = core.base64.encode(json.encode { primaryHardwareType = "TV",
  model = "Living room TV", version = "1", osName = "Linux", osVersion = "6.1",
  connectionType = "LAN" })

local TEXT = [[

  @BOLD@The gateway is running.@PLAIN@

@NODES@  @DIM@Redis@PLAIN@       @SOCKET@
  @DIM@Log@PLAIN@         @LOG@
  @DIM@Folder@PLAIN@      @FOLDER@
@SANDBOX@
  @BOLD@Act as a TV@PLAIN@
    cd @FOLDER@
    tv() { curl -s -b jar -c jar -H "X-Device-Info: $(cat info)" \
      -H 'Content-Type: application/json' "$@"; echo; }

    tv @ONE@/login -d '{"mvpd":"@MVPD@"}'
    tv @TWO@/login/status
    tv @ONE@/catalog
    tv @TWO@/play/@CHANNEL@ -d '{}'
    tv @ONE@/hls/@CHANNEL@/index.m3u8
    tv @ONE@/logout -d '{}'
@SIGNIN@
  @BOLD@Simulate failures@PLAIN@
    @DIM@Kill a node; the other one continues:@PLAIN@
      kill -9 -- -@PID@
    @DIM@Kill Redis; it restarts unless the folder contains a file "down":@PLAIN@
      kill -9 $(cat redis.pid)
      touch down; rm down
    @DIM@Reload; check the state:@PLAIN@
      kill -HUP @PID@
      curl @OPERATOR@/health/ready
      curl @OPERATOR@/metrics

  @DIM@Ctrl-C stops everything and removes the files.@PLAIN@

]]

local SANDBOX = [[
  @DIM@Sandbox@PLAIN@     @LINK@@API@@PLAIN@, control @LINK@@CONTROL@@PLAIN@
  @DIM@Its CA@PLAIN@      @CA@
]]

local SIGN_IN = [[

  @BOLD@Log in@PLAIN@ as bob with the password secret; type the code at
    @LINK@@API@/activate@PLAIN@
]]

local STYLE = { BOLD = "\27[1m", DIM = "\27[2m", LINK = "\27[36m",
  PLAIN = "\27[0m" }

local function colors()
  local wanted = not os.getenv "NO_COLOR" and os.getenv "TERM" ~= "dumb"
    and shell.execute "test -t 1" == 0
  return setmetatable({}, { __index = function(_, name)
    return STYLE[name] and (wanted and STYLE[name] or "")
  end })
end

local function fill(template, values)
  return (template:gsub("@(%u+)@", values))
end

local function nodes_text(running, values)
  local lines = {}
  for index, node in ipairs(running.nodes) do
    lines[index] = fill(("  @DIM@Node %d@PLAIN@      @LINK@%s@PLAIN@, "
      .. "operators' @LINK@%s@PLAIN@, pid %d\n"):format(index, node.url,
      node.operator, node.server.pid), values)
  end
  return table.concat(lines)
end

local function as_text(running)
  local values, nodes = colors(), running.nodes
  values.NODES = nodes_text(running, values)
  values.SOCKET, values.LOG = running.redis.socket, running.log
  values.FOLDER = running.folder
  assert(shell.write_file(running.folder .. "/info", INFO))
  values.ONE, values.TWO = nodes[1].url, nodes[#nodes].url
  values.OPERATOR, values.PID = nodes[1].operator, nodes[1].server.pid
  values.CHANNEL = running.settings.channels[1].id
  values.MVPD, values.SANDBOX, values.SIGNIN = "...", "", ""
  if running.sandbox then
    values.MVPD = "Cablevision"
    for _, name in ipairs { "api", "control", "ca" } do
      values[name:upper()] = running.sandbox[name]
    end
    values.SANDBOX = fill(SANDBOX, values)
    values.SIGNIN = fill(SIGN_IN, values)
  end
  return fill(TEXT, values)
end

local function as_json(running)
  local nodes = {}
  for index, node in ipairs(running.nodes) do
    nodes[index] = { url = node.url, operator = node.operator,
      pid = node.server.pid }
  end
  local sandbox = running.sandbox
  return json.encode { nodes = json.array(nodes), folder = running.folder,
    log = running.log, redis = { socket = running.redis.socket,
      pid = running.redis:pid() },
    sandbox = sandbox and { api = sandbox.api, control = sandbox.control,
      ca = sandbox.ca, pid = sandbox.pid } } .. "\n"
end

local function stop_with(message)
  io.stderr:write(message, "\n")
  os.exit(2)
end

local function read_settings(path)
  local text, message = shell.read_file(path)
  local settings = text and json.decode(text)
  if settings then return settings end
  stop_with("The settings cannot be read: " .. (message or "no JSON"))
end

local function node_count(text)
  local count = tonumber(text)
  if count and count >= 1 and count % 1 == 0 then return count end
  stop_with("invalid --nodes: expected a whole number of 1 or more, got '" .. text
    .. "'")
end

local function arguments()
  local given, index = { json = false, options = {} }, 1
  while arg[index] do
    local word, value = arg[index], arg[index + 1]
    if word == "--json" then
      given.json = true
    elseif word == "--settings" and value then
      given.options.settings = read_settings(value)
      given.options.without_sandbox, index = true, index + 1
    elseif word == "--nodes" and value then
      given.options.nodes, index = node_count(value), index + 1
    else
      stop_with(USAGE)
    end
    index = index + 1
  end
  return given
end

local given = arguments()
local running, message = service.start(given.options)
if not running then stop_with("The gateway did not start: " .. message) end
io.stdout:write((given.json and as_json or as_text)(running))
io.stdout:flush()
-- Ctrl-C raises an error in the stand-alone Lua; the nodes must be stopped in any
-- case.
local fine, problem = pcall(running.wait, running)
running:stop()
if not fine and not tostring(problem):find("interrupted!", 1, true) then
  stop_with(tostring(problem))
end
