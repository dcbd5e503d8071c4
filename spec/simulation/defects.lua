--- Planted defects of the credentials protocol: each is a change of a module's
-- source, and makes the simulation violate an invariant of docs/credentials.md.

local AUTH = "adobepass.auth."

return {
  -- Unsaved credentials overwrite those that another process stored.
  A = { { module = AUTH .. "credentials",
    from = "if unsaved.expected == text then", to = "if true then" } },
  -- An owner whose lock was taken over writes its result nevertheless.
  B = { { module = AUTH .. "refresh_lock",
    from = "{ token = token, failure = failure }, self.text,",
    to = "{ token = token, failure = failure }, select(2, self.lock:read())," } },
  -- A cancelled task leaves its lock in the store.
  C = { { module = AUTH .. "refresh_lock",
    from = "function() abandon(holding) end", to = "function() end" } },
  -- The age of a lock follows the wall clock.
  D = { { module = "adobepass.policy.timestamp",
    from = "local passed = (clock or core.clock).monotonic() - stamped\n"
      .. "  if passed < -SKEW then return nil end",
    to = "local passed = core.clock.wall() - record.wall\n"
      .. "  if passed < 0 then passed = 1e9 end" } },
  -- A failed renewal discards a token that is due but valid.
  F = { { module = AUTH .. "access_token",
    from = "held = held_token(self, refusal)\n      if not held",
    to = "held = nil\n      if not held" } },
  -- A token that became valid when the wall clock was set is not used.
  clock_step = { { module = AUTH .. "access_token",
    from = "adopt_stored(self, token) -- valid only now", to = "--" } },
  -- The wait for the rate limit counts against the time of a refresh.
  G = { { module = "adobepass.api.call",
    from = "(self.guard and self.guard.latest or self.deadline) - now",
    to = "self.deadline - now" } },
}
