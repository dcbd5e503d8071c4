--- Compares two test doubles of the service: the sandbox, and Prism's mock of
-- Adobe's OpenAPI files. Each check is a rule of Adobe's pages that the tests of an
-- application may rely on. Run bench/doubles. Exit status 1 if the sandbox misses one.

local core = require "adobepass.core"
local hosts = require "bench.double_hosts"
local json = require "adobepass.util.json"
local results = require "bench.results"
local shell = require "adobepass.util.shell"
local tools = require "bench.gateway_tools"
local tv_client = require "spec.support.tv_client"

local PRISM = "build/npm/node_modules/.bin/prism"
local FORM, JSON = "application/x-www-form-urlencoded", "application/json"
local DEVICE = "fingerprint " .. core.base64.encode "tv-1"
local INFO = core.base64.encode(json.encode { primaryHardwareType = "TV",
  model = "TV", version = "1", osName = "Linux", osVersion = "6" })
local PROFILES = "/api/v2/REF30/profiles"
local SESSION = tv_client.form { mvpd = "Cablevision", domainName = "adobe.com",
  redirectUrl = "https://adobe.com" }
local REQUESTS = 2000

local now = core.clock.monotonic

-- Sends a request of a TV. Returns status, decoded body, headers.
local function send(double, method, path, options)
  options = options or {}
  local headers = { Accept = "application/json", ["X-Device-Info"] = INFO,
    Authorization = options.bearer or double.bearer,
    ["Content-Type"] = options.body and (options.kind or FORM),
    ["AP-Device-Identifier"] = DEVICE }
  for _, name in ipairs(options.without or {}) do headers[name] = nil end
  local response = assert(tv_client.fetch(double.transport, { method = method,
    url = double:url(path), headers = headers, body = options.body }))
  local body = json.decode(response.body)
  return response.status, type(body) == "table" and body or {}, response.headers
end

local function register(double, statement)
  return send(double, "POST", "/o/client/register", { kind = JSON,
    without = { "AP-Device-Identifier", "Authorization" },
    body = json.encode { software_statement = statement,
      redirect_uri = "com.adobe.example://" } })
end

-- Adobe's page describes a form, its OpenAPI file a query; so each double gets what
-- it expects.
local function token(double, id, secret)
  local form = tv_client.form { client_id = id, client_secret = secret,
    grant_type = "client_credentials" }
  local without = { "AP-Device-Identifier", "Authorization" }
  if double.wants_query then
    return send(double, "POST", "/o/client/token?" .. form, { without = without })
  end
  return send(double, "POST", "/o/client/token", { without = without,
    body = form })
end

local function code_of(double)
  local _, found = send(double, "POST", "/api/v2/REF30/sessions",
    { body = SESSION })
  return found.code
end

local function decision(double, kind, resource)
  local _, found = send(double, "POST", "/api/v2/REF30/decisions/" .. kind
    .. "/Cablevision", { kind = JSON,
      body = json.encode { resources = json.array { resource } } })
  return found.decisions and found.decisions[1] or {}
end

-- Returns the name of a profile; nil, status if there is none.
local function profile_of(double)
  local status, found = send(double, "GET", PROFILES)
  return next(found.profiles or {}), status
end

local function has_no_profile(double)
  local name, status = profile_of(double)
  return name == nil and status == 200
end

