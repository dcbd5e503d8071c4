--- Single sign-on by a service token: signed by the programmer's own key, or
-- issued by Adobe's SSO Service.
-- @module adobepass.flow.service_token

local core = require "adobepass.core"
local errors = require "adobepass.api.errors"
local json = require "adobepass.util.json"
local options_of = require "adobepass.util.options"

local service_token = {}

local FIELDS = { key = "userdata", issuer = "string", subject = "string",
  lifetime = "number?", kid = "string?" }

local USUAL_LIFETIME, LONGEST_LIFETIME = 3600, 366 * 86400

--- A service token of one's own (reference, AD-Service-Token): a JWS, RS256,
-- with iss, sub, aud "adobe", iat and exp, by the server's time: that is known
-- once it has answered anything; until then by this device's.
-- @param client
-- @tparam table options `key` (a private one of the core), `issuer`,
-- `subject` (who the viewer is to you, hashed), `lifetime` (3600 s), `kid`
-- @treturn[1] string to be given as `service_token`
-- @treturn[2] nil
-- @treturn[2] table the error, `private_key_needed` for a public key
function service_token.sign_service_token(client, options)
  options_of.check("client:sign_service_token", options, FIELDS, 2)
  local lifetime = options.lifetime or USUAL_LIFETIME
  if not (lifetime >= 1 and lifetime <= LONGEST_LIFETIME) then
    error("client:sign_service_token: lifetime should be seconds, from 1 to "
      .. "a year", 2)
  end
  local now = json.integer(client:now_ms() / 1000)
  local token, message, code = core.jws.sign("RS256", options.key,
    json.encode { iss = options.issuer, sub = options.subject, aud = "adobe",
      iat = now, exp = now + json.integer(lifetime) }, { kid = options.kid })
  if token then return token end
  return nil, errors.new { code = code, message = message,
    operation = "sign_service_token" }
end

-- What no header can carry would fail later, and look like the caller's fault.
local function token_of(operation, answer)
  local token = answer.serviceToken
  if token:find "^[%w%p]+$" then return token end
  return nil, errors.malformed(operation, "its token cannot be sent")
end

--- The SSO Service's token for a viewer: `{ sso_id = }` for who is known by an
-- identity of yours, `{ link = code }` for who typed the code that another
-- device of theirs shows.
function service_token.get_service_token(client, options)
  local answer, err = client.api:service_token(options)
  if not answer then return nil, err end
  return token_of("service_token", answer)
end

--- A new token for one that ran out or is about to.
function service_token.renew_service_token(client, token)
  local answer, err = client.api:refresh_service_token { token = token }
  if not answer then return nil, err end
  return token_of("refresh_service_token", answer)
end

--- A short code with which another device joins this one's circle.
function service_token.link_device(client, token)
  local answer, err = client.api:link { token = token }
  if not answer then return nil, err end
  return answer.code
end

--- Takes devices out of the circle.
function service_token.unlink_devices(client, token, devices)
  return client.api:unlink { token = token, devices = devices }
end

--- The devices of the circle, as the service answers.
function service_token.linked_devices(client, token)
  return client.api:list_devices { token = token }
end

return service_token
