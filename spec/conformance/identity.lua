--- Statements of Adobe's pages about single sign-on identities and recovery, and the
-- specs that prove them.

return {
  { page = "rest-api-v2-appendix-headers-ap-visitor-identifier",
    statement = "AP-Visitor-Identifier may be sent with each operation whose page "
      .. "lists it, including the poll with a code and the resumed session.",
    status = "kept", tags = { "identity-values-listed", "identity-functions-listed",
      "api-sends-optional-headers" } },
  { page = "rest-api-v2-single-sign-on-platform-identity-flows",
    statement = "Adobe-Subject-Token or X-Roku-Reserved-Roku-Connect-Token is sent "
      .. "with sessions, profiles, decisions and logout.",
    status = "kept", tags = { "identity-values-listed", "identity-device-listed",
      "partner-call-device", "strict-platform-tokens" } },
  { page = "rest-api-v2-single-sign-on-service-token-flows",
    statement = "AD-Service-Token is sent with sessions, profiles, decisions and "
      .. "logout.",
    status = "kept", tags = { "identity-values-listed", "identity-functions-listed",
      "flow-signs-service-token" } },
  { page = "sso-service",
    statement = "In case of expiration, a new token can be obtained with "
      .. "GET /serviceToken and the expired token.",
    status = "kept", tags = { "identity-token-renewed-before",
      "identity-token-function-renewed", "service-token-renewed-time" } },
  { page = "sso-service",
    statement = "401 on GET /serviceToken: the access token or service token is "
      .. "invalid; obtain a new access token or service token and try again.",
    status = "kept", tags = { "service-token-refused-renewed",
      "service-token-refused-function", "service-token-refused-given",
      "service-token-refused-access" } },
  { page = "sso-service",
    statement = "The error codes catalog: code, status and action "
      .. "(get_new_token, check_headers, check_request_body, none).",
    status = "kept", tags = { "errors-sso-service-codes",
      "service-token-refused-given" } },
  { page = "sso-service",
    statement = "The response to POST /link has notBefore and notAfter of the code.",
    status = "kept", tags = { "service-token-link-end" } },
  { page = "rest-api-v2-appendix-headers-ap-partner-framework-status",
    statement = "error is a JSON element with the attributes code and message, both "
      .. "strings.",
    status = "kept", tags = { "partner-went-wrong", "partner-raises-no-framework" } },
  { page = "rest-api-v2-appendix-headers-ap-partner-framework-status",
    statement = "expirationDate is a timestamp in milliseconds, expressed as a "
      .. "string.",
    status = "kept", tags = { "partner-access-provider", "strict-expiration-string" } },
  { page = "apple-sso-cookbook-rest-api-v2",
    statement = "The SAML response is sent without new lines, tabs and runs of "
      .. "spaces, base64-encoded.",
    status = "kept", tags = { "partner-saml-collapsed",
      "partner-response-xml-lines" } },
  { page = "apple-sso-cookbook-rest-api-v2",
    statement = "The application processes enablePlatformServices, "
      .. "displayInPlatformPicker and boardingStatus of each MVPD, and maps "
      .. "platformMappingId to the MVPD's id.",
    status = "kept", tags = { "providers-partner-picker",
      "providers-partner-fields" } },
  { page = "apple-sso-cookbook-rest-api-v2",
    statement = "A valid partner framework status is included before each request "
      .. "for profiles or decisions of an appleSSO profile.",
    status = "kept", tags = { "partner-status-identity", "partner-keeps-profile-plays",
      "recovery-apple-kept" } },
  { page = "apple-sso-cookbook-rest-api-v2",
    statement = "Without the user's permission, a valid status or a SAML response, the "
      .. "application proceeds with the basic authentication flow.",
    status = "kept", tags = { "partner-failed-falls-back", "partner-refused-falls-back",
      "partner-wanted" } },
  { page = "apple-sso-cookbook-rest-api-v2",
    statement = "The status that the framework returns together with the SAML response "
      .. "is sent with that response.",
    status = "kept", tags = { "partner-newer-status" } },
  { page = "enhanced-error-codes",
    statement = "action authentication: the user must authenticate or "
      .. "re-authenticate with a supported MVPD in order to continue.",
    status = "kept", tags = { "recovery-authenticates-again",
      "recovery-second-screen", "recovery-preauthorize", "recovery-restart",
      "recovery-shared-login", "recovery-apple-authenticates" } },
  { page = "rest-api-v2-checklist",
    statement = "A denial does not log the user out.",
    status = "kept", tags = { "authorize-logs-denied", "recovery-other-denials",
      "recovery-authenticates-again" } },
  { page = "rest-api-v2-faqs",
    statement = "The profile of a returning user is requested for the specific MVPD.",
    status = "kept", tags = { "recovery-returning-mvpd",
      "recovery-returning-choose", "recovery-returning-gone" } },
}
