--- Stores pending logins in Redis, so that any node can continue a login.
-- @module gateway.flows

-- luacheck: globals ngx

local core = require "adobepass.core"
local json = require "adobepass.util.json"
local problem = require "gateway.problem"

local flows = {}

-- Seconds between two attempts to lock a device, doubled each time.
local PAUSE, LONGEST_PAUSE = 0.05, 0.5

local store

--- @param given a store of adobepass
function flows.start(given) store = given end

local function name(what, key) return ("gateway:%s:%s"):format(what, key) end

-- The stored text of a login, for comparison when it is deleted.
local texts = setmetatable({}, { __mode = "k" })

--- Returns the pending login of a device; nil if there is none; nil and a problem
-- if the store failed.
function flows.load(who)
  local text, message, code = store:get(name("login", who.key))
  if code then return nil, problem.store(message) end
  local flow = text and json.decode(text) or nil
  if flow then texts[flow] = text end
  return flow
end

--- Stores a login until its code expires. `now_ms` is the time by Adobe's clock,
-- because Adobe decides when a code expires.
function flows.save(who, flow, now_ms)
  local seconds = math.max(1, (flow.expires_at - now_ms) / 1000)
  local good, message = store:set(name("login", who.key), json.encode(flow),
    seconds)
  if good then return flow end
  return nil, problem.store(message)
end

--- Deletes the pending login of a device. With `flow`, which came from `load`,
-- deletes only that one, not a newer one.
function flows.forget(who, flow)
  local good, message = store:delete(name("login", who.key),
    flow and texts[flow])
  if good then return true end
  return nil, problem.store(message)
end

--- Reserves the poll of a code: in each interval, one request on all workers and nodes
-- polls Adobe. A reservation ends with the interval, also if its process died.
--
-- Returns true; false and the seconds to wait; or nil and a problem.
function flows.reserve_poll(flow)
  local key, now = name("poll", flow.code), core.clock.wall()
  local won, message = store:add(key, tostring(now + flow.interval),
    flow.interval)
  if won then return true end
  if won == nil then return nil, problem.store(message) end
  local left = (tonumber((store:get(key))) or 0) - now
  return false, math.max(1, math.min(flow.interval, math.ceil(left)))
end

local function wait_for_lock(key, owner, wait, life)
  local deadline, pause = core.clock.monotonic() + wait, PAUSE
  while true do
    local won, message = store:add(key, owner, life)
    if won then return true end
    if won == nil then return nil, problem.store(message) end
    if core.clock.monotonic() > deadline then
      return nil, problem.new(503, "busy",
        "Another request of this device is not done yet.", "retry", 2)
    end
    ngx.sleep(pause)
    pause = math.min(2 * pause, LONGEST_PAUSE)
  end
end

--- Runs `act` under a lock of the device, so that no two requests of a device run it at
-- the same time, on any node.
-- @param who see gateway.viewer
-- @number wait seconds to wait for the lock, at most
-- @number life seconds after which a lock ends whose owner died: longer than `act` runs
-- @func act
function flows.with_lock(who, wait, life, act)
  local key, owner = name("lock", who.key), core.random.uuid()
  local won, err = wait_for_lock(key, owner, wait, life)
  if not won then return nil, err end
  local value, why = act()
  store:delete(key, owner)
  return value, why
end

return flows
