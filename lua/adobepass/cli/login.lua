--- adobepass login: logs a viewer in with a second screen.
-- @module adobepass.cli.login

local code_screen = require "adobepass.cli.code_screen"
local core = require "adobepass.core"
local errors = require "adobepass.api.errors"
local picker = require "adobepass.cli.picker"
local profiles = require "adobepass.cli.profiles"
local report = require "adobepass.cli.report"
local settings = require "adobepass.cli.settings"
local terminal = require "adobepass.cli.terminal"
local cli_text = require "adobepass.cli.text"

local login = {
  name = "login",
  summary = "Log a viewer in, with a phone as second screen.",
}

local DESCRIPTION = [[
Shows a code, an address and a QR code, and waits until the viewer has logged
in on a phone or a computer. Without --mvpd, the provider is chosen from a list
if there is a terminal, and on the second screen otherwise. Registers the
device first if necessary.]]

local EPILOG = [[
Examples:
  adobepass sandbox --exec 'adobepass login'
      Log in to the sandbox, as viewer ann with password secret.
  adobepass login --environment release-staging --service-provider REF30 \
    --statement statement.txt --domain-name example.com \
    --redirect-url https://example.com/done
      Log in to Adobe's service. The statement is needed only once.
  adobepass login --mvpd Cablevision --json
      Print two lines: {"event":"code", ...}, then {"event":"profile", ...}.

Exit status: 0 logged in; 3 the code expired; 4 the provider denied the login;
130 interrupted by Ctrl-C.]]

local function interval(text)
  local value = tonumber(text)
  if value and value >= 3 and value <= 60 then return value end
  return nil, "invalid interval: expected 3 (Adobe's minimum) to 60 "
    .. "seconds, got '" .. text .. "'"
end

--- Declares the options.
function login.define(parser)
  parser:description(DESCRIPTION):epilog(EPILOG)
  settings.define(parser,
    parser:option("--mvpd", "The id of the viewer's TV provider.")
      :argname("<id>")
      :convert(settings.not_empty),
    parser:option("--domain-name", "A domain that is registered with Adobe "
      .. "for your application (in the sandbox: adobe.com)."):argname("<domain>")
      :convert(settings.not_empty),
    parser:option("--redirect-url", "The address that the second screen opens "
      .. "after the login (default in the sandbox: its success page).")
      :argname("<url>"):convert(settings.not_empty),
    parser:option("--activation-url", "Your page on which a viewer enters the "
      .. "code. It must add the domain name and the redirect URL if they are not "
      .. "given here (in the sandbox: /activate)."):argname("<url>")
      :convert(settings.not_empty),
    parser:option("--interval", "Seconds between polls (default: 5).")
      :argname("<seconds>"):convert(interval),
    parser:flag("--attributes", "Include the values of the profile's "
      .. "attributes in --json."),
    parser:flag("--no-qr", "Do not draw a QR code."))
end

-- --- provider ---------------------------------------------------------------

local function can_prompt(arguments)
  return not arguments.json and terminal.is_terminal(0)
    and terminal.is_terminal(1) and os.getenv "TERM" ~= "dumb"
end

local function cancelled()
  return nil, errors.new { code = "cancelled", action = "none",
    message = "No provider was chosen." }
end

local function pick(client)
  local list, err = client:providers()
  if not list then return nil, err end
  local item = picker.choose(list)
  if item == nil then return cancelled() end
  if item then client:remember_provider(item) end
  return item and item.id or false
end

-- Returns the provider's id; false if the viewer chooses on the second screen; or nil
-- and an error. Adobe forbids a request for the list of providers while a viewer is
-- logged in.
local function provider(client, arguments)
  if arguments.mvpd then return arguments.mvpd end
  if not can_prompt(arguments) then return false end
  local list, err = profiles.request(client)
  if not list then return nil, err end
  for _, item in ipairs(list) do
    if item.type ~= "temporary" then return false end
  end
  return pick(client)
end

-- --- waiting ----------------------------------------------------------------

local Progress = {}
Progress.__index = Progress

