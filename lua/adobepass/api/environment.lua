--- Resolves an environment, by name or by URLs, to the hosts of the service.
-- @module adobepass.api.environment

local options = require "adobepass.util.options"
local tables = require "adobepass.util.tables"

local environment = {}

-- Reference, "Hosts". The SSO Service is on the API's host.
local HOSTS = {
  ["release-production"] = { "sp.auth.adobe.com", "mgmt.auth.adobe.com" },
  ["prequal-production"] = { "sp-prequal.auth.adobe.com",
    "mgmt-prequal.auth.adobe.com" },
  ["release-staging"] = { "sp.auth-staging.adobe.com",
    "mgmt.auth-staging.adobe.com" },
  ["prequal-staging"] = { "sp-prequal.auth-staging.adobe.com",
    "mgmt-prequal.auth-staging.adobe.com" },
}

--- Returns the names of Adobe's environments, sorted.
function environment.names() return tables.sorted_keys(HOSTS) end

--- Returns the origin of a URL, "https://host[:port]" in lower case; nil if it
-- is not an http or https URL. Refuses user information ("user@host").
function environment.origin(url)
  local scheme, host, after = tostring(url):match("^([hH][tT][tT][pP][sS]?)"
    .. "://([^/?#@%c%s\\]+)(.?)")
  if not scheme or after:find "[^/?#]" then return nil end
  return (scheme .. "://" .. host):lower()
end

local function check_origin(name, url)
  local origin = environment.origin(url)
  if origin and origin == (url:gsub("/$", "")):lower() then return origin end
  error(("environment.%s should be a URL such as https://host:port, "
    .. "not '%s'"):format(name, options.shown(url)))
end

--- Returns the origins of the API and of the management host. Raises for an
-- unknown name or a value that is not an origin.
-- @tparam string|table given a name, or { api = url, mgmt = url }
-- @treturn table `api`, `mgmt`
function environment.resolve(given)
  if type(given) == "string" then
    local hosts = HOSTS[given]
    if not hosts then
      error(("environment should be one of %s, or { api = url, mgmt = url }, "
        .. "not '%s'"):format(table.concat(environment.names(), ", "),
        options.shown(given)))
    end
    return { api = "https://" .. hosts[1], mgmt = "https://" .. hosts[2] }
  end
  options.check("environment", given, { api = "string", mgmt = "string?" })
  return { api = check_origin("api", given.api),
    mgmt = check_origin("mgmt", given.mgmt or given.api) }
end

return environment
