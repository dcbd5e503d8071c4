--- Leaves a process without file descriptors.

local folder = require "spec.support.folder"

local descriptor_limit = {}

--- Sets the limit of a process.
function descriptor_limit.set(pid, count)
  folder.run(("prlimit --pid %d --nofile=%d:%d"):format(pid, count, count))
end

--- Sets the soft limit of this process. Returns the previous one.
function descriptor_limit.set_own(count)
  return folder.run(("ulimit -Sn; prlimit --pid $PPID --nofile=%d:"):format(count))
end

--- Calls a function while this process has no descriptor left. Returns its results,
-- three at most.
function descriptor_limit.exhaust(work)
  local files, file = {}, io.open "/dev/null"
  while file do
    files[#files + 1] = file
    file = io.open "/dev/null"
  end
  local first, second, third = work()
  for _, opened in ipairs(files) do opened:close() end
  return first, second, third
end

return descriptor_limit
