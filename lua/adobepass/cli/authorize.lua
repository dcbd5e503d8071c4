--- adobepass authorize: requests the decision for one playback.
-- @module adobepass.cli.authorize

local preauthorize = require "adobepass.cli.preauthorize"
local report = require "adobepass.cli.report"
local settings = require "adobepass.cli.settings"
local terminal = require "adobepass.cli.terminal"
local cli_text = require "adobepass.cli.text"

local authorize = {
  name = "authorize",
  summary = "Request authorization for one playback.",
}

local DESCRIPTION = [[
Requests a decision from the provider. An application does this before each
playback. A permit includes a media token for the player, which is valid for
some minutes and for one use. The token is printed only with --token: alone, or
as a field of --json.]]

local EPILOG = [[
Examples:
  adobepass authorize CNN
  adobepass authorize CNN --token | player --media-token -
  adobepass authorize CNN --json && echo "permitted"

Exit status: 0 permitted; 3 not logged in; 4 denied.]]

--- Declares the arguments and options.
function authorize.define(parser)
  parser:description(DESCRIPTION):epilog(EPILOG)
  parser:argument("resource", "The id of the resource.")
    :argname("<resource>"):convert(settings.not_empty)
  settings.define(parser,
    parser:option("--mvpd", "Use this provider instead of the one logged in with.")
      :argname("<id>")
      :convert(settings.not_empty),
    parser:flag("--token", "Print the media token."))
end

local function as_json(decision, with_token, more)
  local view = preauthorize.view(decision)
  view.media_token_not_after = decision.media_token_not_after
  view.media_token = with_token and decision.media_token or nil
  for name, value in pairs(more or {}) do view[name] = value end
  report.json(view)
end

local function show_permit(client, decision)
  local name = terminal.escape(decision.resource)
  terminal.print(("%s  %s"):format(
    terminal.paint("GOOD", "permitted"), terminal.paint("BOLD", name)))
  local left = decision.media_token_not_after
  if left then
    terminal.print(terminal.paint("DIM", ("The media token is valid for %s; "
      .. "--token prints it."):format(
      cli_text.duration((left - client:now_ms()) / 1000))))
  end
end

-- With --token a player reads standard output: a denial goes to standard error.
local function show_denial(decision, token_alone)
  local write = token_alone and terminal.print_error or terminal.print
  write(("%s  %s: %s [%s]"):format(terminal.paint("BAD", "denied"),
    terminal.escape(decision.resource), preauthorize.reason(decision),
    terminal.escape(decision.error.code)))
  -- A denial by the provider has no remedy.
  if report.status(decision.error) ~= report.DENIED
      or decision.error.action ~= "none" then
    write(report.advice(decision.error))
  end
end

local function as_text(client, decision, token_alone)
  if not decision.permitted then
    return show_denial(decision, token_alone)
  end
  if not token_alone then return show_permit(client, decision) end
  if decision.media_token then return terminal.print(decision.media_token) end
  terminal.print_error "The permit contains no media token."
end

-- With --token, a permit without a media token is a failure.
local function status(decision, arguments)
  if not decision.permitted then
    return report.status(decision.error)
  end
  return arguments.token and not decision.media_token and report.FAILURE
    or report.SUCCESS
end

--- Prints a decision. Returns the exit status.
-- @tparam ?table more fields for --json
function authorize.report(client, decision, arguments, more)
  if arguments.json then
    as_json(decision, arguments.token, more)
  else
    as_text(client, decision, arguments.token)
  end
  return status(decision, arguments)
end

--- Runs the subcommand. Returns the exit status, or nil and an error.
function authorize.run(arguments)
  local client, err = settings.client(arguments)
  if not client then return nil, err end
  local decision, why = client:authorize(arguments.resource,
    { mvpd = arguments.mvpd })
  if not decision then return nil, why end
  return authorize.report(client, decision, arguments)
end

return authorize
