--- Replaces secrets and personal values in recorded requests and responses.
--
-- Only names that are listed below as harmless keep their values; every other
-- value becomes a placeholder such as `redacted-token-1`. Equal values of one
-- kind get equal placeholders, so a recording stays consistent. A placeholder
-- has only letters, digits, `-` and `_`: it needs no escaping, and a client
-- accepts it as a token or a code. A value that already is a placeholder is
-- kept, so that a replay can redact what its client sends.
--
-- A decoded empty array is written as `{}`, see adobepass.util.json.
-- @module adobepass.util.redaction

local core = require "adobepass.core"
local encoding = require "adobepass.util.encoding"
local json = require "adobepass.util.json"
local tables = require "adobepass.util.tables"

local redaction = {}

local unescape = encoding.unescape

local Redactor = {}
Redactor.__index = Redactor

-- Limits the memory of a redactor. The caller must stop when `is_full` is true.
local MAX_VALUES = 20000

local PLACEHOLDER = "redacted%-[%l_]+%-%d+"

--- The pattern of a placeholder.
redaction.PLACEHOLDER = PLACEHOLDER

local function set(names)
  local result = {}
  for name in names:gmatch "%S+" do result[name] = true end
  return result
end

-- The headers that identify a device or a viewer, and the kinds of their values.
-- Other request headers are left out, except Content-Type.
local HEADERS = {
  ["ap-device-identifier"] = "device", ["x-device-info"] = "device_info",
  ["x-forwarded-for"] = "address", ["ap-visitor-identifier"] = "visitor",
  ["ap-temppass-identity"] = "user", ["adobe-subject-token"] = "subject_token",
  ["ap-partner-framework-status"] = "partner_status",
  ["x-roku-reserved-roku-connect-token"] = "roku_token",
  ["ad-service-token"] = "service_token", ["x-sso-id"] = "sso_id",
  ["x-sso-link"] = "code", authorization = "token",
}

-- Names of members and parameters whose values have a kind of their own.
local KINDS = {
  access_token = "token", client_id = "client_id", code = "code", link = "code",
  client_secret = "client_secret", software_statement = "statement",
  serializedToken = "media_token", serviceToken = "service_token",
  jws = "service_token", SAMLResponse = "saml", request = "saml",
  devices = "device", device_id = "device", key = "user",
  sessionId = "session", details = "text",
}

-- Names whose values are kept: they are the same for all viewers, or times.
local KEPT = set [[
  action actionName actionType attributesNames authorized client_id_issued_at
  created_at domain domainName expires_in grant_type grant_types isTempPass
  issuedAt issuer missingParameters mvpd mvpd_id notAfter notBefore profile
  reasonType requestor requestor_id resource resources scopes serviceProvider
  source state status token_type type]]

local URLS = set "url helpUrl redirectUrl redirect_uri redirect_uris"
local TEXTS = set "message error_description"

-- Names of objects, and of members whose values are not kept.
local NAMES = set [[
  authenticationRequest browser connection decisions device display error
  existingParameters hardware id ipAddress logouts model name operatingSystem
  originalUserAgent port profiles token trace userAgent vendor version]]

-- Objects whose members are named by a provider's id.
local BY_PROVIDER = set "profiles logouts"

-- Attributes of a TempPass. They describe what is left of it, and not the viewer.
local PASS_ATTRIBUTES = set "remaining_resources used_assets expiration_date"

