--- Checks the invariants of random scenarios: each one is violated on purpose, in
-- a client or in the network, and must be reported.

local core = require "adobepass.core"
local viewer_actions = require "spec.fault.viewer_actions"
local errors = require "adobepass.api.errors"
local seeded_random = require "spec.fault.seeded_random"
local open_handles = require "spec.support.open_handles"
local random_scenario = require "spec.fault.random_scenario"
local child_process = require "spec.support.child_process"

-- Checks the check of random_scenarios_spec.lua, so one Lua is enough.
if child_process.interpreter() ~= "lua5.4" then return end

-- At least one scenario of these seeds must find the violation.
local SEEDS = 200

local function find_failure(change, seeds)
  for seed = 1, seeds or SEEDS do
    local good, why = pcall(random_scenario.run, seeded_random.new(seed),
      change)
    if not good then return tostring(why) end
  end
  return "no violation"
end

local function assert_seen(words, change, seeds)
  local why = find_failure(change, seeds)
  assert.truthy(why:find(words, 1, true), why)
end

-- Returns a change for random_scenario.run: it replaces a method of every device's
-- client (with `of_context`: of its context) by one that calls `instead` with the
-- old method, the scenario, the device and the arguments.
local function replaced(name, instead, of_context)
  return function(scenario)
    for _, device in ipairs(scenario.devices) do
      local object = of_context and device.client.context or device.client
      local old = object[name]
      rawset(object, name, function(...)
        return instead(old, scenario, device, ...)
      end)
    end
  end
end

describe("invariants", function()
  teardown(function()
    random_scenario.close()
    open_handles.assert_none()
  end)

  it("[hostile-check-nothing-say] invariants: report nothing for the unchanged "
    .. "client", function()
    assert.equal("no violation", find_failure(nil, 40))
  end)

  it("[hostile-check-sees-permit-gave] invariants: report a permit that the "
    .. "service did not give", function()
    assert_seen("a permit that the service did not give", replaced("authorize",
      function(_, _, _, _, resource)
        return { resource = resource, permitted = true, mvpd = "Dish" }
      end))
  end)

  it("[hostile-check-sees-permit] invariants: report a permit of the previous "
    .. "viewer", function()
    local keep = replaced("clear_permits", function() end, true)
    -- One viewer after the other, since random actions seldom come in this order.
    local function visit(scenario, device)
      for _, name in ipairs { "login", "preauthorize", "logout" } do
        viewer_actions.named(name)[1].run(scenario, device)
      end
    end
    assert_seen("a permit that the service did not give", function(scenario)
      scenario.actions = { { name = "visit", timeouts = 100, seconds = 100,
        run = visit } }
      keep(scenario)
    end)
  end)

  it("[hostile-check-sees-secret-event] invariants: report a secret in an "
    .. "event", function()
    assert_seen("a secret of", function(scenario)
      local submit = scenario.transport.submit
      function scenario.transport.submit(self, request)
        if request.bearer then
          scenario.client.context.connection:emit { type = "request",
            operation = (request.bearer:reveal()) }
        end
        return submit(self, request)
      end
    end)
  end)

  it("[hostile-check-sees-secret-error] invariants: report a secret in an "
    .. "error", function()
    assert_seen("a secret of", replaced("providers", function()
      return nil, errors.new { code = "timeout",
        message = "device-of-the-hall did not respond" }
    end))
  end)

  it("[hostile-check-sees-decoded] invariants: report an identifier that a request "
    .. "sent encoded", function()
    local hash = core.digest.hex(core.digest.sha256 "ann@test")
    assert_seen("a secret of", replaced("providers", function()
      return nil, errors.new { code = "timeout", message = hash .. " is unknown" }
    end))
  end)

  it("[hostile-check-sees-call-late] invariants: report a call that exceeds "
    .. "its deadline", function()
    assert_seen("took ", replaced("providers", function(old, scenario, _, ...)
      scenario.driver.sleep(1000)
      return old(...)
    end))
  end)

  it("[hostile-check-sees-code] invariants: report an unknown error "
    .. "code", function()
    assert_seen("an unknown error code", replaced("providers", function()
      return nil, errors.new { code = "out_of_luck", message = "No." }
    end))
  end)

  it("[hostile-check-sees-no-error] invariants: report an error that is not an "
    .. "error object of the client", function()
    assert_seen("not an error object", replaced("refresh_profile", function()
      return nil, { code = "timeout" }
    end))
  end)

  it("[hostile-check-sees-lua-error] invariants: report a Lua error", function()
    assert_seen("attempt to", replaced("authorize", function()
      return nil .. ""
    end))
  end)

  it("[hostile-check-sees-token-device] invariants: report the access token of "
    .. "another device", function()
    local other
    assert_seen("the token of another device", function(scenario)
      other = nil
      local submit = scenario.transport.submit
      function scenario.transport.submit(self, request)
        if request.bearer and request.headers["X-Device-Info"] then
          local changed = {}
          for name, value in pairs(request) do changed[name] = value end
          changed.bearer = other or request.bearer
          other = other or request.bearer
          request = changed
        end
        return submit(self, request)
      end
    end)
  end)

  it("[hostile-check-sees-profile] invariants: report the profile of another "
    .. "device", function()
    local seen
    local mix_up = replaced("login", function(old, scenario, device, ...)
      local found, err = old(...)
      if seen and seen.scenario == scenario and seen.device ~= device then
        return seen.profile
      end
      if found then
        seen = { scenario = scenario, device = device, profile = found }
      end
      return found, err
    end)
    assert_seen("the profile of another device", function(scenario)
      scenario.actions = viewer_actions.named "login"
      mix_up(scenario)
    end)
  end)
end)
