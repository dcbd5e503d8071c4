--- adobepass completion: prints a completion script for a shell.
-- @module adobepass.cli.completion

local report = require "adobepass.cli.report"
local terminal = require "adobepass.cli.terminal"

local completion = {
  name = "completion",
  summary = "Print a completion script for a shell.",
}

local DESCRIPTION = [[
Prints a completion script for bash, zsh or fish.]]

local EPILOG = [[
Examples:
  eval "$(adobepass completion bash)"       in ~/.bashrc
  adobepass completion zsh > ~/.zfunc/_adobepass
      with: fpath+=~/.zfunc; autoload -U compinit; compinit
  adobepass completion fish > ~/.config/fish/completions/adobepass.fish]]

local MAKE = { bash = "get_bash_complete", zsh = "get_zsh_complete",
  fish = "get_fish_complete" }

--- Declares the arguments.
function completion.define(parser)
  parser:description(DESCRIPTION):epilog(EPILOG):help_max_width(79)
  parser:argument("shell", "bash, zsh or fish."):argname("<shell>")
    :choices { "bash", "zsh", "fish" }
end

--- Runs the subcommand. Returns the exit status.
function completion.run(arguments)
  local parser = require("adobepass.cli").parser()
  terminal.write(parser[MAKE[arguments.shell]](parser))
  return report.SUCCESS
end

return completion
