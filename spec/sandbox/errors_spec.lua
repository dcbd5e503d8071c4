--- Every enhanced error code of the REST API v2 is reachable.
-- Rows: { code, "top" (the response's body) or "decision" (the error of its
-- decision), status in the error, function that provokes the error }.
local core = require "adobepass.core"
local errors = require "adobepass.sandbox.engine.errors"
local fixture = require "spec.sandbox.fixture"

local CABLEVISION = "/api/v2/REF30/profiles/Cablevision"
local APPLE = "/api/v2/REF30/profiles/sso/Apple"

local function pfs(given)
  return function(h)
    return h:post_form(APPLE, { SAMLResponse = "x" }, {
      ["AP-Partner-Framework-Status"] = h:partner_status(given) })
  end
end

local function saml(h, mvpd)
  local asked = h:post_form("/api/v2/REF30/sessions/sso/Apple",
    fixture.parameters { mvpd = false },
    { ["AP-Partner-Framework-Status"] = h:partner_status() }).json
  return h.control.saml {
    request = asked.authenticationRequest.request, mvpd = mvpd,
    username = "ann" }
end

local function misconfigured(mvpd)
  return function(h)
    return h:get("/api/v2/REF_BROKEN/profiles/" .. mvpd)
  end
end

local function refused_by_mvpd(username, resource, extra)
  return function(h)
    h:log_in(username, "Cablevision")
    return h:authorize("Cablevision", { resource or "CNN" }, extra)
  end
end

local PROMO = { ["AP-TempPass-Identity"] = fixture.encode { email = "me" } }

local none = {
  { "invalid_parameter_service_provider", "top", 400, function(h)
    return h:get "/api/v2/NOBODY/profiles"
  end },
  { "invalid_parameter_mvpd", "top", 400, function(h)
    return h:get "/api/v2/REF30/profiles/Nobody"
  end },
  { "invalid_parameter_code", "top", 400, function(h)
    return h:get "/api/v2/REF30/profiles/code/NONE"
  end },
  { "invalid_parameter_resources", "top", 400, function(h)
    return h:post_json("/api/v2/REF30/decisions/authorize/Cablevision",
                       '{"resources":[]}')
  end },
  { "invalid_parameter_redirect_url", "top", 400, function(h)
    return h:session { redirectUrl = "javascript:alert(1)" }
  end },
  { "invalid_parameter_partner", "top", 400, function(h)
    return h:post_form "/api/v2/REF30/sessions/sso/Banana"
  end },
  { "invalid_parameter_saml_response", "top", 400, pfs() },
  { "invalid_header_device_info", "top", 400, function(h)
    return h:get(CABLEVISION, { ["X-Device-Info"] = "junk!" })
  end },
  { "invalid_header_device_identifier", "top", 400, function(h)
    return h:get(CABLEVISION, { ["AP-Device-Identifier"] = false })
  end },
  { "invalid_header_identity_for_temporary_access", "top", 400, function(h)
    return h:get "/api/v2/REF30/profiles/flexibleTempPass"
  end },
  { "invalid_header_pfs_permission_access_not_present", "top", 400,
    function(h) return h:post_form(APPLE, { SAMLResponse = "x" }) end },
  { "invalid_header_pfs_permission_access_not_determined", "top", 400,
    pfs { access = "notDetermined" } },
  { "invalid_header_pfs_permission_access_not_granted", "top", 400,
    pfs { access = "denied" } },
  { "invalid_header_pfs_provider_id_not_determined", "top", 400,
    pfs { id = "Nobody" } },
  { "invalid_header_pfs_provider_id_mismatch", "top", 400, function(h)
    return h:post_form(APPLE, { SAMLResponse = saml(h, "Spectrum") }, {
      ["AP-Partner-Framework-Status"] = h:partner_status() })
  end },
  { "invalid_header_pfs_provider_info_expired", "top", 400,
    pfs { expires = "1" } },
  { "invalid_integration", "top", 400, function(h)
    return h:get "/api/v2/REF30/profiles/Disabled"
  end },
  { "invalid_authentication_session", "top", 400, function(h)
    local old = h:session().json.code
    h:session()
    return h:get("/api/v2/REF30/profiles/code/" .. old)
  end },
  { "preauthorization_denied_by_mvpd", "decision", 403, function(h)
    h:log_in("bob", "Cablevision")
    return h:preauthorize("Cablevision", { "HBO" })
  end },
  { "authorization_denied_by_mvpd", "decision", 403,
    refused_by_mvpd("bob", "HBO") },
  { "authorization_denied_by_parental_controls", "decision", 403,
    refused_by_mvpd("kim", "Late Night") },
  { "authorization_denied_by_degradation_rule", "decision", 403, function(h)
    return h:authorize("Degraded_AuthZNone", { "CNN" })
  end },
  { "internal_server_error", "top", 500, function(h)
    h:register()
    h.sandbox.world.mvpds.Cablevision.temp_pass = "not a table: a bug of ours"
    return h:get(CABLEVISION)
  end },
}

