--- Inspects the media token of an authorization, and verifies it on the server
-- that delivers the stream.
--
-- EXPERIMENTAL. Adobe publishes neither the exact signed bytes nor its key
-- outside its Java verifier, and warns that the format may change. This module
-- verifies the signature (SHA256withRSA) over the bytes of the
-- shortAuthorizationToken element as received. Every field is optional.
-- Anything ambiguous is refused.
-- @module adobepass.media_token

require "adobepass.util.core_check" -- before the core is required
local core = require "adobepass.core"
local http_date = require "adobepass.util.http_date"
local options_of = require "adobepass.util.options"
local xml = require "adobepass.util.xml"

local media_token = {}

local NAMES = { sessionGUID = "session_guid", requestorID = "requestor",
  resourceID = "resource", ttl = "ttl", issueTime = "issue_time",
  mvpdId = "mvpd", proxyMvpdId = "proxy_mvpd" }

-- Returns an element, its content, and the text without it; nil unless the
-- element occurs exactly once.
local function element(text, name)
  local open, close = "<" .. name .. ">", "</" .. name .. ">"
  local first, inside = text:find(open, 1, true)
  local last, stop = text:find(close, 1, true)
  if not first or not last or last < inside then return nil end
  if text:find(open, inside, true) or text:find(close, stop, true) then
    return nil
  end
  return text:sub(first, stop), text:sub(inside + 1, last - 1),
    text:sub(1, first - 1) .. text:sub(stop + 1)
end

local LONGEST = 32768

-- The text comes from an untrusted client.
local function decode(serialized)
  if type(serialized) ~= "string" or #serialized > LONGEST then return nil end
  return core.base64.decode(serialized)
end

-- Accepts the two elements side by side, and nothing else.
local function split(serialized)
  local text = decode(serialized)
  if not text then return nil end
  local signed, inside, rest = element(text, "shortAuthorizationToken")
  if not signed then return nil end
  local _, signature, nothing = element(rest, "signatureInfo")
  if not signature or nothing:find "%S" then return nil end
  return signed, inside, signature
end

local NOT_A_TOKEN = "The text is not a media token."

local function parse(serialized)
  local signed, inside, signature = split(serialized)
  if not signed then return nil end
  local fields = {}
  for wire, name in pairs(NAMES) do
    local _, value = element(inside, wire)
    fields[name] = value and xml.unescape(value)
  end
  local ttl = (fields.ttl or ""):match "^%s*(%d+)%s*$"
  fields.ttl = ttl and #ttl <= 12 and tonumber(ttl) or nil
  return fields, signed, signature
end

--- Parses a media token without verifying it. Do not trust the result.
-- @string serialized
-- @treturn[1] table the fields: `session_guid`, `requestor`, `resource`, `ttl` (ms),
-- `issue_time`, `mvpd`, `proxy_mvpd`, each of them optional
-- @treturn[2] nil
-- @treturn[2] string message
-- @treturn[2] string code: `INVALID_TOKEN_FORMAT`
function media_token.inspect(serialized)
  local fields = parse(serialized)
  if fields then return fields end
  return nil, NOT_A_TOKEN, "INVALID_TOKEN_FORMAT"
end

local TIME_PATTERN = "^(%d%d%d%d)[-/](%d%d)[-/](%d%d)[ T](%d%d):(%d%d):(%d%d)(.*)$"

local ZONES = { [""] = true, GMT = true, UTC = true, Z = true }

-- Returns a zone's offset from UTC in seconds; nil for an unknown zone.
local function offset_of(rest)
  local zone, sign, hours, minutes = rest:gsub("^%.%d+", ""):gsub("%s+", " ")
    :match "^ ?(%a*) ?([+-]?)(%d?%d?):?(%d?%d?) ?$"
  if not ZONES[zone] or (sign == "") ~= (minutes == "") then return nil end
  if sign == "" then return hours == "" and 0 or nil end
  local seconds = (tonumber(hours) * 60 + tonumber(minutes)) * 60
  return sign == "-" and -seconds or seconds
end

