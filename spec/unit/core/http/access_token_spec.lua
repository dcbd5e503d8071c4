local core = require "adobepass.core"
local open_handles = require "spec.support.open_handles"

local response = { access_token = "aaa.bbb-ccc_ddd", expires_in = 86400,
  created_at = 1698764800000, token_type = "bearer", id = "x" }
local terms = { now = 1000, margin = 300, jitter = 60, chance = 0.5 }

local function with(change)
  local copy = {}
  for name, value in pairs(response) do copy[name] = value end
  for name, value in pairs(change) do copy[name] = value end
  return copy
end

describe("core.token", function()
  after_each(open_handles.assert_none)

  it("[core-token-fresh-due-expired] access token: is fresh, then due for "
    .. "refresh, then expired", function()
    local token = core.token(response, terms)
    assert.equal("fresh", token:state(1000))
    assert.equal("fresh", token:state(87069.9))
    assert.equal("due", token:state(87070))
    assert.equal("due", token:state(87399.9))
    assert.equal("expired", token:state(87400))
    assert.equal(87070, token:due_at())
    assert.equal(87400, token:expires_at())
    assert.equal(1698764800000, token:created_at())
    token:close()
  end)

  it("[core-token-spreads-refresh] access token: the refresh time varies with "
    .. "the jitter", function()
    local function due(chance)
      local token = core.token(response, { now = 0, margin = 100, jitter = 50,
        chance = chance })
      local at = token:due_at()
      token:close()
      return at
    end
    assert.equal(86300, due(0))
    assert.equal(86275, due(0.5))
    assert.equal(86250, due(1))
  end)

  it("[core-token-draws-chance-none] access token: draws a random jitter by "
    .. "default", function()
    local seen, count = {}, 0
    for _ = 1, 64 do
      local token = core.token(response, { now = 0, jitter = 60 })
      local at = token:due_at()
      token:close()
      assert.is_true(at > 86400 - 361 and at <= 86400 - 300)
      if not seen[at] then seen[at], count = true, count + 1 end
    end
    assert.is_true(count > 10)
  end)

  it("[core-token-never-due-half-short] access token: with a short lifetime, "
    .. "is not due before half of it", function()
    local token = core.token(with { expires_in = 20 }, terms)
    assert.equal(1010, token:due_at())
    assert.equal(1020, token:expires_at())
    token:close()
  end)

  it("[core-token-expired-birth-life] access token: is expired from the start "
    .. "when expires_in is 0", function()
    local token = core.token(with { expires_in = 0 }, terms)
    assert.equal("expired", token:state(1000))
    token:close()
  end)

  it("[core-token-uses-clock-no-time] access token: uses the monotonic clock "
    .. "when no time is given", function()
    local token = core.token(response)
    assert.equal("fresh", token:state())
    assert.is_true(token:expires_at() > core.clock.monotonic() + 86000)
    token:close()
  end)

  it("[core-token-seconds-text] access token: accepts expires_in as text, and "
    .. "a missing created_at", function()
    local token = core.token({ access_token = "a", expires_in = "60" },
      { now = 0 })
    assert.equal(60, token:expires_at())
    assert.is_nil(token:created_at())
    token:close()
  end)

  it("[core-token-shows-secret-not-ask] access token: only reveal returns the "
    .. "secret", function()
    local token = core.token(response)
    assert.equal("adobepass.token (redacted)", tostring(token))
    assert.equal("aaa.bbb-ccc_ddd", token:reveal())
    assert.is_nil(token.secret)
    token:close()
  end)

  it("[core-token-closed-often] access token: has no secret after close, which "
    .. "is idempotent", function()
    local token = core.token(response, terms)
    token:close()
    token:close()
    assert.equal("expired", token:state(1000))
    assert.equal("adobepass.token (closed)", tostring(token))
    local secret, message, code = token:reveal()
    assert.same({ nil, "The token is closed.", "closed" },
      { secret, message, code })
  end)

  local function malformed(change)
    local token, message, code = core.token(with(change))
    assert.is_nil(token)
    assert.equal("malformed_response", code)
    assert.is_nil(message:find(response.access_token, 1, true))
  end

  it("[core-token-refuses-no-server] access token: a malformed token response "
    .. "gives malformed_response", function()
    malformed { access_token = 7 }
    malformed { access_token = "" }
    malformed { access_token = "two words" }
    malformed { access_token = "line\r\nX-Evil: 1" }
    malformed { access_token = "nul\0" }
    malformed { access_token = "\195\164" }
    malformed { access_token = ("a"):rep(65537) }
    malformed { expires_in = "soon" }
    malformed { expires_in = {} }
    malformed { expires_in = -1 }
    malformed { expires_in = 1 / 0 }
    malformed { expires_in = 0 / 0 }
    malformed { expires_in = 1e300 }
    assert.equal("malformed_response", select(3, core.token {}))
  end)

  it("[core-token-raises-programmer] access token: usage errors "
    .. "raise", function()
    assert.error_matches(function() core.token() end, "table expected")
    assert.error_matches(function() core.token("x") end, "table expected")
    assert.error_matches(function() core.token(response, { margn = 1 }) end,
      "unknown option 'margn'")
    for name in pairs(terms) do
      assert.error_matches(function()
        core.token(response, { [name] = "x" })
      end, "option '" .. name .. "' should be a number")
    end
    assert.error_matches(function()
      core.token(response, { chance = 1.5 })
    end, "option 'chance' should be a number from 0")
    local token = core.token(response)
    assert.error_matches(function() token:state("now") end,
      "number expected")
    assert.error_matches(function() token.state(io.stdout) end,
      "bad argument")
    token:close()
  end)
end)
