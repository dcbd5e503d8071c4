--- Single sign-on with a service token that is signed with your own key or
-- issued by Adobe's SSO Service.
-- @module adobepass.flow.service_token

local errors = require "adobepass.api.errors"
local json = require "adobepass.util.json"
local options_of = require "adobepass.util.options"

local service_token = {}

local FIELDS = { key = "userdata", issuer = "string", subject = "string",
  lifetime = "number?", kid = "string?" }

local USUAL_LIFETIME, LONGEST_LIFETIME = 3600, 366 * 86400

--- Signs a service token (reference, AD-Service-Token): a JWS, RS256, with iss,
-- sub, aud "adobe", iat and exp. The times are the server's; before the first
-- response they are this device's.
-- @param context
-- @tparam table options `key` (a private key of the core), `issuer`, `subject`
-- (your identifier of the viewer, hashed), `lifetime` (3600 s), `kid`
-- @treturn[1] string the value for the option `service_token`
-- @treturn[2] nil
-- @treturn[2] table the error, `private_key_needed` for a public key
function service_token.sign_service_token(context, options)
  options_of.check("client:sign_service_token", options, FIELDS, 3)
  local lifetime = options.lifetime or USUAL_LIFETIME
  if not (lifetime >= 1 and lifetime <= LONGEST_LIFETIME) then
    error("client:sign_service_token: lifetime should be seconds, from 1 to "
      .. "a year", 3)
  end
  local now = json.integer(context:now_ms() / 1000)
  local token, message, code = context:sign_jws("RS256", options.key,
    json.encode { iss = options.issuer, sub = options.subject, aud = "adobe",
      iat = now, exp = now + json.integer(lifetime) }, { kid = options.kid })
  if token then return token end
  return nil, errors.new { code = code, message = message,
    operation = "sign_service_token" }
end

--- Requests the SSO Service's token of a viewer: `{ sso_id = }` for a viewer
-- that you identify, `{ link = code }` for a viewer who typed the code shown by
-- another of their devices. Returns the token and its notAfter in ms, as a function
-- in the option `identity` must (see adobepass.util.identity).
function service_token.get_service_token(context, options)
  local response, err = context.api:service_token(options)
  if not response then return nil, err end
  return response.serviceToken, json.number(response.notAfter)
end

--- Requests a new token for one that has expired or is about to. Returns the token,
-- and its notAfter in ms. A token in the device's identity is renewed without this.
function service_token.renew_service_token(context, token)
  local response, err = context.api:refresh_service_token { token = token }
  if not response then return nil, err end
  return response.serviceToken, json.number(response.notAfter)
end

-- Carries out an operation with the given token, or that of the device's identity.
local function with_token(context, method, operation, params)
  local deadline = context:deadline()
  if not params.token then
    if not context:has_identity "service_token" then
      error(("client:%s: give a service token, or the option "
        .. "identity.service_token"):format(method), 4)
    end
    local token, err = context:service_token(deadline)
    if err then return nil, err end
    params.token = token
  end
  return context.api[operation](context.api, params, deadline)
end

--- Requests a short code with which another device joins this device's group.
-- Returns the code, and its notAfter in ms. The default of `token` here and below
-- is the service token of the device's identity, which is renewed if the service
-- refuses it.
function service_token.link_device(context, token)
  local response, err = with_token(context, "link_device", "link", { token = token })
  if not response then return nil, err end
  return response.code, json.number(response.notAfter)
end

--- Removes devices from the group.
function service_token.unlink_devices(context, token, devices)
  local response, err = with_token(context, "unlink_devices", "unlink",
    { token = token, devices = devices })
  return response, err
end

--- Requests the devices of the group, as Adobe returns them.
function service_token.linked_devices(context, token)
  local response, err = with_token(context, "linked_devices", "list_devices",
    { token = token })
  return response, err
end

return service_token
