--- Requirements of every driver, in any host.
--
-- Each case receives a table: `driver`; `transport`; `url(server, path)` of
-- `spec.support.https_server`; `together(list)`, which runs functions
-- concurrently, or nil if the host cannot. Plain Lua, because it runs inside
-- nginx, too.
--
-- Cases check minimum durations, and that a wait ends before its deadline of a minute,
-- so a slow machine causes no failure.

local core = require "adobepass.core"
local sandbox = require "adobepass.sandbox"

local driver_conformance = {}

local cases = {}

local function case(name, run, needs)
  cases[#cases + 1] = { name = name, run = run, needs = needs }
end

local function same(wanted, got)
  if wanted ~= got then
    error(("wanted %s, got %s"):format(tostring(wanted), tostring(got)), 2)
  end
end

local MINUTE = 60
local SHORT = 0.02
-- Rounding error of a float, in seconds.
local ROUNDING = 1e-6

local function submit(world, rest, place)
  return assert(world.transport:submit {
    url = world.url(place or "GOOD", rest) })
end

local function wait(world, transfer, seconds)
  return world.driver.wait(world.transport, transfer,
    world.driver.now() + (seconds or MINUTE))
end

local function code_of(transfer)
  return (select(3, transfer:result()))
end

local function at_least(seconds, started)
  local took = core.clock.monotonic() - started
  if took < seconds - ROUNDING then
    error(("took %g s instead of %g"):format(took, seconds), 2)
  end
end

case("[driver-waits-response] driver: waits for a response", function(world)
  local transfer = submit(world, "/hello")
  same("pending", code_of(transfer))
  same(true, wait(world, transfer))
  same("hello", assert(transfer:result()).body)
end)

case("[driver-waits-one-after] driver: waits for several transfers in "
  .. "sequence", function(world)
  for i = 1, 5 do
    local transfer = submit(world, "/echo?" .. i)
    same(true, wait(world, transfer))
    same("GET /echo?" .. i, transfer:result().body:match("^[^\n]*"))
  end
end)

case("[driver-waits-large-response] driver: waits for a large "
  .. "response", function(world)
  local transfer = submit(world, "/bytes?n=2000000")
  same(true, wait(world, transfer))
  same(2000000, #assert(transfer:result()).body)
end)

case("[driver-not-wait-done] driver: returns at once for a finished "
  .. "transfer", function(world)
  local transfer = submit(world, "/hello")
  same(true, wait(world, transfer))
  same(true, wait(world, transfer))
  same(true, wait(world, transfer, 0))
  same(true, wait(world, transfer, -1))
  same(200, transfer:result().status)
end)

case("[driver-waits-order] driver: waits for concurrent transfers in any "
  .. "order", function(world)
  local transfers = {}
  for i = 1, 10 do transfers[i] = submit(world, "/echo?" .. i) end
  for i = 10, 1, -1 do
    same(true, wait(world, transfers[i]))
    same("GET /echo?" .. i, transfers[i]:result().body:match("^[^\n]*"))
  end
end)

case("[driver-deadline-passed-first] driver: returns false when the deadline "
  .. "has passed", function(world)
  local transfer = submit(world, "/silent")
  local started = core.clock.monotonic()
  same(false, wait(world, transfer, SHORT))
  at_least(SHORT, started)
  same("pending", code_of(transfer))
  same(false, wait(world, transfer, 0))
  same(false, wait(world, transfer, -MINUTE))
  transfer:close()
end)

case("[driver-goes-after-deadline] driver: waits for another transfer after a "
  .. "deadline", function(world)
  local silent = submit(world, "/silent")
  local hello = submit(world, "/hello")
  same(false, wait(world, silent, SHORT))
  same(true, wait(world, hello))
  same(200, hello:result().status)
  silent:close()
end)

case("[driver-ends-transfer-fails] driver: returns when a transfer "
  .. "fails", function(world)
  local transfer = submit(world, "/hello", "EXPIRED")
  same(true, wait(world, transfer))
  same("tls_failed", code_of(transfer))
end)

case("[driver-ends-transfer-meets] driver: returns when a transfer reaches "
  .. "its own timeout", function(world)
  local transfer = assert(world.transport:submit {
    url = world.url("GOOD", "/silent"), timeout = SHORT })
  same(true, wait(world, transfer))
  same("timeout", code_of(transfer))
end)

case("[driver-not-wait-cancelled] driver: returns at once for a cancelled "
  .. "transfer", function(world)
  local transfer = submit(world, "/silent")
  transfer:close()
  same(true, wait(world, transfer))
  same("cancelled", code_of(transfer))
end)

case("[driver-not-wait-closed-session] driver: returns at once for a closed "
  .. "transport", function(world)
  local transfer = submit(world, "/silent")
  world.transport:close()
  same(true, wait(world, transfer))
  same("closed", code_of(transfer))
end)

case("[driver-sleeps-long-told] driver: sleeps for the given "
  .. "time", function(world)
  local started = core.clock.monotonic()
  world.driver.sleep(SHORT)
  at_least(SHORT, started)
  world.driver.sleep(0)
  world.driver.sleep(0.0001)
end)

case("[driver-clock-forward] driver: has a monotonic clock", function(world)
  local last = world.driver.now()
  for _ = 1, 3 do
    world.driver.sleep(0.002)
    local now = world.driver.now()
    if now < last + 0.002 - ROUNDING then error("the clock did not advance") end
    last = now
  end
end)

-- The sandbox's transport has no sockets.
case("[driver-sandbox-session] driver: waits on the sandbox's "
  .. "transport", function(world)
  local instance = sandbox.new()
  local transport = instance:transport()
  local transfer = transport:submit { url = instance.api .. "/" }
  same(true, world.driver.wait(transport, transfer,
    world.driver.now() + MINUTE))
  same("number", type(assert(transfer:result()).status))
end)

case("[driver-serves-twenty] driver: serves twenty concurrent "
  .. "functions", function(world)
  local responses, list = 0, {}
  for i = 1, 20 do
    list[i] = function()
      for j = 1, 3 do
        local line = ("/echo?%d-%d"):format(i, j)
        local transfer = submit(world, line)
        same(true, wait(world, transfer))
        same("GET " .. line, transfer:result().body:match("^[^\n]*"))
        responses = responses + 1
      end
    end
  end
  world.together(list)
  same(60, responses)
end, "together")

-- Each one waits until all have started, so the waits overlap.
case("[driver-twenty-wait-time] driver: lets twenty functions wait "
  .. "concurrently", function(world)
  local there, list = 0, {}
  for i = 1, 20 do
    list[i] = function()
      local transfer = submit(world, "/silent")
      there = there + 1
      while there < 20 do same(false, wait(world, transfer, 0.001)) end
      transfer:close()
    end
  end
  world.together(list)
  same(20, there)
end, "together")

case("[driver-twenty-sleep-time] driver: lets twenty functions sleep "
  .. "concurrently", function(world)
  local asleep, most, list = 0, 0, {}
  for i = 1, 20 do
    list[i] = function()
      asleep = asleep + 1
      most = math.max(most, asleep)
      world.driver.sleep(SHORT)
      asleep = asleep - 1
    end
  end
  world.together(list)
  same(20, most)
  same(0, asleep)
end, "together")

-- Waits for a transfer that another function closes. A driver that does not notice this
-- resumes the function at its deadline.
local function wait_until_closed(world, transfer)
  local deadline = world.driver.now() + MINUTE
  same(true, world.driver.wait(world.transport, transfer, deadline))
  if world.driver.now() >= deadline then error("resumed at its deadline", 2) end
end

case("[driver-wakes-waits-cancels] driver: resumes a function whose transfer "
  .. "another one cancels", function(world)
  local transfer, order = submit(world, "/silent"), {}
  world.together {
    function()
      wait_until_closed(world, transfer)
      same("cancelled", code_of(transfer))
      order[2] = "woken"
    end,
    function()
      world.driver.sleep(0.002)
      order[1] = "cancelled"
      transfer:close()
    end,
  }
  same("cancelled woken", table.concat(order, " "))
end, "together")

case("[driver-wakes-session-closed] driver: resumes all functions when the "
  .. "transport is closed", function(world)
  local list, ended = {}, 0
  for i = 1, 5 do
    list[i] = function()
      local transfer = submit(world, "/silent")
      wait_until_closed(world, transfer)
      same("closed", code_of(transfer))
      ended = ended + 1
    end
  end
  list[6] = function()
    world.driver.sleep(0.002)
    world.transport:close()
  end
  world.together(list)
  same(5, ended)
end, "together")

case("[driver-two-wait-transfer] driver: lets two functions wait for one "
  .. "transfer", function(world)
  local transfer, ended = submit(world, "/hello"), 0
  local function one()
    same(true, wait(world, transfer))
    ended = ended + 1
  end
  world.together { one, one }
  same(2, ended)
end, "together")

case("[driver-keeps-deadline] driver: ends none of several waits before its "
  .. "deadline", function(world)
  local ended, list = 0, {}
  local transfer = submit(world, "/silent")
  for index, seconds in ipairs { 0.03, 0.01, 0.02 } do
    list[index] = function()
      local started = core.clock.monotonic()
      same(false, wait(world, transfer, seconds))
      at_least(seconds, started)
      ended = ended + 1
    end
  end
  world.together(list)
  same(3, ended)
  transfer:close()
end, "together")

--- Returns `together` of a host. While the functions run, the calling coroutine is
-- suspended: if it polled, the polls would hide that a driver loses wake-ups.
-- @func start starts a function concurrently
-- @func[opt] suspend called by the calling coroutine until all functions have ended. By
-- default it yields, and the last function resumes it
-- @func[opt] wake resumes the coroutine in `suspend`; nil if the loop always polls, as
-- a frame loop does
function driver_conformance.together(start, suspend, wake)
  return function(list)
    local main, left, is_suspended = coroutine.running(), #list, false
    if not suspend then
      suspend, wake = coroutine.yield, function() assert(coroutine.resume(main)) end
    end
    for _, fn in ipairs(list) do
      start(function()
        fn()
        left = left - 1
        if left == 0 and is_suspended and wake then wake() end
      end)
    end
    is_suspended = true
    while left > 0 do suspend() end
  end
end

--- Runs one case; raises when it fails.
function driver_conformance.run(name, world)
  for _, entry in ipairs(cases) do
    if entry.name == name then return entry.run(world) end
  end
  error("unknown case: " .. tostring(name))
end

--- Returns the names of the cases. `is_concurrent` includes those that need
-- `together`.
function driver_conformance.names(is_concurrent)
  local names = {}
  for _, entry in ipairs(cases) do
    if is_concurrent or not entry.needs then
      names[#names + 1] = entry.name
    end
  end
  return names
end

return driver_conformance
