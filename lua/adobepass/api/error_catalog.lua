--- Describes each error code: a sentence for the viewer, a hint for the
-- developer, and the action when the server does not name one.
--
-- The codes come from Adobe's pages enhanced-error-codes and sso-service, the two
-- pages of the DCR API, and this module; the sentences are not Adobe's. A sentence
-- suggests only what a viewer can do: sign in, wait, or contact the provider or the
-- app's support.
-- @module adobepass.api.error_catalog

local codes = {}

local APP = "This app has a problem. Please contact its support."
local LATER = "This is not possible right now. Please try again later."
local AGAIN = "That did not work. Please try again."
local NETWORK = "There is no connection. Please check your network."
local SIGN_IN = "Please sign in with your TV provider."
local SIGN_IN_AGAIN = "Please sign in with your TV provider again."
local PROVIDER = "Your TV provider does not work with this app."
local SETTINGS =
  "Please allow this app to use your TV provider in the device's settings."
local DENIED = "Your TV subscription does not include this."

local DASHBOARD = "Have it corrected in the TVE Dashboard, or by Adobe."
local REPEAT = "Retry two or three times at most, with growing delays."

local function add(action, viewer, entries)
  for code, hint in pairs(entries) do
    codes[code] = { action = action, viewer = viewer, hint = hint }
  end
end

-- Enhanced error codes: none ----------------------------------------------

add("none", APP, {
  invalid_parameter_service_provider =
    "Check service_provider: it is the requestor id Adobe gave you.",
  invalid_parameter_resources =
    "Send a list of resource ids, each as the provider knows it.",
  invalid_parameter_redirect_url =
    "Send an absolute redirect_url on a domain of yours that Adobe knows.",
  invalid_parameter_partner =
    "Use a partner name that Adobe documents, for example Apple.",
  invalid_parameter_saml_response =
    "Send the partner's complete SAML response, unchanged, in base64.",
  invalid_parameter_token = "Give the complete service token, unchanged.",
  invalid_parameter_sso_id = "Give an sso_id that a header can hold.",
  invalid_parameter_link = "Give the link code that the other device shows.",
  invalid_parameter_devices = "Give a list of one or more device ids.",
  invalid_header_device_info =
    "Check device.info: see the warnings in events of type warning.",
  invalid_header_device_identifier =
    "Give each device an id, and never change it.",
  invalid_header_identity_for_temporary_access =
    "Give the option user, such as { email = ... }, with the name that Adobe "
    .. "configured for the TempPass.",
  invalid_header_pfs_permission_access_not_present =
    "Put frameworkPermissionInfo.accessStatus into partner_status.",
  invalid_header_pfs_provider_id_not_determined =
    "Sign in without the partner: Adobe knows no provider by this id.",
  invalid_header_pfs_provider_id_mismatch =
    "Send the mvpd that partner_status belongs to.",
})

add("none", PROVIDER, {
  invalid_parameter_mvpd =
    "Check mvpd: it must be an id of the configuration, with the same case.",
  invalid_integration =
    "Have the integration of service provider and mvpd switched on.",
})

add("none", "This code is not valid. Please start again.", {
  invalid_parameter_code =
    "Have the viewer check the code, or create a new session.",
  invalid_authentication_session =
    "Create a new session: this one has ended or was replaced.",
})

add("none", SETTINGS, {
  invalid_header_pfs_permission_access_not_determined =
    "Have the partner framework ask the viewer first.",
  invalid_header_pfs_permission_access_not_granted =
    "Sign in without the partner unless the viewer allows it.",
})

add("none", SIGN_IN_AGAIN, {
  invalid_header_pfs_provider_info_expired =
    "Ask the partner framework for a current status.",
})

add("none", DENIED, {
  preauthorization_denied_by_mvpd =
    "Show the details, if there are any; do not log the viewer out.",
  authorization_denied_by_mvpd =
    "Show the details, if there are any; do not log the viewer out.",
})

add("none", "Parental controls do not allow this.", {
  authorization_denied_by_parental_controls =
    "Point the viewer to the provider's parental controls.",
})

add("none", LATER, {
  authorization_denied_by_degradation_rule =
    "Show the details: a degradation rule of yours denies this resource.",
  internal_server_error =
    "Retry later; if the error persists, send the trace to Adobe.",
})

