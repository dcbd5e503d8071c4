--- Stores the figures of a benchmark in a file that bench/report reads.
--
--   local found = results.new("soak", "make soak")
--   found:figure("errors", 0, "", "<= 0")     -- name, value, unit, target
--   found:note "Load average: 0.5"
--   found:write()                             -- bench/results/soak.txt
--   os.exit(results.status())                 -- 1 if a target is missed
--
-- A target is "<= 5", "< 5", ">= 0.9" or "= 1"; it is optional.
--
-- The file has one record per line, its fields separated by tabs: `command`,
-- `date`, `commit`, `machine` (name, value), `figure` (name, value, unit, target),
-- `note`.

-- luacheck: read_globals table.unpack unpack

local core = require "adobepass.core"
local shell = require "adobepass.util.shell"

local unpack = table.unpack or unpack

local results = {}

results.FOLDER = "bench/results"

local is_missed = false

--- Returns the exit status: 1 if a figure of this process missed its target, else 0.
function results.status() return is_missed and 1 or 0 end

local Found = {}
Found.__index = Found

local function output_of(command)
  local text, status = shell.read(command)
  return status == 0 and text or "unknown"
end

local function cpu()
  local text = shell.read_file "/proc/cpuinfo" or ""
  local _, cores = text:gsub("processor%s*:", "")
  return ("%s, model %s, %d cores"):format(
    text:match "model name%s*:%s*([^\n]+)" or "unknown",
    text:match "model%s*:%s*(%d+)" or "?", cores)
end

local function interpreters()
  return output_of "lua5.4 -v | cut -d' ' -f1,2" .. ", "
    .. output_of "luajit -v | cut -d' ' -f1,2"
end

--- Describes the machine: a list of { name, value }.
function results.machine()
  local features = core.features()
  return {
    { "cpu", cpu() },
    { "kernel", output_of "uname -sr" },
    { "system", output_of ". /etc/os-release && echo $PRETTY_NAME" },
    { "compiler", output_of "${CC:-cc} --version | head -n 1" },
    { "Lua", interpreters() },
    { "libraries", ("libcurl %s, OpenSSL %s, nginx %s"):format(
      features.libcurl, features.openssl, output_of
      "PATH=$PATH:/usr/sbin nginx -v 2>&1 | cut -d/ -f2 | cut -d' ' -f1") },
  }
end

local function one_line(value)
  return (tostring(value):gsub("%s+", " "))
end

local function add(self, ...)
  local parts = { ... }
  for index, part in ipairs(parts) do parts[index] = one_line(part) end
  self.lines[#self.lines + 1] = table.concat(parts, "\t")
end

--- Starts a set of figures.
-- @tparam string name of the file
-- @tparam string command that measures these figures
function results.new(name, command)
  local self = setmetatable({ name = name, lines = {} }, Found)
  add(self, "command", command)
  add(self, "date", os.date "!%Y-%m-%d %H:%M UTC")
  add(self, "commit", output_of "git rev-parse --short HEAD")
  for _, item in ipairs(results.machine()) do
    add(self, "machine", item[1], item[2])
  end
  return self
end

function Found:figure(name, value, unit, target)
  add(self, "figure", name, value, unit or "", target or "")
  if results.met { value = value, target = target or "" } == false then
    is_missed = true
  end
end

function Found:note(text) add(self, "note", text) end

--- Replaces the file of the last run; returns its path.
function Found:write()
  local path = ("%s/%s.txt"):format(results.FOLDER, self.name)
  assert(shell.execute(shell.line("mkdir", "-p", results.FOLDER)) == 0)
  assert(shell.write_file(path .. ".new",
    table.concat(self.lines, "\n") .. "\n"))
  assert(os.rename(path .. ".new", path))
  return path
end

local function split(line)
  local parts = {}
  for part in (line .. "\t"):gmatch "(.-)\t" do parts[#parts + 1] = part end
  return parts
end

--- Reads a file: { command, date, commit, machine, figures, notes }; nil if there is
-- none.
function results.read(name)
  local text = shell.read_file(("%s/%s.txt"):format(results.FOLDER, name))
  if not text then return nil end
  local found = { figures = {}, notes = {}, machine = {} }
  for line in text:gmatch "[^\n]+" do
    local kind, a, b, c, d = unpack(split(line))
    if kind == "figure" then
      table.insert(found.figures, { name = a, value = b, unit = c,
        target = d })
    elseif kind == "note" then table.insert(found.notes, a)
    elseif kind == "machine" then table.insert(found.machine, { a, b })
    else found[kind] = a end
  end
  return found
end

local HOLDS = {
  ["<"] = function(value, bound) return value < bound end,
  ["<="] = function(value, bound) return value <= bound end,
  [">="] = function(value, bound) return value >= bound end,
  ["="] = function(value, bound) return value == bound end,
}

--- Returns whether a figure meets its target; nil without a target.
function results.met(figure)
  local sign, bound = figure.target:match "^([<>=]+)%s*([%d.]+)"
  if not sign then return nil end
  local value = tonumber((tostring(figure.value):match "^%+?(-?%d[%d.]*)"))
  return value ~= nil and HOLDS[sign](value, tonumber(bound))
end

return results
