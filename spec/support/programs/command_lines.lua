-- Runs command lines of `adobepass` in this process, for spec/cli/command_lines.lua.
-- Each line ends with the argument ";". After the output of a line, each stream gets
-- the byte 1, the exit status and a line feed.

local command = require "adobepass.cli"

local ended -- the status with which a line has called os.exit

-- Only argparse's --help and --version call it.
os.exit = function(status) -- luacheck: ignore 122
  ended = status or 0
  error("os.exit", 0)
end

local function run(list)
  ended = nil
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
