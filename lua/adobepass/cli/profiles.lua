--- adobepass profiles: shows the profiles of this device.
-- @module adobepass.cli.profiles

local json = require "adobepass.util.json"
local report = require "adobepass.cli.report"
local settings = require "adobepass.cli.settings"
local terminal = require "adobepass.cli.terminal"
local cli_text = require "adobepass.cli.text"

local profiles = {
  name = "profiles",
  summary = "Show the profiles of this device: who is logged in.",
}

local DESCRIPTION = [[
Requests the profiles of this device, and prints the provider, the kind and the
expiry of each. A profile's attributes identify the viewer: their names are
printed, and their values only with --attributes.]]

local EPILOG = [[
Examples:
  adobepass profiles
  adobepass profiles --json | jq -r '.profiles[0].mvpd'

Exit status: 0 logged in; 3 not logged in.]]

--- Declares the options.
function profiles.define(parser)
  parser:description(DESCRIPTION):epilog(EPILOG)
  settings.define(parser,
    parser:option("--mvpd", "Show only this provider's profiles."):argname("<id>")
      :convert(settings.not_empty),
    parser:flag("--attributes", "Print the values of the attributes, too."))
end

--- Requests the device's profiles. Returns a list, with the profile that is
-- valid longest first; or nil and an error.
-- @string[opt] mvpd return only this provider's profiles
function profiles.request(client, mvpd)
  local found, err = client:profiles()
  if not found then return nil, err end
  local list = {}
  for _, item in ipairs(found) do
    if not mvpd or item.mvpd == mvpd then list[#list + 1] = item end
  end
  return list
end

local function as_json(list, arguments)
  local shown = json.array {}
  for index, item in ipairs(list) do
    shown[index] = report.profile(item, arguments.attributes)
  end
  report.json { profiles = shown }
end

local function row(name, text)
  terminal.print(("  %s  %s"):format(
    terminal.paint("DIM", cli_text.pad(name, 10)),
    terminal.escape(text)))
end

local function value_of(item, name)
  local value = item.attributes[name]
  return terminal.escape(type(value) == "string" and value
    or json.encode(value))
end

local function show_attributes(item, with_values)
  local names = report.profile(item, false).attributes
  if not with_values and #names > 0 then
    row("attributes", table.concat(names, ", "))
  end
  if not with_values then return end
  local width = cli_text.widest(names)
  for _, name in ipairs(names) do
    terminal.print(("  %s  %s"):format(
      terminal.paint("DIM", cli_text.pad(terminal.escape(name), math.max(10, width))),
      value_of(item, name)))
  end
end

local function show(client, item, arguments)
  terminal.print(terminal.paint("BOLD", terminal.escape(item.mvpd)))
  row("kind", item.type or "unknown")
  if item.issuer then row("issuer", item.issuer) end
  row("expires", cli_text.date(item.not_after, client:now_ms()))
  show_attributes(item, arguments.attributes)
end

--- Runs the subcommand. Returns the exit status, or nil and an error.
function profiles.run(arguments)
  local client, err = settings.client(arguments)
  if not client then return nil, err end
  local list, why = profiles.request(client, arguments.mvpd)
  if not list then return nil, why end
  if arguments.json then
    as_json(list, arguments)
  elseif #list == 0 then
    terminal.print("Not logged in. Run adobepass login.")
  else
    for _, item in ipairs(list) do show(client, item, arguments) end
  end
  return #list > 0 and report.SUCCESS or report.NOT_LOGGED_IN
end

return profiles