-- Enhanced error codes: the other actions ---------------------------------

add("configuration", APP, {
  too_many_resources =
    "Request fewer resources at once, or have Adobe raise the limit.",
  invalid_configuration_user_metadata_certificate =
    "The certificate for user metadata is missing or wrong. " .. DASHBOARD,
  invalid_configuration_temporary_access =
    "The TempPass is not configured correctly. " .. DASHBOARD,
  invalid_configuration_platform =
    "The integration has no settings for this platform. " .. DASHBOARD,
  invalid_configuration_platform_id =
    "The platform's id is missing or wrong. " .. DASHBOARD,
  invalid_configuration_platform_trait =
    "A trait of the platform is missing or wrong. " .. DASHBOARD,
  invalid_configuration_platform_category_trait =
    "A trait of the platform's category is missing or wrong. " .. DASHBOARD,
  invalid_configuration_platform_services =
    "The integration's platform services are not configured. " .. DASHBOARD,
  invalid_configuration_mvpd_platform =
    "The provider has no settings for this platform. " .. DASHBOARD,
  invalid_configuration_mvpd_platform_boarding_status =
    "The provider is not boarded on this platform. " .. DASHBOARD,
  invalid_configuration_mvpd_platform_profile_exchange =
    "The provider's profile exchange is not configured. " .. DASHBOARD,
})

add("application-registration", AGAIN, {
  invalid_access_token_service_provider =
    "Register with a software statement for this service provider.",
  invalid_access_token_client_application =
    "Calls of a viewer register again. Check that the application is still listed.",
})

add("authentication", SIGN_IN, {
  authenticated_profile_missing = "Start a login.",
})

add("authentication", SIGN_IN_AGAIN, {
  authenticated_profile_expired = "Start a login: the profile has expired.",
  authenticated_profile_invalidated =
    "Start a login: the profile was invalidated elsewhere.",
  authorization_denied_by_session_invalidated =
    "Start a login: the provider has ended the session.",
  identity_not_recognized_by_mvpd =
    "Start a login: the provider no longer knows this identity.",
})

add("authentication", "You seem to be away from home. Please sign in again.", {
  authorization_denied_by_hba_policies =
    "Start a login: the previous one was made through the home network.",
})

add("authentication", "Your free access is used up. " .. SIGN_IN, {
  temporary_access_duration_limit_exceeded =
    "Offer a login: the TempPass has run out of time.",
  temporary_access_resources_limit_exceeded =
    "Offer a login: the TempPass has run out of resources.",
})

add("retry", LATER, {
  network_received_error =
    "The provider's response could not be read. " .. REPEAT,
  network_connection_timeout =
    "The provider could not be reached. " .. REPEAT,
  maximum_execution_time_exceeded =
    "The provider took too long. " .. REPEAT,
})

-- Dynamic client registration ---------------------------------------------

add("none", APP, {
  invalid_request =
    "A parameter is missing, given twice or malformed: report this as a bug.",
  unsupported_grant_type =
    "Check the URL: this server issues no tokens for client credentials.",
})

add("configuration", APP, {
  invalid_redirect_uri =
    "Use a redirect_uri on a domain that the application is allowed.",
  invalid_software_statement =
    "Download the software statement again, and use it unchanged.",
  unapproved_software_statement =
    "Check that statement and environment belong together, and that it has "
    .. "not been revoked.",
  unauthorized_client =
    "Have the application's scope checked: it must hold api:client:v2.",
})

add("application-registration", AGAIN, {
  invalid_client = "Calls of a viewer register again, once in 10 minutes. For a new "
    .. "sandbox, use a new store.",
})

-- The SSO Service ----------------------------------------------------------

local GET_TOKEN = "Get a new one: client:get_service_token."

add("get_new_token", AGAIN, {
  token_invalid = "The service token, or the link code, is not valid. " .. GET_TOKEN,
  token_expired = "The service token has expired. " .. GET_TOKEN,
  header_invalid = "The service token's signature or subject is wrong. "
    .. GET_TOKEN,
})

add("check_headers", APP, {
  header_missing = "Send the header that the message names: a service token, an "
    .. "sso_id or a link code.",
})

add("check_request_body", APP, {
  request_invalid = "Give a list of one or more device ids.",
})

