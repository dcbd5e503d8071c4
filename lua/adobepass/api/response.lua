--- Parses a response into the documented value. No I/O.
-- @module adobepass.api.response

local errors = require "adobepass.api.errors"
local json = require "adobepass.util.json"
local request = require "adobepass.api.request"

local reader = {}

-- A list is not a map. An empty object is accepted as a list, because the
-- service sends {} for [].
local function is_map(value)
  return type(value) == "table" and value[1] == nil
end

local function is_list_of_tables(value)
  if type(value) ~= "table" then return false end
  for key, item in pairs(value) do
    if type(key) ~= "number" or type(item) ~= "table" then return false end
  end
  return true
end

local function fits(value, wanted)
  if wanted == "table" then return is_map(value) end
  if wanted == "list" then return is_list_of_tables(value) end
  return type(value) == wanted
end

-- Copies fields that Adobe spells in two ways to the name that this module uses.
local function add_other_spellings(also, value)
  for ours, theirs in pairs(also) do
    value[ours] = value[ours] or value[theirs]
  end
end

-- A code is shown to the viewer and sent in later requests.
local function is_code_or_missing(value)
  return value == nil or value == json.null or request.is_code(value)
end

local function check_fields(operation, value)
  if not is_map(value) then
    return nil, errors.malformed(operation.name, "it is not a JSON object")
  end
  if operation.also then add_other_spellings(operation.also, value) end
  for name, wanted in pairs(operation.response) do
    if not fits(value[name], wanted) then
      return nil, errors.malformed(operation.name,
        ("its %s is missing or not a %s"):format(name, wanted))
    end
  end
  if operation.has_code and not is_code_or_missing(value.code) then
    return nil, errors.malformed(operation.name,
      "its code is not 1 to 64 letters, digits, - and _")
  end
  local sent_on = operation.sent_on
  if sent_on and not value[sent_on]:find "^[%w%p]+$" then
    return nil, errors.malformed(operation.name,
      ("its %s is empty or not printable"):format(sent_on))
  end
  return value
end

--- Returns whether a response's status is a success of its operation.
function reader.is_success(operation, response)
  local status, ok = response.status, operation.ok
  for index = 1, #ok do
    if ok[index] == status then return true end
  end
  return false
end

--- Decodes a response's body.
-- @return the value; or nil and what is wrong with the body
function reader.decode(response)
  if response.body == "" then return nil, "it is empty" end
  return json.decode(response.body)
end

--- Reads the body of a successful response.
-- @return the value, with Adobe's keys; true when the body is empty; or nil and
-- an error
function reader.read(operation, response)
  if not operation.response and (response.status == 204
      or response.body == "") then
    return true
  end
  local decoded, why = reader.decode(response)
  if decoded == nil then
    return nil, errors.malformed(operation.name, why)
  end
  if not operation.response then return decoded end
  return check_fields(operation, decoded)
end

return reader
