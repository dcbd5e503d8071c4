--- Evaluates build/soak/*.csv: prints whether memory is flat on each Lua, and
-- stores the figures for bench/report. Exit status 1 if a target is missed.

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

-- Returns the rows of one third of the run.
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

-- A leak raises the minimum; the maximum varies with the load.
local function fewest(rows, column)
  local found = math.huge
  for _, row in ipairs(rows) do found = math.min(found, row[column]) end
  return found
end

-- Returns how much the last third's mean exceeds the middle third's, in percent.
local function growth(rows, column)
  return (mean(third(rows, 3), column) / mean(third(rows, 2), column) - 1)
    * 100
end

local function flat(found, name, rows, item)
  local what, column, target = item[1], item[2], item[3]
  found:figure(("%s, %s: last third over middle third"):format(name, what),
    ("%+.2f"):format(growth(rows, column)), "%", target)
end

-- Memory growth that is allowed from the middle third to the last, in percent.
local FLAT = { { "RSS", "rss_kb", "<= 3" },
  { "Lua heap in use", "live_kb", "<= 2" } }

local function judge(found, name, rows)
  local total = sum(rows, "requests")
  local seconds = rows[#rows].seconds
  found:figure(name .. ", requests", ("%.0f"):format(total), "")
  found:figure(name .. ", rate", ("%.1f"):format(total / seconds), "per second")
  found:figure(name .. ", errors", ("%.0f"):format(sum(rows, "errors")), "",
    "<= 0")
  for _, item in ipairs(FLAT) do flat(found, name, rows, item) end
  found:figure(name .. ", RSS at the end",
    ("%.1f"):format(rows[#rows].rss_kb / 1024), "MiB")
  found:figure(name .. ", Lua heap in use at the end",
    ("%.1f"):format(rows[#rows].live_kb / 1024), "MiB")
  found:figure(name .. ", descriptors, minimum of the last third minus "
    .. "minimum of the middle third", fewest(third(rows, 3), "descriptors")
    - fewest(third(rows, 2), "descriptors"), "", "<= 0")
  found:figure(name .. ", latency, mean of p50",
    ("%.1f"):format(mean(rows, "p50_ms")), "ms")
  found:figure(name .. ", latency, mean of p99",
    ("%.1f"):format(mean(rows, "p99_ms")), "ms")
end

local function command()
  return ("make soak MINUTES=%s DEVICES=%s RATE=%s"):format(
    os.getenv "MINUTES", os.getenv "DEVICES", os.getenv "RATE")
end

local function main(names)
  local found, all = results.new("soak", command()), {}
  for _, name in ipairs(names) do
    all[name] = read(name)
    if #all[name] < 6 then
      error(name .. ": the run is too short: fewer than 6 samples", 0)
    end
    judge(found, name, all[name])
  end
  local last = all[names[1]]
  found:figure("sandbox worker, RSS at the end",
    ("%.1f"):format(last[#last].sandbox_kb / 1024), "MiB")
  print(found:write())
  for _, figure in ipairs(results.read("soak").figures) do
    if results.met(figure) == false then
      print(("MISSED: %s is %s, target %s"):format(figure.name, figure.value,
        figure.target))
    end
  end
end

main { ... }
os.exit(results.status())
