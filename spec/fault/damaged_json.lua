--- Damaged responses: one value of the JSON replaced, or some bytes changed.

local json = require "adobepass.util.json"

local damaged_json = {}

-- `true` is not among them, since it may permit a resource.
local VALUES = { 7, -1.5, 0, 1e300, -1e300, 2 ^ 53, "", "x", ("y"):rep(3000),
  "1e999", "nan", "inf", "-inf", "0x10", "..", "\0", "\255\254", "a\r\nb: c",
  "/", "//evil.test/", "https://evil.test/", "javascript:alert(1)", "none",
  "authorize", "resume", "interactive", "retry", "mvpd", "on_code", "timeout",
  "eyJhbGciOiJub25lIn0.e30.", false, json.null, json.array {}, json.object {},
  json.array { 7 }, json.array { "on_code", "interval", "x" },
  json.array { json.array {} }, json.object { x = json.array { "y" } } }

--- Returns every place in a value as { table, key }.
function damaged_json.places(value, list)
  list = list or {}
  for key, item in pairs(value) do
    list[#list + 1] = { value, key }
    if type(item) == "table" then damaged_json.places(item, list) end
  end
  return list
end

-- Sorts places, because the order of pairs differs between runs.
local function by_name(a, b) return tostring(a[2]) < tostring(b[2]) end

-- Fields that the client interprets; it returns all others unchanged.
local SIGNIFICANT = {}
for name in ([[authorized error resource mvpd notAfter profiles decisions
    logouts missingParameters actionName actionType code url type token
    expires_in access_token client_id serializedToken serviceToken
    attributes authenticationRequest existingParameters]]):gmatch "%S+" do
  SIGNIFICANT[name] = true
end

local function significant(places)
  local list = {}
  for _, place in ipairs(places) do
    if SIGNIFICANT[place[2]] then list[#list + 1] = place end
  end
  return #list > 0 and list or places
end

-- Returns a list of the values of an object.
local function as_list(value)
  if type(value) ~= "table" then return json.array { value } end
  local list = {}
  for _, item in pairs(value) do list[#list + 1] = item end
  return json.array(list)
end

--- Returns a JSON text with one value replaced, or nil if it is no JSON.
function damaged_json.damage(random, text)
  local value = json.decode(text)
  if type(value) ~= "table" then return nil end
  local places = damaged_json.places(value)
  if #places == 0 then return nil end
  table.sort(places, by_name)
  local place = random:pick(random:chance(0.7) and significant(places)
    or places)
  local table_of, key = place[1], place[2]
  if random:chance(0.2) then table_of[key] = as_list(table_of[key])
  else table_of[key] = random:pick(VALUES) end
  return json.encode(value)
end

local MUTATIONS = {
  function(random, text, at)
    return text:sub(1, at - 1) .. random.bytes(1) .. text:sub(at + 1)
  end,
  function(_, text, at) return text:sub(1, at - 1) .. text:sub(at + 1) end,
  function(random, text, at)
    return text:sub(1, at) .. random.bytes(random:upto(4)) .. text:sub(at + 1)
  end,
  function(_, text, at) return text:sub(1, at) end,
  function(random, text, at)
    local from = random:upto(#text)
    return text:sub(1, at) .. text:sub(from, from + 16) .. text:sub(at + 1)
  end,
  function(random, text, at)
    local sign = random:pick { "\0", "%", "&", "=", ";", ",", "<", ">", '"',
      "\\", "\r\n", " ", "/", "..", "{", "[", "\194\133", "\255", "+", "." }
    return text:sub(1, at - 1) .. sign .. text:sub(at + 1)
  end,
}

--- Returns a text with one to three mutations of its bytes.
function damaged_json.mutate(random, text)
  for _ = 1, random:upto(3) do
    if #text == 0 then text = random.bytes(1) end
    text = random:pick(MUTATIONS)(random, text, random:upto(#text))
  end
  return text
end

return damaged_json
