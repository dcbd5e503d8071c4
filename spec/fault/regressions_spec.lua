--- Regressions found by random scenarios: one response each.

local core = require "adobepass.core"
local errors = require "adobepass.api.errors"
local json = require "adobepass.util.json"
local timeline = require "spec.support.timeline"

local LOGIN = { mvpd = "Cablevision", domain_name = "adobe.com",
  redirect_url = "https://adobe.com" }

-- Returns a scenario with a fixed response of one operation.
local function with_response(operation, given)
  local scenario = timeline.new()
  scenario:set_responder(function(_, requested)
    if requested == operation then return given end
  end)
  return scenario
end

local function profile_until(ends)
  return { notBefore = 1, notAfter = ends, issuer = "x", type = "regular",
    attributes = { userID = { value = "u", state = "plain" } } }
end

local function is_malformed(value, err)
  assert.is_nil(value)
  assert.equal("malformed_response", err.code)
end

describe("hostile responses", function()
  it("[hostile-regression-list-map] client: ignores profiles that are a list "
    .. "instead of a map", function()
    local body = { profiles = json.array { profile_until(4e12) } }
    local scenario = with_response("profiles", { body = body })
    is_malformed(scenario.client:login(LOGIN))
    is_malformed(scenario.client:logout())
    local _, err = scenario.client:authorize "CNN"
    assert.equal("not_logged_in", err.code)
  end)

  it("[hostile-regression-list-logouts] logout: returns malformed_response for "
    .. "a list of logouts", function()
    local scenario = with_response("logout", { body = { logouts = json.array {
      { actionName = "logout", actionType = "interactive" } } } })
    is_malformed(scenario.client:logout { mvpd = "Cablevision" })
  end)

  for _, ends in ipairs { "1e999", "inf", "nan", "-inf", "0x7fffffffffff" } do
    it("[hostile-regression-end-kept] login: ignores a profile that ends at "
      .. ends, function()
      local scenario = with_response("profiles", { body = { profiles = {
        Cablevision = profile_until(ends) } } })
      local flow = assert(scenario.client:start_login(LOGIN))
      assert.equal("pending", flow.state)
      assert.is_nil(scenario.client.context:recall "profile")
    end)
  end

  it("[hostile-regression-list] login: returns no attributes when the response "
    .. "has a list of them", function()
    local profile = profile_until(4e12)
    profile.attributes = json.array { json.object {}, { value = "x" },
      json.object {}, { value = "y", state = "enc" } }
    local scenario = with_response("profiles", { body = { profiles = {
      Cablevision = profile } } })
    local found = assert(scenario.client:login(LOGIN))
    assert.same({}, found.attributes)
    assert.is_nil(found.encrypted)
  end)

  it("[hostile-regression-time-decision] authorize: ignores an invalid time in "
    .. "a decision", function()
    local scenario = with_response("authorize", { body = { decisions = json.array {
      { resource = "CNN", authorized = true, notAfter = "1e999",
        token = { serializedToken = "x", notAfter = "1e999" } } } } })
    local decision = scenario.client:authorize("CNN", { mvpd = "Cablevision" })
    assert.is_nil(decision.not_after)
    assert.is_nil(decision.media_token_not_after)
    assert.is_string(json.encode(decision))
  end)

  it("[hostile-regression-miss] login: sends only login parameters when a "
    .. "session misses others", function()
    local scenario = with_response("create_session",
      { body = { actionName = "resume",
      code = "ABC123", missingParameters = json.array { "on_code", "interval",
        "service_token", json.null, "mvpd" } } })
    local options = { on_code = function() end, interval = 5,
      cancel = function() return true end, service_token = "eyJx.eyJy.z" }
    for name, value in pairs(LOGIN) do options[name] = value end
    local value, err = scenario.client:login(options)
    assert.is_nil(value)
    assert.is_true(errors.is(err))
    for _, entry in ipairs(scenario.requests) do
      if entry.operation == "resume_session" then
        assert.equal("mvpd=Cablevision", entry.request.body)
      end
    end
  end)

  for name, mvpd in pairs { null = json.null, number = 7, list = {} } do
    it("[hostile-regression-fall-mvpd] partner_login: falls back to a login "
      .. "when mvpd is a " .. name, function()
      local scenario = with_response("partner_session", { body = { mvpd = mvpd,
        actionName = "authenticate", reasonType = "pfs_fallback" } })
      local value, err = scenario.client:partner_login { partner = "Apple",
        status = { frameworkPermissionInfo = { accessStatus = "denied" } },
        respond = function() end, domain_name = "adobe.com",
        redirect_url = "https://adobe.com",
        fallback = { on_code = function() end,
          cancel = function() return true end } }
      assert.is_nil(value)
      assert.equal("cancelled", err.code)
    end)

    it("[hostile-regression-name-mvpd-log] login: ignores an mvpd that is a "
      .. name, function()
      local scenario = with_response("create_session", { body = { mvpd = mvpd,
        actionName = "authenticate", actionType = "interactive",
        url = json.null, code = "ABC123" } })
      local flow = assert(scenario.client:start_login {})
      assert.is_nil(flow.mvpd)
      assert.is_truthy(flow.url:find "/ABC123$")
    end)
  end

  it("[hostile-regression-contradicts] authorize: denies a resource with "
    .. "contradictory decisions", function()
    for _, order in ipairs { { true, false }, { false, true } } do
      local scenario = with_response("authorize",
        { body = { decisions = json.array {
        { resource = "CNN", authorized = order[1] },
        { resource = "CNN", authorized = order[2] } } } })
      local decision = scenario.client:authorize("CNN",
        { mvpd = "Cablevision" })
      assert.is_false(decision.permitted)
    end
  end)

  it("[hostile-regression-read-resource] preauthorize: distinguishes resources "
    .. "that differ by a space", function()
    local scenario = with_response("preauthorize",
      { body = { decisions = json.array {
      { resource = "CNN ", authorized = false },
      { resource = "CNN", authorized = true } } } })
    local result = scenario.client:preauthorize({ "CNN", "CNN " },
      { mvpd = "Cablevision" })
    assert.same({ "CNN" }, result.permitted)
    assert.equal("CNN ", result.denied[1].resource)
  end)

  it("[hostile-regression-token] get_service_token: returns malformed_response "
    .. "for a token that no header can hold", function()
    for _, token in ipairs { "a\r\nb", "", " ", "\0", "a b" } do
      local scenario = with_response("other", { body = { serviceToken = token } })
      is_malformed(scenario.client:get_service_token { sso_id = "viewer-1" })
      is_malformed(scenario.client:renew_service_token "eyJx.eyJy.z")
    end
  end)

  it("[hostile-regression-media-token] authorize: ignores a media token that "
    .. "is not a string", function()
    for _, token in ipairs { 7, true, json.null, {} } do
      local scenario = with_response("authorize",
        { body = { decisions = json.array {
        { resource = "CNN", authorized = true,
          token = { serializedToken = token } } } } })
      local decision = scenario.client:authorize("CNN",
        { mvpd = "Cablevision" })
      assert.is_nil(decision.media_token)
    end
  end)
end)

