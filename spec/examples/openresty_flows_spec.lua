--- The gateway's logins in a store in memory, without nginx.

package.path = "examples/openresty/lua/?.lua;" .. package.path

local adobepass = require "adobepass"
local core = require "adobepass.core"
local errors = require "adobepass.api.errors"
local flows = require "gateway.flows"
local problem = require "gateway.problem"
local timeline = require "spec.support.timeline"

local client_of_viewer
package.loaded["gateway.viewer"] = {
  new_client = function() return client_of_viewer end }
local login = require "gateway.login"

problem.start({ viewer_text = function(_, err) return err:viewer_text() end },
  { language = "en" })

local who = { key = "tv" }

describe("gateway logins", function()
  local seconds

  before_each(function()
    local store = adobepass.store.memory()
    flows.start(setmetatable({ set = function(_, key, value, life)
      seconds = life
      return store:set(key, value, life)
    end }, { __index = function(_, name)
      return function(_, ...) return store[name](store, ...) end
    end }))
  end)

  local function flow_of(code, expires_at)
    return { code = code, state = "pending", interval = 5,
      expires_at = expires_at or (core.clock.wall() + 1800) * 1000 }
  end

  it("[gateway-flow-kept-code-lives] gateway logins: are stored until the code "
    .. "expires by Adobe's clock", function()
    local adobe = (core.clock.wall() - 7200) * 1000 -- the local clock is ahead
    flows.save(who, flow_of("AAAA", adobe + 1800000), adobe)
    assert.is_true(math.abs(seconds - 1800) < 1)
    assert.equal("AAAA", flows.load(who).code)
  end)

  it("[gateway-flow-end-newer-outlives] gateway logins: a newer login is kept "
    .. "when an older one ends", function()
    local now = core.clock.wall() * 1000
    flows.save(who, flow_of "OLD1", now)
    local old = flows.load(who)
    old.last_error = "timeout" -- as polling sets it
    flows.save(who, flow_of "NEW2", now)
    assert.is_true(flows.forget(who, old))
    assert.equal("NEW2", flows.load(who).code)
    assert.is_true(flows.forget(who, flows.load(who)))
    assert.is_nil(flows.load(who))
  end)

  it("[gateway-flow-end-no-named] gateway logins: all end when the call names "
    .. "none", function()
    flows.save(who, flow_of "AAAA", core.clock.wall() * 1000)
    assert.is_true(flows.forget(who))
    assert.is_nil(flows.load(who))
  end)

  it("[gateway-flow-lock-pauses] gateway logins: a request that waits for the lock of "
    .. "its device tries twice per second at most", function()
    local now, pauses, monotonic, nginx = 0, {}, core.clock.monotonic, rawget(_G, "ngx")
    finally(function()
      core.clock.monotonic = monotonic
      rawset(_G, "ngx", nginx)
    end)
    core.clock.monotonic = function() return now end
    rawset(_G, "ngx", { sleep = function(pause)
      now, pauses[#pauses + 1] = now + pause, pause
    end })
    local _, err = flows.with_lock(who, 16, 56, function()
      return flows.with_lock(who, 16, 56, error)
    end)
    assert.same({ "busy", 503 }, { err.code, err.status })
    assert.equal("0.05 0.1 0.2 0.4 0.5 0.5", table.concat(pauses, " ", 1, 6))
    assert.is_true(#pauses < 40, #pauses)
  end)
end)

describe("gateway login", function()
  it("[gateway-flow-lock-slow] gateway login: holds the lock of its device until the "
    .. "last response of a slow service", function()
    local TIMEOUT = 8
    local scenario = timeline.new { timeout = TIMEOUT }
    local client, now = scenario.client, scenario.driver.now
    local store
    local function use_new_store()
      store = adobepass.store.memory { now = now }
      flows.start(store)
    end
    use_new_store()
    login.start { timeout = TIMEOUT, interval = 5, domain_name = "adobe.com",
      redirect_url = "https://adobe.com", passes = { "TempPass_TEST40" } }
    client_of_viewer = client
    local held, sent = nil, 0
    local function post(mvpd)
      held, sent = true, 0
      scenario:set_responder(function()
        sent = sent + 1
        scenario.driver.sleep(0.95 * TIMEOUT)
        held = held and store:get "gateway:lock:tv" ~= nil
      end)
      local response, err = login.post { who = who, body = { mvpd = mvpd } }
      scenario:set_responder(nil)
      assert.is_true(held)
      assert.is_nil(store:get "gateway:lock:tv")
      return assert(response, err and err.message)
    end
    scenario:signed_in()
    assert(client:start_login { mvpd = "Cablevision" })
    -- The service denies, so that the next login begins with a logout.
    scenario:respond_with("authorize", { decisions = { { resource = "CNN",
      authorized = false, error = { action = "authentication",
        code = "authentication_session_invalidated", status = 403 } } } })
    client:authorize "CNN"
    assert.equal("pending", post().state)
    assert.is_true(sent >= 4, sent)
    client:logout()
    use_new_store()
    assert.equal("pending", post "Dish".state)
    use_new_store()
    assert.equal("done", post "TempPass_TEST40".state)
    assert.is_true(sent >= 3, sent)
  end)
end)

describe("gateway problems", function()
  it("[gateway-flow-name-seconds-wait] gateway problems: retry_after is in "
    .. "whole seconds, at least two", function()
    for given, wanted in pairs { [0.2] = 2, [7.3] = 8, [5] = 5 } do
      assert.equal(wanted, problem.from(errors.new { code = "timeout",
        action = "retry", retry_after = given }).retry_after)
    end
  end)
end)
