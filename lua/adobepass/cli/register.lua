--- adobepass register: registers this device with the service.
-- @module adobepass.cli.register

local report = require "adobepass.cli.report"
local settings = require "adobepass.cli.settings"
local terminal = require "adobepass.cli.terminal"

local register = {
  name = "register",
  summary = "Register this device (needed once).",
}

local DESCRIPTION = [[
Exchanges the software statement for credentials of this device, stores them,
and checks that the service accepts them. If credentials are stored, only
checks them, because they do not expire. Every command that needs credentials,
except doctor, registers the device when necessary.]]

local EPILOG = [[
Examples:
  adobepass register --environment release-staging \
    --service-provider REF30 --statement statement.txt
      After that, no command needs the statement.
  adobepass sandbox --exec 'adobepass register'
      In a sandbox no options are needed.]]

--- Declares the options.
function register.define(parser)
  parser:description(DESCRIPTION):epilog(EPILOG)
  settings.define(parser)
end

local function show(arguments, found, response)
  if arguments.json then return report.json(response) end
  terminal.print(("%s for %s at %s."):format(response.was_registered
    and "This device was already registered" or "This device is registered",
    found.service_provider, found.origins.api))
  terminal.print(terminal.paint("DIM", "Client id  " .. response.client_id))
  terminal.print(terminal.paint("DIM", "Store      " .. found.folder))
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
