--- Runs the activation page on this machine until Ctrl-C.
--
--   adobepass sandbox --exec 'lua5.4 examples/second_screen/start.lua'
--
-- To show a code, run in another terminal, with the same variables
-- (`adobepass sandbox` prints them), `adobepass login`.

local nginx = require "adobepass.sandbox.host.nginx"
local shell = require "adobepass.util.shell"

local HERE = arg[0]:match "^(.*)/[^/]*$" or "."

local function config(ports)
  local path, cpath = nginx.lua_paths()
  if not path then return nil, cpath end
  local text = assert(shell.read_file(HERE .. "/nginx.conf"))
  return (text:gsub("@([%u_]+)@", { PORT = ports[1], LUA_PATH = path,
    LUA_CPATH = cpath, HERE = shell.read("cd " .. shell.quote(HERE)
      .. " && pwd") }))
end

local server, message = nginx.start { lua = true, config = config }
if not server then
  io.stderr:write("The page did not start: ", message, "\n")
  os.exit(1)
end
print(("The activation page is at http://127.0.0.1:%d/ until Ctrl-C."):format(
  server.ports[1]))
io.stdout:flush()
pcall(server.wait, server)
server:stop()