-- Parses "2009/11/08 14:53:47 GMT -0800" (the form of Adobe's pages), or ms
-- since 1970.
local function issued_ms(text)
  if not text then return nil end
  if text:find "^%d+$" then return #text <= 15 and tonumber(text) or nil end
  local year, month, day, hour, minute, second, rest = text:match(TIME_PATTERN)
  local at = year and http_date.epoch(tonumber(year), tonumber(month),
    tonumber(day), tonumber(hour), tonumber(minute), tonumber(second))
  local offset = at and offset_of(rest)
  return offset and (at - offset) * 1000
end

--- Returns when a media token expires by its own fields, in ms since 1970; nil
-- when they are missing or in an unknown format.
-- @tparam table fields the result of `media_token.inspect`
function media_token.ends(fields)
  local issued = issued_ms(fields.issue_time)
  return issued and fields.ttl and issued + fields.ttl or nil
end

local FIELDS = { key = options_of.one_or_more "userdata", resource = "string?",
  requestor = "string?", now_ms = "number", once = "table?" }

local function refuse(status, message) return nil, message, status end

-- The allowed difference between two machines' clocks, in ms.
local SKEW = 60000

local function is_in_time(fields, now_ms)
  local ends = media_token.ends(fields)
  if not ends then return false end
  return now_ms < ends and now_ms >= ends - fields.ttl - SKEW
end

-- Returns whether the token was not used before. The store keeps the digest as
-- long as the token is valid. The digest covers only the signed bytes, since
-- the rest of a token can be changed without invalidating it.
local function is_new(signed, fields, store)
  local name = "media_token:" .. core.digest.hex(core.digest.sha256(signed))
  return store:add(name, "1", math.max(1, fields.ttl / 1000 + SKEW / 1000))
end

local function is_signed(signed, signature, keys)
  local raw = core.base64.decode((signature:gsub("%s+", "")))
  for _, key in ipairs(raw and options_of.list(keys) or {}) do
    if key:verify(signed, raw) then return true end
  end
  return false
end

-- Returns why a signed token is refused: a status and a message; or nil.
local function find_reason(fields, options)
  if not is_in_time(fields, options.now_ms) then
    return "TOKEN_EXPIRED", "The media token is not valid at this time."
  elseif options.resource and fields.resource ~= options.resource then
    return "INVALID_RESOURCE_ID", "The media token is for another resource."
  elseif options.requestor and fields.requestor ~= options.requestor then
    return "INVALID_REQUESTOR_ID", "The media token is for another requestor."
  end
end

local function accept_once(signed, fields, store)
  local first, message, code = is_new(signed, fields, store)
  if first then return fields end
  if first == nil then return refuse(code or "store_failed", message) end
  return refuse("TOKEN_USED", "The media token has already been used.")
end

--- Verifies a media token.
-- @string serialized
-- @tparam table options `key`: a public key of the core, or a list of them: the
-- token must be signed by one; `now_ms`: the time;
-- `resource`, `requestor`: the expected values; `once`: a store in which used
-- tokens are recorded, so that each is accepted once
-- @treturn[1] table the fields, as of `media_token.inspect`
-- @treturn[2] nil
-- @treturn[2] string message
-- @treturn[2] string code: of Adobe's verifier: `INVALID_TOKEN_FORMAT`,
-- `INVALID_SIGNATURE`, `TOKEN_EXPIRED`, `INVALID_RESOURCE_ID`; or of this
-- module: `INVALID_REQUESTOR_ID`, `TOKEN_USED`, or the store's code
-- (`store_failed`)
function media_token.verify(serialized, options)
  options_of.check("media_token.verify", options, FIELDS, 2)
  local fields, signed, signature = parse(serialized)
  if not fields then
    return refuse("INVALID_TOKEN_FORMAT", NOT_A_TOKEN)
  end
  if not is_signed(signed, signature, options.key) then
    return refuse("INVALID_SIGNATURE", "The media token's signature does not "
      .. "match the key.")
  end
  local status, message = find_reason(fields, options)
  if status then return refuse(status, message) end
  if not options.once then return fields end
  return accept_once(signed, fields, options.once)
end

return media_token
