--- Runs the scenarios of the capacity simulation; writes the tables and the plots of
-- docs/capacity.md. Started by bench/capacity.sh.

local capacity = require "bench.capacity"
local plot = require "bench.plot"
local shell = require "adobepass.util.shell"

local NODES, SHARDS = 24, 8 -- of the scenarios

local SCENARIOS = {
  { "usual", "a usual evening", {} },
  { "limited", "Adobe limits the nodes' addresses", { is_listed = false } },
  { "lost", "one node is lost at minute 15", { lost_at = 900 } },
  { "failover", "one Redis shard is down for 15 s at minute 15",
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

-- Connections by Little's law: TVs keep one for a time after each request; a request
-- to Adobe lasts for its mean response time.
local function connections(minutes, nodes)
  local model = capacity.MODEL
  local mean = model.adobe_median * math.exp(model.adobe_sigma ^ 2 / 2)
  return capacity.peak(minutes, "requests") * model.keepalive / nodes,
    capacity.peak(minutes, "adobe") * mean / nodes
end

local function table_of_nodes()
  row("nodes of 4 cores", "CPU, peak minute", "waiting, 99 %", "connections of TVs, "
    .. "each node", "requests to Adobe in flight, each node")
  row("---:", "---:", "---:", "---:", "---:")
  for _, nodes in ipairs { 12, 16, 24, 32, 48 } do
    local minutes = simulate { nodes = nodes }
    local tvs, adobe = connections(minutes, nodes)
    row(nodes, number("%.0f %%", 100 * capacity.peak(minutes, "cpu")),
      number("%.1f ms", 1000 * capacity.peak(minutes, "p99")),
      number("%.0f", tvs), number("%.0f", adobe))
  end
end

local function table_of_shards()
  print()
  row("Redis shards", "CPU, peak minute", "waiting, 99 %")
  row("---:", "---:", "---:")
  for _, shards in ipairs { 4, 6, 8, 12 } do
    local minutes = simulate { nodes = 48, shards = shards }
    row(shards, number("%.0f %%", 100 * capacity.peak(minutes, "redis")),
      number("%.2f ms", 1000 * capacity.peak(minutes, "redis_p99")))
  end
end

local function table_of_scenarios(found)
  print()
  row("scenario", "CPU, peak minute", "waiting, 99 %", "requests/s, peak",
    "requests/s to Adobe, peak", "responses 503", "registered after 1 h")
  row("---", "---:", "---:", "---:", "---:", "---:", "---:")
  for _, item in ipairs(SCENARIOS) do
    local minutes = simulate(item[3])
    found[item[1]] = minutes
    row(item[2], number("%.0f %%", 100 * capacity.peak(minutes, "cpu")),
      number("%.1f ms", 1000 * capacity.peak(minutes, "p99")),
      number("%.0f", capacity.peak(minutes, "requests")),
      number("%.0f", capacity.peak(minutes, "adobe")),
      number("%.0f", capacity.total(minutes, "failed")),
      number("%.0f", capacity.total(minutes, "registered")))
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
  write("requests", { title = "Requests/s of all nodes in the first hour",
    x = "minutes", lines = {
      { "requests", series(found.usual, "requests", 1) } } })
  write("waiting", { title = "Waiting for a worker, 99 %, in milliseconds",
    x = "minutes", lines = {
      { "one node lost", series(found.lost, "p99", 1000, 40) },
      { "one Redis shard down", series(found.failover, "p99", 1000, 40) },
      { "usual", series(found.usual, "p99", 1000, 40) } } })
  write("registered", { title = "New devices that have registered, in thousands",
    x = "minutes", lines = {
      { "allow-listed", series(found.usual, "registered", 0.001) },
      { "limited by address", series(found.limited, "registered", 0.001) } } })
end

local found = {}
table_of_nodes()
table_of_shards()
table_of_scenarios(found)
write_plots(found)
