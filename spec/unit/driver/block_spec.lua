local block = require "adobepass.driver.block"

describe("driver.block", function()
  local function pending(ends_after)
    local calls = 0
    return { ended = function()
      calls = calls + 1
      return ends_after ~= nil and calls > ends_after
    end }
  end

  it("[driver-block-steps-no-longer] driver.block: steps no longer than the "
    .. "remaining time", function()
    local driver, steps = block(), {}
    local deadline = driver.now() + 0.01
    local transport = { step = function(_, seconds)
      steps[#steps + 1] = seconds
      return 1
    end }
    assert.is_false(driver.wait(transport, pending(), deadline))
    for _, seconds in ipairs(steps) do
      assert.is_true(seconds > 0 and seconds <= 0.01)
    end
  end)

  it("[driver-block-steps-short-ctrl-c] driver.block: steps at most one "
    .. "second, so that Ctrl-C takes effect", function()
    local driver, longest = block(), 0
    local transport = { step = function(_, seconds)
      longest = math.max(longest, seconds)
      return 1
    end }
    assert.is_true(driver.wait(transport, pending(3), driver.now() + 600))
    assert.is_true(longest > 0 and longest <= 1)
  end)

  it("[driver-block-not-hot-session] driver.block: does not busy-wait on an "
    .. "idle or failing transport", function()
    for _, response in ipairs { 0, false } do
      local driver, steps = block(), 0
      local transport = { step = function()
        steps = steps + 1
        return response or nil
      end }
      assert.is_false(driver.wait(transport, pending(), driver.now() + 0.03))
      assert.is_true(steps <= 4)
    end
  end)

  it("[driver-block-raises-options] driver.block: any option raises", function()
    assert.error_matches(function() block { rate_limit = 1 } end,
      "driver.block: unknown option 'rate_limit'")
  end)
end)
