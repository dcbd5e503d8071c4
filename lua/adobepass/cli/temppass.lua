--- adobepass temppass: requests authorization with a TempPass, without a login.
-- @module adobepass.cli.temppass

local authorize = require "adobepass.cli.authorize"
local cli_text = require "adobepass.cli.text"
local report = require "adobepass.cli.report"
local settings = require "adobepass.cli.settings"
local terminal = require "adobepass.cli.terminal"
local trim = require("adobepass.util.text").trim

local temppass = {
  name = "temppass",
  summary = "Request authorization with a TempPass, without a login.",
}

local DESCRIPTION = [[
Requests the decision for one playback with a TempPass, and prints what is
left of the pass. The time of a pass starts with its first playback. Without a
resource, only what is left is printed. A promotional TempPass needs the
user's identity, which is hashed before it is sent.]]

local EPILOG = [[
Examples:
  adobepass temppass CNN --mvpd TempPass
  adobepass temppass --mvpd TempPass
  adobepass temppass CNN --mvpd flexibleTempPass --identity email=a@example.com
  echo ann@example.com |
    adobepass temppass CNN --mvpd flexibleTempPass --identity email=-

Exit status: 0 permitted; 3 the pass is used up; 4 denied.]]

local function identity(text)
  local name, value = text:match "^([%w_]+)=(.*%S.*)$"
  if name then return { name = name, value = value } end
  return nil, "expected name=value, such as email=ann@example.com, or email=- to "
    .. "read the value from standard input"
end

--- Declares the arguments and options.
function temppass.define(parser)
  parser:description(DESCRIPTION):epilog(EPILOG)
  parser:argument("resource", "The id of the resource."):args "?"
    :argname("<resource>"):convert(settings.not_empty)
  settings.define(parser,
    settings.temp_pass_option(parser),
    parser:option("--identity", "The user of a promotional TempPass, as name=value. "
      .. "Other users of this machine can read the arguments of a command; with "
      .. "name=-, the value is read from standard input.")
      :argname("<name=value>"):convert(identity),
    parser:flag("--token", "Print the media token."))
end

local function user_of(arguments)
  local given = arguments.identity
  if not given then return nil end
  local value = given.value
  if value == "-" then value = trim(settings.read "-" or "") end
  if value ~= "" then return { [given.name] = value } end
  return nil, report.usage "--identity: standard input is empty."
end

-- Returns the remaining ms and titles; nil and an error when they are unknown.
local function remaining(pass)
  local left, err = pass:remaining_ms()
  if err then return nil, err end
  return { remaining_ms = left, remaining_resources = pass:remaining_resources() }
end

local function show(left)
  if left.remaining_ms then
    terminal.print(cli_text.duration(left.remaining_ms / 1000) .. " left")
  end
  if left.remaining_resources then
    terminal.print(("%d title%s left"):format(left.remaining_resources,
      left.remaining_resources == 1 and "" or "s"))
  end
  if not left.remaining_ms and not left.remaining_resources then
    terminal.print "Not used yet."
  end
end

local function show_remaining(pass, arguments)
  local found, err = pass:refresh()
  if not found then return nil, err end
  local left, why = remaining(pass)
  if not left then return nil, why end
  if arguments.json then
    left.mvpd = pass.mvpd
    report.json(left)
  else
    show(left)
  end
  return report.SUCCESS
end

--- Runs the subcommand. Returns the exit status, or nil and an error.
function temppass.run(arguments)
  local mvpd, missing = settings.temp_pass(arguments)
  if not mvpd then return nil, missing end
  local user, unread = user_of(arguments)
  if unread then return nil, unread end
  local client, err = settings.client(arguments)
  if not client then return nil, err end
  local pass = client:temporary_access { mvpd = mvpd, user = user }
  if not arguments.resource then return show_remaining(pass, arguments) end
  local decision, why = pass:authorize(arguments.resource)
  if not decision then return nil, why end
  local left = decision.permitted and remaining(pass) or {}
  local status = authorize.report(client, decision, arguments, left)
  if decision.permitted and not arguments.json and not arguments.token then
    show(left)
  end
  return status
end

return temppass
