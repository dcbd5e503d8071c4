--- The media token that an authorization gives: looking into it, and verifying
-- it on the server that hands out the stream.
--
-- EXPERIMENTAL. Adobe publishes neither the exact signed bytes nor its key
-- outside its Java verifier, and warns that the format may change. Here the
-- signature (SHA256withRSA) is taken over the bytes of the
-- shortAuthorizationToken element as received, every field is optional, and
-- whatever is in doubt is refused.
-- @module adobepass.media_token

local core = require "adobepass.core"
local http_date = require "adobepass.http_date"
local options_of = require "adobepass.options"

local media_token = {}

local NUMBERS = { ttl = true }

local NAMES = { sessionGUID = "session_guid", requestorID = "requestor",
  resourceID = "resource", ttl = "ttl", issueTime = "issue_time",
  mvpdId = "mvpd", proxyMvpdId = "proxy_mvpd" }

local ENTITIES = { amp = "&", lt = "<", gt = ">", quot = '"', apos = "'" }

local function unescape(text)
  return (text:gsub("&(%a+);", ENTITIES))
end

-- The element and what is in it, if it is there just once.
local function element(text, name)
  local open, close = "<" .. name .. ">", "</" .. name .. ">"
  local first, inside = text:find(open, 1, true)
  local last, stop = text:find(close, 1, true)
  if not first or not last or last < inside then return nil end
  if text:find(open, inside, true) or text:find(close, stop, true) then
    return nil
  end
  return text:sub(first, stop), text:sub(inside + 1, last - 1)
end

local function parse(serialized)
  local text = core.base64.decode(serialized)
  if not text or #text > 16384 then return nil end
  local signed, inside = element(text, "shortAuthorizationToken")
  local _, signature = element(text, "signatureInfo")
  if not signed or not signature then return nil end
  local fields = {}
  for wire, name in pairs(NAMES) do
    local _, value = element(inside, wire)
    fields[name] = value and unescape(value)
    if NUMBERS[name] then fields[name] = tonumber(fields[name]) end
  end
  return fields, signed, signature
end

--- What a media token says, unverified: to look at, never to trust.
-- @string serialized
-- @treturn[1] table `session_guid`, `requestor`, `resource`, `ttl` (ms),
-- `issue_time`, `mvpd`, `proxy_mvpd`, each of them optional
-- @treturn[2] nil
-- @treturn[2] string message
-- @treturn[2] string `INVALID_TOKEN_FORMAT`
function media_token.inspect(serialized)
  local fields = parse(serialized)
  if fields then return fields end
  return nil, "This is not a media token.", "INVALID_TOKEN_FORMAT"
end

local MOMENT = "^(%d%d%d%d)[-/](%d%d)[-/](%d%d)[ T](%d%d):(%d%d):(%d%d)(.*)$"

local function offset_of(rest)
  local sign, hours, minutes = rest:match("([+-])(%d%d):?(%d%d)%s*$")
  if not sign then return 0 end
  local seconds = (tonumber(hours) * 60 + tonumber(minutes)) * 60
  return sign == "-" and -seconds or seconds
end

-- "2009/11/08 14:53:47 GMT -0800", as Adobe's pages show it; or ms since 1970.
local function issued_ms(text)
  if tonumber(text) then return tonumber(text) end
  local year, month, day, hour, minute, second, rest =
    tostring(text):match(MOMENT)
  local at = year and http_date.epoch(tonumber(year), tonumber(month),
    tonumber(day), tonumber(hour), tonumber(minute), tonumber(second))
  return at and (at - offset_of(rest)) * 1000
end

local FIELDS = { key = "userdata", resource = "string?",
  requestor = "string?", now_ms = "number", once = "table?" }

local function refuse(status, message) return nil, message, status end

local function is_in_time(fields, now_ms)
  local issued = issued_ms(fields.issue_time)
  if not issued or not fields.ttl then return false end
  return now_ms < issued + fields.ttl and now_ms >= issued - 60000
end

-- Used before? The store remembers it as long as it could be used again.
local function is_new(serialized, fields, store)
  local name = "media_token:" .. core.digest.hex(core.digest.sha256(
    serialized))
  return store:add(name, "1", math.max(1, fields.ttl / 1000 + 60))
end

--- Verifies a media token. Answers what it says; or nil, a sentence and a
-- status of Adobe's verifier: `INVALID_TOKEN_FORMAT`, `INVALID_SIGNATURE`,
-- `TOKEN_EXPIRED`, `INVALID_RESOURCE_ID`; and ours: `INVALID_REQUESTOR_ID`,
-- `TOKEN_USED`, `store_failed`.
-- @string serialized
-- @tparam table options `key`: a public key of the core; `now_ms`: the time;
-- `resource`, `requestor`: what it has to be for; `once`: a store, where a
-- token may be used one time only
function media_token.verify(serialized, options)
  options_of.check("media_token.verify", options, FIELDS, 2)
  local fields, signed, signature = parse(serialized)
  local raw = signature and core.base64.decode((signature:gsub("%s+", "")))
  if not raw then
    return refuse("INVALID_TOKEN_FORMAT", "This is not a media token.")
  end
  if not options.key:verify(signed, raw) then
    return refuse("INVALID_SIGNATURE", "The media token was not signed by "
      .. "this key.")
  end
  if not is_in_time(fields, options.now_ms) then
    return refuse("TOKEN_EXPIRED", "The media token's time is over.")
  end
  if options.resource and fields.resource ~= options.resource then
    return refuse("INVALID_RESOURCE_ID", "The media token is for another "
      .. "resource.")
  end
  if options.requestor and fields.requestor ~= options.requestor then
    return refuse("INVALID_REQUESTOR_ID", "The media token is for another "
      .. "requestor.")
  end
  if options.once then
    local first, message, code = is_new(serialized, fields, options.once)
    if first == nil then return refuse(code, message) end
    if not first then
      return refuse("TOKEN_USED", "The media token was used before.")
    end
  end
  return fields
end

return media_token
