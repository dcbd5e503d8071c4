--- The gateway's rate limit while Redis is down; openresty_spec tests it with
-- Redis.

package.path = "examples/openresty/lua/?.lua;" .. package.path

local rate_limiter = require "gateway.rate_limit"
local redis_clients = require "adobepass.store.redis_clients"

describe("gateway rate limit without Redis", function()
  local broken = redis_clients(function()
    return nil, "Redis cannot be reached."
  end)

  it("[gateway-rate-limit-each-worker] gateway rate limit without Redis: "
    .. "counts per worker", function()
    local alone = rate_limiter.new(broken)
    for _ = 1, 10 do assert.equal(0, alone:reserve("192.0.2.1", 100)) end
    assert.equal(1, alone:reserve("192.0.2.1", 100))
    assert.equal(0, alone:reserve("192.0.2.2", 100))
    alone:cancel "192.0.2.1"
    assert.equal(1, alone:reserve("192.0.2.1", 100))
  end)

  it("[gateway-rate-limit-obeys-429] gateway rate limit without Redis: waits "
    .. "after a 429", function()
    local alone = rate_limiter.new(broken)
    alone:penalize("192.0.2.1", 100, 5)
    assert.equal(5, alone:barred_for("192.0.2.1", 100))
    assert.equal(5, alone:reserve("192.0.2.1", 100))
  end)

  it("[gateway-rate-limit-redis-breaks] gateway rate limit: counts per worker "
    .. "when Redis fails between two calls", function()
    local alone = rate_limiter.new(redis_clients(function()
      return { eval = function() return nil, "timeout" end }
    end))
    for _ = 1, 10 do assert.equal(0, alone:reserve("192.0.2.1", 100)) end
    assert.equal(1, alone:reserve("192.0.2.1", 100))
  end)

  it("[gateway-rate-limit-not-address] gateway rate limit: does not limit an "
    .. "address on Adobe's allow list", function()
    local listed = rate_limiter.new(broken, { is_listed = true })
    for _ = 1, 100 do assert.equal(0, listed:reserve("own", 100)) end
    for _ = 1, 10 do listed:reserve("192.0.2.1", 100) end
    assert.equal(1, listed:reserve("192.0.2.1", 100))
  end)

  it("[gateway-rate-limit-settings] gateway rate limit: keeps the rate and the burst "
    .. "of the settings, and others for shared addresses", function()
    local limit = rate_limiter.new(broken, { rate = 2, burst = 3,
      shared = { rate = 50, burst = 100,
        contains = function(address) return address == "203.0.113.7" end } })
    for _ = 1, 3 do assert.equal(0, limit:reserve("192.0.2.1", 100)) end
    assert.equal(0.5, limit:reserve("192.0.2.1", 100))
    for _ = 1, 100 do assert.equal(0, limit:reserve("203.0.113.7", 100)) end
    assert.near(0.02, limit:reserve("203.0.113.7", 100), 1e-9)
    limit:cancel "203.0.113.7"
    assert.near(0.02, limit:reserve("203.0.113.7", 100), 1e-9)
    limit:penalize("203.0.113.7", 100, 5)
    assert.equal(5, limit:barred_for("203.0.113.7", 100))
    assert.equal(0, limit:barred_for("192.0.2.1", 100))
  end)
end)
