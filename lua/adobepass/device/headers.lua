--- The headers that a device sends with an operation.
--
-- A letter stands for the headers that an operation may send (Adobe's pages
-- appendix/headers):
--
--   D AP-Device-Identifier     I X-Device-Info
--   F X-Forwarded-For          V AP-Visitor-Identifier
--   T AP-TempPass-Identity     P AP-Partner-Framework-Status
--   t the same, only if the call gives it: a promotional TempPass
--   S Adobe-Subject-Token or X-Roku-Reserved-Roku-Connect-Token, and
--     AD-Service-Token
--
-- Every operation sends the User-Agent of a device that has one.
-- @module adobepass.device.headers

local field = require "adobepass.device.field"
local options = require "adobepass.util.options"

local headers = {}

local HEADERS = field.HEADERS

local LETTERS = {
  D = { "id" }, I = { "info" }, F = { "ip" }, V = { "visitor_id" },
  S = { "subject_token", "roku_token", "service_token" },
  P = { "partner_status" }, T = { "user" },
}

-- A token given for this call replaces the device's token of either kind.
local function replaces(overrides, name)
  return name == "subject_token" and overrides.roku_token
    or name == "roku_token" and overrides.subject_token
end

--- Returns whether a call's parameters decide what is sent for a field of the device.
function headers.is_given(params, name)
  return params[name] ~= nil or replaces(params, name) and true or false
end

local function value_of(device, name, overrides)
  local own = overrides[name]
  if own then return field.encode(name, own) end
  if own == false or replaces(overrides, name) then return nil end
  return device.values[name]
end

-- Caches the fields of a string of letters; operations use only a few strings.
local lists = {}

local function fields_of(letters)
  local list = lists[letters]
  if list then return list end
  list = { "user_agent" }
  for letter in letters:gmatch "%a" do
    for _, name in ipairs(LETTERS[letter] or {}) do
      list[#list + 1] = name
    end
  end
  lists[letters] = list
  return list
end

--- Returns the names of the device's fields that a string of letters stands for. Do
-- not change the list.
headers.fields = fields_of

local function own_headers(device, letters)
  local result, values = {}, device.values
  for _, name in ipairs(fields_of(letters)) do
    local value = values[name]
    if value then result[HEADERS[name]] = value end
  end
  return result
end

local function build(device, letters, overrides)
  local result = {}
  for name in pairs(overrides) do field.check_name(name) end
  field.check_tokens(overrides)
  for _, name in ipairs(fields_of(letters)) do
    result[HEADERS[name]] = value_of(device, name, overrides)
  end
  if overrides.user and letters:find "t" then
    result[HEADERS.user] = field.encode("user", overrides.user)
  end
  return result
end

--- Builds the headers of an operation. Raises, at the caller's line, for a
-- wrong override.
-- @param device from `adobepass.device.record`
-- @string letters e.g. `"DIFS"`; other letters are ignored
-- @tparam[opt] table overrides values of fields for this call, as for
-- `record.new`; false leaves the header out
-- @treturn table from header to value
function headers.build(device, letters, overrides)
  if not overrides or next(overrides) == nil then
    return own_headers(device, letters)
  end
  local result = options.at_caller(build, device, letters, overrides)
  return result
end

return headers
