--- The control calls: their names, fields and values.
--
-- A call has the same name in Lua (`sandbox.control.login { code = ... }`), over
-- HTTP (`POST /sandbox/login`) and on the command line (`adobepass sandbox control
-- login --code ...`), and so have its fields. `docs/sandbox.md` describes them.
-- @module adobepass.sandbox.control.calls

local options = require "adobepass.util.options"

local calls = {}

--- The calls in the order of the documentation. A call has
--   name, summary, fields: a list of { name, kind, text }
--   get      fields that a GET adds; nil: the call has no GET
--   restore  the field that takes the body of a PUT; nil: no PUT
--   alias    another path, used by older programs
-- A call with the field `clear` has a DELETE.
calls.list = {
  { name = "login", summary = "Log a viewer in without a browser.",
    fields = {
      { "code", "string", "The code of an authentication session." },
      { "username", "string", "A viewer of the world." },
      { "mvpd", "string", "The provider; default: that of the session." },
      { "service_provider", "string", "Without a code: the service provider." },
      { "device", "string", "Without a code: the device's identifier." },
      { "client_id", "string", "Without a code: the client that the profile "
        .. "belongs to; default: the one that used the device last." },
    } },
  { name = "clock", summary = "Move the clock, or read it.", get = {},
    fields = {
      { "advance", "milliseconds", "Milliseconds by which the clock moves; may be "
        .. "negative." },
      { "time", "milliseconds", "The new time, in milliseconds since 1970." },
    } },
  { name = "fault", summary = "Add a fault, list the faults, or remove them.",
    alias = "faults", get = { list = true },
    fields = {
      { "kind", "string", "What fails: delay, drip, error, garbage, huge, "
        .. "reset_after, reset_before, reset_within, status, tls, "
        .. "too_many_requests, truncated or wrong_content_type." },
      { "operation", "string", "The operation that fails, such as profile_for_code; "
        .. "default: any." },
      { "count", "number", "How many requests fail; default: 1." },
      { "seconds", "number", "Of delay and drip: the time between two parts." },
      { "bytes", "number", "Of drip, garbage and huge: the size." },
      { "status", "number", "Of status: the HTTP status." },
      { "retry_after", "number", "Of status and too_many_requests: seconds in "
        .. "Retry-After." },
      { "code", "string", "Of error: the enhanced error code." },
      { "details", "string", "Of error: the provider's text." },
      { "content_type", "string", "Of wrong_content_type: the type." },
      { "list", "flag", "List the faults that remain." },
      { "clear", "flag", "Remove all faults." },
    } },
  { name = "revoke", summary = "Revoke credentials, a token, a statement or "
      .. "profiles.",
    fields = {
      { "client_id", "string", "The client whose credentials to revoke." },
      { "token", "string", "The access token to revoke." },
      { "statement", "string", "The software statement to revoke." },
      { "mvpd", "string", "The provider whose profiles to invalidate." },
      { "username", "string", "With mvpd: only the profiles of this viewer." },
    } },
  { name = "degrade", summary = "Start a degradation rule, or end rules.",
    alias = "degradation",
    fields = {
      { "service_provider", "string", "The service provider." },
      { "mvpd", "string", "The provider." },
      { "rule", "string", "AuthNAll, AuthZAll or AuthZNone." },
      { "seconds", "seconds", "How long; default: until cleared." },
      { "details", "string", "Of AuthZNone: the text of denials." },
      { "clear", "flag", "End the rule of service_provider and mvpd; without "
        .. "mvpd, all rules." },
    } },
  { name = "journal", summary = "List the requests received, or forget them.",
    get = {}, fields = { { "clear", "flag", "Delete the entries." } } },
  { name = "reset", summary = "Restore the initial state.", fields = {} },
  { name = "statement", summary = "Sign a software statement.", get = {},
    fields = {
      { "application", "string", "The application's id; default: the world's first." },
      { "service_provider", "string", "Valid for this service provider only." },
      { "scopes", "strings", "The scopes; default: those of the application." },
    } },
  { name = "identity", summary = "Sign an identity token for single sign-on.",
    fields = {
      { "kind", "string", "service (AD-Service-Token) or platform "
        .. "(Adobe-Subject-Token)." },
      { "subject", "string", "The viewer's identity." },
      { "seconds", "seconds", "Its lifetime; default: 3600." },
    } },
  { name = "saml", summary = "Respond to a SAML request as an mvpd.",
    fields = {
      { "request", "string", "The SAML request of operation 14, in base64." },
      { "mvpd", "string", "The provider." },
      { "username", "string", "A viewer of the world." },
    } },
  { name = "certificates", summary = "Print the certificates that verify tokens.",
    get = {}, fields = {} },
  { name = "world", summary = "Print the world.", get = {}, fields = {} },
  { name = "snapshot", summary = "Print the state, or restore it.", get = {},
    restore = "restore",
    fields = { { "restore", "object", "A state that snapshot returned." } } },
}

--- name -> call
calls.by_name = {}

for _, call in ipairs(calls.list) do
  calls.by_name[call.name], call.by_field = call, {}
  for _, field in ipairs(call.fields) do
    field.name, field.kind, field.text = field[1], field[2], field[3]
    call.by_field[field.name] = field
  end
end

local function is_list_of_strings(list)
  if type(list) ~= "table" then return false end
  for key, value in pairs(list) do
    if type(key) ~= "number" or type(value) ~= "string" then return false end
  end
  return true
end

local function is_a(kind)
  return function(value) return type(value) == kind end
end

local KINDS = {
  string = { "a string", is_a "string" },
  number = { "a number", is_a "number" },
  milliseconds = { "milliseconds", is_a "number" },
  flag = { "true or false", is_a "boolean" },
  object = { "an object", is_a "table" },
  strings = { "a list of strings", is_list_of_strings },
  seconds = { "seconds, from 0 to 1e9", function(value)
    return type(value) == "number" and value >= 0 and value <= 1e9
  end },
}

--- Returns the error of a field: nil, message, name of the field.
function calls.invalid(field, expected)
  return nil, ("invalid '%s': expected %s"):format(field, expected), field
end

--- Returns the error of a field that is missing.
function calls.missing(field)
  return nil, ("missing '%s'"):format(field), field
end

local function unknown(call, name)
  return nil, ("unknown field '%s' of %s%s"):format(tostring(name), call.name,
    options.suggest(name, call.by_field)), tostring(name)
end

--- Checks the fields of a call: true | nil, message, name of the field.
function calls.check(name, given)
  local call = calls.by_name[name]
  if type(given) ~= "table" then
    return nil, ("invalid fields of %s: expected a table"):format(name)
  end
  for key in pairs(given) do
    if not call.by_field[key] then return unknown(call, key) end
  end
  for _, field in ipairs(call.fields) do
    local kind, value = KINDS[field.kind], given[field.name]
    if value ~= nil and not kind[2](value) then
      return calls.invalid(field.name, kind[1])
    end
  end
  return true
end

return calls
