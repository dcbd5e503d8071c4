--- Stops requests to an operation that fails repeatedly, for a short time that grows
-- while it keeps failing. One circuit for each operation: the token endpoint may fail
-- while the others work.
--
-- A circuit opens after a number of failures in a row. Requests in flight together
-- that fail with their connection are one failure. When its time is over, one
-- request is let through: its success closes the circuit, its failure opens it for
-- twice as long. Reads no clock: the caller passes the time.
-- @module adobepass.policy.circuit_breaker

local options = require "adobepass.util.options"
local retry = require "adobepass.policy.retry"

local circuit_breaker = {}
local CircuitBreaker = {}
CircuitBreaker.__index = CircuitBreaker

-- `failures` exceeds the attempts of one call. `cap` is the minimum interval of a
-- login's polls, so a circuit that a poll opens lets the next poll through.
local DEFAULTS = { failures = 10, base = 1, cap = 3 }

local FIELDS = {
  failures = options.number(1, 1e6, true),
  base = options.number(0.001, 3600),
  cap = options.number(0.001, 3600),
}

-- Transport failures: no response came.
local FROM_TRANSPORT = { timeout = true, resolve_failed = true,
  connect_failed = true, connection_lost = true, proxy_failed = true,
  protocol_error = true, tls_failed = true, transfer_failed = true }

--- Creates a circuit breaker.
-- @param[opt] given `failures` (10) in a row that open a circuit; `base` (1) seconds
-- for which it opens, doubled each time, up to `cap` (3); false disables it, true is
-- the same as nil
-- @treturn table
function circuit_breaker.new(given)
  local self = { off = given == false, circuits = {} }
  if given == true then given = nil end
  given = options.check("adobepass.new: circuit_breaker", given or {}, FIELDS)
  for name, value in pairs(DEFAULTS) do self[name] = given[name] or value end
  return setmetatable(self, CircuitBreaker)
end

--- Returns whether an error counts: a 5xx, or a request without a response. A 5xx
-- with which the service reports a wrong configuration does not count: the operation
-- works for other providers.
function circuit_breaker.is_failure(err)
  local status = err.http_status
  if not status then return FROM_TRANSPORT[err.code] == true end
  return status >= 500 and (err.action == "retry" or err.action == "none")
    and not retry.is_configuration(err)
end

-- Failures of a connection, which fail all requests that it carries.
local OF_CONNECTION = { connection_lost = true, protocol_error = true }

-- Requests that fail with their connection do so within this many seconds.
local TOGETHER = 1

--- Returns whether an error may be of a connection that carried other requests.
function circuit_breaker.is_of_connection(err)
  return OF_CONNECTION[err.code] == true
end

--- Returns the seconds for which an operation's circuit is still open.
-- @string name of the operation
-- @number now seconds of the monotonic clock
-- @treturn number 0 when a request may be sent
function CircuitBreaker:open_for(name, now)
  local circuit = self.circuits[name]
  return circuit and circuit.ends and math.max(0, circuit.ends - now) or 0
end

--- Reserves a request. Returns 0 if it may be sent, else the seconds for which the
-- circuit is open. When the time is over, one request is let through. Others are
-- refused until that request ends, for the same time again at most.
function CircuitBreaker:reserve(name, now)
  local left = self:open_for(name, now)
  local circuit = self.circuits[name]
  if left > 0 or not circuit or not circuit.ends then return left end
  circuit.ends, circuit.is_trial = now + circuit.seconds, true
  return 0
end

--- Records a response that is not a failure.
function CircuitBreaker:succeed(name) self.circuits[name] = nil end

--- Records a failure.
-- @number[opt] sent_at when the request was sent, if its connection failed: it does not
-- count together with a failure that came after, because both may be of one connection
-- @treturn ?number the seconds for which it opens the circuit; nil if it does not
function CircuitBreaker:fail(name, now, sent_at)
  if self.off then return nil end
  local circuit = self.circuits[name] or { count = 0, last = -math.huge }
  if sent_at and sent_at < circuit.last
      and (circuit.is_trial or now - circuit.last < TOGETHER) then
    return nil
  end
  self.circuits[name] = circuit
  circuit.count, circuit.last = circuit.count + 1, now
  local is_open = circuit.ends and now < circuit.ends and not circuit.is_trial
  if is_open or circuit.count < self.failures then return nil end
  circuit.seconds = circuit.seconds and math.min(self.cap, circuit.seconds * 2)
    or math.min(self.cap, self.base)
  circuit.ends, circuit.is_trial = now + circuit.seconds, nil
  return circuit.seconds
end

return circuit_breaker
