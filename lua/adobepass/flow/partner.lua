--- Single sign-on through a partner's framework (Apple's Video Subscriber
-- Account), which returns a SAML response to Adobe's authentication request.
-- @module adobepass.flow.partner

local denials = require "adobepass.flow.denials"
local encoding = require "adobepass.util.encoding"
local errors = require "adobepass.api.errors"
local json = require "adobepass.util.json"
local login = require "adobepass.flow.login"
local login_start = require "adobepass.flow.login_start"
local options_of = require "adobepass.util.options"
local profiles = require "adobepass.flow.profile"
local trim = require("adobepass.util.text").trim

local partner = {}

local STATUS = { access = "string", provider_id = "string?",
  expires_at = "number?", access_error = "table?",
  provider_error = "table?" }

local ERROR = { code = "string", message = "string" }

local ACCESS = { granted = true, denied = true, restricted = true,
  notDetermined = true }

-- The framework's date is in seconds; the status needs milliseconds.
local function check_status(given)
  if not ACCESS[given.access] then
    error("client:partner_status: access should be granted, denied, "
      .. "restricted or notDetermined", 4)
  end
  local expires_at = given.expires_at
  if expires_at and not (expires_at > 1e11 and expires_at < 1e15) then
    error("client:partner_status: expires_at should be milliseconds since "
      .. "1970", 4)
  end
  for _, name in ipairs { "access_error", "provider_error" } do
    if given[name] then
      options_of.check("client:partner_status: " .. name, given[name], ERROR, 4)
    end
  end
end

--- Builds the AP-Partner-Framework-Status from what the framework reported.
-- @param _ the context
-- @tparam table given `access` (granted, denied, restricted, notDetermined),
-- `provider_id` (the partner's name of the provider, platformMappingId),
-- `expires_at` (ms), `access_error` and `provider_error` (the framework's errors,
-- each `{ code =, message = }`)
function partner.partner_status(_, given)
  options_of.check("client:partner_status", given, STATUS, 3)
  check_status(given)
  return {
    frameworkPermissionInfo = { accessStatus = given.access,
      error = given.access_error },
    frameworkProviderInfo = { id = given.provider_id,
      expirationDate = given.expires_at
        and ("%.0f"):format(given.expires_at), error = given.provider_error },
  }
end

local FIELDS = { partner = "string", status = "table or string?",
  respond = "function", domain_name = "string?", redirect_url = "string?",
  fallback = "table?", visitor_id = "string?",
  metadata_key = options_of.one_or_more("userdata", true),
  metadata_padding = "string?" }

local function no_fallback(response)
  return nil, errors.new { code = "partner_fallback",
    action = "authentication", operation = "partner_session",
    message = ("Single sign-on is not possible (%s): start an ordinary "
      .. "login."):format(tostring(response.reasonType)) }
end

-- Carries out the ordinary login that Adobe requires when the framework has no login
-- to share. Without the option `fallback`, returns an error instead.
local function fall_back(context, response, options)
  if not options.fallback then return no_fallback(response) end
  local params = { domain_name = options.domain_name,
    redirect_url = options.redirect_url, mvpd = json.text(response.mvpd),
    fresh = true }
  for name, value in pairs(options.fallback) do params[name] = value end
  return login.login(context, params)
end

-- Page apple-sso-cookbook-rest-api-v2, phase C: without a response of the framework or
-- a valid status, the application continues with the ordinary login.
local function is_of_framework(err)
  return err.code == "partner_failed" or err.code:find "^invalid_header_pfs_" ~= nil
end

-- Ends a login that failed, unless it may continue with the option `fallback`.
local function fail(context, err, response, options)
  if not options.fallback or not is_of_framework(err) then return nil, err end
  context:emit { type = "warning", code = err.code, message = err.message }
  return fall_back(context, response, options)
end

local function is_request(request)
  return type(request) == "table" and type(request.request) == "string"
end

-- Frameworks return XML, whose white space Adobe's Apple SSO cookbook collapses
-- before base64: runs of spaces and tabs to a space, line breaks to nothing.
local function in_base64(saml)
  if not saml:find "^%s*<" then return (saml:gsub("%s+", "")) end
  saml = saml:gsub("[ \t]+", " "):gsub("[\r\n]+", "")
  return encoding.base64_encode(trim(saml))
end

local function exchange(context, response, options)
  local request = response.authenticationRequest
  if not is_request(request) then
    return nil, errors.malformed("partner_session",
      "its authenticationRequest is missing")
  end
  local saml, more = options.respond(request, response.mvpd)
  if not saml then
    return nil, errors.new { code = "partner_failed",
      action = "authentication", operation = "partner_profile",
      message = "The partner's framework gave no response"
        .. (more and ": " .. tostring(more) or "") .. "." }
  end
  return context.api:partner_profile { partner = options.partner,
    saml_response = in_base64(saml), partner_status = more or options.status,
    visitor_id = options.visitor_id }
end

local function continue_without_partner(context, response, options)
  if response.actionName ~= "authorize" then
    return fall_back(context, response, options)
  end
  return login_start.without_login(context, response, { partner_status = options.status,
    visitor_id = options.visitor_id, metadata_key = options.metadata_key,
    metadata_padding = options.metadata_padding })
end

local function by_partner(context, response, options)
  local since = context:viewer_mark()
  local found, err = exchange(context, response, options)
  if not found then return fail(context, err, response, options) end
  local chosen = profiles.choose(profiles.list(context, found, options), {})
  if not chosen then return nil, profiles.not_logged_in("partner_profile") end
  denials.remove(context, chosen.mvpd)
  return profiles.log_in(context, chosen, since)
end

local function open_session(context, options)
  return context.api:partner_session { partner = options.partner,
    domain_name = options.domain_name, redirect_url = options.redirect_url,
    partner_status = options.status, visitor_id = options.visitor_id }
end

-- The service requires no authentication while it has a profile, also when that
-- provider denied access. Then ends the profile and opens another session.
local function authenticating_session(context, options)
  local denied, broken = denials.recall(context)
  if not denied then return nil, broken end
  local response, err = open_session(context, options)
  if response and response.actionName == "authorize" and denied[response.mvpd]
      and denials.end_profile(context, response.mvpd, options) then
    return open_session(context, options)
  end
  return response, err
end

--- Logs in through the partner's framework.
--
-- `status` is what client:partner_status returns; default: the identity's
-- `partner_status`. `respond(request, mvpd)` passes Adobe's request (`type`, `request`,
-- `attributesNames`) to the framework and returns its SAML response, and the new status
-- if the framework reports one; or nil and the reason. `fallback` holds options of
-- client:login, used when Adobe requires an ordinary login or refuses the status, or
-- when the framework gives no response. `metadata_key` is as in client:login. The
-- defaults of `domain_name` and `redirect_url` are the options of adobepass.new.
--
-- Returns the profile, or nil and an error. Such a profile is valid only together with
-- the status: put `partner_status` into the identity, or give it to client:authorize as
-- well.
function partner.partner_login(context, options)
  options_of.check("client:partner_login", options, FIELDS, 3)
  if options.fallback then
    login.check("client:partner_login: fallback", options.fallback)
  end
  if not options.status and not context:has_identity "partner_status" then
    error("client:partner_login: give status, or the option "
      .. "identity.partner_status", 3)
  end
  options = context:with_defaults(options)
  local response, err = authenticating_session(context, options)
  if not response then return fail(context, err, {}, options) end
  local finish = response.actionName == "partner_profile" and by_partner
    or continue_without_partner
  return finish(context, response, options)
end

return partner
