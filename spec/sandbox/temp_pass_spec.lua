--- TempPass: basic, promotional, and its reset (operations 16 and 17).
local fixture = require "spec.sandbox.fixture"
local users = require "adobepass.sandbox.data.users"

local BASIC, PROMO = "TempPass_TEST40", "flexibleTempPass"
local HASH = users.sha256_hex "user@domain.com"

local function who(value)
  return { ["AP-TempPass-Identity"] = fixture.encode { email = value } }
end

local function verdict(h, mvpd, resource, extra)
  local decision = h:authorize(mvpd, { resource }, extra).json.decisions[1]
  assert.equal("temppass", decision.source)
  return decision.authorized and "permit" or decision.error.code
end

local function profile(h, mvpd, extra)
  local response = h:get("/api/v2/REF30/profiles/" .. mvpd, extra)
  return response.json.profiles and response.json.profiles[mvpd]
    or response.json.code
end

local OVER = "temporary_access_duration_limit_exceeded"
local SPENT = "temporary_access_resources_limit_exceeded"

describe("basic TempPass", function()
  it("[temp-pass-starts-first] sandbox TempPass: starts with the first "
    .. "authorization and expires", function()
    local h = fixture.new()
    h:preauthorize(BASIC, { "A" })
    profile(h, BASIC)
    h.control.clock { advance = 3600000 }
    assert.equal("permit", verdict(h, BASIC, "A"))
    h.control.clock { advance = 180000 - 1 }
    assert.equal("permit", verdict(h, BASIC, "B"))
    h.control.clock { advance = 1 }
    assert.equal(OVER, verdict(h, BASIC, "A"))
    assert.equal(OVER, profile(h, BASIC))
  end)

  it("[temp-pass-device] sandbox TempPass: belongs to the "
    .. "device", function()
    local h = fixture.new()
    verdict(h, BASIC, "A")
    h.control.clock { advance = 180000 }
    assert.equal(OVER, verdict(h, BASIC, "A"))
    h.device = "another"
    assert.equal("permit", verdict(h, BASIC, "A"))
  end)

  it("[temp-pass-shows-ends] sandbox TempPass: shows when it "
    .. "expires", function()
    local h = fixture.new()
    verdict(h, BASIC, "A")
    local shown = profile(h, BASIC)
    assert.equal("temporary", shown.type)
    assert.equal("Adobe", shown.issuer)
    assert.equal(fixture.START + 180000, shown.notAfter)
    assert.equal(shown.notAfter, shown.attributes.expiration_date.value)
    assert.is_nil(shown.attributes.remaining_resources)
  end)

  it("[temp-pass-lives-regular-login] sandbox TempPass: exists beside a "
    .. "regular profile", function()
    local h = fixture.new()
    verdict(h, BASIC, "A")
    h:log_in("ann", "Cablevision")
    assert.equal("permit", verdict(h, BASIC, "A"))
    local response = h:log_out "TempPass_TEST40"
    assert.equal("complete",
                 response.json.logouts[BASIC].actionName)
    assert.equal("Cablevision",
      next(h:get("/api/v2/REF30/profiles").json.profiles))
  end)
end)

describe("promotional TempPass", function()
  it("[temp-pass-counts-resources] sandbox promotional TempPass: counts "
    .. "each resource once", function()
    local h = fixture.new()
    for _, resource in ipairs { "A", "A", "B", "C", "D" } do
      assert.equal("permit", verdict(h, PROMO, resource, who "x"))
    end
    local shown = profile(h, PROMO, who "x").attributes
    assert.equal(1, shown.remaining_resources.value)
    assert.same({ "A", "B", "C", "D" }, shown.used_assets.value)
    verdict(h, PROMO, "E", who "x")
    assert.equal(SPENT, verdict(h, PROMO, "F", who "x"))
    assert.equal(SPENT, profile(h, PROMO, who "x"))
  end)

  it("[temp-pass-counts-several] sandbox promotional TempPass: counts each "
    .. "resource of a request", function()
    local h = fixture.new { world = function(world)
      world.mode = { "many_resources" }
    end }
    h.sandbox.world.mvpds[PROMO].temp_pass.resources = 2
    local list = h:authorize(PROMO, { "A", "B", "C" }, who "x").json.decisions
    assert.is_true(list[1].authorized)
    assert.is_true(list[2].authorized)
    assert.equal(SPENT, list[3].error.code)
  end)

  -- Uses up the trial of the identity `first` on `first device`. Returns the
  -- verdict for the given device and identity, as in the table of Adobe's page.
  local function spent_on(device, identity)
    local h = fixture.new()
    h.sandbox.world.mvpds[PROMO].temp_pass.resources = 1
    h.device = "first device"
    verdict(h, PROMO, "A", who "first")
    h.device = device
    return verdict(h, PROMO, "B", who(identity))
  end

  it("[temp-pass-viewer-device-identity] sandbox promotional TempPass: a trial "
    .. "is found by device or by identity", function()
    assert.equal("permit", spent_on("new device", "new"))
    assert.equal(SPENT, spent_on("new device", "first"))
    assert.equal(SPENT, spent_on("first device", "new"))
    assert.equal(SPENT, spent_on("first device", "first"))
  end)

  it("[temp-pass-needs-identity-key] sandbox promotional TempPass: requires "
    .. "an identity under its key", function()
    local h = fixture.new()
    local code = "invalid_header_identity_for_temporary_access"
    for _, extra in ipairs {
      {}, who(""), { ["AP-TempPass-Identity"] = "junk" },
      { ["AP-TempPass-Identity"] = fixture.encode { phone = "1" } },
      { ["AP-TempPass-Identity"] = fixture.encode { email = 5 } },
    } do
      assert.equal(code, verdict(h, PROMO, "A", extra))
      assert.equal(code, profile(h, PROMO, extra))
    end
  end)
end)

