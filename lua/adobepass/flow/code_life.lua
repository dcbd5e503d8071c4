--- The life of an authentication code: until it expires, by the server's time and by
-- the monotonic clock, or until a newer code or a logout of the device ends it.
-- @module adobepass.flow.code_life

local json = require "adobepass.util.json"

local code_life = {}

-- Adobe: a code is valid for about half an hour. An implausible `notAfter` is
-- ignored; while the server's time is unknown, none is implausible.
local USUAL_LIFE, LONGEST_LIFE = 30 * 60 * 1000, 24 * 3600 * 1000

--- Returns when the code of a session expires, in ms of the server's time.
function code_life.expires_at(context, response)
  local now, ends = context:now_ms(), json.number(response.notAfter)
  if ends and (not context:knows_time()
      or ends > now and ends <= now + LONGEST_LIFE) then
    return ends
  end
  return now + USUAL_LIFE
end

-- Seconds by which a poll may outlast the code's lifetime.
local LIFE_MARGIN = 60

-- Records when a code ends by the monotonic clock, because the server's Date may not
-- advance. A flow that was read from a store contains no time of this clock.
local function limit_life(context, code, milliseconds)
  context.code_life = { code = code,
    ends = context:monotonic() + milliseconds / 1000 }
end

-- Returns the lifetime of a session's code, in ms.
local function lifetime_of(context, response, expires_at)
  local starts = json.number(response.notBefore)
  local ends = json.number(response.notAfter)
  local life = starts and ends and ends - starts or 0
  if life > 0 and life <= LONGEST_LIFE then return life end
  return context:knows_time() and expires_at - context:now_ms() or USUAL_LIFE
end

--- Returns the number of a session that is about to be requested.
function code_life.next_number(context)
  context.sessions = (context.sessions or 0) + 1
  return context.sessions
end

--- Starts the life of a new code: polls with other codes of the device end. Returns
-- true; false if the device has the code of a newer session, because this response is
-- late; nil and an error when the store fails.
-- @param context
-- @tparam table response of the session
-- @number expires_at
-- @int number of the session, of next_number
function code_life.start(context, response, expires_at, number)
  if number < (context.code_number or 0) then return false end
  local life = lifetime_of(context, response, expires_at)
  limit_life(context, response.code, life)
  context.code_number = number
  return context:remember("login", { code = response.code }, life / 1000)
end

--- Ends the pending logins of the device, in other processes too: none has this code.
-- Returns true; nil and an error when the store fails.
function code_life.end_all(context)
  context.code_number = code_life.next_number(context)
  local pending, err = context:recall("login")
  if not pending and not err then return true end
  return context:remember("login", { code = "" }, LONGEST_LIFE / 1000)
end

--- Returns whether another code of the device has replaced the code of a login.
function code_life.is_replaced(context, flow)
  local latest = context:recall("login")
  return latest ~= nil and latest.code ~= flow.code
end

-- Returns the seconds until the code ends by the monotonic clock. The life of a code
-- that is new to this context starts now and ends at `expires_at`, or after the usual
-- lifetime while the server's time is unknown.
local function life_left(context, flow)
  local life = context.code_life
  if not life or life.code ~= flow.code then
    local left = flow.expires_at - context:now_ms()
    limit_life(context, flow.code, context:knows_time()
      and math.min(left, LONGEST_LIFE) or USUAL_LIFE)
    life = context.code_life
  end
  return life.ends - context:monotonic()
end

--- Returns the seconds for which a code may still be polled. Before the server's time
-- is known, this device's clock cannot show that a code has expired; then the service
-- decides.
function code_life.seconds_left(context, flow)
  local left = (flow.expires_at - context:now_ms()) / 1000
  if left <= 0 and not context:knows_time() then left = context:timeout() end
  return math.min(left, life_left(context, flow) + LIFE_MARGIN)
end

--- Returns whether a code has expired by one of the two clocks.
function code_life.is_over(context, flow)
  return context:knows_time() and context:now_ms() >= flow.expires_at
    or life_left(context, flow) <= 0
end

return code_life
