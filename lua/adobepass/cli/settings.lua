--- The options, variables and defaults from which the subcommands make a client.
-- @module adobepass.cli.settings

local lock_cleanup = require "adobepass.cli.lock_cleanup"
local core = require "adobepass.core"
local environment = require "adobepass.api.environment"
local errors = require "adobepass.api.errors"
local json = require "adobepass.util.json"
local jwt = require "adobepass.cli.jwt"
local report = require "adobepass.cli.report"
local shell = require "adobepass.util.shell"
local trace = require "adobepass.cli.trace"

local settings = {}

-- Loads the library at its first use: help, usage errors and the sandbox do without it.
local function library() return require "adobepass" end

--- Returns whether an error is Ctrl-C, which the stand-alone Lua turns into an error.
function settings.is_interrupt(message)
  return tostring(message):find("interrupted!", 1, true) ~= nil
end

--- Like pcall, for a function with one result, but does not catch Ctrl-C.
function settings.try(f, ...)
  local success, result = pcall(f, ...)
  if not success and settings.is_interrupt(result) then error(result, 0) end
  return success, result
end

-- --- options ----------------------------------------------------------------

local function seconds(text)
  local value = tonumber(text)
  if value and value > 0 and value <= 3600 then return value end
  return nil, "invalid timeout: expected more than 0 and at most 3600 seconds, "
    .. "got '" .. text .. "'"
end

--- Refuses an empty value; a converter for argparse.
function settings.not_empty(text)
  if text:find "%S" then return text end
  return nil, "expected a value, got an empty text"
end

local function service_options(parser)
  local name = parser:option("--environment", "Adobe's environment: "
    .. table.concat(environment.names(), ", ") .. " ($ADOBEPASS_ENVIRONMENT).")
    :argname("<name>"):choices(environment.names())
  local api = parser:option("--api", "Another address of the service: "
    .. "https://host:port ($ADOBEPASS_API)."):argname("<url>")
  parser:mutex(name, api)
  parser:group("Service",
    parser:option("--profile", "A named configuration: the options of "
      .. "~/.config/adobepass/<name>.json."):argname("<name>"), name, api,
    parser:option("--mgmt", "The management address for --api "
      .. "($ADOBEPASS_MGMT)."):argname("<url>"),
    parser:option("--ca", "A file of certificate authorities to trust instead of "
      .. "the system's ($ADOBEPASS_CA)."):argname("<file>")
      :convert(settings.not_empty),
    parser:option("--timeout", "Time limit of each call (default: 30).")
      :argname("<seconds>"):convert(seconds))
end

local function identity_options(parser)
  parser:group("Application and device",
    parser:option("--service-provider", "The requestor id of the TVE "
      .. "Dashboard ($ADOBEPASS_SERVICE_PROVIDER; REF30 in the sandbox).")
      :argname("<id>"),
    parser:option("--statement", "A file with the software statement, or - "
      .. "for standard input; needed once, to register "
      .. "($ADOBEPASS_STATEMENT holds the text itself)."):argname("<file>"),
    parser:option("--store", "The folder of credentials and logins "
      .. "($ADOBEPASS_STORE; default: ~/.local/state/adobepass)."):argname("<folder>"),
    parser:option("--device-info", "A file with X-Device-Info as JSON "
      .. "(default: the information of this machine)."):argname("<file>"))
end

local function output_options(parser)
  parser:group("Output",
    parser:option("--language", "The language of texts for viewers: en or es "
      .. "($ADOBEPASS_LANGUAGE; default: en)."):argname("<code>")
      :choices { "en", "es" },
    parser:flag("--json", "Print one line of JSON, for errors too."),
    parser:flag("--verbose", "Log each request on standard error."),
    parser:flag("--trace", "Print each request and response on standard error, "
      .. "without secrets and personal values."))
end

--- Declares the shared options after those of the subcommand.
-- @param parser of the subcommand
-- @param ... the subcommand's own options
function settings.define(parser, ...)
  parser:help_max_width(79)
  if select("#", ...) > 0 then parser:group("Options", ...) end
  service_options(parser)
  identity_options(parser)
  output_options(parser)
end

--- Returns the option --mvpd of a command that needs a TempPass.
function settings.temp_pass_option(parser)
  return parser:option("--mvpd", "The id of the TempPass; required here or in the "
    .. "named configuration."):argname("<id>"):convert(settings.not_empty)
end

-- --- values -----------------------------------------------------------------

local function getenv(name)
  local value = os.getenv("ADOBEPASS_" .. name)
  return value ~= "" and value or nil
