--- Error objects: one type for every failure.
--
-- Follows Adobe's page features-standard/error-reporting/enhanced-error-codes and
-- the pages of the DCR API. Text from a server is shortened, stripped of control
-- characters and redacted, because errors end up in logs and on screens.
-- @module adobepass.api.errors

-- luacheck: read_globals math.tointeger

local catalog = require "adobepass.api.error_catalog"
local http_date = require "adobepass.util.http_date"
local spanish_texts = require "adobepass.api.spanish_texts"

local errors = {}
local methods = {}
local Error = { __name = "adobepass.error", __index = methods }

-- The maximum length of each text field, in bytes.
local TEXT = {
  code = 100, message = 500, action = 100, details = 1000, help_url = 500,
  trace = 200, operation = 100,
}
local NUMBERS = { http_status = true, status = true, retry_after = true }

local REDACTED = "[redacted]"
local LONGEST_RETRY_AFTER = 3600

-- Base64 of '{"', with which JWTs and device headers begin, is eyJ. A media
-- token begins with <signatureInfo>. RFC 6750 section 2.1: bearer tokens.
local SECRETS = {
  "eyJ[%w_%-][%w_%-]+[%w_%-%.%+/=]*",
  "PHNpZ25hdHVyZUluZm8[%w_%-%.%+/=]*",
  "[Bb][Ee][Aa][Rr][Ee][Rr][%s:=]+[%w%-%._~%+/]+=*",
}

--- Secrets of fewer bytes are replaced only where they are whole words: elsewhere,
-- they may be part of an unrelated word.
errors.SHORT = 8

local function is_word(text, first, last)
  return not text:find("^[%w_]", last + 1)
    and (first == 1 or not text:find("^[%w_]", first - 1))
end

