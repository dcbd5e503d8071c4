--- Reads a world from a Lua or JSON file.
-- @module adobepass.sandbox.data.world_file

local json = require "adobepass.util.json"
local shell = require "adobepass.util.shell"
local world_schema = require "adobepass.sandbox.data.world_schema"

local world_file = {}

local function read_json(path)
  local text, message = shell.read_file(path)
  if not text then return nil, message end
  local value, reason = json.decode(text)
  if value == nil then return nil, path .. ": " .. reason end
  return value
end

local function run_lua(path)
  local chunk, message = loadfile(path)
  if not chunk then return nil, message end
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
