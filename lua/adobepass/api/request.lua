--- Builds the HTTP request of an operation. No I/O.
-- @module adobepass.api.request

local device_headers = require "adobepass.device.headers"
local errors = require "adobepass.api.errors"
local identity = require "adobepass.util.identity"
local json = require "adobepass.util.json"
local options = require "adobepass.util.options"
local temp_pass = require "adobepass.util.temp_pass"

local request = {}

local function percent(char) return ("%%%02X"):format(char:byte()) end

--- Percent-encodes all but the unreserved characters (RFC 3986 section 2.3).
function request.escape(text)
  return (tostring(text):gsub("[^%w%-._~]", percent))
end

-- Parameters of every operation: a timeout, `once` (no retries), and values
-- that replace the device's headers.
local COMMON = { timeout = true, once = true }
for _, name in ipairs(identity.ALL) do COMMON[name] = true end

local function parameter_names(operation)
  local names = {}
  for _, parameter in ipairs(operation.params or {}) do
    names[parameter[1]] = parameter
  end
  return names
end

local function complain(operation, message)
  error(("client.api:%s: %s"):format(operation.name, message))
end

local function check_names(operation, params)
  if next(params) == nil then return end
  local known = parameter_names(operation)
  for name in pairs(params) do
    if not known[name] and not COMMON[name]
        and not (name == "everyone" and operation.everyone) then
      complain(operation, ("unknown parameter '%s'%s"):format(tostring(name),
        options.suggest(name, known)))
    end
  end
end

local LISTS = { resources = true, devices = true }

local function check_type(operation, name, value)
  local wanted = LISTS[name] and "table" or "string"
  if type(value) == wanted then return end
  complain(operation, ("%s should be %s, not %s"):format(name,
    wanted == "table" and "a list of strings" or "a string", type(value)))
end

local function is_optional(operation, parameter)
  return parameter[3] == "optional" or parameter[1] == operation.everyone
    or parameter[1] == "service_provider"
end

-- Only an explicit `everyone = true` resets all users.
local function check_everyone(operation, params)
  local one = operation.everyone
  if not one then return end
  if params.everyone ~= nil and params.everyone ~= true then
    complain(operation, "everyone should be true, or left out")
  end
  if (params[one] == nil) == (params.everyone == nil) then
    complain(operation, ("give either %s or everyone = true"):format(one))
  end
  if temp_pass.means_everyone(params[one]) then
    complain(operation, ("this %s would reset everyone; to do so, give "
      .. "everyone = true"):format(one))
  end
end

local function check_one_of(operation, params)
  local pair = operation.one_of
  if pair and (params[pair[1]] == nil) == (params[pair[2]] == nil) then
    complain(operation, ("give either %s or %s"):format(pair[1], pair[2]))
  end
end

local function check_timeout(operation, seconds)
  if seconds == nil then return end
  if type(seconds) == "number" and seconds > 0 and seconds <= 3600 then
    return
  end
  complain(operation, ("timeout should be seconds, above 0 and up to 3600, "
    .. "not %s"):format(tostring(seconds)))
end

local function check_once(operation, once)
  if once == nil or type(once) == "boolean" then return end
  complain(operation, "once should be true, or left out")
end

--- Returns the values of a call that replace the device's headers.
function request.overrides(params)
  if next(params) == nil then return {} end
  return identity.pick(params, identity.ALL)
end

local NO_DEVICE = { values = {} }

-- Encodes the values here, and again later, so that a wrong one raises at the
-- caller's line.
local function check_overrides(operation, params)
  local chosen = request.overrides(params)
  if next(chosen) == nil then return end
  local good, why = pcall(device_headers.build, NO_DEVICE, "SPTV", chosen)
  if not good then
    complain(operation, (why:gsub("^.-:%d+: ", "")))
  end
end

