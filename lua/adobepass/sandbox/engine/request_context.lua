--- The context of one request; values are parsed on first use.
-- Checks (`adobepass.sandbox.engine.checks`) set client, provider, mvpd, device,
-- info, session and resources before the operation runs.
-- @module adobepass.sandbox.engine.request_context

local device = require "adobepass.sandbox.engine.device"
local json = require "adobepass.util.json"
local text = require "adobepass.util.text"
local tokens = require "adobepass.sandbox.data.tokens"
local url_encoding = require "adobepass.sandbox.engine.url_encoding"

local RequestContext = {}
RequestContext.__index = RequestContext

local request_context = {}

function request_context.new(sandbox, request, route, params)
  return setmetatable({
    sandbox = sandbox, request = request, route = route, params = params,
  }, RequestContext)
end

function RequestContext:header(name)
  local value = self.request.headers[name]
  if value ~= "" then return value end
end

--- Returns the address of the streaming device: the first address of
-- X-Forwarded-For, else the peer's address.
function RequestContext:address()
  return request_context.address(self.request)
end

function request_context.address(request)
  local forwarded = request.headers["x-forwarded-for"] or ""
  return forwarded:match "^%s*([^,%s]+)" or request.remote_addr or "unknown"
end

--- Returns the query as a table name -> value; empty if it is malformed.
function RequestContext:query()
  if not self.query_values then
    self.query_values = url_encoding.form(self.request.query) or {}
  end
  return self.query_values
end

--- Returns the form in the body; empty if the content type is another.
-- @return name -> value, name -> true for each repeated name
function RequestContext:form()
  if not self.form_values then
    local media = url_encoding.media_type(self:header "content-type")
    if media == "application/x-www-form-urlencoded" then
      self.form_values, self.form_repeated = url_encoding.form(self.request.body)
    end
    self.form_values = self.form_values or {}
  end
  return self.form_values, self.form_repeated or {}
end

--- Returns a form parameter; nil if it is missing or empty.
function RequestContext:parameter(name)
  local value = self:form()[name]
  if value ~= "" then return value end
end

--- Returns the JSON object in the body, or nil.
function RequestContext:object()
  local media = url_encoding.media_type(self:header "content-type")
  if media ~= "application/json" then return nil end
  local value = text.is_utf8(self.request.body) and json.decode(self.request.body)
  if type(value) ~= "table" or json.is_array(value) then return nil end
  return value
end

--- Returns "sp|device".
function RequestContext:device_key()
  return self.provider.id .. "|" .. self.device
end

--- Returns the key of this client's regular profiles on this device. With a code,
-- the client is the one that created the session.
function RequestContext:owner()
  local client_id = self.session and self.session.client_id or self.client.id
  return self.sandbox:profile_owner(self:device_key(), client_id)
end

-- Returns the subject of the token in a header, or nil. A token that gives no identity
-- is recorded in `ignored`: header -> "invalid" | "expired".
local function subject_of(self, name, read)
  local compact = self:header(name)
  if not compact then return nil end
  local subject, why = read(self.sandbox, compact, self.provider)
  if subject then return subject end
  self.ignored = self.ignored or {}
  self.ignored[name] = why
end

--- Returns the verified single sign-on identities of the request's headers.
-- @return { platform = subject?, service = subject? }
function RequestContext:identities()
  self.identity_values = self.identity_values or {
    platform = subject_of(self, "adobe-subject-token", tokens.read_platform)
      or subject_of(self, "x-roku-reserved-roku-connect-token", tokens.read_platform),
    service = subject_of(self, "ad-service-token", tokens.read_service),
  }
  return self.identity_values
end

--- Returns the object in AP-TempPass-Identity, { [key] = value }, or nil.
function RequestContext:temp_pass_identity()
  local value = self:header "ap-temppass-identity"
  return value and device.decode_object(value)
end

return request_context