end

-- Returns the origin of an address or environment, because one origin can be written in
-- several ways; an invalid value as it is; nil if both are nil.
local function api_of(api, name)
  if not (api or name) then return nil end
  local success, origins = settings.try(environment.resolve,
    api and { api = api } or name)
  return success and origins.api or api or name
end

-- The variables describe one service. If an option names another service, all
-- variables are ignored: the sandbox's CA and statement must not be used with
-- Adobe's service, nor Adobe's with the sandbox.
local function names_other_service(arguments)
  local option = api_of(arguments.api, arguments.environment)
  local variable = api_of(getenv "API", getenv "ENVIRONMENT")
  return option and variable and option ~= variable
end

local function variable(arguments, name)
  return not names_other_service(arguments) and getenv(name) or nil
end

local NO_SERVICE = "No service given. Use --environment release-staging (or "
  .. "another of Adobe's), or the sandbox: adobepass sandbox --exec "
  .. "'adobepass login'"

local function named_service(arguments)
  if arguments.environment then return arguments.environment end
  local api = arguments.api or variable(arguments, "API")
  if not api then return variable(arguments, "ENVIRONMENT") end
  return { api = api,
    mgmt = arguments.mgmt or variable(arguments, "MGMT") }
end

local function without_position(message)
  return (tostring(message):gsub("^.-:%d+: ", "", 1)
    :gsub("^adobepass%.new: ", ""):gsub("^environment%.", "--"))
end

local MGMT_ALONE = "--mgmt requires --api; an environment has its own address"

--- Returns the origins `api` and `mgmt` of the service; or nil and an error.
function settings.origins(arguments)
  local named = named_service(arguments)
  if not named then return nil, report.usage(NO_SERVICE) end
  if arguments.mgmt and type(named) == "string" then
    return nil, report.usage(MGMT_ALONE)
  end
  local success, origins = settings.try(environment.resolve, named)
  if success then return origins end
  return nil, report.usage(without_position(origins))
end

--- Returns whether an origin is on this machine; it is then treated as a sandbox.
function settings.is_loopback(origin)
  local host = origin:match "^%a+://([^/]*)"
  return host:find "^127%." ~= nil or host == "localhost"
    or host:find "^localhost:" ~= nil or host:find "^%[::1%]" ~= nil
end

--- Returns the content of a file, or of standard input if `path` is "-"; or nil
-- and an error.
function settings.read(path)
  if path == "-" then return io.read "*a" end
  local text, message = shell.read_file(path)
  if text then return text end
  return nil, report.usage("The file cannot be read: " .. message)
end

local NO_JWT = "The software statement is not a JWT. Use the complete text "
  .. "from the TVE Dashboard."

--- Returns the software statement; nil if none was given; nil and an error if it
-- cannot be read.
function settings.statement(arguments)
  local text, err = variable(arguments, "STATEMENT"), nil
  if arguments.statement then
    text, err = settings.read(arguments.statement)
  end
  if not text then return nil, err end
  text = text:gsub("%s+", "")
  if core.jws.peek(text) then return text end
  return nil, report.usage(NO_JWT)
end

local function only_provider(statement)
  local token = statement and jwt.read(statement)
  local list = token and jwt.list(token.claims.service_providers) or {}
  return #list == 1 and list[1] or nil
end

--- Returns the service provider's id; or nil and an error.
function settings.service_provider(arguments, origins, statement)
  local id = arguments.service_provider
    or variable(arguments, "SERVICE_PROVIDER") or only_provider(statement)
    or settings.is_loopback(origins.api) and "REF30"
  if id then return id end
  return nil, report.usage("No service provider given. Use "
    .. "--service-provider with the requestor id of the TVE Dashboard.")
end

--- Returns the id of the TempPass; or nil and an error.
function settings.temp_pass(arguments)
  if arguments.mvpd then return arguments.mvpd end
  return nil, report.usage "No TempPass given. Use --mvpd with its id."
end

--- Returns the language of texts for viewers; nil if none was given, or there are no
-- texts in it.
function settings.language(arguments)
  local language = arguments.language or getenv "LANGUAGE"
  return errors.is_language(language) and language or nil
end

--- Returns the folder of the store; or nil and an error.
function settings.folder(arguments)
  local state, home = os.getenv "XDG_STATE_HOME", os.getenv "HOME"
  if home == "" then home = nil end
  if state and state:sub(1, 1) ~= "/" then state = nil end -- XDG base directories
  if not state and home then state = home .. "/.local/state" end
  local folder = arguments.store or variable(arguments, "STORE")
    or state and state .. "/adobepass"
  if folder and folder ~= "" then return folder end
  return nil, report.usage("No folder for the store. Use --store, or set HOME.")
