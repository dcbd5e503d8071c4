--- The W3C trace context of a request, https://www.w3.org/TR/trace-context/: it
-- continues the trace of the header traceparent, or begins one.
-- @module gateway.trace

-- luacheck: globals ngx

local core = require "adobepass.core"

local trace = {}

local FORMAT = "^([%da-f][%da-f])%-([%da-f]+)%-([%da-f]+)%-([%da-f][%da-f])(.*)$"

--- Parses a traceparent. Returns a table with `id`, `parent` and `is_sampled`; nil if
-- it is not valid.
-- @tparam ?string header
function trace.parse(header)
  local version, id, parent, flags, rest = (header or ""):match(FORMAT)
  if not version or version == "ff" or #id ~= 32 or #parent ~= 16
      or not id:find "[^0]" or not parent:find "[^0]" then
    return nil
  elseif version == "00" and rest ~= "" or not rest:find "^%-" and rest ~= "" then
    return nil -- a later version may have more fields, after a "-"
  end
  return { id = id, parent = parent, is_sampled = tonumber(flags, 16) % 2 == 1 }
end

-- A request without a trace begins one that has the request's own id.
local function begin()
  local made = trace.parse(ngx.var.http_traceparent)
    or { id = ngx.var.request_id, is_sampled = true }
  made.span = core.digest.hex(assert(core.random.bytes(8)))
  return made
end

--- Returns the trace of the present request: `id`, `span` (of this request in this
-- gateway), `parent` (the caller's span; nil if this request began the trace).
function trace.current()
  local context = ngx.ctx
  context.trace = context.trace or begin()
  return context.trace
end

--- Returns the traceparent for a request that the present request causes.
function trace.header()
  local made = trace.current()
  return ("00-%s-%s-%s"):format(made.id, made.span, made.is_sampled and "01" or "00")
end

return trace
