--- JSON, in and out.
--
-- lua-cjson 2.1.0 (Debian) reads every number as a float and writes an empty
-- array as an object; Adobe's times are 13-digit integers and its `resources`
-- must be an array. So the core reads, and we write; null and the marks of
-- arrays are lua-cjson's, so that values go from the one to the other.
--
--   json.encode(value)      string; raises on what JSON cannot hold
--   json.decode(text)       value | nil, message, "malformed_json"
--   json.array(t)           t, marked: always an array, also when empty
--   json.object(t)          t, marked: always an object, also when empty
--   json.is_array(t)        marked, or a sequence with at least one element
--   json.integer(number)    rounded down, an integer where Lua has them
--   json.number(value)      of an answer: finite, from a number or digits
--   json.text(value)        of an answer: a string, or nil
--   json.null               JSON's null, in and out
--
-- A decoded empty array is an empty table and would be written as `{}`.
--
-- @module adobepass.util.json

-- luacheck: read_globals math.type math.tointeger

local cjson = require "cjson"
local core = require "adobepass.core"

local floor, huge = math.floor, math.huge
local format, gsub = string.format, string.gsub
local tointeger = math.tointeger or function(number) return number end

local MAX_DEPTH = 64
-- The largest whole number that a double still holds exactly, and Lua 5.1
-- still prints without an exponent through "%.0f".
local MAX_EXACT = 2 ^ 53

local json = { null = cjson.null }

local ARRAY = cjson.array_mt or { __name = "adobepass.util.json.array" }
local OBJECT = { __name = "adobepass.util.json.object" }

function json.integer(number)
  return tointeger(floor(number))
end

--- A value of an answer as a number that can be reckoned with and written
-- again: a number or its digits; else nil. Some Luas read "inf" or "0x10" too.
function json.number(value)
  if type(value) == "string" and value:find "^%-?%d+%.?%d*$" then
    value = tonumber(value)
  end
  if type(value) ~= "number" or value - value ~= 0 then return nil end
  return value
end

--- A value of an answer if it is a text; else nil, also for null.
function json.text(value)
  return type(value) == "string" and value or nil
end

function json.array(t)
  return setmetatable(t or {}, ARRAY)
end

function json.object(t)
  return setmetatable(t or {}, OBJECT)
end

function json.is_array(t)
  if type(t) ~= "table" then return false end
  local mark = getmetatable(t)
  return mark == ARRAY or (mark ~= OBJECT and t[1] ~= nil)
end

function json.decode(text)
  if type(text) ~= "string" then
    return nil, "JSON text expected, got " .. type(text), "malformed_json"
  end
  return core.json.decode(text)
end

local ESCAPES = {
  ['"'] = '\\"', ["\\"] = "\\\\", ["\b"] = "\\b", ["\f"] = "\\f",
  ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t",
}

local function escape(char)
  return ESCAPES[char] or format("\\u%04x", char:byte())
end

local function write_string(value)
  -- Lua 5.1 patterns cannot hold "\0"; %z is gone in 5.2, %c covers it.
  return '"' .. gsub(value, '[%c"\\]', escape) .. '"'
end

local function write_number(value)
  if value ~= value or value == huge or value == -huge then
    error("JSON has no " .. tostring(value), 0)
  end
  if math.type and math.type(value) == "integer" then
    return format("%d", value)
  end
  if value == floor(value) and value <= MAX_EXACT and value >= -MAX_EXACT then
    return (format("%.0f", value))
  end
  local text
  for _, form in ipairs { "%.15g", "%.16g", "%.17g" } do
    text = format(form, value)
    if tonumber(text) == value then break end
  end
  return (gsub(text, "[^%-+%de]+", ".")) -- a locale may print another point
end

local write

local function write_array(t, depth)
  local parts, count = {}, #t
  for key in pairs(t) do
    if type(key) ~= "number" or key < 1 or key > count then
      error("an array cannot have the key " .. tostring(key), 0)
    end
  end
  for i = 1, count do parts[i] = write(t[i], depth) end
  return "[" .. table.concat(parts, ",") .. "]"
end

local function write_object(t, depth)
  local keys, parts = {}, {}
  for key in pairs(t) do
    if type(key) ~= "string" then
      error("an object cannot have a " .. type(key) .. " as key", 0)
    end
    keys[#keys + 1] = key
  end
  table.sort(keys)
  for i, key in ipairs(keys) do
    parts[i] = write_string(key) .. ":" .. write(t[key], depth)
  end
  return "{" .. table.concat(parts, ",") .. "}"
end

local function write_table(t, depth)
  if depth >= MAX_DEPTH then error("nested too deeply, or in a circle", 0) end
  if json.is_array(t) then return write_array(t, depth + 1) end
  return write_object(t, depth + 1)
end

local writers = {
  string = write_string,
  number = write_number,
  boolean = tostring,
  table = write_table,
}

function write(value, depth)
  if value == json.null then return "null" end
  local writer = writers[type(value)]
  if not writer then error("JSON cannot hold a " .. type(value), 0) end
  return writer(value, depth)
end

function json.encode(value)
  local ok, text = pcall(write, value, 0)
  if not ok then error("json.encode: " .. tostring(text), 2) end
  return text
end

return json
