--- Preauthorization of a catalog.

local assert_client_error = require "spec.support.assert_client_error"
local json = require "adobepass.util.json"
local timeline = require "spec.support.timeline"

local function names(count, prefix)
  local list = {}
  for index = 1, count do list[index] = (prefix or "R") .. index end
  return list
end

local function resources_of(request) return json.decode(request.body).resources
end

-- Returns the resources of each request.
local function batches(scenario)
  local list = {}
  for _, entry in ipairs(scenario.requests) do
    if entry.operation == "preauthorize" then
      list[#list + 1] = resources_of(entry.request)
    end
  end
  return list
end

local function sizes(scenario)
  local list = {}
  for index, batch in ipairs(batches(scenario)) do list[index] = #batch end
  return list
end

local function denied(list)
  local result = {}
  for index, decision in ipairs(list) do result[index] = decision.resource end
  return result
end

-- Returns one decision in the format of the service.
local function item(resource, code, action)
  return { resource = resource, serviceProvider = "REF30", mvpd =
    "Cablevision", source = "mvpd", authorized = code == nil,
    error = code and { code = code, action = action or "none",
      status = 403, message = "No." } or nil }
end

describe("a catalog", function()
  local scenario, client
  after_each(function() scenario, client = nil, nil end)
  before_each(function()
    scenario = timeline.new()
    client = scenario.client
    scenario:signed_in("Cablevision", "bob")
    assert(client:login {})
    scenario:clear_requests()
  end)

  -- Sets how the service decides: `decide(resource, number of the request)`.
  local function new_scenario(decide)
    local count = 0
    scenario:set_responder(function(request, operation)
      if operation ~= "preauthorize" then return nil end
      count = count + 1
      local list = {}
      for _, resource in ipairs(resources_of(request)) do
        local given = decide(resource, count)
        if given and (given.status or given.error and not given.resource) then
          return given
        end
        list[#list + 1] = given
      end
      return { body = { decisions = json.array(list) } }
    end)
  end

  it("[preauthorize-filtered-order] is filtered in the order of the "
    .. "application", function()
    local result = assert(client:preauthorize { "TBS", "HBO", "CNN", "Live" })
    assert.equal("Cablevision", result.mvpd)
    assert.same({ "TBS", "CNN" }, result.permitted)
    assert.same({ "HBO", "Live" }, denied(result.denied))
    for index, name in ipairs { "TBS", "HBO", "CNN", "Live" } do
      assert.equal(name, result.decisions[index].resource)
    end
  end)

  it("[preauthorize-why-denied-sentence] says why something is denied, in a "
    .. "sentence", function()
    local decision = client:preauthorize({ "HBO" }).denied[1]
    assert.equal("preauthorization_denied_by_mvpd", decision.error.code)
    assert.truthy(decision.error.details:find "HBO")
    assert.truthy(decision.reason:find "%.$")
    assert.equal("mvpd", decision.source)
  end)

  it("[preauthorize-no-right-play] says that it is no right to play, and "
    .. "holds no media token", function()
    local result = client:preauthorize { "CNN" }
    assert.is_false(result.is_right_to_play)
    assert.is_nil(result.decisions[1].media_token)
  end)

  it("[preauthorize-size-five-request] may be of any size: five in a request, "
    .. "each once", function()
    local list = names(14)
    list[#list + 1], list[#list + 2] = "R3", "R14"
    local result = assert(client:preauthorize(list))
    assert.same(names(14), result.permitted)
    assert.same({ 5, 5, 4 }, sizes(scenario))
  end)

  it("[preauthorize-empty-asked] may be empty: nothing is asked", function()
    local result = assert(client:preauthorize {})
    assert.same({}, result.permitted)
    assert.same({}, scenario:counts())
  end)

  it("[preauthorize-asked-flight] is asked for in flight together", function()
    assert(scenario.control.fault { kind = "delay", seconds = 3, count = 3,
      operation = "preauthorize" })
    local before = scenario.driver.now()
    assert(client:preauthorize(names(14)))
    local times = scenario:request_times "preauthorize"
    assert.same({ before, before, before }, times)
    assert.equal(before + 3, scenario.driver.now())
  end)

  it("[preauthorize-keeps-rate-limit] keeps the rate limit of one a second after a "
    .. "burst, however large",
    function()
      local store = client.context.connection.store
      local paced = scenario:new_client { rate_limit = {}, store = store,
        timeout = 5 }
      local before = scenario.driver.now()
      local result = assert(paced:preauthorize(names(200)))
      assert.equal(200, #result.permitted)
      local times = scenario:request_times "preauthorize"
      assert.equal(40, #times)
      for index = 11, 40 do
        assert.is_true(times[index] - before >= index - 11)
      end
    end)

  it("[preauthorize-learns-resources] learns how many resources a provider "
    .. "takes", function()
    scenario:signed_in("Strict", "bob")
    local result = assert(client:preauthorize(names(13),
      { mvpd = "Strict" }))
    assert.same(names(13), result.permitted)
    assert.same({ 5, 5, 3, 2, 2, 2, 2, 2, 2, 1 }, sizes(scenario))
    scenario:clear_requests()
    assert(client:preauthorize(names(4, "S"), { mvpd = "Strict" }))
    assert.same({ 2, 2 }, sizes(scenario))
    scenario:clear_requests()
    assert(client:preauthorize(names(4, "S")))
    assert.same({ 4 }, sizes(scenario))
  end)

  it("[preauthorize-learns-refusal] learns it also from a refusal of the "
    .. "whole request", function()
    new_scenario(function(resource, count)
      if count == 1 then
        return { status = 403, body = { code = "too_many_resources",
          action = "configuration", status = 403 } }
      end
      return item(resource)
    end)
    local result = assert(client:preauthorize(names(4)))
    assert.same(names(4), result.permitted)
    assert.same({ 4, 2, 2 }, sizes(scenario))
  end)

  it("[preauthorize-ends-resource] ends where even one resource is too "
    .. "many", function()
    new_scenario(function(resource)
      return item(resource, "too_many_resources", "configuration")
    end)
    local result = assert(client:preauthorize(names(2)))
    assert.same({ "R1", "R2" }, denied(result.denied))
    assert.same({ 2, 1, 1 }, sizes(scenario))
  end)

  describe("of which some is in trouble", function()
    it("[preauthorize-asks-again-alone] asks again for that alone", function()
      local result = assert(client:preauthorize { "CNN", "Flaky", "HBO" })
      assert.same({ "CNN", "Flaky" }, result.permitted)
      assert.same({ { "CNN", "Flaky", "HBO" }, { "Flaky" } }, batches(scenario))
    end)

    it("[preauthorize-asks-three-times] asks three times at most, more slowly "
      .. "each time", function()
      local result = assert(client:preauthorize { "CNN", "Unreachable" })
      assert.same({ "CNN" }, result.permitted)
      assert.equal("network_connection_timeout",
        result.denied[1].error.code)
      assert.same({ { "CNN", "Unreachable" }, { "Unreachable" },
        { "Unreachable" } }, batches(scenario))
      local at = scenario:request_times "preauthorize"
      assert.is_true(at[2] > at[1])
      assert.is_true(at[3] - at[2] > at[2] - at[1])
    end)

    it("[preauthorize-asks-no-retry] asks nothing again that says no "
      .. "retry", function()
      new_scenario(function(resource)
        return item(resource, "something_new", "configuration")
      end)
      assert.equal(2, #assert(client:preauthorize { "A", "B" }).denied)
      assert.equal(1, #scenario:request_times "preauthorize")
    end)

    it("[preauthorize-loses-batch-fails] loses nothing when a batch "
      .. "fails", function()
      new_scenario(function(resource)
        if resource == "R6" then return { error = "connect_failed" } end
        return item(resource)
      end)
      local result = assert(client:preauthorize(names(12)))
      assert.same({ "R1", "R2", "R3", "R4", "R5", "R11", "R12" },
        result.permitted)
      assert.same({ "R6", "R7", "R8", "R9", "R10" }, denied(result.denied))
      for _, decision in ipairs(result.denied) do
        assert.equal("connect_failed", decision.error.code)
        assert.equal("string", type(decision.reason))
      end
    end)

    it("[preauthorize-repeats-failing] repeats a failing batch three times in "
      .. "all, not nine", function()
      new_scenario(function(resource)
        if resource == "R6" then return { status = 500 } end
        return item(resource)
      end)
      assert(client:preauthorize(names(10)))
      assert.equal(1 + 3, #scenario:request_times "preauthorize")
    end)

    it("[preauthorize-asks-response-left] asks again for what the answer left "
      .. "out", function()
      new_scenario(function(resource, count)
        if resource == "B" and count == 1 then return nil end
        return item(resource)
      end)
      local result = assert(client:preauthorize { "A", "B" })
      assert.same({ "A", "B" }, result.permitted)
      assert.same({ { "A", "B" }, { "B" } }, batches(scenario))
    end)

    it("[preauthorize-denies-response] denies what the answer never speaks "
      .. "of", function()
      new_scenario(function(resource)
        return resource == "A" and item(resource) or nil
      end)
      local result = assert(client:preauthorize { "A", "B" })
      assert.equal("no_decision", result.denied[1].error.code)
    end)

    it("[preauthorize-reads-resource] reads a resource that is echoed with a "
      .. "space behind it", function()
      new_scenario(function(resource) return item(resource .. " ") end)
      assert.same({ "A" }, assert(client:preauthorize { "A" }).permitted)
    end)

    it("[preauthorize-denies-permitted] denies what is neither permitted nor "
      .. "denied", function()
      new_scenario(function(resource)
        return { resource = resource, authorized = "yes" }
      end)
      local result = client:preauthorize { "A" }
      assert.same({}, result.permitted)
      assert.equal("unknown_error", result.denied[1].error.code)
    end)

    it("[preauthorize-error-decided] is an error where nothing could be "
      .. "decided at all", function()
      scenario:set_responder(function() return { error = "connect_failed" } end)
      assert_client_error("connect_failed", client:preauthorize { "A", "B" })
      scenario:set_responder(function() return { status = 500 } end)
      assert_client_error("http_500", client:preauthorize { "A", "B" })
    end)
  end)

  describe("asked for again", function()
    before_each(function()
      assert(client:preauthorize { "CNN", "HBO", "TBS" })
      scenario:clear_requests()
    end)

    it("[preauthorize-asks-not-permitted] asks for what was not permitted "
      .. "alone", function()
      local result = assert(client:preauthorize { "TBS", "HBO", "CNN" })
      assert.same({ "TBS", "CNN" }, result.permitted)
      assert.same({ { "HBO" } }, batches(scenario))
    end)

    it("[preauthorize-asks-permits] asks nothing for permits", function()
      assert(client:preauthorize { "TBS", "CNN" })
      assert.same({}, scenario:counts())
    end)

    it("[preauthorize-asks-provider] asks for all with another "
      .. "provider", function()
      scenario:signed_in("Spectrum", "bob")
      assert(client:preauthorize({ "CNN" }, { mvpd = "Spectrum" }))
      assert.equal(1, #scenario:request_times "preauthorize")
    end)

    it("[preauthorize-asks-device] asks for all on another device", function()
      local other = client:device { id = "kitchen" }
      local result = assert(other:preauthorize({ "CNN" },
        { mvpd = "Cablevision" }))
      assert.equal("authenticated_profile_missing",
        result.denied[1].error.code)
    end)

    it("[preauthorize-asks-logout] asks for all after a logout", function()
      assert(client:logout())
      scenario:signed_in("Cablevision", "bob")
      assert(client:preauthorize({ "CNN" }, { mvpd = "Cablevision" }))
      assert.equal(1, #scenario:request_times "preauthorize")
    end)

    it("[preauthorize-asks-logout-login] asks for all after a logout and a "
      .. "login", function()
      assert(client:logout())
      scenario:signed_in("Cablevision", "bob")
      assert(client:login {})
      assert(client:preauthorize { "CNN" })
      assert.equal(1, #scenario:request_times "preauthorize")
    end)

    it("[preauthorize-asks-new-login] asks for all after a new login, "
      .. "whichever way it went", function()
      assert(client:login { fresh = true })
      assert(client:preauthorize { "CNN" })
      assert.equal(1, #scenario:request_times "preauthorize")
      local flow = assert(client:start_login { fresh = true,
        mvpd = "Spectrum", domain_name = "adobe.com",
        redirect_url = "https://adobe.com" })
      scenario:sign_in(flow.code)
      assert(client:poll_login(flow))
      assert(client:preauthorize({ "CNN" }, { mvpd = "Cablevision" }))
      assert.equal(2, #scenario:request_times "preauthorize")
      assert(client:login { mvpd = "DegradedMvpd" })
      assert(client:preauthorize({ "CNN" }, { mvpd = "Cablevision" }))
      assert.equal(3, #scenario:request_times "preauthorize")
    end)

    it("[preauthorize-asks-restart-memory] asks for all after a restart: "
      .. "memory alone has permits", function()
      local again = scenario:new_client {
        store = client.context.connection.store }
      assert(again:preauthorize({ "CNN" }, { mvpd = "Cablevision" }))
      assert.equal(1, #scenario:request_times "preauthorize")
    end)

    it("[preauthorize-asks-next-day] asks for all the next day", function()
      scenario.driver.sleep(86401)
      assert(client:preauthorize { "CNN" })
      assert.equal(1, #scenario:request_times "preauthorize")
    end)

    it("[preauthorize-bounded-number] holds a bounded number of "
      .. "permits", function()
      for index = 1, 3000 do
        client.context:keep_permit("Cablevision", "X" .. index, { permitted = true })
      end
      local count = 0
      for index = 1, 3000 do
        if client.context:permit("Cablevision", "X" .. index) then
          count = count + 1
        end
      end
      assert.is_true(count <= 1000)
    end)
  end)

  it("[preauthorize-forgets-profile] forgets a profile that the service no "
    .. "longer knows", function()
    assert(scenario.control.revoke { mvpd = "Cablevision" })
    assert.equal(1, #assert(client:preauthorize { "CNN" }).denied)
    assert_client_error("not_logged_in", client:preauthorize { "CNN" })
  end)

  it("[preauthorize-needs-login] needs a login, or a provider's "
    .. "name", function()
    local nobody = scenario:new_client()
    local err = assert_client_error("not_logged_in",
      nobody:preauthorize { "CNN" })
    assert.equal("authentication", err.action)
    assert(nobody:preauthorize({ "CNN" }, { mvpd = "Cablevision" }))
  end)

  it("[preauthorize-strings-raises] is of strings, and raises else", function()
    for _, wrong in ipairs { { 7 }, { "" }, "CNN", 7 } do
      local ok, message = pcall(function() client:preauthorize(wrong) end)
      assert.is_false(ok)
      assert.truthy(message:find "preauthorize_spec.*client:preauthorize",
        message)
    end
    assert.error_matches(function()
      client:preauthorize({ "CNN" }, { nonsense = 1 })
    end, "unknown option 'nonsense'")
  end)
end)