-- The documented paths: `*` is kept, {code} is redacted.
local PATHS = {}
for template in ([[
    /o/client/register /o/client/token /api/v2/*/configuration
    /api/v2/*/sessions /api/v2/*/sessions/{code} /api/v2/*/sessions/sso/*
    /api/v2/authenticate/*/{code} /api/v2/*/profiles /api/v2/*/profiles/*
    /api/v2/*/profiles/code/{code} /api/v2/*/profiles/sso/*
    /api/v2/*/decisions/authorize/* /api/v2/*/decisions/preauthorize/*
    /api/v2/*/logout/* /reset-tempass/v3/reset /reset-tempass/v3/reset/generic
    /api/*/serviceToken /api/*/link /api/*/unlink /api/*/list
  ]]):gmatch "%S+" do
  local segments = {}
  for segment in template:gmatch "[^/]+" do segments[#segments + 1] = segment end
  PATHS[#PATHS + 1] = segments
end

local function next_placeholder(self, kind)
  local placeholder
  repeat
    self.counts[kind] = (self.counts[kind] or 0) + 1
    placeholder = ("redacted-%s-%d"):format(kind, self.counts[kind])
  until not self.reserved[placeholder]
  self.total = self.total + 1
  self.is_full = self.total >= MAX_VALUES
  return placeholder
end

-- Returns the placeholder of a value. Values are kept as digests: they would be
-- secrets in memory, and may be large.
local function replace(self, kind, value)
  value = tostring(value)
  if value:find("^" .. PLACEHOLDER .. "$") then return value end
  local digest = core.digest.sha256(value)
  local key = kind .. digest
  if not self.placeholders[key] then
    self.placeholders[key] = next_placeholder(self, kind)
    self.seen[digest] = true
  end
  return self.placeholders[key]
end

-- Longer words of a message may be tokens.
local LONGEST_WORD = 32

-- Codes, addresses and identifiers have digits or other characters, as in `ip=::1`.
local function is_prose(text)
  return not text:find "[^%a\128-\255%s%.,;:!?'\"()<>_-]" and not text:find ":%S"
end

-- A message is kept if it is prose, unless one of its words was redacted elsewhere or
-- may be a token.
local function redact_text(self, text)
  if not is_prose(text) then return replace(self, "text", text) end
  for word in text:gmatch "[^%s'\"(),;<>]+" do
    if #word > LONGEST_WORD or self.seen[core.digest.sha256(word)]
        or self.seen[core.digest.sha256((word:gsub("%p+$", "")))] then
      return replace(self, "text", text)
    end
  end
  return text
end

local function find_template(segments)
  for _, template in ipairs(PATHS) do
    local is_same = #template == #segments
    for index, segment in ipairs(template) do
      is_same = is_same and (segment == "*" or segment == "{code}"
        or segment == segments[index])
    end
    if is_same then return template end
  end
end

local function segments_of(path)
  local segments = {}
  for segment in path:gmatch "[^/]+" do segments[#segments + 1] = segment end
  return segments
end

--- Returns whether a path belongs to a documented operation.
function redaction.is_documented(path)
  return find_template(segments_of(path)) ~= nil
end

-- Returns nil for the path of an undocumented operation.
local function redact_path(self, path)
  local segments = segments_of(path)
  local template = find_template(segments)
  if not template then return nil end
  for index, segment in ipairs(template) do
    if segment == "{code}" then
      segments[index] = replace(self, "code", unescape(segments[index]))
    end
  end
  return "/" .. table.concat(segments, "/")
end

local redact_url

-- Returns name=value with its value redacted; the value of a kept name stays
-- escaped.
local function redact_field(self, field)
  local name, value = field:match "^([^=]*)=?(.*)$"
  local plain = unescape(name)
  if KEPT[plain] then return name .. "=" .. value end
  if URLS[plain] then return name .. "=" .. redact_url(self, unescape(value)) end
  local kind = KINDS[plain]
  return (kind and name or replace(self, "key", plain)) .. "="
    .. replace(self, kind or "value", unescape(value))
end

-- Redacts a query or a form. The fields are sorted: their order has no meaning.
local function redact_form(self, text)
  local fields = {}
  for field in text:gmatch "[^&]+" do
    fields[#fields + 1] = redact_field(self, field)
  end
  table.sort(fields)
  return table.concat(fields, "&")
end

-- Returns a URL's origin and the rest; nil if the URL is relative or has an `@`.
-- Parsers disagree about the end of user information, so none of it is kept.
local function split_url(text)
  local scheme, authority, rest = text:match "^(%a[%w+.-]*://)([^/?#]*)(.*)$"
  if not scheme or text:find("@", 1, true) then return nil end
  local host = authority:gsub(":%d*$", "")
  if host:find "^[%w.-]*$" or host:find "^%[[%x:.]+%]$" then
    return scheme .. authority, rest
  end
end

-- Keeps a URL's origin. The rest is kept where it is a documented path, or empty.
function redact_url(self, text)
  local origin, rest = split_url(text)
  if not origin then origin, rest = "", text end
  if origin ~= "" and (rest == "" or rest == "/") then return text end
  local path, query = rest:match "^(/[^?#]*)%??([^#]*)"
  path = path and not rest:find("#", 1, true) and redact_path(self, path)
  if not path then return origin .. "/" .. replace(self, "url", text) end
  return origin .. path .. (query ~= "" and "?" .. redact_form(self, query) or "")
end

local redact_json

-- In sorted order, so that equal bodies get equal placeholders.
local sorted_keys = tables.sorted_keys

-- Redacts a value of one kind with everything in it, also the names of members.
local function redact_all(self, kind, value)
  if value == json.null then return value end
  if type(value) ~= "table" then return replace(self, kind, value) end
  local result = {}
  for _, key in ipairs(sorted_keys(value)) do
    local name = type(key) == "string" and replace(self, "key", key) or key
    result[name] = redact_all(self, kind, value[key])
  end
  return result
end

local function redact_attribute(self, name, attribute)
  if PASS_ATTRIBUTES[name] then return attribute end
  if type(attribute) ~= "table" then
    return redact_all(self, "metadata", attribute)
  end
  local result = {}
  if attribute.state ~= nil then
    result.state = attribute.state == "enc" and "enc" or "plain"
  end
  if attribute.value ~= nil then
    result.value = redact_all(self, "metadata", attribute.value)
  end
  return result
end

local function redact_attributes(self, attributes)
  if type(attributes) ~= "table" then
    return redact_all(self, "metadata", attributes)
  end
  local result = {}
  for _, name in ipairs(sorted_keys(attributes)) do
    result[name] = redact_attribute(self, name, attributes[name])
  end
  return result
end

-- An error code has the same name as an authentication code.
local function is_error_code(value, object)
  return type(value) == "string" and value:find "^%l[%l%d_]*$" ~= nil
    and (object.message ~= nil or object.action ~= nil)
end

-- Applies a function to a string, or to each string of a list.
local function redact_strings(self, redact, value)
  if type(value) == "string" then return redact(self, value) end
  if not json.is_array(value) then return redact_all(self, "value", value) end
  local result = {}
  for index, item in ipairs(value) do
    result[index] = redact_strings(self, redact, item)
  end
  return result
end

-- The configuration is the same for all viewers. Other kept names have a value or
-- a list of values; anything else below such a name is not documented.
local function is_kept(name, value)
  if not KEPT[name] then return false end
  if type(value) ~= "table" or name == "requestor" then return true end
  for key, item in pairs(value) do
    if type(key) ~= "number" or type(item) == "table" then return false end
  end
  return true
end

local function redact_member(self, name, value, object)
  if is_kept(name, value) then return value end
  if name == "attributes" then return redact_attributes(self, value) end
  if URLS[name] then return redact_strings(self, redact_url, value) end
  if TEXTS[name] then return redact_strings(self, redact_text, value) end
  if name == "code" and is_error_code(value, object) then return value end
  if name == "error" and type(value) == "string" and value:find "^[%l_]+$" then
    return value
  end
  if KINDS[name] then return redact_all(self, KINDS[name], value) end
  return redact_json(self, value, BY_PROVIDER[name])
end

local function is_known(name)
  return KEPT[name] or URLS[name] or TEXTS[name] or KINDS[name] or NAMES[name]
    or name == "attributes"
end

function redact_json(self, value, keeps_names)
  if type(value) == "boolean" or value == json.null then return value end
  if type(value) ~= "table" then return replace(self, "value", value) end
  local result = {}
  for _, key in ipairs(sorted_keys(value)) do
    local name = key
    if type(key) == "number" or keeps_names then
      result[key] = redact_json(self, value[key])
    else
      if not is_known(key) then name = replace(self, "key", key) end
      result[name] = redact_member(self, key, value[key], value)
    end
  end
  return result
end

local function redact_body(self, body, content_type)
  if not body or body == "" then return nil end
  if content_type == "application/x-www-form-urlencoded" then
    return redact_form(self, body)
  end
  local value = json.decode(body)
  if type(value) ~= "table" then return replace(self, "body", body) end
  redact_json(self, value) -- collects the values that a message may repeat
  return json.encode(redact_json(self, value))
end

local function media_type(value)
  return value and value:match "^%s*([%w.+-]+/[%w.+-]+)"
end

local function redact_header(self, name, value)
  local scheme, rest = value:match "^(%a+) +(.+)$"
  if name == "authorization" then
    if not scheme or scheme:lower() ~= "bearer" then
      return replace(self, "token", value)
    end
    return "Bearer " .. replace(self, "token", rest)
  elseif name == "ap-device-identifier" and scheme == "fingerprint" then
    return "fingerprint " .. replace(self, "device", rest)
  end
  return replace(self, HEADERS[name], value)
end

--- Redacts a request.
-- @tparam table request `method`, `path`, `query`, `headers` (by lower-case name)
-- and `body`
-- @treturn table the same fields; `path` is one placeholder for the path of an
-- undocumented operation
function Redactor:request(request)
  local headers = { ["content-type"] = media_type(request.headers["content-type"]) }
  for _, name in ipairs(sorted_keys(HEADERS)) do
    local value = request.headers[name]
    if value then headers[name] = redact_header(self, name, value) end
  end
  return { method = request.method:match "^%u+$" or "OTHER",
    path = redact_path(self, request.path)
      or "/" .. replace(self, "path", request.path),
    query = request.query and redact_form(self, request.query), headers = headers,
    body = redact_body(self, request.body, headers["content-type"]) }
end

--- Redacts a response.
-- @tparam table response `status`, `headers` (by lower-case name) and `body`
-- @treturn table the same fields
function Redactor:response(response)
  local given = response.headers
  local headers = { ["content-type"] = media_type(given["content-type"]) }
  for _, name in ipairs { "date", "retry-after" } do
    headers[name] = (given[name] or ""):match "^[%w ,:]+$"
  end
  headers.location = given.location and redact_url(self, given.location)
  return { status = response.status, headers = headers,
    body = redact_body(self, response.body, headers["content-type"]) }
end

--- Creates a redactor, which numbers the values of each kind.
-- @tparam[opt] table reserved placeholders that no value may get, as keys
function redaction.new(reserved)
  return setmetatable({ reserved = reserved or {}, placeholders = {}, seen = {},
    counts = {}, total = 0, is_full = false }, Redactor)
end

return redaction
