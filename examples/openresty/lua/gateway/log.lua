--- Writes one line of JSON for each request and each event of adobepass.
--
-- Only the fields listed here are written: no codes, tickets, cookies, names or
-- viewers' addresses. A device is named by the first digits of its key, as in the
-- events of adobepass.
-- @module gateway.log

-- luacheck: globals ngx

local json = require "adobepass.util.json"
local trace = require "gateway.trace"

local log = {}

local FIELDS = { "route", "method", "operation", "status", "code", "device",
  "mvpd", "attempt", "error", "message", "reason", "what" }

local file, node

--- Opens the log before nginx forks; the workers append to the same file. Raises an
-- error if the file cannot be opened.
-- @tparam ?string path nil for the standard error: its path cannot be opened if it is a
-- socket, as in a service of systemd
-- @string name of this node
function log.start(path, name)
  local opened, message = io.stderr, nil
  if path then opened, message = io.open(path, "a") end
  if not opened then error("log_file: cannot open the file: " .. message) end
  node, file = name, opened
  file:setvbuf "line"
end

local function rounded(seconds)
  return seconds and math.floor(seconds * 10000 + 0.5) / 10000
end

local function add(line, name, value)
  if value == nil then return end
  line[#line + 1] = ('"%s":%s'):format(name, json.encode(value))
end

-- Writes the fields in a fixed order, so that lines are easy to compare.
local function write(event, given)
  local line, context = {}, trace.current()
  add(line, "time", ngx.utctime():gsub(" ", "T") .. "Z")
  add(line, "node", node)
  add(line, "worker", ngx.worker.id())
  add(line, "request", ngx.var.request_id)
  add(line, "trace", context.id)
  add(line, "span", context.span)
  add(line, "parent", context.parent)
  add(line, "event", event)
  for _, name in ipairs(FIELDS) do add(line, name, given[name]) end
  add(line, "seconds", rounded(given.seconds))
  file:write("{", table.concat(line, ","), "}\n")
end

--- Logs a request.
-- @tparam table given any of the fields above
function log.request(given) write("request", given) end

--- Logs an event of adobepass.
function log.event(event) write("adobe_" .. event.type, event) end

return log
