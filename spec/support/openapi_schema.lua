--- A validator for the subset of OpenAPI 3.0 that Adobe's two files and the gateway's
-- file use.
--
--   local schema = require "spec.support.openapi_schema"
--   local api = schema.load "spec/openapi/restApiV2.json"
--   api:validate(node, value) -> list of { at = "/a/b", message = "..." }
--
-- An unknown keyword raises, so that no part of a schema is skipped.
local json = require "adobepass.util.json"

local Api = {}
Api.__index = Api

local openapi_schema = {}

local KNOWN = {}
for name in ([[type format description properties required items enum
    additionalProperties $ref example title]]):gmatch "%S+" do
  KNOWN[name] = true
end

function openapi_schema.load(path)
  local file = assert(io.open(path))
  local document = assert(json.decode(file:read "*a"))
  file:close()
  return setmetatable({ document = document }, Api)
end

function Api:resolve(reference)
  local node = self.document
  for name in reference:gsub("^#/", ""):gmatch "[^/]+" do
    node = assert(node[name], "no schema " .. reference)
  end
  return node
end

local function kind_of(value)
  if value == json.null then return "null" end
  if json.is_array(value) then return "array" end
  local kind = type(value)
  if kind == "number" then
    return value == math.floor(value) and "integer" or "number"
  end
  return kind == "table" and "object" or kind
end

local function fits(kind, wanted, value)
  if kind == wanted then return true end
  if wanted == "number" then return kind == "integer" end
  -- An empty table may be a list or an object.
  return wanted == "array" and kind == "object" and next(value) == nil
end

local function note(found, at, message)
  found[#found + 1] = { at = at == "" and "/" or at, message = message }
end

local function check_keywords(node, at)
  for name in pairs(node) do
    if not KNOWN[name] then
      error("unknown keyword " .. name .. " at " .. at)
    end
  end
end

local walk

local function walk_object(self, node, value, at, found)
  for _, name in ipairs(node.required or {}) do
    if value[name] == nil then
      note(found, at .. "/" .. name, "required, but missing")
    end
  end
  local extra = node.additionalProperties
  for name, item in pairs(value) do
    local property = (node.properties or {})[name]
      or type(extra) == "table" and extra
    if property then
      walk(self, property, item, at .. "/" .. name, found)
    elseif extra == false then
      note(found, at .. "/" .. name, "not declared")
    end
  end
end

local function walk_enum(node, value, at, found)
  for _, allowed in ipairs(node.enum) do
    if allowed == value then return end
  end
  note(found, at, "not one of the values allowed: " .. tostring(value))
end

function walk(self, node, value, at, found)
  if node["$ref"] then node = self:resolve(node["$ref"]) end
  check_keywords(node, at)
  local kind = kind_of(value)
  if node.type and not fits(kind, node.type, value) then
    return note(found, at, kind .. " where " .. node.type .. " is declared")
  end
  if node.enum then walk_enum(node, value, at, found) end
  if node.type == "object" then
    walk_object(self, node, value, at, found)
  elseif node.type == "array" then
    for i, item in ipairs(value) do
      walk(self, node.items, item, at .. "/" .. i, found)
    end
  end
end

--- Returns every place where a value violates its schema.
function Api:validate(node, value)
  local found = {}
  walk(self, node, value, "", found)
  return found
end

--- Returns the declaration of an operation, by path and method of a route.
function Api:operation(path, method)
  local item = self.document.paths[path]
  return item and item[method:lower()]
end

--- Returns the schema of a response, or nil if it is not declared. A response may be a
-- reference.
function Api:response_schema(operation, status, content_type)
  local declared = operation.responses[tostring(status)]
  if declared and declared["$ref"] then declared = self:resolve(declared["$ref"]) end
  local content = declared and declared.content[content_type]
  return content and content.schema
end

--- Returns every operation: list of { path, method }.
function Api:operations()
  local list = {}
  for path, methods in pairs(self.document.paths) do
    for method in pairs(methods) do
      list[#list + 1] = { path = path, method = method:upper() }
    end
  end
  return list
end

return openapi_schema
