--- SAML as far as a partner's single sign-on needs it.
-- The sandbox trusts what it is given, but only as the one answer to a request
-- that it made.
-- @module adobepass.sandbox.data.saml

local core = require "adobepass.core"
local wire = require "adobepass.sandbox.engine.url_encoding"

local saml = {}

local PROTOCOL = 'xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" '
  .. 'xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"'

--- @return base64 of an AuthnRequest, its id
function saml.request(box, mvpd_id)
  local id = "_" .. box:uuid()
  return core.base64.encode(
    '<?xml version="1.0" encoding="UTF-8"?>'
    .. ('<samlp:AuthnRequest %s ID="%s" Version="2.0" Destination="%s">')
      :format(PROTOCOL, id, wire.xml(mvpd_id))
    .. "<saml:Issuer>adobepass-sandbox</saml:Issuer></samlp:AuthnRequest>"),
    id
end

--- What an mvpd answers for a viewer.
-- @param request base64 of the AuthnRequest
-- @return base64 of a Response | nil, message
function saml.response(box, request, mvpd_id, username)
  local text = core.base64.decode(request)
  local id = text and text:match '<samlp:AuthnRequest[^>]- ID="([^"]+)"'
  if not id then return nil, "not a SAML request" end
  return core.base64.encode(
    ('<samlp:Response %s ID="_%s" InResponseTo="%s" Version="2.0">')
      :format(PROTOCOL, box:uuid(), id)
    .. ("<saml:Issuer>%s</saml:Issuer>"):format(wire.xml(mvpd_id))
    .. ("<saml:NameID>%s</saml:NameID>"):format(wire.xml(username))
    .. "</samlp:Response>")
end

--- @return { request, mvpd, username } | nil
function saml.read_response(box, encoded)
  local text = core.base64.decode(encoded)
  local head = text and text:match "<samlp:Response[^>]*>"
  if not head then return nil end
  local asked = head:match ' InResponseTo="([^"]+)"'
  local mvpd_id = text:match "<saml:Issuer>([^<]+)</saml:Issuer>"
  local username = text:match "<saml:NameID>([^<]+)</saml:NameID>"
  if not asked or not box.state.partner_requests[asked] or not mvpd_id
      or not box.world.viewers[username] then
    return nil
  end
  return { request = asked, mvpd = mvpd_id, username = username }
end

--- A request is answered once; so no response counts twice.
function saml.spend(box, assertion)
  box.state.partner_requests[assertion.request] = nil
end

return saml
