local rate_limiter = require "adobepass.policy.rate_limiter"

describe("rate limiter", function()
  it("[rate-limit-burst-second] rate limiter: allows a burst, then one request "
    .. "a second", function()
    local limiter = rate_limiter.new {}
    for _ = 1, 10 do assert.equal(0, limiter:reserve("a", 100)) end
    assert.equal(1, limiter:reserve("a", 100))
  end)

  it("[rate-limit-spaces-wait-order] rate limiter: spaces waiting requests in "
    .. "their order", function()
    local limiter = rate_limiter.new { burst = 1 }
    local waits = {}
    for i = 1, 5 do waits[i] = limiter:reserve("a", 100) end
    assert.same({ 0, 1, 2, 3, 4 }, waits)
    assert.equal(4.5, limiter:reserve("a", 100.5))
  end)

  it("[rate-limit-burst-once] rate limiter: a key spends its burst once, also "
    .. "after a long pause", function()
    local limiter = rate_limiter.new()
    for _ = 1, 10 do assert.equal(0, limiter:reserve("a", 0)) end
    for hour = 1, 3 do
      local now = hour * 3600
      assert.equal(0, limiter:reserve("a", now))
      assert.equal(1, limiter:reserve("a", now))
    end
    for _ = 1, 10 do assert.equal(0, limiter:reserve("b", 9000)) end
    assert.equal(1, limiter:reserve("b", 9000))
  end)

  it("[rate-limit-adobe-scenario] rate limiter: counts the burst as the "
    .. "scenario of Adobe's throttling page", function()
    local limiter = rate_limiter.new()
    local marked = { { 0, 0 }, { 0.3, 1 }, { 0.6, 2 }, { 0.9, 3 }, { 1.2, 3 },
      { 1.3, 4 }, { 1.4, 5 }, { 1.5, 6 } }
    for _, row in ipairs(marked) do
      assert.equal(0, limiter:reserve("a", row[1]))
      assert.equal(row[2], 9 - limiter.burst_left.a)
    end
  end)

  it("[rate-limit-within-window] rate limiter: spends exactly the burst, by the "
    .. "server's count, when pairs of requests in one second repeat", function()
    local limiter, times = rate_limiter.new(), {}
    for pair = 0, 19 do
      for _, now in ipairs { 2 * pair, 2 * pair + 0.9 } do
        times[#times + 1] = now + limiter:reserve("a", now)
      end
    end
    local used, seen = 0, {}
    for _, time in ipairs(times) do
      local window = math.floor(time)
      if seen[window] then used = used + 1 end
      seen[window] = true
    end
    assert.equal(9, used)
  end)

  it("[rate-limit-allow-listed] rate limiter: an allow-listed address waits "
    .. "only after a 429", function()
    local limiter = rate_limiter.new { burst = 1,
      allow_listed = { "192.0.2.1", "own" } }
    for _ = 1, 100 do
      assert.equal(0, limiter:reserve("192.0.2.1", 0))
      assert.equal(0, limiter:reserve("own", 0))
    end
    assert.equal(0, limiter.keys)
    assert.equal(0, limiter:reserve("192.0.2.2", 0))
    assert.equal(1, limiter:reserve("192.0.2.2", 0))
    limiter:penalize("own", 10, 1)
    assert.equal(1, limiter:reserve("own", 10))
    assert.equal(0, limiter:reserve("own", 11))
    assert.equal(0, limiter:reserve("own", 11))
  end)

  it("[rate-limit-fills-time] rate limiter: with refill, refills with time, up "
    .. "to the burst", function()
    local limiter = rate_limiter.new { rate = 2, burst = 4, refill = true }
    for _ = 1, 4 do limiter:reserve("a", 0) end
    assert.equal(0, limiter:reserve("a", 0.5))
    assert.equal(0.5, limiter:reserve("a", 0.5))
    for _ = 1, 4 do assert.equal(0, limiter:reserve("a", 1000)) end
    assert.equal(0.5, limiter:reserve("a", 1000))
  end)

  it("[rate-limit-keeps-keys-apart] rate limiter: keys are "
    .. "independent", function()
    local limiter = rate_limiter.new { burst = 1 }
    assert.equal(0, limiter:reserve("a", 0))
    assert.equal(0, limiter:reserve("b", 0))
    limiter:penalize("a", 0, 60)
    assert.equal(1, limiter:reserve("b", 0))
  end)

  it("[rate-limit-can-turned-off] rate limiter: new(false) disables the "
    .. "limit", function()
    local limiter = rate_limiter.new(false)
    assert.is_true(limiter.off)
    limiter:penalize("a", 0, 60)
    limiter:cancel "a"
    assert.equal(0, limiter:barred_for("a", 0))
    assert.equal(0, limiter.keys)
  end)

  it("[rate-limit-never-lets-more-go] rate limiter: never allows more requests "
    .. "than rate and burst, at any times",
    function()
      local limiter = rate_limiter.new { rate = 3, burst = 5 }
      local starts, now, gone = {}, 0, 0
      for i = 1, 3000 do
        now = now + (i * 7919 % 97) / 97 * (i % 5 == 0 and 2 or 0.3)
        starts[i] = now + limiter:reserve("a", now)
        if i % 11 == 0 then limiter:cancel "a" starts[i] = nil end
      end
      local sorted = {}
      for _, start in pairs(starts) do sorted[#sorted + 1] = start end
      table.sort(sorted)
      for i, start in ipairs(sorted) do
        for j = i, math.min(#sorted, i + 40) do
          local most = 5 + 3 * (sorted[j] - start) + 1e-6
          assert(j - i + 1 <= most)
          gone = gone + 1
        end
      end
      assert.is_true(gone > 1000)
    end)

  it("[rate-limit-lets-go-before] rate limiter: after a penalty, requests "
    .. "start one by one", function()
    local limiter = rate_limiter.new {}
    limiter:penalize("a", 100, 3)
    assert.equal(3, limiter:reserve("a", 100))
    assert.equal(4, limiter:reserve("a", 100))
    assert.equal(3, limiter:reserve("a", 102))
    assert.equal(0, limiter:reserve("a", 200))
  end)

  it("[rate-limit-keeps-longer-two] rate limiter: the longer of two penalties "
    .. "applies", function()
    local limiter = rate_limiter.new {}
    limiter:penalize("a", 100, 30)
    limiter:penalize("a", 101, 1)
    assert.equal(29, limiter:barred_for("a", 101))
    assert.equal(29, limiter:reserve("a", 101))
  end)

  it("[rate-limit-waits-already-penalty] rate limiter: a penalty also delays "
    .. "requests that already wait", function()
    local limiter = rate_limiter.new { burst = 1 }
    limiter:reserve("a", 0)
    assert.equal(1, limiter:reserve("a", 0))
    assert.equal(2, limiter:reserve("a", 0))
    limiter:penalize("a", 0, 5)
    assert.equal(4, limiter:barred_for("a", 1))
    limiter:cancel "a"
    assert.equal(4, limiter:reserve("a", 1))
    limiter:cancel "a"
    assert.equal(3, limiter:reserve("a", 2))
    assert.equal(0, limiter:barred_for("a", 5))
    assert.equal(0, limiter:barred_for("b", 5))
  end)

  it("[rate-limit-takes-place-back] rate limiter: cancel releases a reserved "
    .. "turn", function()
    local limiter = rate_limiter.new { burst = 1 }
    limiter:reserve("a", 0)
    assert.equal(1, limiter:reserve("a", 0))
    limiter:cancel "a"
    assert.equal(1, limiter:reserve("a", 0))
    limiter:cancel "b"
    assert.equal(1, limiter.keys)
  end)

  it("[rate-limit-not-end-penalty] rate limiter: cancel does not end a "
    .. "penalty", function()
    local limiter = rate_limiter.new {}
    for _ = 1, 5 do limiter:reserve("a", 0) end
    limiter:penalize("a", 0, 20)
    for _ = 1, 5 do limiter:cancel "a" end
    assert.equal(20, limiter:reserve("a", 0))
  end)

  it("[rate-limit-forgets-full-buckets] rate limiter: at max_keys, forgets a "
    .. "tenth of the addresses, those without requests for longest", function()
    local limiter = rate_limiter.new { max_keys = 100, burst = 2 }
    for i = 1, 80 do limiter:reserve("idle" .. i, 0) end
    for i = 1, 20 do limiter:reserve("busy" .. i, 9) end
    for i = 1, 20 do limiter:reserve("busy" .. i, 9) end
    limiter:penalize("busy1", 9, 100)
    assert.equal(100, limiter.keys)
    limiter:reserve("new", 9.5)
    assert.equal(91, limiter.keys)
    for i = 2, 20 do assert.is_true(limiter:reserve("busy" .. i, 9.5) > 0) end
    assert.equal(99.5, limiter:barred_for("busy1", 9.5))
  end)

  it("[rate-limit-bounded-no-bucket] rate limiter: keeps to max_keys when every "
    .. "address is busy, and forgets a blocked one last",
    function()
      local limiter = rate_limiter.new { max_keys = 100 }
      limiter:penalize("barred", 0, 1000)
      for i = 1, 5000 do
        limiter:reserve("key" .. i, 0)
        assert.is_true(limiter.keys <= 100)
      end
      assert.equal(1000, limiter:reserve("barred", 0))
    end)

  it("[rate-limit-counts-holds] rate limiter: counts the addresses that it "
    .. "holds", function()
    local limiter = rate_limiter.new { max_keys = 7 }
    for i = 1, 3000 do
      local key, now = "key" .. i * 31 % 23, i / 10
      if i % 5 == 0 then limiter:penalize(key, now, i % 3) end
      limiter:reserve(key, now)
      if i % 4 == 0 then limiter:cancel(key) end
      local count = 0
      for _ in pairs(limiter.next_at) do count = count + 1 end
      assert.equal(count, limiter.keys)
      for barred in pairs(limiter.barred) do assert.truthy(limiter.next_at[barred]) end
    end
  end)

  it("[rate-limit-single-key] rate limiter: works with max_keys = 1", function()
    local limiter = rate_limiter.new { max_keys = 1 }
    limiter:reserve("a", 0)
    limiter:reserve("b", 0)
    assert.equal(1, limiter.keys)
  end)

  local misuse = {
    { "rate", 0 }, { "rate", -1 }, { "rate", "1" }, { "rate", 0 / 0 },
    { "burst", 0 }, { "burst", math.huge }, { "max_keys", 0 },
    { "max_keys", true }, { "speed", 1 }, { "refill", 1 },
    { "allow_listed", "192.0.2.1" }, { "allow_listed", { 5 } },
  }
  for i, case in ipairs(misuse) do
    it("[rate-limit-raises-misuse-names] rate limiter: usage error "
      .. i .. " raises and names " .. case[1], function()
      local ok, message = pcall(rate_limiter.new, { [case[1]] = case[2] })
      assert.is_false(ok)
      assert.truthy(message:find("adobepass%.new: rate_limit: .*" .. case[1]))
    end)
  end
end)
