--- The gateway's rate limit while Redis is down; openresty_spec tests it with
-- Redis.

package.path = "examples/openresty/lua/?.lua;" .. package.path

local rate_limiter = require "gateway.rate_limit"

describe("the gateway's rate limit without Redis", function()
  local function broken()
    return nil, "Redis cannot be reached."
  end

  it("[gateway-rate-limit-each-worker] is that of each worker for "
    .. "itself", function()
    local alone = rate_limiter.new(broken)
    for _ = 1, 10 do assert.equal(0, alone:reserve("192.0.2.1", 100)) end
    assert.equal(1, alone:reserve("192.0.2.1", 100))
    assert.equal(0, alone:reserve("192.0.2.2", 100))
    alone:cancel "192.0.2.1"
    assert.equal(1, alone:reserve("192.0.2.1", 100))
  end)

  it("[gateway-rate-limit-obeys-429] obeys a 429", function()
    local alone = rate_limiter.new(broken)
    alone:penalize("192.0.2.1", 100, 5)
    assert.equal(5, alone:barred_for("192.0.2.1", 100))
    assert.equal(5, alone:reserve("192.0.2.1", 100))
  end)

  it("[gateway-rate-limit-redis-breaks] takes a Redis that breaks in between "
    .. "for none", function()
    local alone = rate_limiter.new(function()
      return { eval = function() return nil, "timeout" end }
    end)
    for _ = 1, 10 do assert.equal(0, alone:reserve("192.0.2.1", 100)) end
    assert.equal(1, alone:reserve("192.0.2.1", 100))
  end)

  it("[gateway-rate-limit-not-address] does not hold back an address that "
    .. "Adobe has on its list", function()
    local listed = rate_limiter.new(broken, true)
    for _ = 1, 100 do assert.equal(0, listed:reserve("own", 100)) end
    for _ = 1, 10 do listed:reserve("192.0.2.1", 100) end
    assert.equal(1, listed:reserve("192.0.2.1", 100))
  end)
end)
