--- For the load balancer and whoever restarts nodes.
--
-- Alive: nginx answers. Ready: the store does, too. Adobe is no part of it: a
-- node that is taken away when Adobe is down could not even serve those who
-- are watching.
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
