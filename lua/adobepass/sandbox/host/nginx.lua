--- Runs a private nginx in a temporary folder.
--
--   local server, message, code = nginx.start {
--     config = function(ports, folder) return "http { ... }" end,  -- or text
--     ports = 2,              -- number of free ports, or a list of ports
--   }
--   server.folder, server.ports, server.pid
--   server:log(); server:wait(); server:run(command); server:stop()
--   server:restart()            -- after nginx ended: same folder, ports, config
--
-- options: nginx    path of the program (default: nginx.find)
--          lua      true: fail early if nginx has no Lua module
--          workers  number of worker processes (default: 1)
--          connections  of each worker (default: 1024)
--
-- `config` is nginx.conf without the directives that every private nginx needs
-- (process id, user, modules, events, workers, temporary folders). The function
-- is called again with other ports when another process took a port; it may
-- return nil, message, code.
--
-- nginx ends when this process ends. The keeper, a shell script in the background,
-- reads a pipe from this process. When the pipe closes (stop(), garbage
-- collection, exit or SIGKILL), the keeper ends nginx and deletes the folder. If
-- the keeper itself is killed, its guard, another process, does the same.
--
-- @module adobepass.sandbox.host.nginx

local shell = require "adobepass.util.shell"

local nginx = {}

local Server = {}
Server.__index = Server

-- $1 folder, $2 nginx. Reads commands until end of file, and writes replies to the
-- FIFO `status`.
--
-- * The FIFO is opened for reading and writing, so that neither side blocks in open.
-- * The Lua variables are unset, because nginx runs LuaJIT.
-- * nginx is a child of the keeper, because process 1 of a container may never reap
--   an orphan. If setsid exists, nginx has a session of its own, so that Ctrl-C does
--   not reach it.
-- * nginx writes its process id after it has bound its sockets. If nginx was killed,
--   its pid file and its workers remain, and `run` ends the workers.
-- * A process that has ended can stay a zombie, so `has_parent` compares the parent
--   in /proc.
-- * A program that the command's shell runs would keep nginx: it has inherited the
--   pipe. So `watch` ends it, too, where the system lists the children of a process,
--   and then ends the keeper, whose guard ends nginx and deletes the folder.
local KEEPER = [[
exec 3<>status
unset LUA_PATH LUA_CPATH LUA_INIT
alone=$(command -v setsid)
run() {
  $alone "$2" -p "$1" -c "$1/nginx.conf" -e "$1/error.log" > start.log 2>&1 \
    < /dev/null 3>&-
  [ -s nginx.pid ] && kill -s KILL -- "-$(cat nginx.pid)"
  rm -f running nginx.pid
  echo gone >&3
}
start() {
  : > running
  run "$1" "$2" & runner=$!
  while [ -e running ] && ! [ -s nginx.pid ]; do sleep 0.02; done
  read -r pid < nginx.pid && echo "ready $pid" >&3 || { wait $runner; echo failed >&3; }
}
stop() {
  tries=0
  while [ -e running ]; do
    pid=
    read -r pid < nginx.pid
    [ $tries = 0 ] && kill -s TERM "$pid"
    [ $tries -ge 500 ] && { kill -s KILL -- "-$pid" || kill -s KILL "$pid"; }
    sleep 0.01
    [ "$pid" ] && tries=$((tries + 1))
  done
}
has_parent() {
  parent=$2
  [ -e /proc/$1/stat ] && read -r _ _ _ parent _ < /proc/$1/stat
  [ "$parent" = "$2" ] && kill -s 0 "$2"
}
watch() {
  while has_parent $$ "$PPID"; do sleep 0.2; done
  read -r pid < command.pid
  kill -s TERM "$pid" $(cat "/proc/$pid/task/$pid/children")
  kill -s KILL $$
}
guard() {
  while has_parent self $$; do sleep 0.2; done
  stop
  cd / && rm -rf -- "$1"
}
guard "$1" &
guard=$! watcher=
while read -r word; do
  case $word in
    start) start "$1" "$2" ;;
    watch) [ "$watcher" ] || { watch & watcher=$!; } ;;
  esac
done
[ "$watcher" ] && kill -s KILL "$watcher"
stop
kill -s KILL "$guard"
]]

-- Paths are relative to the prefix of nginx, the folder, whose name may contain
-- characters that nginx would interpret.
local PREAMBLE = [[
daemon off;
master_process on;
worker_processes @WORKERS@;
pid nginx.pid;
error_log error.log warn;
@MAIN@
events { worker_connections @CONNECTIONS@; }
]]

local TEMPORARY = [[
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  access_log off;
  server_tokens off;
]]

