--- Checks option tables. An unknown name or a wrong value raises an error with
-- the option's name, at the caller's line.
-- @module adobepass.util.options

local tables = require "adobepass.util.tables"

local options = {}

local function complain(where, message, level)
  error(("%s: %s"):format(where, message), level + 1)
end

local function is_swap(a, b, i, j)
  return i > 1 and j > 1 and a:byte(i) == b:byte(j - 1)
    and a:byte(i - 1) == b:byte(j)
end

-- Returns the number of edits between two strings: inserted, removed, changed
-- or swapped letters (optimal string alignment distance).
local function distance(a, b)
  local rows = { [0] = {} }
  for j = 0, #b do rows[0][j] = j end
  for i = 1, #a do
    local row, above = { [0] = i }, rows[i - 1]
    for j = 1, #b do
      local change = a:byte(i) == b:byte(j) and 0 or 1
      row[j] = math.min(above[j] + 1, row[j - 1] + 1, above[j - 1] + change)
      if is_swap(a, b, i, j) then
        row[j] = math.min(row[j], rows[i - 2][j - 2] + 1)
      end
    end
    rows[i] = row
  end
  return rows[#a][#b]
end

local LONGEST_NAME, SHORTEST_PREFIX, MOST_EDITS = 64, 3, 2

local function begins_with(text, prefix)
  return #prefix >= SHORTEST_PREFIX and text:sub(1, #prefix) == prefix
end

-- Returns a measure of how much two names differ; nil when they are unrelated.
local function difference(name, known)
  local edits = distance(name, known)
  if edits <= math.min(MOST_EDITS, math.floor(#name / 3)) then return edits end
  if begins_with(known, name) or begins_with(name, known) then
    return MOST_EDITS + edits
  end
end

--- Returns the suggestion for a message about an unknown name: the most similar
-- known name.
-- @param name what was given
-- @tparam table known its keys are the known names
-- @treturn string `: did you mean 'x'?`, or an empty string
function options.suggest(name, known)
  if type(name) ~= "string" or #name > LONGEST_NAME then return "" end
  local best, least
  for candidate in pairs(known) do
    local value = type(candidate) == "string" and difference(name, candidate)
    if value and (not least or value < least
        or value == least and candidate < best) then
      best, least = candidate, value
    end
  end
  return best and (": did you mean '%s'?"):format(best) or ""
end

local MOST_LISTED = 6

-- Returns the end of a message about an unknown option: a suggestion, or the names of a
-- small set of options.
local function known_text(name, fields)
  local suggestion, names = options.suggest(name, fields), tables.sorted_keys(fields)
  if suggestion ~= "" or #names > MOST_LISTED then return suggestion end
  return ": expected one of " .. table.concat(names, ", ")
end

--- Describes an optional number for the `fields` of options.check.
-- @number least
-- @number most
-- @bool[opt] is_whole
function options.number(least, most, is_whole)
  return { least = least, most = most, is_whole = is_whole }
end

--- Describes an option that is one value or a list of values of a type, for the
-- `fields` of options.check.
-- @string kind the type
-- @bool[opt] is_optional
function options.one_or_more(kind, is_optional)
  return { kind = kind, is_optional = is_optional }
end

--- Returns the list of an option that options.one_or_more describes.
function options.list(value)
  return type(value) == "table" and value or { value }
end

local function is_one_or_more(value, wanted)
  if value == nil then return wanted.is_optional end
  local list, count = options.list(value), 0
  for _, item in pairs(list) do
    count = count + 1
    if type(item) ~= wanted.kind then return false end
  end
  return count > 0 and count == #list
end

local function is_in_range(value, range)
  return type(value) == "number" and value >= range.least
    and value <= range.most and not (range.is_whole and value % 1 ~= 0)
end

local function is_of_type(value, wanted)
  if value == nil then return wanted:sub(-1) == "?" end
  for kind in wanted:gmatch "%a+" do
    if type(value) == kind then return true end
  end
  return false
end

-- Returns a type with its article, as a reader of the documentation knows it.
local function type_text(wanted)
  local text = wanted:gsub("%?$", ""):gsub("userdata", "object of adobepass.core")
  return (text:find "^[aeiou]" and "an " or "a ") .. text
end

-- Returns what is wrong with a value; nil when it is valid.
local function fault_of(name, value, wanted)
  if type(wanted) == "table" and wanted.kind then
    if is_one_or_more(value, wanted) then return nil end
    return ("%s should be %s, or a list of them"):format(name, type_text(wanted.kind))
  elseif type(wanted) == "table" then
    if value == nil or is_in_range(value, wanted) then return nil end
    return ("%s should be a %snumber from %g to %g"):format(name,
      wanted.is_whole and "whole " or "", wanted.least, wanted.most)
  elseif not is_of_type(value, wanted) then
    return ("%s should be %s, not %s"):format(name, type_text(wanted), type(value))
  end
end

--- Checks a table against the fields it may have.
-- @tparam string where the checked function's name, for the message
-- @tparam table given
-- @tparam table fields from a name to "type", "type?" (may be missing) or
-- "type or type?", or to options.number or options.one_or_more
-- @tparam[opt=2] number level whose line to name, as for error()
-- @treturn table given
function options.check(where, given, fields, level)
  level = (level or 2) + 1
  if type(given) ~= "table" then
    complain(where, "options should be a table, not " .. type(given), level)
  end
  for name in pairs(given) do
    if not fields[name] then
      complain(where, ("unknown option '%s'%s"):format(tostring(name),
        known_text(name, fields)), level)
    end
  end
  for name, wanted in pairs(fields) do
    local fault = fault_of(name, given[name], wanted)
    if fault then complain(where, fault, level) end
  end
  return given
end

--- Returns the text of an address for a message, without user information.
function options.without_user(text) return (text:gsub("^.*@", "***@")) end

local MOST_SHOWN = 40

--- Returns a wrong value for a message, without user information and at most 40 bytes:
-- it may be a secret in the wrong option.
function options.shown(value)
  local text = options.without_user(value)
  return #text <= MOST_SHOWN and text or text:sub(1, MOST_SHOWN - 3) .. "..."
end

-- The folder of this library, as Lua names its files; nil if they are bundled into one.
local LIBRARY = debug.getinfo(1, "S").source:match "^(.*)util[/\\]options%.lua$"

local function is_of_library(info)
  return info.what == "C" or info.what == "tail"
    or info.source:sub(1, #LIBRARY) == LIBRARY
end

-- Returns the level, for error() in the caller, of the function that called this
-- library, however many of the library's functions are between.
local function application_level()
  if not LIBRARY then return 3 end
  local level = 3
  local info = debug.getinfo(level, "S")
  while info and is_of_library(info) do
    level = level + 1
    info = debug.getinfo(level, "S")
  end
  return level - 1
end

--- Raises a usage error at the line of the application.
-- @string message
function options.raise(message) error(message, application_level()) end

--- Calls a function and returns its results, three at most. An error is raised again
-- at the line of the application.
function options.at_caller(f, ...)
  local good, result, second, third = pcall(f, ...)
  if good then return result, second, third end
  error((tostring(result):gsub("^.-:%d+: ", "", 1)), application_level())
end

return options
