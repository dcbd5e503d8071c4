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
    { "an error with the action retry", RETRY, true, false },
    { "a 429", THROTTLED, true, true },
    { "a 429 with a code of Adobe's",
      err { action = "none", http_status = 429 }, true, true },
    { "a 500 without an action", err { http_status = 500 }, true, false },
    { "a 502", err { action = "retry", http_status = 502 }, true, false },
    { "a 503", err { http_status = 503 }, true, false },
    { "a 503 with Retry-After", BUSY, true, true },
    { "a 500 with Retry-After",
      err { http_status = 500, retry_after = 1 }, true, false },
    { "a timeout", transport "timeout", true, false },
    { "a lost connection", transport "connection_lost", true, false },
    { "a proxy that fails", transport "proxy_failed", true, false },
    { "a response that is not HTTP", transport "protocol_error", true, false },
    { "a failed DNS lookup", transport "resolve_failed", true, true },
    { "a refused connection", transport "connect_failed", true, true },
    { "a TLS failure", transport "tls_failed" },
    { "a response that is too large", transport "too_large" },
    { "a cancelled request", transport "cancelled" },
    { "a closed transport", transport "closed" },
    { "an insecure URL", transport "insecure_url" },
    { "a failure of unknown kind", transport "transfer_failed" },
    { "a 500 with the action configuration",
      err { action = "configuration", http_status = 500 } },
    { "a 500 of Adobe's sample with a configuration's code and the action none",
      err { code = "invalid_configuration_temporary_access", action = "none",
        http_status = 500 } },
    { "a 500 with the action application-registration",
      err { action = "application-registration", http_status = 500 } },
    { "a 503 with the action authentication",
      err { action = "authentication", http_status = 503 } },
    { "a 502 with the action authorization",
      err { action = "authorization", http_status = 502 } },
    { "a denial", err { action = "none", http_status = 403 } },
    { "an error with an unknown action", err { action = "pray" } },
    { "a malformed response", errors.malformed("profiles", "empty") },
  }
  for _, case in ipairs(cases) do
    local name, failure, when_safe, when_not = (table.unpack or unpack)(case) -- luacheck: ignore
    it("[retry-repeats-not-repeat] "
      .. (when_safe and "retry: repeats " or "retry: does not repeat ") .. name,
      function()
      local terms = { safe = true }
      assert.equal(when_safe or false, delay(failure, 1, terms) ~= nil)
    end)
    it("[retry-not-repeat] "
      .. (when_not and "retry: repeats " or "retry: does not repeat ") .. name
      .. " of an operation that is not idempotent", function()
      assert.equal(when_not or false, delay(failure, 1, {}) ~= nil)
    end)
  end

  it("[retry-temporary-configuration] retry: an error of the configuration is not "
    .. "temporary, also with the action none", function()
    local function temporary(code)
      return retry.is_temporary(err { code = code, action = "none",
        http_status = 500 })
    end
    assert.is_true(temporary "internal_server_error")
    assert.is_false(temporary "invalid_configuration_temporary_access")
  end)

  it("[retry-doubles-cap] retry: the delay doubles up to the cap", function()
    local options = { attempts = 10, base = 0.5, cap = 8 }
    local seen = {}
    for attempt = 1, 9 do
      seen[attempt] = delay(RETRY, attempt, { safe = true }, options)
    end
    assert.same({ 0.5, 1, 2, 4, 8, 8, 8, 8, 8 }, seen)
  end)

  it("[retry-spreads-chance] retry: full jitter spreads the delay between 0 "
    .. "and its maximum", function()
    for tenth = 0, 10 do
      local terms = { safe = true, chance = tenth / 10 }
      assert.equal(tenth / 10, delay(RETRY, 2, terms))
    end
  end)

  it("[retry-gives-up-after] retry: gives up after the given number of "
    .. "attempts", function()
    assert.truthy(delay(RETRY, 2, { safe = true }))
    assert.is_nil(delay(RETRY, 3, { safe = true }))
    assert.is_nil(delay(RETRY, 4, { safe = true }))
    assert.is_nil(delay(RETRY, 1, { safe = true }, { attempts = 1 }))
  end)

  it("[retry-waits-second-429] retry: waits at least one second after a "
    .. "429", function()
    for tenth = 0, 10 do
      assert.is_true(delay(THROTTLED, 1, { chance = tenth / 10 }) >= 1)
    end
  end)

  it("[retry-obeys-retry-after-429] retry: follows Retry-After on 429 and 503 "
    .. "only", function()
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

  it("[retry-spreads-retry-after] retry: adds jitter to Retry-After", function()
    assert.equal(5.25, delay(BUSY, 1, { chance = 0.5 }))
  end)

  it("[retry-wait-not-fit] retry: gives up at once when the delay exceeds the "
    .. "remaining time", function()
    local terms = { safe = true, chance = 1, remaining = 0.6 }
    assert.equal(0.5, delay(RETRY, 1, terms))
    terms.remaining = 0.5
    assert.is_nil(delay(RETRY, 1, terms))
    terms.remaining = 0
    assert.is_nil(delay(RETRY, 1, terms))
    assert.is_nil(delay(BUSY, 1, { chance = 0, remaining = 4.9 }))
    assert.equal(5, delay(BUSY, 1, { chance = 0, remaining = 5.1 }))
  end)

  it("[retry-never-waits-longer-allowed] retry: never waits longer than "
    .. "allowed, whatever the options", function()
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
    it("[retry-raises-misuse-names] retry: usage error "
      .. i .. " raises and names " .. case[1], function()
      local ok, message = pcall(retry.new, { [case[1]] = case[2] })
      assert.is_false(ok)
      assert.truthy(message:find("adobepass%.new: retry: .*" .. case[1]))
    end)
  end
end)
