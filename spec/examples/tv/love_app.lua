--- A television: the app in a real LÖVE on a real X server, driven by real
-- keys. Like our nginx it hangs on a pipe from this process and goes with it,
-- and all that it kept goes too.
--
--   local set = television.new()
--   set:switch_on { api =, mgmt =, ca =, statement = }  what the app is told
--   set:await "picker"          a pattern in the line with which it says where
--   set:press("Right", "Return")                                      it is
--   set:picture "picker.png"
--   set:switch_off()            and on again: it is the same television
--   set:stop()

local core = require "adobepass.core"
local shell = require "adobepass.util.shell"

local television = {}

local Set = {}
Set.__index = Set

local PATIENCE = 30 -- seconds

-- $1 folder, $2 app. Reads what to do, end of file to stop. timeout(1) ends
-- what does not end by itself when it is asked to.
local KEEPER = [[
trap '' HUP INT QUIT TERM PIPE
cd "$1" || exit 1
exec 3<>said
unset LUA_PATH LUA_CPATH LUA_INIT
begin() {
  trap - HUP INT QUIT TERM PIPE
  exec timeout -k 5 900 "$@" > /dev/null < /dev/null
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
    on) . ./environment; begin love "$2" 3>&- 2> love.log & app=$! ;;
    off) off; echo off >&3 ;;
  esac
done
off
kill -s TERM "$screen"
wait
cd / && rm -rf -- "$1"
]]

local PROGRAMS = "command -v love && command -v Xvfb && command -v xdotool "
  .. "&& command -v convert && command -v qrencode && command -v zbarimg"

--- Whether this machine has what it takes.
function television.is_there()
  local _, status = shell.read(PROGRAMS)
  return status == 0
end

-- xdotool and its like, on our screen.
local function run(self, ...)
  local said, status = shell.read(("DISPLAY=:%s timeout 30 %s"):format(
    self.display, shell.line(...)))
  assert(status == 0, said)
  return said
end

--- A television that is switched off.
function television.new()
  local folder = assert(shell.make_folder("adobepass-tv"))
  local _, status = shell.read("cd " .. shell.quote(folder)
    .. " && mkfifo said")
  assert(status == 0, "no FIFO")
  local app = shell.read "pwd" .. "/examples/tv"
  local keeper = assert(io.popen("exec >/dev/null 2>&1 sh -c "
    .. shell.line(KEEPER, "tv-keeper", folder, app), "w"))
  local said = assert(io.open(folder .. "/said", "rb"))
  local display = assert(said:read("*l"), "Xvfb did not start")
  return setmetatable({ folder = folder, keeper = keeper, said = said,
    display = display, home = 0 }, Set)
end

local function tell(self, word)
  self.keeper:write(word, "\n")
  self.keeper:flush()
end

-- Who gives us this is a sandbox; what else the app reads is ours.
local function environment(self, service)
  local lines = { "unset ADOBEPASS_API ADOBEPASS_STATEMENT" }
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
  if service.frames then set("TV_FRAMES", service.frames) end
  return table.concat(lines, "\n") .. "\n"
end

--- Switches it on, the same one or one out of the box.
-- @tparam table service `api`, `mgmt`, `ca`, `statement`; `frames`: a file
-- @bool[opt] is_new nobody ever used it
function Set:switch_on(service, is_new)
  if is_new then self.home = self.home + 1 end
  shell.write_file(self.folder .. "/report", "")
  shell.read(shell.line("mkdir", "-p",
    ("%s/home%d"):format(self.folder, self.home)))
  shell.write_file(self.folder .. "/environment", environment(self, service))
  tell(self, "on")
  self.is_on = true
end

--- Switches it off, as a power button does that asks first.
function Set:switch_off()
  if not self.is_on then return end
  tell(self, "off")
  assert(self.said:read "*l")
  self.is_on = false
end

--- The line with which it last said where it is.
function Set:state()
  local report = shell.read_file(self.folder .. "/report")
  return report:match "([^\n]*)\n$" or ""
end

--- Waits until it says that it is there; the line, and what was captured.
function Set:await(pattern)
  local deadline = core.clock.monotonic() + PATIENCE
  repeat
    local state = self:state()
    if state:find(pattern) then return state, state:match(pattern) end
    core.clock.sleep(0.02)
  until core.clock.monotonic() > deadline
  error(("never at '%s', but at '%s'\n%s"):format(pattern, self:state(),
    shell.read_file(self.folder .. "/love.log") or ""), 2)
end

--- Presses keys, by their names in X.
function Set:press(...)
  run(self, "xdotool", "key", "--delay", "60", ...)
end

--- Moves the focus, a key at a time, until the app says that it is there.
function Set:focus(label, ...)
  self:press(...)
  self:await("^[^\t]*\t[^\t]*\t" .. label .. "\t")
end

--- A picture of the screen, from X's memory. A camera is no burden to the
-- television: X is not asked, and what works here gives way.
function Set:picture(path)
  local screen = "xwd:" .. self.folder .. "/Xvfb_screen0"
  run(self, "nice", "-n", "19", "convert", screen, path)
end

--- What a camera reads from the screen's QR code, once it is there.
function Set:scan()
  local path = self.folder .. "/scan.png"
  local deadline = core.clock.monotonic() + PATIENCE
  repeat
    self:picture(path)
    local text, status = shell.read("nice -n 19 zbarimg --quiet --raw "
      .. shell.quote(path) .. " 2> /dev/null")
    if status == 0 then return text end
  until core.clock.monotonic() > deadline
  error("no QR code on the screen", 2)
end

--- Ends it all; when this returns, nothing is left.
function Set:stop()
  if not self.keeper then return end
  self.keeper:close()
  self.said:close()
  self.keeper = nil
end

return television
