--- Strict mode: the client, device or user that a profile, trial or decision
-- belongs to.
local fixture = require "spec.sandbox.fixture"

local MVPD = "/api/v2/REF30/profiles/Cablevision"
local IDENTITY = { kind = "service", subject = "subject-1" }

local function mvpds(response)
  local list = {}
  for id in pairs(response.json.profiles) do list[#list + 1] = id end
  return list
end

local function lenient(names)
  return fixture.new { world = function(world) world.mode = names end }
end

describe("sandbox", function()
  it("[strict-profile-client] sandbox: regular profiles belong to one "
    .. "registration", function()
    local h = fixture.new()
    h:log_in("ann", "Cablevision")
    assert.same({ "Cablevision" }, mvpds(h:get(MVPD)))
    local first = h.token
    h:register()
    assert.same({}, mvpds(h:get(MVPD)))
    assert.same({}, mvpds(h:get "/api/v2/REF30/profiles"))
    assert.equal("authenticated_profile_missing",
      h:authorize("Cablevision", { "A" }).json.decisions[1].error.code)
    h.token = first
    assert.same({ "Cablevision" }, mvpds(h:get(MVPD)))
  end)

  it("[strict-profile-lenient] sandbox: profiles_follow_device keeps profiles "
    .. "across registrations", function()
    local h = lenient { "profiles_follow_device" }
    h:log_in("ann", "Cablevision")
    h:register()
    assert.same({ "Cablevision" }, mvpds(h:get(MVPD)))
  end)

  it("[strict-profile-second-screen] sandbox: a second screen with its own "
    .. "credentials logs the device's client in", function()
    local h = fixture.new()
    local code = h:session({ mvpd = false }).json.code
    local device_token = h.token
    h:register()
    h:post_form("/api/v2/REF30/sessions/" .. code, { mvpd = "Cablevision" })
    assert(h.control.login { code = code, username = "ann" })
    local polled = h:get("/api/v2/REF30/profiles/code/" .. code)
    assert.same({ "Cablevision" }, mvpds(polled))
    assert.same({}, mvpds(h:get(MVPD)))
    h.token = device_token
    assert.same({ "Cablevision" }, mvpds(h:get(MVPD)))
  end)

  it("[strict-trial-device] sandbox: a TempPass trial follows the device "
    .. "across registrations", function()
    local h = fixture.new()
    h:authorize("TempPass_5mins", { "A" })
    h:register()
    h.control.clock { advance = 5 * 60 * 1000 }
    assert.equal("temporary_access_duration_limit_exceeded",
      h:authorize("TempPass_5mins", { "A" }).json.decisions[1].error.code)
  end)

  it("[strict-trial-user] sandbox: a promotional trial follows the user's hash "
    .. "to another device and client", function()
    local h = fixture.new()
    local user = { ["AP-TempPass-Identity"] =
      fixture.encode { email = ("ab"):rep(32) } }
    h:authorize("flexibleTempPass", { "A" }, user)
    h.device = "another"
    h:register()
    local profile = h:get("/api/v2/REF30/profiles/flexibleTempPass", user)
      .json.profiles.flexibleTempPass
    assert.equal(4, profile.attributes.remaining_resources.value)
  end)

  it("[strict-sso-token] sandbox: a single sign-on profile follows its token "
    .. "across registrations", function()
    local h = fixture.new()
    local mine = { ["AD-Service-Token"] = h.control.identity(IDENTITY) }
    h:log_in("ann", "Cablevision", mine)
    h:register()
    assert.same({}, mvpds(h:get(MVPD)))
    local profile = h:get(MVPD, mine).json.profiles.Cablevision
    assert.equal("serviceTokenSSO", profile.type)
  end)

  it("[strict-login-client] sandbox: the control login accepts a "
    .. "client_id", function()
    local h = fixture.new():register()
    local first = h.token
    local id = h.client.client_id
    h:register()
    assert.is_true(h.control.login { service_provider = "REF30",
      device = h.device, mvpd = "Dish", username = "ann", client_id = id })
    assert.same({}, mvpds(h:get "/api/v2/REF30/profiles"))
    h.token = first
    assert.same({ "Dish" }, mvpds(h:get "/api/v2/REF30/profiles"))
  end)

  it("[strict-decision-kept] sandbox: a permit is kept until its notAfter, with "
    .. "a new media token", function()
    local h = fixture.new()
    h:log_in("ann", "Cablevision")
    local first = h:authorize("Cablevision", { "A" }).json.decisions[1]
    h.sandbox.world.viewers.ann.lacks = { A = "no longer in the package" }
    h.control.clock { advance = 3600 * 1000 }
    local second = h:authorize("Cablevision", { "A" }).json.decisions[1]
    assert.is_true(second.authorized)
    assert.same({ first.notBefore, first.notAfter },
                { second.notBefore, second.notAfter })
    assert.equal(first.token.notBefore + 3600 * 1000, second.token.notBefore)
    h.control.clock { time = first.notAfter }
    local third = h:authorize("Cablevision", { "A" })
    h.token = h:new_token(h.client).json.access_token
    third = h:authorize("Cablevision", { "A" }) or third
    assert.is_false(third.json.decisions[1].authorized)
  end)

  it("[strict-decision-logout] sandbox: logout ends kept permits", function()
    local h = fixture.new()
    h:log_in("ann", "Cablevision")
    h:authorize("Cablevision", { "HBO" })
    h:log_out "Cablevision"
    h:log_in("bob", "Cablevision")
    assert.equal("authorization_denied_by_mvpd",
      h:authorize("Cablevision", { "HBO" }).json.decisions[1].error.code)
  end)

  it("[strict-one-resource] sandbox: authorize permits one resource in each "
    .. "request", function()
    local h = fixture.new()
    h:log_in("ann", "Cablevision")
    for _, decision in ipairs(h:authorize("Cablevision", { "A", "B" })
        .json.decisions) do
      assert.equal("too_many_resources", decision.error.code)
    end
    assert.is_true(h:preauthorize("Cablevision", { "A", "B", "C", "D", "E" })
      .json.decisions[5].authorized)
    h = lenient { "many_resources" }
    h:log_in("ann", "Cablevision")
    assert.is_true(h:authorize("Cablevision", { "A", "B" })
      .json.decisions[2].authorized)
  end)

  it("[strict-degraded-prefix] sandbox: a degraded user id starts with "
    .. "95cf93bcd183214a", function()
    local h = fixture.new()
    local profile = h:get("/api/v2/REF30/profiles/DegradedMvpd")
      .json.profiles.DegradedMvpd
    assert.truthy(profile.attributes.userID.value:find
      "^95cf93bcd183214a%x+$")
    assert.equal(56, #profile.attributes.userID.value)
  end)

  it("[strict-authznone-details] sandbox: an AuthZNone denial carries the "
    .. "programmer's text in details", function()
    local h = fixture.new()
    assert(h.control.degrade { service_provider = "REF30",
      mvpd = "Dish", rule = "AuthZNone", details = "Back at noon." })
    assert.equal("Back at noon.",
      h:authorize("Dish", { "A" }).json.decisions[1].error.details)
    assert.truthy(h:authorize("Degraded_AuthZNone", { "A" })
      .json.decisions[1].error.details:find "outage")
    assert.same({ nil, "invalid 'details': expected a string", "details" },
      { h.control.degrade {
      service_provider = "REF30", mvpd = "Dish", rule = "AuthZNone",
      details = 5 } })
  end)

  it("[strict-burst-once] sandbox: the burst is spent once for each "
    .. "address", function()
    local h = fixture.new { throttle = true }
    local function status()
      return h:send { method = "GET", path = "/api/v2/REF30/profiles",
                      headers = { ["X-Forwarded-For"] = "192.0.2.1" } }.status
    end
    for _ = 1, 11 do status() end
    h.control.clock { advance = 86400 * 1000 }
    assert.equal(401, status())
    assert.equal(429, status())
  end)

  it("[strict-port-string] sandbox: the session status has the port as a "
    .. "string", function()
    for given, expected in pairs { [443] = "443", [8080.0] = "8080",
                                   ["9000"] = "9000" } do
      local h = fixture.new()
      local code = h:session(nil, { ["X-Device-Info"] =
        fixture.encode { connectionPort = given } }).json.code
      assert.equal(expected, h:get("/api/v2/REF30/sessions/" .. code)
        .json.device.connection.port)
    end
  end)
end)
