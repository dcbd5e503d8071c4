-- Runs command lines of `adobepass` in this process, for spec/cli/command_lines.lua.
-- Each line ends with the argument ";", and may start with variables, as in a shell:
-- NAME=value. After the output of a line, each stream gets the byte 1, the exit status
-- and a line feed.

local command = require "adobepass.cli"

local ended -- the status with which a line has called os.exit

-- Only argparse's --help and --version call it.
os.exit = function(status) -- luacheck: ignore 122
  ended = status or 0
  error("os.exit", 0)
end

local getenv, variables = os.getenv, {}

os.getenv = function(name) -- luacheck: ignore 122
  return variables[name] or getenv(name)
end

local function run(list)
  ended, variables = nil, {}
  while list[1] and list[1]:find "^[%u_]+=" do
    local name, value = table.remove(list, 1):match "^(.-)=(.*)$"
    variables[name] = value
  end
  local success, status = pcall(command.run, list)
  assert(success or ended, status)
  return ended or status
end

local list = {}
for _, word in ipairs(arg) do
  if word ~= ";" then
    list[#list + 1] = word
  else
    local status = run(list)
    io.stdout:write("\1", status, "\n")
    io.stderr:write("\1", status, "\n")
    list = {}
  end
end
