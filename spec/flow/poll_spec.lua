--- Poll tables: the exact second of every request, in twenty timelines.
--
-- Second 0 is when the code is shown. A code is valid for 1800 s. The client knows
-- the server's clock to half a second, so a poll whose time depends on the code's
-- expiry may differ by half a second; no other poll may.

local core = require "adobepass.core"
local json = require "adobepass.util.json"
local timeline = require "spec.support.timeline"

local LOGIN = { mvpd = "Cablevision", domain_name = "adobe.com",
  redirect_url = "https://adobe.com" }

local function every(step, first, last)
  local list = {}
  for second = first, last, step do list[#list + 1] = second end
  return list
end

local function joined(...)
  local list = {}
  for _, part in ipairs { ... } do
    for _, second in ipairs(part) do list[#list + 1] = second end
  end
  return list
end

local HTML = { body = "<html>Please log in to the hotel's network</html>" }

-- The last poll: one second before the expiry, by the client's estimate of the
-- server's time.
local LAST = 1799 - 0.5

-- title, options of client:login, script(on, code), state, seconds, reason
local TABLE = {
  { "[login-poll-viewer-signs] login: ends when the viewer signs in at once",
    {},
    function(scenario)
    scenario:at(1, function() scenario:sign_in(scenario.code) end)
  end, "done", { 5 } },

  { "[login-poll-viewer-ten-minutes] login: polls every five seconds while "
    .. "the viewer takes ten minutes", {}, function(scenario)
    scenario:at(598, function() scenario:sign_in(scenario.code) end)
  end, "done", every(5, 5, 600) },

  { "[login-poll-viewer-signs-two] login: ends when the viewer signs in two "
    .. "seconds before the code expires", {}, function(scenario)
    scenario:at(1797, function() scenario:sign_in(scenario.code) end)
  end, "done", joined(every(5, 5, 1795), { LAST }) },

  { "[login-poll-signs] login: stops polling when the code expires",
    {}, function() end, "login_expired",
    joined(every(5, 5, 1795), { LAST }) },

  { "[login-poll-signs-polled-3] login: polls every 3 seconds until the code "
    .. "expires", { interval = 3 },
    function() end, "login_expired", every(3, 3, 1797) },

  { "[login-poll-signs-polled-10] login: polls every 10 seconds until the "
    .. "code expires", { interval = 10 },
    function() end, "login_expired", joined(every(10, 10, 1790), { LAST }) },

  { "[login-poll-newer-device-begins] login: stops after a newer login of "
    .. "the same device", {}, function(scenario)
    scenario:at(12, function() scenario:new_client():start_login(LOGIN) end)
  end, "login_superseded", { 5, 10, 15 } },

  { "[login-poll-newer-client-begins] login: stops without a request after a "
    .. "newer login of the same client", {},
    function(scenario)
      scenario:at(12, function() scenario.client:start_login(LOGIN) end)
    end, "login_superseded", { 5, 10 } },

  { "[login-poll-viewer-turns] login: stops polling when the viewer cancels",
    {}, function(scenario, options)
    options.cancel = function() return scenario:since() >= 12 end
  end, "cancelled", { 5, 10 } },

  { "[login-poll-cancel-last-second] login: reports that the viewer cancelled, after "
    .. "the last poll", {}, function(scenario, options)
    options.cancel = function() return scenario:since() >= 1799.2 end
  end, "cancelled", joined(every(5, 5, 1795), { LAST }) },

  { "[login-poll-429-middle] login: continues after a 429",
    {}, function(scenario)
    scenario:fail_between(10, 10, { status = 429, body = "<html>" })
    scenario:at(18, function() scenario:sign_in(scenario.code) end)
  end, "done", { 5, 10, 15, 20 } },

  { "[login-poll-429-retry-after-12] login: waits 12 seconds after a 429 "
    .. "with Retry-After: 12", {}, function(scenario)
    scenario:fail_between(10, 10,
      { status = 429, headers = { ["retry-after"] = "12" } })
    scenario:at(18, function() scenario:sign_in(scenario.code) end)
  end, "done", { 5, 10, 22 } },

  { "[login-poll-429-retry-after-120] login: waits 120 seconds after a 429, "
    .. "longer than the timeout of a call", {},
    function(scenario)
      scenario:fail_between(10, 10,
        { status = 429, headers = { ["retry-after"] = "120" } })
      scenario:at(18, function() scenario:sign_in(scenario.code) end)
    end, "done", { 5, 10, 130 } },

  { "[login-poll-network-down-minute] login: continues after the network was "
    .. "down for a minute", {}, function(scenario)
    scenario:fail_between(10, 70, { error = "connect_failed" })
    scenario:at(30, function() scenario:sign_in(scenario.code) end)
  end, "done", every(5, 5, 75) },

  { "[login-poll-names-cannot-resolved] login: polls until the code expires "
    .. "while DNS lookups fail", {},
    function(scenario) scenario:fail_between(0, 3600,
      { error = "resolve_failed" }) end,
    "login_expired", joined(every(5, 5, 1795), { LAST }) },

  { "[login-poll-responses-not-timeout] login: continues after polls that "
    .. "took the whole timeout", {}, function(scenario)
    assert(scenario.control.fault { kind = "delay", seconds = 600, count = 2,
      operation = "profile_for_code" })
    scenario:at(50, function() scenario:sign_in(scenario.code) end)
  end, "done", { 5, 40, 75 } },

  { "[login-poll-wall-clock-jumps] login: keeps the interval when the wall "
    .. "clock jumps years ahead and back", {},
    function(scenario)
      scenario:at(7, function() scenario:set_wall(10 * 365 * 86400) end)
      scenario:at(22, function() scenario:set_wall(-20 * 365 * 86400) end)
      scenario:at(31, function() scenario:sign_in(scenario.code) end)
    end, "done", every(5, 5, 35) },

  { "[login-poll-junk-response] login: continues after a malformed response",
    {}, function(scenario)
    scenario:fail_between(5, 20, { body = "\0\255{" })
    scenario:at(11, function() scenario:sign_in(scenario.code) end)
  end, "done", every(5, 5, 25) },

  { "[login-poll-too-large] login: continues after a response that is too "
    .. "large", {}, function(scenario)
    scenario:fail_between(10, 10, { error = "too_large" })
    scenario:at(11, function() scenario:sign_in(scenario.code) end)
  end, "done", { 5, 10, 15 } },

  { "[login-poll-hotel-network] login: continues after responses of a "
    .. "captive portal", {}, function(scenario)
    scenario:fail_between(5, 10, HTML)
    scenario:fail_between(15, 15,
      { status = 302, headers = { location = "x" } })
    scenario:fail_between(20, 20, { error = "tls_failed" })
    scenario:at(11, function() scenario:sign_in(scenario.code) end)
  end, "done", every(5, 5, 25) },

  { "[login-poll-500-503] login: continues after responses 500 and 503",
    {}, function(scenario)
    scenario:fail_between(5, 10, { status = 500 })
    scenario:fail_between(15, 20, { status = 503 })
    scenario:at(11, function() scenario:sign_in(scenario.code) end)
  end, "done", every(5, 5, 25) },

  { "[login-poll-provider-says] login: stops when the provider denies the "
    .. "viewer", {}, function(scenario)
    scenario:fail_between(15, 15,
      { status = 403, body = { action = "authentication",
      code = "identity_not_recognized_by_mvpd", status = 403 } })
  end, "login_denied", { 5, 10, 15 } },

  { "[login-poll-firewall-403-no-adobe] login: stops after a 403 that is not "
    .. "from Adobe", {}, function(scenario)
    scenario:fail_between(15, 15, { status = 403, body = "<html>" })
  end, "http_403", { 5, 10, 15 } },

  { "[login-poll-integration-broken] login: stops after a configuration "
    .. "error of the integration", {}, function(scenario)
    scenario:fail_between(10, 10, { status = 500, body = { status = 500,
      action = "configuration", code = "invalid_configuration_platform" } })
  end, "invalid_configuration_platform", { 5, 10 } },

  { "[login-poll-access-token-revoked] login: refreshes a revoked access "
    .. "token once and repeats the poll", {}, function(scenario)
    scenario:fail_between(10, 10, { status = 401 }, 1)
    scenario:at(12, function() scenario:sign_in(scenario.code) end)
  end, "done", { 5, 10, 10, 15 } },

  { "[login-poll-screen-browser] login: sends no poll before the browser has "
    .. "returned", {},
    function(scenario, options)
      options.browser_returned = function() return scenario:since() >= 42 end
      scenario:at(41, function() scenario:sign_in(scenario.code) end)
    end, "done", { 42 } },

  { "[login-poll-screen-provider-slow] login: polls until the provider has "
    .. "reported the viewer, after the browser returned",
    {}, function(scenario, options)
    options.browser_returned = function() return scenario:since() >= 42 end
    scenario:at(49, function() scenario:sign_in(scenario.code) end)
  end, "done", { 42, 47, 52 } },

  { "[login-poll-screen-viewer-closes] login: stops without a poll when the "
    .. "viewer closes the browser", {}, function(scenario, options)
    options.browser_returned = function() return false end
    options.cancel = function() return scenario:since() >= 42 end
  end, "cancelled", {} },

  { "[login-poll-screen-browser-2] login: expires without a poll when the "
    .. "browser does not return", {}, function(_, options)
    options.browser_returned = function() return false end
  end, "login_expired", {} },
}

-- Returns a scenario with a wall clock that can be set and scheduled failures.
local function prepare()
  local scenario = timeline.new { rate_limit = {} }
  local wall, jump = core.clock.wall, 0
  rawset(scenario, "since", function() return scenario.driver.now() end)
  rawset(scenario, "set_wall", function(_, by) jump = by end)
  core.clock.wall = function() return wall() + jump end
  function scenario.restore() core.clock.wall = wall end
  local failures = {}
  rawset(scenario, "fail_between", function(_, from, to, given, most)
    table.insert(failures, { from = from, to = to, given = given,
      left = most or math.huge })
  end)
  scenario:set_responder(function(_, operation, seconds)
    for _, failure in ipairs(failures) do
      if operation == "profile_for_code" and failure.left > 0
          and seconds >= failure.from and seconds <= failure.to then
        failure.left = failure.left - 1
        return failure.given
      end
    end
  end)
  return scenario
end

local function run(scenario, row)
  local options = { on_code = function(flow) scenario.code = flow.code end }
  for name, value in pairs(LOGIN) do options[name] = value end
  for name, value in pairs(row[2]) do options[name] = value end
  row[3](scenario, options)
  local found, err = scenario:run(
    function() return scenario.client:login(options) end)
  return found and "done" or err.code
end

local function assert_times(expected, found)
  assert.equal(#expected, #found, table.concat(found, " "))
  for index, second in ipairs(expected) do
    local about = second == LAST and 0.51 or 0.001
    assert.is_true(math.abs(second - found[index]) <= about,
      ("poll %d at %g, not %g"):format(index, found[index], second))
  end
end

describe("polling", function()
  local scenario
  before_each(function() scenario = prepare() end)
  after_each(function()
    scenario.restore()
    scenario = nil
  end)

  for _, row in ipairs(TABLE) do
    -- tags: TABLE
    it(row[1], function()
      assert.equal(row[4], run(scenario, row))
      local times = scenario:request_times "profile_for_code"
      assert_times(row[5], times)
      for index, second in ipairs(times) do
        local before = times[index - 1]
        assert.is_true(second < 1800)
        assert.is_true(not before or second - before >= 2.999
          or row[1]:find "token" ~= nil)
      end
    end)
  end

  it("[login-poll-repeats-call-ask] poll_login: does not retry a failed "
    .. "request within a call", function()
    scenario:set_responder(function(_, operation)
      return operation == "profiles" and { status = 503 } or nil
    end)
    assert.is_nil(scenario.client.api:profiles { once = true })
    assert.equal(1, #scenario:request_times "profiles")
    assert.is_nil(scenario.client.api:profiles { once = false })
    assert.equal(1 + 3, #scenario:request_times "profiles")
    assert.has_error(function()
      scenario.client.api:profiles { once = 1 }
    end)
  end)

  describe("with a Date that does not advance", function()
    -- Logs in while every poll returns no profile and the Date does not advance.
    -- Returns the error's code and the duration of the login, in seconds.
    local function poll(session, options)
      local date = scenario:date()
      rawset(scenario, "date", function() return date end)
      scenario:set_responder(function(_, operation)
        if operation == "profile_for_code" then
          -- The option `cancel` would be called four times a second.
          assert(scenario.driver.now() < 200000, "the login does not end")
          return { body = '{"profiles":{}}' }
        elseif operation == "create_session" and session then
          return { body = session }
        end
      end)
      local started = scenario.driver.now()
      options.on_code = function() end
      for name, value in pairs(LOGIN) do options[name] = value end
      local _, err = scenario.client:login(options)
      return err.code, scenario.driver.now() - started
    end

    local function session(not_before, not_after)
      return { actionName = "authenticate", actionType = "interactive",
        code = "ABC", notBefore = not_before and scenario.sandbox:now()
          + not_before * 1000, notAfter = not_after and scenario.sandbox:now()
          + not_after * 1000 }
    end

    it("[login-poll-date-stands-still] login: ends after the code's lifetime by "
      .. "the monotonic clock, if the Date does not advance", function()
      local code, seconds = poll(nil, {})
      assert.equal("login_expired", code)
      assert.is_true(seconds >= 1800 and seconds <= 1865, seconds)
    end)

    it("[login-poll-date-still-lifetime] login: a code's lifetime is notAfter minus "
      .. "notBefore, or half an hour if that is invalid", function()
      for _, case in ipairs { { 0, 600, 600 }, { -300, 600, 900 },
          { nil, 7200, 7200 }, { nil, nil, 1800 }, { 0, 1e9, 1800 },
          { 0, 86400, 86400, interval = 3600 }, { -5, -5, 1800 } } do
        scenario = prepare()
        local code, seconds = poll(session(case[1], case[2]),
          { interval = case.interval or 5 })
        assert.equal("login_expired", code)
        assert.is_true(seconds >= case[3] and seconds <= case[3] + 65, seconds)
      end
    end)

    it("[login-poll-date-still-copy] poll_login: ends a stored login by the "
      .. "monotonic clock, if the Date does not advance", function()
      local date = scenario:date()
      rawset(scenario, "date", function() return date end)
      scenario:respond_with("profile_for_code", '{"profiles":{}}')
      local flow = json.encode(assert(scenario.client:start_login(LOGIN)))
      for _ = 1, 3 do
        scenario.driver.sleep(600)
        assert.equal("pending",
          select(2, scenario.client:poll_login(json.decode(flow))))
      end
      scenario.driver.sleep(61)
      assert.equal("expired",
        select(2, scenario.client:poll_login(json.decode(flow))))
    end)
  end)

  -- Without a Date: only the first response, or all up to that with the code.
  for _, count in ipairs { 1, 3 } do
    for title, years in pairs { ahead = 10, behind = -50 } do
      it("[login-poll-date-comes-late] login: works on a device whose clock is years "
        .. title .. " if the first " .. count .. " responses have no Date", function()
        local missing, date = count, scenario.date
        rawset(scenario, "date", function()
          missing = missing - 1
          return missing < 0 and date(scenario) or nil
        end)
        scenario:set_wall(years * 365 * 86400)
        local ends = scenario.sandbox:now() + 1800 * 1000
        assert.equal("done", run(scenario, { "", {}, function(_, options)
          function options.on_code(flow)
            assert.is_true(math.abs(flow.expires_at - ends) < 1000)
            scenario.code = flow.code
          end
          scenario:at(200, function() scenario:sign_in(scenario.code) end)
        end }))
        local times = scenario:request_times "profile_for_code"
        assert.equal(200, times[#times])
        assert.is_true(missing < 0)
      end)
    end
  end

  it("[login-poll-never-faster-adobe] login: raises for a polling interval "
    .. "below Adobe's minimum", function()
    for _, name in ipairs { "login", "start_login" } do
      assert.error_matches(function()
        scenario.client[name](scenario.client, { interval = 2.9 })
      end, "interval should be 3 seconds or more")
    end
  end)
end)
