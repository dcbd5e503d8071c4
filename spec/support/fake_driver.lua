--- A driver on the sandbox's clock. The clock moves only while the driver waits,
-- so nothing sleeps. Inside `run` it serves several coroutines.
--
--   local driver = fake_driver.new(sandbox) -- without a sandbox: a separate clock
--   driver.now()       seconds since the driver was created
--   driver.slept       the durations of all sleeps, in order
--   driver.run(a, b)   runs functions concurrently until all have returned

local fake_driver = {}

local MOST_STEPS = 10000 -- fails instead of looping forever

-- Rounding error of a float, in seconds.
local NOISE = 1e-6

-- Advances by whole milliseconds, rounded up; ignores rounding errors.
local function advance(sandbox, seconds)
  assert(sandbox.control.clock { advance = math.max(0,
    math.ceil((seconds - NOISE) * 1000)) })
end

local function wait(self, transport, transfer, deadline)
  local steps = 0
  while not transfer:ended() and self.now() < deadline do
    steps = steps + 1
    assert(steps < MOST_STEPS, "the wait exceeds its limit of steps")
    if coroutine.running() == self.current then
      coroutine.yield { transport = transport, at = deadline }
    else
      transport:step(deadline - self.now())
    end
  end
  return transfer:ended()
end

local function sleep(self, seconds)
  self.slept[#self.slept + 1] = seconds
  -- The clock has whole milliseconds; it would never advance by less.
  seconds = math.max(seconds, 0.001)
  if coroutine.running() == self.current then
    coroutine.yield { at = self.now() + seconds, asleep = true }
  else
    advance(self.sandbox, seconds)
  end
end

local function resume(self, task)
  self.current = task.thread
  local ok, waits_for = coroutine.resume(task.thread)
  self.current = false
  if not ok then error(debug.traceback(task.thread, waits_for), 0) end
  task.waits_for = waits_for
end

-- Advances the clock until the first sleeper wakes, or a response arrives.
local function advance_to_next(self, tasks)
  local soonest, transport = math.huge, nil
  for _, task in ipairs(tasks) do
    soonest = math.min(soonest, task.waits_for.at)
    transport = task.waits_for.transport or transport
  end
  if transport then transport:step(0) end
  local left = soonest - self.now()
  if transport and (transport:timeout() or 1) > 0 and left > 0 then
    transport:step(left)
  elseif not transport and left > 0 then
    advance(self.sandbox, left)
  end
end

local function run(self, ...)
  local tasks = {}
  for index, body in ipairs { ... } do
    tasks[index] = { thread = coroutine.create(body),
      waits_for = { at = self.now() } }
  end
  while #tasks > 0 do
    for index = #tasks, 1, -1 do
      local waits_for = tasks[index].waits_for
      if not waits_for.asleep or waits_for.at <= self.now() + NOISE
      then
        resume(self, tasks[index])
        if coroutine.status(tasks[index].thread) == "dead" then
          table.remove(tasks, index)
        end
      end
    end
    if #tasks > 0 then advance_to_next(self, tasks) end
  end
end

local function clock_alone()
  local ms = 0
  local function step(given)
    ms = ms + given.advance
    return true
  end
  return { now = function() return ms end, control = { clock = step } }
end

function fake_driver.new(sandbox)
  sandbox = sandbox or clock_alone()
  local start = sandbox:now()
  local self = { sandbox = sandbox, slept = {}, current = false }
  function self.now() return (sandbox:now() - start) / 1000 end
  function self.wait(...) return wait(self, ...) end
  function self.sleep(seconds) return sleep(self, seconds) end
  function self.run(...) return run(self, ...) end
  return self
end

return fake_driver
