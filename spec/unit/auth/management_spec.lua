--- Separate credentials for management calls, and the effects of a refusal.

local adobepass = require "adobepass"
local fake_clock = require "spec.support.fake_clock"
local many_clients = require "spec.support.many_clients"

describe("management", function()
  local time, at, store

  before_each(function()
    time = fake_clock.start()
    at = many_clients.new_sandbox(time)
    store = adobepass.store.memory()
  end)
  after_each(function()
    time.stop()
    at, store = nil, nil
  end)

  local function client(has_own, on_event)
    return many_clients.new_client(at, { store = store, on_event = on_event,
      retry = { attempts = 1 }, management = has_own
        and { software_statement = at.statement } or nil })
  end

  local function reset(one)
    return many_clients.outcome_of(one.api:reset_temp_pass {
      mvpd = "TempPass", device = "living-room" })
  end

  local function ask(one) return many_clients.outcome_of(one.api:profiles()) end

  local function bearers()
    local found = {}
    for _, entry in ipairs(at.control.journal()) do
      if entry.headers.authorization then
        found[entry.operation] = entry.headers.authorization
      end
    end
    return found
  end

  local function stored()
    local found = {}
    for key, text in pairs(store.values) do
      if key:find "^credentials" then found[#found + 1] = text end
    end
    table.sort(found)
    return found
  end

  it("[management-own-credentials] management: "
    .. "management calls use their own credentials "
    .. "and token", function()
    local one = client(true)
    assert.equal("ok", ask(one))
    assert.equal(1, #stored())
    assert.equal("ok", reset(one))
    assert.equal(2, #stored())
    assert.equal("ok", ask(one))
    assert.equal("ok", reset(client(true)))
    local used = bearers()
    assert.not_equal(used.profiles, used.reset_temp_pass)
    local _, counts = at.control.take()
    assert.same({ 2, 2 }, { counts.register, counts.token })
  end)

  it("[management-key-newline] management: a device id that contains a newline does "
    .. "not select another device's management credentials", function()
    assert.equal("ok", reset(client(true)))
    local one = many_clients.new_client(at, { store = store,
      device = { id = "living-room\nmanagement" } })
    assert.equal("ok", ask(one))
    assert.equal(2, #stored())
  end)

  local REFUSALS = {
    ["401"] = { kind = "status", status = 401 },
    ["403"] = { kind = "status", status = 403 },
    ["refusal of the application"] = { kind = "error",
      code = "invalid_access_token_client_application" },
  }

  for title, refusal in pairs(REFUSALS) do
    for _, has_own in ipairs { true, false } do
      it("[management-refused] management: "
        .. "a " .. title .. " never registers the viewer's "
        .. "application again, with" .. (has_own and "" or "out")
        .. " own credentials", function()
        local one = client(has_own)
        assert.equal("ok", ask(one))
        assert.equal("ok", reset(one))
        local before, viewer = stored(), one:client_id()
        at.control.journal { clear = true }
        assert(at.control.fault { kind = refusal.kind, count = 100,
          status = refusal.status, code = refusal.code,
          operation = "reset_temp_pass" })
        for _ = 1, 3 do
          assert.not_equal("ok", reset(one))
          time:advance(700)
        end
        assert.equal(viewer, one:client_id())
        at.control.fault { clear = true }
        assert.equal("ok", ask(one))
        assert.equal("ok", reset(one))
        if not has_own then
          assert.same(before, stored())
          assert.equal(0, select(2, at.control.take()).register)
        end
      end)
    end
  end

  it("[management-403-registers] management: a 403 of the reset replaces its own "
    .. "credentials, once in ten minutes", function()
    local warnings = {}
    local one = client(true, function(event)
      if event.type == "warning" then warnings[#warnings + 1] = event.message end
    end)
    assert.equal("ok", ask(one))
    assert.equal("ok", reset(one))
    local viewer = one:client_id()
    local function outcome_of_403(count)
      at.control.journal { clear = true }
      assert(at.control.fault { kind = "status", status = 403, count = count,
        operation = "reset_temp_pass" })
      local outcome = reset(one)
      at.control.fault { clear = true }
      local counts = select(2, at.control.take())
      return { outcome, counts.register, counts.reset_temp_pass }
    end
    assert.same({ "ok", 1, 2 }, outcome_of_403(1))
    assert.same({ "http_403", 0, 1 }, outcome_of_403(10))
    time:advance(601)
    assert.same({ "http_403", 1, 2 }, outcome_of_403(10))
    assert.equal(viewer, one:client_id())
    assert.equal(2, #warnings)
    assert.truthy(warnings[1]:find("No viewer has to log in", 1, true))
  end)

  it("[management-option] management: raises for a wrong option", function()
    for _, wrong in ipairs { {}, { software_statement = "no" },
      { software_statement = at.statement, x = 1 } } do
      assert.error_matches(function()
        many_clients.new_client(at, { management = wrong })
      end, "management")
    end
  end)
end)
