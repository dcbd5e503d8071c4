local child_process = require "spec.support.child_process"
local clock = require("adobepass.core").clock
local folder = require "spec.support.folder"

describe("core.clock", function()
  it("[core-clock-goes-forward-only] core.clock: monotonic never goes "
    .. "back", function()
    local last = clock.monotonic()
    for _ = 1, 1000 do
      local now = clock.monotonic()
      assert.is_true(now >= last)
      last = now
    end
  end)

  -- time(2) may lag by a clock tick, so it may return the previous second.
  it("[core-clock-time-day-finer] core.clock: wall returns the time of day, "
    .. "finer than os.time", function()
    local before, now, next = os.time(), clock.wall(), clock.wall()
    assert.is_true(now >= before and now < os.time() + 2)
    assert.is_true(now % 1 ~= 0 or next % 1 ~= 0)
  end)

  if child_process.interpreter() == "lua5.4" then
    it("[core-clock-after-2038] core.clock: wall returns the time of day after 2038",
      function()
      local program, path = "build/lua5.4/later", folder.make()
      if not folder.read(program) then return pending "not built" end
      folder.write(path .. "/script", [[
        local later = ...
        local clock = require("adobepass.core").clock
        local before = clock.wall()
        later(2 ^ 32)
        print(math.abs(clock.wall() - before - 2 ^ 32) < 1e-5)
      ]])
      assert.equal("true", folder.run(program .. " " .. path .. "/script"))
      folder.remove(path)
    end)
  end

  it("[core-clock-sleeps-long-told] core.clock: sleep waits for the given "
    .. "seconds", function()
    local before = clock.monotonic()
    clock.sleep(0.01)
    assert.is_true(clock.monotonic() - before >= 0.0099)
    assert.equal(0, select("#", clock.sleep(0)))
    for _, seconds in ipairs { -1, 0 / 0, 1e9, "1" } do
      assert.error_matches(function() clock.sleep(seconds) end,
        "bad argument #1")
    end
  end)

  -- The lifetime of a token must also elapse while a TV is in standby.
  it("[core-clock-counts-standby-linux] core.clock: monotonic includes standby "
    .. "on Linux", function()
    local uptime = io.open("/proc/uptime")
    if not uptime then return pending("no /proc/uptime here") end
    local before = clock.monotonic()
    local up = uptime:read("*n")
    uptime:close()
    assert.is_true(up >= before - 0.02 and up <= clock.monotonic() + 0.02)
  end)
end)
