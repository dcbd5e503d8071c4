--- Temporary folders, which the spec removes.

local shell = require "adobepass.util.shell"

local folder = {}

function folder.make()
  return assert(shell.make_folder("adobepass-spec"))
end

function folder.remove(path)
  assert(path:find("adobepass-spec", 1, true))
  shell.execute(shell.line("rm", "-rf", "--", path))
end

--- Runs a command that must succeed. Returns its output.
function folder.run(command)
  local output, status = shell.read(command)
  assert(status == 0, command .. ": " .. output)
  return output
end

--- Returns the folder of screenshots of this Lua.
function folder.pictures()
  local path = "build/screenshots/" .. (os.getenv "ADOBEPASS_LUA" or "lua")
  folder.run("mkdir -p " .. shell.quote(path))
  return path
end

folder.quote = shell.quote
folder.read = shell.read_file
folder.write = shell.write_file

return folder
