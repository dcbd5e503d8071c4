--- The 22 operations of Adobe's API, from which `client.api` is built.
--
-- number    in the reference
-- name      the method's name
-- base      "api" (default) or "mgmt"
-- path      {x} is a parameter, escaped; {service_provider} is the client's
-- bearer    false: sent without an access token
-- headers   letters, see adobepass.device.headers: D device, I info, S single
--           sign-on, P partner status, T temporary identity, t the same if the
--           call gives it, V visitor, F forwarded for, f the same with the
--           option forward_ip_on_registration
-- send      how the parameters are sent: "form", "json", "query" or "headers"
-- params    { name, name in the request, "optional" or "header" or nil }
-- ok        the statuses of a success
-- response  required fields of the response, with their types
-- has_code  true: the response may have a `code`, which must be a valid one
-- sent_on   the field of the response that later requests send in a header
-- also      fields that Adobe spells in two ways: name -> other name
-- safe      false: not idempotent, so not repeated when it may have succeeded
-- one_of    two parameters of which exactly one must be given
-- needs     a parameter that may be missing in the call if adobepass.new has it;
--           without both, the call returns an error
-- everyone  the parameter that `everyone = true` replaces
-- url_only  true: the value is the URL, and no request is sent
-- @module adobepass.api.operations

local V2 = "/api/v2/{service_provider}"

local MVPD = { "mvpd", "mvpd" }
local CODE = { "code", "code" }
local LOGIN = {
  { "mvpd", "mvpd", "optional" },
  { "domain_name", "domainName", "optional" },
  { "redirect_url", "redirectUrl", "optional" },
}
local RESOURCES = { MVPD, { "resources", "resources" } }
local SERVICE_TOKEN = { "token", "AD-Service-Token" }

local function with_code(list)
  return { CODE, list[1], list[2], list[3] }
end

