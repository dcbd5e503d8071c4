--- The command line: one file a subcommand, and this one to choose.
--
-- A subcommand is a table: name, summary, define(parser) and
-- run(arguments) -> exit status. Statuses mean: 0 done, 1 it did not work,
-- 2 asked for in a wrong way, 130 interrupted.
--
-- @module adobepass.command

local argparse = require "argparse"

local command = {}

local NAMES = { "sandbox" }

local EPILOG = [[
Each command explains itself: adobepass sandbox --help]]

local function new_parser()
  local parser = argparse("adobepass",
    "TV Everywhere from a terminal: Adobe Pass Authentication, and a "
    .. "sandbox of it that needs no licence.", EPILOG)
  parser:command_target("command"):require_command(true)
  local commands = {}
  for _, name in ipairs(NAMES) do
    local module = require("adobepass.command." .. name)
    commands[name] = module
    module.define(parser:command(name):summary(module.summary))
  end
  return parser, commands
end

-- Says what is wrong, and where the right way is written.
local function refuse(name, message)
  io.stderr:write("adobepass: ", message, "\nTry: adobepass ",
    name and name .. " " or "", "--help\n")
  return 2
end

--- Runs a command line (a list of words); its exit status.
function command.run(words)
  local parser, commands = new_parser()
  local fine, arguments = parser:pparse(words)
  if not fine then
    return refuse(commands[words[1]] and words[1], arguments)
  end
  return commands[arguments.command].run(arguments)
end

return command
