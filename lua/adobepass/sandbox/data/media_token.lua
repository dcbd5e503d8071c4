--- Builds media tokens in the documented layout.
--
-- A token is base64 of two sibling elements: signatureInfo, which holds the
-- base64 of the SHA256withRSA signature, and shortAuthorizationToken. Adobe does
-- not publish which bytes it signs; the sandbox signs the complete element
-- <shortAuthorizationToken>...</shortAuthorizationToken>.
-- @module adobepass.sandbox.data.media_token

local core = require "adobepass.core"
local http_date = require "adobepass.util.http_date"
local xml = require "adobepass.util.xml"

local media_token = {}

local FIELDS = {
  "sessionGUID", "requestorID", "resourceID", "ttl", "issueTime", "mvpdId",
  "proxyMvpdId",
}

local function element(name, content)
  return "<" .. name .. ">" .. content .. "</" .. name .. ">"
end

local function body(values)
  local parts = {}
  for _, name in ipairs(FIELDS) do
    if values[name] ~= nil then
      parts[#parts + 1] = element(name, xml.escape(values[name]))
    end
  end
  return element("shortAuthorizationToken", table.concat(parts))
end

-- Time format of Adobe's older pages: 2009/11/08 14:53:47 GMT -0800.
local function issue_time(ms)
  return ("%04d/%02d/%02d %02d:%02d:%02d GMT +0000"):format(http_date.utc(ms / 1000))
end

--- Builds a media token.
-- @param grant { service_provider, mvpd (row), resource, user }
-- @return the documented `token` member of a decision
function media_token.new(sandbox, grant)
  local now, lifetime = sandbox:now(), sandbox.world.lifetimes.media_token * 1000
  local text = body {
    sessionGUID = grant.user, requestorID = grant.service_provider,
    resourceID = grant.resource, ttl = ("%d"):format(lifetime),
    issueTime = issue_time(now), mvpdId = grant.mvpd.id,
    proxyMvpdId = grant.mvpd.proxy,
  }
  local signature = core.base64.encode(sandbox.keys:private("media"):sign(text))
  return {
    notBefore = now, notAfter = now + lifetime,
    serializedToken =
      core.base64.encode(element("signatureInfo", signature) .. text),
  }
end

return media_token