return {
  { number = 1, name = "register", method = "POST", bearer = false,
    path = "/o/client/register", headers = "If", send = "json",
    params = { { "software_statement", "software_statement" },
               { "redirect_uri", "redirect_uri", "optional" } },
    ok = { 201, 200 }, safe = false,
    response = { client_id = "string", client_secret = "string" } },

  { number = 2, name = "token", method = "POST", bearer = false,
    path = "/o/client/token", headers = "If", send = "form",
    params = { { "client_id", "client_id" },
               { "client_secret", "client_secret" },
               { "grant_type", "grant_type" } },
    ok = { 201, 200 }, response = { access_token = "string" } },

  { number = 3, name = "configuration", method = "GET",
    path = V2 .. "/configuration", headers = "DIF", send = "query",
    params = { { "profile", "profile", "optional" } }, ok = { 200 },
    response = { requestor = "table" } },

  { number = 4, name = "create_session", method = "POST",
    path = V2 .. "/sessions", headers = "DIFSV", send = "form",
    params = LOGIN, ok = { 200 }, response = { actionName = "string" },
    has_code = true },

  { number = 5, name = "resume_session", method = "POST",
    path = V2 .. "/sessions/{code}", headers = "FV", send = "form",
    params = with_code(LOGIN), ok = { 200 },
    response = { actionName = "string" },
    has_code = true },

  { number = 6, name = "session", method = "GET",
    path = V2 .. "/sessions/{code}", headers = "FV", params = { CODE },
    ok = { 200 }, response = {}, has_code = true },

  { number = 7, name = "authenticate_url", url_only = true,
    path = "/api/v2/authenticate/{service_provider}/{code}",
    params = { CODE } },

  { number = 8, name = "profiles", method = "GET", path = V2 .. "/profiles",
    headers = "DIFSPV", ok = { 200 }, response = { profiles = "table" } },

  { number = 9, name = "profile", method = "GET",
    path = V2 .. "/profiles/{mvpd}", headers = "DIFSPTV", params = { MVPD },
    ok = { 200 }, response = { profiles = "table" } },

  { number = 10, name = "profile_for_code", method = "GET",
    path = V2 .. "/profiles/code/{code}", headers = "FTV",
    params = { CODE }, ok = { 200 }, response = { profiles = "table" } },

  { number = 11, name = "authorize", method = "POST",
    path = V2 .. "/decisions/authorize/{mvpd}", headers = "DIFSPTV",
    send = "json", params = RESOURCES, ok = { 200 },
    response = { decisions = "list" } },

  { number = 12, name = "preauthorize", method = "POST",
    path = V2 .. "/decisions/preauthorize/{mvpd}", headers = "DIFSPtV",
    send = "json", params = RESOURCES, ok = { 200 },
    response = { decisions = "list" } },

  { number = 13, name = "logout", method = "GET",
    path = V2 .. "/logout/{mvpd}", headers = "DIFSV", send = "query",
    params = { MVPD, { "redirect_url", "redirectUrl", "optional" } },
    needs = "redirect_url", ok = { 200 }, response = { logouts = "table" } },

  { number = 14, name = "partner_session", method = "POST",
    path = V2 .. "/sessions/sso/{partner}", headers = "DIFPV",
    send = "form",
    params = { { "partner", "partner" },
               { "domain_name", "domainName", "optional" },
               { "redirect_url", "redirectUrl", "optional" } },
    ok = { 200 }, response = { actionName = "string" },
    has_code = true },

  { number = 15, name = "partner_profile", method = "POST",
    path = V2 .. "/profiles/sso/{partner}", headers = "DIFPV",
    send = "form",
    params = { { "partner", "partner" },
               { "saml_response", "SAMLResponse" } },
    ok = { 200, 201 }, response = { profiles = "table" } },

  { number = 16, name = "reset_temp_pass", method = "DELETE", base = "mgmt",
    path = "/reset-tempass/v3/reset", send = "query",
    params = { { "service_provider", "requestor_id" },
               { "mvpd", "mvpd_id" }, { "device", "device_id" } },
    everyone = "device", ok = { 204, 200 } },

  { number = 17, name = "reset_temp_pass_key", method = "DELETE",
    base = "mgmt", path = "/reset-tempass/v3/reset/generic", send = "query",
    params = { { "service_provider", "requestor_id" },
               { "mvpd", "mvpd_id" }, { "key", "key" } },
    everyone = "key", ok = { 204, 200 } },

  { number = 18, name = "service_token", method = "POST",
    path = "/api/{service_provider}/serviceToken", headers = "DI",
    send = "headers",
    params = { { "sso_id", "X-SSO-ID", "optional" },
               { "link", "X-SSO-LINK", "optional" } },
    one_of = { "sso_id", "link" }, ok = { 201, 200 },
    also = { serviceToken = "jws" }, response = { serviceToken = "string" },
    sent_on = "serviceToken" },

  { number = 19, name = "refresh_service_token", method = "GET",
    path = "/api/{service_provider}/serviceToken", send = "headers",
    params = { SERVICE_TOKEN }, ok = { 200, 201 },
    also = { serviceToken = "jws" }, response = { serviceToken = "string" },
    sent_on = "serviceToken" },

  { number = 20, name = "link", method = "POST",
    path = "/api/{service_provider}/link", headers = "D", send = "headers",
    params = { SERVICE_TOKEN }, ok = { 201, 200 }, safe = false,
    also = { code = "link" }, response = { code = "string" }, sent_on = "code" },

  { number = 21, name = "unlink", method = "POST",
    path = "/api/{service_provider}/unlink", headers = "D", send = "json",
    params = { { "token", "AD-Service-Token", "header" },
               { "devices", "devices" } },
    ok = { 200 }, response = {} },

  { number = 22, name = "list_devices", method = "GET",
    path = "/api/{service_provider}/list", headers = "D", send = "headers",
    params = { SERVICE_TOKEN }, ok = { 200 }, response = {} },
}
