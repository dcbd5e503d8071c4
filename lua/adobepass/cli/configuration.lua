--- Named configurations: the options of one service in a JSON file, which
-- `--profile NAME` reads.
-- @module adobepass.cli.configuration

local json = require "adobepass.util.json"
local options = require "adobepass.util.options"
local report = require "adobepass.cli.report"
local settings = require "adobepass.cli.settings"
local shell = require "adobepass.util.shell"
local tables = require "adobepass.util.tables"

local configuration = {}

local FIELDS = { environment = "string?", api = "string?", mgmt = "string?",
  ca = "string?", timeout = options.number(0.001, 3600),
  service_provider = "string?", statement = "string?", store = "string?",
  device_info = "string?", language = "string?", mvpd = "string?",
  domain_name = "string?", redirect_url = "string?", activation_url = "string?" }

-- These paths are relative to the folder of the configuration file.
local PATHS = { "ca", "statement", "store", "device_info" }

local function folder()
  local base, home = os.getenv "XDG_CONFIG_HOME", os.getenv "HOME"
  if base and base:sub(1, 1) == "/" then return base .. "/adobepass" end
  return home and home ~= "" and home .. "/.config/adobepass" or nil
end

local function read(name)
  local path = folder()
  if not path then return nil, "--profile: HOME is not set" end
  path = ("%s/%s.json"):format(path, name)
  local text, message = shell.read_file(path)
  if not text then return nil, "--profile: " .. message end
  local given = json.decode(text)
  if type(given) ~= "table" or json.is_array(given) then
    return nil, ("%s: expected one JSON object"):format(path)
  end
  return given, path
end

-- Raises an error that names an invalid option.
local function check(path, given)
  options.check(path, given, FIELDS)
  for _, name in ipairs(tables.sorted_keys(given)) do
    if not tostring(given[name]):find "%S" then
      error(("%s: %s should be a value, not an empty text"):format(path, name))
    end
  end
  if given.language and not settings.language(given) then
    error(("%s: language should be en or es, not '%s'"):format(path, given.language))
  end
end

--- Adds the options of the named configuration to the arguments, which have
-- precedence. Returns true, or nil and an error.
function configuration.apply(arguments)
  local name = arguments.profile
  if not name then return true end
  if not name:find "^[%w][%w._-]*$" then
    return nil, report.usage("--profile: expected a name of letters, digits, '.', '_' "
      .. "and '-'")
  end
  local given, path = read(name)
  if not given then return nil, report.usage(path) end
  local success, message = settings.try(check, path, given)
  if not success then
    return nil, report.usage((tostring(message):gsub("^.-:%d+: ", "", 1)))
  end
  for _, field in ipairs(PATHS) do
    local value = given[field]
    if value and value:sub(1, 1) ~= "/" then
      given[field] = path:match "^(.*)/" .. "/" .. value
    end
  end
  local names_service = arguments.api or arguments.environment
  for field, value in pairs(given) do
    local is_service = field == "api" or field == "environment" or field == "mgmt"
    if arguments[field] == nil and not (is_service and names_service) then
      arguments[field] = value
    end
  end
  return true
end

return configuration
