--- Lists the texts of a request that must not appear in an error.
--
-- A request identifies the device and its viewer. A server may repeat those
-- values in its response, also decoded, and errors end up in logs.
-- @module adobepass.api.secrets

local core = require "adobepass.core"
local encoding = require "adobepass.util.encoding"
local errors = require "adobepass.api.errors"
local info_schema = require "adobepass.device.info_schema"
local json = require "adobepass.util.json"
local request = require "adobepass.api.request"

local secrets = {}

local PARAMS = { "client_secret", "software_statement", "saml_response",
  "device", "key", "code", "link", "sso_id" }
local NOT_SECRET = { accept = true, ["content-type"] = true }

-- Headers with JSON in which each string may identify the viewer.
local JSON_HEADERS = { "AP-TempPass-Identity", "AP-Partner-Framework-Status" }

local function append(list, text) list[#list + 1] = text end

-- Adds a text as other programs write it: without the padding of base64, with the
-- slashes that some JSON encoders escape, and percent-encoded.
local function add(list, text)
  for _, form in ipairs { text, (text:gsub("=+$", "")) } do
    local escaped = request.escape(form)
    append(list, form)
    append(list, (form:gsub("/", "\\/")))
    append(list, escaped)
    append(list, (escaped:gsub("%%%x%x", string.lower)))
  end
end

-- Adds a text that may be a common word if it is short, such as "granted".
local function add_long(list, text)
  if #text >= errors.SHORT then add(list, text) end
end

-- Adds the strings and numbers of decoded JSON.
local function add_values(list, value)
  if type(value) == "string" then return add_long(list, value) end
  if type(value) == "number" then
    return add_long(list, (value % 1 == 0 and "%.0f" or "%.14g"):format(value))
  end
  for _, item in pairs(type(value) == "table" and value or {}) do
    add_values(list, item)
  end
end

-- Adds the values of a query, or of a body, which may be JSON, a form or other text.
local function add_content(list, text)
  local value = json.decode(text)
  if type(value) == "table" then return add_values(list, value) end
  add_long(list, text)
  for item in text:gmatch "=([^&]*)" do
    add_long(list, item)
    add_long(list, encoding.unescape(item))
  end
end

-- Adds a member of decoded JSON that is an identifier.
local function add_member(list, object, name)
  local value = type(object) == "table" and object[name]
  if type(value) == "string" then add(list, value) end
end

local function add_header(list, name, value)
  if NOT_SECRET[name:lower()] then return end
  add_long(list, (value:gsub("^fingerprint ", "")))
  local claims = core.jws.peek(value)
  if claims then add_member(list, json.decode(claims), "sub") end
end

--- Returns the list of secret texts of one request.
-- @param device its record
-- @tparam table headers of the request, from name to value
-- @tparam table params of the call
-- @param held the access token in use, see adobepass.auth.access_token; or nil
-- @tparam[opt] table custom the request of client:request, whose query and body are
-- the application's
function secrets.list(device, headers, params, held, custom)
  local list = {}
  for name, value in pairs(headers) do add_header(list, name, value) end
  for _, name in ipairs(JSON_HEADERS) do
    add_values(list, info_schema.table_of(headers[name]))
  end
  add_member(list, info_schema.table_of(headers["X-Device-Info"]), "connectionIp")
  add_member(list, device, "id")
  add_member(list, device, "ip")
  if held then add(list, (held.token:reveal())) end
  for _, name in ipairs(PARAMS) do add_member(list, params, name) end
  for _, id in ipairs(params.devices or {}) do add(list, id) end
  if custom then
    add_content(list, custom.url:match "%?(.*)$" or "")
    add_content(list, custom.body or "")
  end
  return list
end

return secrets
