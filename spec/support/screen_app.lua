--- An app on an X server (Xvfb), controlled by keys: that of examples/tv in LÖVE, or
-- another one. When this process ends, the app ends too, and its folder is removed.
--
--   local app = screen_app.new()
--   app:switch_on { api =, mgmt =, ca =, statement = }
--   app:await "picker"          waits for a pattern in the app's report
--   app:press("Right", "Return")
--   app:picture "picker.png"
--   app:keep_picture "picker"; app:write_pictures "build/screenshots"
--   app:switch_off()            keeps the app's data
--   app:stop()

local core = require "adobepass.core"
local shell = require "adobepass.util.shell"

local screen_app = {}

local App = {}
App.__index = App

local unpack = table.unpack or unpack -- luacheck: ignore 113 143

local TIMEOUT = 30 -- seconds

-- $1 folder, $2 command of the app. Reads commands; end of file stops it. timeout(1)
-- ends processes that do not end at SIGTERM; --foreground, because a second SIGTERM,
-- to its process group, kills mpv.
local KEEPER = [[
exec 3<>said
unset LUA_PATH LUA_CPATH LUA_INIT
begin() {
  trap - HUP INT QUIT TERM PIPE
  exec timeout --foreground -k 5 900 "$@" > /dev/null < /dev/null
}
begin Xvfb -displayfd 3 -screen 0 1280x720x24 -nolisten tcp -fbdir "$1" \
  2> xvfb.log &
screen=$!
off() {
  [ "$app" ] && kill -s TERM "$app"
  [ "$app" ] && wait "$app"
  app=
}
while read -r word; do
  case $word in
    on) . ./environment; eval "begin $2" 3>&- 2> app.log & app=$! ;;
    off) off; echo off >&3 ;;
  esac
done
off
kill -s TERM "$screen"
wait
]]

local PROGRAMS = "command -v love && command -v Xvfb && command -v xdotool "
  .. "&& command -v convert && command -v qrencode && command -v zbarimg"

--- Returns whether the required programs are installed.
function screen_app.is_there()
  local _, status = shell.read(PROGRAMS)
  return status == 0
end

-- Runs an X program on the app's screen. Returns its output.
local function run(self, ...)
  local output, status = shell.read(("DISPLAY=:%s timeout 30 %s"):format(
    self.display, shell.line(...)))
  assert(status == 0, output)
  return output
end

--- Starts the X server; the app is not running yet.
-- @string[opt] command a shell command (LÖVE with examples/tv)
function screen_app.new(command)
  local folder = assert(shell.make_folder("adobepass-tv"))
  local _, status = shell.read("cd " .. shell.quote(folder)
    .. " && mkfifo said")
  assert(status == 0, "mkfifo failed")
  command = command or shell.line("love", shell.read "pwd" .. "/examples/tv")
  local keeper = shell.background("tv-keeper", folder, KEEPER, command)
  local output = assert(io.open(folder .. "/said", "rb"))
  local display = assert(output:read("*l"), "Xvfb did not start")
  return setmetatable({ folder = folder, keeper = keeper, output = output,
    display = display, home = 0, kept = {} }, App)
end

local function send_command(self, word)
  self.keeper:write(word, "\n")
  self.keeper:flush()
end

