--- Reads a world from a Lua or JSON file.
-- @module adobepass.sandbox.data.world_file

local json = require "adobepass.util.json"
local shell = require "adobepass.util.shell"
local world_schema = require "adobepass.sandbox.data.world_schema"

local world_file = {}

local function read_json(path)
  local text, message = shell.read_file(path)
  if not text then return nil, message end
  local value, reason, _, position = json.decode(text)
  if value ~= nil then return value end
  local line = position and select(2, text:sub(1, position):gsub("\n", "")) + 1
  return nil, ("%s:%s %s"):format(path, line and line .. ":" or "", reason)
end

local AS_LUA = " (a file whose name does not end with .json is read as Lua)"

local function run_lua(path)
  local chunk, message = loadfile(path)
  if not chunk and message:find "^cannot" then return nil, message end
  if not chunk then return nil, message .. AS_LUA end
  local success, value = pcall(chunk)
  if not success then return nil, tostring(value) end
  if value == nil then return nil, path .. ": expected the file to return a table" end
  return value
end

--- Reads a world, merges it over the defaults, and checks the result.
-- @string path a name that ends with .json is read as JSON, any other as Lua
-- @treturn ?table the complete world
-- @treturn ?string a message that names the file
function world_file.read(path)
  local read = path:lower():find "%.json$" and read_json or run_lua
  local value, message = read(path)
  if value == nil then return nil, message end
  return world_schema.complete(value, path)
end

return world_file
