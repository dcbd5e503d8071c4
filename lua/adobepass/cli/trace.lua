--- Prints each request and response on standard error, with placeholders for secrets
-- and personal values, for the option --trace.
-- @module adobepass.cli.trace

local core = require "adobepass.core"
local recorder = require "adobepass.util.recorder"
local redaction = require "adobepass.util.redaction"
local report = require "adobepass.cli.report"
local tables = require "adobepass.util.tables"
local terminal = require "adobepass.cli.terminal"

local trace = {}

-- Has the methods of adobepass.util.recording that the recorder calls.
local Trace = {}
Trace.__index = Trace

local LONGEST_BODY = 4096 -- bytes, in text

local function print_lines(mark, first, part)
  terminal.print_error(mark .. " " .. first)
  for _, name in ipairs(tables.sorted_keys(part.headers)) do
    terminal.print_error(("%s %s: %s"):format(mark, name, part.headers[name]))
  end
  local body = part.body
  if body and #body > LONGEST_BODY then
    body = ("%s ... (%d bytes)"):format(body:sub(1, LONGEST_BODY), #body)
  end
  if body then terminal.print_error(mark .. " " .. body) end
end

-- Replaces a full redactor, which stores no more values, so that memory is bounded.
local function redactor_of(self)
  if not self.redactor or self.redactor.is_full then
    self.redactor = redaction.new()
  end
  return self.redactor
end

--- Prints a request; returns the exchange for `finish`.
function Trace:begin(request)
  self.count = self.count + 1
  local made = redactor_of(self):request(request)
  local exchange = { n = self.count, started = core.clock.monotonic() }
  if self.wants_json then
    exchange.request = made
  else
    print_lines(">", ("[%d] %s %s%s"):format(exchange.n, made.method, made.path,
      made.query and "?" .. made.query or ""), made)
  end
  return exchange
end

--- Prints the response, or the code of a request without one.
function Trace:finish(exchange, response, failure)
  local seconds = core.clock.monotonic() - exchange.started
  local made = response and redactor_of(self):response(response)
  if self.wants_json then
    terminal.print_error(report.encode { trace = { n = exchange.n,
      request = exchange.request, response = made, failure = failure,
      seconds = seconds } })
  else
    print_lines("<", ("[%d] %s (%.3f s)"):format(exchange.n,
      made and made.status or failure, seconds), made or { headers = {} })
  end
  return true
end

function Trace.close() end

--- Returns a transport that prints its exchanges; nil, a message and a code.
-- @tparam ?string ca_file
-- @bool wants_json print one line of JSON for each exchange
function trace.transport(ca_file, wants_json)
  local transport, message, code = core.http.new { ca_file = ca_file,
    user_agent = "adobepass-lua/" .. core.version }
  if not transport then return nil, message, code end
  return recorder.wrap(transport, setmetatable({ count = 0,
    wants_json = wants_json }, Trace))
end

return trace