-- Checks in the order of a login, a playback and a logout. Each returns whether the
-- double behaves as the text says.
local CHECKS = {
  { "registers a client and grants a token", function(double)
    local _, client = register(double, double.statement)
    local _, found = token(double, client.client_id or "x",
      client.client_secret or "x")
    double.bearer = "Bearer " .. tostring(found.access_token)
    return found.access_token ~= nil and client.client_id ~= nil
  end },
  { "refuses a software statement that Adobe did not issue", function(double)
    return register(double, "e30.e30.e30") == 400
  end },
  { "refuses unknown client credentials", function(double)
    return token(double, "unknown", "unknown") == 400
  end },
  { "refuses a request without a token (401)", function(double)
    return send(double, "GET", PROFILES, { without = { "Authorization" } }) == 401
  end },
  { "refuses an unknown token (401)", function(double)
    return send(double, "GET", PROFILES, { bearer = "Bearer unknown" }) == 401
  end },
  { "names a missing header in an enhanced error", function(double)
    local status, found = send(double, "GET", PROFILES,
      { without = { "AP-Device-Identifier" } })
    return status == 400 and (found.code or ""):find "device_identifier" ~= nil
  end },
  { "names an unknown service provider", function(double)
    local status, found = send(double, "GET", "/api/v2/UNKNOWN/profiles")
    return status == 400 and (found.code or ""):find "service_provider" ~= nil
  end },
  { "refuses a body that the OpenAPI file does not allow", function(double)
    return send(double, "POST", "/api/v2/REF30/decisions/authorize/Cablevision",
      { kind = JSON, body = '{"resources":"one"}' }) == 400
  end },
  { "has no profile before the login", function(double)
    return has_no_profile(double)
  end },
  { "creates a code of seven characters", function(double)
    double.code = code_of(double)
    return #tostring(double.code) == 7
  end },
  { "redirects a browser with the code to the provider (302)", function(double)
    local status, _, headers = send(double, "GET", "/api/v2/authenticate/REF30/"
      .. tostring(double.code))
    return status == 302 and headers.location ~= nil
  end },
  { "has a profile after a login on the second screen", function(double)
    return double:log_in(double.code)
      and profile_of(double) == "Cablevision"
  end },
  { "permits a resource, with a media token", function(double)
    local found = decision(double, "authorize", "REF30")
    return found.authorized == true and type(found.token) == "table"
  end },
  { "denies another resource, with a reason", function(double)
    local found = decision(double, "authorize", "HBO")
    return found.authorized == false and type(found.error) == "table"
  end },
  { "limits requests: 429 with Retry-After, on demand", function(double)
    if not double:fail_next() then return false end
    local status, _, headers = send(double, "GET", PROFILES)
    return status == 429 and headers["retry-after"] ~= nil
  end },
  { "returns actionName and actionType for a logout", function(double)
    local _, found = send(double, "GET", "/api/v2/REF30/logout/Cablevision"
      .. "?redirectUrl=https%3A%2F%2Fadobe.com")
    local logout = (found.logouts or {}).Cablevision or {}
    return logout.actionName ~= nil
  end },
  { "has no profile after a logout", function(double)
    return has_no_profile(double)
  end },
  { "lets a code expire after 30 minutes", function(double)
    local code = code_of(double)
    if not double:advance(31 * 60 * 1000) then return false end
    return send(double, "GET", "/api/v2/REF30/sessions/" .. code, { without =
      { "AP-Device-Identifier", "X-Device-Info" } }) >= 400
  end },
}

local function results_of(double)
  local list = {}
  for index, check in ipairs(CHECKS) do
    list[index] = check[2](double) == true
  end
  return list
end

-- The resident memory of a process and its children, in MB.
local function memory(double)
  local sum = 0
  for _, pid in ipairs(double:pids()) do
    local status = shell.read_file("/proc/" .. pid .. "/status") or ""
    sum = sum + tonumber(status:match "VmRSS:%s*(%d+)" or 0)
  end
  return sum / 1024
end

local function rate(double)
  local started = now()
  for _ = 1, REQUESTS do send(double, "GET", PROFILES) end
  return REQUESTS / (now() - started)
end

local function examine(new, ...)
  local double = new(...)
  local found = { start = double.start, results = results_of(double) }
  found.memory, found.rate = memory(double), rate(double)
  double:stop()
  return found
end

local kept = results.new("doubles", "bench/doubles")

-- Prints and stores a row: what both doubles do, or a number of each.
local function row(name, form, sandbox, prism, target)
  local values = { form:format(sandbox), form:format(prism) }
  tools.say("%-58s %-8s %s", name, values[1], values[2])
  kept:figure(name, table.concat(values, ", "), "sandbox, Prism", target)
end

local sandbox, prism = examine(hosts.sandbox), examine(hosts.prism, PRISM)
local counts = { 0, 0 }
tools.say("%-58s %-8s %s", "", "sandbox", "Prism")
for index, check in ipairs(CHECKS) do
  local words = {}
  for which, found in ipairs { sandbox, prism } do
    words[which] = found.results[index] and "yes" or "no"
    if found.results[index] then counts[which] = counts[which] + 1 end
  end
  row(check[1], "%s", words[1], words[2])
end
row("rules met, of " .. #CHECKS, "%d", counts[1], counts[2], "= " .. #CHECKS)
row("seconds until the first response", "%.2f", sandbox.start, prism.start)
row("MB of memory", "%.0f", sandbox.memory, prism.memory)
row("GET profiles, one at a time, requests/s (https, http)", "%.0f", sandbox.rate,
  prism.rate)
print(kept:write())
os.exit(results.status())