local function literally(text, secret)
  local parts, at = {}, 1
  local first, last = text:find(secret, 1, true)
  while first do
    if #secret >= errors.SHORT or is_word(text, first, last) then
      parts[#parts + 1] = text:sub(at, first - 1) .. REDACTED
      at = last + 1
    end
    first, last = text:find(secret, last + 1, true)
  end
  return table.concat(parts) .. text:sub(at)
end

local function longest_first(secrets)
  local sorted, known = {}, { [""] = true }
  for _, secret in ipairs(secrets or {}) do
    if not known[secret] then sorted[#sorted + 1], known[secret] = secret, true end
  end
  table.sort(sorted, function(a, b) return #a > #b end)
  return sorted
end

local function without_space(text) return (text:gsub("%s+", "")) end

-- Returns whether a secret is in the text if the text's white space is ignored.
local function has_broken_secret(text, secrets)
  text = without_space(text)
  for _, secret in ipairs(secrets) do
    if #secret >= errors.SHORT and text:find(without_space(secret), 1, true) then
      return true
    end
  end
  return false
end

-- A token as a character that no cleaned text has, and the token's next line.
local TOKEN = "\1"
local BROKEN_TOKEN = TOKEN .. "%s" .. ("[%w_%-%.%+/=]"):rep(20)

-- A text is cut to this length and room for a secret, in bytes, before it is redacted:
-- a server may send megabytes, which would be searched for each secret.
local MOST_READ = 8192

--- Returns a text in which the given secrets, and everything that looks like a
-- token, are replaced. If one of them is broken into lines, replaces the whole text.
-- Cuts a text that is longer than any error's.
-- @string text
-- @tparam[opt] {string,...} secrets matched literally
-- @treturn string
function errors.redact(text, secrets)
  local sorted = longest_first(secrets)
  local room = 2 * #(sorted[1] or "") -- also with a space after each character
  local is_cut = #text > MOST_READ + room
  text = text:sub(1, MOST_READ + room)
  for _, secret in ipairs(sorted) do text = literally(text, secret) end
  if has_broken_secret(text, sorted) then return REDACTED end
  for _, pattern in ipairs(SECRETS) do text = text:gsub(pattern, TOKEN) end
  if text:find(BROKEN_TOKEN) then return REDACTED end
  text = text:gsub(TOKEN, REDACTED)
  -- Only its last bytes may be a part of a secret.
  return is_cut and text:sub(1, math.max(0, #text - room)) or text
end

-- Cuts between characters: UTF-8 continuation bytes are 10xxxxxx.
local function cut(text, most)
  if #text <= most then return text end
  local last = most - 3
  while last > 0 and text:find("^[\128-\191]", last + 1) do last = last - 1 end
  return text:sub(1, last) .. "..."
end

-- U+0080 to U+009F are control characters, too: terminals take U+009B as the
-- start of a command.
local function clean(text, most, secrets)
  text = text:gsub("\194[\128-\159]", " "):gsub("[%c ]+", " ")
  text = errors.redact(text, secrets):gsub("^ ", ""):gsub(" $", "")
  return cut(text, most)
end

local function text_or_nil(value, name, secrets)
  if type(value) ~= "string" then return nil end
  local text = clean(value, TEXT[name], secrets)
  return text ~= "" and text or nil
end

local function status_or_nil(value)
  local status = type(value) == "number" and value or nil
  if type(value) == "string" and value:find "^%d%d%d$" then
    status = tonumber(value)
  end
  if not status or status % 1 ~= 0 or status < 100 or status > 599 then
    return nil
  end
  return math.tointeger and math.tointeger(status) or status
end

local function make(fields)
  local known = catalog.codes[fields.code]
  fields.action = fields.action or known and known.action or "none"
  fields.message = fields.message or "The operation failed without a message."
  return setmetatable(fields, Error)
end

local function check(name, value)
  local kind = TEXT[name] and "string" or NUMBERS[name] and "number"
  if not kind then
    error("errors.new: unknown field " .. tostring(name), 3)
  elseif type(value) ~= kind then
    error("errors.new: " .. name .. " should be a " .. kind, 3)
  end
end

--- Creates an error. Raises for an unknown field or a wrong type.
-- @tparam table fields `code`, and any of `message`, `action`, `http_status`,
-- `status`, `details`, `help_url`, `trace`, `retry_after` (seconds),
-- `operation`
-- @treturn table
function errors.new(fields)
  local copy = {}
  for name, value in pairs(fields) do
    check(name, value)
    if TEXT[name] then value = text_or_nil(value, name) end
    copy[name] = value
  end
  if not copy.code then
    error("errors.new: code should be a string that is not empty", 2)
  end
  return make(copy)
end

--- Returns whether a value is an error object of this module.
-- @treturn boolean
function errors.is(value)
  return type(value) == "table" and getmetatable(value) == Error
end

-- RFC 9110 section 10.2.3: seconds or a date. A date is compared with `now`, or
-- with the response's Date header, since a TV's clock may be wrong.
local function retry_after_of(headers, now)
  local value = headers["retry-after"]
  if type(value) ~= "string" then return nil end
  local seconds = value:find "^%d+$" and tonumber(value)
  if not seconds then
    local date = http_date.parse(value)
    now = now or http_date.parse(headers["date"])
    seconds = date and now and date - now
  end
  return seconds and math.max(0, math.min(seconds, LONGEST_RETRY_AFTER))
end

-- The codes for statuses of responses without a code.
local STATUS_CODES = { [401] = "unauthorized", [429] = "too_many_requests" }

local function code_of_status(status)
  return STATUS_CODES[status] or ("http_%d"):format(status)
end

local function action_of_status(status)
  return (status == 429 or status >= 500) and "retry" or "none"
end

local function message_of_status(status)
  return ("The server returned the HTTP status %d."):format(status)
end

-- By Adobe's page the body holds an "error" object; its sample is the object
-- itself. In DCR responses "error" is a string.
local function body_of(decoded)
  if type(decoded) ~= "table" then return {} end
  if type(decoded.error) == "table" then return decoded.error end
  return decoded
end

local function fields_of(operation, body, secrets)
  local function text(name, field)
    local value = body[name]
    -- A viewer may type the name of an action as a code.
    if catalog.codes[value] or catalog.actions[value] then return value end
    return text_or_nil(value, field, secrets)
  end
  return {
    operation = operation,
    code = text("code", "code") or text("error", "code"),
    message = text("message", "message")
      or text("error_description", "message"),
    action = text("action", "action"), details = text("details", "details"),
    help_url = text("helpUrl", "help_url"), trace = text("trace", "trace"),
    status = status_or_nil(body.status),
  }
end

--- Creates the error of an unsuccessful response.
-- @string operation the operation's name
-- @tparam table response `status` and `headers`, as the core returns them
-- @param decoded the body's JSON value, of any type; nil when there is none
-- @number[opt] now the server's time, in seconds since 1970
-- @tparam[opt] {string,...} secrets to redact
-- @treturn table
function errors.from_response(operation, response, decoded, now, secrets)
  local status = response.status
  local fields = fields_of(operation, body_of(decoded), secrets)
  fields.http_status = status
  fields.code = fields.code or code_of_status(status)
  fields.message = fields.message or message_of_status(status)
  if not catalog.codes[fields.code] then
    fields.action = fields.action or action_of_status(status)
  end
  if status == 429 or status == 503 then
    fields.retry_after = retry_after_of(response.headers, now)
  end
  return make(fields)
end

--- Creates the error of one decision in a successful response.
-- @string operation the operation's name
-- @param item the decision's `error`, of any type
-- @tparam[opt] {string,...} secrets to redact
-- @treturn table
function errors.from_item(operation, item, secrets)
  if type(item) ~= "table" then
    return errors.malformed(operation, "an error is not an object")
  end
  local fields = fields_of(operation, item, secrets)
  fields.http_status = 200
  fields.code = fields.code or "unknown_error"
  return make(fields)
end

--- Creates the error of a request without a response.
-- @string operation the operation's name
-- @string message as the core returns it
-- @string code as the core returns it
-- @treturn table
function errors.from_transport(operation, message, code)
  return errors.new { operation = operation, message = message, code = code }
end

--- Creates the error `malformed_response`.
-- @string operation the operation's name
-- @string why what is wrong with the response, e.g. "decisions is not a list"
-- @treturn table
function errors.malformed(operation, why)
  return errors.new { operation = operation, code = "malformed_response",
    message = "The server's response is not as documented: " .. why }
end

--- Creates the error of an option that neither the call nor adobepass.new has.
-- @string operation the operation's name
-- @string name of the option
-- @treturn table `invalid_parameter_<name>`
function errors.missing_option(operation, name)
  return errors.new { operation = operation, action = "none",
    code = "invalid_parameter_" .. name, message = ("The option %s is missing: give "
      .. "it in the call, or to adobepass.new."):format(name) }
end

local function entry(err, field)
  local known = catalog.codes[err.code]
  local by_action = catalog.actions[err.action] or catalog.actions.none
  return known and known[field] or by_action[field]
end

-- The catalog's sentences are English. A language without a text for a sentence
-- shows the English one.
local LANGUAGES = { en = {}, es = spanish_texts }

--- Returns whether the catalog has texts in a language.
function errors.is_language(name) return LANGUAGES[name] ~= nil end

-- The denials for which Adobe's page allows a text of the provider or programmer.
local HAS_TEXT = {
  preauthorization_denied_by_mvpd = true, authorization_denied_by_mvpd = true,
  authorization_denied_by_parental_controls = true,
  authorization_denied_by_degradation_rule = true,
}

-- Adobe's own sentences for these codes name the mvpd or the rule. They are
-- English, and written for developers.
local function is_adobes(message)
  message = message:lower()
  return message:find("mvpd", 1, true) or message:find("degradation rule", 1, true)
end

-- Statuses of errors in which `details` is a text for the viewer: of a decision
-- in a successful response, and Forbidden. Others describe the request.
local IS_REFUSAL = { [200] = true, [403] = true }

--- Returns the text of the provider or the programmer for the viewer: `details`, or
-- `message` if Adobe's own sentence was replaced; nil when the response has none.
-- @treturn ?string
function methods:provider_text()
  if not IS_REFUSAL[self.http_status] or self.action == "configuration" then
    return nil
  end
  local message = HAS_TEXT[self.code] and not is_adobes(self.message)
    and self.message or nil
  local text = self.details or message
  return text and cut(text, TEXT.message)
end

--- Returns a text for the viewer: that of the provider if the response has one,
-- else the catalog's sentence, which is short enough for a TV screen.
-- @string[opt="en"] language "en" or "es", of the catalog's sentence
-- @treturn string
function methods:viewer_text(language)
  local sentence = entry(self, "viewer")
  return self:provider_text() or LANGUAGES[language or "en"][sentence] or sentence
end

--- Returns what a developer can do about the error.
-- @treturn string
function methods:hint()
  return entry(self, "hint")
end

function Error.__tostring(err)
  local subject = err.operation and err.operation .. ": " or ""
  return ("%s%s [%s] %s"):format(subject, err.message, err.code, err:hint())
end

function Error.__concat(left, right)
  return tostring(left) .. tostring(right)
end

return errors
