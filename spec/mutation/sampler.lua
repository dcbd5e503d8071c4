--- Selects the mutants: a sample that stays nearly the same when files move
-- or unrelated lines change.
--
-- The rank of a mutation is a hash of the seed, the trimmed line, the operator
-- and the occurrence number of this pair over all files. The path and the
-- line number have no influence. The lowest ranks are taken.

local operators = require "spec.mutation.operators"
local scratch = require "spec.mutation.scratch"
local shell = require "spec.mutation.shell"

local sampler = {}

-- Patterns of paths.
local TARGETS = {
  lua = { "^lua/adobepass/flow/", "^lua/adobepass/client%.lua$",
    "^lua/adobepass/api/", "^lua/adobepass/auth/",
    "^lua/adobepass/policy/rate_limiter%.", "^lua/adobepass/policy/retry%." },
  c = { "^csrc/.*%.c$" },
}
-- Modules in api/ that are not targets; with them the sample would be another one.
local LEFT_OUT = { environment = true, error_catalog = true, errors = true,
  flow_context = true, operations = true, response = true }
local SHARE_OF_LUA = 7 / 12

-- FNV-1a with the final mix of splitmix64, in hexadecimal digits.
local function hash(text)
  local value = 0xcbf29ce484222325
  for index = 1, #text do
    value = (value ~ text:byte(index)) * 0x100000001b3
  end
  value = (value ~ (value >> 30)) * 0xbf58476d1ce4e5b9
  value = (value ~ (value >> 27)) * 0x94d049bb133111eb
  return ("%016x"):format(value ~ (value >> 31))
end

local function files(language)
  local list = {}
  for path in shell.check("git ls-files lua csrc"):gmatch "[^\n]+" do
    for _, pattern in ipairs(TARGETS[language]) do
      if path:find(pattern)
          and not LEFT_OUT[path:match "/api/([%w_]+)%.lua$" or ""] then
        list[#list + 1] = path
        break
      end
    end
  end
  -- Sorts by file name first, so that a move keeps most occurrence numbers.
  local function key(path) return path:match "[^/]+$" .. "/" .. path end
  table.sort(list, function(a, b) return key(a) < key(b) end)
  return list
end

local function candidates(language, seed)
  local list, count = {}, {}
  for _, path in ipairs(files(language)) do
    local text = shell.read_file(path)
    for _, item in ipairs(operators.find(text, language)) do
      local pair = item.text .. "\n" .. item.operator
      count[pair] = (count[pair] or 0) + 1
      item.file, item.language = path, language
      item.id = hash(pair .. "\n" .. count[pair])
      item.rank = hash(seed .. "\n" .. item.id)
      list[#list + 1] = item
    end
  end
  table.sort(list, function(a, b) return a.rank < b.rank end)
  return list
end

local CHECKS, compiler = {}, nil

-- Stripped byte code: nil if the text does not compile.
function CHECKS.lua(text)
  local fn = load(text)
  return fn and string.dump(fn, true)
end

-- The object file.
function CHECKS.c(text, path)
  compiler = compiler or scratch.setting(".", "mutation-compiler")
  local name = os.tmpname()
  shell.write_file(name, text)
  local object, is_ok = shell.read(("nice -n 5 %s -g0 -w -I%s -x c -c -o %s.o "
    .. "- < %s 2>&1 && cat %s.o"):format(compiler,
    path:match "^(.*)/", name, name, name))
  os.remove(name)
  os.remove(name .. ".o")
  return is_ok and object or nil
end

-- Takes `count` mutants whose compiled code differs from the original. A line is
-- mutated at most once.
local function take(list, count)
  local result, original, is_taken = {}, {}, {}
  for _, item in ipairs(list) do
    if #result >= count then break end
    local check, place = CHECKS[item.language], item.file .. ":" .. item.line
    if not is_taken[place] then
      local text = shell.read_file(item.file)
      original[item.file] = original[item.file] or check(text, item.file)
        or error(item.file .. " does not compile", 0)
      local built = check(operators.apply(text, item.line, item.new),
        item.file)
      if built and built ~= original[item.file] then
        is_taken[place] = true
        result[#result + 1] = item
      end
    end
  end
  return result
end

--- Returns `count` mutants in the order of their rank.
function sampler.select(count, seed)
  local of_lua = math.floor(count * SHARE_OF_LUA + 0.5)
  local result = take(candidates("lua", seed), of_lua)
  for _, item in ipairs(take(candidates("c", seed), count - of_lua)) do
    result[#result + 1] = item
  end
  table.sort(result, function(a, b) return a.rank < b.rank end)
  return result
end

return sampler
