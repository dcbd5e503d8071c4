--- Profiles: stored, requested, decrypted and deleted.

local core = require "adobepass.core"
local assert_client_error = require "spec.support.assert_client_error"
local json = require "adobepass.util.json"
local keyring = require "adobepass.sandbox.data.keyring"
local timeline = require "spec.support.timeline"

local login_options = timeline.login_options

describe("login with an existing profile", function()
  local scenario
  after_each(function() scenario = nil end)
  before_each(function() scenario = timeline.new() end)

  local function logged_in()
    scenario:signed_in()
    assert(scenario.client:login(login_options()))
    scenario:clear_requests()
  end

  it("[profile-store-no-request] login: returns a stored profile without a "
    .. "request", function()
    logged_in()
    local profile = assert(scenario.client:login {})
    assert.equal("Cablevision", profile.mvpd)
    assert.equal("ann-household", profile.attributes.householdID)
    assert.same({}, scenario:counts())
  end)

  -- Runs `body` with a restarted client while the wall clock is `years` wrong.
  local function restarted(years, body)
    local wall = core.clock.wall
    core.clock.wall = function()
      return scenario.sandbox:now() / 1000 + years * 365 * 86400
    end
    local again = scenario:new_client {
      store = scenario.client.context.connection.store }
    local profile = again:login {}
    core.clock.wall = wall
    assert.equal("Cablevision", profile.mvpd)
    body()
  end

  it("[profile-store-restart] login: returns a stored profile after a "
    .. "restart", function()
    logged_in()
    restarted(0, function() assert.same({}, scenario:counts()) end)
  end)

  it("[profile-asked-restart-clock] login: requests the profile after a "
    .. "restart with a wrong clock", function()
    logged_in()
    restarted(10,
      function() assert.same({ profile = 1 }, scenario:counts()) end)
  end)

  it("[profile-asked-stored] login: requests the profile when none is "
    .. "stored", function()
    scenario:signed_in()
    local flow = assert(scenario.client:start_login(login_options()))
    assert.same({ "done", "Cablevision" }, { flow.state, flow.mvpd })
    assert.equal(flow.profile, scenario.client:poll_login(flow))
    assert.same({ register = 1, token = 1, profiles = 1 }, scenario:counts())
  end)

  it("[profile-asked-application-fresh] login: requests the profile again with "
    .. "the option fresh", function()
    logged_in()
    assert(scenario.client:login(login_options { fresh = true }))
    assert.same({ profile = 1 }, scenario:counts())
  end)

  it("[profile-not-taken-one-another] login: does not use a stored profile of "
    .. "another provider", function()
    logged_in()
    local flow = assert(scenario.client:start_login(login_options {
      mvpd = "Spectrum" }))
    assert.equal("pending", flow.state)
  end)

  it("[profile-kept-ends-no-longer] login: uses a stored profile until it "
    .. "expires", function()
    logged_in()
    scenario.driver.sleep(30 * 86400 + 1)
    local flow = assert(scenario.client:start_login(login_options()))
    assert.equal("pending", flow.state)
    assert.equal("Cablevision", scenario.client:remembered_provider().id)
  end)

  it("[profile-forgotten-service] login: deletes a stored profile that the "
    .. "service no longer has", function()
    logged_in()
    assert(scenario.control.revoke { mvpd = "Cablevision" })
    local decision = assert(scenario.client:authorize "CNN")
    assert.equal("authenticated_profile_invalidated", decision.error.code)
    scenario:clear_requests()
    assert.equal("pending", scenario.client:start_login(login_options()).state)
    assert.is_nil(scenario:counts().logout)
  end)

  it("[profile-valid-longest-several] login: selects the profile that expires "
    .. "last", function()
    scenario:respond_with("profiles", function()
      return { profiles = { Spectrum = scenario:new_profile(3),
        Dish = scenario:new_profile(9),
        ATTOTT = scenario:new_profile(1) } }
    end)
    assert.equal("Dish", assert(scenario.client:login {}).mvpd)
  end)

  it("[profile-application-choice] login: lets the application choose a "
    .. "profile, sorted by expiry", function()
    scenario:respond_with("profiles", function()
      return { profiles = { Spectrum = scenario:new_profile(3),
        Dish = scenario:new_profile(9),
        ATTOTT = scenario:new_profile(-1) } }
    end)
    local offered = {}
    local chosen = assert(scenario.client:login { choose = function(list)
      for index, item in ipairs(list) do offered[index] = item.mvpd end
      return list[2]
    end })
    assert.same({ "Dish", "Spectrum" }, offered)
    assert.equal("Spectrum", chosen.mvpd)
    assert.equal("Spectrum", assert(scenario.client:login {}).mvpd)
  end)

  it("[profile-application-none-several] login: starts a new login when the "
    .. "application chooses no profile", function()
    scenario:respond_with("profiles", function()
      return { profiles = { Spectrum = scenario:new_profile(3),
        Dish = scenario:new_profile(9) } }
    end)
    local flow = assert(scenario.client:start_login(login_options {
      mvpd = false, choose = function() end }))
    assert.equal("pending", flow.state)
  end)

  it("[profile-not-pass] login: does not use a TempPass profile as a "
    .. "login", function()
    scenario:respond_with("profiles", function()
      return { profiles = {
        TempPass = scenario:new_profile(9, { type = "temporary" }) } }
    end)
    assert.equal("pending", scenario.client:start_login(login_options()).state)
  end)

  it("[profile-survives-junk-profiles] login: skips malformed "
    .. "profiles", function()
    scenario:respond_with("profiles", function()
      return { profiles = { Dish = 7, Spectrum = {},
        ATTOTT = scenario:new_profile(1,
          { attributes = { zip = "x", a = { value = 1,
          state = "plain" } } }) } }
    end)
    assert.same({ a = 1 }, assert(scenario.client:login {}).attributes)
  end)

  it("[profile-not-guessed-question] login: returns an error when the profiles "
    .. "request fails", function()
    scenario:set_responder(function(_, operation)
      return operation == "profiles" and { error = "connect_failed" } or nil
    end)
    assert_client_error("connect_failed", scenario.client:login {})
    assert.is_nil(scenario:counts().create_session)
  end)
end)

