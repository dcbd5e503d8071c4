--- TempPass: temporary access without a login.

local assert_client_error = require "spec.support.assert_client_error"
local assert_raises = require "spec.support.assert_raises"
local core = require "adobepass.core"
local json = require "adobepass.util.json"
local operation_setup = require "spec.support.operation_setup"
local timeline = require "spec.support.timeline"

local EMAIL = "user@domain.com"
local SHA256 =
  "f7ee5ec7312165148b69fcca1d29075b14b8aef0b5048a332b18b88d09069fb7"
local THREE_MINUTES, FIVE_MINUTES = "TempPass_TEST40", "TempPass_5mins"
local FIVE_TITLES = "flexibleTempPass"
local OVER = "temporary_access_duration_limit_exceeded"
local SPENT = "temporary_access_resources_limit_exceeded"

describe("temporary access", function()
  local scenario

  before_each(function() scenario = timeline.new() end)

  local function new_pass(options)
    return scenario.client:temporary_access(options)
  end

  local function plays(pass, resource)
    return assert(pass:authorize(resource or "CNN")).permitted
  end

  local function permit(pass, resource)
    local decision = assert(pass:authorize(resource or "CNN"))
    assert.is_true(decision.permitted, decision.reason)
    return decision
  end

  local function denial(pass, resource)
    local decision = assert(pass:authorize(resource or "CNN"))
    assert.is_false(decision.permitted)
    return decision
  end

  -- The server's Date has whole seconds.
  local function is_near(expected, value)
    assert.is_true(math.abs(expected - value) <= 1000,
      ("%s is not about %d"):format(tostring(value), expected))
  end

  -- Asserts that a call raises at the line of this spec, with the method's name.
  local function raises(method, options)
    local fine, message = pcall(function()
      scenario.client[method](scenario.client, options)
    end)
    assert.is_false(fine)
    assert.matches("temporary_access_spec.lua:%d+: client:" .. method .. ": ",
      message)
  end

  local function pass_for(minutes) scenario.driver.sleep(minutes * 60) end

  describe("basic TempPass", function()
    it("[temp-access-plays-login-three] basic TempPass: plays without a login, "
      .. "in three requests from a cold start", function()
      local decision = permit(new_pass { mvpd = THREE_MINUTES })
      assert.equal("temppass", decision.source)
      assert.is_string(decision.media_token)
      local names = {}
      for index, entry in ipairs(scenario:received()) do
        names[index] = entry.operation
      end
      assert.same({ "register", "token", "authorize" }, names)
    end)

    it("[temp-access-end-first-playback] basic TempPass: has no expiry time "
      .. "before the first playback", function()
      local pass = new_pass { mvpd = THREE_MINUTES }
      assert.is_nil(pass:remaining_ms())
      assert.equal("active", pass:check())
      assert.same({}, scenario:received())
    end)

    it("[temp-access-left-asking-playback] basic TempPass: returns the "
      .. "remaining time, with one request per playback", function()
      local pass = new_pass { mvpd = THREE_MINUTES }
      permit(pass)
      is_near(180000, pass:remaining_ms())
      pass_for(1)
      is_near(120000, pass:remaining_ms())
      assert.is_nil(pass:remaining_resources())
      assert.equal(1, #scenario:received "profile")
      assert.equal("temporary", pass.profile.type)
    end)

    it("[temp-access-left-asked-playback] basic TempPass: returns the full "
      .. "duration before the first playback", function()
      local pass = new_pass { mvpd = THREE_MINUTES }
      assert.is_true(pass:refresh())
      is_near(180000, pass:remaining_ms())
      pass_for(10) -- the pass has not started
      permit(pass)
      is_near(180000, pass:remaining_ms())
      assert.equal("active", pass:check())
    end)

    it("[temp-access-ends-denial-log] basic TempPass: ends with a denial that "
      .. "asks for a login", function()
      local pass = new_pass { mvpd = THREE_MINUTES }
      permit(pass)
      pass_for(3)
      local decision = denial(pass)
      assert.equal(OVER, decision.error.code)
      assert.equal("authentication", decision.error.action)
      assert.is_string(decision.reason)
      local fine, err = pass:refresh()
      assert.is_nil(fine)
      assert.equal(OVER, err.code)
      assert.equal("authentication", err.action)
      assert.equal(0, pass:remaining_ms())
    end)

    it("[temp-access-real-login-not-touch] basic TempPass: does not change an "
      .. "existing login", function()
      local pass = new_pass { mvpd = THREE_MINUTES }
      permit(pass)
      assert.is_nil(scenario.client.context:recall "profile")
      assert.is_nil(scenario.client.context:recall "provider")
      pass_for(3)
      denial(pass)
      local flow = assert(scenario.client:start_login { mvpd = "Cablevision",
        domain_name = "adobe.com", redirect_url = "https://adobe.com" })
      assert.equal("pending", flow.state)
      assert(scenario.control.login { code = flow.code, username = "ann" })
      assert.equal("Cablevision", assert(scenario.client:poll_login(flow)).mvpd)
      local decision = assert(scenario.client:authorize "CNN")
      assert.is_true(decision.permitted)
      assert.equal("Cablevision", decision.mvpd)
      assert.equal(OVER, denial(pass).error.code)
      assert.equal("Cablevision",
        scenario.client.context:recall("profile").mvpd)
    end)

    it("[temp-access-hands-went-wrong] basic TempPass: returns other errors to "
      .. "the caller", function()
      scenario.control.fault { kind = "status", status = 500,
        operation = "authorize", count = 99 }
      local decision, err = new_pass { mvpd = THREE_MINUTES }
        :authorize "CNN"
      assert.is_nil(decision)
      assert.equal(500, err.http_status)
    end)
  end)

  describe("promotional TempPass", function()
    local function promotion(changes)
      local options = { mvpd = FIVE_TITLES, user = { email = EMAIL } }
      for name, value in pairs(changes or {}) do options[name] = value end
      return new_pass(options)
    end

    local function sent_identity()
      local list = scenario:received "authorize"
      local header = list[#list].headers["ap-temppass-identity"]
      return json.decode(core.base64.decode(header))
    end

    it("[temp-access-sends-sha-256-adobe] promotional TempPass: sends the "
      .. "SHA-256 hash of Adobe's example", function()
      permit(promotion())
      assert.same({ email = SHA256 }, sent_identity())
    end)

    it("[temp-access-hash-however-address] promotional TempPass: normalizes "
      .. "the email address before hashing", function()
      for _, typed in ipairs { "User@Domain.com", "  user@domain.com ",
        "\tUSER@DOMAIN.COM\n", SHA256, SHA256:upper() } do
        permit(promotion { user = { email = typed } })
        assert.same({ email = SHA256 }, sent_identity())
      end
    end)

    it("[temp-access-sends-sha-512] promotional TempPass: sends a SHA-512 hash "
      .. "if requested", function()
      permit(promotion { hash = "sha512" })
      assert.same({ email = core.digest.hex(core.digest.sha512(EMAIL)) },
        sent_identity())
    end)

    it("[temp-access-never-shows-viewer] promotional TempPass: keeps the "
      .. "viewer's identity out of events and errors", function()
      local events = {}
      scenario = timeline.new { on_event = function(event)
        events[#events + 1] = event
      end }
      local pass = promotion { user = { email = "User@Domain.com" } }
      permit(pass)
      pass:check()
      pass:refresh()
      assert(scenario.client:reset_temp_pass { mvpd = FIVE_TITLES,
        key = "User@Domain.com" })
      assert.is_true(#scenario:received() >= 4)
      local seen = { json.encode(scenario.control.journal()),
        json.encode(events),
        json.encode(scenario.control.snapshot()), json.encode(pass.user) }
      for name, value in pairs(
          scenario.client.context.connection.store.values) do
        seen[#seen + 1] = name .. " " .. value
      end
      for _, text in ipairs(seen) do
        text = text:lower()
        assert.is_nil(text:find("domain.com", 1, true))
        assert.is_nil(text:find(core.base64.encode(EMAIL), 1, true))
      end
    end)

    it("[temp-access-titles-left] promotional TempPass: returns the number of "
      .. "remaining titles", function()
      local pass = promotion()
      assert.is_nil(pass:remaining_resources())
      permit(pass, "A")
      assert.equal(4, pass:remaining_resources())
      is_near(3600000, pass:remaining_ms())
      permit(pass, "A") -- a title counts once
      assert.equal(4, pass:remaining_resources())
      for _, title in ipairs { "B", "C", "D" } do permit(pass, title) end
      assert.equal(1, pass:remaining_resources())
    end)

    it("[temp-access-none-left-last] promotional TempPass: has no remaining "
      .. "title while the last one plays", function()
      local pass = promotion()
      for _, title in ipairs { "A", "B", "C", "D" } do permit(pass, title) end
      assert.equal(1, pass:remaining_resources())
      permit(pass, "E")
      assert.equal(0, pass:remaining_resources())
      assert.equal("active", pass:check())
      local decision = denial(pass, "F")
      assert.equal(SPENT, decision.error.code)
      assert.equal("authentication", decision.error.action)
    end)

    it("[temp-access-viewer-device] promotional TempPass: recognizes the "
      .. "viewer on another device", function()
      local pass = promotion()
      for _, title in ipairs { "A", "B", "C", "D", "E" } do
        permit(pass, title)
      end
      scenario.client = scenario.client:device { id = "another" }
      assert.equal(SPENT, denial(promotion(), "F").error.code)
    end)

    it("[temp-access-identity-missing] promotional TempPass: returns an error "
      .. "without a user identity", function()
      local decision, err = new_pass { mvpd = FIVE_TITLES }:authorize "A"
      err = decision and decision.error or err
      assert.equal("invalid_header_identity_for_temporary_access", err.code)
      assert.matches("Give the option user, such as { email", err:hint(), 1, true)
    end)
  end)

  describe("several passes", function()
    local LIST = { FIVE_MINUTES, THREE_MINUTES }

    it("[temp-access-next-used-call] several passes: a call that finds a pass used "
      .. "up requests the next one", function()
      local pass = new_pass { mvpd = LIST }
      assert.equal(FIVE_MINUTES, permit(pass).mvpd)
      pass_for(5)
      assert.equal(THREE_MINUTES, permit(pass).mvpd)
      assert.equal(THREE_MINUTES, pass.mvpd)
      is_near(180000, pass:remaining_ms())
      pass_for(3)
      assert.equal(OVER, denial(pass).error.code)
    end)

    it("[temp-access-finds-left-restart] several passes: the unused one is "
      .. "found after a restart", function()
      permit(new_pass { mvpd = LIST })
      pass_for(5)
      local pass = new_pass { mvpd = LIST }
      assert.is_true(pass:refresh())
      assert.equal(THREE_MINUTES, pass.mvpd)
      permit(pass)
      pass_for(3)
      local fine, err = new_pass({ mvpd = LIST }):refresh()
      assert.is_nil(fine)
      assert.equal("authentication", err.action)
    end)

    it("[temp-access-titles-used] several passes: the next one is used when "
      .. "all titles are used up", function()
      local pass = new_pass { mvpd = { FIVE_TITLES, THREE_MINUTES },
        user = { email = EMAIL } }
      for _, title in ipairs { "A", "B", "C", "D", "E" } do
        assert.equal(FIVE_TITLES, permit(pass, title).mvpd)
      end
      assert.equal(THREE_MINUTES, permit(pass, "F").mvpd)
      assert.is_nil(pass:remaining_resources())
    end)

    it("[temp-access-plays-last-day] several passes: the last one plays again "
      .. "when its next day starts", function()
      local pass = new_pass { mvpd = LIST }
      permit(pass)
      pass_for(5)
      permit(pass)
      pass_for(3)
      assert.is_false(plays(pass))
      assert(scenario.client:reset_temp_pass { mvpd = THREE_MINUTES,
        everyone = true })
      permit(pass)
      is_near(180000, pass:remaining_ms())
      assert.equal("active", pass:check())
    end)

    it("[temp-access-response-refusal] several passes: the next one is used "
      .. "when the whole response is a refusal", function()
      scenario.control.fault { kind = "error", code = OVER,
        operation = "authorize" }
      local pass = new_pass { mvpd = LIST }
      assert.equal(THREE_MINUTES, permit(pass).mvpd)
      scenario.control.fault { kind = "error", code = SPENT,
        operation = "authorize" }
      local decision, err = pass:authorize "CNN"
      assert.is_nil(decision)
      assert.equal(SPENT, err.code)
    end)

    for _, when in ipairs { "before its end", "after its end" } do
      it("[temp-access-next-last] several passes: a check of the old pass " .. when
        .. " does not end the next one",
        function()
          local pass, requests = new_pass { mvpd = LIST }, 0
          permit(pass)
          if when == "before its end" then pass:check() end
          pass_for(5)
          assert.equal("expired", pass:check())
          scenario:set_responder(function(_, operation)
            if operation ~= "authorize" then return nil end
            requests = requests + 1
            return requests > 1 and { status = 500 } or nil
          end)
          local decision, err = pass:authorize "CNN"
          assert.is_nil(decision)
          assert.equal(500, err.http_status)
          assert.equal(THREE_MINUTES, pass.mvpd)
          assert.is_nil(pass.profile)
          assert.is_nil(pass:remaining_ms())
          assert.equal("active", pass:check())
        end)
    end

    it("[temp-access-no-late-response-old] several passes: a late response for "
      .. "the old pass does not change the new one", function()
      local notified
      local pass = new_pass { mvpd = LIST,
        on_expired = function(which) notified = which.mvpd end }
      permit(pass)
      pass_for(5)
      scenario.control.fault { kind = "delay", operation = "profile",
        seconds = 2 }
      scenario.driver.run(function() assert.equal("active", pass:check()) end,
        function() permit(pass) end)
      assert.equal(THREE_MINUTES, pass.mvpd)
      assert.is_nil(notified)
      assert.equal("active", pass:check())
      is_near(180000, pass:remaining_ms())
    end)

    it("[temp-access-refresh-old] several passes: a refresh of the old pass succeeds "
      .. "when another call used it up meanwhile", function()
      local pass = new_pass { mvpd = { FIVE_MINUTES, THREE_MINUTES } }
      permit(pass)
      pass_for(6)
      scenario.control.fault { kind = "delay", seconds = 2, operation = "profile" }
      local fine, err
      scenario.driver.run(function() fine, err = pass:refresh() end,
        function() permit(pass) end)
      assert.is_true(fine)
      assert.is_nil(err)
      assert.equal(THREE_MINUTES, pass.mvpd)
    end)

    it("[temp-access-however-find-used] several passes: concurrent calls "
      .. "advance by one pass only", function()
      local pass = new_pass { mvpd = { FIVE_MINUTES, THREE_MINUTES,
        "TempPass" } }
      permit(pass)
      pass_for(5)
      local used = {}
      local function viewer()
        local decision = permit(pass)
        used[#used + 1] = decision.mvpd
      end
      scenario.driver.run(viewer, viewer, viewer)
      assert.same({ THREE_MINUTES, THREE_MINUTES, THREE_MINUTES }, used)
      assert.equal(THREE_MINUTES, pass.mvpd)
    end)
  end)

  describe("preauthorize", function()
    local function open(pass, resources)
      return assert(pass:preauthorize(resources or { "CNN" })).permitted
    end

    local function asked() return #scenario:received "preauthorize" end

    it("[temp-access-preauthorize] pass preauthorize: filters a catalog without a "
      .. "login, and does not start the pass", function()
      local pass = new_pass { mvpd = THREE_MINUTES }
      local result = assert(pass:preauthorize { "CNN", "TBS" })
      assert.same({ "CNN", "TBS" }, result.permitted)
      assert.equal("temppass", result.decisions[1].source)
      assert.equal(THREE_MINUTES, result.mvpd)
      pass_for(10)
      permit(pass)
      is_near(180000, pass:remaining_ms())
    end)

    it("[temp-access-preauthorize-user] pass preauthorize: sends the hashed user of "
      .. "a promotional pass, and none for a basic one", function()
      open(new_pass { mvpd = FIVE_TITLES, user = { email = EMAIL } })
      open(new_pass { mvpd = THREE_MINUTES })
      local list = scenario:received "preauthorize"
      assert.same({ email = SHA256 }, json.decode(core.base64.decode(
        list[1].headers["ap-temppass-identity"])))
      assert.is_nil(list[2].headers["ap-temppass-identity"])
    end)

    it("[temp-access-permits-end] pass preauthorize: cached permits end with the "
      .. "pass", function()
      local pass = new_pass { mvpd = THREE_MINUTES }
      permit(pass)
      assert.same({ "CNN" }, open(pass))
      pass_for(2)
      assert.same({ "CNN" }, open(pass))
      assert.equal(1, asked())
      pass_for(1.1)
      local result = assert(pass:preauthorize { "CNN" })
      assert.same({}, result.permitted)
      assert.equal(OVER, result.denied[1].error.code)
      assert.equal(2, asked())
    end)

    it("[temp-access-permits-over] pass preauthorize: after a denial that ends the "
      .. "pass early, cached permits are not used", function()
      local pass = new_pass { mvpd = THREE_MINUTES }
      permit(pass)
      open(pass)
      open(pass)
      assert.equal(1, asked())
      scenario.control.fault { kind = "error", code = OVER, operation = "authorize" }
      assert.is_nil((pass:authorize "TBS"))
      assert.equal(0, pass:remaining_ms())
      open(pass)
      assert.equal(2, asked())
      permit(pass)
      is_near(180000, pass:remaining_ms())
    end)

    it("[temp-access-permits-own-end] pass preauthorize: a cached permit ends at its "
      .. "own notAfter, if that is earlier than the end of the pass", function()
      local pass = new_pass { mvpd = THREE_MINUTES }
      permit(pass)
      local requests = 0
      scenario:set_responder(function(_, operation)
        if operation ~= "preauthorize" then return nil end
        requests = requests + 1
        local now = scenario.sandbox:now()
        return { body = { decisions = json.array { { resource = "CNN",
          authorized = true, source = "temppass", notBefore = now,
          notAfter = now + 60000 } } } }
      end)
      open(pass)
      pass_for(0.9)
      open(pass)
      assert.equal(1, requests)
      pass_for(0.2)
      open(pass)
      assert.equal(2, requests)
    end)

    it("[temp-access-permits-unknown-end] preauthorize: a permit of a TempPass with "
      .. "an unknown end, or that counts titles, is not cached", function()
      local titles = new_pass { mvpd = FIVE_TITLES, user = { email = EMAIL } }
      permit(titles)
      for _, ask in ipairs {
        function() return open(new_pass { mvpd = THREE_MINUTES }) end,
        function() return open(titles) end,
        function()
          return assert(scenario.client:preauthorize({ "CNN" },
            { mvpd = THREE_MINUTES })).permitted
        end } do
        local before = asked()
        assert.same({ "CNN" }, ask())
        assert.same({ "CNN" }, ask())
        assert.equal(before + 2, asked())
      end
    end)

    it("[temp-access-preauthorize-next] pass preauthorize: uses the next pass when "
      .. "the first is used up", function()
      local pass = new_pass { mvpd = { FIVE_MINUTES, THREE_MINUTES } }
      permit(pass)
      assert.same({ "CNN" }, open(pass))
      pass_for(5)
      local result = assert(pass:preauthorize { "CNN" })
      assert.same({ { "CNN" }, THREE_MINUTES }, { result.permitted, result.mvpd })
      assert.equal(THREE_MINUTES, pass.mvpd)
      scenario.control.fault { kind = "error", code = OVER,
        operation = "preauthorize" }
      local none, err = pass:preauthorize { "TBS" }
      assert.is_nil(none)
      assert.equal(OVER, err.code)
    end)

    it("[temp-access-preauthorize-mixed] pass preauthorize: a pass that still "
      .. "permits a title stays in use", function()
      local pass = new_pass { mvpd = { FIVE_TITLES, THREE_MINUTES },
        user = { email = EMAIL } }
      scenario:respond_with("preauthorize", { decisions = json.array {
        { resource = "A", authorized = true, source = "temppass" },
        { resource = "F", authorized = false, source = "temppass",
          error = { code = SPENT, action = "authentication", status = 403 } } } })
      local result = assert(pass:preauthorize { "A", "F" })
      assert.same({ "A" }, result.permitted)
      assert.equal(SPENT, result.denied[1].error.code)
      assert.equal(FIVE_TITLES, pass.mvpd)
    end)
  end)

  describe("events", function()
    it("[temp-access-events-mvpd] events: requests and cache hits of a pass and of "
      .. "a provider carry its mvpd", function()
      local events = {}
      scenario = timeline.new { on_event = function(event)
        events[#events + 1] = ("%s %s %s"):format(event.type,
          event.operation or event.what or "", event.mvpd or "-")
      end }
      local pass = new_pass { mvpd = THREE_MINUTES }
      permit(pass)
      assert(pass:preauthorize { "CNN" })
      assert(pass:preauthorize { "CNN" })
      local text = table.concat(events, "\n")
      for _, line in ipairs { "request register -", "request token -",
        "request authorize " .. THREE_MINUTES, "request profile " .. THREE_MINUTES,
        "request preauthorize " .. THREE_MINUTES,
        "cache_hit permit " .. THREE_MINUTES } do
        assert.truthy(text:find(line, 1, true), line .. "\n" .. text)
      end
    end)
  end)

  describe("check during playback", function()
    local notified

    local function playing(options)
      options.on_expiring = function(pass)
        notified[#notified + 1] = "expiring " .. pass.mvpd
      end
      options.on_expired = function(pass)
        notified[#notified + 1] = "expired " .. pass.mvpd
      end
      local pass = new_pass(options)
      permit(pass)
      return pass
    end

    before_each(function() notified = {} end)

    it("[temp-access-end-near] pass check: reports once that the end is near, "
      .. "and once that it was reached", function()
      local pass, seen = playing { mvpd = THREE_MINUTES }, {}
      for second = 0, 200 do
        local state = assert(pass:check())
        if seen[#seen] ~= state then
          seen[#seen + 1] = state
          seen[state] = second
        end
        scenario.driver.sleep(1)
      end
      assert.same({ "expiring " .. THREE_MINUTES,
        "expired " .. THREE_MINUTES }, notified)
      assert.equal(3, #seen)
      is_near(120000, seen.expiring * 1000)
      is_near(180000, seen.expired * 1000)
      assert.equal(1, #scenario:received "profile")
      assert.equal(0, pass:remaining_ms())
    end)

    it("[temp-access-warns-early] pass check: warns as early as the option "
      .. "says", function()
      local pass = playing { mvpd = THREE_MINUTES, expiring = 100 }
      pass_for(1)
      assert.equal("active", pass:check())
      scenario.driver.sleep(25)
      assert.equal("expiring", pass:check())
    end)

    it("[temp-access-next-pass] pass check: reports the end of the next "
      .. "pass", function()
      local pass = playing { mvpd = { THREE_MINUTES, FIVE_MINUTES } }
      pass_for(2.5)
      pass:check()
      pass_for(0.6)
      pass:check()
      permit(pass)
      assert.equal("active", pass:check())
      pass_for(4.5)
      pass:check()
      pass_for(0.6)
      pass:check()
      assert.same({ "expiring " .. THREE_MINUTES,
        "expired " .. THREE_MINUTES, "expiring " .. FIVE_MINUTES,
        "expired " .. FIVE_MINUTES }, notified)
    end)

    it("[temp-access-tomorrow-end] pass check: reports the end again on the "
      .. "next day", function()
      local pass = playing { mvpd = THREE_MINUTES }
      pass_for(3.1)
      pass:check()
      assert(scenario.client:reset_temp_pass { mvpd = THREE_MINUTES,
        device = operation_setup.DEVICE })
      permit(pass)
      assert.equal("active", pass:check())
      pass_for(3.1)
      assert.equal("expired", pass:check())
      assert.equal(2, #notified)
    end)

    it("[temp-access-end-first-check] pass check: reports an end that came "
      .. "before the first check", function()
      local pass = playing { mvpd = THREE_MINUTES }
      pass_for(4)
      assert.equal("expired", pass:check())
      assert.equal("expired", pass:check())
      assert.same({ "expired " .. THREE_MINUTES }, notified)
    end)

    it("[temp-access-server-clock-device] pass check: uses the server's clock, "
      .. "not the device's", function()
      local kept, wall = core.clock.wall, 86400 -- January 1970
      finally(function() core.clock.wall = kept end)
      core.clock.wall = function() return wall end
      scenario = timeline.new()
      local pass = playing { mvpd = THREE_MINUTES }
      is_near(180000, pass:remaining_ms())
      wall = 4e9 -- the viewer sets the clock
      is_near(180000, pass:remaining_ms())
      assert.equal("active", pass:check())
      pass_for(3.1)
      assert.equal("expired", pass:check())
    end)

    it("[temp-access-two-checks] pass check: a second coroutine waits for the request "
      .. "of the first one, also after an earlier failure", function()
      local pass = playing { mvpd = THREE_MINUTES, expiring = 60 }
      scenario.control.fault { kind = "status", status = 503, operation = "profile",
        count = 3 }
      assert.is_nil(pass:check())
      permit(pass)
      scenario.driver.sleep(150)
      scenario.control.fault { kind = "delay", operation = "profile", seconds = 2 }
      local requests, states = #scenario:received "profile", {}
      local function check()
        local state = pass:check()
        states[#states + 1] = state or "none"
      end
      scenario.driver.run(check, check)
      assert.same({ "expiring", "expiring" }, states)
      assert.equal(requests + 1, #scenario:received "profile")
    end)

    it("[temp-access-check-cancelled] pass check: does not wait forever for a "
      .. "coroutine that was dropped during its request", function()
      local pass = playing { mvpd = THREE_MINUTES }
      scenario.control.fault { kind = "delay", operation = "profile", seconds = 2 }
      local wait = scenario.driver.wait
      scenario.driver.wait = coroutine.yield
      coroutine.resume(coroutine.create(pass.check), pass)
      scenario.driver.wait = wait
      local started = scenario.driver.now()
      assert.equal("active", pass:check())
      assert.is_true(scenario.driver.now() - started < 8)
      is_near(180000 - scenario.driver.now() * 1000, pass:remaining_ms())
    end)

    it("[temp-access-refresh-overtaken] pass refresh: a response older than a playback "
      .. "does not hide the end of the pass", function()
      local pass = scenario.client:temporary_access { mvpd = THREE_MINUTES }
      local wait, answered = scenario.driver.wait, false
      scenario:set_responder(function(_, operation)
        if operation ~= "profile" or answered then return nil end
        return { body = { profiles = json.object {} } }
      end)
      function scenario.driver.wait(...)
        local result = wait(...)
        local requests = scenario.requests
        if not answered and requests[#requests].operation == "profile" then
          answered = true
          permit(pass) -- by another coroutine, whose response comes first
        end
        return result
      end
      assert.is_true(pass:refresh())
      assert.is_true(answered)
      is_near(180000, pass:remaining_ms())
      scenario.driver.sleep(181)
      assert.equal("expired", pass:check())
    end)

    it("[temp-access-asks-service] pass check: retries after the service was "
      .. "unavailable", function()
      local pass = playing { mvpd = THREE_MINUTES }
      scenario.control.fault { kind = "status", status = 503,
        operation = "profile", count = 3 }
      local state, err = pass:check()
      assert.is_nil(state)
      assert.equal(503, err.http_status)
      local requests = #scenario:received "profile"
      for _ = 1, 100 do -- a check in each frame sends no further request
        assert.equal(err, select(2, pass:check()))
      end
      assert.equal(requests, #scenario:received "profile")
      scenario.driver.sleep(5)
      local before = scenario.driver.now()
      assert.equal("active", pass:check())
      assert.equal(requests + 1, #scenario:received "profile")
      is_near(180000, pass:remaining_ms() + before * 1000)
    end)
  end)

  describe("reset_temp_pass", function()
    local function sent()
      local list = {}
      for _, entry in ipairs(scenario:received()) do
        if entry.method == "DELETE" then
          list[#list + 1] = entry.path .. "?" .. entry.query
        end
      end
      return list
    end

    it("[temp-access-device] reset_temp_pass: resets one device", function()
      local pass = new_pass { mvpd = THREE_MINUTES }
      permit(pass)
      pass_for(3)
      assert(scenario.client:reset_temp_pass { mvpd = THREE_MINUTES,
        device = "another" })
      assert.is_false(plays(pass))
      assert(scenario.client:reset_temp_pass { mvpd = THREE_MINUTES,
        device = operation_setup.DEVICE })
      permit(pass)
    end)

    it("[temp-access-viewer-hashed] reset_temp_pass: resets one viewer by a "
      .. "hashed identity", function()
      local pass = new_pass { mvpd = FIVE_TITLES,
        user = { email = EMAIL } }
      for _, title in ipairs { "A", "B", "C", "D", "E" } do
        permit(pass, title)
      end
      for _, key in ipairs { SHA256, " User@domain.com" } do
        assert(scenario.client:reset_temp_pass { mvpd = FIVE_TITLES,
          key = key })
        permit(pass, "F")
      end
      local path = "/reset-tempass/v3/reset/generic?requestor_id=REF30"
        .. "&mvpd_id=flexibleTempPass&key=" .. SHA256
      assert.same({ path, path }, sent())
    end)

    it("[temp-access-everyone-said] reset_temp_pass: resets all devices when "
      .. "the option says so", function()
      assert(scenario.client:reset_temp_pass { mvpd = THREE_MINUTES,
        everyone = true })
      assert(scenario.client:reset_temp_pass { mvpd = FIVE_TITLES,
        everyone = true, by = "key" })
      assert.same({ "/reset-tempass/v3/reset?requestor_id=REF30"
        .. "&mvpd_id=TempPass_TEST40&device_id=all",
        "/reset-tempass/v3/reset/generic?requestor_id=REF30"
        .. "&mvpd_id=flexibleTempPass&key=all" }, sent())
    end)

    it("[temp-access-other-service-provider] api: resets a TempPass of the service "
      .. "provider that the call names", function()
      local api = scenario.client.api
      api:reset_temp_pass { service_provider = "OTHER", mvpd = THREE_MINUTES,
        device = "x" }
      assert_client_error("invalid_parameter_service_provider", api:reset_temp_pass {
        service_provider = "", mvpd = THREE_MINUTES, device = "x" })
      local path = "/reset-tempass/v3/reset?requestor_id=OTHER"
        .. "&mvpd_id=TempPass_TEST40&device_id=x"
      assert.same({ path, path }, sent()) -- the sandbox refuses the first token
      api:reset_temp_pass_key { service_provider = "OTHER", mvpd = FIVE_TITLES,
        key = "y" }
      assert.equal("/reset-tempass/v3/reset/generic?requestor_id=OTHER"
        .. "&mvpd_id=flexibleTempPass&key=y", sent()[3])
    end)

    it("[temp-access-reset-user] reset_temp_pass: names the option key when user is "
      .. "given", function()
      assert_raises("unknown option 'user': expected one of by, device, everyone, "
        .. "hash, key, mvpd", function()
          scenario.client:reset_temp_pass { mvpd = FIVE_TITLES, user = { email = "x" } }
        end)
    end)

    it("[temp-access-never-everyone-word] reset_temp_pass: does not reset all "
      .. "devices without that option", function()
      for _, options in ipairs {
        {}, { device = "" }, { device = "all" }, { device = " All" },
        { key = "" }, { key = "all" }, { key = "ALL " },
        { everyone = false }, { by = "key" },
        { device = "x", everyone = true }, { device = "x", key = "y" },
        { key = "y", everyone = true }, { device = "x", by = "key" },
        { everyone = true, by = "mvpd" }, { everyone = true, hash = "md5" },
        { everyone = "yes" }, { devices = "x" },
      } do
        options.mvpd = THREE_MINUTES
        raises("reset_temp_pass", options)
      end
      for _, word in ipairs { "", "all", "ALL", " all " } do
        local api = scenario.client.api
        assert.error(function()
          api:reset_temp_pass { mvpd = THREE_MINUTES, device = word }
        end)
        assert.error(function()
          api:reset_temp_pass_key { mvpd = FIVE_TITLES, key = word }
        end)
      end
      assert.same({}, scenario:received())
    end)
  end)

  it("[temp-access-raises-programmer] temporary_access: raises for invalid "
    .. "options", function()
    for _, options in ipairs {
      {}, { mvpd = 5 }, { mvpd = {} }, { mvpd = { "A", 5 } },
      { mvpd = "A", user = { email = 5 } },
      { mvpd = "A", user = { email = " " } },
      { mvpd = "A", user = {} }, { mvpd = "A", user = EMAIL },
      { mvpd = "A", hash = "md5" }, { mvpd = "A", on_expired = "x" },
      { mvpd = "A", nope = 1 },
    } do
      raises("temporary_access", options)
    end
  end)
end)
