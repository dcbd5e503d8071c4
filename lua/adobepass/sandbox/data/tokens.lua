--- Signs and verifies software statements, access tokens and identity tokens.
-- @module adobepass.sandbox.data.tokens

local core = require "adobepass.core"
local json = require "adobepass.util.json"
local jws = require "adobepass.util.jws"

local tokens = {}

local function sign(keyring, role, claims)
  return core.jws.sign("RS256", keyring:private(role), json.encode(claims),
                       { typ = "JWT" })
end

-- Returns the claims of a JWT that a key signed, or nil.
-- @param kind required value of the claim `kind`, of a key that signs several kinds; or
-- nil
local function verify_with(key, compact, kind)
  if type(compact) ~= "string" or #compact > 16384 then return nil end
  local payload = jws.verify("RS256", key, compact)
  local claims = payload and json.decode(payload)
  if type(claims) ~= "table" or kind and claims.kind ~= kind then return nil end
  return claims
end

local function verify(keyring, role, compact, kind)
  return verify_with(keyring:public(role), compact, kind)
end

local function seconds(ms)
  return math.floor(ms / 1000)
end

local function is_alive(claims, now)
  return type(claims.exp) == "number" and claims.exp > seconds(now)
end

--- Signs a software statement, as the TVE Dashboard provides it.
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

--- Returns the registered client with an id, unless it or its statement was revoked.
function tokens.client(sandbox, id)
  local client = sandbox.state.clients[id]
  if client and not client.revoked
      and not sandbox.state.revoked_statements[client.statement] then
    return client
  end
end

--- Signs an access token with the claims of Adobe's sample token.
function tokens.access(sandbox, client)
  local now = seconds(sandbox:now())
  return sign(sandbox.keys, "tokens", {
    sub = client.id, nbf = now, iss = "auth.adobe.com",
    scopes = table.concat(client.scopes, " "),
    exp = now + sandbox.world.lifetimes.access_token, iat = now,
    jti = sandbox:uuid(), kind = "access_token",
  })
end

--- Returns the claims of a valid access token, or nil.
function tokens.read_access(sandbox, compact)
  local claims = verify(sandbox.keys, "tokens", compact, "access_token")
  if not claims or not is_alive(claims, sandbox:now())
      or sandbox.state.revoked_tokens[claims.jti] then
    return nil
  end
  return claims
end

--- Signs a token of the SSO Service with the documented claims.
-- @return token, notBefore (ms), notAfter (ms)
function tokens.service(sandbox, subject)
  local now = seconds(sandbox:now())
  local lifetime = sandbox.world.lifetimes.service_token
  return sign(sandbox.keys, "tokens", {
    iss = "ssoservicetoken", sub = subject, nbf = now, iat = now,
    exp = now + lifetime, jti = sandbox:uuid(), kind = "service_token",
  }), now * 1000, (now + lifetime) * 1000
end

--- Signs a token of an external identity.
-- @param role "identity" (the programmer's service, for AD-Service-Token) or
--   "platform" (Adobe-Subject-Token)
-- @param lifetime seconds, default 3600
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

-- Returns the claims of a token that the programmer signed: with the sandbox's key or
-- with a key of the service provider in the world.
local function read_identity(sandbox, provider, compact)
  local claims = verify(sandbox.keys, "identity", compact)
  for _, pem in ipairs(provider.identity_keys or {}) do
    claims = claims or verify_with(sandbox.keys:read_public(pem), compact)
  end
  return claims and is_for_adobe(claims) and claims or nil
end

--- Verifies an AD-Service-Token of the SSO Service or of the programmer.
-- @param provider the service provider of the request
-- @param[opt] grace seconds after expiry during which the token is accepted
-- @return subject | nil, "invalid" | "expired"
function tokens.read_service(sandbox, compact, provider, grace)
  local claims = verify(sandbox.keys, "tokens", compact, "service_token")
    or read_identity(sandbox, provider, compact)
  if not claims or type(claims.sub) ~= "string" or claims.sub == "" then
    return nil, "invalid"
  end
  if not is_alive(claims, sandbox:now() - (grace or 0) * 1000) then
    return nil, "expired"
  end
  return claims.sub
end

--- Verifies an Adobe-Subject-Token or Roku's token, a JWS of the platform.
-- The sandbox cannot decrypt a JWE, which therefore gives no single sign-on.
-- @return subject | nil, "invalid" | "expired"
function tokens.read_platform(sandbox, compact)
  local claims = verify(sandbox.keys, "platform", compact)
  if not claims or type(claims.sub) ~= "string" then return nil, "invalid" end
  if not is_alive(claims, sandbox:now()) then return nil, "expired" end
  return claims.sub
end

return tokens
