--- Copies of the tree in build/mutation, and the specs that run in them. The
-- checkout itself is never changed.

local shell = require "spec.mutation.shell"

local scratch = {}

scratch.FOLDER = shell.check("pwd"):gsub("%s+$", "") .. "/build/mutation"

-- A mutant may loop, so memory is limited to 4 GB and a file to 512 MB.
local RUN = [[
cd %s && start=$(date +%%s.%%N)
setsid -w sh -c 'echo $$ > session; ulimit -v 4194304; ulimit -f 1048576
exec timeout -k 5 %d nice -n 5 env --default-signal=HUP,PIPE LC_ALL=C.UTF-8 \
  %s %s lua5.4 "$(command -v busted)" --helper=spec/support/helper.lua \
  --pattern=_spec %s %s' > log 2>&1 < /dev/null
status=$?
pkill -KILL -s "$(cat session)"
echo $status $start $(date +%%s.%%N)
]]
local MAKE = "env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL nice -n 5 make -s "
  .. "--no-print-directory -C %s LUA=%s %s 2>&1"

local function make(root, lua, words)
  return MAKE:format(shell.quote(root), lua, words)
end

-- Programs for some specs of the core; each has a script beside it.
local function programs(root)
  local list = {}
  local scripts = shell.read(("cd %s && find spec/support/programs "
    .. "-name '*.lua' 2>/dev/null"):format(shell.quote(root)))
  for path in scripts:gmatch "[^\n]+" do
    list[#list + 1] = "build/lua5.4/" .. path:match "([^/]+)%.lua$"
  end
  return table.concat(list, " ")
end

--- Builds the core and the programs of the specs, for Lua 5.4. Returns false and the
-- output if the core cannot be built.
function scratch.build(root, flags)
  local output, is_ok = shell.read(make(root, "lua5.4", (flags or "")
    .. " all"))
  if not is_ok then return false, output end
  shell.read(make(root, "lua5.4", (flags or "") .. " -k " .. programs(root)))
  return true
end

--- Makes a copy of the checkout, built with the make variables `flags`. The core for
-- nginx is built without them, before the objects that all Luas share: the newer time
-- of its file tells make that it is complete.
function scratch.create(name, flags)
  local root = scratch.FOLDER .. "/" .. name
  local quoted = shell.quote(root)
  shell.check(("rm -rf %s && mkdir -p %s"):format(quoted, quoted))
  shell.read("git ls-files -co --exclude-standard -z | "
    .. "xargs -0 cp -a --parents -t " .. quoted)
  shell.check(make(root, "luajit", "all"))
  shell.check(("rm -rf %s/build/pure"):format(quoted))
  assert(scratch.build(root, flags))
  shell.check(("touch %s/build/luajit/adobepass/core.so"):format(quoted))
  return root
end

--- Makes a copy of another copy.
function scratch.clone(from, name)
  local root = scratch.FOLDER .. "/" .. name
  shell.check(("rm -rf %s && cp -a %s %s"):format(root, from, root))
  return root
end

-- Everything that a build for Lua 5.4 writes.
local BUILT = { "build/lua5.4", "build/pure" }

--- Undoes a mutation of the copy `root` of `from`: restores the file `path`, and with
-- `is_c` the build.
function scratch.restore(root, from, path, is_c)
  shell.check(("cp -p %s/%s %s/%s"):format(from, path, root, path))
  for _, folder in ipairs(is_c and BUILT or {}) do
    shell.check(("rm -rf %s/%s && cp -a %s/%s %s/build/"):format(root, folder, from,
      folder, root))
  end
end

--- Returns what a target of mutation.mk prints: the environment of specs, or
-- the command that compiles a C file.
function scratch.setting(root, target)
  return (shell.check(make(root, "lua5.4", target)):gsub("%s+$", ""))
end

--- Runs one spec file until its first failure. `limit`: seconds; `extra`:
-- more variables. Returns the exit status (124 or 137: timeout) and seconds.
function scratch.run(root, environment, spec, limit, extra)
  local keep = extra and "" or "--no-keep-going"
  local output = shell.check(RUN:format(shell.quote(root), limit,
    environment, extra or "", keep, spec))
  local status, start, stop = output:match "(%d+) ([%d.]+) ([%d.]+)"
  return tonumber(status), tonumber(stop) - tonumber(start)
end

return scratch
