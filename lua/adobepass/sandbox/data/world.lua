--- Who lives in the sandbox: the one file to copy and change.
--
-- Plain data. Take a copy, edit it, and start with it:
--   adobepass sandbox --world my_world.lua
--   sandbox.new(dofile "my_world.lua")
-- The identifiers that Adobe's documented samples use are all here, so that
-- each sample can be played. Times are in seconds unless a name says else.
--
-- @module adobepass.sandbox.data.world

local PACKAGE = [[Your subscription package does not include the "%s" channel]]

return {
  -- How long things live. Adobe: codes about half an hour, access tokens six
  -- hours, media tokens seven minutes.
  lifetimes = {
    code = 30 * 60,
    access_token = 6 * 3600,
    profile = 30 * 86400,
    profile_unknown_platform = 86400, -- no X-Device-Info: stricter rules
    decision = 86400,
    media_token = 7 * 60,
    service_token = 3600,
    service_token_refresh = 7 * 86400, -- how long after its end it renews
    link_code = 30 * 60,
  },

  -- One request per second after a burst of ten, per client address. An
  -- address that was quiet for `forget_after` counts as a new client.
  throttle = { burst = 10, forget_after = 60 },

  -- Resources in one request; an mvpd may have its own (see Strict).
  limits = { authorize = 5, preauthorize = 5 },

  -- "serviceToken" and "code" as in Adobe's samples; its tables say "jws" and
  -- "link". Change them to see that your client reads both.
  sso_service = { token_field = "serviceToken", link_field = "code" },

  -- Registered applications: what a software statement stands for.
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
      name = "Sandbox application of the v1 days",
      uri = "https://legacy.example.com",
      redirect_uri = "adobepass://com.programmer.legacy",
      scopes = { "api:client:v1" },
      providers = { "REF30" },
    },
  },

  -- Service providers (requestors) and their integrations with mvpds.
  --   integrations = { [mvpd] = { enabled = false, encrypt = { attribute },
  --     misconfigured = "invalid_configuration_...", partner_sso = false } }
  --   certificate = false: none for encrypted metadata
  providers = {
    REF30 = {
      name = "Reference site only in 30",
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
    -- A second application of the same house: for single sign-on.
    REF40 = {
      name = "Reference site, second application",
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
      name = "Wants an encrypted zip, has no certificate",
      domains = { "adobe.com" },
      certificate = false,
      integrations = { Cablevision = { encrypt = { "zip" } } },
    },
    -- Every way in which the Dashboard can be left half done.
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
    -- Of another house: the application above may not speak for it.
    OTHER = {
      name = "Somebody else's channel",
      domains = { "other.example.com" },
      integrations = { Cablevision = {} },
    },
  },

  -- Identity providers.
  --   logout          true: has a logout page of its own
  --   proxy           id of the proxy that serves this mvpd
  --   partner_id      its name on Apple's devices (platformMappingId)
  --   dummy           true: every authorization is granted without asking it
  --   limits          { authorize =, preauthorize = }
  --   temp_pass       { ttl =, resources =?, identity =? }; with `identity`
  --                   (the key inside AP-TempPass-Identity) it is promotional
  --   picker          further fields of the configuration answer, verbatim
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
    Comcast_SSO_Perf = {
      display_name = "Comcast SSO, for load", logout = true,
      picker = { authPerAggregator = true, authPerBrowserSession = true },
    },
    DegradedMvpd = {
      display_name = "In trouble: everybody logged in",
      partner_id = "DegradedMvpd",
    },
    Degraded_AuthZAll = { display_name = "In trouble: everything granted" },
    Degraded_AuthZNone = { display_name = "In trouble: everything refused" },
    Disabled = { display_name = "Integration switched off" },
    Dish = { display_name = "Dish, no logout page" },
    Dummy = { display_name = "Grants all without asking", dummy = true },
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
      display_name = "One resource at a time",
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
      display_name = "Temp-Pass, broken", temp_pass = { ttl = 60 },
    },
    flexibleTempPass = {
      display_name = "Promotion: 5 titles in one hour",
      temp_pass = { ttl = 3600, resources = 5, identity = "email" },
    },
    flexibleTempPass_Broken = {
      display_name = "Promotion, broken",
      temp_pass = { ttl = 60, resources = 1, identity = "email" },
    },
  },

  -- Degradation rules in force from the start; the control API sets more.
  degradation = {
    { provider = "REF30", mvpd = "DegradedMvpd", rule = "AuthNAll" },
    { provider = "REF30", mvpd = "Degraded_AuthZAll", rule = "AuthZAll" },
    { provider = "REF30", mvpd = "Degraded_AuthZNone", rule = "AuthZNone" },
  },

  -- Viewers: each can log in at every mvpd, unless `mvpds` lists some.
  --   attributes           user metadata: strings, numbers, lists and maps
  --   after_authorization  metadata that appears with the first permit
  --   lacks                channels not in the package, with the reason
  --   max_rating           parental controls (see `ratings`)
  --   home                 address prefixes of the home network (HBA)
  --   refusal              the mvpd answers every authorization with this
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
    -- In home-based authentication: recognized by the address, no password.
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

  -- Resources that behave in a special way; all others are simply there.
  --   rating   against a viewer's max_rating
  --   trouble  a code of the action "retry"; `times`: only so often a device
  resources = {
    ["Late Night"] = { rating = "TV-MA" },
    Matinee = { rating = "TV-G" },
    Flaky = { trouble = "network_received_error", times = 1 },
    Unreachable = { trouble = "network_connection_timeout" },
    Slow = { trouble = "maximum_execution_time_exceeded" },
  },
  ratings = { "TV-Y", "TV-Y7", "TV-G", "TV-PG", "TV-14", "TV-MA" },

  -- Single sign-on partners and the platforms that have them.
  partners = { Apple = { profile_type = "appleSSO" } },
}
