--- Disks and files that stand in for others in a mount namespace of its own:
-- nothing of them is seen elsewhere, or left when the command ends, however it
-- ends.

local child = require "spec.support.child_process"
local folder = require "spec.support.folder"

local mounted = { is_root = folder.run("id -u") == "0" }

--- Runs a command that mounts what it needs; what it printed.
function mounted.run(command)
  return folder.run(("unshare -%s sh -c %s"):format(
    mounted.is_root and "m" or "rm", folder.quote(command)))
end

--- Runs a script in a folder that is a file system of 64 KiB.
function mounted.on_small_disk(path, script)
  return mounted.run(("mount -t tmpfs -o size=64k,mode=700 small %s && cd %s "
    .. "&& %s"):format(path, path, child.command(script)))
end

return mounted
