--- Makes bench/REPORT.md of what the newest runs have kept in build/results.
-- It only lays out what it finds: nothing in that page is written by hand.
-- report.lua [PAGE FOLDER]: another page, of other results.

local plot = require "bench.plot"
local results = require "bench.results"
local shell = require "adobepass.util.shell"

local PAGE = arg[1] or "bench/REPORT.md"
results.FOLDER = arg[2] or results.FOLDER

-- name of the results, title, what it shows, what makes it anew
local SECTIONS = {
  { "speed", "Speed beside plain C", "Plain C's time over ours in the same "
    .. "round: above 1, ours is faster. Median of the rounds, quartiles in "
    .. "brackets. How it is measured: [README.md](README.md).",
    "bench/collect speed" },
  { "more", "More speed", "Greater crowds, signing, JSON, caches, one flight "
    .. "for many, start-up.", "bench/more" },
  { "growth", "Sizes and growth", "What each device, transfer and waiting "
    .. "viewer takes, and whether a call gets slower as devices get more.",
    "bench/more" },
  { "guards", "Guards", "Counts that do not depend on how busy the machine "
    .. "is, of one turn or one story, with ceilings that the tests hold.",
    "make guards" },
  { "faults", "Faults", "The fault matrix and random faults, as the specs "
    .. "count them.", "bench/collect faults" },
  { "fuzz", "Fuzzers", "Each target from its seeds, under ASan and UBSan.",
    "bench/collect fuzz" },
  { "soak", "Soak", "A steady load for a long time: what grows?",
    "make soak" },
  { "gateway-files", "The gateway's files beside bare nginx", "The same "
    .. "nginx serves the same files with the guard and without, in turn.",
    "bench/gateway.sh files" },
  { "gateway-play", "The gateway's /play beside the sandbox alone", "",
    "bench/gateway.sh play" },
  { "gateway-slow", "The gateway's /play while the service takes a second",
    "All viewers of one node wait, all the time.", "bench/gateway.sh slow" },
  { "gateway-outage", "The gateway while the service is gone", "",
    "bench/gateway.sh outage" },
  { "gateway-hour", "The gateway: an hour's traffic in less time", "",
    "bench/gateway.sh hour" },
  { "tv", "TV frames", "The app under Xvfb, which draws with the processor, "
    .. "before a real Chromium and the sandbox: an evening's run. Computed: "
    .. "by all the app's threads, drawing among them.",
    "lua5.4 spec/examples/tv/frame_times.lua" },
}

local LUAS = { "lua5.4", "luajit", "lua5.3", "lua5.1" }

