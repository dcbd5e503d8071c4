--- The option `identity`: identifiers of the viewer for single sign-on. It is the
-- same in adobepass.new and client:device, and each of its fields is an option of
-- the calls that send it.
--
-- * `visitor_id`: the Experience Cloud id
-- * `subject_token`: Amazon's, or `roku_token`: Roku's; one of the two
-- * `service_token`: signed by the programmer, or issued by the SSO Service
-- * `partner_status`: what client:partner_status returns
--
-- In adobepass.new and client:device a field may be a function, which receives
-- the device's id and returns a value and the time in ms since 1970 at which it
-- expires. The client calls it once for each request that sends the value, unless an
-- earlier value is still valid. The result nil leaves the header out; nil and an
-- error of the client make the request fail with this error. An error that the
-- function raises passes through the call; the next request calls the function again.
-- @module adobepass.util.identity

local options_of = require "adobepass.util.options"

local identity = {}

--- The fields of the option, sorted.
identity.NAMES = { "partner_status", "roku_token", "service_token",
  "subject_token", "visitor_id" }

--- The fields that a call may replace: also `user`, the user of a promotional
-- TempPass.
identity.ALL = { "partner_status", "roku_token", "service_token",
  "subject_token", "user", "visitor_id" }

--- The fields on which the viewer's permissions depend.
identity.VIEWER = { "partner_status", "roku_token", "service_token",
  "subject_token", "user" }

local TYPES = { service_token = "string?", subject_token = "string?",
  roku_token = "string?", visitor_id = "string?",
  partner_status = "table or string?", user = "table or string?" }

-- The types in adobepass.new and client:device.
local SOURCES = {}
for _, name in ipairs(identity.NAMES) do
  SOURCES[name] = (TYPES[name]:gsub("%?$", " or function or boolean?"))
end

--- Returns a copy of the fields of options.check, with those of a list added.
-- @tparam table fields
-- @tparam[opt=identity.NAMES] {string,...} names
function identity.fields(fields, names)
  local result = {}
  for name, wanted in pairs(fields) do result[name] = wanted end
  for _, name in ipairs(names or identity.NAMES) do result[name] = TYPES[name] end
  return result
end

--- Returns a table of the options that a list names.
-- @tparam table options
-- @tparam[opt=identity.NAMES] {string,...} names
function identity.pick(options, names)
  local picked = {}
  for _, name in ipairs(names or identity.NAMES) do picked[name] = options[name] end
  return picked
end

--- Checks the option `identity` of adobepass.new or client:device; raises without a
-- position, see options.at_caller.
-- @string where for the message
-- @tparam ?table given
function identity.check(where, given)
  if given == nil then return end
  options_of.check(where, given, SOURCES)
  for name, value in pairs(given) do
    if value == true then
      error(("%s: %s should be a value, a function, or false"):format(where, name))
    end
  end
  if given.subject_token and given.roku_token then
    error(where .. ": roku_token should be left out when subject_token is given")
  end
end

-- A token given for a device replaces the client's token of the other platform.
local OTHER = { subject_token = "roku_token", roku_token = "subject_token" }

--- Returns the fields of a device's identity. A field that `given` leaves out has the
-- client's value.
-- @tparam ?table defaults of adobepass.new
-- @tparam ?table given of client:device; false leaves a field out
function identity.merge(defaults, given)
  local result = {}
  for name, value in pairs(defaults or {}) do result[name] = value end
  for name, value in pairs(given or {}) do
    if value and OTHER[name] then result[OTHER[name]] = nil end
    result[name] = value or nil
  end
  return result
end

return identity
