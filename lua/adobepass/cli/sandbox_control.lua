--- adobepass sandbox control: sends a control call to a running sandbox. The calls
-- and their options are those of `adobepass.sandbox.control.calls`.
-- @module adobepass.cli.sandbox_control

local calls = require "adobepass.sandbox.control.calls"
local json = require "adobepass.util.json"
local report = require "adobepass.cli.report"
local settings = require "adobepass.cli.settings"
local terminal = require "adobepass.cli.terminal"

local sandbox_control = {}

local DESCRIPTION = [[
Controls a running sandbox: logs a viewer in without a browser, moves the clock, adds
faults, revokes, degrades, and lists the requests received. The result is printed as
JSON; a list as one line for each item.]]

local EPILOG = [[
Examples, in a shell of: adobepass sandbox --exec bash
  adobepass sandbox control login --code ABC1234 --username ann
  adobepass sandbox control clock --advance 30m
  adobepass sandbox control fault --kind status --status 503 --operation profiles
  adobepass sandbox control degrade --service-provider REF30 --mvpd Dish \
    --rule AuthNAll
  adobepass sandbox control journal --clear]]

local SHARED = [[
The options --control, --ca and --json are those of: adobepass sandbox control]]

local ARGUMENT = { string = "<text>", number = "<number>", seconds = "<seconds>",
  milliseconds = "<time>", strings = "<text>", object = "<file>" }

local MILLISECONDS = { [""] = 1, s = 1000, m = 60000, h = 3600000, d = 86400000 }

local function number(text)
  local value = tonumber(text)
  if value and value - value == 0 then return value end -- finite, as JSON requires
  return nil, "expected a number, got '" .. text .. "'"
end

local function milliseconds(text)
  local digits, unit = text:match "^(%-?[%d.]+)(%a?)$"
  local value = digits and number(digits)
  if value and MILLISECONDS[unit] then return value * MILLISECONDS[unit] end
  return nil, "expected milliseconds, or a number with s, m, h or d, got '" .. text
    .. "'"
end

local function object(path)
  local text, err = settings.read(path)
  if not text then return nil, err.message end
  local value = json.decode(text)
  if type(value) == "table" then return value end
  return nil, path .. ": expected a JSON object"
end

local CONVERT = { number = number, seconds = number, milliseconds = milliseconds,
  object = object }

local function option_name(field) return "--" .. field.name:gsub("_", "-") end

local function define_field(parser, field)
  if field.kind == "flag" then
    return parser:flag(option_name(field), field.text):target(field.name)
  end
  local option = parser:option(option_name(field), field.text)
    :target(field.name):argname(ARGUMENT[field.kind])
  if field.kind == "strings" then option:count "*" end
  local convert = CONVERT[field.kind]
  if not convert then return end
  option:convert(function(text)
    local value, message = convert(text)
    if value ~= nil then return value end
    return nil, option_name(field) .. ": " .. message
  end)
end

--- Declares the options, and a command for each call.
function sandbox_control.define(parser)
  parser:description(DESCRIPTION):epilog(EPILOG):help_max_width(79)
    :require_command(true):command_target "call"
  parser:option("--control", "The control address, which adobepass sandbox prints "
    .. "($ADOBEPASS_CONTROL)."):argname("<url>")
  parser:option("--ca", "The sandbox's CA file ($ADOBEPASS_CA).")
    :argname("<file>"):convert(settings.not_empty)
  parser:flag("--json", "Print one line of JSON, for errors too.")
  for _, call in ipairs(calls.list) do
    local sub = parser:command(call.name):summary(call.summary)
    sub:description(call.summary):epilog(SHARED):help_max_width(79)
    for _, field in ipairs(call.fields) do define_field(sub, field) end
  end
end

-- Returns a usage error that the help of `control`, or of a call, explains.
local function usage(message, call)
  return report.usage(message, "sandbox control" .. (call and " " .. call or ""))
end

-- Options of `adobepass sandbox` that only starting a sandbox has.
local START = { "port", "bind", "world", "state_dir", "exec", "record",
  "no_throttle" }

local function fields_of(arguments)
  for _, name in ipairs(START) do
    -- argparse stores the name of the call as well.
    if arguments[name] ~= nil and name ~= arguments.call then
      return nil, usage(("--%s cannot be used with control"):format(
        (name:gsub("_", "-"))))
    end
  end
  local fields = {}
  for _, field in ipairs(calls.by_name[arguments.call].fields) do
    local value = arguments[field.name]
    if field.kind ~= "strings" or value and #value > 0 then
      fields[field.name] = value
    end
  end
  return json.object(fields)
end

local BAD_URL = "--control should be a URL of this machine, such as "
  .. "https://127.0.0.1:8445"
local NO_SANDBOX = "no sandbox: use --control URL and --ca FILE, or run this in: "
  .. "adobepass sandbox --exec bash"

local function control_url(arguments)
  local url = arguments.control or os.getenv "ADOBEPASS_CONTROL"
  if url == "" then url = nil end
  if url and url:find "^https?://." and settings.is_loopback(url) then
    return (url:gsub("/+$", ""))
  end
  return nil, usage(url and BAD_URL or NO_SANDBOX)
end

local LARGEST_STATE = 256 * 1024 * 1024 -- bytes of a snapshot

-- Returns the response, or nil and an error.
local function send(arguments, url, body)
  local response, message, code = settings.send(arguments, { method = "POST",
    url = url, headers = { ["Content-Type"] = "application/json" }, body = body,
    max_body = LARGEST_STATE })
  if response then return response end
  if code ~= "ca_unreadable" then return nil, report.failed(code, message) end
  return nil, usage(("--ca: cannot read '%s'; use the CA file that adobepass sandbox "
    .. "prints"):format(settings.ca(arguments)))
end

-- Names the options in an error of a call, which names its fields. A suggestion is a
-- value, though it may have the name of a field.
local function with_options(message, call)
  return (message:gsub("(%a+ )'([%l_]+)'", function(before, name)
    local field = calls.by_name[call].by_field[name]
    if field and before ~= "mean " then return before .. option_name(field) end
  end))
end

-- Returns the result of a call; nil and an error.
local function result_of(response, call)
  local reply = json.decode(response.body)
  if type(reply) ~= "table" then
    return nil, usage(("expected JSON from the control API, got HTTP status %d; use "
      .. "the address that adobepass sandbox prints beside Control")
      :format(response.status))
  elseif reply.error then
    return nil, usage(terminal.escape(with_options(reply.error, call)), call)
  end
  return reply.result
end

-- No call returns an empty object, so an empty table was an empty list.
local function print_result(value, wants_json)
  if type(value) == "table" and next(value) == nil then json.array(value) end
  if type(value) == "string" and not wants_json then
    terminal.print(terminal.escape(value))
  elseif json.is_array(value) and not wants_json then
    for _, item in ipairs(value) do report.json(item) end
  else
    report.json(value)
  end
end

--- Runs the subcommand. Returns the exit status, or nil and an error.
function sandbox_control.run(arguments)
  local url, fields, response, result, err
  fields, err = fields_of(arguments)
  if fields then url, err = control_url(arguments) end
  if url then
    response, err = send(arguments, ("%s/sandbox/%s"):format(url, arguments.call),
      json.encode(fields))
  end
  if response then result, err = result_of(response, arguments.call) end
  if result == nil then return nil, err end
  print_result(result, arguments.json)
  return report.SUCCESS
end

return sandbox_control
