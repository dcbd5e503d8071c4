--- Starts sandbox, gateway and mpv with the app; ends when mpv ends. Started by
-- `make player`.
--
--   start.run()
--   local running = start.services()     without mpv, for the specs

local media = require "examples.openresty.media"
local service = require "examples.openresty.service"
local settings = require "examples.mpv.settings"
local shell = require "adobepass.util.shell"

local start = {}

--- Returns the shell command that runs mpv with the app.
function start.command()
  local app = shell.read "pwd" .. "/examples/mpv"
  return shell.line("mpv", "--config-dir=" .. app, "--script=" .. app)
end

--- Encodes the channels below build/, once, and starts Redis, gateway and sandbox.
-- @tparam[opt] table options of service.start
-- @tparam[opt] table channels to encode (all)
function start.services(options, channels)
  local folder = shell.read "pwd" .. "/build/media"
  media.encode(folder, channels or settings.channels)
  options = options or {}
  options.media, options.nodes, options.workers = folder, 1, 1
  options.world = "examples/tv/world.lua"
  options.settings = { channels = settings.channels }
  return service.start(options)
end

--- Runs mpv until it ends.
function start.run()
  local running = assert(start.services())
  local sandbox = running.sandbox
  print(("Type the code at %s/activate, and sign in as bob with the password secret.")
    :format(sandbox.api))
  shell.execute(shell.line("env", "ADOBEPASS_API=" .. sandbox.api,
    "ADOBEPASS_MGMT=" .. sandbox.mgmt, "ADOBEPASS_CA=" .. sandbox.ca,
    "ADOBEPASS_STATEMENT=" .. sandbox.statement,
    "TV_GATEWAY=" .. running.nodes[1].url) .. " " .. start.command())
  running:stop()
end

return start
