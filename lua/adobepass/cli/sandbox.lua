--- adobepass sandbox: starts the sandbox, prints how to use it, stops it.
-- @module adobepass.cli.sandbox

local host = require "adobepass.sandbox.host"
local json = require "adobepass.util.json"
local report = require "adobepass.cli.report"
local sandbox_control = require "adobepass.cli.sandbox_control"
local settings = require "adobepass.cli.settings"
local shell = require "adobepass.util.shell"
local tables = require "adobepass.util.tables"
local terminal = require "adobepass.cli.terminal"

local sandbox = {
  name = "sandbox",
  summary = "Start a sandbox of Adobe Pass on this machine.",
}

local DESCRIPTION = [[
Starts an emulation of Adobe Pass Authentication on loopback, with HTTPS: the
REST API v2, registration, TempPass reset, single sign-on, and the web pages on
which a viewer logs in. Runs until Ctrl-C, then deletes its files.]]

local EPILOG = [[
Examples:
  adobepass sandbox
      Start the sandbox, and print how to use it.
  adobepass sandbox --port 8443 --state-dir ~/.adobepass-sandbox
      Keep the addresses and the logins between runs.
  adobepass sandbox --exec 'busted --lua=lua5.4 spec'
      Run tests against the sandbox, and exit with their status. Its addresses
      are in ADOBEPASS_API, ADOBEPASS_MGMT, ADOBEPASS_CONTROL, ADOBEPASS_CA,
      ADOBEPASS_STATEMENT and ADOBEPASS_PID.
  adobepass sandbox --exec bash
      Open a shell in which the other commands use the sandbox.
  adobepass sandbox control --help
      Log viewers in, add faults and move the clock of a running sandbox.
  adobepass sandbox --json
      Print the same values as one line of JSON when the sandbox is ready.
  adobepass sandbox --bind 192.168.1.20
      Serve the API and the pages on this address of your machine, too, for a
      phone in your LAN: plain HTTP, which anyone in the LAN can read and
      use. The origin is in "plain_api" and ADOBEPASS_PLAIN_API. The control
      API stays on loopback.

The sandbox needs nginx with Lua: on Debian the packages nginx-light and
libnginx-mod-http-lua, elsewhere OpenResty. $ADOBEPASS_NGINX is the path of
another nginx.]]

-- The greatest port depends on --bind, so `run` checks the range.
local function port_number(text)
  local port = tonumber(text)
  if port then return port end
  return nil, "invalid port: expected a number, got '" .. text .. "'"
end

--- Declares the options.
function sandbox.define(parser)
  parser:description(DESCRIPTION):epilog(EPILOG):help_max_width(79)
  parser:option("--port", "The service's port; management and control "
    .. "use the next two. Default: free ports."):argname("<port>")
    :convert(port_number)
  parser:option("--bind", "Serve the API and the pages on this IPv4 address of "
    .. "this machine, too, as plain HTTP on the port after the others. "
    .. "Default: loopback only."):argname("<address>")
    :convert(host.bind_address)
  parser:option("--world", "A Lua file, or a JSON file NAME.json, with your "
    .. "own providers, viewers and channels, merged over the defaults.")
    :argname("<file>")
    :convert(settings.not_empty)
  parser:option("--state-dir", "A folder that keeps the sandbox's "
    .. "state between runs."):argname("<folder>")
    :target("state_dir"):convert(settings.not_empty)
  parser:option("--exec", "Run a shell command with the sandbox, then "
    .. "exit with the command's status."):argname("<command>")
    :convert(settings.not_empty)
  parser:option("--record", "Write the requests and responses, without secrets, "
    .. "to a file that adobepass.sandbox.replay reads."):argname("<file>")
    :convert(settings.not_empty)
  parser:flag("--json", "Print one line of JSON when the sandbox is ready.")
  parser:flag("--no-throttle", "Do not limit requests (Adobe: 1 per second "
    .. "after a burst of 10)."):target("no_throttle")
  parser:require_command(false):command_target "sandbox_command"
  sandbox_control.define(parser:command("control")
    :summary("Control a running sandbox."))