local OPTIONS = { config = "string or function", ports = "number or table",
  nginx = "string", lua = "boolean", workers = "number",
  connections = "number" }

local function check_options(options)
  for name, value in pairs(options) do
    local kinds = OPTIONS[name]
    if not kinds then
      error("nginx.start: unknown option '" .. tostring(name) .. "'", 3)
    elseif not kinds:find(type(value), 1, true) then
      error(("nginx.start: invalid option '%s': expected a %s"):format(
        name, kinds), 3)
    end
  end
  if not options.config then error("nginx.start: missing option 'config'", 3) end
end

-- /usr/sbin is not in the PATH of every user.
local FIND = [[
PATH="$PATH:/usr/sbin:/usr/local/sbin:/usr/local/openresty/nginx/sbin"
if [ "$ADOBEPASS_NGINX" ]; then command -v "$ADOBEPASS_NGINX"
else command -v openresty || command -v nginx; fi]]

--- Returns the path of nginx: $ADOBEPASS_NGINX, else OpenResty's, else the
-- system's.
function nginx.find()
  local path, status = shell.read(FIND)
  if status == 0 then return path end
  local given, why = os.getenv "ADOBEPASS_NGINX" or "", "install nginx-light and "
    .. "libnginx-mod-http-lua, or OpenResty"
  if given ~= "" then
    why = ("$ADOBEPASS_NGINX is '%s', which is not a program"):format(given)
  end
  return nil, "nginx not found: " .. why, "nginx_missing"
end

local function exists(path)
  local file = io.open(path, "rb")
  if file then file:close() end
  return file ~= nil
end

