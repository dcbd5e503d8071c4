--- adobepass logout: logs the viewer out.
-- @module adobepass.cli.logout

local json = require "adobepass.util.json"
local report = require "adobepass.cli.report"
local settings = require "adobepass.cli.settings"
local shell = require "adobepass.util.shell"
local terminal = require "adobepass.cli.terminal"

local logout = {
  name = "logout",
  summary = "Log the viewer out.",
}

local DESCRIPTION = [[
Ends the login at the service and deletes it on this device. Some providers
also have a logout page: its address is printed, and opened in a browser with
--open. The device stays registered.]]

local EPILOG = [[
Examples:
  adobepass logout
  adobepass logout --mvpd Cablevision --open --redirect-url https://example.com

Exit status: 0 logged out, or not logged in before; 1 failure, also if the
service requires an action that this version does not support.]]

--- Declares the options.
function logout.define(parser)
  parser:description(DESCRIPTION):epilog(EPILOG)
  settings.define(parser,
    parser:option("--mvpd", "Log out of this provider only.")
      :argname("<id>")
      :convert(settings.not_empty),
    parser:option("--redirect-url", "The address that the provider's page "
      .. "opens after the logout; required by Adobe (default in the "
      .. "sandbox: its activation page)."):argname("<url>"):convert(settings.not_empty),
    parser:flag("--open", "Open the provider's page in a browser."))
end

-- xdg-open is for Linux desktops, open for macOS.
local OPENER = "if command -v xdg-open; then xdg-open %s; else open %s; fi"
  .. " > /dev/null 2>&1"

local function open_in_browser(url)
  local quoted = shell.quote(url)
  return shell.execute(OPENER:format(quoted, quoted)) == 0
end

local SENTENCES = {
  complete = "Logged out.",
  no_browser = "Logged out here. To log out at the provider too, open:",
  opened = "Logged out. The provider's page was opened in a browser:",
  viewer_to_be_told = "Logged out here. Log out in the system's settings, "
    .. "too.",
  invalid = "The login had already ended.",
  refused = "The service sent an address that is not safe to open.",
  failed = "The logout failed:",
  unknown = "Logged out on this device only: the service requires an action that "
    .. "this version does not support.",
}

local function show(entry)
  terminal.print(("%s  %s"):format(
    terminal.paint("BOLD", terminal.escape(entry.mvpd)),
    SENTENCES[entry.outcome]))
  if entry.error then
    terminal.print("  " .. terminal.escape(entry.error.message))
  end
  if entry.url and entry.outcome ~= "refused" then
    terminal.print("  " .. terminal.paint("LINK", terminal.escape(entry.url)))
  end
end

local function as_json(list)
  local shown = json.array {}
  for index, entry in ipairs(list) do
    shown[index] = { mvpd = entry.mvpd, outcome = entry.outcome,
      action_name = entry.action_name, action_type = entry.action_type,
      url = entry.url, error = entry.error and entry.error.code }
  end
  report.json { logouts = shown }
end

local FAILURES = { failed = true, refused = true, unknown = true }

local function status(list)
  for _, entry in ipairs(list) do
    if FAILURES[entry.outcome] then return report.FAILURE end
  end
  return report.SUCCESS
end

local NO_REDIRECT_URL = "No redirect URL given. Use --redirect-url with the "
  .. "address that the provider's page opens after the logout."

--- Runs the subcommand. Returns the exit status, or nil and an error.
function logout.run(arguments)
  local client, found = settings.client(arguments)
  if not client then return nil, found end
  local redirect_url = settings.redirect_url(arguments, found.origins, "/activate")
  if not redirect_url then return nil, report.usage(NO_REDIRECT_URL) end
  local list, why = client:logout { mvpd = arguments.mvpd,
    redirect_url = redirect_url,
    open_url = arguments.open and open_in_browser or nil }
  if not list then return nil, why end
  if arguments.json then
    as_json(list)
  elseif #list == 0 then
    terminal.print("Not logged in.")
  else
    for _, entry in ipairs(list) do show(entry) end
  end
  return status(list)
end

return logout
