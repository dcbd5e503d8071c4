--- Reads a JWT without verifying its signature: for display only.
-- @module adobepass.cli.jwt

local core = require "adobepass.core"
local json = require "adobepass.util.json"

local jwt = {}

-- The scope of the REST API v2.
jwt.SCOPE = "api:client:v2"

local function is_object(value)
  return type(value) == "table" and not json.is_array(value)
end

--- Decodes a JWT. Returns a table with `header` and `claims`; or nil, a message
-- and an error code.
function jwt.read(text)
  local payload, header, code = core.jws.peek(text)
  if not payload then return nil, header, code end
  local claims, head = json.decode(payload), json.decode(header)
  if not is_object(claims) or not is_object(head) then
    return nil, "The token does not contain JSON objects.", "invalid_token"
  end
  return { header = head, claims = claims }
end

--- Converts a claim to a list of strings. A string is split at white space and
-- commas.
function jwt.list(value)
  local list = {}
  if type(value) == "table" then
    for _, item in ipairs(value) do list[#list + 1] = tostring(item) end
  elseif type(value) == "string" then
    for item in value:gmatch "[^%s,]+" do list[#list + 1] = item end
  end
  return list
end

--- Returns whether the claims hold the scope of the REST API v2; nil if they list no
-- scopes, as those of Adobe's sample of a software statement.
function jwt.has_scope(claims)
  if claims.scopes == nil and claims.scope == nil then return nil end
  for _, scope in ipairs(jwt.list(claims.scopes or claims.scope)) do
    if scope == jwt.SCOPE then return true end
  end
  return false
end

--- Returns the probable kind of a token: "statement" (RFC 7591, 2.3: it
-- describes an application and does not expire), "access" (it has scopes and
-- expires) or "token".
function jwt.kind(claims)
  if claims.software_id or claims.client_name or claims.redirect_uris then
    return "statement"
  end
  local scopes = claims.scopes or claims.scope
  if not claims.exp then return scopes and "statement" or "token" end
  return scopes and "access" or "token"
end

return jwt