describe("cached permits", function()
  local function identity(email)
    return { email = core.digest.hex(core.digest.sha256(email)) }
  end

  it("[hostile-regression-kept-identity] preauthorize: caches a permit for one "
    .. "identity only", function()
    local scenario = timeline.new()
    -- Not of the source temppass, whose permits are cached only with a known end.
    scenario:respond_with("preauthorize", { decisions = json.array { {
      resource = "CNN", authorized = true, source = "mvpd" } } })
    local function ask(who)
      scenario:clear_requests()
      assert(scenario.client:preauthorize({ "CNN" },
        { mvpd = "flexibleTempPass",
        user = who and identity(who) }))
      return scenario:counts().preauthorize
    end
    assert.equal(1, ask "ann@test")
    assert.is_nil(ask "ann@test")
    assert.equal(1, ask "bob@test")
  end)
end)

describe("errors that repeat the request", function()
  local ID, SSO = "device-of-the-hall", "viewer-of-the-hall"

  local function echo(request)
    local parts = { request.url, request.body or "",
      request.bearer and (request.bearer:reveal()) or "" }
    for name, value in pairs(request.headers) do
      parts[#parts + 1] = name .. "=" .. value
    end
    return table.concat(parts, " ")
  end

  local function assert_no_secret(err, ...)
    assert.is_true(errors.is(err))
    for _, text in ipairs { ID, SSO, core.base64.encode(ID), ... } do
      assert.is_nil((tostring(err) .. json.encode(err)):find(text, 1, true))
    end
  end

  local function new_echo_scenario(where)
    local scenario = timeline.new { device = { id = ID, ip = "192.0.2.77" } }
    local bearer
    scenario:set_responder(function(request, requested)
      if requested == "register" then return nil end
      if requested == "token" then
        return { status = 201, body = { access_token = "opaque-" .. requested,
          expires_in = 3600 } }
      end
      bearer = request.bearer:reveal()
      return where(echo(request))
    end)
    return scenario, function() return bearer end
  end

  it("[hostile-regression-device-viewer] errors: omit device, viewer and token "
    .. "when the service repeats the request", function()
    for _, field in ipairs { "code", "message", "details", "trace" } do
      local scenario, bearer = new_echo_scenario(function(text)
        return { status = 403, body = { [field] = text } }
      end)
      local _, err = scenario.client.api:service_token { sso_id = SSO }
      assert_no_secret(err, bearer(), "192.0.2.77")
      _, err = scenario.client.api:reset_temp_pass { mvpd = "TempPass",
        device = ID }
      assert_no_secret(err, bearer())
      _, err = scenario.client.api:partner_profile { partner = "Apple",
        saml_response = "PHNhbWw+PHN1YmplY3Q+" }
      assert_no_secret(err, bearer(), "PHNhbWw", "PHN1Y")
    end
  end)

  it("[hostile-regression-none-decision] decisions: omit the token when the "
    .. "service repeats the request", function()
    local scenario, bearer = new_echo_scenario(function(text)
      return { body = { decisions = json.array { { resource = "CNN",
        authorized = false, error = { code = "x", message = text } } } } }
    end)
    local decision = scenario.client:authorize("CNN", { mvpd = "Dish" })
    assert_no_secret(decision.error, bearer())
    local result = scenario.client:preauthorize({ "CNN" }, { mvpd = "Dish" })
    assert_no_secret(result.denied[1].error, bearer())
  end)
end)
