--- adobepass help: prints the help of a command.
-- @module adobepass.cli.help

local report = require "adobepass.cli.report"
local options = require "adobepass.util.options"
local terminal = require "adobepass.cli.terminal"

local help = {
  name = "help",
  summary = "Print the help of a command.",
}

local DESCRIPTION = [[
Prints the help of a command, or without a command the list of commands.]]

local EPILOG = [[
Example:
  adobepass help login]]

--- Declares the arguments.
function help.define(parser)
  parser:description(DESCRIPTION):epilog(EPILOG):help_max_width(79)
  parser:argument("topic", "The name of a command."):args "?":argname("<command>")
end

local function subcommand(parser, name)
  local known = {}
  for _, each in ipairs(parser._commands) do
    if each._name == name then return each end
    known[each._name] = true
  end
  return nil, report.usage(("unknown command '%s'%s"):format(terminal.escape(name),
    options.suggest(name, known)))
end

--- Runs the subcommand. Returns the exit status, or nil and an error.
function help.run(arguments)
  local parser, err = require("adobepass.cli").parser(arguments.topic), nil
  if arguments.topic then parser, err = subcommand(parser, arguments.topic) end
  if not parser then return nil, err end
  terminal.write(parser:get_help(), "\n")
  return report.SUCCESS
end

return help
