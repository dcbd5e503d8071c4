--- The options of a call that identify the viewer.
-- @module adobepass.util.identity

local identity = {}

--- Identifiers for single sign-on.
identity.SSO = { "service_token", "subject_token", "roku_token", "visitor_id" }

--- The same, and the status of a partner's framework.
identity.STATUS = { "service_token", "subject_token", "roku_token",
  "visitor_id", "partner_status" }

--- All of these options, and the user of a promotional TempPass.
identity.ALL = { "service_token", "subject_token", "roku_token", "visitor_id",
  "partner_status", "identity" }

--- The options on which the viewer's permissions depend.
identity.VIEWER = { "service_token", "subject_token", "roku_token",
  "partner_status", "identity" }

local TYPES = { service_token = "string?", subject_token = "string?",
  roku_token = "string?", visitor_id = "string?",
  partner_status = "table or string?", identity = "table?" }

--- Returns a copy of the fields of options.check, with those of a list added.
-- @tparam table fields
-- @tparam {string,...} names
function identity.fields(fields, names)
  local result = {}
  for name, wanted in pairs(fields) do result[name] = wanted end
  for _, name in ipairs(names) do result[name] = TYPES[name] end
  return result
end

--- Returns a table of the options that a list names.
function identity.pick(options, names)
  local picked = {}
  for _, name in ipairs(names) do picked[name] = options[name] end
  return picked
end

return identity
