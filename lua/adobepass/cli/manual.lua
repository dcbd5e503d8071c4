--- adobepass manual: prints the manual page, generated from the parsers.
-- bin/adobepass.1 is its output.
-- @module adobepass.cli.manual

local core = require "adobepass.core"
local report = require "adobepass.cli.report"

local manual = {
  name = "manual",
  summary = "Print the manual page.",
}

local DESCRIPTION = [[
Prints the manual page in the language of man(1).]]

local EPILOG = [[
Example:
  adobepass manual | man -l -]]

--- Declares the options.
function manual.define(parser)
  parser:description(DESCRIPTION):epilog(EPILOG):help_max_width(79)
end

local HEAD = [[
.\" Made by: adobepass manual
.TH ADOBEPASS 1 "" "adobepass %s" "User Commands"
.SH NAME
adobepass \- TV Everywhere from a terminal: Adobe Pass Authentication
.SH SYNOPSIS
.B adobepass
.I command
.RI [ option ...]
.SH DESCRIPTION
.B adobepass
signs a viewer in with a TV provider, asks what may be watched and signs out,
by the REST API v2 of Adobe Pass Authentication.
It comes with a sandbox of that service, which needs no licence.
.PP
A first look:
.PP
.EX
    adobepass sandbox \-\-exec \(aqadobepass login\(aq
.EE
.SH COMMANDS
]]

local TAIL = [[
.SH EXIT STATUS
.TP
.B 0
Done.
.TP
.B 1
It did not work.
.TP
.B 2
Asked for in a wrong way.
.TP
.B 3
Nobody is signed in, or the code ran out.
.TP
.B 4
Denied.
.TP
.B 130
Interrupted by Ctrl\-C.
.SH JSON
With
.B \-\-json
each command prints one line of JSON;
.B login
prints one for each event.
What went wrong is one line on the error stream:
.PP
.EX
    {"error":{"code":...,"message":...,"action":...,"advice":...}}
.EE
.PP
Times are milliseconds since 1970.
No secret is printed: a media token with
.B authorize \-\-token
alone, the values of a profile with
.B \-\-attributes
alone.
.SH ENVIRONMENT
These describe one service, and
.B adobepass sandbox \-\-exec
sets them.
An option goes first;
.B \-\-environment
or
.B \-\-api
with another place leaves all of them aside.
.TP
.B ADOBEPASS_API\fR, \fBADOBEPASS_MGMT\fR, \fBADOBEPASS_CA
As the options of these names.
.TP
.B ADOBEPASS_ENVIRONMENT\fR, \fBADOBEPASS_SERVICE_PROVIDER\fR, \
\fBADOBEPASS_STORE
As the options of these names.
.TP
.B ADOBEPASS_STATEMENT
The text of the software statement.
.TP
.B ADOBEPASS_NGINX
The nginx that the sandbox runs on.
.TP
.B NO_COLOR
No colours.
.SH FILES
.TP
.I ~/.local/state/adobepass
Credentials, the device's identifier and the login, for this user alone
.RI ( $XDG_STATE_HOME/adobepass
where that is set).
Losing them signs the viewer out.
.SH SEE ALSO
.BR qrencode (1),
.BR nginx (8)
]]

-- roff reads a line that starts with a dot or a quote as a request.
local function escape(text)
  text = text:gsub("\\", "\\e"):gsub("%-", "\\-"):gsub("'", "\\(aq")
    :gsub("~", "\\(ti"):gsub("%^", "\\(ha"):gsub("`", "\\(ga")
  return (text:gsub("^%.", "\\&."):gsub("\n%.", "\n\\&."))
end

-- Adds a text: roff fills paragraphs, and keeps indented lines unchanged.
local function prose(add, text)
  local is_block = false
  for line in (text .. "\n"):gmatch "([^\n]*)\n" do
    local is_set_in = line:find "^%s" ~= nil
    if is_set_in ~= is_block then
      add(is_set_in and ".PP\n.EX" or ".EE\n.PP")
    end
    is_block = is_set_in
    add(line == "" and ".PP" or escape(line))
  end
  if is_block then add(".EE") end
end

local function label(element)
  local names = table.concat(element._aliases or {}, ", ")
  local value = element._argname
  if type(value) == "table" then value = value[1] end
  local parts = {}
  if names ~= "" then parts[1] = "\\fB" .. escape(names) .. "\\fR" end
  if value and (element._maxargs or 0) > 0 then
    parts[#parts + 1] = "\\fI" .. escape(value:gsub("[<>]", "")) .. "\\fR"
  end
  return table.concat(parts, " ")
end

local function entry(add, element)
  add(".TP")
  add(label(element))
  add(escape(element._description or ""))
end

local function shared_groups(parser)
  local groups, is_shared = {}, {}
  for _, group in ipairs(parser._groups) do
    if group.name ~= "Options" then
      groups[#groups + 1] = group
      for _, element in ipairs(group) do is_shared[element] = true end
    end
  end
  return groups, is_shared
end

local function is_help(element) return element._name == "-h" end

local function subcommand(add, parser)
  local groups, is_shared = shared_groups(parser)
  add(".SS adobepass " .. parser._name)
  prose(add, parser._description)
  for _, list in ipairs { parser._arguments, parser._options } do
    for _, element in ipairs(list) do
      if not is_shared[element] and not is_help(element) then
        entry(add, element)
      end
    end
  end
  if #groups > 0 then
    add(".PP")
    add("It takes the shared options, too.")
  end
  add(".PP")
  prose(add, parser._epilog)
  return groups
end

local function shared_options(add, groups)
  add ".SH SHARED OPTIONS"
  for _, group in ipairs(groups) do
    add(".SS " .. escape(group.name))
    for _, element in ipairs(group) do entry(add, element) end
  end
  add ".SS Everywhere"
  add ".TP"
  add "\\fB\\-h\\fR, \\fB\\-\\-help\\fR"
  add "Explain the command."
  add ".TP"
  add "\\fB\\-\\-version\\fR"
  add "Print the version."
end

--- Returns the manual page as roff source.
function manual.page()
  local parser = require("adobepass.cli").parser()
  local lines, shared = {}, nil
  local function add(line) lines[#lines + 1] = line end
  for _, each in ipairs(parser._commands) do
    local groups = subcommand(add, each)
    if #groups > 0 then shared = groups end
  end
  shared_options(add, shared)
  return HEAD:format(core.version) .. table.concat(lines, "\n") .. "\n"
    .. TAIL
end

--- Runs the subcommand. Returns the exit status.
function manual.run()
  io.stdout:write(manual.page())
  return report.SUCCESS
end

return manual
