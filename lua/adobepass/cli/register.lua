--- adobepass register: registers this device with the service.
-- @module adobepass.cli.register

local report = require "adobepass.cli.report"
local settings = require "adobepass.cli.settings"
local terminal = require "adobepass.cli.terminal"

local register = {
  name = "register",
  summary = "Register this device, once in its life.",
}

local DESCRIPTION = [[
Trades the software statement for credentials of this device's own, keeps
them, and sees that the service takes them. Every other command does this by
itself when it is needed. Credentials never end: where there are some, they
are only tried.]]

local EPILOG = [[
Examples:
  adobepass register --environment release-staging \
    --service-provider REF30 --statement statement.txt
      After that, no command needs the statement any more.
  adobepass sandbox --exec 'adobepass register'
      In a sandbox everything needed is known.]]

--- Declares the options.
function register.define(parser)
  parser:description(DESCRIPTION):epilog(EPILOG)
  settings.define(parser)
end

local function show(arguments, found, response)
  if arguments.json then return report.json(response) end
  terminal.print(("%s for %s at %s."):format(response.was_registered
    and "This device was registered already" or "This device is registered",
    found.service_provider, found.origins.api))
  terminal.print(terminal.paint("DIM", "Client id  " .. response.client_id))
  terminal.print(terminal.paint("DIM", "Kept in    " .. found.folder))
end

--- Registers this device, and sends one request to check the credentials.
-- Returns the exit status, or nil and an error.
function register.run(arguments)
  local client, found = settings.client(arguments)
  if not client then return nil, found end
  local before, broken = client:client_id()
  if broken then return nil, broken end
  local response, err = client.api:profiles()
  if not response then return nil, err end
  show(arguments, found, { registered = true, was_registered = before ~= nil,
    client_id = tostring(client:client_id()), store = found.folder,
    service_provider = found.service_provider, api = found.origins.api })
  return report.SUCCESS
end

return register
