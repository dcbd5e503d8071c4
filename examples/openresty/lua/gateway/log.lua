--- One line of JSON for each request and for what happened on the way to
-- Adobe.
--
-- What may be in a line is listed here, and nothing else gets in: no code, no
-- ticket, no cookie, no address of a viewer, no name. A device goes by the
-- first digits of its key, as in the events of adobepass.
-- @module gateway.log

-- luacheck: globals ngx

local json = require "adobepass.json"

local log = {}

local FIELDS = { "event", "route", "method", "status", "seconds", "device",
  "code", "operation", "attempt", "error", "message", "reason", "what",
  "type", "action" }

local file, node

--- Opens the log; nginx's workers append to the same file.
function log.start(path, name)
  node = name
  file = assert(io.open(path, "a"))
  file:setvbuf "line"
end

local function rounded(seconds)
  return seconds and math.floor(seconds * 10000 + 0.5) / 10000
end

--- Writes a line.
-- @tparam table given any of the fields above
function log.write(given)
  local line = { time = ngx.utctime():gsub(" ", "T") .. "Z", node = node,
    worker = ngx.worker.id() }
  for _, name in ipairs(FIELDS) do line[name] = given[name] end
  line.seconds = rounded(given.seconds)
  if ngx.get_phase() ~= "timer" then line.request = ngx.var.request_id end
  file:write(json.encode(line), "\n")
end

--- An event of adobepass.
function log.event(event)
  local line = { event = "adobe_" .. event.type }
  for name, value in pairs(event) do line[name] = value end
  line.type = nil
  log.write(line)
end

return log
