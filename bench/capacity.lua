--- Simulates the traffic of a gateway in one evening: how many nodes and Redis shards
-- it needs, and how long requests wait.
--
--   bench/capacity.sh         writes the tables, and the plots of docs/capacity.md
--
-- The simulation is a discrete-event simulation with a fixed seed. It simulates one
-- nginx worker with its share of the devices exactly: workers are alike, because the
-- kernel and the load balancer spread devices over them at random. A Redis shard
-- receives the commands of many workers. It is simulated with the commands of one
-- worker and a speed divided by the number of workers: its utilization is the same, and
-- its waiting time is multiplied by that number, so the result is divided by it.

local capacity = {}

-- Costs of one request, measured by `bench/gateway.sh costs 20000`: seconds of CPU of
-- the worker, seconds of CPU of Redis, requests to Adobe.
capacity.COSTS = {
  registration = { cpu = 0.00578, redis = 0.00076, adobe = 4 },
  poll = { cpu = 0.00108, redis = 0.00015, adobe = 1 },
  login = { cpu = 0.00168, redis = 0.00038, adobe = 1 },
  catalog = { cpu = 0.00256, redis = 0.00019, adobe = 1 },
  play = { cpu = 0.00155, redis = 0.00012, adobe = 1 },
  -- Assumptions: a 503 without Redis, and one because of the rate limit.
  refused = { cpu = 0.0003, redis = 0, adobe = 0 },
  limited = { cpu = 0.001, redis = 0.0002, adobe = 0 },
}

-- Memory of Redis for one device that is logged in, measured in the same way.
capacity.REDIS_BYTES = 2560

-- Assumptions; all times in seconds.
capacity.MODEL = {
  devices = 1e7, new_share = 0.02, -- devices that register this evening
  rush = 1200, evening = 14400, -- half of the devices arrive within the rush
  horizon = 3600, -- the end of the simulation; the peak is earlier
  watch = 5400, -- mean time of viewing, exponential
  renewal = 270, -- between two /play of a device; a ticket is valid for 300 s
  polls = 12, poll_interval = 5, -- until the viewer has typed the code
  adobe_median = 0.15, adobe_sigma = 0.5, -- lognormal response time
  keepalive = 15, -- a TV's connection after a request
  workers = 4, -- of a node, one for each core
  retry = 2, -- Retry-After of a 503
  timeout = 8, -- of a call to Adobe, with the wait for the rate limit
  tokens = 2, adobe_rate = 1, adobe_burst = 10, -- registrations of all nodes
}

-- --- random numbers (Park and Miller, the same on every Lua) --------------------

local function new_random(seed)
  local state = seed
  return function()
    state = state * 16807 % 2147483647
    return state / 2147483647
  end
end

local function exponential(random, mean) return -mean * math.log(random()) end

local function normal(random)
  return math.sqrt(-2 * math.log(random())) * math.cos(2 * math.pi * random())
end

-- --- the queue of events ---------------------------------------------------------

local Heap = {}
Heap.__index = Heap

local function before(a, b) return a.time < b.time end

function Heap:push(event)
  local at = #self + 1
  while at > 1 do
    local parent = (at - at % 2) / 2
    if not before(event, self[parent]) then break end
    self[at], at = self[parent], parent
  end
  self[at] = event
end