describe("attributes", function()
  local scenario, key
  after_each(function() scenario, key = nil, nil end)
  before_each(function()
    scenario = timeline.new()
    key = assert(core.private_key(
      scenario.control.certificates().metadata_private_key))
    scenario:signed_in()
  end)

  it("[profile-opened-application-key] profile: decrypts attributes with the "
    .. "application's key", function()
    local profile = assert(scenario.client:login { metadata_key = key })
    assert.equal("77754", profile.attributes.zip)
    assert.is_nil(profile.encrypted)
  end)

  it("[profile-handed-came] profile: returns encrypted attributes unchanged "
    .. "without a key", function()
    local profile = assert(scenario.client:login {})
    assert.is_nil(profile.attributes.zip)
    assert.equal("string", type(profile.encrypted.zip))
  end)

  it("[profile-opened-later-key] profile: decrypts attributes later, when the "
    .. "key is available", function()
    assert(scenario.client:login {})
    scenario:clear_requests()
    local profile = assert(scenario.client:login { metadata_key = key })
    assert.equal("77754", profile.attributes.zip)
    assert.is_nil(profile.encrypted)
    assert.same({}, scenario:counts())
  end)

  it("[profile-several-keys] profile: decrypts with any of several keys, in any "
    .. "order", function()
    local other = assert(keyring.new():private "tokens")
    for _, keys in ipairs { { key }, { key, other }, { other, key },
      { other, other, key } } do
      local profile = assert(scenario.client:login { metadata_key = keys,
        fresh = true })
      assert.equal("77754", profile.attributes.zip)
      assert.is_nil(profile.encrypted)
      profile = assert(scenario.client:refresh_profile { metadata_key = keys })
      assert.equal("77754", profile.attributes.zip)
    end
    local profile = assert(scenario.client:login { metadata_key = { other },
      fresh = true })
    assert.is_nil(profile.attributes.zip)
    assert.equal("string", type(profile.encrypted.zip))
  end)

  it("[profile-keys-rubbish] profile: uses the decrypted text when another key "
    .. "returns meaningless bytes, as with OpenSSL 3.2 and later", function()
    local profile = require "adobepass.flow.profile"
    local function key_to(text)
      return { decrypt = function() return text end }
    end
    local given = { attributes = { zip = { value = "AAAA", state = "enc" } } }
    for _, rubbish in ipairs { "", "\1", "a\0bcdefgh", "\200abcdefgh",
      "\128\129\130\131\132\133", "x", "\237\1abcdefgh" } do
      for _, keys in ipairs { { key_to(rubbish), key_to "7775é" },
        { key_to "7775é", key_to(rubbish) } } do
        assert.equal("7775é", profile.new("m", given,
          { metadata_key = keys }).attributes.zip)
      end
    end
    local refused = profile.new("m", given,
      { metadata_key = { key_to "a\0b", key_to(nil) } })
    assert.same({ nil, "AAAA" },
      { refused.attributes.zip, refused.encrypted.zip })
  end)

  it("[profile-keys-raises] metadata_key: a list with anything but keys "
    .. "raises", function()
    for _, wrong in ipairs { {}, { "PEM" }, { key, 5 }, { first = key } } do
      for _, method in ipairs { "login", "start_login", "refresh_profile" } do
        local ok, message = pcall(function()
          local result = scenario.client[method](scenario.client,
            { metadata_key = wrong })
          return result
        end)
        assert.is_false(ok)
        assert.truthy(message:find("profile_spec.*client:" .. method
          .. ": metadata_key should be"), message)
      end
    end
  end)

  it("[profile-no-rubbish-jwe-not-key] profile: returns attributes unchanged "
    .. "that are JWE or encrypted for another key", function()
    scenario:respond_with("profiles", function()
      return { profiles = { Dish = scenario:new_profile(1, { attributes = {
        jwe = { value = "a.b.c.d.e", state = "enc" },
        other = { value = core.base64.encode(("x"):rep(256)), state = "enc" },
        plain = { value = "Zm9v", state = "plain" } } }) } }
    end)
    local warnings = {}
    scenario.client = scenario:new_client { on_event = function(event)
      if event.type == "warning" then
        warnings[#warnings + 1] = event.code
      end
    end }
    local profile = assert(scenario.client:login { fresh = true,
      metadata_key = key })
    assert.same({ "metadata_jwe" }, warnings)
    assert.equal("a.b.c.d.e", profile.encrypted.jwe)
    assert.equal("Zm9v", profile.attributes.plain)
    assert.is_nil(profile.attributes.jwe)
  end)

  it("[profile-attribute-error-text] profile: replaces the error of an attribute that "
    .. "is not a code", function()
    scenario:respond_with("profiles", { profiles = {
      Cablevision = scenario:new_profile(1, { attributes = {
        a = { error = "network_received_error" }, b = { error = ("x"):rep(100) },
        c = { error = ("x"):rep(101) }, d = { error = "Bearer abc" },
        e = { error = "a\27[2J" }, f = { error = "" } } }) } })
    local unknown = "unknown_error"
    assert.same({ a = "network_received_error", b = ("x"):rep(100), c = unknown,
      d = unknown, e = unknown, f = unknown },
      assert(scenario.client:login {}).attribute_errors)
  end)

  it("[profile-attribute-errors] profile: has no attribute whose value is null, and "
    .. "the error of an attribute in attribute_errors", function()
    scenario:respond_with("profiles", { profiles = {
      Cablevision = scenario:new_profile(1, { attributes = {
        householdID = { value = "h1", state = "plain" },
        zip = { value = json.null, state = "enc",
          error = "invalid_configuration_user_metadata_certificate" },
        maxRating = { value = json.null, state = "plain", error = json.null },
        language = { state = "plain", error = "network_received_error" },
        userID = { value = "u1", state = "plain", error = 5 } } }) } })
    local profile = assert(scenario.client:login {})
    assert.same({ householdID = "h1", userID = "u1" }, profile.attributes)
    assert.is_nil(profile.encrypted)
    assert.same({ zip = "invalid_configuration_user_metadata_certificate",
      language = "network_received_error" }, profile.attribute_errors)
    assert.same(profile, assert(scenario.client:remembered_profile()))
    scenario = timeline.new()
    scenario:signed_in()
    assert.is_nil(assert(scenario.client:login {}).attribute_errors)
  end)
end)

describe("refresh_profile", function()
  local scenario
  after_each(function() scenario = nil end)
  before_each(function()
    scenario = timeline.new()
    scenario:signed_in()
  end)

  it("[profile-refreshed-demand] refresh_profile: requests the profile "
    .. "again", function()
    assert.is_nil(assert(scenario.client:login {}).attributes.allowMirroring)
    assert(scenario.client:authorize "CNN")
    scenario:clear_requests()
    local profile = assert(scenario.client:refresh_profile())
    assert.is_true(profile.attributes.allowMirroring)
    assert.same({ profile = 1 }, scenario:counts())
    assert.is_true(scenario.client:login {}.attributes.allowMirroring)
  end)

  it("[profile-logged] refresh_profile: returns not_logged_in without a "
    .. "login", function()
    assert_client_error("not_logged_in", scenario.client:refresh_profile())
    assert.same({}, scenario:counts())
  end)

  it("[profile-forgotten-service-none] refresh_profile: deletes a profile that "
    .. "the service no longer has", function()
    assert(scenario.client:login {})
    assert(scenario.control.revoke { mvpd = "Cablevision" })
    assert_client_error("not_logged_in", scenario.client:refresh_profile())
    assert.equal("pending", scenario.client:start_login(login_options()).state)
  end)

  it("[profile-stays-another-service] refresh_profile: keeps the profile when "
    .. "the missing one is of another provider", function()
    assert(scenario.client:login {})
    assert_client_error("not_logged_in",
      scenario.client:refresh_profile { mvpd = "Spectrum" })
    scenario:clear_requests()
    assert(scenario.client:login {})
    assert.same({}, scenario:counts())
  end)

  it("[profile-refresh-late] refresh_profile: does not replace the profile of a login "
    .. "with another provider that ends meanwhile", function()
    assert(scenario.client:login {})
    local wait, is_in = scenario.driver.wait, false
    function scenario.driver.wait(...)
      local result = wait(...)
      if not is_in and scenario.requests[#scenario.requests].operation == "profile" then
        is_in = true
        scenario:signed_in "Spectrum"
        assert(scenario.client:login { mvpd = "Spectrum" })
      end
      return result
    end
    assert.equal("Cablevision", assert(scenario.client:refresh_profile()).mvpd)
    assert.is_true(is_in)
    assert.equal("Spectrum", scenario.client:remembered_profile().mvpd)
    assert.equal("Spectrum", scenario.client:remembered_provider().id)
  end)

  it("[profile-question-fails] refresh_profile: keeps the profile when the "
    .. "request fails", function()
    assert(scenario.client:login {})
    scenario:set_responder(function() return { error = "connect_failed" } end)
    assert_client_error("connect_failed", scenario.client:refresh_profile())
    assert.equal("Cablevision", scenario.client:login {}.mvpd)
  end)
end)
