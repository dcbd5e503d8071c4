--- Authorization of one resource for playback.

local assert_client_error = require "spec.support.assert_client_error"
local json = require "adobepass.util.json"
local timeline = require "spec.support.timeline"

describe("authorize", function()
  local scenario, client
  after_each(function() scenario, client = nil, nil end)

  local function viewer(name)
    scenario = timeline.new()
    client = scenario.client
    scenario:signed_in("Cablevision", name)
    assert(client:login {})
    scenario:clear_requests()
  end

  -- Sets the decision or the response of the service.
  local function decides(given)
    scenario:set_responder(function(_, operation)
      if operation ~= "authorize" then return nil end
      if type(given) == "function" then given = given() end
      if given.error and not given.resource or given.status then
        return given
      end
      return { body = { decisions = json.array { given } } }
    end)
  end

  it("[authorize-permitted-media-token] authorize: returns a permit with a "
    .. "media token and both time windows", function()
    viewer "ann"
    local decision = assert(client:authorize "CNN")
    assert.is_true(decision.permitted)
    assert.same({ "CNN", "Cablevision", "mvpd" },
      { decision.resource, decision.mvpd, decision.source })
    assert.equal("string", type(decision.media_token))
    assert.equal(scenario.sandbox:now(), decision.not_before)
    assert.equal(scenario.sandbox:now() + 86400000, decision.not_after)
    assert.equal(7 * 60 * 1000, decision.media_token_not_after
      - decision.media_token_not_before)
    assert.is_nil(decision.error)
    assert.is_nil(decision.reason)
  end)

  it("[authorize-decided-within-timeout] authorize: keeps one timeout over all "
    .. "retries", function()
    for seconds, times in pairs { [8] = 3, [25] = 2, [31] = 1 } do
      viewer "ann"
      local start, requests = scenario.driver.now(), 0
      scenario:set_responder(function(request, operation)
        if operation ~= "authorize" then return nil end
        requests = requests + 1
        assert.is_true(scenario.driver.now() + request.timeout <= start
          + 30.001)
        scenario.driver.sleep(seconds)
        return { body = { decisions = json.array { { resource = "CNN",
          authorized = false, error = { action = "retry", message = "Later.",
            code = "network_connection_timeout" } } } } }
      end)
      local decision = assert(client:authorize "CNN")
      assert.equal("retry", decision.error.action)
      assert.equal(times, requests)
    end
  end)

  it("[authorize-always-asked-cached] authorize: sends a request each time, "
    .. "because no decision is cached", function()
    viewer "ann"
    assert(client:preauthorize { "CNN" })
    local first = assert(client:authorize "CNN")
    scenario.driver.sleep(1)
    local second = assert(client:authorize "CNN")
    assert.equal(2, #scenario:request_times "authorize")
    assert.are_not.equal(first.media_token, second.media_token)
  end)

  it("[authorize-leaves-no-media-token] authorize: writes no media token to "
    .. "the store", function()
    viewer "ann"
    local token = assert(client:authorize "CNN").media_token
    for _, value in pairs(client.context.connection.store.values) do
      assert.is_nil(value:find(token, 1, true))
    end
  end)

  it("[authorize-denied-reason-next] authorize: returns a denial with its "
    .. "reason and the next action", function()
    viewer "bob"
    local decision = assert(client:authorize "HBO")
    assert.is_false(decision.permitted)
    assert.is_nil(decision.media_token)
    assert.equal("authorization_denied_by_mvpd", decision.error.code)
    assert.equal("none", decision.error.action)
    assert.truthy(decision.error.details:find "HBO")
    assert.equal(decision.error:viewer_text(), decision.reason)
  end)

  it("[authorize-denied-parents] authorize: returns a denial by parental "
    .. "controls", function()
    viewer "kim"
    local decision = assert(client:authorize "Late Night")
    assert.equal("authorization_denied_by_parental_controls",
      decision.error.code)
    assert.is_true(assert(client:authorize "Matinee").permitted)
  end)

  it("[authorize-logs-denied] authorize: keeps the viewer logged in after a "
    .. "denial", function()
    for _, name in ipairs { "bob", "stranger", "gone" } do
      viewer(name)
      assert.is_false(assert(client:authorize "HBO").permitted)
      assert.is_nil(scenario:counts().logout)
      assert.equal("Cablevision", assert(client:remembered_profile()).mvpd)
    end
    viewer "bob"
    assert.is_false(assert(client:authorize "HBO").permitted)
    assert.equal("Cablevision", assert(client:login {}).mvpd)
  end)

  it("[authorize-login-needed] authorize: returns not_logged_in when a login "
    .. "is required", function()
    viewer "ann"
    assert(scenario.control.revoke { mvpd = "Cablevision" })
    local decision = assert(client:authorize "CNN")
    assert.equal("authentication", decision.error.action)
    assert_client_error("not_logged_in", client:authorize "CNN")
  end)

  it("[authorize-asked-heal] authorize: retries a temporary failure", function()
    viewer "ann"
    assert.is_true(assert(client:authorize "Flaky").permitted)
    assert.equal(2, #scenario:request_times "authorize")
  end)

  it("[authorize-asked-three-times] authorize: sends at most three requests, "
    .. "with growing delays", function()
    viewer "ann"
    local decision = assert(client:authorize "Unreachable")
    assert.equal("network_connection_timeout", decision.error.code)
    assert.equal("retry", decision.error.action)
    local at = scenario:request_times "authorize"
    assert.equal(3, #at)
    assert.is_true(at[2] > at[1])
    assert.is_true(at[3] - at[2] > at[2] - at[1])
  end)

  it("[authorize-error-no-decision] authorize: returns an error after three "
    .. "requests without a decision", function()
    viewer "ann"
    decides { status = 500 }
    assert_client_error("http_500", client:authorize "CNN")
    assert.equal(3, #scenario:request_times "authorize")
    scenario:clear_requests()
    decides { error = "connect_failed" }
    assert_client_error("connect_failed", client:authorize "CNN")
    assert.equal(3, #scenario:request_times "authorize")
  end)

  it("[authorize-error-repeat-not-help] authorize: returns a permanent error "
    .. "without a retry", function()
    viewer "ann"
    assert_client_error("invalid_parameter_mvpd",
      client:authorize("CNN", { mvpd = "Nobody" }))
    assert.equal(1, #scenario:request_times "authorize")
  end)

  it("[authorize-never-permitted] authorize: denies a response that is not "
    .. "exactly a permit", function()
    viewer "ann"
    for _, given in ipairs {
      { resource = "CNN", authorized = "true" },
      { resource = "CNN", authorized = 1 },
      { resource = "TBS", authorized = true },
      { resource = 7, authorized = true }, {},
    } do
      decides(given)
      assert.is_false(assert(client:authorize "CNN").permitted)
    end
  end)

  it("[authorize-reads-resource-echoed] authorize: accepts a resource that the "
    .. "response repeats with a trailing space", function()
    viewer "ann"
    decides { resource = "CNN ", authorized = true, token = {
      serializedToken = "x" } }
    assert.equal("x", assert(client:authorize "CNN").media_token)
    -- Quadratic time would take hours.
    decides { resource = "CNN" .. (" "):rep(1000000) .. "x", authorized = true }
    assert.is_false(assert(client:authorize "CNN").permitted)
  end)

  it("[authorize-survives-permit-token] authorize: handles a permit without a "
    .. "media token", function()
    viewer "ann"
    for _, token in ipairs { false, 7, "x" } do
      decides { resource = "CNN", authorized = true, token = token }
      local decision = assert(client:authorize "CNN")
      assert.is_true(decision.permitted)
      assert.is_nil(decision.media_token)
    end
  end)

  it("[authorize-clock-jumps-between-reads] authorize: never raises when time "
    .. "passes between two reads of the clock", function()
    local reads, jump_at = 0, 0
    -- When the deadline passes between two reads, the call returns a decision or
    -- an error.
    local function attempt()
      viewer "ann"
      decides { resource = "CNN", authorized = false, error = { action = "retry",
        message = "Later.", code = "network_connection_timeout" } }
      local now = scenario.driver.now
      reads = 0
      function scenario.driver.now()
        reads = reads + 1
        return now() + (reads > jump_at and 100 or 0)
      end
      local ok, decision, err = pcall(client.authorize, client, "CNN")
      assert.is_true(ok, ("read %d: %s"):format(jump_at, tostring(decision)))
      assert.is_true(decision and not decision.permitted
        or err.code == "timeout", ("read %d"):format(jump_at))
    end
    repeat
      jump_at = jump_at + 1
      attempt()
    until jump_at >= reads
    assert.is_true(jump_at > 10)
  end)

  it("[authorize-mrss-sent] authorize: sends an MRSS resource "
    .. "unchanged", function()
    viewer "ann"
    local mrss = "<rss><channel><title>CNN</title></channel></rss> "
    assert.is_true(assert(client:authorize(mrss)).permitted)
    assert.equal(mrss,
      json.decode(scenario.requests[1].request.body).resources[1])
  end)

  it("[authorize-granted-provider] authorize: returns a permit while the "
    .. "provider is degraded", function()
    viewer "ann"
    local decision = assert(client:authorize("CNN",
      { mvpd = "Degraded_AuthZAll" }))
    assert.same({ true, "degradation" },
      { decision.permitted, decision.source })
    decision = assert(client:authorize("CNN",
      { mvpd = "Degraded_AuthZNone" }))
    assert.equal("authorization_denied_by_degradation_rule",
      decision.error.code)
  end)

  it("[authorize-needs-login-provider] authorize: requires a login or the "
    .. "option mvpd", function()
    scenario = timeline.new()
    local err = assert_client_error("not_logged_in",
      scenario.client:authorize "CNN")
    assert.equal("authentication", err.action)
    assert.same({}, scenario:counts())
  end)

  it("[authorize-store-broken-asks] authorize: returns a store error and sends "
    .. "no request", function()
    viewer "ann"
    client.context.connection.store.get = function()
      return nil, "The disk is gone.", "store_failed"
    end
    assert_client_error("store_failed", client:authorize "CNN")
    assert.same({}, scenario:counts())
  end)

  it("[authorize-raises-no-resource] authorize: raises for an invalid resource "
    .. "or option",
    function()
      viewer "ann"
      for _, case in ipairs { { 7 }, { nil }, { { "CNN" } },
        { "CNN", { mvpd = 7 } }, { "CNN", { nonsense = 1 } } } do
        local ok, message = pcall(function()
          client:authorize(case[1], case[2])
        end)
        assert.is_false(ok)
        assert.truthy(message:find "authorize_spec.*client:authorize",
          message)
      end
    end)
end)
