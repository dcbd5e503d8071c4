--- Mutation tester: see spec/mutation/mutation.mk.
-- usage: main.lua run N SEED JOBS LIMIT

local coverage = require "spec.mutation.coverage"
local operators = require "spec.mutation.operators"
local sampler = require "spec.mutation.sampler"
local scratch = require "spec.mutation.scratch"
local shell = require "spec.mutation.shell"

local FIELDS = { "id", "status", "language", "file", "line", "operator",
  "spec", "seconds", "old", "new" }
local QUEUE = scratch.FOLDER .. "/queue"

io.stdout:setvbuf "line"

local function row(item)
  local list = {}
  for index, name in ipairs(FIELDS) do
    list[index] = tostring(item[name] or "-"):gsub("\t", " ")
  end
  return table.concat(list, "\t") .. "\n"
end

local function read_rows(path)
  local list = {}
  for line in (shell.read_file(path) or ""):gmatch "[^\n]+" do
    local item, index = {}, 0
    for value in (line .. "\t"):gmatch "(.-)\t" do
      index = index + 1
      item[FIELDS[index]] = value
    end
    item.line = tonumber(item.line)
    list[#list + 1] = item
  end
  return list
end

-- The last commit that changed anything but this folder, and a hash of what is
-- not committed.
local function tree_key()
  local others = "-- . ':!spec/mutation'"
  local commit = shell.check("git log -1 --format=%h " .. others)
  local changes = shell.check("git diff HEAD " .. others)
  if changes == "" then return commit:match "%w+" end
  return commit:match "%w+" .. "-" .. shell.check("git diff HEAD " .. others
    .. " | git hash-object --stdin"):sub(1, 8)
end

-- --- one worker ------------------------------------------------------------

local function is_timeout(status) return status == 124 or status == 137 end

-- Runs a spec file; a second time after a failure, which may have been due to
-- a busy machine. Returns the exit status and seconds.
local function run_spec(spec, worker)
  local limit = math.ceil(spec.seconds * 5 + 20)
  local status, seconds = scratch.run(worker.root, worker.environment,
    spec.name, limit)
  if status == 0 or is_timeout(status) then return status, seconds end
  local again, more = scratch.run(worker.root, worker.environment, spec.name,
    limit)
  return again, seconds + more
end

-- Runs the specs that execute the line until one fails. Sets status, spec and
-- seconds of the mutant.
local function judge(item, list, worker, limit)
  item.status, item.seconds = #list > 0 and "survived" or "unreached", 0
  local spent, left_out = 0, 0
  for _, spec in ipairs(list) do
    spent = spent + spec.seconds
    if spent > limit then
      left_out = left_out + 1
    else
      local status, seconds = run_spec(spec, worker)
      item.seconds = item.seconds + seconds
      if status ~= 0 then
        item.status = "killed"
        item.spec = spec.name .. (is_timeout(status) and ", timeout" or "")
        return
      end
    end
  end
  item.spec = ("%d specs"):format(#list - left_out)
    .. (left_out > 0 and (", %d left out"):format(left_out) or "")
end

local function try(item, map, worker, limit)
  local path = worker.root .. "/" .. item.file
  shell.write_file(path, operators.apply(shell.read_file(path), item.line,
    item.new))
  local is_c = item.language == "c"
  if is_c and not scratch.build(worker.root) then
    item.status, item.spec = "killed", "build"
  else
    judge(item, coverage.specs(map, item.file, item.line), worker, limit)
  end
  scratch.restore(worker.root, worker.clean, item.file, is_c)
end

local function work(number, key, limit, results)
  local clean = scratch.FOLDER .. "/clean"
  local map = coverage.load(key, clean)
  local root = scratch.clone(clean, "worker-" .. number)
  local worker = { root = root, clean = clean,
    environment = scratch.setting(root, "mutation-environment") }
  for _, item in ipairs(read_rows(QUEUE)) do
    -- The worker whose mkdir succeeds takes the mutant.
    if select(2, shell.read(("mkdir %s.%s 2>/dev/null"):format(QUEUE,
        item.id))) then
      try(item, map, worker, limit)
      item.seconds = ("%.1f"):format(item.seconds or 0)
      shell.write_file(results, row(item), "ab")
      io.write(("%-9s %s:%d %s (%s, %s s)\n"):format(item.status, item.file,
        item.line, item.operator, item.spec, item.seconds))
    end
  end
end

-- --- the whole run ---------------------------------------------------------

local function count_line(name, list, language)
  local killed, total = 0, 0
  for _, item in ipairs(list) do
    if not language or item.language == language then
      total = total + 1
      if item.status == "killed" then killed = killed + 1 end
    end
  end
  return ("%s %d of %d (%.0f %%)"):format(name, killed, total,
    total > 0 and 100 * killed / total or 0)
end

local function report(list)
  print "\nNot killed:"
  for _, item in ipairs(list) do
    if item.status ~= "killed" then
      print(("%s:%d %s: %s (%s)"):format(item.file, item.line, item.operator,
        item.status, item.spec))
      print("  - " .. item.old:match "^%s*(.*)")
      print("  + " .. item.new:match "^%s*(.*)")
    end
  end
  print("\n" .. count_line("Lua: killed", list, "lua"))
  print(count_line("C: killed", list, "c"))
  print(count_line("killed", list))
end

-- Keeps one built copy of the tree for all workers.
local function prepare(key)
  local marker = scratch.FOLDER .. "/clean.key"
  if shell.read_file(marker) ~= key then
    os.remove(marker)
    scratch.create("clean")
    shell.write_file(marker, key)
  end
end

local function run(count, seed, jobs, limit)
  local key = tree_key()
  local results = ("%s/results-%s.tsv"):format(scratch.FOLDER, key)
  shell.check("mkdir -p " .. scratch.FOLDER)
  prepare(key)
  coverage.load(key, scratch.FOLDER .. "/clean")
  local known, queue = {}, {}
  for _, item in ipairs(read_rows(results)) do known[item.id] = item end
  local mutants = sampler.select(count, seed)
  for _, item in ipairs(mutants) do
    if not known[item.id] then queue[#queue + 1] = row(item) end
  end
  print(("tree %s, seed %s: %d mutants, %d of them to run"):format(key, seed,
    #mutants, #queue))
  shell.read(("rm -rf %s %s.*"):format(QUEUE, QUEUE))
  shell.write_file(QUEUE, table.concat(queue))
  local words = {}
  for number = 1, jobs do
    words[number] = ("lua5.4 spec/mutation/main.lua work %d %s %s %s &")
      :format(number, key, limit, shell.quote(results))
  end
  os.execute(table.concat(words, " ") .. " wait")
  for _, item in ipairs(read_rows(results)) do known[item.id] = item end
  local finished = {}
  for _, item in ipairs(mutants) do
    finished[#finished + 1] = known[item.id]
  end
  report(finished)
  if #finished < #mutants then error("interrupted: run it again", 0) end
end

if arg[1] == "run" then
  run(tonumber(arg[2]), arg[3], tonumber(arg[4]), arg[5])
else
  work(arg[2], arg[3], tonumber(arg[4]), arg[5])
end
