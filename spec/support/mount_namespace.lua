--- Runs commands in a separate mount namespace: their mounts are not visible to
-- other processes and disappear when the command ends.

local child_process = require "spec.support.child_process"
local folder = require "spec.support.folder"

local mount_namespace = { is_root = folder.run("id -u") == "0" }

--- Runs a command that may mount. Returns its output.
function mount_namespace.run(command)
  return folder.run(("unshare -%s sh -c %s"):format(
    mount_namespace.is_root and "m" or "rm", folder.quote(command)))
end

--- Runs a script in a folder on a file system of 64 KiB.
function mount_namespace.on_small_disk(path, script)
  return mount_namespace.run(
    ("mount -t tmpfs -o size=64k,mode=700 small %s && cd %s "
    .. "&& %s"):format(path, path, child_process.command(script)))
end

return mount_namespace
