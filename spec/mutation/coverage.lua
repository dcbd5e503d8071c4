--- The coverage map: the lines that each spec file executes, and its duration.
--
-- Every spec file runs twice: in an unchanged copy of the tree, for its
-- duration, and in a copy whose core counts lines for gcov, with a line hook
-- in each Lua process. Code that only nginx executes is not recorded. The hook
-- makes specs several times slower: the map takes about 20 minutes, once per
-- tree.

local scratch = require "spec.mutation.scratch"
local shell = require "spec.mutation.shell"

local coverage = {}

-- Specs that are never run: they need a browser or a display, test the
-- sandbox, or measure.
local LEFT_OUT = { "/examples/", "/sandbox/", "/guard/", "/fuzz/",
  "/mutation/" }
local LONGEST = 60 -- seconds that a spec file may take
local ENVIRONMENT = "mutation-environment"
-- Without optimization the core calls floor(), which is in libm.
local COUNTING = "CFLAGS='-O0 -g --coverage -Wl,--no-as-needed -lm' "
  .. "LDFLAGS=--coverage"

local function specs()
  local list = {}
  for path in shell.check("git ls-files spec"):gmatch "[^\n]+" do
    local is_spec = path:find "_spec%.lua$"
    for _, pattern in ipairs(LEFT_OUT) do
      if path:find(pattern) then is_spec = false end
    end
    if is_spec then list[#list + 1] = path end
  end
  return list
end

local function mark(lines, file, line)
  lines[file] = lines[file] or {}
  lines[file][tonumber(line)] = true
end

-- Adds the lines with code. A statement of several lines has code on some of them.
local function add_lua_code(lines, root)
  for path in shell.check("git ls-files 'lua/*.lua'"):gmatch "[^\n]+" do
    for line in shell.read(("luac5.4 -l -p %s/%s"):format(root, path))
        :gmatch "\n%s+%d+%s+%[(%d+)%]" do
      mark(lines, path, line)
    end
  end
end

-- Reads the counts of gcov into `executed` and `code`.
local function read_gcov(root, executed, code)
  local file
  for line in shell.read(("cd %s && find build -name '*.gcda' -print0 | "
      .. "xargs -0 -r gcov -t 2>/dev/null"):format(root)):gmatch "[^\n]+" do
    local count, number, rest = line:match "^%s*([^%s:]+):%s*(%d+):(.*)"
    if number == "0" and rest:find "^Source:" then
      file = rest:sub(8):gsub("^" .. root:gsub("%p", "%%%0") .. "/", "")
    elseif file and count and count ~= "-" then
      mark(code, file, number)
      if count:find "^%d" then mark(executed, file, number) end
    end
  end
end

local function measure(root, environment, spec, limit, code)
  local record = root .. "/lines"
  shell.write_file(record, "")
  shell.read(("find %s/build -name '*.gcda' -delete"):format(root))
  local _, seconds = scratch.run(root, environment, spec, limit,
    ("MUTATION_LINES=%s LUA_INIT=@%s/spec/mutation/line_hook.lua")
      :format(record, root))
  local executed = {}
  for file, line in shell.read_file(record):gmatch "([^:\n]+):(%d+)" do
    mark(executed, file, line)
  end
  read_gcov(root, executed, code)
  io.write((" (%.1f s with coverage)"):format(seconds))
  return executed
end

-- Format: "spec NAME SECONDS" or "code", then "FILE LINE LINE ..." for each.
local function print_lines(out, lines)
  for file, set in pairs(lines) do
    if file:find "^lua/" or file:find "^csrc/" then
      local list = {}
      for line in pairs(set) do list[#list + 1] = line end
      table.sort(list)
      out[#out + 1] = " " .. file .. " " .. table.concat(list, " ")
    end
  end
end

local function create(path, clean)
  local counting = scratch.create("coverage", COUNTING)
  local plain, instrumented = scratch.setting(clean, ENVIRONMENT),
    scratch.setting(counting, ENVIRONMENT)
  local out, code = {}, {}
  add_lua_code(code, counting)
  for _, spec in ipairs(specs()) do
    local status, seconds = scratch.run(clean, plain, spec, LONGEST)
    io.write(("coverage  %s %.1f s"):format(spec, seconds))
    if status ~= 0 then
      io.write ", left out: it fails without a mutation"
    else
      out[#out + 1] = ("spec %s %.2f"):format(spec, seconds)
      print_lines(out, measure(counting, instrumented, spec, 300, code))
    end
    io.write "\n"
  end
  out[#out + 1] = "code"
  print_lines(out, code)
  shell.write_file(path, table.concat(out, "\n") .. "\n")
end

local function load_map(path)
  local map, current = { specs = {}, code = {} }, nil
  for line in io.lines(path) do
    local name, seconds = line:match "^spec (%S+) (%S+)"
    local file, numbers = line:match "^ (%S+) (.*)"
    if file then
      for number in numbers:gmatch "%d+" do mark(current, file, number) end
    elseif name then
      current = {}
      table.insert(map.specs, { name = name, seconds = tonumber(seconds),
        lines = current })
    else
      current = map.code
    end
  end
  table.sort(map.specs, function(a, b) return a.seconds < b.seconds end)
  return map
end

--- Returns the map for the tree `key`; measures it at the first call.
-- `clean`: an unchanged copy of the tree, built.
function coverage.load(key, clean)
  local path = ("%s/map-%s"):format(scratch.FOLDER, key)
  if not shell.read_file(path) then create(path, clean) end
  return load_map(path)
end

--- Returns the specs that execute a line, the shortest first.
function coverage.specs(map, file, line)
  local code, list = map.code[file] or {}, {}
  while line > 1 and not code[line] do line = line - 1 end
  for _, spec in ipairs(map.specs) do
    if spec.lines[file] and spec.lines[file][line] then
      list[#list + 1] = spec
    end
  end
  return list
end

return coverage