--- Returns the load_module lines for nginx's Lua module: empty if it is built
-- in, nil if there is none.
function nginx.lua_modules(binary)
  local built = shell.read(shell.line(binary, "-V"))
  if built:find("--add-module=%S*lua") then return "" end
  local folder = built:match("--modules%-path=(%S+)")
    or "/usr/lib/nginx/modules"
  local lines = {}
  for _, name in ipairs { "ndk_http", "ngx_http_lua" } do
    local path = ("%s/%s_module.so"):format(folder, name)
    if not exists(path) then return nil end
    lines[#lines + 1] = ("load_module %s;\n"):format(path)
  end
  return table.concat(lines)
end

-- Returns the directory that contains the `adobepass` modules.
local function tree()
  local source = debug.getinfo(1, "S").source:gsub("^@", "")
  local path = source:gsub("adobepass/sandbox/host/nginx%.lua$", "")
  return path:sub(1, 1) == "/" and path or shell.read("pwd") .. "/" .. path
end

-- The core for LuaJIT: first its place in a checkout, then in a LuaRocks tree. @T@
-- is the folder of the modules.
local CPATH = "@T@../build/luajit/?.so;@T@../../../lib/lua/5.1/?.so;;"
local PATH = "@T@?.lua;@T@?/init.lua;;"

--- Returns the values of lua_package_path and lua_package_cpath for these
-- modules; nil, message, code if the path contains a character that nginx or
-- Lua would interpret.
function nginx.lua_paths()
  local path = tree()
  if path:find("[\"\\$;?%c{}]") then
    return nil, "invalid path (a character that nginx would interpret): "
      .. path, "path"
  end
  local values = { ["@T@"] = path }
  return (PATH:gsub("@T@", values)), (CPATH:gsub("@T@", values))
end

-- Below 32768, because Linux assigns outgoing connections higher ports.
local function random_ports(count)
  local urandom = assert(io.open("/dev/urandom", "rb"))
  local ports, taken = {}, {}
  while #ports < count do
    local high, low = urandom:read(2):byte(1, 2)
    local port = 10000 + (high * 256 + low) % 22000
    if not taken[port] then
      taken[port] = true
      ports[#ports + 1] = port
    end
  end
  urandom:close()
  return ports
end

-- A worker of root's nginx runs as `nobody`, who cannot enter the folder. The
-- group's name is queried, because it is not `root` everywhere.
local function user_line()
  if shell.read("id -u") ~= "0" then return "" end
  return ("user root %s;"):format((shell.read("id -gn")))
end

local function fill(template, values)
  return (template:gsub("@(%u+)@", values))
end

local function write_config(server)
  local text, folder = server.config, server.folder
  if type(text) == "function" then
    local made, message, code = text(server.ports, folder)
    if not made then return nil, message, code end
    text = made
  end
  local values = { MAIN = server.main, WORKERS = server.workers,
    CONNECTIONS = server.connections }
  text = text:gsub("http%s*{", "%0\n" .. TEMPORARY, 1)
  return shell.write_file(folder .. "/nginx.conf",
    fill(PREAMBLE, values) .. text, true)
end

-- Skips the line "gone", which reports the end of an earlier nginx.
local function start_in_keeper(server)
  server.keeper:write("start\n")
  server.keeper:flush()
  local line
  repeat line = server.status:read("*l") until line ~= "gone"
  if not line then return nil end
  server.pid = tonumber(line:match("^ready (%d+)$"))
  return server.pid
end

--- Returns the contents of nginx's error log.
function Server:log()
  return shell.read_file(self.folder .. "/error.log") or ""
end

local function failure(server)
  local log = shell.read_file(server.folder .. "/start.log") or ""
  local first = log:match("init_by_lua error: ([^\n]*)")
    or log:match("nginx: %[emerg%] ([^\n]*)") or log
  if log:find("Address already in use", 1, true) then
    return "port in use: " .. first, "port_taken"
  end
  return "nginx did not start: " .. first, "nginx_failed"
end

local function start_on_ports(server, options)
  local message, code
  for _ = 1, type(options.ports) == "table" and 1 or 5 do
    server.ports = type(options.ports) == "table" and options.ports
      or random_ports(options.ports or 1)
    local written, why, how = write_config(server)
    if not written then return nil, why, how end
    if start_in_keeper(server) then return server end
    message, code = failure(server)
    if code ~= "port_taken" then break end
  end
  return nil, message, code
end

-- Starts the keeper first, so that the folder is deleted after any failure.
local function open(binary, main, options)
  local folder, message, code = shell.make_folder("adobepass")
  if not folder then return nil, message, code end
  local output, status = shell.read("umask 077; cd " .. shell.quote(folder)
    .. " && mkfifo status")
  if status ~= 0 then return nil, output, "folder" end
  local keeper = shell.background("adobepass-keeper", folder, KEEPER, binary)
  local fifo = assert(io.open(folder .. "/status", "rb"))
  return setmetatable({ folder = folder, keeper = keeper, status = fifo,
    config = options.config, main = main, workers = options.workers or 1,
    connections = options.connections or 1024 }, Server)
end

--- Starts nginx. When this returns, its sockets are bound.
function nginx.start(options)
  check_options(options)
  local binary, message, code = options.nginx, nil, nil
  if not binary then binary, message, code = nginx.find() end
  if not binary then return nil, message, code end
  local modules = nginx.lua_modules(binary)
  if options.lua and not modules then
    return nil, binary .. " has no Lua module: install libnginx-mod-http-lua, or "
      .. "OpenResty", "nginx_lua_missing"
  end
  local main = (modules or "") .. user_line()
  local server, why, how = open(binary, main, options)
  if not server then return nil, why, how end
  local fine, started, reason, kind = pcall(start_on_ports, server, options)
  if fine and started then return started end
  server:stop()
  if not fine then error(started, 0) end
  return nil, reason, kind
end

--- Waits until nginx was ended by a signal, then starts it again with the same
-- folder, ports and configuration. Returns true | nil, message, code.
function Server:restart()
  repeat local line = self.status:read("*l") until not line or line == "gone"
  if start_in_keeper(self) then return true end
  return nil, failure(self)
end

--- Ends nginx and deletes the folder before it returns.
function Server:stop()
  if not self.keeper then return end
  self.keeper:close()
  self.status:close()
  self.keeper, self.status = nil, nil
end

--- Runs a shell command while nginx runs; returns its exit status. The command's
-- shell, and on Linux the programs that it runs, receive SIGTERM if this process ends
-- first. The command inherits the pipe to the keeper (system(3), unlike popen(3),
-- closes nothing), so the keeper would not see this process end; therefore the keeper
-- checks its parent meanwhile.
function Server:run(command)
  self.keeper:write("watch\n")
  self.keeper:flush()
  local file = self.folder .. "/command.pid"
  local status = shell.execute(("echo $$ > %s; exec sh -c %s"):format(
    shell.quote(file), shell.quote(command)))
  os.remove(file)
  return status
end

--- Waits until nginx ends by itself. Returns true; false after Ctrl-C, for which the
-- stand-alone Lua raises an error instead. A child process reads the FIFO,
-- because some Luas restart an interrupted read and some do not.
function Server:wait()
  -- On a signal this process ends first, and `head` would report a closed pipe.
  local pipe = assert(io.popen("exec head -n 1 2> /dev/null < "
    .. shell.quote(self.folder .. "/status")))
  local fine, line = pcall(pipe.read, pipe, "*l")
  -- The child waits for nginx. After an error nginx must end first, or closing
  -- the pipe would block.
  if not fine then self:stop() end
  pipe:close()
  if not fine then error(line, 0) end
  return line == "gone"
end

return nginx
