--- Health checks.
--
-- Live: nginx responds; for the load balancer. Ready: the store responds as well; for
-- alerts, because without the store no node is ready, and each still serves files to
-- viewers with a ticket. Neither depends on Adobe, for the same reason.
-- @module gateway.health

local problem = require "gateway.problem"

local health = {}

local store, redis

--- @param given a store of adobepass
-- @param connector see adobepass.store.redis_connector
function health.start(given, connector) store, redis = given, connector end

function health.live() return { state = "alive" } end

function health.ready()
  local _, message, code = store:get "gateway:ready"
  if code then return nil, problem.store(message) end
  local good, warning = redis:check()
  return { state = "ready", warning = not good and warning or nil }
end

return health
