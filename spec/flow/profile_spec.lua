--- Who is logged in: known, asked for, read, and forgotten.

local core = require "adobepass.core"
local fails = require "spec.support.assert_client_error"
local story = require "spec.support.timeline"

local login_options = story.login_options

describe("who is logged in already", function()
  local on
  after_each(function() on = nil end)
  before_each(function() on = story.new() end)

  local function logged_in()
    on:signed_in()
    assert(on.client:login(login_options()))
    on:forget_requests()
  end

  it("[profile-store-no-request] is known from the store: no request at "
    .. "all", function()
    logged_in()
    local profile = assert(on.client:login {})
    assert.equal("Cablevision", profile.mvpd)
    assert.equal("ann-household", profile.attributes.householdID)
    assert.same({}, on:counts())
  end)

  -- A client that has just started, on a device whose clock is years off.
  local function restarted(years, body)
    local wall = core.clock.wall
    core.clock.wall = function()
      return on.box:now() / 1000 + years * 365 * 86400
    end
    local again = on:new_client { store = on.client.context.connection.store }
    local profile = again:login {}
    core.clock.wall = wall
    assert.equal("Cablevision", profile.mvpd)
    body()
  end

  it("[profile-store-restart] is known from the store after a "
    .. "restart", function()
    logged_in()
    restarted(0, function() assert.same({}, on:counts()) end)
  end)

  it("[profile-asked-restart-clock] is asked for after a restart with a clock "
    .. "that is wrong", function()
    logged_in()
    restarted(10, function() assert.same({ profiles = 1 }, on:counts()) end)
  end)

  it("[profile-asked-stored] is asked for when nothing is stored", function()
    on:signed_in()
    local flow = assert(on.client:start_login(login_options()))
    assert.same({ "done", "Cablevision" }, { flow.state, flow.mvpd })
    assert.equal(flow.profile, on.client:poll_login(flow))
    assert.same({ register = 1, token = 1, profiles = 1 }, on:counts())
  end)

  it("[profile-asked-application-fresh] is asked for anew if the application "
    .. "wants it fresh", function()
    logged_in()
    assert(on.client:login(login_options { fresh = true }))
    assert.same({ profiles = 1 }, on:counts())
  end)

  it("[profile-not-taken-one-another] is not taken for one with another "
    .. "provider", function()
    logged_in()
    local flow = assert(on.client:start_login(login_options {
      mvpd = "Spectrum" }))
    assert.equal("pending", flow.state)
  end)

  it("[profile-kept-ends-no-longer] is kept until the profile ends, and no "
    .. "longer", function()
    logged_in()
    on.driver.sleep(30 * 86400 + 1)
    local flow = assert(on.client:start_login(login_options()))
    assert.equal("pending", flow.state)
    assert.equal("Cablevision", on.client:remembered_provider().id)
  end)

  it("[profile-forgotten-service] is forgotten when the service no longer "
    .. "knows it", function()
    logged_in()
    assert(on.control.revoke { mvpd = "Cablevision" })
    local decision = assert(on.client:authorize "CNN")
    assert.equal("authenticated_profile_invalidated", decision.error.code)
    on:forget_requests()
    assert.equal("pending", on.client:start_login(login_options()).state)
    assert.is_nil(on:counts().logout)
  end)

  it("[profile-valid-longest-several] is the one valid longest of "
    .. "several", function()
    on:says("profiles", function()
      return { profiles = { Spectrum = on:told(3), Dish = on:told(9),
        ATTOTT = on:told(1) } }
    end)
    assert.equal("Dish", assert(on.client:login {}).mvpd)
  end)

  it("[profile-application-choice] is the application's choice of several, "
    .. "longest first", function()
    on:says("profiles", function()
      return { profiles = { Spectrum = on:told(3), Dish = on:told(9),
        ATTOTT = on:told(-1) } }
    end)
    local offered = {}
    local chosen = assert(on.client:login { choose = function(list)
      for index, item in ipairs(list) do offered[index] = item.mvpd end
      return list[2]
    end })
    assert.same({ "Dish", "Spectrum" }, offered)
    assert.equal("Spectrum", chosen.mvpd)
    assert.equal("Spectrum", assert(on.client:login {}).mvpd)
  end)

  it("[profile-application-none-several] is nobody if the application wants "
    .. "none of several", function()
    on:says("profiles", function()
      return { profiles = { Spectrum = on:told(3), Dish = on:told(9) } }
    end)
    local flow = assert(on.client:start_login(login_options {
      mvpd = false, choose = function() end }))
    assert.equal("pending", flow.state)
  end)

  it("[profile-not-pass] is not somebody with a pass", function()
    on:says("profiles", function()
      return { profiles = { TempPass = on:told(9, { type = "temporary" }) } }
    end)
    assert.equal("pending", on.client:start_login(login_options()).state)
  end)

  it("[profile-survives-junk-profiles] survives junk among the "
    .. "profiles", function()
    on:says("profiles", function()
      return { profiles = { Dish = 7, Spectrum = {},
        ATTOTT = on:told(1, { attributes = { zip = "x", a = { value = 1,
          state = "plain" } } }) } }
    end)
    assert.same({ a = 1 }, assert(on.client:login {}).attributes)
  end)

  it("[profile-not-guessed-question] is not guessed when the question "
    .. "fails", function()
    on:answer(function(_, operation)
      return operation == "profiles" and { error = "connect_failed" } or nil
    end)
    fails("connect_failed", on.client:login {})
    assert.is_nil(on:counts().create_session)
  end)
end)

