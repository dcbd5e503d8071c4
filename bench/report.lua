--- Writes bench/REPORT.md from the newest results in bench/results.
-- report.lua [PAGE FOLDER]: writes another page, from other results.

local results = require "bench.results"
local shell = require "adobepass.util.shell"

local PAGE = arg[1] or "bench/REPORT.md"
results.FOLDER = arg[2] or results.FOLDER

-- name of the results, title, description, command
local SECTIONS = {
  { "speed", "Comparison with plain C", "Time of plain C divided by time of the "
    .. "core in the same round: above 1, the core is faster. Median, quartiles "
    .. "in parentheses.", "bench/run" },
  { "growth", "Growth", "Memory of a device and CPU time of a call, with 1 to "
    .. "100,000 devices.", "bench/growth" },
  { "start", "Start", "From the start of a program to the first permit of a new "
    .. "device, over https. Each row includes the rows before it.", "bench/start" },
  { "driver", "Driver of nginx", "client.api:profiles() beside the same call by a bare "
    .. "cosocket, in one worker. With 64 and 1,000 in flight, each response takes the "
    .. "service 50 ms.", "bench/driver" },
  { "driver-park", "Driver of nginx: waiting calls", "CPU use of a worker while calls "
    .. "wait for 10 s.", "bench/driver park" },
  { "peers", "Other HTTP clients", "The same call by this client, its core and "
    .. "lua-http, on Lua 5.2.",
    "bench/peers" },
  { "doubles", "Test doubles", "The sandbox and Prism's mock of Adobe's OpenAPI "
    .. "files: the rules of Adobe's pages that each follows, and its speed.",
    "bench/doubles" },
  { "guards", "Guards", "Counts of one operation or flow; they do not depend on "
    .. "other load. The specs enforce the ceilings.", "make guards" },
  { "soak", "Soak", "Memory, descriptors and errors under a steady load.",
    "make soak" },
  { "gateway-files", "Gateway: files", "Files with the ticket check and "
    .. "without, from the same nginx.", "bench/gateway.sh files" },
  { "gateway-cdn", "Gateway: files through Traffic Server", "Segments of 188 kB; each "
    .. "request has a signed URL.", "bench/gateway.sh cdn" },
  { "gateway-slow", "Gateway: slow service", "/play while the service takes two "
    .. "seconds for each response.", "bench/gateway.sh slow" },
  { "gateway-hour", "Gateway: one hour of traffic", "The requests of one hour, "
    .. "sent in a few minutes.", "bench/gateway.sh hour" },
  { "gateway-reload", "Gateway: reloads", "nginx is reloaded again and again while "
    .. "32 viewers send requests; each request to Adobe takes 50 ms.",
    "bench/gateway.sh reload" },
  { "tv", "TV frames", "The app under Xvfb, which draws with the processor, "
    .. "with Chromium and the sandbox. `process` counts all threads of the app.",
    "bench/tv" },
  { "player", "mpv callbacks", "The script of examples/mpv under Xvfb. The time that a "
    .. "callback waited for a processor is subtracted.", "bench/player" },
  { "faults", "Faults", "Specs with faults of network, service, nginx, disk "
    .. "and Redis.", "make test SPECS=spec/fault" },
  { "simulation", "Simulation", "The client's code with virtual time, several "
    .. "processes, one store and faults; checks C1 to C5 of docs/credentials.md.",
    "make simulate SEEDS=10000" },
  { "model", "Model", "spin checks C1 to C5 in all states of the protocol's model, and "
    .. "has to find each of six planted defects.", "make model" },
  { "ports", "Ports", "Core, client and flows in a clean root of Debian 13; arm64 and "
    .. "armhf run in qemu-user.", "make ports" },
  { "fuzz", "Fuzzing", "libFuzzer with AddressSanitizer and UBSan.", "make fuzz" },
  { "mutation", "Mutation", "Single lines are changed; a spec has to fail.",
    "make mutation" },
  { "documentation", "Documentation and conformance", "Counted by the checks of the "
    .. "reference, of the types and of Adobe's statements.", "bench/counts" },
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
    return (digits:reverse():gsub("(%d%d%d)", "%1,"):reverse():gsub("^,", ""))
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

-- Returns a figure's name without the Lua, and the Lua: "errors, luajit" and
-- "luajit, errors" belong to the row "errors".
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

-- Returns one row per name, in the order of the file, with a cell for each Lua.
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

-- Returns the target of a row, and whether all its cells meet it.
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
  if not judged then return "", "" end
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

local function add_section(section)
  local name, title, text = section[1], section[2], section[3]
  local found = results.read(name)
  add("\n## %s\n", title)
  add("%s\n", text)
  if not found then return add("Not run. Run `%s`.", section[4]) end
  local commit = found.commit and ", commit " .. found.commit or ""
  add("`%s`, %s%s, on machine %s.\n", found.command, found.date, commit,
    machine_of(found))
  if #found.figures > 0 then add_figures(found.figures, title) end
  for _, note in ipairs(found.notes) do add("\n%s", cell(note)) end
end

local function add_summary(at)
  local list = { "# Benchmark report\n",
    "Generated by `make report` from the newest results; do not edit. How to "
      .. "run the benchmarks: [README.md](README.md).\n" }
  for _, text in ipairs(machines) do
    list[#list + 1] = ("- Machine %s: %s"):format(letters[text], cell(text))
  end
  list[#list + 1] = ("\n%d targets met, %d missed%s")
    :format(tally.met, #tally.missed, #tally.missed > 0 and ":\n" or ".")
  for _, missed in ipairs(tally.missed) do
    list[#list + 1] = "- " .. cell(missed)
  end
  for index = #list, 1, -1 do table.insert(out, at, list[index]) end
end

for _, section in ipairs(SECTIONS) do add_section(section) end
add_summary(1)
assert(shell.write_file(PAGE, table.concat(out, "\n") .. "\n"))
print(("%s: %d targets met, %d missed"):format(PAGE, tally.met,
  #tally.missed))