local out = {}
local function add(format, ...)
  out[#out + 1] = select("#", ...) > 0 and format:format(...) or format
end

local MARKS = { ["|"] = "\\|", ["<"] = "&lt;", [">"] = "&gt;",
  ["_"] = "\\_", ["*"] = "\\*" }

local function cell(text)
  text = tostring(text):gsub("<=", "≤"):gsub(">=", "≥")
  text = text:gsub("%f[%d.]%d%d%d%d%d+%f[^%d]", function(digits)
    return plot.number(tonumber(digits))
  end)
  return (text:gsub("[|<>_*]", MARKS))
end

-- --- machines ---

local machines, letters = {}, {}

local function machine_of(found)
  local parts = {}
  for index, item in ipairs(found.machine) do
    parts[index] = ("%s: %s"):format(item[1], item[2])
  end
  local text = table.concat(parts, "; ")
  if not letters[text] then
    machines[#machines + 1] = text
    letters[text] = string.char(64 + #machines)
  end
  return letters[text]
end

-- --- figures ---

-- "25 permits, luajit" and "luajit, errors" are cells of one row each.
local function split(name)
  for _, lua in ipairs(LUAS) do
    local first, last = name:find(lua, 1, true)
    if first then
      local before = name:sub(1, first - 1):gsub("[ ,]+$", "")
      local after = name:sub(last + 1):gsub("^[ ,]+", "")
      if before == "" then return (after:gsub("^: *", "")), lua end
      return before .. after, lua
    end
  end
  return name, ""
end

-- A row of each name, in the order of the file, with a value for each Lua.
local function rows_of(figures)
  local rows, by_name, used = {}, {}, {}
  for _, figure in ipairs(figures) do
    local name, lua = split(figure.name)
    local key = name .. "\t" .. figure.unit
    local row = by_name[key]
    if not row then
      row = { name = name, unit = figure.unit, cells = {}, targets = {} }
      by_name[key] = row
      rows[#rows + 1] = row
    end
    used[lua] = true
    row.cells[lua] = figure
  end
  return rows, used
end

local function columns_of(used)
  local columns = {}
  if used[""] then columns[1] = "" end
  for _, lua in ipairs(LUAS) do
    if used[lua] then columns[#columns + 1] = lua end
  end
  return columns
end

local tally = { met = 0, missed = {} }

-- The target, and whether it is met, of all cells of a row.
local function verdict(row, columns, title)
  local target, bad, judged = "", {}, false
  for _, column in ipairs(columns) do
    local figure = row.cells[column]
    local is_met
    if figure then is_met = results.met(figure) end
    if figure and figure.target ~= "" then target = figure.target end
    if is_met ~= nil then judged = true end
    if is_met then tally.met = tally.met + 1 end
    if is_met == false then
      bad[#bad + 1] = column
      table.insert(tally.missed, ("%s: %s%s is %s, target %s"):format(title,
        row.name, column ~= "" and " on " .. column or "", figure.value,
        figure.target))
    end
  end
  if not judged then return "", "stated" end
  if #bad == 0 then return target, "yes" end
  return target, "**no** " .. table.concat(bad, ", ")
end

local function add_figures(figures, title)
  local rows, used = rows_of(figures)
  local columns = columns_of(used)
  local heads, rules = {}, {}
  for index, column in ipairs(columns) do
    heads[index] = column == "" and "value" or column
    rules[index] = "---:"
  end
  add("| | %s | unit | target | met |", table.concat(heads, " | "))
  add("|---|%s|---|---|---|", table.concat(rules, "|"))
  for _, row in ipairs(rows) do
    local values = {}
    for index, column in ipairs(columns) do
      values[index] = row.cells[column] and cell(row.cells[column].value) or ""
    end
    local target, met = verdict(row, columns, title)
    add("| %s | %s | %s | %s | %s |", cell(row.name), table.concat(values,
      " | "), cell(row.unit), cell(target), met)
  end
end

-- --- the page ---

-- What a run printed that keeps no figures, as it is.
local function add_raw(name, command)
  local said = shell.read_file(("build/bench/%s.txt"):format(name))
  if said then return add("```\n%s\n```", (said:gsub("%s+$", ""))) end
  add("Not run. %s keeps its figures in `%s/%s.txt`.",
    command and ("`%s`"):format(command) or "Its run", results.FOLDER, name)
end

local function add_section(section)
  local name, title, text = section[1], section[2], section[3]
  local found = results.read(name)
  add("\n## %s\n", title)
  if text ~= "" then add("%s\n", text) end
  if not found then return add_raw(name, section[4]) end
  add("`%s`, %s, on machine %s.\n", found.command, found.date,
    machine_of(found))
  if #found.figures > 0 then add_figures(found.figures, title) end
  for _, note in ipairs(found.notes) do add("\n%s", cell(note)) end
  if name == "soak" and shell.read_file "bench/soak.svg" then
    add "\n![What the soak took, over its time](soak.svg)"
  end
end

local function add_summary(at)
  local list = { "# What was measured\n",
    "Made by `bench/report` out of what the runs kept; nothing here is "
      .. "written by hand.\n" }
  for _, text in ipairs(machines) do
    list[#list + 1] = ("- Machine %s: %s"):format(letters[text], cell(text))
  end
  list[#list + 1] = ("\n%d figures meet their target, %d miss it%s")
    :format(tally.met, #tally.missed, #tally.missed > 0 and ":\n" or ".")
  for _, missed in ipairs(tally.missed) do
    list[#list + 1] = "- " .. cell(missed)
  end
  for index = #list, 1, -1 do table.insert(out, at, list[index]) end
end

for _, section in ipairs(SECTIONS) do add_section(section) end
add_summary(1)
assert(shell.write_file(PAGE, table.concat(out, "\n") .. "\n"))
print(("%s: %d figures meet their target, %d miss it"):format(PAGE, tally.met,
  #tally.missed))
