--- What a soak found, out of build/soak/*.csv: a verdict on each Lua, the plot
-- (bench/soak.svg) and the figures for bench/report. Status 1 where a target
-- is missed.

local plot = require "bench.plot"
local results = require "bench.results"
local shell = require "adobepass.util.shell"

local function read(name)
  local text = shell.read_file(("build/soak/%s.csv"):format(name)) or ""
  local rows, columns = {}, nil
  for line in text:gmatch "[^\n]+" do
    local fields = {}
    for field in line:gmatch "[^,]+" do fields[#fields + 1] = field end
    if columns then
      local row = {}
      for index, column in ipairs(columns) do
        row[column] = tonumber(fields[index])
      end
      rows[#rows + 1] = row
    else
      columns = fields
    end
  end
  return rows
end

-- The rows of one third of the time.
local function third(rows, number)
  local list, size = {}, math.floor(#rows / 3)
  for index = (number - 1) * size + 1, number * size do
    list[#list + 1] = rows[index]
  end
  return list
end

local function sum(rows, column)
  local total = 0
  for _, row in ipairs(rows) do total = total + row[column] end
  return total
end

local function mean(rows, column) return sum(rows, column) / #rows end

local function most(rows, column)
  local found = 0
  for _, row in ipairs(rows) do found = math.max(found, row[column]) end
  return found
end

-- What leaks never comes back, so that the fewest grow; the most are a burst.
local function fewest(rows, column)
  local found = math.huge
  for _, row in ipairs(rows) do found = math.min(found, row[column]) end
  return found
end

-- By how much the last third lies above the middle one, in percent.
local function growth(rows, column)
  return (mean(third(rows, 3), column) / mean(third(rows, 2), column) - 1)
    * 100
end

-- Least squares, over the last two thirds: units an hour.
local function slope(rows, column)
  local first = math.floor(#rows / 3) + 1
  local count, x_mean, y_mean = 0, 0, 0
  for index = first, #rows do
    count = count + 1
    x_mean = x_mean + rows[index].seconds
    y_mean = y_mean + rows[index][column]
  end
  x_mean, y_mean = x_mean / count, y_mean / count
  local above, below = 0, 0
  for index = first, #rows do
    local x = rows[index].seconds - x_mean
    above = above + x * (rows[index][column] - y_mean)
    below = below + x * x
  end
  return above / below * 3600
end

local function flat(found, name, rows, item)
  local what, column, target = item[1], item[2], item[3]
  local grown, rise = growth(rows, column), slope(rows, column) / 1024
  found:figure(("%s, %s: last third over middle third"):format(name, what),
    ("%+.2f"):format(grown), "%", target)
  found:figure(("%s, %s: slope of the last two thirds"):format(name, what),
    ("%+.2f"):format(rise), "MiB an hour")
  print(("%-7s flat memory, %s: last third vs. middle third %+.2f %% "
    .. "(target %s), slope %+.2f MiB an hour"):format(name, what, grown,
    target, rise))
end

-- What memory may grow by from the middle third to the last, in percent.
local FLAT = { { "RSS", "rss_kb", "<= 3" },
  { "Lua's own, in use", "live_kb", "<= 2" } }

local function judge(found, name, rows)
  local total = sum(rows, "requests")
  local seconds = rows[#rows].seconds
  found:figure(name .. ", requests", ("%.0f"):format(total), "")
  found:figure(name .. ", rate", ("%.1f"):format(total / seconds), "a second")
  found:figure(name .. ", errors", ("%.0f"):format(sum(rows, "errors")), "",
    "<= 0")
  for _, item in ipairs(FLAT) do flat(found, name, rows, item) end
  found:figure(name .. ", RSS at the end",
    ("%.1f"):format(rows[#rows].rss_kb / 1024), "MiB")
  found:figure(name .. ", Lua's own, in use at the end",
    ("%.1f"):format(rows[#rows].live_kb / 1024), "MiB")
  found:figure(name .. ", descriptors, fewest in the last third less the "
    .. "middle", fewest(third(rows, 3), "descriptors")
    - fewest(third(rows, 2), "descriptors"), "", "<= 0")
  found:figure(name .. ", descriptors, most in the last third less the "
    .. "middle", most(third(rows, 3), "descriptors")
    - most(third(rows, 2), "descriptors"), "")
  found:figure(name .. ", latency, mean of p50",
    ("%.1f"):format(mean(rows, "p50_ms")), "ms")
  found:figure(name .. ", latency, mean of p99",
    ("%.1f"):format(mean(rows, "p99_ms")), "ms")
end

local function points(rows, column, scale)
  local list = {}
  for index, row in ipairs(rows) do
    list[index] = { row.seconds / 60, row[column] * (scale or 1) }
  end
  return list
end

local function lines_of(names, all, what)
  local lines = {}
  for _, name in ipairs(names) do
    for _, one in ipairs(what) do
      lines[#lines + 1] = { name = ("%s %s"):format(name, one[1]),
        points = points(all[name], one[2], one[3]) }
    end
  end
  return lines
end

local function draw(names, all)
  local first = all[names[1]]
  local memory = lines_of(names, all, { { "RSS", "rss_kb", 1 / 1024 },
    { "heap", "lua_kb", 1 / 1024 } })
  local server = { name = "sandbox's worker, RSS",
    points = points(first, "sandbox_kb", 1 / 1024) }
  return plot.draw {
    title = ("%s devices for %.0f minutes, over HTTPS"):format(
      plot.number(tonumber(os.getenv "DEVICES")), first[#first].seconds / 60),
    subtitle = "One client on each Lua against the sandbox behind nginx on "
      .. "the same machine; a sample every 5 seconds",
    x = "minutes",
    panels = {
      { title = "Memory", unit = "MiB", lines = memory },
      { title = "Memory of the sandbox", unit = "MiB", lines = { server } },
      { title = "Open descriptors", unit = "",
        lines = lines_of(names, all, { { "", "descriptors" } }) },
      { title = "Latency of a request", unit = "ms, powers of ten",
        log = true, lines = lines_of(names, all,
          { { "p50", "p50_ms" }, { "p99", "p99_ms" } }) },
      { title = "Requests", unit = "a second",
        lines = lines_of(names, all, { { "", "requests", 1 / 5 } }) },
      { title = "Errors", unit = "in 5 seconds",
        lines = lines_of(names, all, { { "", "errors" } }) },
    },
  }
end

local function command()
  return ("make soak MINUTES=%s DEVICES=%s RATE=%s"):format(
    os.getenv "MINUTES", os.getenv "DEVICES", os.getenv "RATE")
end

-- bench/soak.lua lets devices arrive at a third of the rate; then each of them
-- fills what it keeps.
local function warn_if_short(found, seconds)
  local arriving = 2 * tonumber(os.getenv "DEVICES")
    / (tonumber(os.getenv "RATE") / 3)
  if arriving <= seconds / 3 then return end
  local text = ("Too short to judge memory: devices arrived and settled for "
    .. "%.0f minutes of %.0f, which should be a third at most."):format(
    arriving / 60, seconds / 60)
  print(text)
  found:note(text)
end

local function main(names)
  local found, all = results.new("soak", command()), {}
  for _, name in ipairs(names) do
    all[name] = read(name)
    if #all[name] < 6 then error(name .. ": too short to say anything", 0) end
    judge(found, name, all[name])
  end
  local last = all[names[1]]
  warn_if_short(found, last[#last].seconds)
  found:figure("sandbox's worker, RSS at the end",
    ("%.1f"):format(last[#last].sandbox_kb / 1024), "MiB")
  assert(shell.write_file("bench/soak.svg", draw(names, all)))
  print("bench/soak.svg, " .. found:write())
  for _, figure in ipairs(results.read("soak").figures) do
    if results.met(figure) == false then
      print(("MISSED: %s is %s, target %s"):format(figure.name, figure.value,
        figure.target))
      names.missed = true
    end
  end
  return names.missed
end

os.exit(main { ... } and 1 or 0)
