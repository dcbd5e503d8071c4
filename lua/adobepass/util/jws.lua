--- Verifies JSON Web Signatures (RFC 7515) in the compact form, RS256 only.
-- @module adobepass.util.jws

local core = require "adobepass.core"
local json = require "adobepass.util.json"

local jws = {}

local ALGORITHM, MAX_DEPTH = "RS256", 16

local function is_too_deep(text)
  local depth = 0
  for bracket in text:gmatch "[{}%[%]]" do
    depth = depth + (bracket:find "[{%[]" and 1 or -1)
    if depth > MAX_DEPTH then return true end
  end
  return false
end

-- Returns the text of the outer object's members, or nil. Nested values are
-- removed, each escape becomes a backslash and "_", and brackets and colons in
-- strings become "_", so that patterns can find each name and the value of
-- "alg". A decoded table would not show that a name occurs twice.
local function outer_members(header)
  if json.decode(header) == nil then return nil end
  local text = header:gsub("\\.", "\\_"):gsub('"[^"]*"', function(string)
    return (string:gsub("[{}%[%]:]", "_"))
  end)
  if is_too_deep(text) then return nil end
  local members = text:match "^%s*{(.*)}%s*$"
  return members and (members:gsub("%b{}", ""):gsub("%b[]", ""))
end

-- Counts the names; nil if a name has an escape and so more than one spelling.
local function count_names(members)
  local counts = { alg = 0, crit = 0 }
  for name in members:gmatch '"([^"]*)"%s*:' do
    if name:find("\\", 1, true) then return nil end
    counts[name] = (counts[name] or 0) + 1
  end
  return counts
end

local UNTRUSTED = "The token's header is malformed or ambiguous."

local function check_header(header)
  local members = outer_members(header)
  local counts = members and count_names(members)
  local algorithm = members and members:match '"alg"%s*:%s*"([^"]*)"'
  if not counts or counts.alg ~= 1 or not algorithm then
    return nil, UNTRUSTED, "invalid_token"
  elseif counts.crit > 0 then -- RFC 7515 section 4.1.11
    return nil, "The token requires extensions that are not supported.",
      "invalid_token"
  elseif algorithm ~= ALGORITHM then
    return nil, "The token is not signed with " .. ALGORITHM .. ".",
      "wrong_algorithm"
  end
  return true
end

-- Returns the error of a refused token: that of its header first, then that of
-- its signature. The unverified header affects only which error is returned.
local function refuse(token, message, code)
  local payload, header = core.jws.peek(token)
  if not payload then return nil, message, code end
  local is_good, why, why_code = check_header(header)
  if is_good then return nil, message, code end
  return nil, why, why_code
end

--- Verifies the signature of a token and checks its header. Refuses a header
-- with another algorithm, an ambiguous one (a repeated or escaped name, an
-- "alg" that is not a plain string) and one with a "crit" extension.
-- @string algorithm `"RS256"`
-- @tparam key key of the core
-- @string token
-- @treturn[1] string payload
-- @treturn[1] string header
-- @treturn[2] nil
-- @treturn[2] string message
-- @treturn[2] string code: `invalid_token`, `encrypted_token`,
-- `wrong_algorithm` or `invalid_signature`
function jws.verify(algorithm, key, token)
  local is_called, payload, header, code =
    pcall(core.jws.verify_signature, algorithm, key, token)
  if not is_called then error(payload, 2) end
  if not payload then return refuse(token, header, code) end
  local is_good, why, why_code = check_header(header)
  if not is_good then return nil, why, why_code end
  return payload, header
end

return jws