local configuration = {
  { "too_many_resources", "decision", 403, function(h)
    return h:preauthorize("Strict", { "A", "B", "C" })
  end },
  { "invalid_configuration_user_metadata_certificate", "top", 500,
    function(h)
      h:log_in("ann", "Cablevision", nil, "REF_NO_CERT")
      return h:get "/api/v2/REF_NO_CERT/profiles"
    end },
  { "invalid_configuration_temporary_access", "top", 500, function(h)
    return h:get "/api/v2/apasstest1/profiles/TempPass_Broken"
  end },
  { "invalid_configuration_platform", "top", 500,
    misconfigured "AdobePass_SMI" },
  { "invalid_configuration_platform_id", "top", 500,
    misconfigured "AdobeShibboleth" },
  { "invalid_configuration_platform_trait", "top", 500,
    misconfigured "ATTOTT" },
  { "invalid_configuration_platform_category_trait", "top", 500,
    misconfigured "Comcast_SSO" },
  { "invalid_configuration_platform_services", "top", 500,
    misconfigured "Dish" },
  { "invalid_configuration_mvpd_platform", "top", 500,
    misconfigured "Cablevision" },
  { "invalid_configuration_mvpd_platform_boarding_status", "top", 500,
    misconfigured "ElasticSSO" },
  { "invalid_configuration_mvpd_platform_profile_exchange", "top", 500,
    misconfigured "Spectrum" },
}

local registration = {
  { "invalid_access_token_service_provider", "top", 401, function(h)
    return h:get "/api/v2/OTHER/profiles"
  end },
  { "invalid_access_token_client_application", "top", 401, function(h)
    h:register()
    h.control.revoke { client_id = h.client.client_id }
    return h:get(CABLEVISION)
  end },
}

local AT_HOME = { ["X-Device-Info"] = fixture.encode {
  model = "x", connectionIp = "192.0.2.7" } }

local authentication = {
  { "authenticated_profile_missing", "decision", 403, function(h)
    return h:authorize("Cablevision", { "CNN" })
  end },
  { "authenticated_profile_expired", "decision", 403, function(h)
    h:log_in("ann", "Cablevision")
    h.control.clock { advance = 31 * 86400 * 1000 }
    h.token = h:new_token(h.client).json.access_token
    return h:authorize("Cablevision", { "CNN" })
  end },
  { "authenticated_profile_invalidated", "decision", 403, function(h)
    h:log_in("ann", "Cablevision")
    h.control.revoke { mvpd = "Cablevision", username = "ann" }
    return h:authorize("Cablevision", { "CNN" })
  end },
  { "temporary_access_duration_limit_exceeded", "decision", 403, function(h)
    h:authorize("TempPass_5mins", { "CNN" })
    h.control.clock { advance = 5 * 60 * 1000 }
    return h:authorize("TempPass_5mins", { "CNN" })
  end },
  { "temporary_access_resources_limit_exceeded", "decision", 403,
    function(h)
      for i = 1, 5 do h:authorize("flexibleTempPass", { "r" .. i }, PROMO) end
      return h:authorize("flexibleTempPass", { "r6" }, PROMO)
    end },
  { "authorization_denied_by_hba_policies", "decision", 403, function(h)
    h:log_in("home", "Spectrum", AT_HOME)
    return h:authorize("Spectrum", { "CNN" })
  end },
  { "authorization_denied_by_session_invalidated", "decision", 403,
    refused_by_mvpd "gone" },
  { "identity_not_recognized_by_mvpd", "decision", 403,
    refused_by_mvpd "stranger" },
}

local retry = {
  { "network_received_error", "decision", 403,
    refused_by_mvpd("ann", "Flaky") },
  { "network_connection_timeout", "decision", 403,
    refused_by_mvpd("ann", "Unreachable") },
  { "maximum_execution_time_exceeded", "decision", 403,
    refused_by_mvpd("ann", "Slow") },
}

local ACTIONS = {
  { "none", none }, { "configuration", configuration },
  { "application-registration", registration },
  { "authentication", authentication }, { "retry", retry },
}

local KNOWN = 47 -- number of codes in the reference's table

local function find(response, where)
  if where == "top" then return response.json end
  assert.equal(200, response.status)
  local decision = response.json.decisions[1]
  assert.is_false(decision.authorized)
  assert.is_nil(decision.token)
  return decision.error
end

