--- When to repeat a request, and after how long. All repeats of the client
-- follow this module: of a request, of one item of a response, of a poll.
-- A policy reads no clock and no random number: the caller passes both.
--
-- Adobe's rules: repeat errors with `action` retry two or three times at most,
-- with growing delays, and wait a second or more after a 429 (pages
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

-- The actions of errors that a repeat cannot correct, even with status 500.
local OTHER_REMEDY = {
  configuration = true, ["application-registration"] = true,
  authentication = true, authorization = true,
}

-- The request cannot have reached the server.
local NEVER_SENT = { connect_failed = true, resolve_failed = true }

--- Creates a policy.
-- @tparam[opt] table given `attempts` (3), the first one included; `base`
-- (0.5) seconds, doubled each time; `cap` (8) seconds
-- @treturn table
function retry.new(given)
  local self = {}
  given = options.check("adobepass.new: retry", given or {}, FIELDS)
  for name, value in pairs(DEFAULTS) do self[name] = given[name] or value end
  return setmetatable(self, Policy)
end

--- Returns whether only another configuration corrects an error. One of Adobe's samples
-- has invalid_configuration_temporary_access with the action none.
function retry.is_configuration(err)
  return err.action == "configuration"
    or err.code:find "^invalid_configuration_" ~= nil
end

local function is_throttled(err)
  return err.http_status == 429 or err.code == "too_many_requests"
end

local function may_heal(err)
  if is_throttled(err) or err.action == "retry" then return true end
  return (err.http_status or 0) >= 500 and not OTHER_REMEDY[err.action]
    and not retry.is_configuration(err)
end

-- Returns whether the server certainly did not act on the request.
local function is_unprocessed(err)
  return is_throttled(err) or NEVER_SENT[err.code]
    or err.http_status == 503 and err.retry_after ~= nil
end

local function min_delay(err)
  if is_throttled(err) then
    return math.max(AFTER_THROTTLE, err.retry_after or 0)
  end
  return err.http_status == 503 and err.retry_after or 0
end

--- Returns the seconds to wait before the next attempt; nil to give up.
--
-- Full jitter spreads devices that failed together. It is added to the
-- server's Retry-After, for the same reason.
-- @param err of the attempt
-- @int attempt its number, from 1
-- @tparam table terms `chance` from 0 to 1; `safe`: the server may act on the
-- request twice; `remaining` seconds until the deadline, if there is one
-- @treturn ?number seconds
function Policy:delay(err, attempt, terms)
  if attempt >= self.attempts or not may_heal(err) then return nil end
  if not terms.safe and not is_unprocessed(err) then return nil end
  local ceiling = math.min(self.cap, self.base * 2 ^ (attempt - 1))
  local delay = min_delay(err) + terms.chance * ceiling
  -- A wait that takes all of the remaining time leaves none for the request.
  if terms.remaining and delay >= terms.remaining then return nil end
  return delay
end

--- The policy for an item that failed in a successful response.
retry.ITEMS = retry.new { base = 1 }

-- Errors of a network outage, or of a captive portal that responds instead of
-- Adobe.
local FROM_NETWORK = { malformed_response = true, tls_failed = true,
  too_large = true, transfer_failed = true }

--- Returns whether the cause of an error may end by itself, so that a flow that
-- polls continues to poll at its interval.
function retry.is_temporary(err)
  return err.action == "retry" or FROM_NETWORK[err.code]
    or err.code:find "^http_3" ~= nil
    or (err.http_status or 0) >= 500 and err.action == "none"
      and not retry.is_configuration(err)
end

return retry
