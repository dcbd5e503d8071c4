--- adobepass preauthorize: filters a list of resources.
-- @module adobepass.cli.preauthorize

local json = require "adobepass.util.json"
local report = require "adobepass.cli.report"
local settings = require "adobepass.cli.settings"
local terminal = require "adobepass.cli.terminal"
local cli_text = require "adobepass.cli.text"

local preauthorize = {
  name = "preauthorize",
  summary = "Filter a catalog: which resources may the viewer watch?",
}

local DESCRIPTION = [[
Requests decisions for any number of resources, and prints which of them the
viewer may watch, and the reason for each denial. Use it to filter a catalog; a
playback requires adobepass authorize.]]

local EPILOG = [[
Examples:
  adobepass preauthorize CNN TBS HBO
  adobepass preauthorize --json $(cat channels) | jq -r '.permitted[]'

Exit status: 0 at least one is permitted; 3 not logged in; 4 all are denied.]]

--- Declares the arguments and options.
function preauthorize.define(parser)
  parser:description(DESCRIPTION):epilog(EPILOG)
  parser:argument("resources", "The ids of the resources.")
    :args("+"):argname("<resource>"):convert(settings.not_empty)
  settings.define(parser,
    parser:option("--mvpd", "Use this provider instead of the one logged in with.")
      :argname("<id>")
      :convert(settings.not_empty))
end

--- Returns the fields of a decision that --json prints.
function preauthorize.view(decision)
  local err = decision.error
  return { resource = decision.resource, permitted = decision.permitted,
    mvpd = decision.mvpd, source = decision.source,
    not_before = decision.not_before, not_after = decision.not_after,
    reason = decision.reason, code = err and err.code,
    action = err and err.action, details = err and err.details }
end

local function as_json(result)
  local decisions = json.array {}
  for index, decision in ipairs(result.decisions) do
    decisions[index] = preauthorize.view(decision)
  end
  report.json { mvpd = result.mvpd, decisions = decisions,
    permitted = json.array(result.permitted), is_right_to_play = false }
end

--- Returns the reason for a denial, for a terminal.
function preauthorize.reason(decision)
  return terminal.escape(decision.reason)
end

local function show(decision, width)
  local name = cli_text.pad(terminal.escape(decision.resource), width)
  if decision.permitted then
    return terminal.print(("  %s  %s"):format(name,
      terminal.paint("GOOD", "permitted")))
  end
  terminal.print(("  %s  %s  %s"):format(name,
    terminal.paint("BAD", "denied"), preauthorize.reason(decision)))
end

local function as_text(result)
  local names = {}
  for index, decision in ipairs(result.decisions) do
    names[index] = terminal.escape(decision.resource)
  end
  local width = cli_text.widest(names)
  for _, decision in ipairs(result.decisions) do show(decision, width) end
  terminal.print(terminal.paint("DIM", ("  %d of %d permitted at %s"):format(
    #result.permitted, #names, terminal.escape(result.mvpd))))
end

local function status(result)
  if #result.permitted > 0 then return report.SUCCESS end
  local first = result.denied[1].error
  return first.action == "authentication" and report.NOT_LOGGED_IN
    or report.DENIED
end

--- Runs the subcommand. Returns the exit status, or nil and an error.
function preauthorize.run(arguments)
  local client, err = settings.client(arguments)
  if not client then return nil, err end
  local result, why = client:preauthorize(arguments.resources,
    { mvpd = arguments.mvpd })
  if not result then return nil, why end
  if arguments.json then as_json(result) else as_text(result) end
  return status(result)
end

return preauthorize