describe("encrypted attributes", function()
  local on, key
  after_each(function() on, key = nil, nil end)
  before_each(function()
    on = story.new()
    key = assert(core.private_key(
      on.control.certificates().metadata_private_key))
    on:signed_in()
  end)

  it("[profile-opened-application-key] are opened with the application's "
    .. "key", function()
    local profile = assert(on.client:login { metadata_key = key })
    assert.equal("77754", profile.attributes.zip)
    assert.is_nil(profile.encrypted)
  end)

  it("[profile-handed-came] are handed on as they came without it", function()
    local profile = assert(on.client:login {})
    assert.is_nil(profile.attributes.zip)
    assert.equal("string", type(profile.encrypted.zip))
  end)

  it("[profile-opened-later-key] are opened later, when the key is at "
    .. "hand", function()
    assert(on.client:login {})
    on:forget_requests()
    local profile = assert(on.client:login { metadata_key = key })
    assert.equal("77754", profile.attributes.zip)
    assert.is_nil(profile.encrypted)
    assert.same({}, on:counts())
  end)

  it("[profile-no-rubbish-jwe-not-key] are no rubbish when they are JWE, or "
    .. "not for this key", function()
    on:says("profiles", function()
      return { profiles = { Dish = on:told(1, { attributes = {
        jwe = { value = "a.b.c.d.e", state = "enc" },
        other = { value = core.base64.encode(("x"):rep(256)), state = "enc" },
        plain = { value = "Zm9v", state = "plain" } } }) } }
    end)
    local warnings = {}
    on.client = on:new_client { on_event = function(event)
      if event.type == "warning" then
        warnings[#warnings + 1] = event.code
      end
    end }
    local profile = assert(on.client:login { fresh = true,
      metadata_key = key })
    assert.same({ "metadata_jwe" }, warnings)
    assert.equal("a.b.c.d.e", profile.encrypted.jwe)
    assert.equal("Zm9v", profile.attributes.plain)
    assert.is_nil(profile.attributes.jwe)
  end)
end)

describe("a profile after authorization", function()
  local on
  after_each(function() on = nil end)
  before_each(function()
    on = story.new()
    on:signed_in()
  end)

  it("[profile-refreshed-demand] is refreshed on demand", function()
    assert.is_nil(assert(on.client:login {}).attributes.allowMirroring)
    assert(on.client:authorize "CNN")
    on:forget_requests()
    local profile = assert(on.client:refresh_profile())
    assert.is_true(profile.attributes.allowMirroring)
    assert.same({ profile = 1 }, on:counts())
    assert.is_true(on.client:login {}.attributes.allowMirroring)
  end)

  it("[profile-logged] is of nobody where nobody is logged in", function()
    fails("not_logged_in", on.client:refresh_profile())
    assert.same({}, on:counts())
  end)

  it("[profile-forgotten-service-none] is forgotten when the service has "
    .. "none", function()
    assert(on.client:login {})
    assert(on.control.revoke { mvpd = "Cablevision" })
    fails("not_logged_in", on.client:refresh_profile())
    assert.equal("pending", on.client:start_login(login_options()).state)
  end)

  it("[profile-stays-another-service] stays when it is another's that the "
    .. "service has not", function()
    assert(on.client:login {})
    fails("not_logged_in", on.client:refresh_profile { mvpd = "Spectrum" })
    on:forget_requests()
    assert(on.client:login {})
    assert.same({}, on:counts())
  end)

  it("[profile-question-fails] stays when the question fails", function()
    assert(on.client:login {})
    on:answer(function() return { error = "connect_failed" } end)
    fails("connect_failed", on.client:refresh_profile())
    assert.equal("Cablevision", on.client:login {}.mvpd)
  end)
end)