function Heap:pop()
  local top, last, count = self[1], self[#self], #self - 1
  self[count + 1] = nil
  local at = 1
  while 2 * at <= count do
    local child = 2 * at
    if child < count and before(self[child + 1], self[child]) then
      child = child + 1
    end
    if not before(self[child], last) then break end
    self[at], at = self[child], child
  end
  if count > 0 then self[at] = last end
  return top
end

-- --- the simulation -----------------------------------------------------------------

-- A station with one server, first come, first served. Returns the waiting time.
local function serve(station, now, seconds)
  local begin = math.max(now, station.free)
  station.free = begin + seconds
  return begin - now
end

local function minute_of(cell, now)
  local index = math.floor(now / 60) + 1
  local minute = cell.minutes[index]
  if not minute then
    minute = { waits = {}, redis_waits = {}, cpu = 0, redis = 0, requests = 0,
      adobe = 0, failed = 0, registered = 0 }
    cell.minutes[index] = minute
  end
  return minute
end

-- Half of the time is the same for all requests, the other half varies.
local function vary(random, seconds)
  return seconds * 0.5 + exponential(random, seconds * 0.5)
end

-- Returns the response time of a request; nil while its Redis shard is down.
local function request(cell, name, event)
  local now, random = event.time, cell.random
  local minute = minute_of(cell, now)
  local is_down = event.shard == 1 and now >= cell.down and now < cell.up
  local cost = cell.costs[is_down and "refused" or name]
  local cpu, redis = vary(random, cost.cpu), vary(random, cost.redis)
  local wait = serve(cell.worker, now, cpu)
  minute.requests, minute.cpu = minute.requests + 1, minute.cpu + cpu
  minute.waits[#minute.waits + 1] = wait
  if is_down or name == "limited" then minute.failed = minute.failed + 1 end
  if is_down then return nil end
  minute.redis, minute.adobe = minute.redis + redis, minute.adobe + cost.adobe
  if event.shard == 1 then
    minute.redis_waits[#minute.redis_waits + 1] =
      serve(cell.redis, now, redis * cell.workers) / cell.workers
  end
  local model = cell.model
  return wait + cpu + model.adobe_median
    * math.exp(model.adobe_sigma * normal(random))
end

-- Registration and token requests count against one token bucket of all nodes. Returns
-- the seconds to wait; reserves nothing, and returns nil, if they exceed the timeout.
local function registration_wait(cell, now)
  if cell.is_listed then return 0 end
  local model, bucket = cell.model, cell.bucket
  local step = model.tokens * cell.workers / model.adobe_rate
  local free = math.max(bucket.next, now - model.adobe_burst * step / model.tokens)
    + step
  if free - now >= model.timeout then return nil end
  bucket.next = free
  return math.max(0, free - now)
end

local steps = {}

local function later(cell, event, step, seconds)
  event.step, event.time = step, event.time + seconds
  if event.time < cell.model.horizon then cell.events:push(event) end
end

-- Repeats a step that was refused; else continues with the next step.
local function go_on(cell, event, took, step, seconds)
  if not took then return later(cell, event, event.step, cell.model.retry) end
  later(cell, event, step, took + seconds)
end

function steps.arrive(cell, event)
  if not event.is_new then return later(cell, event, "catalog", 0) end
  local wait = registration_wait(cell, event.time)
  if wait then return later(cell, event, "register", wait) end
  request(cell, "limited", event)
  later(cell, event, "arrive", cell.model.timeout) -- Retry-After is the wait
end

function steps.register(cell, event)
  local took = request(cell, "registration", event)
  if took then
    local minute = minute_of(cell, event.time)
    minute.registered = minute.registered + 1
  end
  go_on(cell, event, took, "poll", cell.model.poll_interval)
end

function steps.poll(cell, event)
  event.polls = (event.polls or 0) + 1
  local is_last = event.polls >= cell.model.polls
  local took = request(cell, is_last and "login" or "poll", event)
  go_on(cell, event, took, is_last and "catalog" or "poll",
    is_last and 0 or cell.model.poll_interval)
end

function steps.catalog(cell, event)
  go_on(cell, event, request(cell, "catalog", event), "play",
    exponential(cell.random, 10))
end

function steps.play(cell, event)
  event.leave = event.leave or event.time + exponential(cell.random, cell.model.watch)
  local took = request(cell, "play", event)
  if event.time > event.leave then return end
  go_on(cell, event, took, "play", cell.model.renewal)
end

local function arrival(cell)
  local model, random = cell.model, cell.random
  return random() < 0.5 and random() * model.rush or random() * model.evening
end

local function shard_of(cell)
  return math.floor(cell.random() * cell.shards) + 1
end

local function add_devices(cell, count)
  for _ = 1, count do
    local is_new = cell.random() < cell.model.new_share
    later(cell, { time = arrival(cell), is_new = is_new, shard = shard_of(cell) },
      "arrive", 0)
  end
end

-- The devices of a lost node send their next /play to the others.
local function add_lost(cell, count, lost_at)
  for _ = 1, count do
    later(cell, { time = lost_at, shard = shard_of(cell) }, "play",
      cell.random() * cell.model.renewal)
  end
end

local function new_cell(options)
  local model = options.model or capacity.MODEL
  local workers = options.nodes * model.workers
  return { model = model, costs = options.costs or capacity.COSTS,
    random = new_random(options.seed or 2026), events = setmetatable({}, Heap),
    minutes = {}, worker = { free = 0 }, redis = { free = 0 },
    bucket = { next = 0 }, workers = workers, shards = options.shards,
    is_listed = options.is_listed ~= false,
    down = options.redis_down or math.huge, up = options.redis_up or 0 }
end

-- --- results ---------------------------------------------------------------------

local function quantile(list, part)
  table.sort(list)
  return list[math.max(1, math.ceil(#list * part))] or 0
end

local function minutes_of(cell)
  local list = {}
  for index = 1, cell.model.horizon / 60 do
    local minute = minute_of(cell, (index - 1) * 60)
    list[index] = { cpu = minute.cpu / 60, p99 = quantile(minute.waits, 0.99),
      redis = minute.redis * cell.workers / cell.shards / 60,
      redis_p99 = quantile(minute.redis_waits, 0.99),
      requests = minute.requests * cell.workers / 60,
      adobe = minute.adobe * cell.workers / 60,
      failed = minute.failed * cell.workers,
      registered = minute.registered * cell.workers }
  end
  return list
end

--- Simulates an evening. options: `nodes`, `shards`, `seed`, `is_listed` (Adobe
-- exempts the nodes' addresses), `lost_at` (the second at which one node is lost: its
-- devices repeat /play at the others), `redis_down` and `redis_up` (seconds: one shard
-- does not respond). Returns the figures of each minute: `cpu` and `redis` (0 to 1),
-- `p99` and `redis_p99` (seconds), and, of all nodes, `requests`, `adobe` (per second),
-- `failed`, `registered`.
function capacity.simulate(options)
  local cell = new_cell(options)
  local share = cell.model.devices / cell.workers
  add_devices(cell, math.floor(share))
  if options.lost_at then -- at most half of the devices watch
    add_lost(cell, math.floor(share / 2 / (options.nodes - 1)), options.lost_at)
  end
  while #cell.events > 0 do
    local event = cell.events:pop()
    steps[event.step](cell, event)
  end
  return minutes_of(cell)
end

--- Returns the largest value of a field over all minutes.
function capacity.peak(minutes, field)
  local most = 0
  for _, minute in ipairs(minutes) do most = math.max(most, minute[field]) end
  return most
end

--- Returns the sum of a field over all minutes.
function capacity.total(minutes, field)
  local sum = 0
  for _, minute in ipairs(minutes) do sum = sum + minute[field] end
  return sum
end

return capacity