local function line_of(self)
  local left = (self.flow.expires_at - self.client:now_ms()) / 1000
  return (" Waiting for the login  %s left  polled %d time%s"):format(
    cli_text.countdown(left), self.attempts, self.attempts == 1 and "" or "s")
end

function Progress:show_code(flow)
  self.flow = flow
  if self.arguments.json then
    report.json { event = "code", code = flow.code, url = flow.url,
      qr = flow.qr, mvpd = flow.mvpd, expires_at = flow.expires_at,
      interval = flow.interval }
  elseif terminal.is_terminal(1) then
    code_screen.show(flow, not self.arguments.no_qr)
  else
    code_screen.show_plain(flow)
    terminal.print(line_of(self))
  end
end

-- Rewrites the progress line, on a terminal only. Returns true, which cancels the
-- login, if the code could not be printed.
function Progress:update()
  if not self.arguments.json and terminal.is_terminal(1) then
    terminal.progress(line_of(self))
  end
  return terminal.write_error() ~= nil
end

-- Counts a poll. If the output is no terminal, prints at most one line per
-- minute.
function Progress:count_poll()
  self.attempts = self.attempts + 1
  if self.arguments.json or terminal.is_terminal(1) then return end
  local minute = math.floor(core.clock.monotonic() / 60)
  if minute ~= self.minute then terminal.print(line_of(self)) end
  self.minute = minute
end

-- --- result -----------------------------------------------------------------

local function show_profile(progress, profile)
  local arguments = progress.arguments
  if arguments.json then
    return report.json { event = "profile", was_signed_in = not progress.flow,
      profile = report.profile(profile, arguments.attributes) }
  end
  local until_when = profile.not_after and ", until "
    .. cli_text.date(profile.not_after, progress.client:now_ms()) or ""
  terminal.print(("%s with %s%s."):format(terminal.paint("GOOD",
    progress.flow and "Logged in" or "Already logged in"),
    terminal.paint("BOLD", terminal.escape(profile.mvpd)), until_when))
  if progress.flow then
    terminal.print(terminal.paint("DIM", "Next: adobepass preauthorize or "
      .. "adobepass authorize, with the id of a resource."))
  end
end

local function activation_url(arguments, found, mvpd)
  if arguments.activation_url or mvpd then return arguments.activation_url end
  return settings.is_loopback(found.origins.api)
    and found.origins.api .. "/activate" or nil
end

local NO_ADDRESSES = "No domain name or redirect URL given. Use --domain-name and "
  .. "--redirect-url, or --activation-url with a page that adds them."

-- The page of the sandbox that a login redirects to.
local SUCCESS = "/activate/success"

-- Without both addresses and an activation page, no viewer could finish the login.
local function check_addresses(arguments, origins)
  if arguments.activation_url or settings.domain_name(arguments, origins)
      and settings.redirect_url(arguments, origins, SUCCESS) then
    return true
  end
  return nil, report.usage(NO_ADDRESSES)
end

local function options_of(arguments, found, mvpd, progress)
  return { mvpd = mvpd or nil, fresh = true,
    domain_name = settings.domain_name(arguments, found.origins),
    redirect_url = settings.redirect_url(arguments, found.origins, SUCCESS),
    activation_url = activation_url(arguments, found, mvpd),
    interval = arguments.interval,
    on_code = function(flow) progress:show_code(flow) end,
    on_poll = function() progress:count_poll() end,
    cancel = function() return progress:update() end }
end

--- Runs the subcommand. Returns the exit status, or nil and an error.
function login.run(arguments)
  local client, found = settings.client(arguments)
  if not client then return nil, found end
  local is_complete, missing = check_addresses(arguments, found.origins)
  if not is_complete then return nil, missing end
  local mvpd, err = provider(client, arguments)
  if mvpd == nil then return nil, err end
  local progress = setmetatable({ client = client, arguments = arguments,
    attempts = 0 }, Progress)
  local profile, why = client:login(options_of(arguments, found, mvpd,
    progress))
  if not profile then return nil, why end
  show_profile(progress, profile)
  return report.SUCCESS
end

return login
