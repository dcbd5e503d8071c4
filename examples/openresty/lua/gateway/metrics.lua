--- Prometheus metrics of all workers of this nginx; they survive a reload.
--
-- Text format: https://prometheus.io/docs/instrumenting/exposition_formats/
-- @module gateway.metrics

-- luacheck: globals ngx

local metrics = {}

local BUCKETS = { 0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10 } -- seconds

local KINDS = {
  { "gateway_requests_total", "counter", "Requests by route and status." },
  { "gateway_request_seconds", "histogram", "Response time." },
  { "gateway_files_total", "counter", "Playlists and segments, by outcome." },
  { "gateway_adobe_requests_total", "counter",
    "Requests to Adobe by operation, status or error, and access." },
  { "gateway_adobe_request_seconds", "histogram", "Response time of Adobe." },
  { "gateway_adobe_events_total", "counter",
    "Registrations, tokens, retries, waits, cache hits and warnings." },
  { "gateway_metrics_dropped_total", "counter",
    "Values that were not counted, because there are too many series." },
}

-- More series than routes, operations, statuses and codes can have. It bounds the
-- memory of nginx and of Prometheus if a label has unexpected values.
local MOST_SERIES = 2000
local SERIES, DROPPED = "series", "gateway_metrics_dropped_total{}"

local function dict() return ngx.shared.gateway_metrics end

local function quoted(value)
  value = tostring(value)
  if value:find '[\\"%c]' then value = value:gsub('[\\"%c]', "_") end
  return '"' .. value .. '"'
end

-- Returns a metric's name with labels: pairs of name and value.
local function labeled(name, ...)
  local list = {}
  for index = 1, select("#", ...), 2 do
    local label, value = select(index, ...)
    list[#list + 1] = label .. "=" .. quoted(value)
  end
  return name .. "{" .. table.concat(list, ",") .. "}"
end

-- The series that this worker has found or added.
local known = {}

local function has_room(key)
  if known[key] then return true end
  if dict():get(key) == nil then
    if (dict():get(SERIES) or 0) >= MOST_SERIES then return false end
    dict():incr(SERIES, 1, 0)
  end
  known[key] = true
  return true
end

local function add(key, by)
  dict():incr(has_room(key) and key or DROPPED, by, 0)
end

--- Increments a counter with labels: pairs of name and value.
function metrics.count(name, ...) add(labeled(name, ...), 1) end

local function bucket(name, labels, bound)
  return ('%s_bucket{%s,le="%s"}'):format(name, labels, bound)
end

local function bucket_of(seconds)
  for _, bound in ipairs(BUCKETS) do
    if seconds <= bound then return bound end
  end
  return "+Inf"
end

--- Adds to one bucket of a histogram with labels: pairs of name and value. `text`
-- adds the buckets up.
function metrics.observe(name, seconds, ...)
  local labels = labeled("", ...):sub(2, -2)
  add(("%s_sum{%s}"):format(name, labels), seconds)
  add(bucket(name, labels, bucket_of(seconds)), 1)
end

--- Returns the label `outcome` of a status; of nil, if there was no response.
function metrics.outcome(status)
  if not status then return "no_response" end
  if status == 429 then return "throttled" end
  return status < 400 and "success" or status < 500 and "refused" or "failed"
end

-- Each worker counts files locally, and adds them to the shared count once per
-- second.
local files = {}

function metrics.count_file(outcome)
  files[outcome] = (files[outcome] or 0) + 1
end

local function tell_files()
  for outcome, count in pairs(files) do
    files[outcome] = nil
    add(labeled("gateway_files_total", "outcome", outcome), count)
  end
end

local is_pass

local function add_event(event, by)
  add(labeled("gateway_adobe_events_total", "type", event.type, "what",
    event.what or event.code or event.reason or ""), by)
end

-- Prometheus sees no increase when a series begins with its first event, so the series
-- of which one event raises an alert begin with 0.
local function begin_with_zero()
  dict():incr(DROPPED, 0, 0)
  add_event({ type = "warning", code = "registered_again" }, 0)
end

--- @tparam table given maps each mvpd that gives temporary access to true
function metrics.start(given)
  is_pass = given
  begin_with_zero()
  ngx.timer.every(1, tell_files)
end

-- Separates TempPass from regular providers; "none": no provider is concerned.
local function access_of(event)
  if not event.mvpd then return "none" end
  return is_pass[event.mvpd] and "temporary" or "regular"
end

--- Counts an event of adobepass.
function metrics.event(event)
  if event.type ~= "request" then return add_event(event, 1) end
  metrics.count("gateway_adobe_requests_total", "operation",
    event.operation, "status", event.status or event.error, "access",
    access_of(event))
  metrics.observe("gateway_adobe_request_seconds", event.seconds, "operation",
    event.operation, "outcome", metrics.outcome(event.status))
end

local function add_line(lines, key)
  lines[#lines + 1] = ("%s %.14g"):format(key, dict():get(key) or 0)
end

local function add_counter(lines, keys, name)
  for _, key in ipairs(keys) do
    if key:match "^[^{]+" == name then add_line(lines, key) end
  end
end

-- Prometheus buckets are cumulative.
local function add_buckets(lines, name, labels)
  local sum = 0
  local function add_bucket(bound)
    local key = bucket(name, labels, bound)
    sum = sum + (dict():get(key) or 0)
    lines[#lines + 1] = ("%s %.14g"):format(key, sum)
  end
  for _, bound in ipairs(BUCKETS) do add_bucket(bound) end
  add_bucket "+Inf"
  lines[#lines + 1] = ("%s_count{%s} %.14g"):format(name, labels, sum)
end

local function add_histogram(lines, keys, name)
  for _, key in ipairs(keys) do
    local own, labels = key:match "^([^{]+)_sum{(.*)}$"
    if own == name then
      add_buckets(lines, name, labels)
      add_line(lines, key)
    end
  end
end

--- Returns all metrics as text.
function metrics.text()
  tell_files()
  local keys, lines = dict():get_keys(0), {}
  table.sort(keys)
  for _, kind in ipairs(KINDS) do
    local name = kind[1]
    lines[#lines + 1] = ("# HELP %s %s"):format(name, kind[3])
    lines[#lines + 1] = ("# TYPE %s %s"):format(name, kind[2])
    local write = kind[2] == "counter" and add_counter or add_histogram
    write(lines, keys, name)
  end
  return table.concat(lines, "\n") .. "\n"
end

return metrics
