--- A private nginx: written, started, waited for, stopped, without a trace.
--
--   local server, message, code = nginx.start {
--     config = function(ports, folder) return "http { ... }" end,  -- or text
--     ports = 2,              -- how many free ones; or a list of fixed ones
--   }
--   server.folder, server.ports, server.pid
--   server:log(); server:wait(); server:run(command); server:stop()
--   server:restart()            -- after it ended: same folder, ports, config
--
-- options: nginx    the program (default: nginx.find)
--          lua      true: fail early where it has no Lua module
--          workers  how many processes answer (default: 1)
--
-- `config` is everything of nginx.conf but what every private nginx needs
-- (process id, user, modules, events, workers, temporary folders). It runs
-- again, with other ports, when a port that looked free was taken; it may
-- answer nil, message, code instead.
--
-- Nothing outlives its owner. A keeper, a small shell script in the
-- background, holds a pipe from this process: when the pipe closes, by stop(),
-- by garbage collection, by exit or by SIGKILL, the keeper ends nginx and
-- removes the folder.
--
-- @module adobepass.sandbox.host.nginx

local shell = require "adobepass.util.shell"

local nginx = {}

local Server = {}
Server.__index = Server

-- $1 folder, $2 nginx. Reads what to do, end of file to stop; answers on the
-- FIFO `status`, opened for both so that neither side waits for the other.
-- nginx is our child (a container's first process may never reap an orphan),
-- in a session of its own where setsid is (Ctrl-C is for the owner to hear);
-- it writes its process id when its sockets are bound. Its LuaJIT must not
-- meet the modules of the Lua that we run on. If it was killed, its process id
-- is still there, and so are its workers. An owner that ended may stay a
-- zombie for long: /proc knows that we have another parent.
local KEEPER = [[
trap '' HUP INT QUIT TERM PIPE
cd "$1" || exit 1
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
  run "$1" "$2" &
  while [ -e running ] && ! [ -s nginx.pid ]; do sleep 0.01; done
  pid=$(cat nginx.pid) && echo "ready $pid" >&3 || { wait; echo failed >&3; }
}
owned() {
  parent=$PPID
  [ -e /proc/$$/stat ] && read -r _ _ _ parent _ < /proc/$$/stat
  [ "$parent" = "$PPID" ] && kill -s 0 "$PPID"
}
watch() {
  while owned; do sleep 0.2; done
  kill -s TERM "$(cat command.pid)"
}
watcher=
while read -r word; do
  case $word in
    start) start "$1" "$2" ;;
    watch) [ "$watcher" ] || { watch & watcher=$!; } ;;
  esac
done
[ "$watcher" ] && kill -s KILL "$watcher"
tries=0
[ -e running ] && kill -s TERM "$pid"
while [ -e running ]; do
  sleep 0.01
  tries=$((tries + 1))
  [ $tries = 500 ] && { kill -s KILL -- "-$pid" || kill -s KILL "$pid"; }
done
cd / && rm -rf -- "$1"
]]

local PREAMBLE = [[
daemon off;
master_process on;
worker_processes @WORKERS@;
pid @FOLDER@/nginx.pid;
error_log @FOLDER@/error.log warn;
@MAIN@
events { worker_connections 1024; }
]]

local TEMPORARY = [[
  client_body_temp_path @FOLDER@/body;
  proxy_temp_path @FOLDER@/proxy;
  fastcgi_temp_path @FOLDER@/fastcgi;
  uwsgi_temp_path @FOLDER@/uwsgi;
  scgi_temp_path @FOLDER@/scgi;
  access_log off;
  server_tokens off;
]]

local OPTIONS = { config = "string or function", ports = "number or table",
  nginx = "string", lua = "boolean", workers = "number" }

local function check_options(options)
  for name, value in pairs(options) do
    local kinds = OPTIONS[name]
    if not kinds then
      error("nginx.start: unknown option '" .. tostring(name) .. "'", 3)
    elseif not kinds:find(type(value), 1, true) then
      error(("nginx.start: %s must be a %s"):format(name, kinds), 3)
    end
  end
  if not options.config then error("nginx.start: config is missing", 3) end
end

-- /usr/sbin is not in everybody's PATH.
local FIND = [[
PATH="$PATH:/usr/sbin:/usr/local/sbin:/usr/local/openresty/nginx/sbin"
if [ "$ADOBEPASS_NGINX" ]; then command -v "$ADOBEPASS_NGINX"
else command -v openresty || command -v nginx; fi]]

--- Where an nginx lies: $ADOBEPASS_NGINX; or OpenResty's, or the system's.
function nginx.find()
  local path, status = shell.read(FIND)
  if status ~= 0 then
    return nil, "no nginx: install nginx-light and libnginx-mod-http-lua, "
      .. "or OpenResty", "nginx_missing"
  end
  return path
end

local function exists(path)
  local file = io.open(path, "rb")
  if file then file:close() end
  return file ~= nil
end

--- The load_module lines that give this nginx Lua: none where it is built in,
-- nil where it has none.
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