--- Raises usage errors: unknown or missing parameters and wrong types.
function request.check(operation, params)
  if type(params) ~= "table" then
    complain(operation, ("parameters should be a table, not %s"):format(
      type(params)))
  end
  check_names(operation, params)
  for _, parameter in ipairs(operation.params or {}) do
    local value = params[parameter[1]]
    if value ~= nil or not is_optional(operation, parameter) then
      check_type(operation, parameter[1], value)
    end
  end
  check_timeout(operation, params.timeout)
  check_once(operation, params.once)
  check_overrides(operation, params)
  check_everyone(operation, params)
  check_one_of(operation, params)
end

local function refuse(operation, code, message)
  return nil, errors.new { code = code, message = message, action = "none",
    operation = operation.name }
end

local LONGEST_WORD = 512
local LONGEST_HEADER = 8000 -- as adobepass.device.field

-- Values typed by a viewer or received from a server return an error instead of
-- raising one. A value that could change the path is refused.
local function check_word(operation, name, value, most)
  if #value == 0 or #value > most or value:find "%c" or value == "."
      or value == ".." then
    return refuse(operation, "invalid_parameter_" .. name,
      ("The %s is empty, longer than %d bytes or not printable."):format(
        name, most))
  end
  return true
end

--- Returns whether a value is a code that a viewer can type and a request can
-- send: 1 to 64 letters, digits, `-` and `_`.
function request.is_code(value)
  return type(value) == "string" and #value <= 64
    and value:find("^[%w_-]+$") ~= nil
end

local function check_code(operation, value)
  if request.is_code(value) then return true end
  return refuse(operation, "invalid_parameter_code",
    "A code has up to 64 letters, digits, '-' and '_'.")
end

local function is_list_of_strings(list)
  local count = 0
  for _ in pairs(list) do count = count + 1 end
  for index = 1, math.max(count, 1) do
    if type(list[index]) ~= "string" or list[index] == "" then return false end
  end
  return true
end

local function check_list(operation, name, list)
  if is_list_of_strings(list) then return true end
  return refuse(operation, "invalid_parameter_" .. name,
    ("The %s should be a list of one or more strings."):format(name))
end

local WORDS = { mvpd = true, partner = true, service_provider = true }

local function check_value(operation, parameter, value)
  local name = parameter[1]
  if name == "code" then return check_code(operation, value) end
  if LISTS[name] then return check_list(operation, name, value) end
  if WORDS[name] then
    return check_word(operation, name, value, LONGEST_WORD)
  elseif parameter[3] == "header" or operation.send == "headers" then
    return check_word(operation, name, value, LONGEST_HEADER)
  end
  return true
end

-- The service resets all users when the parameter is missing; "all" makes that
-- explicit.
local function value_of(operation, params, name, where)
  if name == "service_provider" then
    return params.service_provider or where.service_provider
  end
  if params.everyone and name == operation.everyone then return "all" end
  if name == operation.needs then return params[name] or where.defaults[name] end
  return params[name]
end

local function check_needed(operation, params, where)
  local name = operation.needs
  if not name or (value_of(operation, params, name, where) or "") ~= "" then
    return true
  end
  return nil, errors.missing_option(operation.name, name)
end

local function check_values(operation, params, where)
  for _, parameter in ipairs(operation.params or {}) do
    local value = params[parameter[1]]
    if value ~= nil then
      local good, err = check_value(operation, parameter, value)
      if not good then return nil, err end
    end
  end
  return check_needed(operation, params, where)
end

-- Returns the URL with placeholders for the parameters. It is constant for a
-- client, so the client keeps it.
local function address_of(operation, where)
  local kept = where.addresses
  local address = kept[operation]
  if not address then
    local values = { service_provider = request.escape(where.service_provider) }
    address = where.origins[operation.base or "api"]
      .. operation.path:gsub("{(service_provider)}", values)
    kept[operation] = address
  end
  return address
end

local function url_of(operation, params, where)
  return (address_of(operation, where):gsub("{([%w_]+)}", function(name)
    return request.escape(value_of(operation, params, name, where))
  end))
end

-- Returns where a parameter is sent: "path", "headers" or "content".
local function place_of(operation, parameter)
  if operation.path:find("{" .. parameter[1] .. "}", 1, true) then
    return "path"
  elseif parameter[3] == "header" or operation.send == "headers" then
    return "headers"
  end
  return "content"