end

-- `plain_api` is shown only with --bind.
local SHOWN = { "api", "mgmt", "control", "ca", "statement", "pid", "plain_api" }

local function shown(running)
  local names = {}
  for _, name in ipairs(SHOWN) do
    if running[name] then names[#names + 1] = name end
  end
  return names
end

-- Keeps the order of SHOWN, which is easier to read; json.encode does not keep it.
local function as_json(running)
  local parts = {}
  for index, name in ipairs(shown(running)) do
    parts[index] = ('"%s":%s'):format(name, json.encode(running[name]))
  end
  return "{" .. table.concat(parts, ",") .. "}"
end

local function export(name, value)
  return ("export ADOBEPASS_%s=%s"):format(name, shell.quote(value))
end

-- Sets Lua's search paths to a checkout, with a core for each Lua. LuaJIT and Lua 5.1
-- read the same variable; it names the core for LuaJIT, unless this command runs on
-- Lua 5.1.
local CHECKOUT = [[
root=${bin%/*}
export LUA_PATH="$root/lua/?.lua;$root/lua/?/init.lua;${LUA_PATH:-;}"
for v in 2 3 4; do
  eval "export LUA_CPATH_5_$v=\"$root/build/lua5.$v/?.so;\${LUA_CPATH:-;}\""
done
export LUA_CPATH="$root/build/%s/?.so;${LUA_CPATH:-;}"]]

-- Returns shell commands that add this command to PATH, and its modules to the search
-- paths of Lua. An installed command needs none of the latter.
local function own_paths()
  local folder = (arg and arg[0] or ""):match "^(.*)/[^/]*$"
  if not folder then return "" end
  local script = ('bin=$(CDPATH= cd -- %s && pwd)\nexport PATH="$PATH:$bin"'):format(
    shell.quote(folder))
  if shell.read_file(folder .. "/../lua/adobepass/cli/init.lua") then
    local plain = _VERSION == "Lua 5.1" and not rawget(_G, "jit")
    script = script .. "\n" .. CHECKOUT:gsub("%%s", plain and "lua5.1" or "luajit")
  end
  return script
end

-- Returns a command that unsets the variables that name another service.
local function hide(running)
  local provider = os.getenv "ADOBEPASS_SERVICE_PROVIDER" or ""
  return "unset ADOBEPASS_ENVIRONMENT"
    .. (running.world.providers[provider] and "" or " ADOBEPASS_SERVICE_PROVIDER")
end

-- Returns the script for --exec. Without --state-dir the store is in the sandbox's
-- temporary folder, and is deleted with it. With --state-dir it is the user's, whose
-- records are those of one service each.
local function with_environment(running, arguments)
  local commands = { hide(running) }
  for _, name in ipairs(shown(running)) do
    commands[#commands + 1] = export(name:upper(), running[name])
  end
  if not arguments.state_dir then
    commands[#commands + 1] = export("STORE", running.folder .. "/store")
  end
  commands[#commands + 1] = own_paths()
  commands[#commands + 1] = arguments.exec
  return table.concat(commands, "\n")
end

local TEXT = [[

  @BOLD@The adobepass sandbox is running.@PLAIN@

  @DIM@Service@PLAIN@      @LINK@@API@@PLAIN@
  @DIM@Management@PLAIN@   @LINK@@MGMT@@PLAIN@
  @DIM@Control@PLAIN@      @LINK@@CONTROL@/sandbox/@PLAIN@
  @DIM@CA file@PLAIN@      @CA@
  @DIM@Statement@PLAIN@    @STATEMENT@

  @BOLD@Log a viewer in@PLAIN@
    Enter your application's code at @LINK@@API@/activate@PLAIN@
    in a browser (trust the CA, or accept the warning).
@PHONE@@VIEWERS@
  @BOLD@Configure your application@PLAIN@
    environment = { api = "@API@",
                    mgmt = "@MGMT@" }
    and use the statement and the CA from the files above.

  @BOLD@Or use the command line@PLAIN@, in another terminal
    adobepass login --api @API@ \
      --mgmt @MGMT@ \
      --ca @CA@ \
      --statement @STATEMENT@

  @BOLD@Log in without a browser, add a fault, move the clock@PLAIN@
    adobepass sandbox control --control @CONTROL@ \
      --ca @CA@ \
      login --username ann --code @DIM@CODE@PLAIN@

  @BOLD@Or use curl@PLAIN@
    curl --cacert @CA@ \
      @API@/o/client/register \
      -H 'Content-Type: application/json' \
      -d '{"software_statement":"'$(cat @STATEMENT@)'"}'

  @DIM@Ctrl-C stops the sandbox and deletes its files.@PLAIN@

]]

-- Printed before the command of --exec, on a terminal.
local SHORT_TEXT = [[

  @BOLD@The adobepass sandbox is running@PLAIN@, until the command ends.

  Open its pages on this computer, and accept the warning about the certificate,
  or trust @CA@.
@PHONE@@VIEWERS@
]]

local PHONE = [[

  @BOLD@On a phone in your LAN: plain HTTP, not encrypted@PLAIN@
    @LINK@@PLAINAPI@/activate@PLAIN@
    Anyone in the LAN can read and use this address.
]]

local function viewers_text(world)
  local lines = {}
  for index, name in ipairs(tables.sorted_keys(world.viewers)) do
    lines[index] = ("    %-12s %s\n"):format(name,
      world.viewers[name].password)
  end
  if #lines == 0 then return "" end
  return "\n    Viewer       Password\n" .. table.concat(lines)
end

-- Quotes a path only if necessary, because a plain path is easier to read.
local function quote(path)
  return path:find "[^%w/._-]" and shell.quote(path) or path
end

local function fill(text, running)
  local values = terminal.styles()
  for _, name in ipairs(SHOWN) do
    values[name:upper():gsub("_", "")] = running[name]
  end
  values.CA = quote(running.ca)
  values.STATEMENT = quote(running.folder .. "/statement")
  values.PHONE = running.plain_api and PHONE:gsub("@(%u+)@", values) or ""
  values.VIEWERS = viewers_text(running.world)
  return (text:gsub("@(%u+)@", values))
end

local function serve(running, arguments)
  if arguments.json then
    terminal.write(as_json(running), "\n")
  elseif not arguments.exec then
    terminal.write(fill(TEXT, running))
  elseif terminal.is_terminal(1) then
    terminal.write(fill(SHORT_TEXT, running))
  end
  if terminal.write_error() then return 1 end
  if arguments.exec then
    return running:run(with_environment(running, arguments))
  end
  return running:wait() and 0 or 130
end

-- A text may have several lines: each mistake of a world is on its own.
local function not_started(message, wants_json)
  if wants_json then
    return nil, report.failed("sandbox_failed", (message:gsub("\n *", "; ")))
  end
  for line in ("adobepass sandbox: " .. message):gmatch "[^\n]+" do
    terminal.print_error(line)
  end
  return report.FAILURE
end

--- Runs the subcommand. Returns the exit status, or nil and an error.
function sandbox.run(arguments)
  if arguments.sandbox_command then return sandbox_control.run(arguments) end
  local is_valid, why = host.check_port(arguments)
  if not is_valid then return nil, report.usage("--port: " .. why) end
  local running, message = host.start {
    port = arguments.port, bind = arguments.bind, world = arguments.world,
    state_dir = arguments.state_dir, record = arguments.record,
    throttle = not arguments.no_throttle,
  }
  if not running then return not_started(message, arguments.json) end
  for _, warning in ipairs(running.warnings) do
    terminal.print_error("adobepass sandbox: warning: " .. warning)
  end
  -- The stand-alone Lua turns SIGINT into an error, which must not skip stop().
  local success, status = pcall(serve, running, arguments)
  running:stop()
  if success then return status end
  error(status, 0)
end

return sandbox
