--- Counts instructions (with valgrind's callgrind) and allocations of each
-- operation of spec.guard.workload. Both are independent of the machine's load.

local core = require "adobepass.core"
local folder = require "spec.support.folder"
local nginx = require "adobepass.sandbox.host.nginx"
local shell = require "adobepass.util.shell"
local workload = require "spec.guard.workload"

local counter = {}

local ALLOCATIONS = "build/lua5.4/allocations.so"
local CONFIG = [[
http {
  keepalive_requests 1000000;
  server {
    listen 127.0.0.1:@PORT@;
    location = /silent { content_by_lua_block { ngx.sleep(600) } }
    location / { default_type application/json; return 200 '@BODY@'; }
  }
}
]]

--- Returns why nothing can be counted here, or nil.
function counter.obstacle()
  if os.getenv "ADOBEPASS_LUA" ~= "lua5.4" then return "for lua5.4 alone" end
  if not (os.getenv "ADOBEPASS_BUILD" or "lua5.4"):find "lua5%.4$" then
    return "for the usual build alone"
  end
  local features = core.features()
  if not features.libcurl:find "^7%.88%."
      or not shell.read "lua5.4 -v":find("5.4.4", 1, true) then
    return "for Debian 12's libraries alone"
  end
  if shell.execute "command -v valgrind > /dev/null" ~= 0 then
    return "valgrind is not installed"
  end
  if not shell.read_file(ALLOCATIONS) then
    return ALLOCATIONS .. " is not built"
  end
end

local function start_server()
  return assert(nginx.start { ports = 1, lua = true, config = function(ports)
    return (CONFIG:gsub("@(%u+)@", { PORT = ports[1],
      BODY = ('{"a":"%s"}'):format(("x"):rep(590)) }))
  end })
end

local function script(server, kind)
  return shell.line("lua5.4", "-e", ("require('spec.guard.workload').main("
    .. "'http://127.0.0.1:%d/', %s)"):format(server.ports[1],
    kind and ("'%s'"):format(kind) or "nil"))
end

-- callgrind writes a file at each mark. Every second file has the counts between
-- the two marks of an operation.
local function read_dumps(path)
  local found = {}
  for index, item in ipairs(workload.list) do
    local text = assert(shell.read_file(("%s/out.%d"):format(path,
      2 * index)))
    found[item[1]] = tonumber(text:match "totals: (%d+)") / item[2]
  end
  return found
end

local function instructions(server, path)
  folder.run(shell.line("valgrind", "--tool=callgrind", "--dump-before=handle_count",
    "--callgrind-out-file=" .. path .. "/out") .. " " .. script(server))
  return read_dumps(path)
end

local function allocations(server)
  local output = folder.run(("LD_PRELOAD=$PWD/%s LUA_CPATH='%s;'"
    .. "\"$LUA_CPATH\" %s"):format(ALLOCATIONS, "build/lua5.4/?.so",
    script(server, "allocations")))
  local marks, found = {}, {}
  for line in output:gmatch "%d+" do marks[#marks + 1] = tonumber(line) end
  for index, item in ipairs(workload.list) do
    found[item[1]] = (marks[2 * index] - marks[2 * index - 1]) / item[2]
  end
  return found
end

--- Returns instructions and allocations of one repetition, by operation.
function counter.measure()
  local server, path = start_server(), folder.make()
  local ok, first, second = pcall(function()
    return instructions(server, path), allocations(server)
  end)
  server:stop()
  folder.remove(path)
  if not ok then error(first, 0) end
  return { instructions = first, allocations = second }
end

return counter
