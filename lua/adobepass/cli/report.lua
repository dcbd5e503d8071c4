--- Prints errors, events and JSON, and returns exit statuses.
--
-- Statuses: 0 success, 1 failure, 2 usage error, 3 not logged in, 4 denied,
-- 130 interrupted.
--
-- @module adobepass.cli.report

local errors = require "adobepass.api.errors"
local json = require "adobepass.util.json"
local tables = require "adobepass.util.tables"
local terminal = require "adobepass.cli.terminal"
local cli_text = require "adobepass.cli.text"

local report = {}

report.SUCCESS, report.FAILURE, report.USAGE_ERROR = 0, 1, 2
report.NOT_LOGGED_IN, report.DENIED, report.INTERRUPTED = 3, 4, 130

local BY_CODE = { usage = report.USAGE_ERROR, cancelled = report.INTERRUPTED,
  login_denied = report.DENIED, login_expired = report.NOT_LOGGED_IN }

--- Returns the exit status of an error.
function report.status(err)
  if BY_CODE[err.code] then return BY_CODE[err.code] end
  if err.action == "authentication" then return report.NOT_LOGGED_IN end
  return err.code:find("denied", 1, true) and report.DENIED or report.FAILURE
end

--- Returns a usage error.
-- @string message
-- @string[opt] command whose help explains it, such as "sandbox control"; default: the
-- subcommand
function report.usage(message, command)
  local err = errors.new { code = "usage", action = "none", message = message }
  err.command = command
  return err
end

--- Returns the error of a request that failed with an error code of the core.
function report.failed(code, message)
  return errors.new { code = code, action = "none", message = message }
end

--- Returns an error for a failed write to standard output.
function report.output_failed(message)
  return errors.new { code = "output_failed", action = "none",
    message = "Standard output could not be written: " .. message }
end

local SIGN_IN = "Run adobepass login."

-- The library's hints are for programmers; these are for users of the command.
local ADVICE = {
  authenticated_profile_expired = SIGN_IN,
  authenticated_profile_invalidated = SIGN_IN,
  authenticated_profile_missing = SIGN_IN,
  cancelled = "Run the command again to retry.",
  insecure_file = "Make the file readable only for its owner: chmod 600.",
  invalid_access_token_service_provider =
    "Check --service-provider: the statement must be for that provider.",
  invalid_header_identity_for_temporary_access = "Use --identity NAME=VALUE, such as "
    .. "email=ann@example.com, with the name that Adobe configured for the TempPass.",
  invalid_parameter_mvpd = "Check the provider's id; adobepass login without "
    .. "--mvpd lists the providers.",
  invalid_parameter_redirect_url = "Use --domain-name and --redirect-url "
    .. "with a domain that is registered with Adobe.",
  login_denied = "Try again, or use another --mvpd.",
  login_expired = "Run adobepass login again to get a new code.",
  output_failed = "Check the file or device that standard output is sent to.",
  login_superseded = "Continue with the newer login. After a logout, run adobepass "
    .. "login again.",
  not_logged_in = SIGN_IN .. " Or use --mvpd to name a provider.",
  sandbox_failed = "Check the options of adobepass sandbox.",
  software_statement_missing = "Pass the statement from the TVE Dashboard once, with "
    .. "--statement FILE.",
  store_failed = "Run adobepass doctor to check the store's folder.",
  timeout = "Check the network, or use a longer --timeout.",
  tls_failed = "Check this machine's date. For a private certificate "
    .. "authority, use --ca FILE.",
}

--- Returns what the user can do about an error.
function report.advice(err) return ADVICE[err.code] or err:hint() end

-- Escapes U+0080 to U+009F for JSON. Bytes that are not UTF-8 become U+FFFD.
local function escape_for_json(bytes)
  if bytes:byte() == 194 then return ("\\u%04x"):format(bytes:byte(2)) end
  return ("\\ufffd"):rep(#bytes)
end

--- Encodes a value as JSON without control characters, which `print` would escape.
local function encode(value)
  return terminal.escape(json.encode(value), escape_for_json)
end

report.encode = encode

local function as_json(err, advice, language)
  return encode { error = { code = err.code, message = err.message,
    viewer_text = err:viewer_text(language),
    action = err.action, advice = advice, details = err.details,
    operation = err.operation, http_status = err.http_status,
    trace = err.trace, retry_after = err.retry_after } }
end

-- Wraps a text between words; a terminal would wrap within words.
local function print_wrapped(text)
  if not terminal.is_terminal(2) then return terminal.print_error(text) end
  local _, columns = terminal.size()
  for _, line in ipairs(cli_text.wrap(text, columns)) do
    terminal.print_error(line)
  end
end

local function print_text(name, err, advice, language)
  local code = err.code ~= "usage" and " [" .. err.code .. "]" or ""
  print_wrapped(("adobepass %s: %s%s"):format(name, err.message, code))
  if err.details then print_wrapped(err.details) end
  if language and err.code ~= "usage" then
    print_wrapped(err:viewer_text(language))
  end
  print_wrapped(advice)
end

--- Prints an error on standard error.
-- @string name of the subcommand; "" if there is none
-- @param err an error of adobepass.api.errors
-- @bool wants_json print one line of JSON
-- @string[opt] language of the text for viewers. JSON always contains that text; the
-- output for people only if a language is given.
-- @return the exit status
function report.failure(name, err, wants_json, language)
  local command = err.command or name
  local advice = err.code == "usage"
    and ("Try: adobepass %s--help"):format(command ~= "" and command .. " " or "")
    or report.advice(err)
  if wants_json then
    terminal.print_error(as_json(err, advice, language))
  else
    print_text(name, err, advice, language)
  end
  return report.status(err)
end

--- Prints a value as one line of JSON.
function report.json(value) terminal.print(encode(value)) end

local function names_of(map) return json.array(tables.sorted_keys(map or {})) end

--- Returns the fields of a profile that --json prints. The values of attributes
-- identify the viewer: without `with_values` only their names are returned.
function report.profile(profile, with_values)
  local names = names_of(profile.attributes)
  return { mvpd = profile.mvpd, type = profile.type, issuer = profile.issuer,
    not_before = profile.not_before, not_after = profile.not_after,
    encrypted = profile.encrypted and names_of(profile.encrypted),
    attributes = with_values and json.object(profile.attributes) or names }
end

local function value_of(event, name)
  local value = event[name]
  if type(value) == "number" and value % 1 ~= 0 then
    return ("%.3f"):format(value)
  end
  return terminal.escape(value)
end

local function event_line(event)
  local names, parts = {}, { cli_text.pad(event.type, 12) }
  for name in pairs(event) do
    if name ~= "type" and name ~= "device" then names[#names + 1] = name end
  end
  table.sort(names)
  for _, name in ipairs(names) do
    parts[#parts + 1] = name .. "=" .. value_of(event, name)
  end
  return table.concat(parts, " ")
end

--- Returns an `on_event` function that prints each event as one line on standard
-- error.
function report.events(wants_json)
  return function(event)
    terminal.print_error(wants_json and encode { event = event }
      or terminal.paint("DIM", event_line(event)))
  end
end

return report
