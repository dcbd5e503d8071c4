--- The sandbox's world, in which tokens and codes end after ten minutes: in
-- half an hour each device's token is renewed several times.

local world = require "adobepass.sandbox.data.world"

world.lifetimes.access_token = 600
world.lifetimes.code = 600

return world