local function check(action, row)
  local code, where, status, reach = row[1], row[2], row[3], row[4]
  local response = reach(fixture.new())
  local found = find(response, where)
  if where == "top" then assert.equal(status, response.status) end
  assert.same({ action, status, code },
              { found.action, found.status, found.code })
  assert.is_true(#found.message > 20)
  assert.truthy(found.helpUrl:find "^https://")
  assert.truthy(found.trace:find "^%x+%-%x+%-4%x+%-[89ab]%x+%-%x+$")
end

describe("the enhanced error code", function()
  local reached, count = {}, 0
  for _, entry in ipairs(ACTIONS) do
    for _, row in ipairs(entry[2]) do
      it("[sandbox-errors-reachable] sandbox errors: a request gets the error "
        .. row[1], function()
        check(entry[1], row)
        reached[row[1]], count = true, count + 1
      end)
    end
  end

  it("[sandbox-errors-list-complete] sandbox errors: the catalog is "
    .. "complete", function()
    print(("error codes: %d of %d"):format(count, KNOWN))
    assert.equal(KNOWN, count)
    for code in pairs(errors.known) do
      assert.is_true(reached[code] or false, code)
    end
    for code in pairs(reached) do assert.is_table(errors.known[code]) end
  end)
end)

describe("an error", function()
  local function assert_format(response, status, path, family)
    assert.equal(status, response.status, path)
    local kind = fixture.header(response, "Content-Type")
    if family == "page" then
      assert.equal("text/html", kind)
      return assert.is_nil(response.json)
    end
    assert.matches("^application/json", kind)
    local err = response.json.error
    if family == "dcr" then return assert.is_string(err) end
    if family == "sso_service" then
      assert.is_string(response.json.status)
    else
      assert.is_nil(err)
      err = response.json
    end
    assert.same({ status, "none", "string", "string" },
      { err.status, err.action, type(err.message), type(err.trace) })
  end

  it("[sandbox-errors-405-format] sandbox errors: a 405 has the format of the "
    .. "operation's errors", function()
    local h = fixture.new()
    for path, family in pairs { ["/api/REF30/list"] = "sso_service",
        ["/api/REF30/serviceToken"] = "sso_service",
        ["/api/v2/authenticate/REF30/CODE"] = "page",
        ["/api/v2/REF30/profiles"] = "enhanced", ["/o/client/token"] = "dcr",
        ["/reset-tempass/v3/reset"] = "reset" } do
      local response = h:send { method = "PATCH", path = path }
      assert_format(response, 405, path, family)
      assert.is_string(fixture.header(response, "Allow"))
    end
  end)

  it("[sandbox-errors-500-format] sandbox errors: a failure of the sandbox has the "
    .. "format of the operation's errors", function()
    local h = fixture.new():register()
    h.sandbox.provider = function() error "out of order" end
    for path, family in pairs { ["/api/REF30/list"] = "sso_service",
        ["/api/v2/authenticate/REF30/CODE"] = "page",
        ["/api/v2/REF30/profiles"] = "enhanced" } do
      assert_format(h:send { method = "GET", path = path,
        headers = h:headers({}, "GET", path) }, 500, path, family)
    end
    h.sandbox.world.lifetimes = nil
    assert_format(h:send { method = "POST", path = "/o/client/token",
      headers = { ["Content-Type"] = "application/x-www-form-urlencoded" },
      body = fixture.form { client_id = h.client.client_id,
        client_secret = h.client.client_secret,
        grant_type = "client_credentials" } }, 500, "/o/client/token", "dcr")
  end)

  it("[sandbox-errors-carries-mvpd] sandbox errors: a denial carries the "
    .. "mvpd's text in details", function()
    local h = fixture.new()
    h:log_in("bob", "Cablevision")
    local decision = h:authorize("Cablevision", { "HBO" }).json.decisions[1]
    assert.equal('Your subscription package does not include the "HBO" '
                 .. "channel", decision.error.details)
  end)

  it("[sandbox-errors-unknown-token-401] sandbox errors: an unknown token "
    .. "gets a JSON 401 without a code", function()
    local h = fixture.new()
    for _, value in ipairs { "Bearer x", "Basic " .. core.base64.encode "a:b",
                             "" } do
      local response = h:get(CABLEVISION, { authorization = value })
      assert.equal(401, response.status)
      assert.same({ "none", 401 },
                  { response.json.action, response.json.status })
      assert.is_nil(response.json.code)
    end
  end)

  it("[sandbox-errors-operation-7-page] sandbox errors: operation 7 sends "
    .. "an HTML page", function()
    local h = fixture.new()
    local response = h:send {
      method = "GET", path = "/api/v2/authenticate/REF30/NONE" }
    assert.equal(400, response.status)
    assert.equal("text/html; charset=utf-8", fixture.header(response, "Content-Type"))
  end)
end)
