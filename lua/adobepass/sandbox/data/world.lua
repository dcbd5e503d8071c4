--- The default world: providers, mvpds, viewers and limits of the sandbox.
--
-- Plain data. A world of your own is merged over this table; docs/sandbox.md
-- describes every field:
--   adobepass sandbox --world my_world.lua
--   sandbox.new { viewers = { zoe = { password = "secret" } } }
-- This world contains all identifiers of Adobe's documented samples, so that each
-- sample can be replayed. Times are in seconds unless a name says otherwise.
--
-- @module adobepass.sandbox.data.world

local PACKAGE = [[Your subscription package does not include the "%s" channel]]

return {
  -- "strict": the sandbox refuses what Adobe's pages do not allow. "lenient" turns
  -- on all leniencies of `adobepass.sandbox.data.leniency`. A list of names turns
  -- on only those:
  --   profiles_follow_device no_logout_redirect any_domain many_resources
  --   unlisted_headers unlisted_parameters repeated_parameters content_type
  --   client_authentication malformed_device_info two_platform_tokens
  --   numeric_expiration_date
  mode = "strict",

  -- Lifetimes. Adobe documents about 30 minutes for codes, 6 hours for access
  -- tokens, 7 minutes for media tokens.
  lifetimes = {
    code = 30 * 60,
    access_token = 6 * 3600,
    profile = 30 * 86400,
    profile_unknown_platform = 86400, -- of a login without X-Device-Info
    decision = 86400,
    media_token = 7 * 60,
    service_token = 3600,
    service_token_refresh = 7 * 86400, -- renewable for this time after expiry
    link_code = 30 * 60,
  },

  -- One request per second after a one-time burst of ten, per client address.
  -- `forget_after` (seconds; default: never): an address without requests for this
  -- time counts as a new client.
  throttle = { burst = 10 },

  -- Maximum resources of one request; an mvpd may override them (see the mvpd
  -- "Strict").
  limits = { authorize = 1, preauthorize = 5 },

  -- Scope that operations 16 and 17 require. No page names one; a public tool
  -- uses "temporary:passes:owner".
  management = { scope = "api:client:v2" },

  -- Names of members in responses: "serviceToken" and "code" in Adobe's samples,
  -- "jws" and "link" in its tables. Change them to test that a client reads both.
  sso_service = { token_field = "serviceToken", link_field = "code" },

  -- Registered applications, which software statements refer to.
  applications = {
    {
      id = "adobepass-sandbox-app",
      name = "Sandbox application",
      uri = "https://app.example.com",
      redirect_uri = "adobepass://com.programmer",
      scopes = { "api:client:v2" },
      providers = {
        "REF30", "REF40", "apasstest1", "REF_NO_CERT", "REF_BROKEN",
      },
    },
    {
      id = "adobepass-sandbox-legacy-app", -- lacks the scope of the v2 API
      name = "Sandbox application without the v2 scope",
      uri = "https://legacy.example.com",
      redirect_uri = "adobepass://com.programmer.legacy",
      scopes = { "api:client:v1" },
      providers = { "REF30" },
    },
  },

  -- Service providers (requestors) and their integrations with mvpds.
  --   integrations = { [mvpd] = { enabled = false, encrypt = { attribute },
  --     misconfigured = "invalid_configuration_...", partner_sso = false } }
  --   certificate = false: the programmer has no certificate for encrypted metadata
  --   identity_keys   PEM keys of the programmer's own identity service, which verify
  --                   AD-Service-Token
  providers = {
    REF30 = {
      name = "Reference Channel",
      domains = {
        "adobe.com", "adobe.io", "adobepass.com", "adobeptime.com",
        "anvilcreative.com", "testadobe.com", "127.0.0.1", "localhost",
      },
      integrations = {
        AdobePass_SMI = {},
        AdobeShibboleth = {},
        ATTOTT = {},
        apassidp = {},
        Cablevision = { encrypt = { "zip" } },
        Comcast_SSO = {},
        Comcast_SSO_Perf = {},
        DegradedMvpd = {},
        Degraded_AuthZAll = {},
        Degraded_AuthZNone = {},
        Disabled = { enabled = false },
        Dish = {},
        Dummy = {},
        ElasticSSO = { partner_sso = false },
        SmallTown = {},
        Spectrum = { encrypt = { "zip" } },
        Strict = {},
        TempPass = {},
        TempPass_5mins = {},
        TempPass_TEST40 = {},
        TempPass_TEST44 = {},
        flexibleTempPass = {},
      },
    },
    -- A second application of the same programmer, for single sign-on.
    REF40 = {
      name = "Reference Channel, second application",
      domains = { "adobe.com" },
      integrations = {
        AdobePass_SMI = {},
        AdobeShibboleth = {},
        Cablevision = { encrypt = { "zip" } },
        Comcast_SSO = {},
        Spectrum = {},
      },
    },
    apasstest1 = {
      name = "Temporary access tests",
      domains = { "adobe.com" },
      integrations = {
        Cablevision = {},
        TempPass = {},
        TempPass_TEST40 = {},
        TempPass_Broken = {
          misconfigured = "invalid_configuration_temporary_access",
        },
        flexibleTempPass = {},
        flexibleTempPass_Broken = {
          misconfigured = "invalid_configuration_temporary_access",
        },
      },
    },
    REF_NO_CERT = {
      name = "Encrypted metadata without a certificate",
      domains = { "adobe.com" },
      certificate = false,
      integrations = { Cablevision = { encrypt = { "zip" } } },
    },
    -- Each documented error of an incomplete Dashboard configuration.
    REF_BROKEN = {
      name = "Misconfigured",
      domains = { "adobe.com" },
      integrations = {
        AdobePass_SMI = {
          misconfigured = "invalid_configuration_platform",
        },
        AdobeShibboleth = {
          misconfigured = "invalid_configuration_platform_id",
        },
        ATTOTT = {
          misconfigured = "invalid_configuration_platform_trait",
        },
        Cablevision = {
          misconfigured = "invalid_configuration_mvpd_platform",
        },
        Comcast_SSO = {
          misconfigured = "invalid_configuration_platform_category_trait",
        },
        Dish = {
          misconfigured = "invalid_configuration_platform_services",
        },
        ElasticSSO = {
          misconfigured =
            "invalid_configuration_mvpd_platform_boarding_status",
        },
        Spectrum = {
          misconfigured =
            "invalid_configuration_mvpd_platform_profile_exchange",
        },
      },
    },
    -- Another programmer's provider: no software statement above lists it.
    OTHER = {
      name = "Another programmer's channel",
      domains = { "other.example.com" },
      integrations = { Cablevision = {} },
    },
  },

  -- The mvpds.
  --   logout          true: the mvpd has a logout page
  --   proxy           id of the proxy that serves this mvpd
  --   partner_id      its id on Apple devices (platformMappingId)
  --   hidden          true: for tests; pickers and the configuration response
  --                   omit the mvpd, which works nevertheless
  --   dummy           true: permits need no request to the mvpd
  --   limits          { authorize =, preauthorize = }
  --   temp_pass       { ttl =, resources =?, identity =? }; `identity`, a key
  --                   of AP-TempPass-Identity, makes the pass promotional
  --   picker          additional fields of the configuration response
  mvpds = {
    AdobePass_SMI = {
      display_name = "Adobe Pass SMI", logout = true,
      picker = { authPerAggregator = false },
    },
    AdobeShibboleth = { display_name = "AdobeShibboleth", logout = true },
    apassidp = { display_name = "Adobe IdP", logout = true },
    ATTOTT = { display_name = "Direct Stream" },
    Cablevision = {
      display_name = "Cablevision", logout = true,
      partner_id = "Cablevision",
    },
    Comcast_SSO = {
      display_name = "Comcast SSO", logout = true,
      partner_id = "Comcast_SSO",
    },
    Comcast_SSO_Perf = { -- not hidden: Adobe's configuration sample lists it
      display_name = "Comcast SSO, for load tests", logout = true,
      picker = { authPerAggregator = true, authPerBrowserSession = true },
    },
    DegradedMvpd = {
      hidden = true,
      display_name = "Degraded: every viewer logged in",
      partner_id = "DegradedMvpd",
    },
    Degraded_AuthZAll = {
      display_name = "Degraded: all resources permitted", hidden = true,
    },
    Degraded_AuthZNone = {
      display_name = "Degraded: all resources denied", hidden = true,
    },
    Disabled = {
      display_name = "Disabled integration", hidden = true,
    },
    Dish = { display_name = "Dish, no logout page" },
    Dummy = {
      display_name = "Permits every resource", dummy = true, hidden = true,
    },
    ElasticSSO = {
      display_name = "ElasticSSO", logout = true, partner_id = "ElasticSSO",
      picker = { authPerAggregator = false },
    },
    SmallTown = {
      display_name = "Small Town Cable, proxied", logout = true,
      proxy = "Clearleap",
    },
    Spectrum = {
      display_name = "Spectrum", logout = true, partner_id = "Spectrum",
    },
    Strict = {
      hidden = true,
      display_name = "One resource per request",
      limits = { authorize = 1, preauthorize = 2 },
    },
    TempPass = {
      display_name = "Temp-Pass, one day", temp_pass = { ttl = 86400 },
      picker = { passiveAuthnEnabled = false, authPerAggregator = true },
    },
    TempPass_5mins = {
      display_name = "Temp-Pass, 5 min", temp_pass = { ttl = 5 * 60 },
    },
    TempPass_TEST40 = {
      display_name = "Temp-Pass, 3 min", temp_pass = { ttl = 3 * 60 },
      picker = { authPerAggregator = true },
    },
    TempPass_TEST44 = {
      display_name = "Temp-Pass, 30 min", temp_pass = { ttl = 30 * 60 },
      picker = { authPerAggregator = true },
    },
    TempPass_Broken = {
      hidden = true,
      display_name = "Temp-Pass, broken", temp_pass = { ttl = 60 },
    },
    flexibleTempPass = {
      display_name = "Promotion: 5 titles in one hour",
      temp_pass = { ttl = 3600, resources = 5, identity = "email" },
    },
    flexibleTempPass_Broken = {
      hidden = true,
      display_name = "Promotion, broken",
      temp_pass = { ttl = 60, resources = 1, identity = "email" },
    },
  },

  -- Degradation rules at the start; the control API sets more. `details` is the
  -- text of an AuthZNone denial.
  degradation = {
    { provider = "REF30", mvpd = "DegradedMvpd", rule = "AuthNAll" },
    { provider = "REF30", mvpd = "Degraded_AuthZAll", rule = "AuthZAll" },
    { provider = "REF30", mvpd = "Degraded_AuthZNone", rule = "AuthZNone",
      details = "Your provider has an outage. Please try again later." },
  },

  -- Viewers. Each can log in at every mvpd, unless `mvpds` lists some.
  --   attributes           user metadata: strings, numbers, lists and maps
  --   after_authorization  metadata that appears after the first permit
  --   lacks                channel -> reason why the package does not include it
  --   max_rating           parental control (see `ratings`)
  --   home                 address prefixes of the home network (HBA)
  --   refusal              error code of every authorization by the mvpd
  viewers = {
    ann = {
      password = "secret",
      attributes = {
        householdID = "ann-household",
        primaryOID = "uuid-ann",
        typeID = "Primary",
        is_hoh = "1",
        zip = "77754",
        channelID = { "REF30", "CNN", "TBS" },
        maxRating = { MPAA = "NR", VCHIP = "X",
                      URL = "https://mvpd.example.com/parental" },
        language = "English",
        onNet = 1,
      },
      after_authorization = { allowMirroring = true },
    },
    bob = {
      password = "secret",
      attributes = { householdID = "bob-household", zip = { "12345", "77754" },
                     channelID = { "REF30" } },
      lacks = { HBO = PACKAGE:format "HBO", Live = PACKAGE:format "Live" },
    },
    kim = {
      password = "secret",
      attributes = { householdID = "ann-household",
                     maxRating = { VCHIP = "TV-PG", MPAA = "PG" } },
      max_rating = "TV-PG",
    },
    -- Home-based authentication: recognized by the address, without a password.
    home = {
      password = "secret",
      attributes = { householdID = "home-household" },
      home = { "192.0.2.", "10.20.30." },
    },
    stranger = { password = "secret",
                 refusal = "identity_not_recognized_by_mvpd" },
    gone = { password = "secret",
             refusal = "authorization_denied_by_session_invalidated" },
  },

  -- Resources with special behavior; any other name is an ordinary resource.
  --   rating   compared with a viewer's max_rating
  --   trouble  an error code with the action "retry"; `times`: per device
  resources = {
    ["Late Night"] = { rating = "TV-MA" },
    Matinee = { rating = "TV-G" },
    Flaky = { trouble = "network_received_error", times = 1 },
    Unreachable = { trouble = "network_connection_timeout" },
    Slow = { trouble = "maximum_execution_time_exceeded" },
  },
  ratings = { "TV-Y", "TV-Y7", "TV-G", "TV-PG", "TV-14", "TV-MA" },

  -- Single sign-on partners.
  partners = { Apple = { profile_type = "appleSSO" } },
}
