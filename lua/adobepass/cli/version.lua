--- adobepass version: prints the versions of the command and of Lua.
-- @module adobepass.cli.version

local core = require "adobepass.core"
local report = require "adobepass.cli.report"
local terminal = require "adobepass.cli.terminal"

local version = {
  name = "version",
  summary = "Print the version.",
}

local DESCRIPTION = [[
Prints the version of adobepass and of the Lua that runs it.]]

local EPILOG = [[
Example:
  adobepass version]]

--- Declares the options.
function version.define(parser)
  parser:description(DESCRIPTION):epilog(EPILOG):help_max_width(79)
  parser:flag("--json", "Print one line of JSON.")
end

--- Runs the subcommand. Returns the exit status.
function version.run(arguments)
  local jit = rawget(_G, "jit")
  local lua = jit and jit.version or _VERSION
  if arguments.json then
    report.json { version = core.version, lua = lua }
  else
    terminal.print(("adobepass %s, %s"):format(core.version, lua))
  end
  return report.SUCCESS
end

return version