-- Returns the app's environment variables.
local function environment(self, service)
  local lines = { "unset ADOBEPASS_API ADOBEPASS_STATEMENT "
    .. "TV_LANGUAGE" }
  local function set(name, value)
    lines[#lines + 1] = ("export %s=%s"):format(name, shell.quote(value))
  end
  for _, name in ipairs { "api", "mgmt", "ca", "statement" } do
    if service[name] then set("ADOBEPASS_" .. name:upper(), service[name]) end
  end
  set("DISPLAY", ":" .. self.display)
  set("SDL_AUDIODRIVER", "dummy")
  set("TV_REPORT", self.folder .. "/report")
  set("XDG_DATA_HOME", ("%s/home%d"):format(self.folder, self.home))
  if service.language then set("TV_LANGUAGE", service.language) end
  if service.frames then
    set("TV_FRAMES", service.frames)
  else -- fewer frames, and no threads of the graphics driver, need less CPU time
    set("TV_RATE", 20)
    set("LP_NUM_THREADS", 0)
  end
  if service.gateway then set("TV_GATEWAY", service.gateway) end
  return table.concat(lines, "\n") .. "\n"
end

--- Starts the app, with its data or with new data.
-- @tparam table service `api`, `mgmt`, `ca`, `statement`; `language`; `frames`: a
-- file for the times of frames or callbacks; `gateway`: of examples/mpv
-- @bool[opt] is_new start with an empty data folder
function App:switch_on(service, is_new)
  if is_new then self.home = self.home + 1 end
  shell.write_file(self.folder .. "/report", "")
  shell.read(shell.line("mkdir", "-p",
    ("%s/home%d"):format(self.folder, self.home)))
  shell.write_file(self.folder .. "/environment", environment(self, service))
  send_command(self, "on")
  self.is_on = true
end

--- Ends the app with SIGTERM.
function App:switch_off()
  if not self.is_on then return end
  send_command(self, "off")
  assert(self.output:read "*l")
  self.is_on = false
end

--- Returns the last line of the app's report.
function App:state()
  local report = shell.read_file(self.folder .. "/report")
  return report:match "([^\n]*)\n$" or ""
end

--- Waits for a pattern in the report. Returns the line and the captures.
function App:await(pattern)
  local deadline = core.clock.monotonic() + TIMEOUT
  repeat
    local state = self:state()
    if state:find(pattern) then return state, state:match(pattern) end
    core.clock.sleep(0.02)
  until core.clock.monotonic() > deadline
  error(("no line matched '%s'; the last is '%s'\n%s"):format(pattern, self:state(),
    shell.read_file(self.folder .. "/app.log") or ""), 2)
end

--- Presses keys, given by their X names.
function App:press(...)
  run(self, "xdotool", "key", "--delay", "20", ...)
end

--- Holds a key for long enough that it repeats.
function App:hold(key)
  run(self, "xdotool", "keydown", key, "sleep", "0.6", "keyup", key)
end

--- Presses keys until the app reports the focus on a label.
function App:focus(label, ...)
  self:press(...)
  self:await("^[^\t]*\t[^\t]*\t" .. label .. "\t")
end

--- Writes a picture of the screen, read from Xvfb's frame buffer file.
function App:picture(path)
  run(self, "convert", "xwd:" .. self.folder .. "/Xvfb_screen0", path)
end

--- Keeps the picture of the screen until write_pictures.
function App:keep_picture(name)
  local screen = assert(shell.read_file(self.folder .. "/Xvfb_screen0"))
  assert(shell.write_file(("%s/%s.xwd"):format(self.folder, name), screen))
  self.kept[#self.kept + 1] = name
end

--- Writes the kept pictures as PNG files into a folder, with one process, which costs
-- half the CPU time of one for each. Returns their paths.
function App:write_pictures(folder)
  local sources, paths = {}, {}
  for index, name in ipairs(self.kept) do
    sources[index] = ("%s/%s.xwd"):format(self.folder, name)
    paths[index] = ("%s/%s.png"):format(folder, name)
  end
  self.kept = {}
  if #paths == 0 then return paths end
  run(self, "mogrify", "-path", folder, "-format", "png", unpack(sources))
  run(self, "rm", unpack(sources))
  return paths
end

--- Returns the text of the QR code on the screen, when there is one.
function App:scan()
  local path = self.folder .. "/scan.png"
  local deadline = core.clock.monotonic() + TIMEOUT
  repeat
    self:picture(path)
    local text, status = shell.read("zbarimg --quiet --raw "
      .. shell.quote(path) .. " 2> /dev/null")
    if status == 0 then return text end
  until core.clock.monotonic() > deadline
  error("no QR code on the screen", 2)
end

--- Ends app and X server and removes the folder.
function App:stop()
  if not self.keeper then return end
  self.keeper:close()
  self.output:close()
  self.keeper = nil
end

return screen_app
