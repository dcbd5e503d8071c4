--- Operations 18 to 22: the SSO Service 1.0.0.
-- Page: features-premium/sso-service/sso-service.
--
-- A circle is the set of devices that share one subject.
-- @module adobepass.sandbox.operations.sso_service

local core = require "adobepass.core"
local device = require "adobepass.sandbox.engine.device"
local json = require "adobepass.util.json"
local http_response = require "adobepass.sandbox.engine.http_response"
local is_utf8 = require("adobepass.util.text").is_utf8
local tokens = require "adobepass.sandbox.data.tokens"

local sso_service = {}

local function circle_of(sandbox, subject)
  local circles = sandbox.state.circles
  circles[subject] = circles[subject] or { devices = {}, unlinked = {} }
  return circles[subject]
end

local function text(value, otherwise)
  return type(value) == "string" and value or otherwise
end

local function join(context, subject, kind)
  local info = device.decode_object(context:header "x-device-info" or "") or {}
  local circle = circle_of(context.sandbox, subject)
  circle.unlinked[context.device] = nil
  circle.devices[context.device] = {
    deviceType = text(info.primaryHardwareType, "Unknown"),
    model = text(info.model, "Unknown"), os = text(info.osName, "Unknown"),
    osVersion = text(info.osVersion, "Unknown"),
    lastSeen = context.sandbox:now(), type = kind,
  }
end

local function token_response(context, status, word, subject)
  local compact, from, to = tokens.service(context.sandbox, subject)
  return http_response.json(status, {
    status = word, notBefore = from, notAfter = to,
    [context.sandbox.world.sso_service.token_field] = compact,
  })
end

-- A link code is valid once.
local function spend_link(sandbox, code)
  local link = sandbox.state.links[code]
  if not link or link.used or sandbox:now() >= link.not_after then return nil end
  link.used = true
  return link.subject
end

local NO_SUBJECT = {
  code = "header_missing", status = 400, action = "check_headers",
  message = "Either X-SSO-ID or X-SSO-LINK is required",
}

local BAD_LINK = {
  code = "token_invalid", status = 400, action = "get_new_token",
  message = "The link code is not valid",
}

--- 18. Returns a service token for an identifier or for a link code.
function sso_service.create(context)
  local link, id = context:header "x-sso-link", context:header "x-sso-id"
  if not link and not id then return nil, NO_SUBJECT end
  local subject = id
  if link then
    subject = spend_link(context.sandbox, link)
    if not subject then return nil, BAD_LINK end
  end
  join(context, subject, link and "sso" or "regular")
  return token_response(context, 201, "CREATED", subject)
end

--- 19. Renews a service token.
function sso_service.refresh(context)
  return token_response(context, 200, "OK", context.subject)
end

local function new_link_code(sandbox)
  local code
  repeat
    local a, b, c = sandbox:random(3):byte(1, 3)
    code = ("%06d"):format((a * 65536 + b * 256 + c) % 1000000)
  until not sandbox.state.links[code]
  return code
end

--- 20. Returns a link code of six digits for another device.
function sso_service.link(context)
  local sandbox, now = context.sandbox, context.sandbox:now()
  local code = new_link_code(sandbox)
  local not_after = now + sandbox.world.lifetimes.link_code * 1000
  sandbox.state.links[code] = { subject = context.subject, not_after = not_after }
  return http_response.json(201, {
    status = "CREATED", notBefore = now, notAfter = not_after,
    [sandbox.world.sso_service.link_field] = code,
  })
end

local BAD_DEVICES = {
  code = "request_invalid", status = 400, action = "check_request_body",
  message = "Devices list cannot be null or empty",
}

-- Finds a device by its identifier, or by the base64 of its header. Returns the
-- identifier, or nil.
local function find_device(circle, name)
  if circle.devices[name] then return name end
  local id = device.identifier("fingerprint " .. name)
  return id and circle.devices[id] and id
end

--- 21. Removes devices; the response omits unknown devices.
function sso_service.unlink(context)
  local object = context:object()
  local names = object and object.devices
  if type(names) ~= "table" or #names == 0 then return nil, BAD_DEVICES end
  local circle, gone = circle_of(context.sandbox, context.subject), {}
  for _, name in ipairs(names) do
    local id = type(name) == "string" and find_device(circle, name)
    if id then
      circle.devices[id], circle.unlinked[id] = nil, true
      gone[#gone + 1] = name
    end
  end
  return http_response.json(200,
    { status = "OK", unlinkedDevices = json.array(gone) })
end

--- 22. Lists the devices of the circle. An identifier that is not text, such as a
-- digest, is listed in base64.
function sso_service.list(context)
  local devices = json.object {}
  for id, attributes in pairs(circle_of(context.sandbox, context.subject).devices) do
    devices[is_utf8(id) and id or core.base64.encode(id)] = attributes
  end
  return http_response.json(200, { devices = devices })
end

return sso_service
