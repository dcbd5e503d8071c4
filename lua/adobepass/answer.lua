--- From a response to the documented answer, or to an error. No I/O.
-- @module adobepass.answer

local errors = require "adobepass.errors"
local json = require "adobepass.json"

local answer = {}

local function contains(list, value)
  for _, item in ipairs(list) do
    if item == value then return true end
  end
  return false
end

-- A list is no map: its names would be numbers. Empty, they look alike.
local function is_map(value)
  return type(value) == "table"
    and (not json.is_array(value) or next(value) == nil)
end

-- An object may come where the last item was taken out: {} for [].
local function fits(value, wanted)
  if wanted == "table" then return is_map(value) end
  if wanted ~= "list" then return type(value) == wanted end
  if type(value) ~= "table" then return false end
  for key, item in pairs(value) do
    if type(key) ~= "number" or type(item) ~= "table" then return false end
  end
  return true
end

-- Both spellings are there afterwards, whichever came.
local function add_other_spellings(operation, value)
  for ours, theirs in pairs(operation.also or {}) do
    value[ours] = value[ours] or value[theirs]
  end
end

local function check_fields(operation, value)
  if type(value) ~= "table" or json.is_array(value) then
    return nil, errors.malformed(operation.name, "it is no JSON object")
  end
  add_other_spellings(operation, value)
  for name, wanted in pairs(operation.answer) do
    if not fits(value[name], wanted) then
      return nil, errors.malformed(operation.name,
        ("its %s is missing or no %s"):format(name, wanted))
    end
  end
  return value
end

--- What an operation's response says.
-- @param operation
-- @param response of the session
-- @param now epoch seconds, for a Retry-After that is a date
-- @func[opt] list_secrets lists texts that were sent with `call`, and must not
-- stand in an error
-- @return the answer, Adobe's keys, nothing hidden; true where it is empty;
-- or nil and an error
function answer.read(operation, response, now, list_secrets, call)
  local decoded, why
  if response.body ~= "" then decoded, why = json.decode(response.body) end
  if not contains(operation.ok, response.status) then
    return nil, errors.from_answer(operation.name, response, decoded, now,
      list_secrets and list_secrets(call))
  end
  if not operation.answer and (response.status == 204
      or response.body == "") then
    return true
  end
  if decoded == nil then
    return nil, errors.malformed(operation.name, why or "it is empty")
  end
  if not operation.answer then return decoded end
  return check_fields(operation, decoded)
end

return answer