describe("reset", function()
  local RESET = "/reset-tempass/v3/reset"
  local WHICH = "?requestor_id=REF30&mvpd_id="

  local function spent()
    local h = fixture.new()
    h.device = "tv 1"
    verdict(h, BASIC, "A")
    h.device = "tv 2"
    verdict(h, BASIC, "A")
    h.control.clock { advance = 180000 }
    return h
  end

  local function state_of(h, device)
    h.device = device
    return verdict(h, BASIC, "A")
  end

  it("[temp-pass-begins-device] sandbox TempPass reset: resets one "
    .. "device", function()
    local h = spent()
    local response = h:delete(RESET .. WHICH .. BASIC .. "&device_id=tv%201")
    assert.equal(204, response.status)
    assert.equal("", response.body)
    assert.equal("permit", state_of(h, "tv 1"))
    assert.equal(OVER, state_of(h, "tv 2"))
  end)

  for _, tail in ipairs { "", "&device_id=", "&device_id=all" } do
    it("[temp-pass-begins-device-2] sandbox TempPass reset: resets every "
      .. "device with the query '" .. tail .. "'", function()
      local h = spent()
      assert.equal(204, h:delete(RESET .. WHICH .. BASIC .. tail).status)
      assert.equal("permit", state_of(h, "tv 1"))
      assert.equal("permit", state_of(h, "tv 2"))
    end)
  end

  it("[temp-pass-finds-identity-hash] sandbox TempPass reset: finds an "
    .. "identity by its hash", function()
    for _, identity in ipairs { HASH, "user@domain.com" } do
      local h = fixture.new()
      h.sandbox.world.mvpds[PROMO].temp_pass.resources = 1
      verdict(h, PROMO, "A", who(identity))
      assert.equal(SPENT, verdict(h, PROMO, "B", who(identity)))
      h:delete(RESET .. "/generic" .. WHICH .. PROMO .. "&key=other")
      assert.equal(SPENT, verdict(h, PROMO, "B", who(identity)))
      h:delete(RESET .. "/generic" .. WHICH .. PROMO .. "&key=" .. HASH)
      assert.equal("permit", verdict(h, PROMO, "B", who(identity)))
    end
  end)

  it("[temp-pass-resets-identity-key] sandbox TempPass reset: key=all "
    .. "resets every identity", function()
    local h = fixture.new()
    h.sandbox.world.mvpds[PROMO].temp_pass.resources = 1
    verdict(h, PROMO, "A", who "x")
    h:delete(RESET .. "/generic" .. WHICH .. PROMO .. "&key=all")
    assert.equal("permit", verdict(h, PROMO, "B", who "x"))
  end)

  it("[temp-pass-refuses-must] sandbox TempPass reset: refuses invalid "
    .. "requests", function()
    local h = fixture.new()
    local cases = {
      { RESET, {}, 400 },
      { RESET .. "?requestor_id=REF30", {}, 400 },
      { RESET .. WHICH .. "Cablevision", {}, 400 },
      { RESET .. WHICH .. BASIC, { authorization = false }, 401 },
      { RESET .. "?requestor_id=OTHER&mvpd_id=TempPass", {}, 401 },
    }
    for _, case in ipairs(cases) do
      assert.equal(case[3], h:delete(case[1], case[2]).status)
    end
    h.control.revoke { client_id = h.client.client_id }
    assert.equal(403, h:delete(RESET .. WHICH .. BASIC).status)
  end)

  it("[temp-pass-management-host] sandbox TempPass reset: is on the "
    .. "management host only", function()
    local h = fixture.new { mgmt = "https://mgmt.test" }
    local function ask(role)
      return h:send { method = "DELETE", path = RESET, host_role = role,
        query = "requestor_id=REF30&mvpd_id=" .. BASIC,
        headers = h:headers(nil, "DELETE", RESET) }.status
    end
    assert.equal(204, ask "mgmt")
    assert.equal(404, ask "api")
    assert.equal(404, h:send { method = "GET", host_role = "mgmt",
      path = "/api/v2/REF30/profiles", headers = h:headers() }.status)
  end)
end)