end

-- Returns the parameters that are sent in one place, as a list of { name in the
-- request, value }.
local function fields_at(place, operation, params, where)
  local fields = {}
  for _, parameter in ipairs(operation.params or {}) do
    local value = value_of(operation, params, parameter[1], where)
    if value ~= nil and place_of(operation, parameter) == place then
      fields[#fields + 1] = { parameter[2], value }
    end
  end
  return fields
end

local function as_pairs(fields)
  local list = {}
  for index, field in ipairs(fields) do
    list[index] = request.escape(field[1]) .. "=" .. request.escape(field[2])
  end
  return table.concat(list, "&")
end

local function as_json(fields)
  local object = json.object {}
  for _, field in ipairs(fields) do object[field[1]] = field[2] end
  return json.encode(object)
end

local BODIES = {
  form = { "application/x-www-form-urlencoded", as_pairs },
  json = { "application/json", as_json },
}

-- The letters of an operation's headers, see adobepass.api.operations.
local function letters_of(operation, where)
  return ((operation.headers or ""):gsub("f",
    where.forward_ip_on_registration and "F" or ""))
end

local function table_of_headers(operation, where, view, chosen, fields)
  local headers = device_headers.build(view.record,
    letters_of(operation, where), chosen)
  local kind = BODIES[operation.send]
  headers.Accept = "application/json"
  headers["Content-Type"] = kind and kind[1]
  for _, field in ipairs(fields) do headers[field[1]] = field[2] end
  return headers
end

-- Operations with the same letters and the same `send` have the same headers.
local kinds = setmetatable({}, { __index = function(self, operation)
  local kind = (operation.headers or "") .. " " .. (operation.send or "")
  self[operation] = kind
  return kind
end })

-- Returns the header table of this kind of operation, which `view` keeps.
local function kept_headers(operation, where, view)
  local kind = kinds[operation]
  local headers = view.headers[kind]
  if not headers then
    headers = table_of_headers(operation, where, view, nil, {})
    view.headers[kind] = headers
  end
  return headers
end

local function headers_of(operation, params, where, view)
  local chosen = request.overrides(params)
  local fields = fields_at("headers", operation, params, where)
  if next(chosen) == nil and #fields == 0 then
    return kept_headers(operation, where, view)
  end
  return table_of_headers(operation, where, view, chosen, fields)
end

local function add_content(built, operation, params, where)
  local fields = fields_at("content", operation, params, where)
  local kind = BODIES[operation.send]
  if kind then
    built.body = kind[2](fields)
  elseif #fields > 0 then
    built.url = built.url .. "?" .. as_pairs(fields)
  end
  return built
end

--- Builds a request for transport:submit; the caller sets `bearer` and
-- `timeout`. Do not change its headers: they are shared.
--
-- libcurl repeats a request by itself when a reused connection fails, so an
-- operation that is not safe to repeat gets a new connection.
-- @param operation of adobepass.api.operations
-- @param params already checked by request.check
-- @param where a client's `origins`, `service_provider`, `defaults`,
-- `forward_ip_on_registration`, and `addresses`, a table in which built URLs are
-- kept
-- @param view a device's `record`, and `headers`, a table in which built
-- headers are kept
-- @treturn[1] table the request
-- @treturn[2] nil
-- @return[2] an error, `invalid_parameter_*`
function request.build(operation, params, where, view)
  if not operation.params and next(params) == nil then
    return { url = address_of(operation, where), method = operation.method,
      headers = kept_headers(operation, where, view),
      fresh = operation.safe == false or nil, bearer = nil, timeout = nil }
  end
  local good, err = check_values(operation, params, where)
  if not good then return nil, err end
  local built = { url = url_of(operation, params, where),
    method = operation.method, fresh = operation.safe == false or nil,
    headers = nil, body = nil, bearer = nil, timeout = nil }
  if operation.url_only then return built end
  built.headers = headers_of(operation, params, where, view)
  return add_content(built, operation, params, where)
end

return request
