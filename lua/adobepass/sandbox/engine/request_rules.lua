--- Checks what Adobe's pages allow in a request: headers, parameters, format.
--
-- Only Adobe's own headers and parameters are checked. Other headers and
-- parameters (User-Agent, tracing and the like) are ignored. Each rule can be
-- turned off by name (`adobepass.sandbox.data.leniency`).
-- @module adobepass.sandbox.engine.request_rules

local http_response = require "adobepass.sandbox.engine.http_response"
local json = require "adobepass.util.json"
local url_encoding = require "adobepass.sandbox.engine.url_encoding"

local request_rules = {}

local FORM = "application/x-www-form-urlencoded"
local JSON = "application/json"

-- Adobe's own parameters: a query, form or JSON member with such a name is
-- refused where the page does not list it.
local OWN = {}
for name in ([[mvpd domainName redirectUrl SAMLResponse resources devices
    requestor_id mvpd_id device_id key client_id client_secret grant_type
    refresh_token scope software_statement redirect_uri profile]]):gmatch "%S+" do
  OWN[name] = true
end

-- Error codes of a parameter that is given twice.
local CODES = {
  mvpd = "invalid_parameter_mvpd", resources = "invalid_parameter_resources",
  redirectUrl = "invalid_parameter_redirect_url",
  SAMLResponse = "invalid_parameter_saml_response",
}

local PREFIXES = { "^ap%-", "^ad%-", "^x%-roku%-", "^x%-sso%-",
  "^x%-device%-info$", "^adobe%-subject%-token$" }

--- Returns whether a header, in lower case, is one of Adobe's own.
function request_rules.is_own_header(name)
  for _, prefix in ipairs(PREFIXES) do
    if name:find(prefix) then return true end
  end
  return false
end

--- Returns the sorted names of Adobe's headers that a route does not list.
function request_rules.unlisted_headers(route, headers)
  local found = {}
  for name in pairs(headers) do
    if request_rules.is_own_header(name) and not route.headers[name] then
      found[#found + 1] = name
    end
  end
  table.sort(found)
  return found
end

local ROKU, AMAZON = "x-roku-reserved-roku-connect-token", "adobe-subject-token"

-- Returns whether a platform adds a header where the operation's page does not list it:
-- by Amazon's cookbook, an application sends the token with all requests of /api/v2/.
-- RokuOS adds its token and the device identifier to all requests.
local function is_of_platform(context, name)
  if name == AMAZON then return context.route.path:find "^/api/v2/" ~= nil end
  return name == ROKU
    or name == "ap-device-identifier" and context:header(ROKU) ~= nil
end

--- Requires that the operation's page or the platform's cookbook lists each of
-- Adobe's headers.
function request_rules.listed_headers(context)
  local found = {}
  for _, name in ipairs(request_rules.unlisted_headers(context.route,
      context.request.headers)) do
    if not is_of_platform(context, name) then found[#found + 1] = name end
  end
  if #found == 0 or context.sandbox:is_lenient "unlisted_headers" then
    return nil
  end
  return http_response.bad_request("The page of this operation does not list "
    .. "the header " .. table.concat(found, ", ") .. ".")
end

--- Requires at most one platform token: each operation's page lists the header of
-- Amazon or that of Roku.
function request_rules.one_platform_token(context)
  if not context:header(AMAZON) or not context:header(ROKU)
      or context.sandbox:is_lenient "two_platform_tokens" then
    return nil
  end
  return http_response.bad_request("The page of this operation lists "
    .. "adobe-subject-token or x-roku-reserved-roku-connect-token, not both.")
end

-- Returns the position after a JSON string that starts at `at`.
local function end_of_string(text, at)
  at = text:find('["\\]', at + 1)
  while at and text:sub(at, at) == "\\" do at = text:find('["\\]', at + 2) end
  return at and at + 1 or #text + 1
end

-- Adds a member name; `raw` is its JSON text with quotes.
local function add_member(names, repeated, raw)
  local decoded = json.decode("[" .. raw .. "]")
  local name = type(decoded) == "table" and decoded[1] or raw
  if names[name] then repeated[name] = true end
  names[name] = true
end

--- Lists the members of the top-level object of a JSON text.
-- @return name -> true, name -> true for each repeated name
function request_rules.json_members(text)
  local names, repeated, depth, at = {}, {}, 0, 1
  while true do
    at = text:find('["{}%[%]]', at)
    if not at then return names, repeated end
    local char = text:sub(at, at)
    if char == '"' then
      local after = end_of_string(text, at)
      if depth == 1 and text:find("^%s*:", after) then
        add_member(names, repeated, text:sub(at, after - 1))
      end
      at = after
    else
      depth = depth + ((char == "{" or char == "[") and 1 or -1)
      at = at + 1
    end
  end
end

-- Calls visit(names, repeated, source) for the query and for the body.
local function each_source(context, visit)
  local query, repeated = url_encoding.form(context.request.query)
  local refusal = visit(query or {}, repeated or {}, "query")
  if refusal then return refusal end
  local media = url_encoding.media_type(context:header "content-type")
  if media == FORM then
    local form, twice = context:form()
    return visit(form, twice, "form")
  elseif media == JSON and context.route.json then
    local names, twice = request_rules.json_members(context.request.body)
    return visit(names, twice, "json")
  end
end

local function parameter_refusal(context, name, message)
  local refusal = http_response.bad_request(message)
  refusal.code = context.route.refusal == "enhanced" and CODES[name] or nil
  return refusal
end

local function is_listed(route, name, source)
  local listed = route[source]
  return listed ~= nil and listed[name] == true
end

function request_rules.listed_parameters(context)
  if context.sandbox:is_lenient "unlisted_parameters" then return nil end
  return each_source(context, function(names, _, source)
    for name in pairs(names) do
      if OWN[name] and not is_listed(context.route, name, source) then
        return parameter_refusal(context, name, "The page of this operation "
          .. "does not list the parameter " .. name .. " in the " .. source
          .. ".")
      end
    end
  end)
end

function request_rules.unrepeated_parameters(context)
  if context.sandbox:is_lenient "repeated_parameters" then return nil end
  return each_source(context, function(_, repeated)
    for name in pairs(repeated) do
      if OWN[name] then
        return parameter_refusal(context, name,
          "The parameter " .. name .. " is repeated.")
      end
    end
  end)
end

--- Requires the content type of a form, and a form without malformed escapes.
function request_rules.form_body(context)
  if not context.route.needs_form
      or context.sandbox:is_lenient "content_type" then
    return nil
  end
  local media = url_encoding.media_type(context:header "content-type")
  if media ~= FORM then
    return http_response.bad_request("Content-Type: expected " .. FORM .. ".")
  elseif not url_encoding.form(context.request.body) then
    return http_response.bad_request "The form has a malformed escape."
  end
end

--- Requires at most one way of sending client credentials.
function request_rules.one_client_authentication(context)
  if context.sandbox:is_lenient "client_authentication" then return nil end
  local ways = context:header "authorization" and 1 or 0
  each_source(context, function(names)
    if names.client_id or names.client_secret then ways = ways + 1 end
  end)
  if ways > 1 then
    return http_response.bad_request "More than one client authentication."
  end
end

return request_rules
