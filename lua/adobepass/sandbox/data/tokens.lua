--- Everything that is signed: statements, access tokens, identities.
-- @module adobepass.sandbox.data.tokens

local core = require "adobepass.core"
local json = require "adobepass.util.json"

local tokens = {}

local function sign(keyring, role, claims)
  return core.jws.sign("RS256", keyring:private(role), json.encode(claims),
                       { typ = "JWT" })
end

--- The claims of a JWT signed with the key of a role, or nil.
-- @param kind what it must say that it is: one key signs several kinds
local function verify(keyring, role, compact, kind)
  if type(compact) ~= "string" or #compact > 16384 then return nil end
  local payload = core.jws.verify("RS256", keyring:public(role), compact)
  local claims = payload and json.decode(payload)
  if type(claims) ~= "table" or claims.kind ~= kind then return nil end
  return claims
end

local function seconds(ms)
  return math.floor(ms / 1000)
end

local function is_alive(claims, now)
  return type(claims.exp) == "number" and claims.exp > seconds(now)
end

--- A software statement: as downloaded from the TVE Dashboard.
-- @param application { id, name, uri, scopes, providers }
function tokens.statement(sandbox, application)
  return sign(sandbox.keys, "tokens", {
    iss = "auth.adobe.com", jti = sandbox:uuid(), kind = "software_statement",
    software_id = application.id, client_name = application.name,
    client_uri = application.uri, iat = seconds(sandbox:now()),
    redirect_uri = application.redirect_uri,
    scopes = json.array(application.scopes),
    service_providers = json.array(application.providers),
  })
end

function tokens.read_statement(sandbox, compact)
  return verify(sandbox.keys, "tokens", compact, "software_statement")
end

--- An access token, with the claims that Adobe's sample token has.
function tokens.access(sandbox, client)
  local now = seconds(sandbox:now())
  return sign(sandbox.keys, "tokens", {
    sub = client.id, nbf = now, iss = "auth.adobe.com",
    scopes = table.concat(client.scopes, " "),
    exp = now + sandbox.world.lifetimes.access_token, iat = now,
    jti = sandbox:uuid(), kind = "access_token",
  })
end

--- The claims of a living access token, or nil.
function tokens.read_access(sandbox, compact)
  local claims = verify(sandbox.keys, "tokens", compact, "access_token")
  if not claims or not is_alive(claims, sandbox:now())
      or sandbox.state.revoked_tokens[claims.jti] then
    return nil
  end
  return claims
end

--- A token of the SSO Service, with the documented claims.
function tokens.service(sandbox, subject)
  local now = seconds(sandbox:now())
  local lifetime = sandbox.world.lifetimes.service_token
  return sign(sandbox.keys, "tokens", {
    iss = "ssoservicetoken", sub = subject, nbf = now, iat = now,
    exp = now + lifetime, jti = sandbox:uuid(), kind = "service_token",
  }), now * 1000, (now + lifetime) * 1000
end

--- A token as an outside identity gives it: role "identity" (the programmer's
-- own service, for AD-Service-Token) or "platform" (Adobe-Subject-Token).
function tokens.identity(sandbox, role, subject, lifetime)
  local now = seconds(sandbox:now())
  return sign(sandbox.keys, role, {
    iss = "adobepass-sandbox-" .. role, sub = subject, aud = "adobe",
    iat = now, exp = now + (lifetime or 3600), jti = sandbox:uuid(),
  })
end

local function is_for_adobe(claims)
  return tostring(claims.aud):lower() == "adobe"
end

--- Reads an AD-Service-Token: from the SSO Service, or the programmer's own.
-- @param grace seconds after its end for which the token still counts
-- @return subject | nil, "invalid" | "expired"
function tokens.read_service(sandbox, compact, grace)
  local claims = verify(sandbox.keys, "tokens", compact, "service_token")
  if not claims then
    claims = verify(sandbox.keys, "identity", compact)
    if claims and not is_for_adobe(claims) then claims = nil end
  end
  if not claims or type(claims.sub) ~= "string" or claims.sub == "" then
    return nil, "invalid"
  end
  if not is_alive(claims, sandbox:now() - (grace or 0) * 1000) then
    return nil, "expired"
  end
  return claims.sub
end

--- Reads an Adobe-Subject-Token or Roku's token: a JWS of the platform.
-- A JWE is opaque here, as we are not its reader: no single sign-on.
function tokens.read_platform(sandbox, compact)
  local claims = verify(sandbox.keys, "platform", compact)
  if not claims or type(claims.sub) ~= "string"
      or not is_alive(claims, sandbox:now()) then
    return nil
  end
  return claims.sub
end

return tokens