-- The tree that this very file is in.
local function tree()
  local source = debug.getinfo(1, "S").source:gsub("^@", "")
  local path = source:gsub("adobepass/sandbox/host/nginx%.lua$", "")
  return path:sub(1, 1) == "/" and path or shell.read("pwd") .. "/" .. path
end

-- Where a checkout, and where a LuaRocks tree, has the core for LuaJIT.
local CPATH = "@T@../build/luajit/?.so;@T@../../../lib/lua/5.1/?.so;;"
local PATH = "@T@?.lua;@T@?/init.lua;;"

--- What lua_package_path and lua_package_cpath have to be, for an nginx that
-- runs these very modules. nil, message, code where nginx and Lua would read
-- something in the path's name as their own syntax.
function nginx.lua_paths()
  local path = tree()
  if path:find("[\"\\$;?%c{}]") then
    return nil, "nginx cannot be given such a path: " .. path, "path"
  end
  return (PATH:gsub("@T@", path)), (CPATH:gsub("@T@", path))
end

-- Below 32768: Linux takes the ports of outgoing connections from above.
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

-- A worker of a root's nginx is `nobody` by default and could not enter our
-- folder; the group's name is asked for, since it is not `root` everywhere.
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
  local values = { FOLDER = folder, MAIN = server.main,
    WORKERS = server.workers }
  text = text:gsub("http%s*{", function(start)
    return start .. "\n" .. fill(TEMPORARY, values)
  end, 1)
  return shell.write_file(folder .. "/nginx.conf",
    fill(PREAMBLE, values) .. text, true)
end

-- "gone" is the end of an earlier attempt.
local function start_in_keeper(server)
  server.keeper:write("start\n")
  server.keeper:flush()
  local line
  repeat line = server.status:read("*l") until line ~= "gone"
  if not line then return nil end
  server.pid = tonumber(line:match("^ready (%d+)$"))
  return server.pid
end

--- Everything that nginx wrote to its error log.
function Server:log()
  return shell.read_file(self.folder .. "/error.log") or ""
end

local function failure(server)
  local said = shell.read_file(server.folder .. "/start.log") or ""
  local first = said:match("init_by_lua error: ([^\n]*)")
    or said:match("nginx: %[emerg%] ([^\n]*)") or said
  if said:find("Address already in use", 1, true) then
    return "a port is taken: " .. first, "port_taken"
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

-- The keeper comes first: whatever happens next, the folder goes with us.
local function open(binary, main, options)
  local folder, message, code = shell.make_folder("adobepass")
  if not folder then return nil, message, code end
  local said, status = shell.read("umask 077; cd " .. shell.quote(folder)
    .. " && mkfifo status")
  if status ~= 0 then return nil, said, "folder" end
  local keeper = assert(io.popen("exec >/dev/null 2>&1 sh -c "
    .. shell.line(KEEPER, "adobepass-keeper", folder, binary), "w"))
  local fifo = assert(io.open(folder .. "/status", "rb"))
  return setmetatable({ folder = folder, keeper = keeper, status = fifo,
    config = options.config, main = main, workers = options.workers or 1 },
    Server)
end

--- Starts an nginx; when it answers, its sockets are bound.
function nginx.start(options)
  check_options(options)
  local binary, message, code = options.nginx, nil, nil
  if not binary then binary, message, code = nginx.find() end
  if not binary then return nil, message, code end
  local modules = nginx.lua_modules(binary)
  if options.lua and not modules then
    return nil, binary .. " has no Lua: install libnginx-mod-http-lua, or "
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

--- Waits until nginx has ended, by a signal of somebody's, and starts it again
-- with all that it had: true, or nil, message, code.
function Server:restart()
  repeat local line = self.status:read("*l") until not line or line == "gone"
  if start_in_keeper(self) then return true end
  return nil, failure(self)
end

--- Ends nginx and removes the folder; when it returns, both are gone.
function Server:stop()
  if not self.keeper then return end
  self.keeper:close()
  self.status:close()
  self.keeper, self.status = nil, nil
end

--- Runs a shell command while nginx runs; its exit status. The command is
-- asked to end, as nginx is, when we end first. It inherits our pipe to the
-- keeper (system(3), unlike popen(3), closes nothing), which would therefore
-- not see our end; so it looks for us, for as long as the command runs.
function Server:run(command)
  self.keeper:write("watch\n")
  self.keeper:flush()
  local file = self.folder .. "/command.pid"
  local status = shell.execute(("echo $$ > %s; exec sh -c %s"):format(
    shell.quote(file), shell.quote(command)))
  os.remove(file)
  return status
end

--- Waits until nginx ends by itself (true), or the terminal interrupts us:
-- false, or the error that the stand-alone Lua makes of it.
-- A child reads, since an interrupted read of our own is restarted on some
-- Luas and not on others; the child just dies.
function Server:wait()
  local pipe = assert(io.popen("exec head -n 1 < "
    .. shell.quote(self.folder .. "/status")))
  local fine, line = pcall(pipe.read, pipe, "*l")
  -- That child waits for nginx; if an error made us stop waiting, it must end
  -- first, or closing the pipe would wait for ever.
  if not fine then self:stop() end
  pipe:close()
  if not fine then error(line, 0) end
  return line == "gone"
end

return nginx
