--- What a JWT says of itself, unverified: to look at, never to trust.
-- @module adobepass.cli.jwt

local core = require "adobepass.core"
local json = require "adobepass.util.json"

local jwt = {}

-- The scope of the REST API v2.
jwt.SCOPE = "api:client:v2"

--- The header and the claims; or nil, a sentence and a code.
function jwt.read(text)
  local payload, header, code = core.jws.peek(text)
  if not payload then return nil, header, code end
  local claims, head = json.decode(payload), json.decode(header)
  if type(claims) ~= "table" or type(head) ~= "table" then
    return nil, "The token does not hold JSON.", "invalid_token"
  end
  return { header = head, claims = claims }
end

--- A claim that is a list, or words in a text, as a list.
function jwt.list(value)
  local list = {}
  if type(value) == "table" then
    for _, item in ipairs(value) do list[#list + 1] = tostring(item) end
  elseif type(value) == "string" then
    for item in value:gmatch "[^%s,]+" do list[#list + 1] = item end
  end
  return list
end

--- Does it hold the scope of the REST API v2?
function jwt.has_scope(claims)
  for _, scope in ipairs(jwt.list(claims.scopes or claims.scope)) do
    if scope == jwt.SCOPE then return true end
  end
  return false
end

--- What kind of token it seems to be: "statement" (RFC 7591 2.3: it describes
-- an application and has no end), "access" (it has scopes and an end) or
-- "token".
function jwt.kind(claims)
  if claims.software_id or claims.client_name or claims.redirect_uris then
    return "statement"
  end
  local scopes = claims.scopes or claims.scope
  if not claims.exp then return scopes and "statement" or "token" end
  return scopes and "access" or "token"
end

return jwt
