--- What the client gives its flows: time, memory, patience. Flows know nothing
-- below this.
-- @module adobepass.api.flow_context

local cache = require "adobepass.policy.cache"
local errors = require "adobepass.api.errors"
local json = require "adobepass.util.json"
local vault = require "adobepass.store.device_store"

local services = {}

-- Adobe: subscriptions rarely change while an application runs.
local MOST_PERMITS, PERMIT_SECONDS = 1000, 24 * 3600
local FIRST_PAUSE = 0.5

--- The server's time in ms.
function services:now_ms() return self.shared.clock:now_ms() end

--- Has the server told its time yet? Until then this device's clock counts,
-- and a TV's may be years off.
function services:knows_time() return self.shared.clock:known() end

--- Seconds that only go forward.
function services:monotonic() return self.shared.driver.now() end

--- Waits, as the host waits.
function services:sleep(seconds) self.shared.driver.sleep(seconds) end

--- The seconds that bound each call.
function services:timeout() return self.shared.timeout end

--- A pause before an item is asked for again: longer each time, full jitter.
function services:pause(attempt)
  self:sleep(self.shared.chance() * FIRST_PAUSE * 2 ^ attempt)
end

--- Tells the caller's `on_event`.
function services:emit(event) self.shared:emit(event, self.key) end

local function vault_of(self)
  self.vault = self.vault or vault.new(self.shared.store, self.key)
  return self.vault
end

--- Keeps a table in the store, for this device alone.
function services:remember(what, value, seconds)
  return vault_of(self):write(what, value, seconds)
end

--- What was kept; nil where there is nothing; nil and an error.
function services:recall(what) return vault_of(self):read(what) end

function services:forget(what) return vault_of(self):release(what) end

--- The error of a flow that needs a login first.
function services.not_logged_in(_, operation)
  return errors.new { code = "not_logged_in", action = "authentication",
    operation = operation,
    message = "Nobody is logged in on this device, and no mvpd was named." }
end

-- Permits of the viewer of this view, in memory alone.
local function permits_of(self)
  self.permits = self.permits or cache.new(MOST_PERMITS)
  return self.permits
end

local function permit_key(scope, resource) return scope .. "\n" .. resource end

local WHO = { "identity", "service_token", "subject_token", "roku_token",
  "partner_status" }

--- For whom permits count: at a provider, for who the options say the viewer
-- is. Another identity is another viewer. (What JSON cannot hold is refused
-- where it is sent.)
function services.permit_scope(_, mvpd, options)
  local who = {}
  for _, name in ipairs(WHO) do who[name] = options[name] end
  local good, text = pcall(json.encode, who)
  return good and next(who) ~= nil and mvpd .. "\n" .. text or mvpd
end

--- A permit of a preauthorization that is still good.
-- @string scope a provider, or what permit_scope answers
function services:permit(scope, resource)
  local found = permits_of(self):get(permit_key(scope, resource),
    self:monotonic())
  if found then self:emit { type = "cache_hit", what = "permit" } end
  return found
end

function services:keep_permit(scope, resource, decision)
  permits_of(self):set(permit_key(scope, resource), decision,
    self:monotonic() + PERMIT_SECONDS)
end

function services:clear_permits() self.permits = nil end

--- How many resources a provider takes in one request, once it has said so.
function services:batch_limit(mvpd)
  return self.shared.batch_limits and self.shared.batch_limits[mvpd]
end

function services:learn_batch_limit(mvpd, limit)
  local shared = self.shared
  shared.batch_limits = shared.batch_limits or {}
  shared.batch_limits[mvpd] = limit
end

--- A short-lived cache of what is the same for all viewers.
function services:shared_cache()
  local shared = self.shared
  shared.cache = shared.cache or cache.new(MOST_PERMITS)
  return shared.cache
end

return services
