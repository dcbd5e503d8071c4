local errors = require "adobepass.api.errors"
local retry = require "adobepass.policy.retry"

local function err(fields)
  fields.code = fields.code or "some_code"
  return errors.new(fields)
end

local function transport(code)
  return errors.from_transport("profiles", "It failed.", code)
end

local RETRY = err { action = "retry", http_status = 403 }
local THROTTLED = err { code = "too_many_requests", http_status = 429 }
local BUSY = err { http_status = 503, retry_after = 5 }

local function delay(failure, attempt, terms, options)
  terms.chance = terms.chance or 1
  return retry.new(options):delay(failure, attempt, terms)
end

describe("retry", function()
  -- name, error, repeated when safe, repeated when not
  local cases = {
    { "action retry", RETRY, true, false },
    { "a 429", THROTTLED, true, true },
    { "a 429 with a code of Adobe's",
      err { action = "none", http_status = 429 }, true, true },
    { "a 500 without a remedy", err { http_status = 500 }, true, false },
    { "a 502", err { action = "retry", http_status = 502 }, true, false },
    { "a 503", err { http_status = 503 }, true, false },
    { "a 503 with Retry-After", BUSY, true, true },
    { "a 500 with Retry-After",
      err { http_status = 500, retry_after = 1 }, true, false },
    { "a timeout", transport "timeout", true, false },
    { "a lost connection", transport "connection_lost", true, false },
    { "a proxy that fails", transport "proxy_failed", true, false },
    { "an answer that is no HTTP", transport "protocol_error", true, false },
    { "a name not found", transport "resolve_failed", true, true },
    { "no connection", transport "connect_failed", true, true },
    { "no trust", transport "tls_failed" },
    { "too much", transport "too_large" },
    { "a cancelled request", transport "cancelled" },
    { "a closed session", transport "closed" },
    { "an insecure address", transport "insecure_url" },
    { "a failure of unknown kind", transport "transfer_failed" },
    { "a wrong configuration, though a 500",
      err { action = "configuration", http_status = 500 } },
    { "a registration to renew",
      err { action = "application-registration", http_status = 500 } },
    { "a login to renew",
      err { action = "authentication", http_status = 503 } },
    { "an authorization to renew",
      err { action = "authorization", http_status = 502 } },
    { "a denial", err { action = "none", http_status = 403 } },
    { "an action from the future", err { action = "pray" } },
    { "an answer not understood", errors.malformed("profiles", "empty") },
  }
  for _, case in ipairs(cases) do
    local name, failure, when_safe, when_not = (table.unpack or unpack)(case) -- luacheck: ignore
    it("[retry-repeats-not-repeat] "
      .. (when_safe and "repeats " or "does not repeat ") .. name, function()
      local terms = { safe = true }
      assert.equal(when_safe or false, delay(failure, 1, terms) ~= nil)
    end)
    it("[retry-not-repeat] "
      .. (when_not and "repeats " or "does not repeat ") .. name
      .. " when that may act twice", function()
      assert.equal(when_not or false, delay(failure, 1, {}) ~= nil)
    end)
  end

  it("[retry-doubles-cap] doubles up to the cap", function()
    local options = { attempts = 10, base = 0.5, cap = 8 }
    local seen = {}
    for attempt = 1, 9 do
      seen[attempt] = delay(RETRY, attempt, { safe = true }, options)
    end
    assert.same({ 0.5, 1, 2, 4, 8, 8, 8, 8, 8 }, seen)
  end)

  it("[retry-spreads-chance] spreads by chance over the whole of "
    .. "it", function()
    for tenth = 0, 10 do
      local terms = { safe = true, chance = tenth / 10 }
      assert.equal(tenth / 10, delay(RETRY, 2, terms))
    end
  end)

  it("[retry-gives-up-after] gives up after the attempts", function()
    assert.truthy(delay(RETRY, 2, { safe = true }))
    assert.is_nil(delay(RETRY, 3, { safe = true }))
    assert.is_nil(delay(RETRY, 4, { safe = true }))
    assert.is_nil(delay(RETRY, 1, { safe = true }, { attempts = 1 }))
  end)

  it("[retry-waits-second-429] waits a second or more after a 429", function()
    for tenth = 0, 10 do
      assert.is_true(delay(THROTTLED, 1, { chance = tenth / 10 }) >= 1)
    end
  end)

  it("[retry-obeys-retry-after-429] obeys Retry-After on 429 and 503, and no "
    .. "one else's", function()
    local terms = { safe = true, chance = 0 }
    local function after(status, seconds)
      return delay(err { http_status = status, action = "retry",
        retry_after = seconds }, 1, terms)
    end
    assert.equal(7, after(429, 7))
    assert.equal(1, after(429, 0))
    assert.equal(7, after(503, 7))
    assert.equal(0, after(503, 0))
    assert.equal(0, after(502, 7))
  end)

  it("[retry-spreads-retry-after] spreads those who were told the same "
    .. "Retry-After", function()
    assert.equal(5.25, delay(BUSY, 1, { chance = 0.5 }))
  end)

  it("[retry-wait-not-fit] gives up at once when the wait does not "
    .. "fit", function()
    local terms = { safe = true, chance = 1, remaining = 0.6 }
    assert.equal(0.5, delay(RETRY, 1, terms))
    terms.remaining = 0.5
    assert.is_nil(delay(RETRY, 1, terms))
    terms.remaining = 0
    assert.is_nil(delay(RETRY, 1, terms))
    assert.is_nil(delay(BUSY, 1, { chance = 0, remaining = 4.9 }))
    assert.equal(5, delay(BUSY, 1, { chance = 0, remaining = 5.1 }))
  end)

  it("[retry-never-waits-longer-allowed] never waits longer than allowed, "
    .. "whatever the numbers", function()
    for i = 1, 3000 do
      local options = { attempts = 10, base = i % 13 / 10 + 0.01,
        cap = i % 17 + 0.01 }
      local terms = { safe = true, chance = i % 11 / 10,
        remaining = i % 7 }
      local wait = delay(i % 2 == 0 and RETRY or THROTTLED, i % 9 + 1, terms,
        options)
      if wait then
        assert.is_true(wait >= 0 and wait < terms.remaining)
        assert.is_true(wait <= options.cap + 1)
      end
    end
  end)

  local misuse = {
    { "attempts", 0 }, { "attempts", 11 }, { "attempts", 1.5 },
    { "attempts", "3" }, { "base", 0 }, { "base", -1 }, { "base", 0 / 0 },
    { "cap", math.huge }, { "cap", false }, { "tries", 3 },
  }
  for i, case in ipairs(misuse) do
    it("[retry-raises-misuse-names] raises on misuse "
      .. i .. " and names " .. case[1], function()
      local ok, message = pcall(retry.new, { [case[1]] = case[2] })
      assert.is_false(ok)
      assert.truthy(message:find("retry.new: .*" .. case[1]))
    end)
  end
end)
