--- The catalog of enhanced error codes of the REST API v2.
-- Page: features-standard/error-reporting/enhanced-error-codes.
-- @module adobepass.sandbox.engine.errors

local errors = {}

local HELP = "https://experienceleague.adobe.com/docs/pass/authentication/"
  .. "auth-features/error-reportn/enhanced-error-codes.html"

local function parameter(what)
  return "The " .. what .. " parameter value is missing or invalid."
end

local function header(what)
  return "The " .. what .. " header value is missing or invalid."
end

local function status_header(what)
  return "The partner framework status header: " .. what .. "."
end

local function configuration(what)
  return "The " .. what .. " configuration is missing or invalid."
end

-- action -> status -> code -> message
local CATALOG = {
  none = {
    [400] = {
      invalid_parameter_service_provider = parameter "service provider",
      invalid_parameter_mvpd = parameter "mvpd",
      invalid_parameter_code = parameter "code",
      invalid_parameter_resources = parameter "resources",
      invalid_parameter_redirect_url = parameter "redirect URL",
      invalid_parameter_partner = parameter "partner",
      invalid_parameter_saml_response = parameter "SAML response",
      invalid_header_device_info = header "device information",
      invalid_header_device_identifier = header "device identifier",
      invalid_header_identity_for_temporary_access =
        header "identity for temporary access",
      invalid_header_pfs_permission_access_not_present =
        status_header "no permission access status is present",
      invalid_header_pfs_permission_access_not_determined =
        status_header "the permission access status is undetermined",
      invalid_header_pfs_permission_access_not_granted =
        status_header "the permission access is not granted",
      invalid_header_pfs_provider_id_not_determined =
        status_header "the provider id belongs to no known mvpd",
      invalid_header_pfs_provider_id_mismatch =
        status_header "the provider id is not that of the mvpd sent",
      invalid_header_pfs_provider_info_expired =
        status_header "the provider information has expired",
      invalid_integration =
        "The service provider and the mvpd have no enabled integration.",
      invalid_authentication_session =
        "The authentication session is missing or invalid.",
    },
    [403] = {
      preauthorization_denied_by_mvpd =
        'The MVPD denied the preauthorization.',
      authorization_denied_by_mvpd =
        'The MVPD denied the authorization.',
      authorization_denied_by_parental_controls =
        'The MVPD denied the authorization because of parental controls.',
      authorization_denied_by_degradation_rule =
        "A degradation rule denies the requested resources.",
    },
    [500] = {
      internal_server_error =
        "The request failed due to an internal server error.",
    },
  },
  configuration = {
    [403] = {
      too_many_resources = "The request contains too many resources.",
    },
    [500] = {
      invalid_configuration_user_metadata_certificate =
        configuration "user metadata certificate",
      invalid_configuration_temporary_access =
        "The temporary access configuration is invalid.",
      invalid_configuration_platform =
        configuration "integration's platform",
      invalid_configuration_platform_id = configuration "platform id",
      invalid_configuration_platform_trait = configuration "platform trait",
      invalid_configuration_platform_category_trait =
        configuration "platform category trait",
      invalid_configuration_platform_services =
        configuration "integration's platform services",
      invalid_configuration_mvpd_platform = configuration "mvpd platform",
      invalid_configuration_mvpd_platform_boarding_status =
        configuration "mvpd platform boarding status",
      invalid_configuration_mvpd_platform_profile_exchange =
        configuration "mvpd platform profile exchange",
    },
  },
  ["application-registration"] = {
    [401] = {
      invalid_access_token_service_provider =
        "The access token is not valid for this service provider.",
      invalid_access_token_client_application =
        "The access token is not valid for this client application.",
    },
  },
  authentication = {
    [403] = {
      authenticated_profile_missing =
        "The authenticated profile for this request is missing.",
      authenticated_profile_expired =
        "The authenticated profile for this request has expired.",
      authenticated_profile_invalidated =
        "The authenticated profile for this request was invalidated.",
      temporary_access_duration_limit_exceeded =
        "The temporary access duration limit has been exceeded.",
      temporary_access_resources_limit_exceeded =
        "The temporary access resources limit has been exceeded.",
      authorization_denied_by_hba_policies =
        "The viewer logged in from the home network, which the device has left.",
      authorization_denied_by_session_invalidated =
        "The identity provider has ended the authentication session.",
      identity_not_recognized_by_mvpd =
        "The MVPD did not recognize the user's identity.",
    },
  },
  retry = {
    [403] = {
      network_received_error =
        "The partner's response could not be read; a retry may help.",
      network_connection_timeout =
        "The partner could not be reached in time; a retry may help.",
      maximum_execution_time_exceeded =
        "The request took longer than allowed; a retry may help.",
    },
  },
}

errors.known = {}

for action, by_status in pairs(CATALOG) do
  for status, messages in pairs(by_status) do
    for code, message in pairs(messages) do
      errors.known[code] =
        { action = action, status = status, message = message }
    end
  end
end

local NO_CODE = { action = "none" }

--- Returns the documented error object.
-- @param sandbox makes the trace id
-- @param code a key of `errors.known`; any other becomes internal_server_error;
--   nil: an object without a code, for which the caller sets status and message
-- @param details text of the mvpd or the programmer, may be nil
function errors.object(sandbox, code, details)
  local known = errors.known[code] or code == nil and NO_CODE
    or errors.known.internal_server_error
  return {
    action = known.action, status = known.status, code = code,
    message = known.message, details = details, helpUrl = HELP,
    trace = sandbox:uuid(),
  }
end

errors.HELP = HELP

return errors
