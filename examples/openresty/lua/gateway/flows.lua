--- What all nodes know of a device's login: in Redis, so that any of them can
-- go on with it.
-- @module gateway.flows

-- luacheck: globals ngx

local core = require "adobepass.core"
local json = require "adobepass.util.json"
local problem = require "gateway.problem"

local flows = {}

local PAUSE = 0.05

local store

--- @param given a store of adobepass
function flows.start(given) store = given end

local function name(what, key) return ("gateway:%s:%s"):format(what, key) end

-- What was read of a login, to know it again.
local texts = setmetatable({}, { __mode = "k" })

--- The login that a device has under way; nil; or nil and a problem.
function flows.load(who)
  local text, message, code = store:get(name("login", who.key))
  if code then return nil, problem.store(message) end
  local flow = text and json.decode(text) or nil
  if flow then texts[flow] = text end
  return flow
end

--- Keeps it as long as its code lives. `now_ms` is the time of Adobe, whose
-- clock says when that ends.
function flows.save(who, flow, now_ms)
  local seconds = math.max(1, (flow.expires_at - now_ms) / 1000)
  local good, message = store:set(name("login", who.key), json.encode(flow),
    seconds)
  if good then return flow end
  return nil, problem.store(message)
end

--- Forgets the login that a device has under way; with `flow`, which came from
-- `load`, that one alone: a newer one stays.
function flows.forget(who, flow)
  local good, message = store:delete(name("login", who.key),
    flow and texts[flow])
  if good then return true end
  return nil, problem.store(message)
end

--- May Adobe be asked about a code, now? Only one who asks may, of all workers
-- of all nodes, and then nobody for an interval; if it dies, the next one may.
-- Answers true; or false and the seconds until then; or nil and a problem.
function flows.turn(flow)
  local key, now = name("poll", flow.code), core.clock.wall()
  local won, message = store:add(key, tostring(now + flow.interval),
    flow.interval)
  if won then return true end
  if won == nil then return nil, problem.store(message) end
  local left = (tonumber((store:get(key))) or 0) - now
  return false, math.max(1, math.min(flow.interval, math.ceil(left)))
end

local function wait_for_lock(key, owner, seconds)
  local deadline = core.clock.monotonic() + seconds
  while true do
    local won, message = store:add(key, owner, seconds)
    if won then return true end
    if won == nil then return nil, problem.store(message) end
    if core.clock.monotonic() > deadline then
      return nil, problem.new(503, "busy",
        "Another request of this device is not done yet.", "retry", 2)
    end
    ngx.sleep(PAUSE)
  end
end

--- Does something that two of a device's requests must not do at once,
-- wherever they come in. `seconds` bound it.
function flows.alone(who, seconds, act)
  local key, owner = name("lock", who.key), core.random.uuid()
  local won, err = wait_for_lock(key, owner, seconds)
  if not won then return nil, err end
  local value, why = act()
  store:delete(key, owner)
  return value, why
end

return flows
