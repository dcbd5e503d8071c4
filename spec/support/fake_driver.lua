--- A driver on the sandbox's own clock, which moves only when somebody waits:
-- nothing sleeps. Inside `run` it serves several coroutines at once.
--
--   local driver = fake_driver.new(box) -- without a box: a clock of its own
--   driver.now()       seconds since the driver was made
--   driver.slept       every sleep asked for, in order
--   driver.run(a, b)   runs functions beside each other, to their ends

local fake_driver = {}

local MOST_STEPS = 10000 -- a driver that spins shall not hang a spec

-- The noise of a float: so little is no time at all.
local NOISE = 1e-6

-- Never short of what was asked for, but for the noise of a float.
local function advance(box, seconds)
  assert(box.control.advance(math.max(0,
    math.ceil((seconds - NOISE) * 1000))))
end

local function wait(self, transport, transfer, deadline)
  local steps = 0
  while not transfer:ended() and self.now() < deadline do
    steps = steps + 1
    assert(steps < MOST_STEPS, "the driver spins")
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
  -- The clock has whole milliseconds: a part of one would never pass.
  seconds = math.max(seconds, 0.001)
  if coroutine.running() == self.current then
    coroutine.yield { at = self.now() + seconds, asleep = true }
  else
    advance(self.box, seconds)
  end
end

local function resume(self, task)
  self.current = task.thread
  local ok, waits_for = coroutine.resume(task.thread)
  self.current = false
  if not ok then error(debug.traceback(task.thread, waits_for), 0) end
  task.waits_for = waits_for
end

-- Lets time pass until the first of those who sleep, or an answer.
local function pass(self, tasks)
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
    advance(self.box, left)
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
    if #tasks > 0 then pass(self, tasks) end
  end
end

local function clock_alone()
  local ms = 0
  local function step(by)
    ms = ms + by
    return true
  end
  return { now = function() return ms end, control = { advance = step } }
end

function fake_driver.new(box)
  box = box or clock_alone()
  local start = box:now()
  local self = { box = box, slept = {}, current = false }
  function self.now() return (box:now() - start) / 1000 end
  function self.wait(...) return wait(self, ...) end
  function self.sleep(seconds) return sleep(self, seconds) end
  function self.run(...) return run(self, ...) end
  return self
end

return fake_driver
