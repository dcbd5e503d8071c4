--- Runs many command lines in one process, because the start of a process takes longer
-- than to print help or a usage error.
--
--   local results = command_lines.run { "login --help", "login --interval 1" }
--   results[2].out, results[2].err, results[2].status
--
-- The lines share the modules: a spec of a module's state needs processes of their own.

local child_process = require "spec.support.child_process"
local folder = require "spec.support.folder"
local shell = require "adobepass.util.shell"

local command_lines = {}

local PROGRAM = shell.quote(child_process.interpreter())
  .. " spec/support/programs/command_lines.lua"

-- Returns the next part of a stream up to its end mark, the status, and the rest.
local function next_part(text, stream)
  local part, status, rest = text:match "^(.-)\1(%d+)\n(.*)$"
  assert(part, stream)
  return part:gsub("\n$", ""), tonumber(status), rest
end

--- Runs command lines in their order. Returns for each a table: standard output `out`,
-- standard error `err`, both without the last line feed, and the exit status `status`.
-- @param lines a list of texts, which the shell splits into words. The first words may
-- be variables, NAME=value; child processes do not see these.
-- @string[opt] variables precedes the program in the shell, such as `env NAME=value`
function command_lines.run(lines, variables)
  local place = folder.make()
  local errors = place .. "/errors"
  local out = shell.read(("%s %s %s \\; 2> %s"):format(variables or "", PROGRAM,
    table.concat(lines, " \\; "), shell.quote(errors))) .. "\n"
  local err = assert(shell.read_file(errors))
  folder.remove(place)
  local results, streams = {}, out .. err
  for index = 1, #lines do
    local result = {}
    result.out, result.status, out = next_part(out, streams)
    result.err, result.status, err = next_part(err, streams)
    results[index] = result
  end
  return results
end

return command_lines
