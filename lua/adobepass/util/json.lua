--- JSON: lua-cjson decodes, this module encodes.
--
-- lua-cjson decodes every number as a float; the core then turns whole numbers
-- into integers, because Adobe's times are 13-digit integers.
--
--   json.encode(value)      string; raises for a value that JSON cannot hold
--   json.decode(text)       value | nil, message, "malformed_json"
--   json.array(t)           t, marked: always an array, also when empty
--   json.object(t)          t, marked: always an object, also when empty
--   json.is_array(t)        marked, or a sequence with at least one element
--   json.integer(number)    rounded down, an integer where Lua has them
--   json.number(value)      of a response: finite, from a number or digits
--   json.text(value)        of a response: a string, or nil
--   json.null               JSON's null, in and out
--
-- A decoded empty array is an empty table and would be written as `{}`.
--
-- @module adobepass.util.json

-- luacheck: read_globals math.type math.tointeger

local cjson = require "cjson"
local core = require "adobepass.core"

local normalize_numbers = core.json.normalize_numbers
local floor, huge = math.floor, math.huge
local find, format, gsub = string.find, string.format, string.gsub
local tointeger = math.tointeger or function(number) return number end

local MAX_DEPTH = 64
-- Up to this number a double holds every whole number, and "%.0f" of Lua 5.1
-- prints it without an exponent.
local MAX_EXACT = 2 ^ 53

local json = { null = cjson.null }

local ARRAY = cjson.array_mt or { __name = "adobepass.util.json.array" }
local OBJECT = { __name = "adobepass.util.json.object" }

function json.integer(number)
  return tointeger(floor(number))
end

--- Returns a value of a response as a finite number: a number, or a string of
-- decimal digits; otherwise nil. tonumber() of some Luas accepts "inf" and
-- "0x10", too.
function json.number(value)
  if type(value) == "string" and value:find "^%-?%d[%d.]*$" then
    value = tonumber(value)
  end
  if type(value) ~= "number" or value - value ~= 0 then return nil end
  return value
end

--- Returns a value of a response if it is a string; otherwise nil, also for
-- null.
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

-- A separate instance, so that the settings of the host's lua-cjson do not
-- change.
local function new_reader()
  local instance = cjson.new()
  instance.decode_max_depth(MAX_DEPTH)
  instance.decode_invalid_numbers(false)
  return instance.decode
end

local read = new_reader()

-- cjson.new() reads the decimal point of the locale. When the host changes the
-- locale, fractions cannot be decoded until the next cjson.new(). lua-cjson
-- aborts the process if the decimal point has more than one byte.
local function refresh_locale()
  if pcall(read, "0.5") or #core.json.decimal_point() > 1 then return false end
  read = new_reader()
  return true
end

local function malformed(why)
  -- This is not an error of the text, so it is raised.
  if why == "not enough memory" then error(why, 0) end
  return nil, "malformed JSON", "malformed_json",
    tonumber(tostring(why):match "at character (%d+)")
end

--- Decodes a JSON text. Of members with the same name the last one is used.
-- Refused: nesting deeper than 64, a number that no double holds, a NUL byte.
-- @string text
-- @return[1] the value
-- @treturn[2] nil
-- @treturn[2] string message, without any part of the text
-- @treturn[2] string code, `malformed_json`
-- @treturn[2] ?number position of the mistake in the text, in bytes
function json.decode(text)
  if type(text) ~= "string" then
    return nil, "JSON text expected, got " .. type(text), "malformed_json"
  end
  -- lua-cjson treats a NUL as the end of the text.
  if find(text, "\0", 1, true) then return malformed() end
  local is_read, value = pcall(read, text)
  if not is_read and refresh_locale() then
    is_read, value = pcall(read, text)
  end
  if not is_read then return malformed(value) end
  return normalize_numbers(value)
end

-- lua-cjson does not encode here: Debian's version cannot write `[]` or sort keys.
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
  if depth >= MAX_DEPTH then
    error("nested deeper than 64 levels, or cyclic", 0)
  end
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
