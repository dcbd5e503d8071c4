--- Degradation rules: the service bypasses an mvpd that has an outage.
-- Pages: features-premium/degraded-access, flows/degraded-access-flows.
-- @module adobepass.sandbox.data.degradation

local users = require "adobepass.sandbox.data.users"

local degradation = {}

local RULES = { AuthNAll = true, AuthZAll = true, AuthZNone = true }

local MINUTE = 60 * 1000
local DEFAULT_LIFE = 60 * MINUTE -- of a degraded profile

local function key(provider_id, mvpd_id)
  return provider_id .. "|" .. mvpd_id
end

--- Returns the rule in force between a provider and an mvpd, or nil.
function degradation.rule(sandbox, provider_id, mvpd_id)
  local entry = sandbox.state.degradation[key(provider_id, mvpd_id)]
  if not entry then return nil end
  if entry.not_after and sandbox:now() >= entry.not_after then return nil end
  return entry.rule, entry
end

--- Starts a rule.
-- @param rule "AuthNAll" | "AuthZAll" | "AuthZNone"
-- @param seconds duration; nil: until cleared
-- @param details text of the programmer for AuthZNone denials, may be nil
-- @return true | nil, message
function degradation.set(sandbox, provider_id, mvpd_id, rule, seconds, details)
  if not RULES[rule] then return nil, "unknown rule " .. tostring(rule) end
  sandbox.state.degradation[key(provider_id, mvpd_id)] = {
    rule = rule, details = details,
    not_after = seconds and sandbox:now() + seconds * 1000 or nil,
  }
  return true
end

function degradation.clear(sandbox, provider_id, mvpd_id)
  sandbox.state.degradation[key(provider_id, mvpd_id)] = nil
end

--- Returns the profile that every viewer has while AuthNAll is in force.
function degradation.profile(sandbox, context)
  local now = sandbox:now()
  local _, entry = degradation.rule(sandbox, context.provider.id, context.mvpd.id)
  return {
    notBefore = now,
    notAfter = entry and entry.not_after or now + DEFAULT_LIFE,
    issuer = "Adobe", type = "degraded",
    attributes = {
      userID = { value = users.degraded_id(context.device), state = "plain" },
    },
  }
end

return degradation
