--- Answers that are not as they should be: one place of the JSON replaced, or
-- some of its bytes.

local json = require "adobepass.util.json"

local junk = {}

-- `true` is not among them: what a service permits is for it alone to say.
local VALUES = { 7, -1.5, 0, 1e300, -1e300, 2 ^ 53, "", "x", ("y"):rep(3000),
  "1e999", "nan", "inf", "-inf", "0x10", "..", "\0", "\255\254", "a\r\nb: c",
  "/", "//evil.test/", "https://evil.test/", "javascript:alert(1)", "none",
  "authorize", "resume", "interactive", "retry", "mvpd", "on_code", "timeout",
  "eyJhbGciOiJub25lIn0.e30.", false, json.null, json.array {}, json.object {},
  json.array { 7 }, json.array { "on_code", "interval", "x" },
  json.array { json.array {} }, json.object { x = json.array { "y" } } }

--- Every place in a value, as tables and keys.
function junk.places(value, list)
  list = list or {}
  for key, item in pairs(value) do
    list[#list + 1] = { value, key }
    if type(item) == "table" then junk.places(item, list) end
  end
  return list
end

-- The order of pairs is not the same in two runs; that of the names is.
local function by_name(a, b) return tostring(a[2]) < tostring(b[2]) end

-- What a client acts upon; the rest it only hands on.
local TELLING = {}
for name in ([[authorized error resource mvpd notAfter profiles decisions
    logouts missingParameters actionName actionType code url type token
    expires_in access_token client_id serializedToken serviceToken
    attributes authenticationRequest existingParameters]]):gmatch "%S+" do
  TELLING[name] = true
end

local function telling(places)
  local list = {}
  for _, place in ipairs(places) do
    if TELLING[place[2]] then list[#list + 1] = place end
  end
  return #list > 0 and list or places
end

-- An object becomes a list of its values: the kind that is easily overlooked.
local function listed(value)
  if type(value) ~= "table" then return json.array { value } end
  local list = {}
  for _, item in pairs(value) do list[#list + 1] = item end
  return json.array(list)
end

--- A JSON text with one place replaced; nil where it is no JSON.
function junk.spoil(die, text)
  local value = json.decode(text)
  if type(value) ~= "table" then return nil end
  local places = junk.places(value)
  if #places == 0 then return nil end
  table.sort(places, by_name)
  local place = die:pick(die:chance(0.7) and telling(places) or places)
  local table_of, key = place[1], place[2]
  if die:chance(0.2) then table_of[key] = listed(table_of[key])
  else table_of[key] = die:pick(VALUES) end
  return json.encode(value)
end

local MUTATIONS = {
  function(die, text, at)
    return text:sub(1, at - 1) .. die.bytes(1) .. text:sub(at + 1)
  end,
  function(_, text, at) return text:sub(1, at - 1) .. text:sub(at + 1) end,
  function(die, text, at)
    return text:sub(1, at) .. die.bytes(die:upto(4)) .. text:sub(at + 1)
  end,
  function(_, text, at) return text:sub(1, at) end,
  function(die, text, at)
    local from = die:upto(#text)
    return text:sub(1, at) .. text:sub(from, from + 16) .. text:sub(at + 1)
  end,
  function(die, text, at)
    local sign = die:pick { "\0", "%", "&", "=", ";", ",", "<", ">", '"',
      "\\", "\r\n", " ", "/", "..", "{", "[", "\194\133", "\255", "+", "." }
    return text:sub(1, at - 1) .. sign .. text:sub(at + 1)
  end,
}

--- A text with one to three mutations of its bytes.
function junk.mutate(die, text)
  for _ = 1, die:upto(3) do
    if #text == 0 then text = die.bytes(1) end
    text = die:pick(MUTATIONS)(die, text, die:upto(#text))
  end
  return text
end

return junk
