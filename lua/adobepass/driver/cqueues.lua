--- A driver for cqueues, and lua-http, which uses it.
--
--   local controller = cqueues.new()
--   local driver = adobepass.driver.cqueues()
--   controller:wrap(function() client:login { ... } end)
--   assert(controller:loop())
--
-- `wait` and `sleep` yield to the controller, so call them in a function that
-- controller:wrap started. A coroutine of such a function must be made with
-- cqueues.auxlib.wrap, as for any function of cqueues that waits.
--
-- In each controller, one coroutine steps a transport for all coroutines that wait
-- for it. It ends when none waits, so the controller can become empty.
--
-- cqueues must not poll a descriptor that has been closed: epoll_ctl(2) would fail,
-- and cqueues ends the coroutine. Another coroutine may close the transport at any
-- time, so a duplicate of the transport's descriptor is polled.
--
-- @module adobepass.driver.cqueues

local core = require "adobepass.core"
local host = require "adobepass.driver.host"
local options = require "adobepass.util.options"

local unpack = rawget(table, "unpack") or rawget(_G, "unpack")

-- A transfer also ends when another coroutine closes it or its transport, which no
-- descriptor reports. So a transport is stepped at least every LONGEST seconds, and
-- then all of its waiting transfers are checked.
local LONGEST = 0.05
-- The same for a transport without descriptors, such as the sandbox's, and while a
-- descriptor cannot be duplicated because the process has none left.
local BLIND = 0.002

local now = core.clock.monotonic

local cqueues -- the modules; loaded with the first driver
local condition, socket

-- Controller -> transport -> the coroutines that wait.
local watches = setmetatable({}, { __mode = "k" })

local function running(what)
  local controller = cqueues.running()
  if controller then return controller end
  error(("driver.cqueues: %s was called outside of a controller; start the function "
    .. "with controller:wrap(fn), then call controller:loop()"):format(what), 0)
end

local function release(watch, transfer)
  local waiters = watch.waiting[transfer]
  watch.waiting[transfer] = nil
  if waiters then waiters.ended:signal() end
end

local function release_ended(watch)
  watch.scan_at = now() + LONGEST
  for transfer in pairs(watch.waiting) do
    if transfer:ended() then release(watch, transfer) end
  end
end

-- Steps the transport once. A closed transport does not report its ended transfers, so
-- then all waiting transfers are checked.
local function step(transport, watch)
  local ended = {}
  local is_open = transport:step(0, ended)
  for _, transfer in ipairs(ended) do release(watch, transfer) end
  if not is_open or not transport.sockets or now() >= watch.scan_at then
    release_ended(watch)
  end
end

-- Yields until a descriptor is ready, the transport's timeout has passed, or the set
-- of waiting coroutines changes.
local function poll(transport, watch)
  local sockets = transport.sockets and transport:sockets() or {}
  local polled, copies = { watch.changed }, {}
  local longest = next(sockets) and LONGEST or BLIND
  for fd, events in pairs(sockets) do
    local copy = socket.dup(fd)
    if copy then
      copies[#copies + 1] = copy
      polled[#polled + 1] = { pollfd = copy:pollfd(), events = events }
    else
      longest = BLIND
    end
  end
  polled[#polled + 1] = math.min(transport:timeout() or longest, longest)
  cqueues.poll(unpack(polled))
  for _, copy in ipairs(copies) do copy:close() end
end

local function run(controller, transport, watch)
  step(transport, watch)
  while next(watch.waiting) do
    poll(transport, watch)
    step(transport, watch)
  end
  watches[controller][transport] = nil
end

-- Weak keys: a transfer is cancelled after its coroutine has been collected.
local function watch_of(controller, transport)
  local mine = watches[controller] or setmetatable({}, { __mode = "k" })
  watches[controller] = mine
  local watch = mine[transport]
  if watch then
    watch.changed:signal()
    return watch
  end
  watch = { changed = condition.new(), scan_at = 0,
    waiting = setmetatable({}, { __mode = "k" }) }
  mine[transport] = watch
  controller:wrap(run, controller, transport, watch)
  return watch
end

-- When the last waiting coroutine leaves, the stepping coroutine may have to end.
local function leave(watch, transfer, waiters)
  waiters.count = waiters.count - 1
  if waiters.count > 0 or watch.waiting[transfer] ~= waiters then return end
  watch.waiting[transfer] = nil
  watch.changed:signal()
end

local function wait(transport, transfer, deadline)
  local controller = running "wait"
  while not transfer:ended() do
    local left = deadline - now()
    if left <= 0 then return false end
    local watch = watch_of(controller, transport)
    local waiters = watch.waiting[transfer]
      or { ended = condition.new(), count = 0 }
    watch.waiting[transfer] = waiters
    waiters.count = waiters.count + 1
    cqueues.poll(waiters.ended, left)
    leave(watch, transfer, waiters)
  end
  return true
end

local function sleep(seconds)
  running "sleep"
  local wake = now() + seconds
  local left = seconds
  repeat
    cqueues.poll(math.max(0, left))
    left = wake - now()
  until left <= 0
end

local function load_cqueues() return require "cqueues" end

--- Creates a driver for cqueues.
-- @function cqueues
-- @treturn table `wait(transport, transfer, deadline)`, `sleep(seconds)`,
-- `now()`
return function(given)
  options.check("driver.cqueues", given or {}, {})
  cqueues = host.load("driver.cqueues", "cqueues", load_cqueues,
    "install it (Debian: lua-cqueues, LuaRocks: cqueues)")
  condition, socket = require "cqueues.condition", require "cqueues.socket"
  return { wait = wait, sleep = sleep, now = now }
end
