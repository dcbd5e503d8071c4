--- Operations 11 and 12, degradation, and media tokens.
local core = require "adobepass.core"
local fixture = require "spec.sandbox.fixture"
local json = require "adobepass.util.json"

local function first(response)
  return response.json.decisions[1]
end

describe("authorize", function()
  it("[decisions-keeps-order-responses] sandbox authorize: returns one "
    .. "decision for each resource, in order", function()
    local h = fixture.new { world = function(world)
      world.mode = { "many_resources" }
    end }
    h:log_in("bob", "Cablevision")
    local list = h:authorize("Cablevision", { "CNN", "HBO", "TBS" })
      .json.decisions
    assert.same({ "CNN", "HBO", "TBS" },
      { list[1].resource, list[2].resource, list[3].resource })
    assert.same({ true, false, true },
      { list[1].authorized, list[2].authorized, list[3].authorized })
    assert.is_table(list[3].token)
  end)

  it("[decisions-two-windows] sandbox authorize: returns the validity of "
    .. "the decision and of its token", function()
    local h = fixture.new()
    h:log_in("ann", "Cablevision")
    local decision = first(h:authorize("Cablevision", { "CNN" }))
    assert.equal(fixture.START + 86400000, decision.notAfter)
    assert.equal(fixture.START + 420000, decision.token.notAfter)
  end)

  it("[decisions-window-mvpd-denial] sandbox authorize: of denials, only the "
    .. "mvpd's have a validity", function()
    local h = fixture.new()
    h:log_in("bob", "Cablevision")
    assert.equal(fixture.START, first(
      h:authorize("Cablevision", { "HBO" })).notBefore)
    for _, mvpd in ipairs { "Degraded_AuthZNone", "flexibleTempPass" } do
      local decision = first(h:authorize(mvpd, { "A" }))
      assert.is_false(decision.authorized)
      assert.is_nil(decision.notBefore)
      assert.is_nil(decision.notAfter)
    end
  end)

  it("[decisions-refuses-junk-place] sandbox authorize: refuses malformed "
    .. "resources", function()
    local h = fixture.new()
    for _, body in ipairs { "", "{}", "[]", '{"resources":"CNN"}', "nope",
        '{"resources":{"a":1}}', '{"resources":[1]}', '{"resources":[""]}',
        '{"resources":[["CNN"]]}', '{"resources":[null]}' } do
      local response = h:post_json(
        "/api/v2/REF30/decisions/authorize/Cablevision", body)
      assert.equal("invalid_parameter_resources", response.json.code, body)
    end
    local form = h:post_form(
      "/api/v2/REF30/decisions/authorize/Cablevision", { resources = "CNN" })
    assert.equal("invalid_parameter_resources", form.json.code)
  end)

  it("[decisions-obeys-parental] sandbox authorize: applies parental controls, "
    .. "also to MRSS resources", function()
    local h = fixture.new()
    h:log_in("kim", "Cablevision")
    local mrss = "<rss><channel><title>CNN</title><item>"
      .. '<media:rating scheme="urn:v-chip">%s</media:rating></item></channel>'
      .. "</rss>"
    local function ask(resource)
      local decision = first(h:authorize("Cablevision", { resource }))
      return decision.authorized or decision.error.code
    end
    local denied = "authorization_denied_by_parental_controls"
    assert.is_true(ask "Matinee")
    assert.equal(denied, ask "Late Night")
    assert.is_true(ask(mrss:format "tv-pg"))
    assert.equal(denied, ask(mrss:format "tv-14"))
    h.sandbox.world.ratings = { "Kids", "Adults" }
    h.sandbox.world.resources["Late Night"].rating = "Adults"
    h.sandbox.world.viewers.kim.max_rating = "Kids"
    assert.equal(denied, ask "Late Night")
  end)

  it("[decisions-fails-not-world] sandbox authorize: fails as often as the "
    .. "world configures", function()
    local h = fixture.new()
    h:log_in("ann", "Cablevision")
    assert.equal("network_received_error",
                 first(h:authorize("Cablevision", { "Flaky" })).error.code)
    assert.is_true(first(h:authorize("Cablevision", { "Flaky" })).authorized)
  end)

  it("[decisions-asks-dummy-mvpd] sandbox authorize: a dummy mvpd permits "
    .. "every authenticated viewer", function()
    local h = fixture.new()
    assert.equal("authenticated_profile_missing",
                 first(h:authorize("Dummy", { "A" })).error.code)
    h:log_in("stranger", "Dummy")
    local decision = first(h:authorize("Dummy", { "A" }))
    assert.equal("dummy", decision.source)
    assert.is_true(decision.authorized)
  end)

  it("[decisions-metadata-appear] sandbox authorize: adds metadata after "
    .. "the first permit", function()
    local h = fixture.new()
    h:log_in("ann", "Cablevision")
    local function mirroring()
      return h:get("/api/v2/REF30/profiles").json.profiles.Cablevision
        .attributes.allowMirroring
    end
    assert.is_nil(mirroring())
    h:preauthorize("Cablevision", { "CNN" })
    assert.is_nil(mirroring())
    h:authorize("Cablevision", { "CNN" })
    assert.same({ value = true, state = "plain" }, mirroring())
  end)

  it("[decisions-trusts-home-based] sandbox authorize: accepts home-based "
    .. "authentication at home only", function()
    local h = fixture.new()
    local function at(address)
      return { ["X-Device-Info"] =
        fixture.encode { model = "x", connectionIp = address } }
    end
    h:log_in("home", "Spectrum", at "192.0.2.7")
    assert.is_true(
      first(h:authorize("Spectrum", { "A" }, at "192.0.2.8")).authorized)
    assert.equal("authorization_denied_by_hba_policies", first(
      h:authorize("Spectrum", { "A" }, at "198.51.100.1")).error.code)
    local profile = h:get("/api/v2/REF30/profiles").json.profiles.Spectrum
    assert.is_true(profile.attributes.hba_status.value)
  end)

  it("[decisions-forgets-home-viewer] sandbox authorize: ignores the home "
    .. "network after a login with password", function()
    local h = fixture.new()
    h:log_in("home", "Spectrum")
    assert.is_true(first(h:authorize("Spectrum", { "A" })).authorized)
  end)
end)

