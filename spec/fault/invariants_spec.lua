--- The judge of the stories sees what it is there for: each property broken
-- on purpose, in one of the clients or on its way, and caught.

local acts = require "spec.fault.viewer_actions"
local errors = require "adobepass.api.errors"
local die = require "spec.fault.seeded_random"
local header_table = require "adobepass.api.request".header_table
local live = require "spec.support.open_handles"
local tale = require "spec.fault.random_scenario"

-- Of the stories of these seeds, at least one has to come upon it.
local SEEDS = 200

local function verdict(twist, seeds)
  for seed = 1, seeds or SEEDS do
    local good, why = pcall(tale.run, die.new(seed), twist)
    if not good then return tostring(why) end
  end
  return "nothing was seen"
end

local function assert_seen(words, twist, seeds)
  local why = verdict(twist, seeds)
  assert.truthy(why:find(words, 1, true), why)
end

-- Replaces a method of every device's client, or with `of_context` one of its
-- context; `instead` gets the old one.
local function replaced(name, instead, of_context)
  return function(on)
    for _, who in ipairs(on.people) do
      local object = of_context and who.client.context or who.client
      local old = object[name]
      rawset(object, name, function(...)
        return instead(old, on, who, ...)
      end)
    end
  end
end

describe("the judge", function()
  teardown(function()
    tale.close()
    live.assert_none()
  end)

  it("[hostile-check-nothing-say] has nothing to say of the product as it "
    .. "is", function()
    assert.equal("nothing was seen", verdict(nil, 40))
  end)

  it("[hostile-check-sees-permit-gave] sees a permit that nobody "
    .. "gave", function()
    assert_seen("a permit that nobody gave", replaced("authorize",
      function(_, _, _, _, resource)
        return { resource = resource, permitted = true, mvpd = "Dish" }
      end))
  end)

  it("[hostile-check-sees-permit] sees a permit that outlived its "
    .. "viewer", function()
    local keep = replaced("clear_permits", function() end, true)
    assert_seen("a permit that nobody gave", function(on)
      on.acts = acts.named("login", "preauthorize", "logout")
      keep(on)
    end, 1000) -- rare: the same device has to serve two viewers
  end)

  it("[hostile-check-sees-secret-event] sees a secret in an event", function()
    assert_seen("a secret of", function(on)
      local submit = on.transport.submit
      function on.transport.submit(self, request)
        if request.bearer then
          on.client.context.connection:emit { type = "request",
            operation = (request.bearer:reveal()) }
        end
        return submit(self, request)
      end
    end)
  end)

  it("[hostile-check-sees-secret-error] sees a secret in an error", function()
    assert_seen("a secret of", replaced("providers", function()
      return nil, errors.new { code = "timeout",
        message = "device-of-the-hall did not answer" }
    end))
  end)

  it("[hostile-check-sees-call-late] sees a call that is late", function()
    assert_seen("took ", replaced("providers", function(old, on, _, ...)
      on.driver.sleep(1000)
      return old(...)
    end))
  end)

  it("[hostile-check-sees-code] sees a code that nobody knows", function()
    assert_seen("a code that nobody knows", replaced("providers", function()
      return nil, errors.new { code = "out_of_luck", message = "No." }
    end))
  end)

  it("[hostile-check-sees-no-error] sees what is no error of ours", function()
    assert_seen("no error of ours", replaced("refresh_profile", function()
      return nil, { code = "timeout" }
    end))
  end)

  it("[hostile-check-sees-lua-error] sees a Lua error", function()
    assert_seen("attempt to", replaced("authorize", function()
      return nil .. ""
    end))
  end)

  it("[hostile-check-sees-token-device] sees the token of another "
    .. "device", function()
    local other
    assert_seen("the token of another device", function(on)
      other = nil
      local submit = on.transport.submit
      function on.transport.submit(self, request)
        if request.bearer and header_table(request)["X-Device-Info"] then
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

  it("[hostile-check-sees-profile] sees the profile of another "
    .. "device", function()
    local seen
    local mix_up = replaced("login", function(old, on, who, ...)
      local found, err = old(...)
      if seen and seen.on == on and seen.who ~= who then
        return seen.profile
      end
      if found then seen = { on = on, who = who, profile = found } end
      return found, err
    end)
    assert_seen("the profile of another device", function(on)
      on.acts = acts.named "login"
      mix_up(on)
    end)
  end)
end)
