--- Statements of Adobe's pages about requests, and the specs that prove them.

return {
  { page = "throttling-mechanism",
    statement = "A maximum of 1 request per second, with an initial burst of 10 "
      .. "requests: a one-time allowance on the first interaction of the "
      .. "identified client.",
    status = "kept", tags = { "rate-limit-burst-once", "rate-limit-adobe-scenario",
      "rate-limit-within-window", "deadline-burst-once" } },
  { page = "throttling-mechanism",
    statement = "Each application that receives a 429 response must wait for at "
      .. "least 1 second before generating a new request.",
    status = "kept", tags = { "deadline-stops-device-asks",
      "rate-limit-allow-listed" } },
  { page = "rest-api-v2-appendix-headers-x-device-info",
    statement = "The JSON element contains at least the attributes marked as "
      .. "required: model, version, osName, osVersion, connectionType.",
    status = "kept", tags = { "device-requires", "device-parse-lacks",
      "device-machine-warning-missing", "gateway-info-lacks" } },
  { page = "rest-api-v2-appendix-headers-x-device-info",
    statement = "primaryHardwareType is one of a closed set of values.",
    status = "kept", tags = { "device-warns-bad-value" } },
  { page = "rest-api-v2-cookbook-server-server",
    statement = "Collect and pass accurate streaming device information, including "
      .. "the source port, and the device's IP address as X-Forwarded-For.",
    status = "kept", tags = { "device-connection", "server-sends-connection",
      "gateway-device-names-viewer", "gateway-believe-load-balancer" } },
  { page = "throttling-mechanism",
    statement = "Server-to-server implementations must forward their clients' IP "
      .. "addresses by X-Forwarded-For; limits apply on /o/client/register, "
      .. "/o/client/token and /api/v2/.",
    status = "partly", reason = "On the two /o/client/ requests it is an option, off "
      .. "by default: their own pages do not list the header.",
    tags = { "server-sends-connection", "server-forwards-registration",
      "server-counts-registration", "server-registers-many" } },
  { page = "rest-api-v2-logout-apis-initiate-logout-for-specific-mvpd",
    statement = "The query parameter redirectUrl is required.",
    status = "kept", tags = { "logout-redirect-url", "logout-no-redirect-url" } },
  { page = "rest-api-v2-faqs",
    statement = "The configuration is specific to a platform type; a server caches "
      .. "the response, for example for 2 minutes, for each platform type.",
    status = "kept", tags = { "providers-asked-two-minutes",
      "providers-cached-platform", "providers-cached-connection",
      "providers-cached-provider" } },
  { page = "rest-api-v2-configuration-apis-retrieve-configuration-for-specific-"
      .. "service-provider",
    statement = "The query parameter profile is optional.",
    status = "kept", tags = { "configuration-profile" } },
  { page = "rest-api-v2-decisions-apis-retrieve-preauthorization-decisions-using-"
      .. "specific-mvpd",
    statement = "The page lists no AP-TempPass-Identity; the OpenAPI file does, for "
      .. "a promotional pass.",
    status = "kept", tags = { "server-temp-pass-identity",
      "device-identity-of-call" } },
  { page = "rest-api-v2-checklist",
    statement = "Store id, displayName and logoUrl of the MVPD that the user "
      .. "selected in persistent storage.",
    status = "partly", reason = "When a second screen selects the MVPD, this client "
      .. "has no configuration, and may not request one for a logged-in viewer.",
    tags = { "providers-login-stores", "providers-login-completes",
      "providers-kept-name-logo" } },
  { page = "user-metadata",
    statement = "Adobe Pass Authentication supports both a primary and a backup "
      .. "certificate for encrypted user metadata.",
    status = "kept", tags = { "profile-several-keys", "profile-keys-rubbish" } },
  { page = "dynamic-client-registration-apis-retrieve-client-credentials",
    statement = "The sample's software statement has no scopes claim.",
    status = "kept", tags = { "inspect-no-scopes", "doctor-no-scopes" } },
}
