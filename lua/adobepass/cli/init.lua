--- The command line: parses the arguments and runs a subcommand.
--
-- Each subcommand is a module with `name`, `summary`, `define(parser)` and
-- `run(arguments)`, which returns the exit status, or nil and an error. The
-- statuses are in adobepass.cli.report.
--
-- @module adobepass.cli

require "adobepass.util.core_check" -- before the core is required
local argparse = require "argparse"
local configuration = require "adobepass.cli.configuration"
local lock_cleanup = require "adobepass.cli.lock_cleanup"
local core = require "adobepass.core"
local report = require "adobepass.cli.report"
local settings = require "adobepass.cli.settings"
local terminal = require "adobepass.cli.terminal"

local command = {}

--- The names of the subcommands, in the order of the help.
command.NAMES = { "sandbox", "register", "providers", "login", "profiles",
  "preauthorize", "authorize", "logout", "temppass", "reset", "inspect", "doctor",
  "help", "version", "completion", "manual" }

local EPILOG = [[
Try it in the sandbox, without a license:
  adobepass sandbox --exec 'adobepass login'

Help for a command: adobepass login --help

Exit status: 0 success; 1 failure; 2 usage error; 3 not logged in, or the code
expired; 4 denied; 130 interrupted.]]

-- Returns `status`. If a write to standard output has failed, reports the error and
-- returns its status instead.
local function check_output(name, status, wants_json)
  local message = terminal.write_error()
  if not message then return status end
  return report.failure(name, report.output_failed(message), wants_json)
end

local function show_version()
  terminal.print("adobepass " .. core.version)
  os.exit(check_output("", report.SUCCESS))
end

-- Loading the modules of all subcommands takes longer than most subcommands do.
local function needed_names(word)
  for _, name in ipairs(command.NAMES) do
    if name == word then return { name } end
  end
  return command.NAMES
end

-- argparse passes only the value to a converter. Adds the option's name to the error of
-- an empty value, which an unset variable in a script gives.
local function name_empty_options(parser)
  for _, option in ipairs(parser._options) do
    if option._convert == settings.not_empty then
      option:convert(function(text)
        local value, message = settings.not_empty(text)
        return value, message and ("%s: %s"):format(option._name, message)
      end)
    end
  end
  for _, each in ipairs(parser._commands) do name_empty_options(each) end
end

--- Returns the argparse parser, and the subcommands by name.
-- @string[opt] word the only subcommand of the parser, if a subcommand has this name
function command.parser(word)
  local parser = argparse("adobepass",
    "A client for Adobe Pass Authentication (TV Everywhere), and a "
    .. "sandbox that needs no license.", EPILOG)
  parser:command_target("command"):require_command(true):help_max_width(79)
  parser:flag("--version", "Print the version."):action(show_version)
  local commands = {}
  for _, name in ipairs(needed_names(word)) do
    local module = require("adobepass.cli." .. name)
    commands[name] = module
    module.define(parser:command(name):summary(module.summary))
  end
  name_empty_options(parser)
  return parser, commands
end

local function wants_json(list)
  for _, argument in ipairs(list) do
    if argument == "--json" then return true end
  end
  return false
end

-- Returns the command that a line names, such as "sandbox control fault".
local function named_command(parser, list)
  local words = {}
  for _, word in ipairs(list) do
    for _, each in ipairs(parser._commands) do
      if each._name == word then
        parser, words[#words + 1] = each, word
        break
      end
    end
  end
  return table.concat(words, " ")
end

-- Reports a usage error on standard error. Returns the exit status.
local function report_usage_error(list, name, message)
  if wants_json(list) then
    return report.failure(name or "", report.usage(message), true)
  end
  for line in ("adobepass: " .. message):gmatch "[^\n]+" do
    terminal.print_error(line)
  end
  terminal.print_error("Try: adobepass " .. (name and name .. " " or "")
    .. "--help")
  return report.USAGE_ERROR
end

local function run_configured(module, arguments)
  local applied, err = configuration.apply(arguments)
  if not applied then return nil, err end
  return module.run(arguments)
end

local function run_subcommand(module, arguments)
  local success, status, err = pcall(run_configured, module, arguments)
  terminal.end_progress()
  if success and terminal.write_error() then
    return check_output(module.name, status, arguments.json)
  end
  if success and status then return status end
  if success then
    return report.failure(module.name, err, arguments.json,
      settings.language(arguments))
  end
  if settings.is_interrupt(status) then
    lock_cleanup.release()
    return report.INTERRUPTED
  end
  terminal.print_error(("adobepass %s: %s"):format(module.name,
    tostring(status)))
  return report.FAILURE
end

-- argparse takes a negative number for an option. Joins such a number to the option
-- before it, whose converter then accepts or refuses it.
local function join_negative_numbers(list)
  local joined = {}
  for index, argument in ipairs(list) do
    local before = list[index - 1]
    if argument:find "^%-%d" and before and before:find "^%-%-%l[%l-]*$" then
      joined[#joined] = before .. "=" .. argument
    else
      joined[#joined + 1] = argument
    end
  end
  return joined
end

-- Adds to argparse's message that the unknown option may be one of a subcommand.
local function explain_order(message)
  return (message:gsub("^unknown option '(.*)'$", "%0: an option of a command belongs "
    .. "after it: adobepass <command> %1"))
end

--- Runs a command line.
-- @param list of arguments, as the global `arg`
-- @return the exit status
function command.run(list)
  list = join_negative_numbers(#list > 0 and list or { "help" })
  local parser, commands = command.parser(list[1])
  local success, arguments = parser:pparse(list)
  if not success then
    local name = commands[list[1]] and named_command(parser, list)
    local message = name and arguments or explain_order(arguments)
    return report_usage_error(list, name, message)
  end
  return run_subcommand(commands[arguments.command], arguments)
end

return command
