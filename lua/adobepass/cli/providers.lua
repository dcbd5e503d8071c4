--- adobepass providers: lists the TV providers.
-- @module adobepass.cli.providers

local cli_text = require "adobepass.cli.text"
local json = require "adobepass.util.json"
local report = require "adobepass.cli.report"
local settings = require "adobepass.cli.settings"
local terminal = require "adobepass.cli.terminal"

local providers = {
  name = "providers",
  summary = "List the TV providers.",
}

local DESCRIPTION = [[
Lists the id and the name of each TV provider of the application. An
application requests this list to show a picker, and never while a viewer is
logged in.]]

local EPILOG = [[
Examples:
  adobepass providers
  adobepass providers --temporary
  adobepass providers --json | jq -r '.providers[].id']]

--- Declares the options.
function providers.define(parser)
  parser:description(DESCRIPTION):epilog(EPILOG)
  settings.define(parser,
    parser:flag("--temporary", "Include TempPass: temporary access without a login."))
end

local function as_json(list)
  local shown = json.array {}
  for index, item in ipairs(list) do
    shown[index] = { id = item.id, display_name = item.display_name,
      logo_url = item.logo_url, temporary = item.temporary or false,
      remembered = item.remembered or false }
  end
  report.json { providers = shown }
end

local function as_text(list)
  local ids = {}
  for index, item in ipairs(list) do ids[index] = terminal.escape(item.id) end
  local width = cli_text.widest(ids)
  for index, item in ipairs(list) do
    local note = item.temporary and "  (TempPass)"
      or item.remembered and "  (last used)" or ""
    terminal.print(("%s  %s%s"):format(cli_text.pad(ids[index], width),
      terminal.escape(item.display_name), terminal.paint("DIM", note)))
  end
end

--- Runs the subcommand. Returns the exit status, or nil and an error.
function providers.run(arguments)
  local client, err = settings.client(arguments)
  if not client then return nil, err end
  local list, why = client:providers { temporary = arguments.temporary }
  if not list then return nil, why end
  if arguments.json then as_json(list) else as_text(list) end
  return report.SUCCESS
end

return providers
