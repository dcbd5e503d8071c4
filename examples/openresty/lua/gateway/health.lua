--- Health checks for the load balancer.
--
-- Live: nginx responds. Ready: the store responds as well. Neither depends on Adobe: a
-- node that cannot reach Adobe still serves files to viewers with a ticket.
-- @module gateway.health

local problem = require "gateway.problem"

local health = {}

local store

function health.start(given) store = given end

function health.live() return { state = "alive" } end

function health.ready()
  local _, message, code = store:get "gateway:ready"
  if code then return nil, problem.store(message) end
  return { state = "ready" }
end

return health