describe("preauthorize", function()
  it("[decisions-no-token-no-window] sandbox preauthorize: returns no token "
    .. "and no validity", function()
    local h = fixture.new()
    h:log_in("ann", "Cablevision")
    local decision = first(h:preauthorize("Cablevision", { "CNN" }))
    assert.is_true(decision.authorized)
    assert.is_nil(decision.token)
    assert.is_nil(decision.notAfter)
  end)

  it("[decisions-refuses-asked] sandbox preauthorize: a request above the "
    .. "limit denies all its resources", function()
    local h = fixture.new()
    h:log_in("ann", "Strict")
    local list = h:preauthorize("Strict", { "A", "B", "C" }).json.decisions
    assert.equal(3, #list)
    for _, decision in ipairs(list) do
      assert.equal("too_many_resources", decision.error.code)
    end
    assert.is_true(first(h:preauthorize("Strict", { "A", "B" })).authorized)
  end)
end)

describe("limits of an mvpd", function()
  it("[decisions-partial-limits] sandbox: a limit that the mvpd does not have is that "
    .. "of the world", function()
    local h = fixture.new { world = function(world)
      world.mvpds.Dish.limits = { preauthorize = 2 }
      world.mvpds.Cablevision.limits = { authorize = 1 }
    end }
    h:log_in("ann", "Dish")
    h:log_in("ann", "Cablevision")
    assert.is_true(first(h:authorize("Dish", { "CNN" })).authorized)
    assert.is_true(first(h:preauthorize("Cablevision", { "CNN", "TBS" })).authorized)
    assert.equal("too_many_resources",
      first(h:preauthorize("Dish", { "A", "B", "C" })).error.code)
  end)
end)

describe("degradation", function()
  local function set(h, rule, seconds)
    assert.is_true(h.control.degrade {
      service_provider = "REF30", mvpd = "Dish", rule = rule,
      seconds = seconds })
  end

  local function picture(h)
    local decision = first(h:authorize("Dish", { "A" }))
    return {
      next(h:get("/api/v2/REF30/profiles/Dish").json.profiles) ~= nil,
      h:session { mvpd = "Dish" }.json.actionName,
      decision.source, decision.authorized,
      h:log_out("Dish").json.logouts.Dish.actionName,
    }
  end

  it("[decisions-authnall-logs] sandbox degradation: AuthNAll authenticates "
    .. "and authorizes every viewer", function()
    local h = fixture.new()
    set(h, "AuthNAll")
    assert.same({ true, "authorize", "degradation", true, "complete" },
                picture(h))
  end)

  it("[decisions-authzall-grants-logs] sandbox degradation: AuthZAll "
    .. "authorizes every viewer but authenticates none", function()
    local h = fixture.new()
    set(h, "AuthZAll")
    assert.same({ false, "authenticate", "degradation", true, "invalid" },
                picture(h))
  end)

  it("[decisions-authznone-refuses] sandbox degradation: AuthZNone denies "
    .. "every resource", function()
    local h = fixture.new()
    set(h, "AuthZNone")
    assert.same({ false, "authenticate", "degradation", false, "invalid" },
                picture(h))
  end)

  it("[decisions-ends-clock-cleared] sandbox degradation: ends at its time "
    .. "or when cleared", function()
    local h = fixture.new()
    set(h, "AuthNAll", 60)
    h.control.clock { advance = 59999 }
    assert.equal("degradation", picture(h)[3])
    h.control.clock { advance = 1 }
    assert.same({ false, "authenticate", "mvpd", false, "invalid" },
                picture(h))
    set(h, "AuthNAll")
    h.control.degrade { clear = true, service_provider = "REF30", mvpd = "Dish" }
    assert.equal("mvpd", picture(h)[3])
    assert.equal("degradation",
                 first(h:authorize("DegradedMvpd", { "A" })).source)
    h.control.degrade { clear = true }
    assert.equal("mvpd", first(h:authorize("DegradedMvpd", { "A" })).source)
  end)

  it("[decisions-leaves-real-profile] sandbox degradation: keeps a regular "
    .. "profile", function()
    local h = fixture.new()
    h:log_in("ann", "Dish")
    set(h, "AuthNAll")
    local profile = h:get("/api/v2/REF30/profiles/Dish").json.profiles.Dish
    assert.equal("regular", profile.type)
  end)

  it("[decisions-refuses-unknown-rules] sandbox degradation: refuses "
    .. "unknown rules and integrations", function()
    local h = fixture.new()
    assert.is_nil(h.control.degrade {
      service_provider = "REF30", mvpd = "Dish", rule = "AuthAll" })
    assert.is_nil(h.control.degrade {
      service_provider = "REF30", mvpd = "Nobody", rule = "AuthNAll" })
  end)
end)

describe("a media token", function()
  local function token_of(h, mvpd, resource)
    local decision = first(h:authorize(mvpd, { resource }))
    return core.base64.decode(decision.token.serializedToken)
  end

  it("[decisions-documented-layout] sandbox media token: has the documented "
    .. "layout and a valid signature", function()
    local h = fixture.new()
    h:log_in("ann", "Cablevision")
    local text = token_of(h, "Cablevision", 'A & "B" <c>')
    local signature, signed = text:match
      "^<signatureInfo>(.-)</signatureInfo>(<shortAuthorizationToken>.*)$"
    local key = core.public_key(h.control.certificates().media)
    assert.is_true(key:verify(signed, core.base64.decode(signature)))
    assert.truthy(signed:find("<resourceID>A &amp; &quot;B&quot; &lt;c&gt;"
                              .. "</resourceID>", 1, true))
    assert.truthy(signed:find "<requestorID>REF30</requestorID>")
    assert.truthy(signed:find "<ttl>420000</ttl>")
    assert.truthy(signed:find "<mvpdId>Cablevision</mvpdId>")
    assert.truthy(signed:find
      "<issueTime>2025/06/15 15:06:40 GMT %+0000</issueTime>")
    assert.truthy(signed:find "<sessionGUID>[^<]+</sessionGUID>")
    assert.is_nil(signed:find "proxyMvpdId")
  end)

  it("[decisions-names-proxy-proxied] sandbox media token: names the proxy "
    .. "of a proxied mvpd", function()
    local h = fixture.new()
    h:log_in("ann", "SmallTown")
    local text = token_of(h, "SmallTown", "A")
    assert.truthy(text:find "<mvpdId>SmallTown</mvpdId>")
    assert.truthy(text:find "<proxyMvpdId>Clearleap</proxyMvpdId>")
    local row
    for _, mvpd in ipairs(h:get("/api/v2/REF30/configuration").json
                          .requestor.mvpds) do
      if mvpd.id == "SmallTown" then row = mvpd end
    end
    assert.is_true(row.isProxy)
  end)
end)

describe("metadata", function()
  it("[decisions-documented-shape] sandbox metadata: has every documented "
    .. "type and an encrypted zip", function()
    local h = fixture.new()
    h:log_in("ann", "Cablevision")
    local attributes =
      h:get("/api/v2/REF30/profiles").json.profiles.Cablevision.attributes
    assert.equal("string", type(attributes.userID.value))
    assert.equal("number", type(attributes.onNet.value))
    assert.is_true(json.is_array(attributes.channelID.value))
    assert.equal("X", attributes.maxRating.value.VCHIP)
    assert.equal("enc", attributes.zip.state)
    local key = core.private_key(h.control.certificates()
      .metadata_private_key)
    assert.equal("77754",
                 key:decrypt(core.base64.decode(attributes.zip.value)))
  end)

  it("[decisions-encrypts-list-json] sandbox metadata: encrypts a list as "
    .. "JSON, and only configured attributes", function()
    local h = fixture.new()
    h:log_in("bob", "Cablevision")
    h:log_in("bob", "Dish")
    local profiles = h:get("/api/v2/REF30/profiles").json.profiles
    local key = core.private_key(h.control.certificates()
      .metadata_private_key)
    assert.equal('["12345","77754"]', key:decrypt(
      core.base64.decode(profiles.Cablevision.attributes.zip.value)))
    assert.same({ "12345", "77754" }, profiles.Dish.attributes.zip.value)
    assert.equal("plain", profiles.Dish.attributes.zip.state)
  end)
end)
