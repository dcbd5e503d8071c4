--- When to repeat a request, and after how long. A policy knows no clock and
-- no chance: both are handed to it.
--
-- Adobe asks to repeat what says `action` retry, two or three times at most
-- and ever more slowly, and to wait a second or more after a 429 (pages
-- enhanced-error-codes and throttling-mechanism).
-- @module adobepass.policy.retry

local options = require "adobepass.util.options"

local retry = {}
local Policy = {}
Policy.__index = Policy

local DEFAULTS = { attempts = 3, base = 0.5, cap = 8 }

local FIELDS = {
  attempts = options.number(1, 10, true),
  base = options.number(0.001, 3600),
  cap = options.number(0.001, 3600),
}

local AFTER_THROTTLE = 1

-- Errors that name a remedy other than a repeat, even as a 500: all of
-- Adobe's invalid_configuration_* are such.
local OTHER_REMEDY = {
  configuration = true, ["application-registration"] = true,
  authentication = true, authorization = true,
}

-- The server cannot have seen the request.
local NEVER_SENT = { connect_failed = true, resolve_failed = true }

--- A policy.
-- @tparam[opt] table given `attempts` (3), the first one included; `base`
-- (0.5) seconds, doubled each time; `cap` (8) seconds
-- @treturn table
function retry.new(given)
  local self = {}
  given = options.check("retry.new", given or {}, FIELDS)
  for name, value in pairs(DEFAULTS) do self[name] = given[name] or value end
  return setmetatable(self, Policy)
end

local function is_throttled(err)
  return err.http_status == 429 or err.code == "too_many_requests"
end

local function may_heal(err)
  if is_throttled(err) or err.action == "retry" then return true end
  return (err.http_status or 0) >= 500 and not OTHER_REMEDY[err.action]
end

-- Is it certain that the server did not act on the request?
local function is_unprocessed(err)
  return is_throttled(err) or NEVER_SENT[err.code]
    or err.http_status == 503 and err.retry_after ~= nil
end

local function least(err)
  if is_throttled(err) then
    return math.max(AFTER_THROTTLE, err.retry_after or 0)
  end
  return err.http_status == 503 and err.retry_after or 0
end

--- How long to wait before the next attempt.
--
-- Full jitter spreads the devices that failed together; where the server says
-- when to come back, it is added to that, for the same reason.
-- @param err what the attempt ended with
-- @int attempt which one it was, from 1
-- @tparam table terms `chance` from 0 to 1; `safe`: may the server act on the
-- request twice? `remaining` seconds of the deadline, if there is one
-- @treturn ?number seconds; nil to give up
function Policy:delay(err, attempt, terms)
  if attempt >= self.attempts or not may_heal(err) then return nil end
  if not terms.safe and not is_unprocessed(err) then return nil end
  local ceiling = math.min(self.cap, self.base * 2 ^ (attempt - 1))
  local delay = least(err) + terms.chance * ceiling
  -- A wait that takes all that remains leaves nothing for the request.
  if terms.remaining and delay >= terms.remaining then return nil end
  return delay
end

return retry
