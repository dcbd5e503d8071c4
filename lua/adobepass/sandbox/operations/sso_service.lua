--- Operations 18 to 22: the SSO Service 1.0.0.
-- Page: features-premium/sso-service/sso-service.
--
-- A circle is the set of devices that share one subject.
-- @module adobepass.sandbox.operations.sso_service

local device = require "adobepass.sandbox.engine.device"
local json = require "adobepass.util.json"
local respond = require "adobepass.sandbox.engine.respond"
local tokens = require "adobepass.sandbox.data.tokens"

local sso_service = {}

local function circle_of(box, subject)
  local circles = box.state.circles
  circles[subject] = circles[subject] or { devices = {}, unlinked = {} }
  return circles[subject]
end

local function text(value, otherwise)
  return type(value) == "string" and value or otherwise
end

local function join(call, subject, kind)
  local info = device.decode_object(call:header "x-device-info" or "") or {}
  local circle = circle_of(call.box, subject)
  circle.unlinked[call.device] = nil
  circle.devices[call.device] = {
    deviceType = text(info.primaryHardwareType, "Unknown"),
    model = text(info.model, "Unknown"), os = text(info.osName, "Unknown"),
    osVersion = text(info.osVersion, "Unknown"),
    lastSeen = call.box:now(), type = kind,
  }
end

local function token_answer(call, status, word, subject)
  local compact, from, to = tokens.service(call.box, subject)
  return respond.json(status, {
    status = word, notBefore = from, notAfter = to,
    [call.box.world.sso_service.token_field] = compact,
  })
end

-- A link code counts once.
local function spend_link(box, code)
  local link = box.state.links[code]
  if not link or link.used or box:now() >= link.not_after then return nil end
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

--- 18. A service token, for an identifier or for a link code.
function sso_service.create(call)
  local link, id = call:header "x-sso-link", call:header "x-sso-id"
  if not link and not id then return nil, NO_SUBJECT end
  local subject = id
  if link then
    subject = spend_link(call.box, link)
    if not subject then return nil, BAD_LINK end
  end
  join(call, subject, link and "sso" or "regular")
  return token_answer(call, 201, "CREATED", subject)
end

--- 19. A fresh token for an old one.
function sso_service.refresh(call)
  return token_answer(call, 200, "OK", call.subject)
end

local function new_link_code(box)
  local code
  repeat
    local a, b, c = box:random(3):byte(1, 3)
    code = ("%06d"):format((a * 65536 + b * 256 + c) % 1000000)
  until not box.state.links[code]
  return code
end

--- 20. Six digits for another device to join with.
function sso_service.link(call)
  local box, now = call.box, call.box:now()
  local code = new_link_code(box)
  local not_after = now + box.world.lifetimes.link_code * 1000
  box.state.links[code] = { subject = call.subject, not_after = not_after }
  return respond.json(201, {
    status = "CREATED", notBefore = now, notAfter = not_after,
    [box.world.sso_service.link_field] = code,
  })
end

local BAD_DEVICES = {
  code = "request_invalid", status = 400, action = "check_request_body",
  message = "Devices list cannot be null or empty",
}

-- A device is named by its identifier, or by its header's payload.
local function find_device(circle, name)
  if circle.devices[name] then return name end
  local id = device.identifier("fingerprint " .. name)
  return id and circle.devices[id] and id
end

--- 21. Removes devices; those not known are left out of the answer.
function sso_service.unlink(call)
  local object = call:object()
  local names = object and object.devices
  if type(names) ~= "table" or #names == 0 then return nil, BAD_DEVICES end
  local circle, gone = circle_of(call.box, call.subject), {}
  for _, name in ipairs(names) do
    local id = type(name) == "string" and find_device(circle, name)
    if id then
      circle.devices[id], circle.unlinked[id] = nil, true
      gone[#gone + 1] = name
    end
  end
  return respond.json(200,
    { status = "OK", unlinkedDevices = json.array(gone) })
end

--- 22. The devices of the circle.
function sso_service.list(call)
  local devices = json.object {}
  for id, attributes in pairs(circle_of(call.box, call.subject).devices) do
    devices[id] = attributes
  end
  return respond.json(200, { devices = devices })
end

return sso_service