add("none", APP, {
  request_null = "Send a JSON object in the body.",
})

add("none", LATER, {
  internal_error = "Retry later; if the error persists, send the trace to Adobe.",
})

-- Responses without a code ------------------------------------------------

add("retry", LATER, {
  circuit_open = "Wait for retry_after: the operation failed repeatedly.",
  too_many_requests =
    "Wait a second or more: 1 request per second and device address.",
})

add("none", AGAIN, {
  unauthorized = "Get a new access token, then repeat the request once.",
  malformed_response = "Check for a proxy or firewall in between, then report it.",
  unknown_error = "Adobe returned no code: report the error with the trace.",
  foreign_url = "Check which server responded; nothing was sent to that URL.",
})

-- The flows' codes ---------------------------------------------------------

add("authentication", SIGN_IN, {
  not_logged_in = "Start a login.",
  login_denied = "Let the viewer try again, or choose another provider.",
  partner_failed = "Check the error of the partner's framework.",
  partner_fallback = "Start an ordinary login.",
})

add("none", "This code has expired. Please get a new one.", {
  login_expired = "Start a new login.",
})

add("none", SIGN_IN, {
  login_superseded = "Show the code of the newer login; after a logout, start a login.",
})

add("none", AGAIN, {
  unknown_action = "Check whether a newer version of adobepass supports it.",
})

add("retry", AGAIN, {
  no_decision = "Retry: the response has no decision for this resource.",
})

add("configuration", APP, {
  software_statement_missing =
    "Give adobepass.new the software statement from the TVE Dashboard.",
})

-- The core's codes --------------------------------------------------------

-- A retry may succeed, also after protocol_error: the core returns it when an HTTP/2
-- server that restarts ends its streams.
add("retry", NETWORK, {
  timeout = "Check the network; raise the timeout if the network is slow.",
  resolve_failed = "Check the network, the DNS and the host's name.",
  connect_failed = "Check the network, the firewall and the host's name.",
  connection_lost = "Check the network, proxies and firewalls.",
  proxy_failed = "Check the proxy's address and which hosts it allows.",
  protocol_error = "Check for a proxy or firewall that changes responses.",
})

-- A retry would fail in the same way; transfer_failed has an unknown cause.
add("none", LATER, {
  tls_failed = "Check ca_file, the device's date, and proxies in between.",
  too_large = "Raise max_body if such a response is expected. "
    .. "A request's headers may have up to 1 MiB.",
  out_of_memory = "Free memory before the next request.",
  transfer_failed = "Read the message: libcurl has no code for it.",
})

add("none", APP, {
  invalid_url = "Check the configured addresses.",
  insecure_url = "Use https, or allow the host by name while developing.",
  closed = "Do not use the object after closing it.",
})

add("none", "This was stopped.", {
  cancelled = "Nothing to do: the program cancelled the request.",
})

-- Stores, and the private files of the file store.
add("none", APP, {
  store_failed = "Read the store's message, and check that it can be reached.",
  not_found = "Check the path.",
  no_access = "Check who owns the file and its folder.",
  insecure_file = "Make the file accessible only to its owner.",
  no_space = "Free space on the disk.",
  read_only = "Put the store in a folder that the program may write.",
  busy = "Check which program holds the store's lock.",
  io_error = "Check the disk.",
  key_needed = "Give the store the key with which it was encrypted.",
  decrypt_failed = "Give the store the key with which it was encrypted.",
})

local actions = {
  none = { viewer = LATER, hint = "Check the request, and the message." },
  configuration = { viewer = APP, hint = DASHBOARD },
  ["application-registration"] = { viewer = AGAIN,
    hint = "Calls of a viewer register again, once in 10 minutes. Check statement and "
      .. "environment." },
  authentication = { viewer = SIGN_IN_AGAIN, hint = "Start a login." },
  authorization = { viewer = AGAIN, hint = "Request an authorization." },
  retry = { viewer = LATER, hint = REPEAT },
  get_new_token = { viewer = AGAIN, hint = GET_TOKEN },
  check_headers = { viewer = APP, hint = "Check the headers of the request." },
  check_request_body = { viewer = APP, hint = "Check the body of the request." },
}

return { codes = codes, actions = actions }
