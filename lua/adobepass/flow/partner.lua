--- Single sign-on through a partner's framework (Apple's Video Subscriber
-- Account): Adobe's authentication request goes to the framework, its SAML
-- response comes back.
-- @module adobepass.flow.partner

local core = require "adobepass.core"
local errors = require "adobepass.api.errors"
local json = require "adobepass.util.json"
local login = require "adobepass.flow.login"
local options_of = require "adobepass.util.options"
local profiles = require "adobepass.flow.profile"

local partner = {}

local STATUS = { access = "string", provider_id = "string?",
  expires_at = "number?", access_error = "string?",
  provider_error = "string?" }

local ACCESS = { granted = true, denied = true, restricted = true,
  notDetermined = true }

-- The framework has a date, in seconds; this is where it goes wrong.
local function check_status(given)
  if not ACCESS[given.access] then
    error("client:partner_status: access should be granted, denied, "
      .. "restricted or notDetermined", 3)
  end
  local expires_at = given.expires_at
  if expires_at and not (expires_at > 1e11 and expires_at < 1e15) then
    error("client:partner_status: expires_at should be milliseconds since "
      .. "1970", 3)
  end
end

--- The AP-Partner-Framework-Status of what the framework told.
-- @param _ the client
-- @tparam table given `access` (granted, denied, restricted, notDetermined),
-- `provider_id` (the partner's name of the provider), `expires_at` (ms),
-- `access_error`, `provider_error`
function partner.partner_status(_, given)
  options_of.check("client:partner_status", given, STATUS, 2)
  check_status(given)
  return {
    frameworkPermissionInfo = { accessStatus = given.access,
      error = given.access_error },
    frameworkProviderInfo = { id = given.provider_id,
      expirationDate = given.expires_at
        and ("%.0f"):format(given.expires_at), error = given.provider_error },
  }
end

local FIELDS = { partner = "string", status = "table or string",
  respond = "function", domain_name = "string?", redirect_url = "string?",
  fallback = "table?", visitor_id = "string?", metadata_key = "userdata?",
  metadata_padding = "string?" }

local function no_fallback(answer)
  return nil, errors.new { code = "partner_fallback",
    action = "authentication", operation = "partner_session",
    message = ("Single sign-on is not possible (%s): an ordinary login is "
      .. "needed."):format(tostring(answer.reasonType)) }
end

-- Adobe falls back to an ordinary login when the framework has nothing for
-- us; with `fallback`, that login is made.
local function fall_back(client, answer, options)
  if not options.fallback then return no_fallback(answer) end
  local params = { domain_name = options.domain_name,
    redirect_url = options.redirect_url, mvpd = json.text(answer.mvpd),
    fresh = true }
  for name, value in pairs(options.fallback) do params[name] = value end
  return login.login(client, params)
end

local function is_request(request)
  return type(request) == "table" and type(request.request) == "string"
end

-- Frameworks give the response as XML; Adobe takes base64, in one line.
local function in_base64(saml)
  if saml:find "^%s*<" then return core.base64.encode(saml) end
  return (saml:gsub("%s+", ""))
end

local function exchange(client, answer, options)
  local request = answer.authenticationRequest
  if not is_request(request) then
    return nil, errors.malformed("partner_session",
      "its authenticationRequest is missing")
  end
  local saml, why = options.respond(request, answer.mvpd)
  if not saml then
    return nil, errors.new { code = "partner_failed",
      action = "authentication", operation = "partner_profile",
      message = "The partner's framework gave no response"
        .. (why and ": " .. tostring(why) or "") .. "." }
  end
  return client.api:partner_profile { partner = options.partner,
    saml_response = in_base64(saml), partner_status = options.status,
    visitor_id = options.visitor_id }
end

local function no_partner_needed(client, answer, options)
  if answer.actionName ~= "authorize" then
    return fall_back(client, answer, options)
  end
  return login.let_in(client, answer, { partner_status = options.status,
    visitor_id = options.visitor_id, metadata_key = options.metadata_key,
    metadata_padding = options.metadata_padding })
end

local function by_partner(client, answer, options)
  local found, err = exchange(client, answer, options)
  if not found then return nil, err end
  local chosen = profiles.choose(profiles.list(client, found, options), {})
  if chosen then return profiles.remember(client, chosen) end
  return nil, client:not_logged_in("partner_profile")
end

--- Logs in by the partner.
--
-- `status` as of client:partner_status; `respond(request, mvpd)` takes Adobe's
-- request (`type`, `request`, `attributesNames`) to the framework and answers
-- its SAML response; `fallback` are options of client:login for when Adobe
-- wants an ordinary login; `metadata_key` as of client:login. Answers the
-- profile, or nil and an error. Such a profile counts only beside the status:
-- give `partner_status` to client:authorize as well.
function partner.partner_login(client, options)
  options_of.check("client:partner_login", options, FIELDS, 2)
  local answer, err = client.api:partner_session { partner = options.partner,
    domain_name = options.domain_name, redirect_url = options.redirect_url,
    partner_status = options.status, visitor_id = options.visitor_id }
  if not answer then return nil, err end
  local finish = answer.actionName == "partner_profile" and by_partner
    or no_partner_needed
  local found, why = finish(client, answer, options)
  if found then client:clear_permits() end
  return found, why
end

return partner