end

--- Returns the CA file, or nil for the system's authorities.
function settings.ca(arguments)
  return arguments.ca or variable(arguments, "CA")
end

--- Sends one request, and waits for its response. Returns the response; or nil, a
-- message and an error code, which is `ca_unreadable` if the CA file cannot be read.
-- @param request of core.http
function settings.send(arguments, request)
  local transport, message, code = core.http.new { ca_file = settings.ca(arguments),
    timeout = arguments.timeout }
  if not transport then
    local is_file = code == "not_found" or code == "no_access"
    return nil, message, is_file and "ca_unreadable" or code
  end
  local transfer, response
  transfer, message, code = transport:submit(request)
  if transfer then
    -- The timeout of the transport ends the transfer.
    library().driver.block().wait(transport, transfer, math.huge)
    response, message, code = transfer:result()
  end
  transport:close()
  return response, message, code
end

--- Returns the device information: of --device-info, or of this machine; or nil
-- and an error.
function settings.device_info(arguments)
  if arguments.device_info then
    local text, err = settings.read(arguments.device_info)
    if not text then return nil, err end
    local info = json.decode(text)
    if type(info) == "table" and not json.is_array(info) then return info end
    return nil, report.usage("--device-info: expected a file with one JSON "
      .. "object.")
  end
  local info = library().platform()
  info.primaryHardwareType = info.primaryHardwareType or "Desktop"
  return info
end

--- Returns the domain name of a login: the given one, or adobe.com in a sandbox; or
-- nil.
function settings.domain_name(arguments, origins)
  return arguments.domain_name
    or settings.is_loopback(origins.api) and "adobe.com" or nil
end

--- Returns the redirect URL of a login or logout: the given one, or a page of the
-- sandbox; else nil.
-- @param page the path of that page
function settings.redirect_url(arguments, origins, page)
  return arguments.redirect_url
    or settings.is_loopback(origins.api) and origins.api .. page or nil
end

--- Reads the options and variables. Returns a table with `origins`, `statement`,
-- `service_provider`, `folder` and `ca`; or nil and an error.
function settings.gather(arguments)
  local origins, err = settings.origins(arguments)
  if not origins then return nil, err end
  local statement, why = settings.statement(arguments)
  if why then return nil, why end
  local provider, unknown = settings.service_provider(arguments, origins,
    statement)
  if not provider then return nil, unknown end
  local folder, nowhere = settings.folder(arguments)
  if not folder then return nil, nowhere end
  return { origins = origins, statement = statement, folder = folder,
    service_provider = provider, ca = settings.ca(arguments) }
end

local function broken_store(message)
  return nil, errors.new { code = "store_failed",
    action = "none", message = message }
end

-- Returns a transport for --trace, else nil. If it cannot be created, returns nil, too:
-- the client then tries to create one, and reports the error.
local function transport_of(arguments, found)
  return arguments.trace and trace.transport(found.ca, arguments.json) or nil
end

local function make(arguments, found, device)
  return library().new {
    service_provider = found.service_provider, environment = found.origins,
    software_statement = found.statement, store = found.store,
    http = { ca_file = found.ca }, transport = transport_of(arguments, found),
    timeout = arguments.timeout,
    device = device, language = settings.language(arguments),
    on_event = arguments.verbose and report.events(arguments.json) or nil,
  }
end

--- Returns a client for the result of `gather`, and adds `store` and `device_id`
-- to that result; or nil and an error.
function settings.make_client(arguments, found)
  local info, err = settings.device_info(arguments)
  if not info then return nil, err end
  found.store = lock_cleanup.wrap(found.store
    or library().store.file(found.folder))
  local id, message = library().device_id(found.store)
  if not id then return broken_store(message) end
  found.device_id = id
  local success, client = settings.try(make, arguments, found,
    { id = id, info = info })
  if success then
    -- The user may have fixed the cause of the last failure. A broken store is
    -- reported by the command itself.
    client:forget_failure()
    return client
  end
  return nil, report.usage(without_position(client))
end

--- Returns a client and the result of `gather`; or nil and an error.
function settings.client(arguments)
  local found, err = settings.gather(arguments)
  if not found then return nil, err end
  local client, why = settings.make_client(arguments, found)
  if not client then return nil, why end
  return client, found
end

return settings
