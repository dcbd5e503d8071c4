--- The part of SAML that a partner's single sign-on needs.
-- The sandbox verifies no signature. It accepts a response once, and only if the
-- response refers to a request that the same client made for the same device and
-- service provider.
-- @module adobepass.sandbox.data.saml

local core = require "adobepass.core"
local xml = require "adobepass.util.xml"

local saml = {}

local PROTOCOL = 'xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" '
  .. 'xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"'

-- Returns the key of a request in the state.
local function key(context, id) return id .. "|" .. context:owner() end

--- Builds an authentication request and stores its id.
-- @return base64 of an AuthnRequest
function saml.request(context)
  local id = "_" .. context.sandbox:uuid()
  context.sandbox.state.partner_requests[key(context, id)] = context.sandbox:now()
  return core.base64.encode(
    '<?xml version="1.0" encoding="UTF-8"?>'
    .. ('<samlp:AuthnRequest %s ID="%s" Version="2.0" Destination="%s">')
      :format(PROTOCOL, id, xml.escape(context.mvpd.id))
    .. "<saml:Issuer>adobepass-sandbox</saml:Issuer></samlp:AuthnRequest>")
end

--- Builds the response of an mvpd for a viewer.
-- @param request base64 of the AuthnRequest
-- @return base64 of a Response; nil if the request is malformed
function saml.response(sandbox, request, mvpd_id, username)
  local text = core.base64.decode(request)
  local head = text and xml.tag(text, "samlp:AuthnRequest")
  local id = head and head:match ' ID="([^"]+)"'
  if not id then return nil end
  return core.base64.encode(
    ('<samlp:Response %s ID="_%s" InResponseTo="%s" Version="2.0">')
      :format(PROTOCOL, sandbox:uuid(), id)
    .. ("<saml:Issuer>%s</saml:Issuer>"):format(xml.escape(mvpd_id))
    .. ("<saml:NameID>%s</saml:NameID>"):format(xml.escape(username))
    .. "</samlp:Response>")
end

local function text_of(text, name)
  local content = xml.content(text, name)
  return content and xml.unescape(content)
end

--- Parses a response.
-- @return { key (for saml.spend), mvpd, username } | nil
function saml.read_response(context, encoded)
  local text = core.base64.decode(encoded)
  local head = text and xml.tag(text, "samlp:Response")
  if not head then return nil end
  local id = head:match ' InResponseTo="([^"]+)"'
  local mvpd_id = text_of(text, "saml:Issuer")
  local username = text_of(text, "saml:NameID")
  local sandbox, asked = context.sandbox, id and key(context, id)
  if not sandbox.state.partner_requests[asked] or not mvpd_id
      or not sandbox.world.viewers[username] then
    return nil
  end
  return { key = asked, mvpd = mvpd_id, username = username }
end

--- Deletes the request of a response, so that no response is accepted twice.
function saml.spend(sandbox, assertion)
  sandbox.state.partner_requests[assertion.key] = nil
end

return saml
