local rate_limiter = require "adobepass.policy.rate_limiter"

describe("rate limiter", function()
  it("[rate-limit-burst-second] rate limiter: allows a burst, then one request "
    .. "a second", function()
    local p = rate_limiter.new {}
    for _ = 1, 10 do assert.equal(0, p:reserve("a", 100)) end
    assert.equal(1, p:reserve("a", 100))
  end)

  it("[rate-limit-spaces-wait-order] rate limiter: gives waiting requests "
    .. "their turns in order", function()
    local p = rate_limiter.new { burst = 1 }
    local waits = {}
    for i = 1, 5 do waits[i] = p:reserve("a", 100) end
    assert.same({ 0, 1, 2, 3, 4 }, waits)
    assert.equal(4.5, p:reserve("a", 100.5))
  end)

  it("[rate-limit-fills-time] rate limiter: refills with time, up to the "
    .. "burst", function()
    local p = rate_limiter.new { rate = 2, burst = 4 }
    for _ = 1, 4 do p:reserve("a", 0) end
    assert.equal(0, p:reserve("a", 0.5))
    assert.equal(0.5, p:reserve("a", 0.5))
    for _ = 1, 4 do assert.equal(0, p:reserve("a", 1000)) end
    assert.equal(0.5, p:reserve("a", 1000))
  end)

  it("[rate-limit-keeps-keys-apart] rate limiter: keys are "
    .. "independent", function()
    local p = rate_limiter.new { burst = 1 }
    assert.equal(0, p:reserve("a", 0))
    assert.equal(0, p:reserve("b", 0))
    p:penalize("a", 0, 60)
    assert.equal(1, p:reserve("b", 0))
  end)

  it("[rate-limit-can-turned-off] rate limiter: false turns it off", function()
    local p = rate_limiter.new(false)
    for _ = 1, 100 do assert.equal(0, p:reserve("a", 0)) end
    p:penalize("a", 0, 60)
    p:cancel "a"
    assert.equal(0, p:reserve("a", 0))
    assert.equal(0, p:barred_for("a", 0))
    assert.equal(0, p:size())
  end)

  it("[rate-limit-never-lets-more-go] rate limiter: never allows more requests "
    .. "than rate and burst, at any times",
    function()
      local p = rate_limiter.new { rate = 3, burst = 5 }
      local starts, now, gone = {}, 0, 0
      for i = 1, 3000 do
        now = now + (i * 7919 % 97) / 97 * (i % 5 == 0 and 2 or 0.3)
        starts[i] = now + p:reserve("a", now)
        if i % 11 == 0 then p:cancel "a" starts[i] = nil end
      end
      local sorted = {}
      for _, start in pairs(starts) do sorted[#sorted + 1] = start end
      table.sort(sorted)
      for i, start in ipairs(sorted) do
        for j = i, math.min(#sorted, i + 40) do
          local most = 5 + 3 * (sorted[j] - start) + 1e-6
          assert.is_true(j - i + 1 <= most)
          gone = gone + 1
        end
      end
      assert.is_true(gone > 1000)
    end)

  it("[rate-limit-lets-go-before] rate limiter: after a penalty, requests "
    .. "start one by one", function()
    local p = rate_limiter.new {}
    p:penalize("a", 100, 3)
    assert.equal(3, p:reserve("a", 100))
    assert.equal(4, p:reserve("a", 100))
    assert.equal(3, p:reserve("a", 102))
    assert.equal(0, p:reserve("a", 200))
  end)

  it("[rate-limit-keeps-longer-two] rate limiter: the longer of two penalties "
    .. "applies", function()
    local p = rate_limiter.new {}
    p:penalize("a", 100, 30)
    p:penalize("a", 101, 1)
    assert.equal(29, p:barred_for("a", 101))
    assert.equal(29, p:reserve("a", 101))
  end)

  it("[rate-limit-waits-already-penalty] rate limiter: a penalty also delays "
    .. "requests that already wait", function()
    local p = rate_limiter.new { burst = 1 }
    p:reserve("a", 0)
    assert.equal(1, p:reserve("a", 0))
    assert.equal(2, p:reserve("a", 0))
    p:penalize("a", 0, 5)
    assert.equal(4, p:barred_for("a", 1))
    p:cancel "a"
    assert.equal(4, p:reserve("a", 1))
    p:cancel "a"
    assert.equal(3, p:reserve("a", 2))
    assert.equal(0, p:barred_for("a", 5))
    assert.equal(0, p:barred_for("b", 5))
  end)

  it("[rate-limit-takes-place-back] rate limiter: cancel gives a turn "
    .. "back", function()
    local p = rate_limiter.new { burst = 1 }
    p:reserve("a", 0)
    assert.equal(1, p:reserve("a", 0))
    p:cancel "a"
    assert.equal(1, p:reserve("a", 0))
    p:cancel "b"
    assert.equal(1, p:size())
  end)

  it("[rate-limit-not-end-penalty] rate limiter: cancel does not end a "
    .. "penalty", function()
    local p = rate_limiter.new {}
    for _ = 1, 5 do p:reserve("a", 0) end
    p:penalize("a", 0, 20)
    for _ = 1, 5 do p:cancel "a" end
    assert.equal(20, p:reserve("a", 0))
  end)

  it("[rate-limit-forgets-full-buckets] rate limiter: at max_keys, forgets "
    .. "full buckets first", function()
    local p = rate_limiter.new { max_keys = 100, burst = 2 }
    for i = 1, 80 do p:reserve("idle" .. i, 0) end
    for i = 1, 20 do p:reserve("busy" .. i, 9) end
    for i = 1, 20 do p:reserve("busy" .. i, 9) end
    p:penalize("busy1", 9, 100)
    assert.equal(100, p:size())
    p:reserve("new", 9.5)
    assert.equal(21, p:size())
    for i = 2, 20 do assert.is_true(p:reserve("busy" .. i, 9.5) > 0) end
    assert.equal(99.5, p:barred_for("busy1", 9.5))
  end)

  it("[rate-limit-bounded-no-bucket] rate limiter: keeps to max_keys when no "
    .. "bucket is full, and forgets the fullest",
    function()
      local p = rate_limiter.new { max_keys = 100 }
      p:penalize("barred", 0, 1000)
      for i = 1, 5000 do
        p:reserve("key" .. i, 0)
        assert.is_true(p:size() <= 100)
      end
      assert.equal(1000, p:reserve("barred", 0))
    end)

  it("[rate-limit-counts-holds] rate limiter: size returns the number of "
    .. "buckets", function()
    local p = rate_limiter.new { max_keys = 7 }
    for i = 1, 3000 do
      local key, now = "key" .. i * 31 % 23, i / 10
      if i % 5 == 0 then p:penalize(key, now, i % 3) end
      p:reserve(key, now)
      if i % 4 == 0 then p:cancel(key) end
      local count = 0
      for _ in pairs(p.full_at) do count = count + 1 end
      assert.equal(count, p:size())
      for barred in pairs(p.barred) do assert.truthy(p.full_at[barred]) end
    end
  end)

  it("[rate-limit-single-key] rate limiter: works with max_keys = 1", function()
    local p = rate_limiter.new { max_keys = 1 }
    p:reserve("a", 0)
    p:reserve("b", 0)
    assert.equal(1, p:size())
  end)

  local misuse = {
    { "rate", 0 }, { "rate", -1 }, { "rate", "1" }, { "rate", 0 / 0 },
    { "burst", 0 }, { "burst", math.huge }, { "max_keys", 0 },
    { "max_keys", true }, { "speed", 1 },
  }
  for i, case in ipairs(misuse) do
    it("[rate-limit-raises-misuse-names] rate limiter: usage error "
      .. i .. " raises and names " .. case[1], function()
      local ok, message = pcall(rate_limiter.new, { [case[1]] = case[2] })
      assert.is_false(ok)
      assert.truthy(message:find("rate_limiter.new: .*" .. case[1]))
    end)
  end
end)
