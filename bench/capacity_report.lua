--- Runs the scenarios of the capacity simulation; writes the tables and the plots of
-- docs/capacity.md. Started by bench/capacity.sh.

local capacity = require "bench.capacity"
local plot = require "bench.plot"
local shell = require "adobepass.util.shell"

local NODES, SHARDS = 24, 8 -- of the scenarios

local SCENARIOS = {
  { "usual", "no failure", {} },
  { "limited", "Adobe limits requests by address", { is_listed = false } },
  { "lost", "one node fails at minute 15", { lost_at = 900 } },
  { "failover", "one Redis master fails at minute 15; the failover takes 15 s",
    { redis_down = 900, redis_up = 915 } },
}

local function simulate(options)
  options.nodes, options.shards = options.nodes or NODES, options.shards or SHARDS
  return capacity.simulate(options)
end

local function row(...)
  print("| " .. table.concat({ ... }, " | ") .. " |")
end

local function number(format, value) return (format:format(value)) end

-- Separates thousands by commas.
local function grouped(value)
  local digits = ("%.0f"):format(value):reverse():gsub("%d%d%d", "%0,")
  return (digits:reverse():gsub("^,", ""))
end

local function duration(format, seconds)
  if seconds >= 1 then return number("%.1f s", seconds) end
  return number(format, 1000 * seconds)
end

-- The names of columns. The demand for CPU time may exceed what there is.
local BUSIEST = "CPU demand in the busiest minute"
local WAIT = "queueing time, 99th percentile"

-- Connections by Little's law: TVs keep one for a time after each request; a request
-- to Adobe lasts for its mean response time.
local function connections(minutes, nodes)
  local model = capacity.MODEL
  local mean = model.adobe_median * math.exp(model.adobe_sigma ^ 2 / 2)
  return capacity.peak(minutes, "requests") * model.keepalive / nodes,
    capacity.peak(minutes, "adobe") * mean / nodes
end

local function table_of_nodes()
  row("nodes", BUSIEST, WAIT, "TV connections per node",
    "Adobe requests in flight per node")
  row("---:", "---:", "---:", "---:", "---:")
  for _, nodes in ipairs { 12, 16, 24, 32, 48 } do
    local minutes = simulate { nodes = nodes }
    local tvs, adobe = connections(minutes, nodes)
    row(nodes, number("%.0f %%", 100 * capacity.peak(minutes, "cpu")),
      duration("%.1f ms", capacity.peak(minutes, "p99")), grouped(tvs),
      grouped(adobe))
  end
end

local function table_of_shards()
  print()
  row("Redis masters", BUSIEST, WAIT)
  row("---:", "---:", "---:")
  for _, shards in ipairs { 4, 6, 8, 12 } do
    local minutes = simulate { nodes = 48, shards = shards }
    row(shards, number("%.0f %%", 100 * capacity.peak(minutes, "redis")),
      duration("%.2f ms", capacity.peak(minutes, "redis_p99")))
  end
end

local function table_of_scenarios(found)
  print()
  row("scenario", BUSIEST, WAIT, "peak requests/s", "peak Adobe requests/s",
    "503 responses", "devices registered in the first hour")
  row("---", "---:", "---:", "---:", "---:", "---:", "---:")
  for _, item in ipairs(SCENARIOS) do
    local minutes = simulate(item[3])
    found[item[1]] = minutes
    row(item[2], number("%.0f %%", 100 * capacity.peak(minutes, "cpu")),
      duration("%.1f ms", capacity.peak(minutes, "p99")),
      grouped(capacity.peak(minutes, "requests")),
      grouped(capacity.peak(minutes, "adobe")),
      grouped(capacity.total(minutes, "failed")),
      grouped(capacity.total(minutes, "registered")))
  end
end

local function series(minutes, field, factor, last)
  local points, sum = {}, 0
  for index = 1, last or #minutes do
    sum = field == "registered" and sum + minutes[index][field]
      or minutes[index][field]
    points[index] = { index, sum * factor }
  end
  return points
end

local function write_plots(found)
  local function write(name, options)
    assert(shell.write_file("docs/capacity-" .. name .. ".svg", plot.lines(options)))
  end
  write("requests", { title = "Requests per second, all nodes",
    x = "minutes", lines = {
      { "requests", series(found.usual, "requests", 1) } } })
  write("waiting", { title = "Queueing time of a request, 99th percentile, in ms",
    x = "minutes", lines = {
      { "one node fails", series(found.lost, "p99", 1000, 40) },
      { "one Redis master fails", series(found.failover, "p99", 1000, 40) },
      { "no failure", series(found.usual, "p99", 1000, 40) } } })
  write("registered", { title = "Registered new devices, in thousands",
    x = "minutes", lines = {
      { "addresses exempted", series(found.usual, "registered", 0.001) },
      { "limited by address", series(found.limited, "registered", 0.001) } } })
end

local found = {}
table_of_nodes()
table_of_shards()
table_of_scenarios(found)
write_plots(found)
