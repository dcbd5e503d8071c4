--- Temporary folders that a spec removes.

local shell = require "adobepass.util.shell"

local folder = {}

function folder.make()
  return assert(shell.make_folder("adobepass-spec"))
end

function folder.remove(path)
  assert(path:find("adobepass-spec", 1, true))
  shell.execute(shell.line("rm", "-rf", "--", path))
end

--- A command that has to work; what it printed.
function folder.run(command)
  local output, status = shell.read(command)
  assert(status == 0, command .. ": " .. output)
  return output
end

--- Where the pictures of what was seen go: each Lua has its own.
function folder.pictures()
  local path = "build/screenshots/" .. (os.getenv "ADOBEPASS_LUA" or "lua")
  folder.run("mkdir -p " .. shell.quote(path))
  return path
end

folder.quote = shell.quote
folder.read = shell.read_file
folder.write = shell.write_file

return folder
